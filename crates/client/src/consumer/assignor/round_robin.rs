//! `roundrobin`: all partitions of all topics are dealt out in turn; a member that does not
//! subscribe to a topic is passed over.

use std::collections::BTreeMap;

use super::{Assignment, Member, in_order, nobody_has_anything, subscribed};

pub(super) fn assign(members: &[Member], counts: &BTreeMap<String, i32>) -> Assignment {
    let mut assignment = nobody_has_anything(members);
    let sorted = in_order(members);
    let mut turn = 0;
    for tp in subscribed(members, counts) {
        // Somebody subscribes to it, so this ends.
        while !sorted[turn % sorted.len()].topics.contains(&tp.topic) {
            turn += 1;
        }
        let member = sorted[turn % sorted.len()];
        turn += 1;
        assignment.entry(member.id.clone()).or_default().push(tp);
    }
    assignment
}
