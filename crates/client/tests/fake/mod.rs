//! A scripted cluster: it answers frames as a test says, in virtual time, over connections with a
//! fixed latency. Requests are decoded and responses encoded in the version that was negotiated.

#![allow(dead_code)] // Each test binary uses its own part.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_client::{HostPort, Input, Output, Wire};
use konbini_protocol::ConnId;
use konbini_protocol::api::{ApiKey, RequestKind, ResponseKind};
use konbini_protocol::frame::FrameReader;
use konbini_protocol::messages::api_versions_response::ApiVersion;
use konbini_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use konbini_protocol::messages::{ApiVersionsResponse, MetadataResponse, TopicName};
use konbini_protocol::{StrBytes, request, response};
use konbini_trace::Event;
use uuid::Uuid;

pub const LATENCY_MS: i64 = 2;
pub const START: i64 = 1_700_000_000_000;

pub trait Machine {
    type Told;
    fn handle(&mut self, now: i64, input: Input);
    fn poll(&mut self) -> Option<Output<Self::Told>>;
    fn wake_at(&self) -> Option<i64>;
}

/// A request as a broker got it.
pub struct Asked {
    pub node: i32,
    pub version: i16,
    pub at: i64,
    pub body: RequestKind,
}

pub enum Reply {
    Answer(ResponseKind),
    /// After so many ms more than the latency.
    Later(i64, ResponseKind),
    /// Never.
    Silence,
    /// Closes the connection.
    Hang,
}

struct Conn {
    node: i32,
    reader: FrameReader,
    /// Responses leave in order, so never before this.
    free_at: i64,
}

pub struct Net {
    pub now: i64,
    /// Highest version told for an API where it differs from the library's.
    pub max_versions: BTreeMap<i16, i16>,
    pub brokers: Vec<i32>,
    pub down: Vec<i32>,
    conns: BTreeMap<ConnId, Conn>,
    queue: BTreeMap<(i64, u64), Input>,
    seq: u64,
    pub events: Vec<Event>,
    pub dials: Vec<(i64, i32)>,
}

pub fn address(node: i32) -> HostPort {
    HostPort::new(format!("broker-{node}"), 9092)
}

impl Net {
    pub fn new(brokers: &[i32]) -> Net {
        Net {
            now: START,
            max_versions: BTreeMap::new(),
            brokers: brokers.to_vec(),
            down: Vec::new(),
            conns: BTreeMap::new(),
            queue: BTreeMap::new(),
            seq: 0,
            events: Vec::new(),
            dials: Vec::new(),
        }
    }

    fn push(&mut self, at: i64, input: Input) {
        self.queue.insert((at, self.seq), input);
        self.seq += 1;
    }

    fn dialled(&mut self, conn: ConnId, host: &str) {
        let node: i32 = host.trim_start_matches("broker-").parse().unwrap();
        self.dials.push((self.now, node));
        let at = self.now + LATENCY_MS;
        if self.down.contains(&node) || !self.brokers.contains(&node) {
            return self.push(at, Input::Refused(conn));
        }
        self.conns.insert(
            conn,
            Conn {
                node,
                reader: FrameReader::new(),
                free_at: at,
            },
        );
        self.push(at, Input::Connected(conn));
    }

    /// Breaks every connection to a node and refuses new ones.
    pub fn kill(&mut self, node: i32) {
        self.down.push(node);
        let gone: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.node == node)
            .map(|(id, _)| *id)
            .collect();
        for conn in gone {
            self.conns.remove(&conn);
            self.push(self.now + LATENCY_MS, Input::Closed(conn));
        }
    }

    pub fn revive(&mut self, node: i32) {
        self.down.retain(|n| *n != node);
    }

    fn sent(&mut self, conn: ConnId, bytes: Bytes, script: &mut dyn FnMut(Asked) -> Reply) {
        let Some(c) = self.conns.get_mut(&conn) else {
            return;
        };
        c.reader.push(bytes);
        while let Some(frame) = self
            .conns
            .get_mut(&conn)
            .and_then(|c| c.reader.next().unwrap())
        {
            let asked = request::decode(&frame);
            let node = self.conns[&conn].node;
            let (correlation, version, reply) = match asked {
                Ok(r) => {
                    let correlation = r.header.correlation_id;
                    let version = r.header.api_version;
                    let reply = match r.body {
                        RequestKind::ApiVersions(_) => {
                            let limit = self.max_versions.get(&(ApiKey::ApiVersions as i16));
                            if limit.is_some_and(|max| version > *max) {
                                let mut refusal = self.versions();
                                refusal.error_code = 35;
                                self.answer(conn, 0, correlation, 0, &refusal.into());
                                continue;
                            }
                            Reply::Answer(self.versions().into())
                        }
                        body => script(Asked {
                            node,
                            version,
                            at: self.now,
                            body,
                        }),
                    };
                    (correlation, version, reply)
                }
                Err(error) => panic!("a client sent a bad frame: {error}"),
            };
            match reply {
                Reply::Answer(body) => self.answer(conn, 0, correlation, version, &body),
                Reply::Later(ms, body) => self.answer(conn, ms, correlation, version, &body),
                Reply::Silence => {}
                Reply::Hang => {
                    self.conns.remove(&conn);
                    self.push(self.now + LATENCY_MS, Input::Closed(conn));
                }
            }
        }
    }

    fn answer(&mut self, conn: ConnId, later: i64, id: i32, version: i16, body: &ResponseKind) {
        let bytes = response::encode_kind(id, version, body).unwrap();
        let c = self.conns.get_mut(&conn).unwrap();
        let at = (self.now + 2 * LATENCY_MS + later).max(c.free_at);
        c.free_at = at;
        self.push(at, Input::Received(conn, bytes));
    }

    fn versions(&self) -> ApiVersionsResponse {
        let keys = (0..100)
            .filter_map(|key| ApiKey::try_from(key).ok())
            .filter_map(|key| Some((key, konbini_protocol::api::versions(key)?)))
            .map(|(key, range)| {
                let max = self
                    .max_versions
                    .get(&(key as i16))
                    .copied()
                    .unwrap_or(range.max);
                ApiVersion::default()
                    .with_api_key(key as i16)
                    .with_min_version(range.min)
                    .with_max_version(max)
            });
        ApiVersionsResponse::default().with_api_keys(keys.collect())
    }
}

