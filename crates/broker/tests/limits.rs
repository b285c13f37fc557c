//! Limits and epochs of Fetch, idempotence, timestamps.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::*;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState};

/// Two partitions, two batches of about 1,000 bytes in each.
fn filled(driver: &mut Driver) -> ClientId {
    let client = driver.connect(1);
    create(driver, client, "parcels", 2);
    let value = "x".repeat(1_000);
    for partition in 0..2 {
        for _ in 0..2 {
            let batch = records(&[&value], driver.now);
            driver.call(client, 9, &produce_request("parcels", partition, -1, batch));
        }
    }
    client
}

/// Records of each partition in the answer.
fn fetched(
    driver: &mut Driver,
    client: ClientId,
    max_bytes: i32,
    partition_max_bytes: i32,
) -> Vec<usize> {
    let partition = |index: i32| {
        FetchPartition::default()
            .with_partition(index)
            .with_partition_max_bytes(partition_max_bytes)
    };
    let topic = FetchTopic::default()
        .with_topic(name("parcels"))
        .with_partitions(vec![partition(0), partition(1)]);
    let request = FetchRequest::default()
        .with_max_bytes(max_bytes)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let response = driver.call(client, 11, &request);
    response.responses[0]
        .partitions
        .iter()
        .map(|data| values(data).len())
        .collect()
}

#[test]
fn bytes_of_a_fetch_are_limited_but_the_first_batch_always_comes() {
    let mut driver = Driver::new(1, &[]);
    let client = filled(&mut driver);
    let cases = [
        ((1 << 20, 1 << 20), [2, 2]),
        ((1 << 20, 1_500), [1, 1]),
        ((3_500, 1 << 20), [2, 1]),
        ((2_500, 1 << 20), [2, 0]),
        // Smaller than any batch: one batch, in one partition.
        ((1, 1 << 20), [1, 0]),
        ((0, 0), [1, 0]),
        ((1 << 20, 1), [1, 0]),
        ((-1, -1), [1, 0]),
    ];
    for ((max_bytes, partition_max_bytes), expect) in cases {
        let found = fetched(&mut driver, client, max_bytes, partition_max_bytes);
        assert_eq!(found, expect, "{max_bytes} {partition_max_bytes}");
    }
}

#[test]
fn min_bytes_are_waited_for() {
    let mut driver = Driver::new(1, &[]);
    let client = filled(&mut driver);
    let request = fetch_request("parcels", 0, 0, 300);
    let start = driver.now;
    driver.call(client, 11, &request.clone().with_min_bytes(2_000));
    assert_eq!(driver.now, start, "there is enough");
    let response = driver.call(client, 11, &request.with_min_bytes(5_000));
    assert_eq!(driver.now, start + 300);
    assert_eq!(values(&response.responses[0].partitions[0]).len(), 2);
}

#[test]
fn leader_epochs_are_compared() {
    let mut driver = Driver::new(1, &[]);
    let client = filled(&mut driver);
    produce(&mut driver, client, "parcels", &["a"]);
    driver.restart(1);
    driver.run_for(1_000);
    let client = driver.connect(1);
    let state = driver.brokers[&1]
        .metadata()
        .topic("parcels")
        .unwrap()
        .partitions[&0]
        .clone();
    let epoch = state.leader_epoch;
    assert!(epoch > 0);
    let mut fetch_with = |known: i32, last_fetched: i32| {
        let mut request = fetch_request("parcels", 0, 3, 0);
        let partition = &mut request.topics[0].partitions[0];
        partition.current_leader_epoch = known;
        partition.last_fetched_epoch = last_fetched;
        driver.call(client, 12, &request).responses[0].partitions[0].clone()
    };
    assert_eq!(fetch_with(epoch, -1).error_code, 0);
    assert_eq!(fetch_with(-1, -1).error_code, 0);
    let fenced = fetch_with(epoch - 1, -1);
    assert_eq!(fenced.error_code, 74);
    assert_eq!(fenced.current_leader.leader_epoch, epoch);
    assert_eq!(fetch_with(epoch + 1, -1).error_code, 75);
    // Epoch 0 ended at offset 3: a reader at 3 that ends with it fits.
    assert_eq!(fetch_with(epoch, 0).diverging_epoch.end_offset, -1);
}

fn idempotent(
    driver: &mut Driver,
    client: ClientId,
    id: i64,
    epoch: i16,
    base_sequence: i32,
) -> PartitionProduceResponse {
    let mut batch = BatchBuilder::new(Codec::Gzip).producer(ProducerState {
        id,
        epoch,
        base_sequence,
    });
    for _ in 0..2 {
        batch
            .append(driver.now, Some(b"k"), Some(b"v"), &[])
            .unwrap();
    }
    let request = produce_request("parcels", 0, -1, batch.build());
    driver.call(client, 9, &request).responses[0].partition_responses[0].clone()
}

