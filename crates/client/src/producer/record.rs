//! What goes into a producer and what it says about it.

use bytes::Bytes;
use konbini_protocol::record::{Header, estimated_record_bytes};

use crate::ClientError;

/// A record to be sent. `timestamp` is Unix ms; without one it is the time of `send`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProducerRecord {
    pub topic: String,
    pub partition: Option<i32>,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<Header>,
    pub timestamp: Option<i64>,
}

impl ProducerRecord {
    /// An upper bound of its bytes in a batch.
    pub(super) fn bytes(&self) -> usize {
        estimated_record_bytes(self.key.as_deref(), self.value.as_deref(), &self.headers)
    }
}

/// A record's number within its producer, from 0 in the order of `send`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

/// Records of one batch that were acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// In the batch's order: the record at place `i` has offset `base_offset + i`.
    pub ids: Vec<RecordId>,
    pub topic: String,
    pub partition: i32,
    /// -1 when the broker did not say: with acks=0, or for a batch it had already.
    pub base_offset: i64,
    /// Broker's time (ms) where `message.timestamp.type` is LogAppendTime.
    pub log_append_time: Option<i64>,
    /// Time (ms) from the oldest record's `send` to the acknowledgement.
    pub latency_ms: i64,
}

/// Records that were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub ids: Vec<RecordId>,
    pub topic: String,
    /// `None` when no partition was chosen yet.
    pub partition: Option<i32>,
    pub error: ClientError,
}

/// What a producer tells its application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Delivered(Delivery),
    Failed(Failure),
    /// Everything that was sent before [`super::Producer::flush`] is delivered or failed.
    Flushed,
    /// [`super::Producer::close`] is done; nothing more will come.
    Closed,
}

/// Counters, in records unless named otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProducerStats {
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    /// Produce requests sent, retries included.
    pub requests: u64,
    /// Bytes of the batches in those requests, as compressed.
    pub bytes: u64,
    /// Batches sent again after an error.
    pub retries: u64,
    /// Kafka's name of the newest error.
    pub last_error: Option<String>,
}

impl ProducerStats {
    /// Records neither acknowledged nor given up.
    pub fn waiting(&self) -> u64 {
        self.sent - self.acked - self.failed
    }
}
