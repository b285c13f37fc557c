//! The transaction coordinator: which producer owns a transactional id, what its transaction touches,
//! and how it ends.
//!
//! What an id's partition of `__transaction_state` says is the hard state ([`state::Transaction`]); only
//! replaying a record changes it. A handler reads it, decides with a function of [`transition`], and
//! returns records, answers and markers. Answers leave once the records are committed, and so do
//! markers: a marker must never tell of a decision that could be lost.
//!
//! ```text
//! Empty ──► Ongoing ──► PrepareCommit ──► CompleteCommit ──► Ongoing …
//!              └──────► PrepareAbort ───► CompleteAbort ───► Ongoing …
//!                        └ markers are written ┘
//! ```
//! This module knows no connection, no log, no metadata image and no clock: see [`Effects`] for what its
//! host does with the outcome.

mod config;
mod coordinator;
mod events;
mod list;
mod record;
mod refuse;
mod shard;
mod state;
mod transition;

#[cfg(test)]
mod tests;

pub use config::TransactionConfig;
pub use coordinator::{Asked, Coordinator};
pub use record::Record;
pub use refuse::refuse;
pub use state::{State, Transaction};

use std::collections::BTreeSet;

use bytes::Bytes;
use konbini_protocol::messages::ResponseKind;

/// A request that waits for its answer. The host chooses the numbers and never uses one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiter {
    /// A request that came on a connection.
    Request(u64),
    /// A question of this node's own partitions.
    Node(u64),
}

/// What a call to the coordinator asks its host to do, in this order.
#[derive(Debug, Default)]
pub struct Effects {
    pub appends: Vec<Append>,
    pub replies: Vec<Reply>,
    pub markers: Vec<Markers>,
    pub events: Vec<konbini_trace::Event>,
}

/// Records for one partition of `__transaction_state`: one batch, stamped with the time of the call.
#[derive(Debug)]
pub struct Append {
    pub partition: i32,
    /// Key and value; no value is a tombstone.
    pub records: Vec<(Bytes, Option<Bytes>)>,
}

/// An answer, to be sent once the high watermark of the partition in `after` has reached what was its
/// log end when this reply was handed out (after this call's appends).
#[derive(Debug)]
pub struct Reply {
    pub waiter: Waiter,
    pub response: ResponseKind,
    pub after: Vec<i32>,
}

/// Markers that end one transaction, to be written once the high watermark of `partition` has reached
/// its log end. The coordinator is told by [`Coordinator::markers_written`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markers {
    /// The partition of `__transaction_state` that decided.
    pub partition: i32,
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub commit: bool,
    /// Leader epoch of that partition: an older coordinator's markers are refused.
    pub coordinator_epoch: i32,
    /// Topic and partition.
    pub partitions: BTreeSet<(String, i32)>,
}

impl Effects {
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty()
            && self.replies.is_empty()
            && self.markers.is_empty()
            && self.events.is_empty()
    }
}
