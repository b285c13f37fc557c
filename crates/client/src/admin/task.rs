//! The requests that operations consist of: where each goes, what it says, how its answer is read.

mod configs;
mod groups;
mod leaders;
mod offsets;
mod topics;

use konbini_protocol::StrBytes;
use konbini_protocol::messages::ResponseKind;

use super::operation::{
    ClusterDescription, ConfigEntry, GroupDescription, GroupListing, ListedOffset, NewTopic,
    Resource,
};
use super::{Admin, Purpose};
use crate::TopicPartition;
use crate::network::Call;

/// Which broker can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Any,
    Controller,
    Coordinator(String),
    Leader(TopicPartition),
    Broker(i32),
}

/// One request. Offsets and records are asked for partition by partition: each can move to another
/// leader on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    CreateTopic(NewTopic),
    DeleteTopic(String),
    CreatePartitions(String, i32),
    DescribeConfigs(Resource),
    AlterConfigs(Resource, Vec<(String, Option<String>)>),
    DeleteRecords(TopicPartition, i64),
    /// The timestamp as ListOffsets has it.
    ListOffsets(TopicPartition, i64),
    ListGroups,
    DescribeGroup(String),
    DeleteGroup(String),
    GroupOffsets(String),
    CommitOffsets(String, Vec<(TopicPartition, i64)>),
    DescribeCluster,
    /// Unclean if true.
    ElectLeader(TopicPartition, bool),
    /// The replicas; none ends a reassignment under way.
    Reassign(TopicPartition, Option<Vec<i32>>),
    /// Whether a broker has heard of these topics.
    KnowsTopics(Vec<String>),
}

/// What a request contributes to its operation's result.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Done,
    TopicCreated {
        id: uuid::Uuid,
        partitions: i32,
        replication_factor: i16,
    },
    Configs(Vec<ConfigEntry>),
    LowWatermark(TopicPartition, i64),
    /// With the timestamp that was asked for.
    Offset(TopicPartition, i64, ListedOffset),
    Groups(Vec<GroupListing>),
    Group(GroupDescription),
    GroupOffsets(Vec<(TopicPartition, i64)>),
    Cluster(ClusterDescription),
}

/// An error code with the broker's message.
pub(super) type Refusal = (i16, Option<String>);
pub(super) type Read = Result<Piece, Refusal>;

