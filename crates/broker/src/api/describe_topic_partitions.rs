//! DescribeTopicPartitions, version 0 (KIP-966): topics with their partitions, page by page.
//!
//! Topics come in the order of their names. An empty list means all. Replicas that are eligible to
//! lead outside the in-sync ones do not exist here, so those lists are empty.

use konbini_protocol::ResponseError::{
    InvalidRequest, InvalidTopicException, LeaderNotAvailable, UnknownTopicOrPartition,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use konbini_protocol::messages::{
    BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
};

use super::metadata::TOPIC_OPERATIONS;
use super::{Answer, Context};
use crate::controller::topic_names;
use crate::metadata::{NO_LEADER, PartitionImage, TopicImage};
use crate::node::Node;

/// Most partitions in one answer (`max.request.partition.size.limit`).
const MAX_PARTITIONS: usize = 2_000;

pub(super) fn handle(
    node: &mut Node,
    _: &Context<'_>,
    request: DescribeTopicPartitionsRequest,
) -> Answer {
    if request
        .cursor
        .as_ref()
        .is_some_and(|cursor| cursor.partition_index < 0)
    {
        let refused = DescribeTopicPartitionsResponseTopic::default()
            .with_error_code(InvalidRequest.code())
            .with_name(request.cursor.map(|cursor| cursor.topic_name));
        return DescribeTopicPartitionsResponse::default()
            .with_topics(vec![refused])
            .into();
    }
    let mut names: Vec<String> = if request.topics.is_empty() {
        node.metadata
            .image
            .topics()
            .map(|topic| topic.name.clone())
            .collect()
    } else {
        request
            .topics
            .iter()
            .map(|topic| topic.name.to_string())
            .collect()
    };
    names.sort();
    names.dedup();
    let (from, first) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.to_string(), cursor.partition_index),
        None => (String::new(), 0),
    };
    let asked = usize::try_from(request.response_partition_limit).unwrap_or(MAX_PARTITIONS);
    let mut left = asked.clamp(1, MAX_PARTITIONS);
    let mut response = DescribeTopicPartitionsResponse::default().with_next_cursor(None);
    for name in names.into_iter().filter(|name| *name >= from) {
        let start = if name == from { first } else { 0 };
        if left == 0 {
            response.next_cursor = Some(cursor(&name, start));
            break;
        }
        let (topic, next) = describe(node, &name, start, &mut left);
        response.topics.push(topic);
        if let Some(next) = next {
            response.next_cursor = Some(cursor(&name, next));
            break;
        }
    }
    response.into()
}

fn cursor(topic: &str, partition: i32) -> Cursor {
    Cursor::default()
        .with_topic_name(StrBytes::from_string(topic.to_owned()).into())
        .with_partition_index(partition)
}

/// A topic from partition `start` on; and where to go on if not all fit.
fn describe(
    node: &Node,
    name: &str,
    start: i32,
    left: &mut usize,
) -> (DescribeTopicPartitionsResponseTopic, Option<i32>) {
    let out = DescribeTopicPartitionsResponseTopic::default()
        .with_name(Some(StrBytes::from_string(name.to_owned()).into()));
    let Some(topic) = node.metadata.image.topic(name) else {
        let error = match topic_names::check(name) {
            Ok(()) => UnknownTopicOrPartition,
            Err(_) => InvalidTopicException,
        };
        return (out.with_error_code(error.code()), None);
    };
    let mut partitions = Vec::new();
    let mut next = None;
    for (index, state) in topic.partitions.range(start..) {
        if *left == 0 {
            next = Some(*index);
            break;
        }
        *left -= 1;
        partitions.push(partition(node, *index, state));
    }
    (fill(out, topic, partitions), next)
}

fn fill(
    out: DescribeTopicPartitionsResponseTopic,
    topic: &TopicImage,
    partitions: Vec<DescribeTopicPartitionsResponsePartition>,
) -> DescribeTopicPartitionsResponseTopic {
    out.with_topic_id(topic.id)
        .with_is_internal(topic_names::is_internal(&topic.name))
        .with_partitions(partitions)
        .with_topic_authorized_operations(TOPIC_OPERATIONS)
}

fn partition(
    node: &Node,
    index: i32,
    state: &PartitionImage,
) -> DescribeTopicPartitionsResponsePartition {
    let ids = |list: &[i32]| list.iter().copied().map(BrokerId).collect::<Vec<_>>();
    let image = &node.metadata.image;
    let offline: Vec<i32> = state
        .replicas
        .iter()
        .copied()
        .filter(|id| !image.is_alive(*id))
        .collect();
    let leads = state.leader != NO_LEADER && image.is_alive(state.leader);
    DescribeTopicPartitionsResponsePartition::default()
        .with_error_code(if leads { 0 } else { LeaderNotAvailable.code() })
        .with_partition_index(index)
        .with_leader_id(BrokerId(if leads { state.leader } else { NO_LEADER }))
        .with_leader_epoch(state.leader_epoch)
        .with_replica_nodes(ids(&state.replicas))
        .with_isr_nodes(ids(&state.isr))
        .with_eligible_leader_replicas(Some(Vec::new()))
        .with_last_known_elr(Some(Vec::new()))
        .with_offline_replicas(ids(&offline))
}
