//! The consumer protocol inside JoinGroup and SyncGroup: subscriptions and assignments.
//!
//! ```text
//! version i16 | ConsumerProtocolSubscription or ConsumerProtocolAssignment in that version
//! ```
//! Both exist in versions 0 to 3 without tagged fields; a newer version is read as version 3,
//! whose fields it begins with.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, consumer_protocol_assignment,
    consumer_protocol_subscription,
};
use kafka_protocol::protocol::{Decodable, Encodable, Message, StrBytes};
use konbini_protocol::decode_message;

use super::assignor::Member;
use crate::TopicPartition;
use crate::partition::by_topic;

/// What a member says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) topics: Vec<String>,
    pub(super) user_data: Option<Bytes>,
    pub(super) owned: Vec<TopicPartition>,
    pub(super) generation: i32,
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn with_version<T: Message + Encodable>(message: &T) -> Bytes {
    let version = T::VERSIONS.max;
    let mut out = BytesMut::new();
    out.put_i16(version);
    // Every field exists in the highest version.
    let encoded = message.encode(&mut out, version);
    debug_assert!(encoded.is_ok(), "the consumer protocol encodes");
    out.freeze()
}

fn of_version<T: Message + Decodable>(bytes: &Bytes) -> Option<(T, i16)> {
    let mut bytes = bytes.clone();
    let version = bytes.try_get_i16().ok()?;
    if version < T::VERSIONS.min {
        return None;
    }
    let version = version.min(T::VERSIONS.max);
    decode_message(&bytes, version)
        .ok()
        .map(|(message, _)| (message, version))
}

pub(super) fn encode_subscription(subscription: &Subscription) -> Bytes {
    let owned = by_topic(subscription.owned.iter().map(|tp| (tp, ()))).into_iter();
    let owned = owned.map(|(topic, partitions)| {
        consumer_protocol_subscription::TopicPartition::default()
            .with_topic(text(topic).into())
            .with_partitions(partitions.into_iter().map(|(p, ())| p).collect())
    });
    with_version(
        &ConsumerProtocolSubscription::default()
            .with_topics(
                subscription
                    .topics
                    .iter()
                    .map(|topic| text(topic))
                    .collect(),
            )
            .with_user_data(subscription.user_data.clone())
            .with_owned_partitions(owned.collect())
            .with_generation_id(subscription.generation),
    )
}

/// A member from its JoinGroup metadata; `None` for bytes that are no subscription.
pub(super) fn decode_member(
    id: &str,
    instance_id: Option<&str>,
    metadata: &Bytes,
) -> Option<Member> {
    let (subscription, version) = of_version::<ConsumerProtocolSubscription>(metadata)?;
    let owned = subscription.owned_partitions.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|p| TopicPartition::new(topic.topic.to_string(), *p))
    });
    Some(Member {
        id: id.to_owned(),
        instance_id: instance_id.map(str::to_owned),
        topics: subscription
            .topics
            .iter()
            .map(|topic| topic.to_string())
            .collect(),
        owned: owned.collect(),
        generation: if version >= 2 {
            subscription.generation_id
        } else {
            -1
        },
        user_data: subscription.user_data,
    })
}

pub(super) fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let topics = by_topic(partitions.iter().map(|tp| (tp, ()))).into_iter();
    let topics = topics.map(|(topic, partitions)| {
        consumer_protocol_assignment::TopicPartition::default()
            .with_topic(text(topic).into())
            .with_partitions(partitions.into_iter().map(|(p, ())| p).collect())
    });
    with_version(&ConsumerProtocolAssignment::default().with_assigned_partitions(topics.collect()))
}

/// The partitions of an assignment. No bytes at all mean no partitions: some leaders leave members
/// without partitions out.
pub(crate) fn decode_assignment(bytes: &Bytes) -> Option<Vec<TopicPartition>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let (assignment, _) = of_version::<ConsumerProtocolAssignment>(bytes)?;
    let partitions = assignment.assigned_partitions.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|p| TopicPartition::new(topic.topic.to_string(), *p))
    });
    let mut partitions: Vec<TopicPartition> = partitions.collect();
    partitions.sort();
    Some(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscription_bytes_are_kafkas() {
        let subscription = Subscription {
            topics: vec!["a".to_owned()],
            user_data: None,
            owned: vec![TopicPartition::new("a", 1)],
            generation: 7,
        };
        let bytes = encode_subscription(&subscription);
        let expect: &[u8] = &[
            0, 3, // version
            0, 0, 0, 1, 0, 1, b'a', // topics
            0xff, 0xff, 0xff, 0xff, // user data: null
            0, 0, 0, 1, 0, 1, b'a', 0, 0, 0, 1, 0, 0, 0, 1, // owned: a-1
            0, 0, 0, 7, // generation
            0xff, 0xff, // rack: null
        ];
        assert_eq!(&bytes[..], expect);
        let member = decode_member("m", None, &bytes).unwrap();
        assert_eq!(
            (member.topics, member.owned),
            (subscription.topics, subscription.owned)
        );
        assert_eq!(member.generation, 7);
    }

    #[test]
    fn older_and_broken_subscriptions() {
        // Version 0 knows topics and user data only.
        let v0: &[u8] = &[0, 0, 0, 0, 0, 1, 0, 1, b'a', 0, 0, 0, 0];
        let member = decode_member("m", None, &Bytes::from_static(v0)).unwrap();
        assert_eq!(
            (member.topics, member.generation),
            (vec!["a".to_owned()], -1)
        );
        for bytes in [
            &[][..],
            &[0],
            &[0, 0],
            &[0, 0, 0x7f, 0xff, 0xff, 0xff],
            &[0xff, 0xff],
        ] {
            assert_eq!(
                decode_member("m", None, &Bytes::copy_from_slice(bytes)),
                None
            );
        }
    }

    #[test]
    fn assignments_survive_the_wire() {
        let own = vec![TopicPartition::new("a", 0), TopicPartition::new("b", 2)];
        assert_eq!(decode_assignment(&encode_assignment(&own)), Some(own));
        assert_eq!(decode_assignment(&Bytes::new()), Some(Vec::new()));
        assert_eq!(decode_assignment(&Bytes::from_static(&[0, 1, 9])), None);
    }
}