/// The answer says nothing about what was asked: UNKNOWN_SERVER_ERROR.
fn no_answer() -> Refusal {
    (
        -1,
        Some("the broker's answer does not mention what was asked".to_owned()),
    )
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn message(told: &Option<StrBytes>) -> Option<String> {
    told.as_ref().map(|told| told.to_string())
}

/// `Ok` when the code is 0.
fn check(code: i16, told: Option<String>) -> Result<(), Refusal> {
    if code == 0 { Ok(()) } else { Err((code, told)) }
}

impl Ask {
    pub(super) fn route(&self) -> Route {
        match self {
            Ask::CreateTopic(_)
            | Ask::DeleteTopic(_)
            | Ask::CreatePartitions(..)
            | Ask::ElectLeader(..)
            | Ask::Reassign(..) => Route::Controller,
            Ask::DescribeConfigs(Resource::Broker(id))
            | Ask::AlterConfigs(Resource::Broker(id), _) => Route::Broker(*id),
            Ask::DescribeConfigs(Resource::Topic(_))
            | Ask::AlterConfigs(Resource::Topic(_), _)
            | Ask::DescribeCluster
            | Ask::ListGroups
            | Ask::KnowsTopics(_) => Route::Any,
            Ask::DeleteRecords(tp, _) | Ask::ListOffsets(tp, _) => Route::Leader(tp.clone()),
            Ask::DescribeGroup(group)
            | Ask::DeleteGroup(group)
            | Ask::GroupOffsets(group)
            | Ask::CommitOffsets(group, _) => Route::Coordinator(group.clone()),
        }
    }
}

impl Admin {
    /// Sends a request to a node that is ready.
    pub(super) fn send_ask(&mut self, now: i64, node: i32, ask: &Ask, purpose: Purpose) {
        let net = &mut self.net;
        let timeout = self
            .config
            .client
            .request_timeout_ms
            .clamp(0, i32::MAX.into()) as i32;
        let call = Call::default();
        match ask {
            Ask::CreateTopic(topic) => {
                net.send(now, node, purpose, call, |_| topics::create(topic, timeout));
            }
            Ask::DeleteTopic(topic) => {
                net.send(now, node, purpose, call, |v| {
                    topics::delete(topic, timeout, v)
                });
            }
            Ask::CreatePartitions(topic, count) => {
                net.send(now, node, purpose, call, |_| {
                    topics::grow(topic, *count, timeout)
                });
            }
            Ask::DescribeConfigs(resource) => {
                net.send(now, node, purpose, call, |v| configs::describe(resource, v));
            }
            Ask::AlterConfigs(resource, changes) => {
                net.send(now, node, purpose, call, |_| {
                    configs::alter(resource, changes)
                });
            }
            Ask::DeleteRecords(tp, before) => {
                net.send(now, node, purpose, call, |_| {
                    offsets::delete(tp, *before, timeout)
                });
            }
            Ask::ListOffsets(tp, timestamp) => {
                net.send(now, node, purpose, call, |v| {
                    offsets::list(tp, *timestamp, timeout, v)
                });
            }
            Ask::ListGroups => net.send(now, node, purpose, call, |_| groups::list()),
            Ask::DescribeGroup(group) => {
                net.send(now, node, purpose, call, |_| groups::describe(group));
            }
            Ask::DeleteGroup(group) => {
                net.send(now, node, purpose, call, |_| groups::delete(group));
            }
            Ask::GroupOffsets(group) => {
                net.send(now, node, purpose, call, |v| groups::offsets(group, v));
            }
            Ask::CommitOffsets(group, list) => {
                net.send(now, node, purpose, call, |_| groups::commit(group, list));
            }
            Ask::DescribeCluster => {
                net.send(now, node, purpose, call, topics::describe_cluster);
            }
            Ask::ElectLeader(tp, unclean) => {
                net.send(now, node, purpose, call, |v| {
                    leaders::elect(tp, *unclean, timeout, v)
                });
            }
            Ask::Reassign(tp, replicas) => {
                net.send(now, node, purpose, call, |_| {
                    leaders::reassign(tp, replicas.as_deref(), timeout)
                });
            }
            Ask::KnowsTopics(names) => {
                net.send(now, node, purpose, call, |_| topics::describe(names));
            }
        }
    }
}

/// Reads the answer to `ask`.
pub(super) fn read(ask: &Ask, answer: ResponseKind) -> Read {
    use ResponseKind as K;
    match (ask, answer) {
        (Ask::CreateTopic(_), K::CreateTopics(answer)) => topics::created(&answer),
        (Ask::DeleteTopic(_), K::DeleteTopics(answer)) => topics::deleted(&answer),
        (Ask::CreatePartitions(..), K::CreatePartitions(answer)) => topics::grown(&answer),
        (Ask::DescribeConfigs(_), K::DescribeConfigs(answer)) => configs::described(&answer),
        (Ask::AlterConfigs(..), K::IncrementalAlterConfigs(answer)) => configs::altered(&answer),
        (Ask::DeleteRecords(tp, _), K::DeleteRecords(answer)) => offsets::deleted(tp, &answer),
        (Ask::ListOffsets(tp, timestamp), K::ListOffsets(answer)) => {
            offsets::listed(tp, *timestamp, &answer)
        }
        (Ask::ListGroups, K::ListGroups(answer)) => groups::listed(&answer),
        (Ask::DescribeGroup(_), K::DescribeGroups(answer)) => groups::described(&answer),
        (Ask::DeleteGroup(_), K::DeleteGroups(answer)) => groups::deleted(&answer),
        (Ask::GroupOffsets(_), K::OffsetFetch(answer)) => groups::fetched(&answer),
        (Ask::CommitOffsets(..), K::OffsetCommit(answer)) => groups::committed(&answer),
        (Ask::DescribeCluster, K::DescribeCluster(answer)) => topics::cluster(&answer),
        (Ask::ElectLeader(..), K::ElectLeaders(answer)) => leaders::elected(&answer),
        (Ask::Reassign(..), K::AlterPartitionReassignments(answer)) => leaders::reassigned(&answer),
        (Ask::KnowsTopics(_), K::Metadata(answer)) => topics::known(&answer),
        _ => Err(no_answer()),
    }
}
