//! Real brokers and clients in one loop of virtual time, wired frame by frame.

#![allow(dead_code)] // Each test binary uses its own part.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_broker::{Broker, BrokerConfig, Input as BrokerInput, Output as BrokerOutput, Voter};
use konbini_client::admin::{
    self, Admin, AdminConfig, AdminError, AdminResult, NewTopic, OperationId,
};
use konbini_client::consumer::{self, ConsumedRecord, Consumer, ConsumerConfig};
use konbini_client::producer::{self, Delivery, Producer, ProducerConfig};
use konbini_client::{ClientConfig, HostPort, Input, Output, Wire};
use konbini_log::MemoryDisk;
use konbini_protocol::ConnId;
use konbini_trace::Event;

pub const START: i64 = 1_700_000_000_000;
const LATENCY_MS: i64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Broker(i32),
    Client(usize),
}

type End = (Who, ConnId);

enum Mail {
    Accepted(ConnId),
    Connected(ConnId),
    Refused(ConnId),
    Received(ConnId, Bytes),
    Closed(ConnId),
    Loaded(BrokerInput),
}

// A handful of clients: their sizes do not matter.
#[allow(clippy::large_enum_variant)]
pub enum Client {
    Producer(Producer),
    /// Polls whenever there is something, unless it is told not to.
    Consumer(Consumer),
    Admin(Admin),
    Gone,
}

/// What a client said.
#[derive(Default)]
pub struct Log {
    pub delivered: Vec<Delivery>,
    pub failed: Vec<producer::Failure>,
    pub records: Vec<ConsumedRecord>,
    pub told: Vec<consumer::Told>,
    pub done: BTreeMap<OperationId, Result<AdminResult, AdminError>>,
    pub events: Vec<Event>,
}

pub struct World {
    pub now: i64,
    pub brokers: BTreeMap<i32, Broker>,
    disks: BTreeMap<i32, MemoryDisk>,
    pub clients: Vec<Client>,
    pub logs: Vec<Log>,
    /// Consumers that do not poll by themselves.
    pub busy: Vec<usize>,
    voters: Vec<Voter>,
    boots: u64,
    next_conn: u64,
    pipes: BTreeMap<End, End>,
    mail: BTreeMap<(i64, u64), (Who, Mail)>,
    mail_number: u64,
}

impl World {
    pub fn new(brokers: i32) -> World {
        let voter = |id: i32| Voter {
            id,
            host: format!("broker-{id}"),
            port: 9092,
        };
        let mut world = World {
            now: START,
            brokers: BTreeMap::new(),
            disks: BTreeMap::new(),
            clients: Vec::new(),
            logs: Vec::new(),
            busy: Vec::new(),
            voters: (1..=brokers).map(voter).collect(),
            boots: 0,
            next_conn: 0,
            pipes: BTreeMap::new(),
            mail: BTreeMap::new(),
            mail_number: 0,
        };
        for id in 1..=brokers {
            world.start(id);
        }
        world
    }

    pub fn start(&mut self, id: i32) {
        self.boots += 1;
        let config = BrokerConfig {
            node_id: id,
            cluster_id: "test".to_owned(),
            incarnation: self.boots,
            seed: 42,
            host: format!("broker-{id}"),
            port: 9092,
            rack: None,
            voters: self.voters.clone(),
            configs: BTreeMap::from([
                (
                    "group.initial.rebalance.delay.ms".to_owned(),
                    "0".to_owned(),
                ),
                (
                    "offsets.topic.replication.factor".to_owned(),
                    self.voters.len().min(3).to_string(),
                ),
            ]),
        };
        let image = self.disks.entry(id).or_default().image();
        self.brokers
            .insert(id, Broker::new(config, self.now, image));
        self.drain_broker(id);
    }

    /// Power cut of one broker.
    pub fn kill(&mut self, id: i32) {
        self.brokers.remove(&id);
        self.break_pipes(Who::Broker(id));
    }

