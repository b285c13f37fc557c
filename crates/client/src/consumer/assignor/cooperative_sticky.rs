//! `cooperative-sticky`: like `sticky`, but members keep what they have while the group rebalances
//! (KIP-429). A partition that moves is first given to nobody; its owner gives it up and joins
//! again, and the second round hands it over.
//!
//! ```text
//! generation i32      the assignor's own data
//! ```

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Assignment, Member, balance};
use crate::TopicPartition;

pub(super) fn assign(members: &[Member], counts: &BTreeMap<String, i32>) -> Assignment {
    let mut known = members.to_vec();
    for member in &mut known {
        // Subscriptions before version 2 have no generation.
        if member.generation < 0
            && let Some(data) = &member.user_data
        {
            member.generation = (&data[..]).try_get_i32().unwrap_or(-1);
        }
    }
    let mut assignment = balance::assign(&known, counts);
    let mut owners: BTreeMap<&TopicPartition, Vec<&str>> = BTreeMap::new();
    for member in members {
        for tp in &member.owned {
            owners.entry(tp).or_default().push(&member.id);
        }
    }
    for (id, partitions) in &mut assignment {
        partitions.retain(|tp| {
            let owners = owners.get(tp);
            owners.is_none_or(|owners| owners.iter().all(|owner| owner == id))
        });
    }
    assignment
}

pub(super) fn encode(generation: i32) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i32(generation);
    out.freeze()
}
