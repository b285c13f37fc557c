//! `sticky`: as even as can be, moving as little as can be (KIP-54). Members give up everything
//! before they join, so what they had travels as the assignor's own data:
//!
//! ```text
//! previous_assignment array { topic str16, partitions array i32 } | generation i32
//! ```

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Assignment, Member, balance};
use crate::TopicPartition;
use crate::partition::by_topic;

pub(super) fn assign(members: &[Member], counts: &BTreeMap<String, i32>) -> Assignment {
    let mut known = members.to_vec();
    for member in &mut known {
        let told = member
            .user_data
            .as_ref()
            .and_then(|data| decode(data.clone()));
        if let Some((owned, generation)) = told {
            (member.owned, member.generation) = (owned, generation);
        }
    }
    balance::assign(&known, counts)
}

pub(super) fn encode(last: &[TopicPartition], generation: i32) -> Bytes {
    let mut out = BytesMut::new();
    let topics = by_topic(last.iter().map(|tp| (tp, ())));
    out.put_i32(topics.len() as i32);
    for (topic, partitions) in topics {
        out.put_i16(topic.len() as i16);
        out.put_slice(topic.as_bytes());
        out.put_i32(partitions.len() as i32);
        for (partition, ()) in partitions {
            out.put_i32(partition);
        }
    }
    out.put_i32(generation);
    out.freeze()
}

/// `None` for bytes that do not follow the layout: the member then counts as owning nothing.
pub(super) fn decode(mut data: Bytes) -> Option<(Vec<TopicPartition>, i32)> {
    let mut owned = Vec::new();
    for _ in 0..data.try_get_i32().ok()? {
        let length = usize::try_from(data.try_get_i16().ok()?).ok()?;
        if length > data.len() {
            return None;
        }
        let topic = String::from_utf8(data.split_to(length).to_vec()).ok()?;
        for _ in 0..data.try_get_i32().ok()? {
            owned.push(TopicPartition::new(
                topic.as_str(),
                data.try_get_i32().ok()?,
            ));
        }
    }
    // Version 0 had no generation.
    Some((owned, data.try_get_i32().unwrap_or(-1)))
}