    /// A client vanishes without a word.
    pub fn crash(&mut self, client: usize) {
        self.clients[client] = Client::Gone;
        self.break_pipes(Who::Client(client));
    }

    fn break_pipes(&mut self, who: Who) {
        let ends: Vec<End> = self
            .pipes
            .keys()
            .copied()
            .filter(|end| end.0 == who)
            .collect();
        for end in ends {
            if let Some(other) = self.pipes.remove(&end) {
                self.pipes.remove(&other);
                // What was on its way is lost too.
                self.mail.retain(|_, (to, mail)| {
                    let Mail::Received(conn, _) = mail else {
                        return true;
                    };
                    (*to, *conn) != other
                });
                self.post(other.0, Mail::Closed(other.1));
            }
        }
        self.mail.retain(|_, (to, _)| *to != who);
    }

    fn client_config(&self, name: &str) -> ClientConfig {
        let servers = self
            .voters
            .iter()
            .map(|v| HostPort::new(v.host.as_str(), v.port));
        ClientConfig::new(name, servers.collect())
    }

    fn add(&mut self, client: Client) -> usize {
        self.clients.push(client);
        self.logs.push(Log::default());
        let i = self.clients.len() - 1;
        self.drain_client(i);
        i
    }

    pub fn producer(&mut self, change: impl FnOnce(&mut ProducerConfig)) -> usize {
        let mut config = ProducerConfig::new(self.client_config("producer"));
        change(&mut config);
        let seed = self.clients.len() as u64;
        self.add(Client::Producer(Producer::new(config, seed, self.now)))
    }

    pub fn admin(&mut self) -> usize {
        let config = AdminConfig::new(self.client_config("admin"));
        let seed = self.clients.len() as u64;
        self.add(Client::Admin(Admin::new(config, seed, self.now)))
    }

    pub fn consumer(
        &mut self,
        group: &str,
        topics: &[&str],
        change: impl FnOnce(&mut ConsumerConfig),
    ) -> usize {
        let name = format!("consumer-{}", self.clients.len());
        let mut config = ConsumerConfig::new(self.client_config(&name));
        config.group_id = Some(group.to_owned());
        config.auto_offset_reset = consumer::OffsetReset::Earliest;
        change(&mut config);
        let seed = self.clients.len() as u64;
        let mut consumer = Consumer::new(config, seed, self.now);
        consumer.subscribe(self.now, topics.iter().map(|t| (*t).to_owned()));
        self.add(Client::Consumer(consumer))
    }

    pub fn with_producer<T>(&mut self, i: usize, f: impl FnOnce(&mut Producer, i64) -> T) -> T {
        let now = self.now;
        let Client::Producer(producer) = &mut self.clients[i] else {
            panic!("no producer")
        };
        let result = f(producer, now);
        self.drain_client(i);
        result
    }

    pub fn with_consumer<T>(&mut self, i: usize, f: impl FnOnce(&mut Consumer, i64) -> T) -> T {
        let now = self.now;
        let Client::Consumer(consumer) = &mut self.clients[i] else {
            panic!("no consumer")
        };
        let result = f(consumer, now);
        self.drain_client(i);
        result
    }

    /// Runs one admin operation to its end.
    pub fn administer(
        &mut self,
        i: usize,
        f: impl FnOnce(&mut Admin, i64) -> OperationId,
    ) -> Result<AdminResult, AdminError> {
        let now = self.now;
        let Client::Admin(admin) = &mut self.clients[i] else {
            panic!("no admin")
        };
        let id = f(admin, now);
        self.drain_client(i);
        let end = self.now + 120_000;
        while !self.logs[i].done.contains_key(&id) {
            assert!(self.step(end), "the operation ends");
        }
        self.logs[i].done.remove(&id).unwrap()
    }

    pub fn create_topic(&mut self, name: &str, partitions: i32) {
        let admin = self.admin();
        let topic = NewTopic {
            name: name.to_owned(),
            partitions,
            replication_factor: 1,
            ..NewTopic::default()
        };
        self.administer(admin, |a, now| a.create_topic(now, topic))
            .expect("a topic");
        self.crash(admin);
    }

