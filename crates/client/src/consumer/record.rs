//! What a consumer hands out and says.

use bytes::Bytes;
use konbini_protocol::record::Header;

use crate::{ClientError, TopicPartition};

/// A record as an application gets it. `timestamp` in Unix ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumedRecord {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<Header>,
    /// Epoch of the leader that wrote it; -1 when unknown.
    pub leader_epoch: i32,
}

/// Names a commit that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u64);

/// How a commit treats errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitKind {
    /// Tried again until `default.api.timeout.ms`; the application waits for it.
    Sync,
    /// Tried once.
    Async,
}

/// What a consumer tells its application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// [`super::Consumer::poll_records`] has something after it had nothing.
    RecordsReady,
    /// Partitions that are new to this consumer.
    Assigned(Vec<TopicPartition>),
    /// Partitions given up in a rebalance, after their offsets could be committed.
    Revoked(Vec<TopicPartition>),
    /// Partitions that the group has taken away already.
    Lost(Vec<TopicPartition>),
    Committed(CommitId, Result<(), ClientError>),
    /// Where Java's `poll` would throw. The consumer stops fetching what the error is about.
    Failed(ClientError),
    /// [`super::Consumer::close`] is done; nothing more will come.
    Closed,
}

/// Where a consumer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Looking for brokers or for its coordinator.
    Connecting,
    /// A rebalance is under way.
    Joining,
    /// It has partitions.
    Running,
    /// It is a member without partitions, or has nothing to read.
    Idle,
    /// The group refused it for good; see the last error.
    Failed,
    Closed,
}

/// Counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsumerStats {
    /// Records handed out, and the bytes of their keys and values.
    pub records: u64,
    pub bytes: u64,
    pub fetches: u64,
    pub commits: u64,
    pub rebalances: u64,
    /// Kafka's name of the newest error.
    pub last_error: Option<String>,
}
