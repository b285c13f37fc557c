//! The group coordinator: groups of the classic and of the consumer protocol (KIP-848), and the offsets
//! they commit.
//!
//! What a group's partition of `__consumer_offsets` says is the hard state ([`image::Image`]); only
//! replaying a record changes it. Who is waiting for what, and until when, is soft state
//! ([`classic::ClassicGroup`], [`consumer::Soft`], [`timers::Timers`]) and is gone after a fail-over, as in Apache Kafka.
//! A handler reads the hard state, moves the soft state, and returns records and answers; the answers
//! leave once the records are committed.
//!
//! This module knows no connection, no log, no metadata image and no clock: see [`Effects`] for what
//! its host does with the outcome.

mod any;
pub mod classic;
mod config;
pub mod consumer;
mod consumer_protocol;
mod coordinator;
mod describe;
mod error_response;
mod events;
mod hash;
mod ids;
mod image;
mod offsets;
mod pending;
mod record;
mod shard;
mod timers;
mod view;

#[cfg(test)]
mod tests;

pub use any::AnyGroup;
pub use config::GroupConfig;
pub use coordinator::{Asked, Coordinator, Topics, txn_offset_commit_refused};
pub use error_response::refuse;
pub use hash::partition_for;
pub use image::{CommittedOffset, GroupMetadata, Image, MemberMetadata};
pub use record::Record;
pub use view::{GroupView, MemberView};

use bytes::Bytes;
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::record::ProducerState;

/// A request that waits for its answer. The host chooses the number and never uses one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiter(pub u64);

/// Who sent a request, and in which version of its API.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    /// The client id of the request header; empty when it was null.
    pub client_id: &'a str,
    /// The address the client came from, as Kafka writes it: `/127.0.0.1`.
    pub client_host: &'a str,
    pub api_version: i16,
}

/// What a call to the coordinator asks its host to do, in this order: append, then answer.
#[derive(Debug, Default)]
pub struct Effects {
    pub appends: Vec<Append>,
    pub replies: Vec<Reply>,
    pub events: Vec<konbini_trace::Event>,
}

/// Records for one partition of `__consumer_offsets`: one batch, stamped with the time of the call.
#[derive(Debug)]
pub struct Append {
    pub partition: i32,
    /// Key and value; no value is a tombstone.
    pub records: Vec<(Bytes, Option<Bytes>)>,
    /// Whose transaction they belong to.
    pub producer: Option<ProducerState>,
}

/// An answer, to be sent once the high watermark of every partition in `after` has reached what was
/// that partition's log end when this reply was handed out (after this call's appends).
#[derive(Debug)]
pub struct Reply {
    pub waiter: Waiter,
    pub response: ResponseKind,
    pub after: Vec<i32>,
}

impl Effects {
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.replies.is_empty() && self.events.is_empty()
    }
}