    fn post(&mut self, to: Who, mail: Mail) {
        self.mail_number += 1;
        self.mail
            .insert((self.now + LATENCY_MS, self.mail_number), (to, mail));
    }

    fn dial(&mut self, from: Who, conn: ConnId, host: &str) {
        let id: i32 = host.trim_start_matches("broker-").parse().unwrap();
        if !self.brokers.contains_key(&id) {
            return self.post(from, Mail::Refused(conn));
        }
        self.next_conn += 1;
        let other = (Who::Broker(id), ConnId::incoming(self.next_conn));
        self.pipes.insert((from, conn), other);
        self.pipes.insert(other, (from, conn));
        self.post(other.0, Mail::Accepted(other.1));
        self.post(from, Mail::Connected(conn));
    }

    fn send(&mut self, from: Who, conn: ConnId, bytes: Bytes) {
        if let Some((to, other)) = self.pipes.get(&(from, conn)).copied() {
            self.post(to, Mail::Received(other, bytes));
        }
    }

    fn close(&mut self, from: Who, conn: ConnId) {
        if let Some((to, other)) = self.pipes.remove(&(from, conn)) {
            self.pipes.remove(&(to, other));
            self.post(to, Mail::Closed(other));
        }
    }

    fn drain_broker(&mut self, id: i32) {
        let who = Who::Broker(id);
        while let Some(output) = self.brokers.get_mut(&id).and_then(Broker::poll) {
            match output {
                BrokerOutput::Dial { conn, host, .. } => self.dial(who, conn, &host),
                BrokerOutput::Send(conn, bytes) => self.send(who, conn, bytes),
                BrokerOutput::Close(conn) => self.close(who, conn),
                BrokerOutput::Store(op) => {
                    self.disks
                        .entry(id)
                        .or_default()
                        .apply(op)
                        .expect("fits the disk");
                }
                BrokerOutput::Load(load_id, load) => {
                    let result = self.disks[&id].load(&load);
                    self.post(who, Mail::Loaded(BrokerInput::Loaded(load_id, result)));
                }
                BrokerOutput::Event(_) | BrokerOutput::Stopped => {}
            }
        }
    }

    fn drain_client(&mut self, i: usize) {
        loop {
            let more = match &mut self.clients[i] {
                Client::Producer(p) => {
                    let output = p.poll();
                    self.said(i, output, World::producer_said)
                }
                Client::Consumer(c) => {
                    let output = c.poll();
                    self.said(i, output, World::consumer_said)
                }
                Client::Admin(a) => {
                    let output = a.poll();
                    self.said(i, output, World::admin_said)
                }
                Client::Gone => false,
            };
            if !more {
                return;
            }
        }
    }

    /// Does what a client asked for; what it told its application goes to `told`. Says whether there
    /// was anything.
    fn said<T>(
        &mut self,
        i: usize,
        output: Option<Output<T>>,
        told: impl FnOnce(&mut World, usize, T),
    ) -> bool {
        let who = Who::Client(i);
        match output {
            None => return false,
            Some(Output::Wire(Wire::Dial { conn, host, .. })) => self.dial(who, conn, &host),
            Some(Output::Wire(Wire::Send(conn, bytes))) => self.send(who, conn, bytes),
            Some(Output::Wire(Wire::Close(conn))) => self.close(who, conn),
            Some(Output::Event(event)) => self.logs[i].events.push(event),
            Some(Output::Told(what)) => told(self, i, what),
        }
        true
    }

    fn producer_said(&mut self, i: usize, told: producer::Told) {
        match told {
            producer::Told::Delivered(delivery) => self.logs[i].delivered.push(delivery),
            producer::Told::Failed(failure) => self.logs[i].failed.push(failure),
            producer::Told::Flushed | producer::Told::Closed => {}
        }
    }

