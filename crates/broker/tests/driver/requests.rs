//! Requests that many tests send.

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, batches};

use super::{ClientId, Driver};

pub fn name(text: &str) -> TopicName {
    TopicName(StrBytes::from_string(text.to_owned()))
}

pub fn create(driver: &mut Driver, client: ClientId, topic: &str, partitions: i32) {
    create_with(driver, client, topic, partitions, &[]);
}

pub fn create_with(
    driver: &mut Driver,
    client: ClientId,
    topic: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) {
    create_replicated(driver, client, topic, (partitions, 1), configs);
}

/// Partitions and replication factor.
pub fn create_replicated(
    driver: &mut Driver,
    client: ClientId,
    topic: &str,
    (partitions, factor): (i32, i16),
    configs: &[(&str, &str)],
) {
    let configs = configs.iter().map(|(key, value)| {
        CreatableTopicConfig::default()
            .with_name(StrBytes::from_string((*key).to_owned()))
            .with_value(Some(StrBytes::from_string((*value).to_owned())))
    });
    let topic = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
        .with_configs(configs.collect());
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let response = driver.call(client, 7, &request);
    assert_eq!(
        response.topics[0].error_code, 0,
        "{:?}",
        response.topics[0].error_message
    );
}

pub fn records(values: &[&str], timestamp: i64) -> bytes::Bytes {
    let mut batch = BatchBuilder::new(Codec::None);
    for (i, value) in values.iter().enumerate() {
        let at = timestamp + i as i64;
        batch
            .append(at, None, Some(value.as_bytes()), &[])
            .expect("it fits");
    }
    batch.build()
}

pub fn produce_request(
    topic: &str,
    partition: i32,
    acks: i16,
    batch: bytes::Bytes,
) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(batch));
    let topic = TopicProduceData::default()
        .with_name(name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(5_000)
        .with_topic_data(vec![topic])
}

pub fn produce(
    driver: &mut Driver,
    client: ClientId,
    topic: &str,
    values: &[&str],
) -> PartitionProduceResponse {
    let request = produce_request(topic, 0, -1, records(values, driver.now));
    let response = driver.call(client, 9, &request);
    response.responses[0].partition_responses[0].clone()
}

pub fn fetch_request(topic: &str, partition: i32, offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(name(topic))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_max_wait_ms(max_wait_ms)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}

pub fn values(data: &PartitionData) -> Vec<String> {
    let bytes = data.records.clone().unwrap_or_default();
    let each = batches(bytes).flat_map(|batch| {
        let batch = batch.expect("a batch");
        batch.validate_crc().expect("its CRC is right");
        batch.records().map(Result::unwrap).collect::<Vec<_>>()
    });
    each.map(|record| String::from_utf8_lossy(&record.value.unwrap()).into_owned())
        .collect()
}

pub fn fetch(driver: &mut Driver, client: ClientId, topic: &str, offset: i64) -> PartitionData {
    let response = driver.call(client, 11, &fetch_request(topic, 0, offset, 0));
    assert_eq!(response.error_code, 0);
    response.responses[0].partitions[0].clone()
}

pub fn offset_at(driver: &mut Driver, client: ClientId, topic: &str, timestamp: i64) -> (i64, i64) {
    let partition = ListOffsetsPartition::default()
        .with_current_leader_epoch(-1)
        .with_timestamp(timestamp);
    let topic = ListOffsetsTopic::default()
        .with_name(name(topic))
        .with_partitions(vec![partition]);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![topic]);
    let response = driver.call(client, 9, &request);
    let found = &response.topics[0].partitions[0];
    assert_eq!(found.error_code, 0);
    (found.offset, found.timestamp)
}
