//! The consumer against a scripted cluster with one group coordinator.

mod cluster;
#[path = "../fake/mod.rs"]
mod fake;
mod group;
mod reading;

use std::collections::BTreeMap;

use bytes::Bytes;
use cluster::{Cluster, subscription_bytes};
use fake::{Asked, Machine, Net, Reply, Topic, metadata, run, text, topic_id, topic_name};
use konbini_client::consumer::{
    Assignor, CommitKind, ConsumedRecord, Consumer, ConsumerConfig, OffsetReset, State, Told,
};
use konbini_client::{ClientConfig, ClientError, Input, Output, TopicPartition};
use konbini_protocol::api::{RequestKind, ResponseKind};
use konbini_protocol::compression::Codec;
use konbini_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use konbini_protocol::messages::find_coordinator_response::Coordinator;
use konbini_protocol::messages::join_group_response::JoinGroupResponseMember;
use konbini_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use konbini_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use konbini_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use konbini_protocol::messages::*;
use konbini_protocol::record::BatchBuilder;

struct C(Consumer);

impl Machine for C {
    type Told = Told;
    fn handle(&mut self, now: i64, input: Input) {
        self.0.handle(now, input);
    }
    fn poll(&mut self) -> Option<Output<Told>> {
        self.0.poll()
    }
    fn wake_at(&self) -> Option<i64> {
        self.0.wake_at()
    }
}

fn tp(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn config() -> ConsumerConfig {
    let mut config = ConsumerConfig::new(ClientConfig::new("c", vec![fake::address(1)]));
    config.group_id = Some("g".to_owned());
    config.auto_offset_reset = OffsetReset::Earliest;
    config
}

fn subscribed(config: ConsumerConfig) -> C {
    let mut consumer = Consumer::new(config, 42, fake::START);
    consumer.subscribe(fake::START, ["t".to_owned()]);
    C(consumer)
}

/// Runs for `ms`, polling whenever there is something; returns what was handed out, and the rest
/// of the outputs.
fn consume(
    net: &mut Net,
    c: &mut C,
    cluster: &mut Cluster,
    ms: i64,
) -> (Vec<ConsumedRecord>, Vec<Told>) {
    let until = net.now - fake::START + ms;
    let mut records = Vec::new();
    let mut outputs = Vec::new();
    run(
        net,
        c,
        until,
        &mut |asked| cluster.answer(asked),
        |c, now, output| {
            if output == Told::RecordsReady {
                loop {
                    let got = c.0.poll_records(now, 500);
                    if got.is_empty() {
                        break;
                    }
                    records.extend(got);
                }
            } else {
                outputs.push(output);
            }
            false
        },
    );
    (records, outputs)
}

fn values(records: &[ConsumedRecord], partition: i32) -> Vec<String> {
    let own = records.iter().filter(|r| r.partition == partition);
    own.map(|r| String::from_utf8(r.value.clone().unwrap().to_vec()).unwrap())
        .collect()
}
