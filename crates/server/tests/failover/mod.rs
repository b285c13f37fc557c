//! The broker that leads is taken away under a producer, and comes back.

use super::TOPIC;
use super::process::{Client, PATIENCE, Scratch, Server, http, succeeded, until};
use bytes::Bytes;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponsePartition;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const BROKERS: usize = 3;
/// Records between two orders.
const RECORDS: i32 = 50;
/// DUPLICATE_SEQUENCE_NUMBER: it was written the first time.
const DUPLICATE: i16 = 46;

/// An idempotent producer of one record a request.
struct Writer {
    id: i64,
    epoch: i16,
    next: i32,
    leader: Option<Client>,
}

#[test]
fn a_leader_that_goes_and_comes_back_costs_no_record_and_doubles_none() {
    let scratch = Scratch::new("failover");
    let places: [&[&str]; 2] = [&["--memory"], &["--data", scratch.text()]];
    for place in places {
        // The others notice a dead broker sooner than by default.
        let soon = ["-c", "broker.session.timeout.ms=2000"];
        let arguments = [place, &["--control", "127.0.0.1:0"], &soon].concat();
        let server = Server::start(BROKERS, &arguments);
        super::create(&mut server.connect(1), 3);
        let mut writer = Writer::new(&server);
        writer.write(&server);
        for order in ["kill", "stop", "kill"] {
            let leader = partition(&server).expect("a leader").leader_id.0;
            obeyed(&server, leader, order);
            writer.write(&server);
            until("the end of the broker", || is(&server, leader, "down"));
            until("a port that refuses", || refuses(&server, leader));
            writer.write(&server);
            obeyed(&server, leader, "start");
            writer.write(&server);
            until("all replicas in sync", || {
                let found = partition(&server)?.isr_nodes;
                (found.len() == BROKERS)
                    .then_some(())
                    .ok_or(format!("{found:?}"))
            });
        }
        let expect: Vec<String> = (0..writer.next).map(|n| n.to_string()).collect();
        // Who leads since a moment ago may not know yet that all of it is replicated.
        until("each record once", || {
            let found = super::read(&server, 0);
            (found == expect).then_some(()).ok_or(format!("{found:?}"))
        });
    }
}

fn obeyed(server: &Server, broker: i32, order: &str) {
    let text = http(server.control, &format!("POST /brokers/{broker}/{order}"));
    assert!(
        text.starts_with("HTTP/1.1 202 "),
        "{order} {broker}: {text}"
    );
}

/// Whether a broker is in this state, by what the server says.
fn is(server: &Server, broker: i32, state: &str) -> Result<(), String> {
    let text = http(server.control, "GET /brokers");
    let body = text.split_once("\r\n\r\n").expect("a body").1;
    let all: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let all = all.as_array().expect("a list");
    let found = all.iter().find(|each| each["id"] == broker).expect("it");
    (found["state"] == state)
        .then_some(())
        .ok_or_else(|| found.to_string())
}

/// Whether nobody listens on the broker's port.
fn refuses(server: &Server, broker: i32) -> Result<(), String> {
    let broker = usize::try_from(broker).expect("an id");
    match TcpStream::connect(server.addresses[broker - 1]) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// The partition as a broker that runs knows it.
fn partition(server: &Server) -> Result<MetadataResponsePartition, String> {
    let topic = MetadataRequestTopic::default().with_name(Some(super::name(TOPIC)));
    let request = MetadataRequest::default().with_topics(Some(vec![topic]));
    for broker in 1..=BROKERS {
        let client = server.try_connect(broker);
        let Some(answer) = client.and_then(|mut client| client.try_call(9, &request)) else {
            continue;
        };
        let topic = answer.topics.first().ok_or("no topic")?;
        succeeded(topic.error_code)?;
        let found = topic.partitions.first().ok_or("no partition")?;
        return match found.leader_id.0 {
            1.. => Ok(found.clone()),
            _ => Err(format!("{found:?}")),
        };
    }
    Err("no broker answers".to_owned())
}

impl Writer {
    fn new(server: &Server) -> Writer {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        let mut client = server.connect(1);
        let answer = until("a producer id", || {
            let answer = client.call(4, &request);
            succeeded(answer.error_code).map(|()| answer)
        });
        Writer {
            id: answer.producer_id.0,
            epoch: answer.producer_epoch,
            next: 0,
            leader: None,
        }
    }

    /// Some records, each sent again until it is acknowledged.
    fn write(&mut self, server: &Server) {
        for _ in 0..RECORDS {
            let begun = Instant::now();
            while let Err(reason) = self.attempt(server) {
                self.leader = None;
                let waited = begun.elapsed();
                assert!(waited < PATIENCE, "record {}: {reason}", self.next);
                std::thread::yield_now();
            }
            self.next += 1;
        }
    }

    fn attempt(&mut self, server: &Server) -> Result<(), String> {
        if self.leader.is_none() {
            let leader = partition(server)?.leader_id.0;
            let leader = usize::try_from(leader).expect("an id");
            self.leader = Some(server.try_connect(leader).ok_or("it does not listen")?);
        }
        let data = PartitionProduceData::default().with_records(Some(self.batch()));
        let topic = TopicProduceData::default()
            .with_name(super::name(TOPIC))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic]);
        let client = self.leader.as_mut().expect("it was connected");
        let answer = client.try_call(9, &request).ok_or("the connection ended")?;
        match answer.responses[0].partition_responses[0].error_code {
            DUPLICATE => Ok(()),
            code => succeeded(code),
        }
    }

    fn batch(&self) -> Bytes {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.set_producer(ProducerState {
            id: self.id,
            epoch: self.epoch,
            base_sequence: self.next,
        });
        let value = self.next.to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("a date").as_millis() as i64;
        let added = batch.append(now, None, Some(value.as_bytes()), &[]);
        added.expect("it fits");
        batch.build()
    }
}
