//! The assignors of the broker: pure functions from members and topics to a target assignment.

mod range;
mod uniform;

use super::Partitions;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An assignor, by the order of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// Neighbouring partitions, the same ones of every topic.
    Range,
    /// As even as can be; members keep what they have where that is possible.
    Uniform,
}

impl Assignor {
    pub fn by_name(name: &str) -> Option<Assignor> {
        match name {
            "range" => Some(Assignor::Range),
            "uniform" => Some(Assignor::Uniform),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::Uniform => "uniform",
        }
    }

    /// Every partition of every topic that somebody subscribes to, to one member each.
    pub fn assign(self, problem: &Problem<'_>) -> BTreeMap<String, Partitions> {
        match self {
            Assignor::Range => range::assign(problem),
            Assignor::Uniform => uniform::assign(problem),
        }
    }
}

/// What is to be assigned, and to whom.
pub struct Problem<'a> {
    /// By member id.
    pub members: BTreeMap<&'a str, Subscriber<'a>>,
    /// Number of partitions by topic id.
    pub topics: BTreeMap<Uuid, i32>,
}

pub struct Subscriber<'a> {
    pub instance_id: Option<&'a str>,
    /// Topics that exist.
    pub topics: BTreeSet<Uuid>,
    /// What the target assignment before this one gave it.
    pub current: Option<&'a Partitions>,
}

impl Problem<'_> {
    /// Whether all members subscribe to the same topics.
    fn is_homogeneous(&self) -> bool {
        let mut members = self.members.values();
        let Some(first) = members.next() else {
            return true;
        };
        members.all(|member| member.topics == first.topics)
    }

    /// Partitions of the topics that a member subscribes to.
    fn partitions_of(&self, topic: Uuid) -> impl Iterator<Item = (Uuid, i32)> + use<> {
        let count = self.topics.get(&topic).copied().unwrap_or(0);
        (0..count).map(move |index| (topic, index))
    }
}

#[cfg(test)]
mod tests;