    fn consumer_said(&mut self, i: usize, told: consumer::Told) {
        if told != consumer::Told::RecordsReady {
            return self.logs[i].told.push(told);
        }
        let (now, busy) = (self.now, self.busy.contains(&i));
        let Client::Consumer(c) = &mut self.clients[i] else {
            return;
        };
        if busy {
            return;
        }
        loop {
            let records = c.poll_records(now, 500);
            if records.is_empty() {
                return;
            }
            self.logs[i].records.extend(records);
        }
    }

    fn admin_said(&mut self, i: usize, told: admin::Told) {
        if let admin::Told::Done(id, result) = told {
            self.logs[i].done.insert(id, result);
        }
    }

    fn deliver(&mut self, to: Who, mail: Mail) {
        let now = self.now;
        match to {
            Who::Broker(id) => {
                let Some(broker) = self.brokers.get_mut(&id) else {
                    return;
                };
                broker.handle(
                    now,
                    match mail {
                        Mail::Accepted(conn) => BrokerInput::Accepted(conn),
                        Mail::Connected(conn) => BrokerInput::Connected(conn),
                        Mail::Refused(conn) => BrokerInput::Refused(conn),
                        Mail::Received(conn, bytes) => BrokerInput::Received(conn, bytes),
                        Mail::Closed(conn) => BrokerInput::Closed(conn),
                        Mail::Loaded(input) => input,
                    },
                );
                self.drain_broker(id);
            }
            Who::Client(i) => {
                let input = match mail {
                    Mail::Connected(conn) => Input::Connected(conn),
                    Mail::Refused(conn) => Input::Refused(conn),
                    Mail::Received(conn, bytes) => Input::Received(conn, bytes),
                    Mail::Closed(conn) => Input::Closed(conn),
                    Mail::Accepted(_) | Mail::Loaded(_) => panic!("not for a client"),
                };
                self.wake_client(i, input);
            }
        }
    }

    fn wake_client(&mut self, i: usize, input: Input) {
        let now = self.now;
        match &mut self.clients[i] {
            Client::Producer(p) => p.handle(now, input),
            Client::Consumer(c) => c.handle(now, input),
            Client::Admin(a) => a.handle(now, input),
            Client::Gone => {}
        }
        self.drain_client(i);
    }

    fn client_wake(&self, i: usize) -> Option<i64> {
        match &self.clients[i] {
            Client::Producer(p) => p.wake_at(),
            Client::Consumer(c) => c.wake_at(),
            Client::Admin(a) => a.wake_at(),
            Client::Gone => None,
        }
    }

    /// Does the next thing that is due until `end`; false when there is nothing.
    pub fn step(&mut self, end: i64) -> bool {
        let mail = self.mail.keys().next().map(|(at, _)| *at);
        let brokers = self.brokers.values().filter_map(Broker::wake_at);
        let clients = (0..self.clients.len()).filter_map(|i| self.client_wake(i));
        let next = mail.into_iter().chain(brokers).chain(clients).min();
        let Some(at) = next.filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        let first = self
            .mail
            .keys()
            .next()
            .copied()
            .filter(|key| key.0 <= self.now);
        if let Some((to, mail)) = first.and_then(|key| self.mail.remove(&key)) {
            self.deliver(to, mail);
            return true;
        }
        for id in self.brokers.keys().copied().collect::<Vec<_>>() {
            let due = self.brokers[&id].wake_at().is_some_and(|at| at <= self.now);
            if let Some(broker) = self.brokers.get_mut(&id).filter(|_| due) {
                broker.handle(self.now, BrokerInput::Wake);
                self.drain_broker(id);
            }
        }
        for i in 0..self.clients.len() {
            if self.client_wake(i).is_some_and(|at| at <= self.now) {
                self.wake_client(i, Input::Wake);
                let again = self.client_wake(i);
                assert!(
                    again.is_none_or(|at| at > self.now),
                    "client {i} does not go to sleep"
                );
            }
        }
        true
    }

    pub fn run_for(&mut self, ms: i64) {
        let end = self.now + ms;
        while self.step(end) {}
        self.now = end;
    }
}
