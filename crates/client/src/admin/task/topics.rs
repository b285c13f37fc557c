//! CreateTopics, DeleteTopics, CreatePartitions, DescribeCluster, Metadata about topics.

use konbini_protocol::ResponseError;
use konbini_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use konbini_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use konbini_protocol::messages::delete_topics_request::DeleteTopicState;
use konbini_protocol::messages::metadata_request::MetadataRequestTopic;
use konbini_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, DescribeClusterRequest, DescribeClusterResponse,
    MetadataRequest, MetadataResponse,
};

use super::{Piece, Read, check, message, no_answer, text};
use crate::HostPort;
use crate::admin::operation::{ClusterDescription, NewTopic};

/// The first version of DeleteTopics that can name topics by id.
const TOPIC_STATE_VERSION: i16 = 6;
/// DescribeCluster about brokers, not controllers; from version 1 on.
const BROKER_ENDPOINTS: i8 = 1;

pub(super) fn create(topic: &NewTopic, timeout_ms: i32) -> CreateTopicsRequest {
    let configs = topic.configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default()
            .with_name(text(name))
            .with_value(Some(text(value)))
    });
    let creatable = CreatableTopic::default()
        .with_name(text(&topic.name).into())
        .with_num_partitions(topic.partitions)
        .with_replication_factor(topic.replication_factor)
        .with_configs(configs.collect());
    CreateTopicsRequest::default()
        .with_topics(vec![creatable])
        .with_timeout_ms(timeout_ms)
        .with_validate_only(topic.validate_only)
}

pub(super) fn created(answer: &CreateTopicsResponse) -> Read {
    let told = answer.topics.first().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    Ok(Piece::TopicCreated {
        id: told.topic_id,
        partitions: told.num_partitions,
        replication_factor: told.replication_factor,
    })
}

pub(super) fn delete(topic: &str, timeout_ms: i32, version: i16) -> DeleteTopicsRequest {
    let request = DeleteTopicsRequest::default().with_timeout_ms(timeout_ms);
    if version < TOPIC_STATE_VERSION {
        return request.with_topic_names(vec![text(topic).into()]);
    }
    request.with_topics(vec![
        DeleteTopicState::default().with_name(Some(text(topic).into())),
    ])
}

pub(super) fn deleted(answer: &DeleteTopicsResponse) -> Read {
    let told = answer.responses.first().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    Ok(Piece::Done)
}

pub(super) fn grow(topic: &str, count: i32, timeout_ms: i32) -> CreatePartitionsRequest {
    let topic = CreatePartitionsTopic::default()
        .with_name(text(topic).into())
        .with_count(count)
        .with_assignments(None);
    CreatePartitionsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(timeout_ms)
}

pub(super) fn grown(answer: &CreatePartitionsResponse) -> Read {
    let told = answer.results.first().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    Ok(Piece::Done)
}

/// Asks for these topics without making one that is missing.
pub(super) fn describe(topics: &[String]) -> MetadataRequest {
    let topics = topics
        .iter()
        .map(|topic| MetadataRequestTopic::default().with_name(Some(text(topic).into())));
    MetadataRequest::default()
        .with_topics(Some(topics.collect()))
        .with_allow_auto_topic_creation(false)
}

/// Done when the broker knows every topic and a leader of every partition.
pub(super) fn known(answer: &MetadataResponse) -> Read {
    for topic in &answer.topics {
        check(topic.error_code, None)?;
        if topic.partitions.iter().any(|p| p.leader_id.0 < 0) {
            check(ResponseError::LeaderNotAvailable.code(), None)?;
        }
    }
    Ok(Piece::Done)
}

pub(super) fn describe_cluster(version: i16) -> DescribeClusterRequest {
    let request = DescribeClusterRequest::default();
    if version >= 1 {
        request.with_endpoint_type(BROKER_ENDPOINTS)
    } else {
        request
    }
}

pub(super) fn cluster(answer: &DescribeClusterResponse) -> Read {
    check(answer.error_code, message(&answer.error_message))?;
    let brokers = answer.brokers.iter().filter_map(|broker| {
        let port = u16::try_from(broker.port).ok()?;
        Some((
            broker.broker_id.0,
            HostPort::new(broker.host.to_string(), port),
        ))
    });
    Ok(Piece::Cluster(ClusterDescription {
        cluster_id: answer.cluster_id.to_string(),
        controller: Some(answer.controller_id.0).filter(|id| *id >= 0),
        brokers: brokers.collect(),
    }))
}