#[test]
fn an_idempotent_producer_may_repeat_itself() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    assert_eq!(idempotent(&mut driver, client, 7, 0, 0).base_offset, 0);
    assert_eq!(idempotent(&mut driver, client, 7, 0, 2).base_offset, 2);
    let again = idempotent(&mut driver, client, 7, 0, 2);
    assert_eq!((again.error_code, again.base_offset), (0, 2));
    assert_eq!(idempotent(&mut driver, client, 7, 0, 9).error_code, 45);
    driver.restart(1);
    let client = driver.connect(1);
    let again = idempotent(&mut driver, client, 7, 0, 2);
    assert_eq!(
        (again.error_code, again.base_offset),
        (0, 2),
        "known after a restart"
    );
    assert_eq!(idempotent(&mut driver, client, 7, 1, 0).base_offset, 4);
    assert_eq!(idempotent(&mut driver, client, 7, 0, 4).error_code, 47);
}

#[test]
fn a_silent_producer_is_forgotten() {
    let configs = [
        ("producer.id.expiration.ms", "5000"),
        ("producer.id.expiration.check.interval.ms", "1000"),
    ];
    let mut driver = Driver::new(1, &configs);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    assert_eq!(idempotent(&mut driver, client, 7, 0, 0).base_offset, 0);
    driver.run_for(4_000);
    let again = idempotent(&mut driver, client, 7, 0, 0);
    assert_eq!((again.error_code, again.base_offset), (0, 0), "a duplicate");
    driver.run_for(2_000);
    // Any sequence may be the first of a producer that nobody knows.
    let anew = idempotent(&mut driver, client, 7, 0, 9);
    assert_eq!((anew.error_code, anew.base_offset), (0, 2));
}

#[test]
fn a_producer_is_remembered_for_longer_than_the_default_too() {
    const DAY_MS: i64 = 86_400_000;
    let week = (7 * DAY_MS).to_string();
    let mut driver = Driver::new(1, &[("producer.id.expiration.ms", &week)]);
    let client = driver.connect(1);
    let configs = [("internal.segment.bytes", "100")];
    create_with(&mut driver, client, "parcels", 1, &configs);
    assert_eq!(idempotent(&mut driver, client, 7, 0, 0).base_offset, 0);
    // A new segment: the producer is in its snapshot.
    produce(&mut driver, client, "parcels", &["a"]);
    // Nothing happens for two days but that the node is started again.
    driver.kill(1);
    driver.now += 2 * DAY_MS;
    driver.start(1);
    driver.run_for(700_000);
    let client = driver.connect(1);
    let again = idempotent(&mut driver, client, 7, 0, 0);
    assert_eq!((again.error_code, again.base_offset), (0, 0));
}

#[test]
fn the_broker_stamps_records_when_it_is_told_to() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let configs = [("message.timestamp.type", "LogAppendTime")];
    create_with(&mut driver, client, "parcels", 1, &configs);
    let batch = records(&["a"], 5);
    let request = produce_request("parcels", 0, -1, batch);
    let answer = driver.call(client, 9, &request).responses[0].partition_responses[0].clone();
    assert_eq!(answer.log_append_time_ms, driver.now);
    let now = driver.now;
    assert_eq!(offset_at(&mut driver, client, "parcels", -3), (0, now));
}

#[test]
fn records_from_the_future_are_refused_one_by_one() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let batch = records(&["a"], driver.now + 2 * 3_600_000);
    let request = produce_request("parcels", 0, -1, batch);
    let answer = driver.call(client, 9, &request).responses[0].partition_responses[0].clone();
    assert_eq!(answer.error_code, 32);
    assert_eq!(answer.record_errors.len(), 1);
    assert_eq!(answer.base_offset, -1);
    // Old versions have no place for it.
    assert_eq!(
        driver.call(client, 3, &request).responses[0].partition_responses[0].error_code,
        32
    );
}

#[test]
fn partitions_without_a_log_here_are_refused() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let mut request = fetch_request("parcels", 5, 0, 0);
    let response = driver.call(client, 11, &request);
    assert_eq!(response.responses[0].partitions[0].error_code, 3);
    request.topics[0].topic = name("nowhere");
    let response = driver.call(client, 11, &request);
    assert_eq!(response.responses[0].partitions[0].error_code, 3);
    let batch = records(&["a"], driver.now);
    let request = produce_request("parcels", 5, 1, batch);
    let answer = &driver.call(client, 9, &request).responses[0].partition_responses[0];
    assert_eq!(answer.error_code, 3);
}
