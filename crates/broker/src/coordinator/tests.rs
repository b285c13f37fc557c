use konbini_log::DiskImage;
use konbini_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use konbini_protocol::messages::{OffsetCommitResponse, ResponseKind};
use uuid::Uuid;

use super::*;
use crate::metadata::{self, PartitionRecord, Record};
use crate::{Broker, Input, Output, Voter};

const START: i64 = 1_700_000_000_000;
const TIMEOUT_MS: i64 = 700;
const PARTITION: TopicPartition = TopicPartition {
    topic: Uuid::from_u128(9),
    index: 0,
};

/// One node that is up and leads the only partition of `__consumer_offsets`.
fn broker() -> Broker {
    let voter = Voter {
        id: 1,
        host: "broker-1".to_owned(),
        port: 9092,
    };
    let timeout = ("offsets.commit.timeout.ms", TIMEOUT_MS.to_string());
    let config = BrokerConfig {
        node_id: 1,
        cluster_id: "konbini-test".to_owned(),
        incarnation: 1,
        seed: 42,
        host: voter.host.clone(),
        port: voter.port,
        rack: None,
        voters: vec![voter],
        configs: [(timeout.0.to_owned(), timeout.1)].into(),
    };
    let mut broker = Broker::new(config, START, DiskImage::default());
    let topic = Record::Topic {
        name: OFFSETS_TOPIC.to_owned(),
        id: PARTITION.topic,
    };
    let partition = PartitionRecord {
        topic_id: PARTITION.topic,
        partition_id: PARTITION.index,
        replicas: vec![1],
        isr: vec![1],
        leader: 1,
        leader_is_recovering: false,
        leader_epoch: 0,
        partition_epoch: 0,
        removing: Vec::new(),
        adding: Vec::new(),
    };
    let records = vec![topic, Record::Partition(partition)];
    metadata::commit(&mut broker.node, records, Vec::new());
    assert!(broker.node.replicas.leader(PARTITION).is_ok());
    broker
}

/// Holds the answer to a commit of two partitions, the second of which was refused, until the
/// high watermark is `offset`.
fn hold(node: &mut Node, offset: i64) {
    let partition = |index, error| {
        OffsetCommitResponsePartition::default()
            .with_partition_index(index)
            .with_error_code(error)
    };
    let topic = OffsetCommitResponseTopic::default()
        .with_partitions(vec![partition(0, 0), partition(1, 3)]);
    let response = OffsetCommitResponse::default().with_topics(vec![topic]);
    let reply = group::Reply {
        waiter: group::Waiter(5),
        response: response.into(),
        after: vec![PARTITION.index],
    };
    let needs = vec![(PARTITION, offset)];
    let deadline = node.now + node.setting_ms("offsets.commit.timeout.ms");
    let held = Held {
        reply,
        needs,
        deadline,
    };
    node.groups.held.push(held);
}

/// Error codes of the answers that left.
fn answered(node: &mut Node) -> Vec<i16> {
    let replies = std::mem::take(&mut node.replies);
    let partitions = replies.into_iter().flat_map(|(waiter, response)| {
        assert_eq!(waiter, Waiter(5));
        match response {
            ResponseKind::OffsetCommit(response) => response.topics[0].partitions.clone(),
            other => panic!("{other:?}"),
        }
    });
    partitions.map(|partition| partition.error_code).collect()
}

#[test]
fn a_commit_that_is_not_replicated_in_time_is_refused() {
    let mut broker = broker();
    let node = &mut broker.node;
    hold(node, 1);
    tick(node);
    assert!(answered(node).is_empty());
    assert!(wake_at(node).is_some_and(|at| at <= START + TIMEOUT_MS));
    node.now = START + TIMEOUT_MS - 1;
    tick(node);
    assert!(answered(node).is_empty());
    node.now += 1;
    tick(node);
    // COORDINATOR_NOT_AVAILABLE; what was refused already stays as it was.
    assert_eq!(answered(node), [15, 3]);
    let said = node.out.iter().any(|output| {
        matches!(output, Output::Event(event) if event.code == "group-commit-timed-out"
            && event.setting.as_deref() == Some("offsets.commit.timeout.ms"))
    });
    assert!(said);
    assert!(node.groups.held.is_empty());
}

#[test]
fn a_commit_is_answered_when_it_is_replicated() {
    let mut broker = broker();
    let node = &mut broker.node;
    hold(node, 0);
    tick(node);
    assert_eq!(answered(node), [0, 3]);
}

#[test]
fn the_node_wakes_for_a_commit_that_waits() {
    let mut broker = broker();
    while broker.poll().is_some() {}
    hold(&mut broker.node, 1);
    while let Some(at) = broker.wake_at().filter(|at| *at <= START + TIMEOUT_MS) {
        broker.handle(at, Input::Wake);
        while broker.poll().is_some() {}
    }
    assert!(broker.node.groups.held.is_empty());
}
