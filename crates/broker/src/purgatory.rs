//! Requests that cannot be answered yet: a fetch that waits for bytes, a produce that waits for
//! replicas, a join that waits for the group, a request that was forwarded to the controller.
//!
//! A parked request names what it watches. When one of those is signalled, or its deadline comes,
//! its operation is attempted again. An operation without anything to attempt is answered by
//! whoever holds its [`Waiter`].

use std::collections::{BTreeMap, BTreeSet};

use konbini_protocol::ConnId;
use konbini_protocol::messages::ResponseKind;

use crate::node::{Node, TopicPartition};

/// Most parked requests a node keeps. Each belongs to one connection, so this bounds connections
/// that wait, not requests of one client.
pub(crate) const MAX_PARKED: usize = 65_536;

/// Names one request for as long as it is unanswered; never used twice by a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiter(pub u64);

/// Something that can change and let a parked request go on. Signals are looked at in this order:
/// who waited for bytes would have gone first, had they been there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Watch {
    /// Bytes that were cold are in memory, or could not be read.
    Load(crate::LoadId),
    /// The log end of a partition moved: what replicas wait for.
    Appended(TopicPartition),
    /// The high watermark of a partition moved: what consumers and acks=all wait for.
    Committed(TopicPartition),
    /// A replica's log begins elsewhere: what DeleteRecords waits for.
    LogStart(TopicPartition),
    /// A block of producer ids has come, or will not.
    ProducerIds,
    /// The coordinator of a transaction was asked, and its answer has come.
    Transaction(u64),
}

/// What came of an attempt.
#[allow(clippy::large_enum_variant)] // It lives from the attempt to the answer, never in a list.
pub(crate) enum Attempt {
    Done(ResponseKind),
    /// Not yet; to be tried again when one of these is signalled.
    Wait(Vec<Watch>),
}

/// A request that was parked and can be tried again.
pub(crate) trait Operation {
    /// Tries to answer. `expired` says that the deadline has come: then it must be done.
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt;
}

/// How to answer a request once its response is known.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    pub conn: ConnId,
    pub api_version: i16,
    pub correlation_id: i32,
}

pub(crate) struct Parked {
    pub reply_to: ReplyTo,
    pub deadline: Option<i64>,
    /// The deadline has come; what still waits, waits for bytes that are being loaded.
    pub expired: bool,
    pub watches: Vec<Watch>,
    /// `None`: answered from outside, by its waiter.
    pub operation: Option<Box<dyn Operation>>,
}

#[derive(Default)]
pub(crate) struct Purgatory {
    parked: BTreeMap<Waiter, Parked>,
    deadlines: BTreeSet<(i64, Waiter)>,
    watchers: BTreeSet<(Watch, Waiter)>,
}

impl Purgatory {
    pub fn insert(&mut self, waiter: Waiter, parked: Parked) {
        if let Some(deadline) = parked.deadline {
            self.deadlines.insert((deadline, waiter));
        }
        for watch in &parked.watches {
            self.watchers.insert((*watch, waiter));
        }
        self.parked.insert(waiter, parked);
    }

    pub fn remove(&mut self, waiter: Waiter) -> Option<Parked> {
        let parked = self.parked.remove(&waiter)?;
        if let Some(deadline) = parked.deadline {
            self.deadlines.remove(&(deadline, waiter));
        }
        for watch in &parked.watches {
            self.watchers.remove(&(*watch, waiter));
        }
        Some(parked)
    }

    /// Who watches this, in the order in which they were parked.
    pub fn watching(&self, watch: Watch) -> Vec<Waiter> {
        self.watchers
            .range((watch, Waiter(0))..=(watch, Waiter(u64::MAX)))
            .map(|(_, waiter)| *waiter)
            .collect()
    }

    /// Whose deadline has come.
    pub fn expired(&self, now: i64) -> Vec<Waiter> {
        self.deadlines
            .range(..=(now, Waiter(u64::MAX)))
            .map(|(_, waiter)| *waiter)
            .collect()
    }

    pub fn wake_at(&self) -> Option<i64> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub fn is_full(&self) -> bool {
        self.parked.len() >= MAX_PARKED
    }

    pub fn len(&self) -> usize {
        self.parked.len()
    }
}
