//! What can be seen of a consumer from outside.

use super::group::Phase;
use super::{Consumer, ConsumerConfig, ConsumerStats, State};
use crate::{ClientError, TopicPartition};

impl Consumer {
    pub fn state(&self) -> State {
        let settled = if self.partitions.is_empty() {
            State::Idle
        } else {
            State::Running
        };
        if self.closed {
            return State::Closed;
        }
        if self.fatal.is_some() {
            return State::Failed;
        }
        match &self.group {
            Some(group) if self.is_subscribed() => match group.phase {
                Phase::Stable if group.rejoin.is_none() => settled,
                _ if group.coordinator.is_none() && !group.is_member() => State::Connecting,
                _ => State::Joining,
            },
            _ if self.net.metadata.brokers.is_empty() => State::Connecting,
            _ => settled,
        }
    }

    /// Assigned partitions, each with the offset of the next record to be handed out once it is
    /// known.
    pub fn assignment(&self) -> Vec<(TopicPartition, Option<i64>)> {
        self.partitions
            .iter()
            .map(|(tp, a)| (tp.clone(), a.consumed()))
            .collect()
    }

    pub fn position(&self, tp: &TopicPartition) -> Option<i64> {
        self.partitions.get(tp)?.consumed()
    }

    /// High watermark as the last fetch told it.
    pub fn high_watermark(&self, tp: &TopicPartition) -> Option<i64> {
        self.partitions.get(tp)?.high_watermark
    }

    pub fn is_paused(&self, tp: &TopicPartition) -> bool {
        self.partitions
            .get(tp)
            .is_some_and(|assigned| assigned.paused)
    }

    /// Empty before the coordinator has given one.
    pub fn member_id(&self) -> &str {
        self.group.as_ref().map_or("", |group| &group.member_id)
    }

    /// -1 outside a group.
    pub fn generation(&self) -> i32 {
        self.group.as_ref().map_or(-1, |group| group.generation)
    }

    /// The assignor that the group has chosen.
    pub fn protocol(&self) -> Option<&str> {
        self.group.as_ref()?.protocol.as_deref()
    }

    /// Whether this member computes the group's assignments.
    pub fn is_leader(&self) -> bool {
        self.group.as_ref().is_some_and(|group| group.is_leader)
    }

    /// Whether `poll_records` would hand something out now.
    pub fn has_records(&self) -> bool {
        !self.holds_back() && self.partitions.has_records()
    }

    pub fn error(&self) -> Option<&ClientError> {
        self.fatal.as_ref()
    }

    pub fn stats(&self) -> &ConsumerStats {
        &self.stats
    }

    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }
}
