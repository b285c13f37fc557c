//! Makes answers of two clusters comparable: what is drawn by chance, counted or timed becomes a
//! name that says which one it is, in the order in which they are first met.

use regex_lite::{Captures, Regex};
use std::collections::BTreeMap;

/// Patterns with one group, which is what changes from cluster to cluster, and its name. The order
/// counts.
const VARYING: [(&str, &str); 11] = [
    (
        r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
        "uuid",
    ),
    // Ids of members that Kafka draws.
    (
        r#"member_id: (?:Some\(\s*)?"([A-Za-z0-9_-]{22})""#,
        "member",
    ),
    (r#"cluster_id: (?:Some\(\s*)?("[^"]+")"#, "cluster"),
    (r#"log_dir: ("[^"]*")"#, "dir"),
    (r"session_id: ([1-9]\d*)", "session"),
    (r"ProducerId\(\s*(\d+),?\s*\)", "producer"),
    (r"producer_id: (\d+)", "producer"),
    (r"port: (\d+)", "port"),
    (r"(?:total|usable)_bytes: (\d+)", "space"),
    (r"\b(1[789]\d{11})\b", "time"),
    // Sentences are for people; error codes are compared.
    (
        r#"message: (None|Some\(\s*"(?:[^"\\]|\\.)*",?\s*\))"#,
        "sentence",
    ),
];

const NIL: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Default)]
pub struct Normal {
    met: BTreeMap<(&'static str, String), usize>,
    counts: BTreeMap<&'static str, usize>,
}

impl Normal {
    pub fn apply(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (pattern, name) in VARYING {
            let pattern = Regex::new(pattern).expect("the patterns are constant");
            text = pattern
                .replace_all(&text, |found: &Captures<'_>| {
                    let (whole, part) = (&found[0], &found[1]);
                    whole.replacen(part, &self.name(name, part), 1)
                })
                .into_owned();
        }
        text
    }

    fn name(&mut self, name: &'static str, value: &str) -> String {
        if matches!(name, "time" | "sentence" | "space") {
            return format!("<{name}>");
        }
        if value == NIL {
            return value.to_owned();
        }
        let counts = &mut self.counts;
        let number = self.met.entry((name, value.to_owned())).or_insert_with(|| {
            let count = counts.entry(name).or_default();
            *count += 1;
            *count
        });
        format!("<{name} {number}>")
    }
}
