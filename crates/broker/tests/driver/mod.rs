//! Brokers, their disks and the connections between them, driven by hand in virtual time.
#![allow(dead_code)] // Each test file uses a part of it.

pub mod requests;
pub mod transactions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use konbini_broker::{Broker, BrokerConfig, Input, Output, Voter};
use konbini_log::MemoryDisk;
use konbini_protocol::frame::{FrameReader, frame};
use konbini_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use konbini_protocol::request::RequestHeader;
use konbini_protocol::{ConnId, StrBytes, api, request, response};
use konbini_trace::Event;

use kafka_protocol::protocol::Request;

/// Any time after 2020, in ms.
pub const START: i64 = 1_700_000_000_000;
/// One-way time of a message between brokers, in ms.
const LATENCY_MS: i64 = 1;

/// What becomes of a response: another one, or `None` for one that nobody can read.
pub type Meddle = fn(ResponseKind) -> Option<ResponseKind>;

/// Node and connection: one end of a connection.
type End = (i32, ConnId);

pub struct Client {
    node: i32,
    conn: ConnId,
    reader: FrameReader,
    frames: VecDeque<Bytes>,
    pub closed: bool,
    next_id: i32,
}

pub struct Driver {
    pub now: i64,
    pub brokers: BTreeMap<i32, Broker>,
    pub disks: BTreeMap<i32, MemoryDisk>,
    pub events: Vec<(i32, Event)>,
    /// When processes ended by themselves.
    pub stopped: Vec<(i64, i32)>,
    configs: BTreeMap<String, String>,
    voters: Vec<Voter>,
    boots: u64,
    next_conn: u64,
    /// The other end of each end between brokers.
    pipes: BTreeMap<End, End>,
    /// Inputs on their way, by time and order of sending.
    mail: BTreeMap<(i64, u64), (i32, Input)>,
    mail_number: u64,
    /// Nodes that are cut off from the others: nothing leaves them and nothing reaches them, and
    /// nobody is told. Clients reach them.
    pub isolated: BTreeSet<i32>,
    /// Drops everything from memory after each step.
    pub forgetful: bool,
    /// Requests between brokers: when, from whom, which API.
    pub asked: Vec<(i64, i32, i16)>,
    /// API and version of the requests that wait for their response, by the asking end.
    unanswered: BTreeMap<End, VecDeque<(i16, i16)>>,
    /// What becomes of responses to that broker; `None` leaves only their header.
    pub meddle: Option<(i32, Meddle)>,
    clients: Vec<Client>,
}

/// A client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientId(usize);

impl Driver {
    /// `count` brokers with ids from 1 on, all started.
    pub fn new(count: i32, configs: &[(&str, &str)]) -> Driver {
        Driver::new_for(count, configs, 20_000)
    }

