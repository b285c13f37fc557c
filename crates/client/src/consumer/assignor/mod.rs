//! Who of a group reads which partitions: `partition.assignment.strategy`. The group's leader runs
//! one of these over all members' subscriptions.
//!
//! Racks are ignored (KIP-881).

mod balance;
mod cooperative_sticky;
mod range;
mod round_robin;
mod sticky;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::TopicPartition;

/// The assignors that ship with Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    Range,
    RoundRobin,
    Sticky,
    CooperativeSticky,
}

/// A member as the leader sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    /// `group.instance.id`.
    pub instance_id: Option<String>,
    pub topics: Vec<String>,
    /// What it says it owns, and in which generation it got that (-1: unknown).
    pub owned: Vec<TopicPartition>,
    pub generation: i32,
    /// The assignor's own data, as sent by the member's same assignor.
    pub user_data: Option<Bytes>,
}

/// Partitions by member id; every member has an entry.
pub type Assignment = BTreeMap<String, Vec<TopicPartition>>;

impl Assignor {
    /// Its name in JoinGroup.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    pub fn by_name(name: &str) -> Option<Assignor> {
        let all = [
            Assignor::Range,
            Assignor::RoundRobin,
            Assignor::Sticky,
            Assignor::CooperativeSticky,
        ];
        all.into_iter().find(|assignor| assignor.name() == name)
    }

    /// Whether members may keep partitions while the group rebalances (KIP-429).
    pub fn is_cooperative(self) -> bool {
        self == Assignor::CooperativeSticky
    }

    /// What a member sends of its own along with its subscription.
    pub(super) fn user_data(self, last: &[TopicPartition], generation: i32) -> Option<Bytes> {
        match self {
            Assignor::Range | Assignor::RoundRobin => None,
            Assignor::Sticky => (generation >= 0).then(|| sticky::encode(last, generation)),
            Assignor::CooperativeSticky => Some(cooperative_sticky::encode(generation)),
        }
    }

    /// Assigns the partitions of `counts` (partitions of each topic that exists) to `members`.
    pub fn assign(self, members: &[Member], counts: &BTreeMap<String, i32>) -> Assignment {
        match self {
            Assignor::Range => range::assign(members, counts),
            Assignor::RoundRobin => round_robin::assign(members, counts),
            Assignor::Sticky => sticky::assign(members, counts),
            Assignor::CooperativeSticky => cooperative_sticky::assign(members, counts),
        }
    }
}

/// Members in Kafka's order: static ones by instance id first, then the others by member id.
fn in_order(members: &[Member]) -> Vec<&Member> {
    let mut sorted: Vec<&Member> = members.iter().collect();
    sorted.sort_by_key(|m| {
        (
            m.instance_id.is_none(),
            m.instance_id.as_deref(),
            m.id.as_str(),
        )
    });
    sorted
}

fn nobody_has_anything(members: &[Member]) -> Assignment {
    members
        .iter()
        .map(|member| (member.id.clone(), Vec::new()))
        .collect()
}

/// All partitions that somebody subscribes to, topic by topic.
fn subscribed(members: &[Member], counts: &BTreeMap<String, i32>) -> Vec<TopicPartition> {
    let wanted = counts
        .iter()
        .filter(|(topic, _)| members.iter().any(|m| m.topics.contains(topic)));
    wanted
        .flat_map(|(topic, count)| (0..*count).map(|p| TopicPartition::new(topic.as_str(), p)))
        .collect()
}
