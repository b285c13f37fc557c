//! What consumers put into the opaque bytes of the `consumer` protocol type, as far as a coordinator
//! looks at it: subscribed topics and assigned partitions. Version 0 is the prefix of every version.
//!
//! ```text
//! subscription  version i16 | topics i32 × string | user data bytes?
//!               | owned i32 × ( topic string | partitions i32 × i32 ) (1+) | …
//! assignment    version i16 | topics i32 × ( topic string | partitions i32 × i32 ) | …
//! ```

use bytes::{Buf, Bytes};
use konbini_protocol::schema::Writer;
use std::collections::BTreeMap;

/// From this version of a subscription on, members say what they own (KIP-429).
const OWNED_PARTITIONS: i16 = 1;

/// The protocol type of consumers, as they name it in JoinGroup.
pub const PROTOCOL_TYPE: &str = "consumer";

/// What a member subscribes to, and what it says it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    pub topics: Vec<String>,
    /// From version 1 on; empty before.
    pub owned: Vec<(String, i32)>,
}

/// The version of a subscription or an assignment; `None` when the bytes are something else.
pub fn version(mut bytes: &[u8]) -> Option<i16> {
    read_version(&mut bytes)
}

/// Topics of a subscription; `None` when the bytes are something else.
pub fn subscribed_topics(mut bytes: &[u8]) -> Option<Vec<String>> {
    read_version(&mut bytes)?;
    read_topics(&mut bytes)
}

fn read_topics(bytes: &mut &[u8]) -> Option<Vec<String>> {
    let mut topics = Vec::new();
    for _ in 0..bytes.try_get_i32().ok()? {
        topics.push(read_string(bytes)?);
    }
    Some(topics)
}

/// A subscription with what is owned; `None` when the bytes are something else.
pub fn subscription(mut bytes: &[u8]) -> Option<Subscription> {
    let version = read_version(&mut bytes)?;
    let topics = read_topics(&mut bytes)?;
    let mut owned = Vec::new();
    if version >= OWNED_PARTITIONS {
        let user_data = usize::try_from(bytes.try_get_i32().ok()?).unwrap_or(0);
        bytes = bytes.get(user_data..)?;
        owned = read_partitions(&mut bytes)?;
    }
    Some(Subscription { topics, owned })
}

/// The bytes of an assignment without user data, in a version that the member can read.
pub fn assignment<'a>(version: i16, partitions: impl Iterator<Item = (&'a str, i32)>) -> Bytes {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic).or_default().push(partition);
    }
    let mut out = Writer::new();
    out.i16(version);
    out.array(
        &topics.into_iter().collect::<Vec<_>>(),
        |out, (topic, partitions)| {
            out.string(topic)
                .array(partitions, |out, partition| _ = out.i32(*partition));
        },
    );
    out.nullable_bytes(None);
    out.finish()
}

/// Partitions of an assignment in the order given; `None` when the bytes are something else.
/// No bytes at all are an empty assignment: that is what members get that the leader left out.
pub fn assigned_partitions(mut bytes: &[u8]) -> Option<Vec<(String, i32)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    read_version(&mut bytes)?;
    read_partitions(&mut bytes)
}

fn read_partitions(bytes: &mut &[u8]) -> Option<Vec<(String, i32)>> {
    let mut partitions = Vec::new();
    for _ in 0..bytes.try_get_i32().ok()? {
        let topic = read_string(bytes)?;
        for _ in 0..bytes.try_get_i32().ok()? {
            partitions.push((topic.clone(), bytes.try_get_i32().ok()?));
        }
    }
    Some(partitions)
}

fn read_version(bytes: &mut &[u8]) -> Option<i16> {
    bytes.try_get_i16().ok().filter(|version| *version >= 0)
}

fn read_string(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(std::str::from_utf8(text).ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_write() {
        let subscription = b"\0\x03\0\0\0\x02\0\x01a\0\x02bc\xff\xff\xff\xff\0\0\0\0";
        assert_eq!(subscribed_topics(subscription).unwrap(), ["a", "bc"]);
        let assignment = b"\0\0\0\0\0\x01\0\x01a\0\0\0\x02\0\0\0\0\0\0\0\x05\xff\xff\xff\xff";
        assert_eq!(
            assigned_partitions(assignment).unwrap(),
            [("a".to_owned(), 0), ("a".to_owned(), 5)]
        );
        assert_eq!(assigned_partitions(b"").unwrap(), []);
    }

    #[test]
    fn what_is_owned_and_assigned() {
        let v0 = b"\0\0\0\0\0\x01\0\x01a\xff\xff\xff\xff";
        assert_eq!(subscription(v0).unwrap().owned, []);
        let v1 = b"\0\x01\0\0\0\x01\0\x01a\0\0\0\x02UD\
            \0\0\0\x01\0\x01a\0\0\0\x02\0\0\0\0\0\0\0\x05";
        let owned = [("a".to_owned(), 0), ("a".to_owned(), 5)];
        assert_eq!(subscription(v1).unwrap().owned, owned);
        for end in 0..v1.len() {
            assert_eq!(subscription(&v1[..end]), None, "cut at {end}");
        }
        let bytes = assignment(1, [("a", 0), ("b", 2), ("a", 5)].into_iter());
        assert_eq!(version(&bytes), Some(1));
        let assigned = assigned_partitions(&bytes).unwrap();
        assert_eq!(
            assigned,
            [
                ("a".to_owned(), 0),
                ("a".to_owned(), 5),
                ("b".to_owned(), 2)
            ]
        );
    }

    #[test]
    fn hostile_lengths_are_refused() {
        assert_eq!(subscribed_topics(b"\0\0\x7f\xff\xff\xff"), None);
        assert_eq!(subscribed_topics(b"\0\0\0\0\0\x01\x7f\xffa"), None);
        assert_eq!(assigned_partitions(b"\xff\xff\0\0\0\0"), None);
        assert_eq!(
            assigned_partitions(b"\0\0\0\0\0\x01\0\x01a\x7f\xff\xff\xff"),
            None
        );
    }
}