    /// The same after another time, in ms.
    pub fn new_for(count: i32, configs: &[(&str, &str)], ms: i64) -> Driver {
        let voters = (1..=count)
            .map(|id| Voter {
                id,
                host: format!("broker-{id}"),
                port: 9092,
            })
            .collect();
        let factor = count.min(3).to_string();
        let min_isr = count.min(2).to_string();
        let mut all = BTreeMap::from([
            (
                "offsets.topic.replication.factor".to_owned(),
                factor.clone(),
            ),
            (
                "transaction.state.log.replication.factor".to_owned(),
                factor,
            ),
            ("transaction.state.log.min.isr".to_owned(), min_isr),
        ]);
        all.extend(
            configs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        let mut driver = Driver {
            now: START,
            brokers: BTreeMap::new(),
            disks: BTreeMap::new(),
            events: Vec::new(),
            configs: all,
            stopped: Vec::new(),
            voters,
            boots: 0,
            next_conn: 0,
            pipes: BTreeMap::new(),
            mail: BTreeMap::new(),
            mail_number: 0,
            isolated: BTreeSet::new(),
            forgetful: false,
            asked: Vec::new(),
            unanswered: BTreeMap::new(),
            meddle: None,
            clients: Vec::new(),
        };
        for id in 1..=count {
            driver.start(id);
        }
        driver.run_for(ms);
        driver
    }

    pub fn start(&mut self, id: i32) {
        self.boots += 1;
        let config = BrokerConfig {
            node_id: id,
            cluster_id: "konbini-test".to_owned(),
            incarnation: self.boots,
            seed: 42,
            host: format!("broker-{id}"),
            port: 9092,
            rack: None,
            voters: self.voters.clone(),
            configs: self.configs.clone(),
        };
        let image = self.disks.entry(id).or_default().image();
        self.brokers
            .insert(id, Broker::new(config, self.now, image));
        self.drain(id);
    }

    /// Power cut: the node is gone, its connections break.
    pub fn kill(&mut self, id: i32) {
        self.brokers.remove(&id);
        self.unanswered.retain(|end, _| end.0 != id);
        let ends: Vec<End> = self
            .pipes
            .keys()
            .copied()
            .filter(|end| end.0 == id)
            .collect();
        for end in ends {
            if let Some(other) = self.pipes.remove(&end) {
                self.pipes.remove(&other);
                self.post(other.0, Input::Closed(other.1));
            }
        }
        self.clients
            .iter_mut()
            .filter(|c| c.node == id)
            .for_each(|c| c.closed = true);
        self.mail.retain(|_, (to, _)| *to != id);
    }

    /// The node that is the active controller.
    pub fn controller(&self) -> i32 {
        let active = |(_, broker): &(&i32, &Broker)| broker.is_active_controller();
        let found = self.brokers.iter().filter(active);
        let newest = found.max_by_key(|(_, broker)| broker.quorum().map(|view| view.epoch));
        *newest.expect("there is a controller").0
    }

    /// The connections that a node has open to others lose everything from now on, and nobody is
    /// told. New connections work.
    pub fn cut_silently(&mut self, id: i32) {
        self.pipes.retain(|end, other| end.0 != id && other.0 != id);
        self.mail.retain(|_, (to, _)| *to != id);
    }

    /// The links of a node carry nothing until [`Driver::mend`], and nobody is told.
    pub fn isolate(&mut self, id: i32) {
        self.cut_silently(id);
        self.isolated.insert(id);
    }

    pub fn mend(&mut self, id: i32) {
        self.isolated.remove(&id);
    }

    pub fn restart(&mut self, id: i32) {
        self.kill(id);
        self.start(id);
    }

    fn post(&mut self, to: i32, input: Input) {
        self.mail_number += 1;
        self.mail
            .insert((self.now + LATENCY_MS, self.mail_number), (to, input));
    }

    fn drain(&mut self, id: i32) {
        while let Some(output) = self.brokers.get_mut(&id).and_then(Broker::poll) {
            match output {
                Output::Dial { conn, host, .. } => self.dial(id, conn, &host),
                Output::Send(conn, bytes) => self.send_from(id, conn, bytes),
                Output::Close(conn) => self.close_from(id, conn),
                Output::Store(op) => {
                    let disk = self.disks.entry(id).or_default();
                    disk.apply(op).expect("operations fit the disk");
                }
                Output::Load(load_id, load) => {
                    let result = self.disks[&id].load(&load);
                    // Loads take no virtual time.
                    self.mail_number += 1;
                    let input = Input::Loaded(load_id, result);
                    self.mail.insert((self.now, self.mail_number), (id, input));
                }
                Output::Event(event) => self.events.push((id, event)),
                Output::Stopped => {
                    self.stopped.push((self.now, id));
                    self.kill(id);
                }
            }
        }
    }

    fn dial(&mut self, from: i32, conn: ConnId, host: &str) {
        let to: i32 = host
            .trim_start_matches("broker-")
            .parse()
            .expect("a broker's host");
        if self.isolated.contains(&from) || self.isolated.contains(&to) {
            return;
        }
        if !self.brokers.contains_key(&to) {
            self.post(from, Input::Refused(conn));
            return;
        }
        self.next_conn += 1;
        let other = ConnId::incoming(self.next_conn);
        self.pipes.insert((from, conn), (to, other));
        self.pipes.insert((to, other), (from, conn));
        self.post(to, Input::Accepted(other));
        self.post(from, Input::Connected(conn));
    }

    fn send_from(&mut self, id: i32, conn: ConnId, bytes: Bytes) {
        if let Some((to, other)) = self.pipes.get(&(id, conn)).copied() {
            if self.isolated.contains(&id) || self.isolated.contains(&to) {
                return;
            }
            let bytes = if conn.is_outgoing() {
                self.note_request(id, conn, bytes)
            } else {
                self.meddle_with((to, other), bytes)
            };
            self.post(to, Input::Received(other, bytes));
        } else if let Some(client) = self.client_of(id, conn) {
            client.reader.push(bytes);
            while let Some(frame) = client.reader.next().expect("a broker sends frames") {
                client.frames.push_back(frame);
            }
        }
    }

    fn note_request(&mut self, id: i32, conn: ConnId, bytes: Bytes) -> Bytes {
        let (header, _) = request::decode_header(&bytes.slice(4..)).expect("one whole request");
        self.asked.push((self.now, id, header.api_key));
        let waiting = self.unanswered.entry((id, conn)).or_default();
        waiting.push_back((header.api_key, header.api_version));
        bytes
    }

    fn meddle_with(&mut self, asker: End, bytes: Bytes) -> Bytes {
        let waiting = self.unanswered.get_mut(&asker);
        let (key, version) = waiting
            .and_then(VecDeque::pop_front)
            .expect("a response to a request");
        let Some((_, meddle)) = self.meddle.filter(|(node, _)| *node == asker.0) else {
            return bytes;
        };
        let (id, body) =
            response::decode_kind(&bytes.slice(4..), key, version).expect("one whole response");
        match meddle(body) {
            Some(body) => response::encode_kind(id, version, &body).expect("the same version"),
            None => frame(&bytes[4..8]),
        }
    }

    /// Requests of one API that a node has sent to others since `since`.
    pub fn count_asked(&self, node: i32, key: ApiKey, since: i64) -> usize {
        let of_it = |(at, from, api): &&(i64, i32, i16)| {
            *at >= since && *from == node && *api == key as i16
        };
        self.asked.iter().filter(of_it).count()
    }

    fn close_from(&mut self, id: i32, conn: ConnId) {
        if let Some((to, other)) = self.pipes.remove(&(id, conn)) {
            self.pipes.remove(&(to, other));
            self.post(to, Input::Closed(other));
        } else if let Some(client) = self.client_of(id, conn) {
            client.closed = true;
        }
    }

    fn client_of(&mut self, id: i32, conn: ConnId) -> Option<&mut Client> {
        self.clients
            .iter_mut()
            .find(|client| client.node == id && client.conn == conn)
    }

    pub fn input(&mut self, id: i32, input: Input) {
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.handle(self.now, input);
            self.drain(id);
            if self.forgetful
                && let Some(broker) = self.brokers.get_mut(&id)
            {
                broker.evict(0);
            }
        }
    }

