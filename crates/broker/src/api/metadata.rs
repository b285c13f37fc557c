//! Metadata, versions 0 to 13: brokers, controller, topics with the leaders of their partitions.
//!
//! A null list of topics means all, an empty one none; in v0 an empty list means all. A topic
//! that does not exist is created when the client allows it (v4+) and the broker too
//! (`auto.create.topics.enable`); this answer still says UNKNOWN_TOPIC_OR_PARTITION and the client
//! asks again. Topics can be asked for by id from v12.
//!
//! The controller is the real one if it is alive; Apache Kafka names any broker that is, because
//! every broker forwards. Nobody is authorized or refused, so all operations are allowed.

use konbini_protocol::ResponseError::{
    self, InvalidTopicException, LeaderNotAvailable, UnknownTopicId, UnknownTopicOrPartition,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use konbini_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use uuid::Uuid;

use super::describe_cluster::{CLUSTER_OPERATIONS, NOT_ASKED};
use super::{Answer, Context};
use crate::controller::topic_names;
use crate::forward::auto_create;
use crate::metadata::{NO_LEADER, PartitionImage, TopicImage};
use crate::node::Node;

/// Alter, AlterConfigs, Create, Delete, Describe, DescribeConfigs, Read, Write as bits.
pub(super) const TOPIC_OPERATIONS: i32 =
    1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: MetadataRequest) -> Answer {
    let version = context.version;
    let all = match &request.topics {
        None => true,
        Some(topics) => version == 0 && topics.is_empty(),
    };
    let operations = version >= 8 && request.include_topic_authorized_operations;
    let topics = if all {
        node.metadata
            .image
            .topics()
            .map(|topic| found(node, topic, version, operations))
            .collect()
    } else {
        let may_create = version < 4 || request.allow_auto_topic_creation;
        asked_for(node, &request, version, operations, may_create)
    };
    let with_operations =
        (8..=10).contains(&version) && request.include_cluster_authorized_operations;
    MetadataResponse::default()
        .with_brokers(brokers(node))
        .with_cluster_id(Some(StrBytes::from_string(node.config.cluster_id.clone())))
        .with_controller_id(BrokerId(node.controller_for_clients()))
        .with_topics(topics)
        .with_cluster_authorized_operations(if with_operations {
            CLUSTER_OPERATIONS
        } else {
            NOT_ASKED
        })
        .into()
}

fn brokers(node: &Node) -> Vec<MetadataResponseBroker> {
    let alive = node.metadata.image.alive();
    alive
        .map(|broker| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(broker.id))
                .with_host(StrBytes::from_string(broker.host.clone()))
                .with_port(i32::from(broker.port))
                .with_rack(broker.rack.clone().map(StrBytes::from_string))
        })
        .collect()
}

fn asked_for(
    node: &mut Node,
    request: &MetadataRequest,
    version: i16,
    operations: bool,
    may_create: bool,
) -> Vec<MetadataResponseTopic> {
    let mut out = Vec::new();
    for asked in request.topics.iter().flatten() {
        let image = &node.metadata.image;
        let topic = match &asked.name {
            Some(name) => match image.topic(name) {
                Some(topic) => found(node, topic, version, operations),
                None => missing(node, name.clone(), may_create),
            },
            None => match image.topic_by_id(asked.topic_id) {
                Some(topic) => found(node, topic, version, operations),
                None => not_found(None, asked.topic_id, UnknownTopicId),
            },
        };
        if !out.contains(&topic) {
            out.push(topic);
        }
    }
    out
}

fn missing(node: &mut Node, name: TopicName, may_create: bool) -> MetadataResponseTopic {
    let error = if topic_names::check(&name).is_err() {
        InvalidTopicException
    } else {
        if may_create && node.setting_bool("auto.create.topics.enable") {
            auto_create(node, &name);
        }
        UnknownTopicOrPartition
    };
    not_found(Some(name), Uuid::nil(), error)
}

fn not_found(name: Option<TopicName>, id: Uuid, error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(name)
        .with_topic_id(id)
        .with_topic_authorized_operations(NOT_ASKED)
}

fn found(node: &Node, topic: &TopicImage, version: i16, operations: bool) -> MetadataResponseTopic {
    let partitions = topic
        .partitions
        .iter()
        .map(|(index, state)| partition(node, *index, state, version))
        .collect();
    MetadataResponseTopic::default()
        .with_name(Some(StrBytes::from_string(topic.name.clone()).into()))
        .with_topic_id(topic.id)
        .with_is_internal(topic_names::is_internal(&topic.name))
        .with_partitions(partitions)
        .with_topic_authorized_operations(if operations {
            TOPIC_OPERATIONS
        } else {
            NOT_ASKED
        })
}

fn partition(
    node: &Node,
    index: i32,
    state: &PartitionImage,
    version: i16,
) -> MetadataResponsePartition {
    let ids = |list: &[i32]| list.iter().copied().map(BrokerId).collect::<Vec<_>>();
    let dead = |id: &i32| !node.metadata.image.is_alive(*id);
    let offline: Vec<i32> = state.replicas.iter().copied().filter(dead).collect();
    let leads = state.leader != NO_LEADER && node.metadata.image.is_alive(state.leader);
    let mut out = MetadataResponsePartition::default()
        .with_partition_index(index)
        .with_leader_id(BrokerId(if leads { state.leader } else { NO_LEADER }))
        .with_leader_epoch(state.leader_epoch)
        .with_replica_nodes(ids(&state.replicas))
        .with_isr_nodes(ids(&state.isr));
    if !leads {
        out.error_code = LeaderNotAvailable.code();
    }
    if version >= 5 {
        out.offline_replicas = ids(&offline);
    }
    out
}
