//! What an admin client can be asked, and what it answers.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{ClientError, HostPort, TopicPartition};

/// Names an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// Why an operation failed: Kafka's name of the error and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminError {
    pub code: String,
    pub message: String,
}

impl From<ClientError> for AdminError {
    fn from(error: ClientError) -> AdminError {
        let message = match &error {
            ClientError::Broker {
                message: Some(message),
                ..
            } => message.clone(),
            other => other.to_string(),
        };
        AdminError {
            code: error.code_name(),
            message,
        }
    }
}

impl std::fmt::Display for AdminError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AdminError {}

/// A topic to be created. -1 for partitions or replication factor means the broker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTopic {
    pub name: String,
    pub partitions: i32,
    pub replication_factor: i16,
    pub configs: BTreeMap<String, String>,
    /// Only checks whether it could be created.
    pub validate_only: bool,
}

/// What has settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    Topic(String),
    Broker(i32),
}

/// Which offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetSpec {
    Earliest,
    /// The end: the offset that the next record will get.
    Latest,
    /// The first record with this timestamp (Unix ms) or a later one.
    Timestamp(i64),
    /// The record with the largest timestamp (KIP-734).
    MaxTimestamp,
}

impl OffsetSpec {
    pub(super) fn wire(self) -> i64 {
        match self {
            OffsetSpec::Earliest => -2,
            OffsetSpec::Latest => -1,
            OffsetSpec::MaxTimestamp => -3,
            OffsetSpec::Timestamp(ms) => ms,
        }
    }
}

/// Where a group's offsets are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetTo {
    Earliest,
    Latest,
    /// This offset, or the nearest one that exists.
    Offset(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOffset {
    /// -1 when no record matches.
    pub offset: i64,
    /// Unix ms; -1 for the ends of the log.
    pub timestamp: i64,
    pub leader_epoch: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    pub name: String,
    pub value: Option<String>,
    /// Kafka's name, such as `DYNAMIC_TOPIC_CONFIG`.
    pub source: &'static str,
    pub read_only: bool,
    pub sensitive: bool,
    pub documentation: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupListing {
    pub group: String,
    pub protocol_type: String,
    /// Kafka's name, such as `Stable`; empty from old brokers.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub assignment: Vec<TopicPartition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDescription {
    pub group: String,
    pub state: String,
    pub protocol_type: String,
    /// The assignor.
    pub protocol: String,
    pub members: Vec<GroupMember>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterDescription {
    pub cluster_id: String,
    pub controller: Option<i32>,
    pub brokers: BTreeMap<i32, HostPort>,
}

/// What a finished operation tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminResult {
    Done,
    TopicCreated {
        id: Uuid,
        partitions: i32,
        replication_factor: i16,
    },
    Configs(Vec<ConfigEntry>),
    /// The log start offsets after records were deleted.
    LowWatermarks(Vec<(TopicPartition, i64)>),
    Offsets(Vec<(TopicPartition, ListedOffset)>),
    Groups(Vec<GroupListing>),
    Group(GroupDescription),
    /// Committed offsets.
    GroupOffsets(Vec<(TopicPartition, i64)>),
    Cluster(ClusterDescription),
}

/// What an admin client tells its application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Done(OperationId, Result<AdminResult, AdminError>),
    /// [`super::Admin::close`] is done; nothing more will come.
    Closed,
}