    /// When something happens next.
    fn next_at(&self) -> Option<i64> {
        let mail = self.mail.keys().next().map(|(at, _)| *at);
        let wakes = self.brokers.values().filter_map(Broker::wake_at).min();
        [mail, wakes].into_iter().flatten().min()
    }

    /// Does everything that is due until `limit`; false when there is nothing more.
    fn step(&mut self, limit: i64) -> bool {
        let Some(at) = self.next_at().filter(|at| *at <= limit) else {
            return false;
        };
        self.now = self.now.max(at);
        if let Some(key) = self
            .mail
            .keys()
            .next()
            .copied()
            .filter(|key| key.0 <= self.now)
        {
            let (to, input) = self.mail.remove(&key).expect("it is there");
            self.input(to, input);
            return true;
        }
        let due = |broker: &Broker| broker.wake_at().is_some_and(|at| at <= self.now);
        let ids: Vec<i32> = self
            .brokers
            .iter()
            .filter(|(_, broker)| due(broker))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.input(id, Input::Wake);
            let again = self.brokers.get(&id).and_then(Broker::wake_at);
            assert!(
                again.is_none_or(|at| at > self.now),
                "broker {id} does not go to sleep"
            );
        }
        true
    }

    pub fn run_for(&mut self, ms: i64) {
        let end = self.now + ms;
        while self.step(end) {}
        self.now = end;
    }

    pub fn connect(&mut self, node: i32) -> ClientId {
        self.next_conn += 1;
        let conn = ConnId::incoming(self.next_conn);
        self.clients.push(Client {
            node,
            conn,
            reader: FrameReader::new(),
            frames: VecDeque::new(),
            closed: false,
            next_id: 0,
        });
        self.input(node, Input::Accepted(conn));
        ClientId(self.clients.len() - 1)
    }

    /// The client closes its connection.
    pub fn hang_up(&mut self, client: ClientId) {
        let (node, conn) = (self.clients[client.0].node, self.clients[client.0].conn);
        self.clients[client.0].closed = true;
        self.input(node, Input::Closed(conn));
    }

    pub fn send_bytes(&mut self, client: ClientId, bytes: impl Into<Bytes>) {
        let (node, conn) = (self.clients[client.0].node, self.clients[client.0].conn);
        self.input(node, Input::Received(conn, bytes.into()));
    }

    /// Sends a request and returns its correlation id.
    pub fn send<R: Request>(&mut self, client: ClientId, version: i16, body: &R) -> i32 {
        let id = self.clients[client.0].next_id;
        self.clients[client.0].next_id += 1;
        let header = RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id: id,
            client_id: Some(StrBytes::from_static_str("test")),
        };
        let frame = request::encode(&header, body).expect("a request of that version");
        self.send_bytes(client, frame);
        id
    }

    /// The next response that has come, without its size.
    pub fn take_frame(&mut self, client: ClientId) -> Option<Bytes> {
        self.clients[client.0].frames.pop_front()
    }

    pub fn is_closed(&self, client: ClientId) -> bool {
        self.clients[client.0].closed
    }

    /// Runs until the next response has come, at most for `ms`.
    pub fn wait_frame(&mut self, client: ClientId, ms: i64) -> Option<Bytes> {
        let end = self.now + ms;
        loop {
            if let Some(frame) = self.take_frame(client) {
                return Some(frame);
            }
            if self.is_closed(client) || !self.step(end) {
                return None;
            }
        }
    }

    /// Sends a request and waits up to a minute for its response.
    pub fn call<R: Request>(&mut self, client: ClientId, version: i16, body: &R) -> R::Response {
        let id = self.send(client, version, body);
        let Some(frame) = self.wait_frame(client, 60_000) else {
            let events: Vec<String> = self
                .events
                .iter()
                .map(|(id, event)| format!("{id} {} {:?}", event.code, event.args))
                .collect();
            panic!(
                "no response within a minute; {:?}; {}",
                self.brokers,
                events.join("\n")
            );
        };
        let (correlation_id, body) = response::decode::<R>(&frame, version).expect("a response");
        assert_eq!(correlation_id, id, "answers come in order");
        body
    }

    /// Like [`Driver::call`] for a request of any kind; `None` when the broker closed.
    pub fn call_kind(
        &mut self,
        client: ClientId,
        version: i16,
        body: &RequestKind,
    ) -> Option<ResponseKind> {
        let key = api::key_of_request(body) as i16;
        let id = self.clients[client.0].next_id;
        self.clients[client.0].next_id += 1;
        let header = RequestHeader {
            api_key: key,
            api_version: version,
            correlation_id: id,
            client_id: Some(StrBytes::from_static_str("test")),
        };
        let frame = request::encode_kind(&header, body).expect("a request of that version");
        self.send_bytes(client, frame);
        let frame = self.wait_frame(client, 60_000)?;
        let (correlation_id, body) =
            response::decode_kind(&frame, key, version).expect("a response");
        assert_eq!(correlation_id, id, "answers come in order");
        Some(body)
    }

    /// Codes of the events that a node emitted.
    pub fn codes(&self, node: i32) -> Vec<&str> {
        self.events
            .iter()
            .filter(|(id, _)| *id == node)
            .map(|(_, e)| e.code.as_ref())
            .collect()
    }
}
