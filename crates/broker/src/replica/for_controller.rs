//! What this node wants of the controller for some of its partitions, one request at a time.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::node::TopicPartition;

#[derive(Debug, Default)]
pub(crate) struct ForController {
    /// Not asked for yet.
    queued: BTreeSet<TopicPartition>,
    /// In the request that is under way.
    asked: BTreeSet<TopicPartition>,
    /// Not before this time is anything asked, ms.
    pause_until: Option<i64>,
}

impl ForController {
    pub fn queue(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.queued.extend(partitions);
    }

    /// Whether a request is due: there is something to ask, none is under way, and no pause lasts.
    /// `now` in ms.
    pub fn is_due(&mut self, now: i64) -> bool {
        self.pause_until = self.pause_until.filter(|until| *until > now);
        self.pause_until.is_none() && self.asked.is_empty() && !self.queued.is_empty()
    }

    /// What the next request is to be about.
    pub fn take(&mut self) -> BTreeSet<TopicPartition> {
        std::mem::take(&mut self.queued)
    }

    /// A request about these goes out.
    pub fn ask(&mut self, partitions: BTreeSet<TopicPartition>) {
        self.asked = partitions;
    }

    /// The request has an answer, or will have none. Returns what it was about.
    pub fn answered(&mut self) -> BTreeSet<TopicPartition> {
        std::mem::take(&mut self.asked)
    }

    /// Asks once more, not before `at`, ms.
    pub fn again(&mut self, partitions: BTreeSet<TopicPartition>, at: i64) {
        self.queued.extend(partitions);
        self.pause_until = Some(at);
    }

    /// When the pause ends, ms.
    pub fn wake_at(&self) -> Option<i64> {
        self.pause_until
    }
}

/// What requests list by topic, from partitions in order.
pub(crate) fn by_topic<D>(
    partitions: impl IntoIterator<Item = (TopicPartition, D)>,
) -> Vec<(Uuid, Vec<D>)> {
    let mut topics: Vec<(Uuid, Vec<D>)> = Vec::new();
    for (partition, data) in partitions {
        match topics.last_mut() {
            Some((topic, list)) if *topic == partition.topic => list.push(data),
            _ => topics.push((partition.topic, vec![data])),
        }
    }
    topics
}
