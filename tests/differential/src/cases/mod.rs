//! The sequences of requests, one file a subject.

mod admin;
mod fetch;
mod files;
mod frames;
mod groups;
mod produce;
mod topics;
mod transactions;

use crate::session::Session;
use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::BatchBuilder;
use uuid::Uuid;

type Case = fn(&mut Session);

pub const ALL: &[(&str, Case)] = &[
    ("api versions", frames::api_versions),
    ("malformed frames", frames::malformed),
    ("create topics", topics::create),
    ("delete topics", topics::delete),
    ("create partitions", topics::partitions),
    ("metadata", topics::metadata),
    ("produce", produce::plain),
    ("produce, bad batches", produce::bad_batches),
    ("produce, idempotent", produce::idempotent),
    ("fetch", fetch::plain),
    ("fetch, sessions", fetch::sessions),
    ("list offsets", fetch::list_offsets),
    ("offset for leader epoch", fetch::leader_epochs),
    ("delete records", fetch::delete_records),
    ("groups, classic", groups::classic),
    ("groups, offsets", groups::offsets),
    ("groups, consumer protocol", groups::consumer),
    ("groups, administration", groups::administration),
    ("transactions", transactions::plain),
    ("transactions, refusals", transactions::refusals),
    ("transactions, administration", transactions::administration),
    ("configs", admin::configs),
    ("configs, alter", admin::alter),
    ("reassignments and elections", admin::partitions),
    ("security and quotas", admin::security),
    ("cluster", admin::cluster),
    ("files", files::segments),
];

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn name(name: &str) -> TopicName {
    text(name).into()
}

fn creatable(topic: &str, partitions: i32, configs: &[(&str, &str)]) -> CreatableTopic {
    let configs = configs.iter().map(|(key, value)| {
        CreatableTopicConfig::default()
            .with_name(text(key))
            .with_value(Some(text(value)))
    });
    CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(configs.collect())
}

fn create_request(topics: Vec<CreatableTopic>) -> CreateTopicsRequest {
    CreateTopicsRequest::default()
        .with_topics(topics)
        .with_timeout_ms(30_000)
}

/// Creates a topic and waits until its leaders serve it. Its id.
fn made(session: &mut Session, topic: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
    // The records here are from 1970.
    let mut configs = configs.to_vec();
    if !configs.iter().any(|(name, _)| *name == "retention.ms") {
        configs.push(("retention.ms", "-1"));
    }
    let create = create_request(vec![creatable(topic, partitions, &configs)]);
    session.until(7, &create, |answer| answer.topics[0].error_code == 0);
    let request = described(&[topic]);
    let answer = session.until(12, &request, |answer| {
        let topic = &answer.topics[0];
        topic.error_code == 0 && topic.partitions.iter().all(|each| each.leader_id.0 > 0)
    });
    // A leader that was only just named may not serve yet.
    for partition in 0..partitions {
        let mut request = fetch::offsets_request(topic, -1, -2);
        request.topics[0].partitions[0].partition_index = partition;
        session.until(4, &request, |answer| {
            answer.topics[0].partitions[0].error_code == 0
        });
    }
    answer.map_or(Uuid::nil(), |answer| answer.topics[0].topic_id)
}

fn described(topics: &[&str]) -> MetadataRequest {
    let topics = topics
        .iter()
        .map(|topic| MetadataRequestTopic::default().with_name(Some(name(topic))));
    MetadataRequest::default()
        .with_topics(Some(topics.collect()))
        .with_allow_auto_topic_creation(false)
}

/// A batch of these values, their times a second apart, always the same ones.
fn batch(values: &[&str]) -> Bytes {
    batch_of(Codec::None, values)
}

fn batch_of(codec: Codec, values: &[&str]) -> Bytes {
    let mut batch = BatchBuilder::new(codec);
    for (at, value) in (0..).zip(values) {
        batch
            .append(
                1_000_000 + at * 1000,
                Some(b"key"),
                Some(value.as_bytes()),
                &[],
            )
            .expect("it is small");
    }
    batch.build()
}

fn produce_request(topic: &str, partition: i32, records: Bytes) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(records));
    let topic = TopicProduceData::default()
        .with_name(name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![topic])
}
