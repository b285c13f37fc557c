//! What a follower asks for.

use std::collections::BTreeMap;

use konbini_protocol::StrBytes;
use konbini_protocol::messages::fetch_request::{
    FetchPartition, FetchTopic, ForgottenTopic, ReplicaState,
};
use konbini_protocol::messages::{BrokerId, FetchRequest, RequestKind};
use konbini_raft::plant::{self, Bug};
use uuid::Uuid;

use super::Position;
use crate::channel::Purpose;
use crate::node::{Node, TopicPartition};
use crate::replica::Role;

const FETCH_VERSION: i16 = 17;

/// Sends the next fetch to a leader, if there is anything to ask for.
pub(super) fn send(node: &mut Node, leader: i32) {
    let Some(fetcher) = node.replicas.fetchers.get(&leader) else {
        return;
    };
    let active = fetcher.active();
    if active.is_empty() && fetcher.asked.is_empty() {
        return;
    }
    let opens = fetcher.session.epoch == 0;
    let named: Vec<TopicPartition> = if opens {
        active.clone()
    } else {
        fetcher.changed.iter().copied().collect()
    };
    let mut topics: BTreeMap<Uuid, Vec<FetchPartition>> = BTreeMap::new();
    let mut positions = Vec::new();
    for partition in named {
        if let Some((position, wanted)) = wanted(node, leader, partition) {
            topics.entry(partition.topic).or_default().push(wanted);
            positions.push((partition, position));
        }
    }
    let forgotten = forgotten(node, leader, &active);
    if opens && topics.is_empty() {
        return;
    }
    let request = request(node, leader, topics, forgotten);
    let Some(fetcher) = node.replicas.fetchers.get_mut(&leader) else {
        return;
    };
    fetcher
        .asked
        .retain(|partition, _| active.contains(partition));
    fetcher.asked.extend(positions);
    fetcher.changed.clear();
    let body = RequestKind::Fetch(request);
    let purpose = Purpose::FetchReplicas(leader);
    fetcher
        .channel
        .call(purpose, FETCH_VERSION, &node.client_name, &body);
}

fn request(
    node: &Node,
    leader: i32,
    topics: BTreeMap<Uuid, Vec<FetchPartition>>,
    forgotten: Vec<ForgottenTopic>,
) -> FetchRequest {
    let session = node.replicas.fetchers[&leader].session;
    let number = |name| i32::try_from(node.setting_number(name)).unwrap_or(i32::MAX);
    let replica = ReplicaState::default()
        .with_replica_id(BrokerId(node.config.node_id))
        .with_replica_epoch(node.lifecycle.broker_epoch().unwrap_or(-1));
    let topics = topics.into_iter().map(|(id, partitions)| {
        FetchTopic::default()
            .with_topic_id(id)
            .with_partitions(partitions)
    });
    FetchRequest::default()
        .with_cluster_id(Some(StrBytes::from_string(node.config.cluster_id.clone())))
        .with_replica_state(replica)
        .with_max_wait_ms(number("replica.fetch.wait.max.ms"))
        .with_min_bytes(number("replica.fetch.min.bytes"))
        .with_max_bytes(number("replica.fetch.response.max.bytes"))
        .with_session_id(session.id)
        .with_session_epoch(session.epoch)
        .with_topics(topics.collect())
        .with_forgotten_topics_data(forgotten)
}

/// Where a follower goes on, if it can.
fn wanted(
    node: &Node,
    leader: i32,
    partition: TopicPartition,
) -> Option<(Position, FetchPartition)> {
    let replica = node.replicas.partitions.get(&partition)?;
    let Role::Follower(follower) = &replica.role else {
        return None;
    };
    let log = follower.log();
    if follower.leader() != leader || !log.is_online() {
        return None;
    }
    let position = Position {
        offset: log.log_end_offset(),
        epoch: follower.epoch(),
        log_start: log.log_start_offset(),
    };
    let last_epoch = log.latest_epoch();
    let last_epoch = last_epoch.filter(|_| !plant::has(Bug::TruncationSkipped));
    let max_bytes = i32::try_from(node.setting_number("replica.fetch.max.bytes"));
    let wanted = FetchPartition::default()
        .with_partition(partition.index)
        .with_current_leader_epoch(position.epoch)
        .with_fetch_offset(position.offset)
        .with_last_fetched_epoch(last_epoch.unwrap_or(-1))
        .with_log_start_offset(position.log_start)
        .with_partition_max_bytes(max_bytes.unwrap_or(i32::MAX));
    Some((position, wanted))
}

/// What the session holds and is not fetched any more.
fn forgotten(node: &Node, leader: i32, active: &[TopicPartition]) -> Vec<ForgottenTopic> {
    let fetcher = &node.replicas.fetchers[&leader];
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for partition in fetcher.asked.keys() {
        if active.binary_search(partition).is_err() {
            let indexes = topics.entry(partition.topic).or_default();
            indexes.push(partition.index);
        }
    }
    let topics = topics.into_iter().map(|(id, indexes)| {
        ForgottenTopic::default()
            .with_topic_id(id)
            .with_partitions(indexes)
    });
    topics.collect()
}
