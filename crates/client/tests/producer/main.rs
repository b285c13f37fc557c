//! The producer against a scripted cluster.

#[path = "../fake/mod.rs"]
mod fake;
mod faults;
mod sending;

use std::collections::BTreeMap;

use bytes::Bytes;
use fake::{Asked, Machine, Net, Reply, Topic, metadata, metadata_error, run, topic_id};
use konbini_client::producer::{
    Acks, Codec, Delivery, Failure, Producer, ProducerConfig, ProducerRecord, Told,
};
use konbini_client::{ClientConfig, ClientError, Input, Output};
use konbini_protocol::api::{RequestKind, ResponseKind};
use konbini_protocol::messages::produce_response::{
    PartitionProduceResponse, TopicProduceResponse,
};
use konbini_protocol::messages::{InitProducerIdResponse, ProduceRequest, ProduceResponse};
use konbini_protocol::record::{Batch, batches};
use proptest::prelude::*;

struct P(Producer);

impl Machine for P {
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

fn config() -> ProducerConfig {
    let mut config = ProducerConfig::new(ClientConfig::new(
        "p",
        vec![fake::address(1), fake::address(2)],
    ));
    config.linger_ms = 0;
    config
}

fn producer(config: ProducerConfig) -> P {
    P(Producer::new(config, 42, fake::START))
}

fn record(topic: &str, value: &str) -> ProducerRecord {
    ProducerRecord {
        topic: topic.to_owned(),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        ..ProducerRecord::default()
    }
}

/// Leaders of topic `t`: what appends, in order.
#[derive(Default)]
struct Logs {
    logs: BTreeMap<i32, Vec<Batch>>,
    /// Next sequence number expected of a partition, with the epoch.
    next: BTreeMap<i32, (i16, i32)>,
    requests: u32,
}

type Answered = (i32, i16, i64);

impl Logs {
    fn end(&self, partition: i32) -> i64 {
        let log = self.logs.get(&partition);
        log.map_or(0, |log| {
            log.iter().map(|b| i64::from(b.header.records_count)).sum()
        })
    }

    /// Appends as Kafka does: a wrong sequence is refused, a known one is a duplicate.
    fn append(&mut self, partition: i32, batch: Batch) -> Answered {
        batch.validate_crc().unwrap();
        let header = batch.header;
        if header.has_producer_id() {
            let (epoch, next) = self.next.get(&partition).copied().unwrap_or((-1, 0));
            let expected = if header.producer_epoch > epoch {
                0
            } else {
                next
            };
            if header.base_sequence > expected {
                return (partition, 45, -1);
            }
            if header.base_sequence < expected {
                return (partition, 46, -1);
            }
            self.next.insert(
                partition,
                (header.producer_epoch, expected + header.records_count),
            );
        }
        let base = self.end(partition);
        self.logs.entry(partition).or_default().push(batch);
        (partition, 0, base)
    }

    fn produce(&mut self, request: &ProduceRequest) -> Vec<Answered> {
        self.requests += 1;
        let mut told = Vec::new();
        for (partition, batch) in incoming(request) {
            told.push(self.append(partition, batch));
        }
        told
    }

    fn values(&self, partition: i32) -> Vec<String> {
        let log = self.logs.get(&partition).into_iter().flatten();
        let records = log.flat_map(|batch| batch.records().map(|r| r.unwrap()));
        records
            .map(|r| String::from_utf8(r.value.unwrap().to_vec()).unwrap())
            .collect()
    }
}

fn incoming(request: &ProduceRequest) -> Vec<(i32, Batch)> {
    let mut all = Vec::new();
    for data in request.topic_data.iter().flat_map(|t| &t.partition_data) {
        let mut run = batches(data.records.clone().unwrap());
        all.push((data.index, run.next().unwrap().unwrap()));
        assert!(run.next().is_none(), "one batch for each partition");
    }
    all
}

fn answer(told: &[Answered]) -> ResponseKind {
    let partitions = told.iter().map(|(partition, code, base)| {
        PartitionProduceResponse::default()
            .with_index(*partition)
            .with_error_code(*code)
            .with_base_offset(*base)
            .with_log_append_time_ms(-1)
    });
    let topic = TopicProduceResponse::default()
        .with_name(fake::topic_name("t"))
        .with_topic_id(topic_id("t"))
        .with_partition_responses(partitions.collect());
    ProduceResponse::default()
        .with_responses(vec![topic])
        .into()
}

fn identity() -> ResponseKind {
    InitProducerIdResponse::default()
        .with_producer_id(77.into())
        .with_producer_epoch(0)
        .into()
}

fn two_leaders() -> ResponseKind {
    metadata(
        &[1, 2],
        &[Topic {
            name: "t",
            leaders: vec![1, 2],
        }],
    )
}

/// Answers everything but Produce.
fn usual(asked: &Asked) -> Reply {
    match &asked.body {
        RequestKind::Metadata(_) => Reply::Answer(two_leaders()),
        RequestKind::InitProducerId(_) => Reply::Answer(identity()),
        other => panic!("unexpected {other:?}"),
    }
}

#[derive(Default)]
struct Heard {
    delivered: Vec<Delivery>,
    failed: Vec<Failure>,
    closed: bool,
}

impl Heard {
    fn take(&mut self, told: Told) -> bool {
        match told {
            Told::Delivered(d) => self.delivered.push(d),
            Told::Failed(f) => self.failed.push(f),
            Told::Closed => self.closed = true,
            _ => {}
        }
        self.closed
    }
}

/// Sends `n` records round the partitions, closes, runs with `produce` answering Produce.
fn send_all(
    config: ProducerConfig,
    n: usize,
    mut produce: impl FnMut(&mut Logs, &Asked, &ProduceRequest) -> Reply,
) -> (Logs, Heard, P, Net) {
    let mut net = Net::new(&[1, 2]);
    let mut p = producer(config);
    for i in 0..n {
        let mut record = record("t", &format!("v{i}"));
        record.partition = Some((i % 2) as i32);
        p.0.send(fake::START, record);
    }
    p.0.close(fake::START);
    let mut logs = Logs::default();
    let mut told = Heard::default();
    run(
        &mut net,
        &mut p,
        1_000_000,
        &mut |asked| match &asked.body {
            RequestKind::Produce(request) => produce(&mut logs, &asked, request),
            _ => usual(&asked),
        },
        |_, _, output| told.take(output),
    );
    assert!(told.closed, "close ends");
    (logs, told, p, net)
}

fn expected(n: usize, partition: usize) -> Vec<String> {
    (0..n)
        .filter(|i| i % 2 == partition)
        .map(|i| format!("v{i}"))
        .collect()
}
