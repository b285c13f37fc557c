//! `range`: topic by topic, each member gets a run of neighbouring partitions; the first members
//! get one more where it does not come out even.

use std::collections::BTreeMap;

use super::{Assignment, Member, in_order, nobody_has_anything};
use crate::TopicPartition;

pub(super) fn assign(members: &[Member], counts: &BTreeMap<String, i32>) -> Assignment {
    let mut assignment = nobody_has_anything(members);
    let sorted = in_order(members);
    for (topic, count) in counts {
        let readers: Vec<&&Member> = sorted.iter().filter(|m| m.topics.contains(topic)).collect();
        if readers.is_empty() {
            continue;
        }
        let (each, more) = (count / readers.len() as i32, count % readers.len() as i32);
        let mut next = 0;
        for (i, member) in readers.iter().enumerate() {
            let share = each + i32::from((i as i32) < more);
            let run = (next..next + share).map(|p| TopicPartition::new(topic.as_str(), p));
            assignment.entry(member.id.clone()).or_default().extend(run);
            next += share;
        }
    }
    assignment
}