/// Runs a client against a script until `until` (virtual ms after [`START`]) or until `stop`.
pub fn run<M: Machine>(
    net: &mut Net,
    machine: &mut M,
    until: i64,
    script: &mut dyn FnMut(Asked) -> Reply,
    mut seen: impl FnMut(&mut M, i64, M::Told) -> bool,
) {
    let end = START + until;
    let mut steps = 0;
    loop {
        while let Some(out) = machine.poll() {
            match out {
                Output::Wire(Wire::Dial { conn, host, .. }) => net.dialled(conn, &host),
                Output::Wire(Wire::Send(conn, bytes)) => net.sent(conn, bytes, script),
                Output::Wire(Wire::Close(conn)) => {
                    net.conns.remove(&conn);
                }
                Output::Event(event) => net.events.push(event),
                Output::Told(told) => {
                    if seen(machine, net.now, told) {
                        return;
                    }
                }
            }
        }
        steps += 1;
        assert!(steps < 1_000_000, "the client spins at {}", net.now - START);
        let input = net.queue.first_key_value().map(|((at, _), _)| *at);
        let wake = machine.wake_at().map(|at| at.max(net.now));
        let Some(next) = input.into_iter().chain(wake).min().filter(|at| *at <= end) else {
            net.now = net.now.max(end);
            return;
        };
        net.now = net.now.max(next);
        if input.is_some_and(|at| at <= next) {
            let (_, input) = net.queue.pop_first().unwrap();
            let known = match &input {
                Input::Received(conn, _) => net.conns.contains_key(conn),
                _ => true,
            };
            if known {
                machine.handle(net.now, input);
            }
        } else {
            machine.handle(net.now, Input::Wake);
        }
    }
}

/// A topic in metadata: name, and each partition's leader (-1: none).
pub struct Topic {
    pub name: &'static str,
    pub leaders: Vec<i32>,
}

pub fn topic_id(name: &str) -> Uuid {
    let mut bytes = [7u8; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Uuid::from_bytes(bytes)
}

pub fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

pub fn topic_name(s: &str) -> TopicName {
    TopicName(text(s))
}

pub fn metadata(brokers: &[i32], topics: &[Topic]) -> ResponseKind {
    let brokers = brokers.iter().map(|id| {
        let at = address(*id);
        MetadataResponseBroker::default()
            .with_node_id((*id).into())
            .with_host(text(&at.host))
            .with_port(at.port.into())
    });
    let topics = topics.iter().map(|topic| {
        let partitions = topic.leaders.iter().enumerate().map(|(i, leader)| {
            MetadataResponsePartition::default()
                .with_partition_index(i as i32)
                .with_leader_id((*leader).into())
                .with_leader_epoch(0)
                .with_error_code(if *leader < 0 { 5 } else { 0 })
        });
        MetadataResponseTopic::default()
            .with_name(Some(topic_name(topic.name)))
            .with_topic_id(topic_id(topic.name))
            .with_partitions(partitions.collect())
    });
    MetadataResponse::default()
        .with_brokers(brokers.collect())
        .with_controller_id(1.into())
        .with_cluster_id(Some(text("fake")))
        .with_topics(topics.collect())
        .into()
}

/// A topic that metadata answers with an error.
pub fn metadata_error(brokers: &[i32], name: &str, code: i16) -> ResponseKind {
    let ResponseKind::Metadata(mut response) = metadata(brokers, &[]) else {
        unreachable!()
    };
    response.topics.push(
        MetadataResponseTopic::default()
            .with_name(Some(topic_name(name)))
            .with_error_code(code),
    );
    response.into()
}
