//! A consumer's settings.

use super::assignor::Assignor;
use crate::ClientConfig;

/// `auto.offset.reset`: where to start without a committed offset, or with one that is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OffsetReset {
    Earliest,
    #[default]
    Latest,
    /// Fails.
    None,
}

/// Fields are Kafka's settings with dots as underscores; sizes in bytes, times in ms. Defaults are
/// Apache Kafka 4's, but for the strategy: Java lists `range` and `cooperative-sticky`, of which a
/// group takes `range`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerConfig {
    pub client: ClientConfig,
    /// Without a group nothing is committed.
    pub group_id: Option<String>,
    pub group_instance_id: Option<String>,
    pub auto_offset_reset: OffsetReset,
    /// In order of preference; the group takes one that all members have.
    pub partition_assignment_strategy: Vec<Assignor>,
    pub enable_auto_commit: bool,
    pub auto_commit_interval_ms: i64,
    pub session_timeout_ms: i64,
    pub heartbeat_interval_ms: i64,
    pub max_poll_interval_ms: i64,
    pub max_poll_records: usize,
    pub fetch_min_bytes: i32,
    pub fetch_max_bytes: i32,
    pub max_partition_fetch_bytes: i32,
    pub fetch_max_wait_ms: i32,
    /// Whether CRCs of fetched batches are compared.
    pub check_crcs: bool,
}

impl ConsumerConfig {
    pub fn new(client: ClientConfig) -> ConsumerConfig {
        ConsumerConfig {
            client,
            group_id: None,
            group_instance_id: None,
            auto_offset_reset: OffsetReset::Latest,
            partition_assignment_strategy: vec![Assignor::Range],
            enable_auto_commit: true,
            auto_commit_interval_ms: 5_000,
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 3_000,
            max_poll_interval_ms: 300_000,
            max_poll_records: 500,
            fetch_min_bytes: 1,
            fetch_max_bytes: 52_428_800,
            max_partition_fetch_bytes: 1_048_576,
            fetch_max_wait_ms: 500,
            check_crcs: true,
        }
    }
}
