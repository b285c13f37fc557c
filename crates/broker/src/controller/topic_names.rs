//! What a topic may be called.

use crate::coordinator::OFFSETS_TOPIC;
use crate::transactions::TRANSACTIONS_TOPIC;

/// Longest topic name in characters: a directory name with a partition number must fit 255.
pub(crate) const MAX_NAME_CHARS: usize = 249;

/// Whether brokers keep a topic for themselves; clients see the same word.
pub fn is_internal(topic: &str) -> bool {
    [OFFSETS_TOPIC, TRANSACTIONS_TOPIC, "__share_group_state"].contains(&topic)
}

/// Says what is wrong with a name, in Kafka's words.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let problem = if name.is_empty() {
        "the empty string is not allowed".to_owned()
    } else if name == "." {
        "'.' is not allowed".to_owned()
    } else if name == ".." {
        "'..' is not allowed".to_owned()
    } else if name.len() > MAX_NAME_CHARS {
        format!("the length of '{name}' is longer than the max allowed length {MAX_NAME_CHARS}")
    } else if !name
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'))
    {
        format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        )
    } else {
        return Ok(());
    };
    Err(format!("Topic name is invalid: {problem}"))
}

/// Names that differ in `.` and `_` only give the same metric name.
pub(crate) fn collide(one: &str, other: &str) -> bool {
    one.replace('.', "_") == other.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let long = "a".repeat(250);
        let cases = [
            ("parcels", true),
            ("a.b_c-D9", true),
            ("__consumer_offsets", true),
            (&long[..249], true),
            (&long[..], false),
            ("", false),
            (".", false),
            ("..", false),
            ("...", true),
            ("a b", false),
            ("包裹", false),
            ("a/b", false),
        ];
        for (name, ok) in cases {
            assert_eq!(check(name).is_ok(), ok, "{name:?}");
        }
    }

    #[test]
    fn collisions() {
        assert!(collide("a.b", "a_b"));
        assert!(!collide("a.b", "a-b"));
    }
}
