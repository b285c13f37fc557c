//! SIGKILL under load, again and again on one directory and on other ports each time: what was
//! acknowledged is there, at its offset, with its value. 10 rounds, or as many as `KONBINI_KILLS` says.

use crate::process::{Client, Scratch, Server, succeeded, until};
use crate::{create_topic, name};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use konbini_protocol::StrBytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, batches};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const ROUNDS: usize = 10;
const BROKERS: usize = 3;
const PARTITIONS: i32 = 3;
const TOPIC: &str = "acknowledged";
/// Acknowledgements after which a round's process is killed, at the least.
const ACKS: usize = 40;
/// One round in so many ends by SIGTERM.
#[cfg(unix)]
const STOP_EVERY: usize = 4;
/// Well below the time after which the server gives up on its brokers.
#[cfg(unix)]
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// A partition, an offset and what was acknowledged to be there.
type Ack = (i32, i64, String);

#[test]
fn what_was_acknowledged_outlives_any_number_of_kills() {
    let rounds = std::env::var("KONBINI_KILLS").ok();
    let rounds = rounds.map_or(ROUNDS, |text| text.parse().expect("a number of kills"));
    let scratch = Scratch::new("kills");
    let (mut before, mut acknowledged) = (BTreeMap::new(), BTreeMap::new());
    for round in 0..rounds {
        let server = Server::start(BROKERS, &["--data", scratch.text()]);
        match round {
            0 => create(&server),
            _ => check(&server, round, &acknowledged),
        }
        before.append(&mut acknowledged);
        let (acks, told) = channel();
        let writers: Vec<_> = (0..PARTITIONS)
            .map(|partition| writer(leader(&server, partition), round, partition, acks.clone()))
            .collect();
        drop(acks);
        note(&told, ACKS + round % 7 * 10, &mut acknowledged);
        end(server, round);
        // What is in flight may have been acknowledged too.
        note(&told, usize::MAX, &mut acknowledged);
        for writer in writers {
            writer.join().expect("a writer ends with its connection");
        }
    }
    let server = Server::start(BROKERS, &["--data", scratch.text()]);
    // Each round looked for what the one before it wrote; now all of it.
    before.append(&mut acknowledged);
    check(&server, rounds, &before);
}

/// Most are killed; some are told to stop, which has to come to its end under load too.
fn end(server: Server, round: usize) {
    #[cfg(unix)]
    if round % STOP_EVERY == STOP_EVERY - 1 {
        let begun = Instant::now();
        assert!(server.terminate().success());
        let took = begun.elapsed();
        assert!(took < STOP_WITHIN, "stop {round} took {took:?}");
        return;
    }
    server.kill();
}

fn note(told: &Receiver<Ack>, most: usize, acknowledged: &mut BTreeMap<(i32, i64), String>) {
    for (partition, offset, value) in told.iter().take(most) {
        let before = acknowledged.insert((partition, offset), value);
        assert_eq!(before, None, "{partition}-{offset} was acknowledged twice");
    }
}

fn create(server: &Server) {
    // The records are from 1970.
    let keep = CreatableTopicConfig::default()
        .with_name(StrBytes::from_static_str("retention.ms"))
        .with_value(Some(StrBytes::from_static_str("-1")));
    let topic = CreatableTopic::default()
        .with_name(name(TOPIC))
        .with_configs(vec![keep])
        .with_num_partitions(PARTITIONS)
        .with_replication_factor(i16::try_from(BROKERS).expect("few"));
    create_topic(&mut server.connect(1), topic);
}

/// A connection to the broker that leads a partition.
fn leader(server: &Server, partition: i32) -> Client {
    let mut client = server.connect(1);
    let topic = MetadataRequestTopic::default().with_name(Some(name(TOPIC)));
    let request = MetadataRequest::default().with_topics(Some(vec![topic]));
    let at = until("a leader", || {
        let answer = client.call(9, &request);
        let topic = answer.topics.first().ok_or("no topic")?;
        succeeded(topic.error_code)?;
        let mut partitions = topic.partitions.iter();
        let found = partitions.find(|each| each.partition_index == partition);
        let found = found.ok_or("no partition")?;
        usize::try_from(found.leader_id.0).map_err(|_| format!("{found:?}"))
    });
    server.connect(at)
}

/// Writes until the connection ends; values of many lengths, so that writes are cut anywhere.
fn writer(mut client: Client, round: usize, partition: i32, acks: Sender<Ack>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for number in 0.. {
            let value = format!("{round}-{number}-{}", "x".repeat(number * 997 % 20_000));
            let Some(answer) = client.try_call(9, &produce(partition, &value)) else {
                return;
            };
            let answer = &answer.responses[0].partition_responses[0];
            // Who only starts to lead says that it does not yet.
            if answer.error_code == 0 {
                let ack = (partition, answer.base_offset, value);
                acks.send(ack).expect("the test listens");
            }
        }
    })
}

fn produce(partition: i32, value: &str) -> ProduceRequest {
    let mut batch = BatchBuilder::new(Codec::None);
    let appended = batch.append(1_000, None, Some(value.as_bytes()), &[]);
    appended.expect("it is small");
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(batch.build()));
    let topic = TopicProduceData::default()
        .with_name(name(TOPIC))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![topic])
}

/// Every acknowledged record is read back.
fn check(server: &Server, round: usize, acknowledged: &BTreeMap<(i32, i64), String>) {
    for partition in 0..PARTITIONS {
        let of_it = acknowledged.range((partition, 0)..(partition + 1, 0));
        let mut offsets = of_it.clone().map(|((_, offset), _)| *offset);
        let Some(mut from) = offsets.next() else {
            continue;
        };
        let last = offsets.next_back().unwrap_or(from);
        let mut found = BTreeMap::new();
        while from <= last {
            let values = fetch(server, partition, from);
            from = values.last().map_or(from, |(offset, _)| offset + 1);
            found.extend(values);
        }
        for ((_, offset), value) in of_it {
            let there = found.get(offset).map(|value| &value[..value.len().min(20)]);
            assert!(
                found.get(offset) == Some(value),
                "after kill {round}, {partition}-{offset} is {there:?}, not {}…",
                &value[..value.len().min(20)]
            );
        }
    }
}

/// Some records from an offset on, once whoever leads has them.
fn fetch(server: &Server, partition: i32, offset: i64) -> Vec<(i64, String)> {
    let asked = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 22);
    let topic = FetchTopic::default()
        .with_topic(name(TOPIC))
        .with_partitions(vec![asked]);
    let request = FetchRequest::default()
        .with_max_bytes(1 << 22)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let what = format!("record {partition}-{offset}");
    until(&what, || {
        let answer = leader(server, partition).call(11, &request);
        let data = &answer.responses[0].partitions[0];
        succeeded(data.error_code)?;
        let records = data.records.clone().unwrap_or_default();
        let records = batches(records).flat_map(|batch| {
            let batch = batch.expect("whole batches");
            let records: Vec<_> = batch
                .records()
                .map(|record| {
                    let record = record.expect("a record");
                    let value = record.value.expect("a value").to_vec();
                    (record.offset, String::from_utf8(value).expect("text"))
                })
                .collect();
            records
        });
        let records: Vec<_> = records.collect();
        match records.is_empty() {
            false => Ok(records),
            true => Err(format!("high watermark {}", data.high_watermark)),
        }
    })
}
