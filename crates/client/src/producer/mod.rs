//! The producer: records in, batches out, acknowledgements back.
//!
//! [`Producer::send`] never waits. Where Java's `send` would block its thread (topic unknown,
//! `buffer.memory` full) records queue in order, each for at most `max.block.ms`, as if one
//! application thread called it; [`Producer::is_blocked`] tells a host that paces its application.
//!
//! Not here: transactions, interceptors, adaptive partitioning (KIP-794).

mod accumulator;
mod batch;
mod config;
mod idempotence;
mod partitioner;
mod record;
mod sender;
mod sequences;

use std::collections::{BTreeMap, VecDeque};

use konbini_protocol::messages::ResponseKind;
use konbini_trace::Event;

use crate::backoff::Backoff;
use crate::network::{Completion, Input, Network, Output};
use crate::{ClientError, TopicPartition};
use accumulator::Accumulator;
use batch::Pending;
pub use config::{Acks, Partitioner, ProducerConfig};
pub use konbini_protocol::compression::Codec;
pub use konbini_protocol::record::Header;
use partitioner::Chooser;
pub use record::{Delivery, Failure, ProducerRecord, ProducerStats, RecordId, Told};
use sender::Sent;
use sequences::Sequences;

/// Records that may wait for a topic or for memory; beyond that `send` fails at once.
pub const MAX_BLOCKED_RECORDS: usize = 10_000;

enum Purpose {
    Produce(Vec<Sent>),
    InitProducerId,
}

/// A record that waits where Java's `send` would block.
struct Blocked {
    id: RecordId,
    since: i64,
    record: ProducerRecord,
}

/// What can be done with a record now.
enum Admission {
    Append(i32),
    Wait,
    Refuse(ClientError),
}

pub struct Producer {
    config: ProducerConfig,
    max_in_flight: usize,
    net: Network<Purpose>,
    accumulator: Accumulator,
    sequences: Sequences,
    idempotent: bool,
    chooser: Chooser,
    blocked: VecDeque<Blocked>,
    /// When each topic was last sent to.
    topics_used: BTreeMap<String, i64>,
    outputs: VecDeque<Told>,
    stats: ProducerStats,
    next_record: u64,
    drain_turn: usize,
    retry_backoff: Backoff,
    /// An id was asked for and the answer is not here.
    init_under_way: bool,
    init_attempts: u32,
    init_not_before: i64,
    /// Records below this number are being flushed.
    flush_mark: Option<u64>,
    closing: bool,
    closed: bool,
    /// Something happened since [`Self::drive`] last ran.
    dirty: bool,
    now: i64,
}

impl Producer {
    /// A producer that connects at once. `seed` decides jitter, the first broker asked and keyless
    /// partitions; `now` is Unix ms, as everywhere.
    pub fn new(config: ProducerConfig, seed: u64, now: i64) -> Producer {
        let conflict = config.idempotence_conflict();
        let max_in_flight = config.max_in_flight_requests_per_connection.max(1);
        let mut net = Network::new(config.client.clone(), max_in_flight, seed);
        if config.enable_idempotence
            && let Some(setting) = conflict
        {
            net.event(Event::info("producer-not-idempotent").because_of(setting));
        }
        Producer {
            accumulator: Accumulator::new(
                config.batch_size,
                config.linger_ms,
                config.buffer_memory,
            ),
            sequences: Sequences::default(),
            idempotent: config.enable_idempotence && conflict.is_none(),
            chooser: Chooser::new(config.partitioner),
            retry_backoff: Backoff {
                initial_ms: config.client.retry_backoff_ms,
                max_ms: config.client.retry_backoff_max_ms,
            },
            max_in_flight,
            net,
            config,
            blocked: VecDeque::new(),
            topics_used: BTreeMap::new(),
            outputs: VecDeque::new(),
            stats: ProducerStats::default(),
            next_record: 0,
            drain_turn: 0,
            init_under_way: false,
            init_attempts: 0,
            init_not_before: i64::MIN,
            flush_mark: None,
            closing: false,
            closed: false,
            dirty: true,
            now,
        }
    }

    /// Takes a record over. Its end is a [`Told::Delivered`] or an [`Told::Failed`].
    pub fn send(&mut self, now: i64, record: ProducerRecord) -> RecordId {
        self.touch(now);
        let id = RecordId(self.next_record);
        self.next_record += 1;
        self.stats.sent += 1;
        if let Some(error) = self.unsendable(&record) {
            self.refuse(id, &record, error);
            return id;
        }
        let admission = if self.blocked.is_empty() {
            self.admit(&record)
        } else {
            Admission::Wait
        };
        match admission {
            Admission::Append(partition) => self.append(now, id, record, partition),
            Admission::Refuse(error) => self.refuse(id, &record, error),
            Admission::Wait if self.blocked.len() >= MAX_BLOCKED_RECORDS => {
                self.refuse(id, &record, ClientError::BufferExhausted);
            }
            Admission::Wait => self.blocked.push_back(Blocked {
                id,
                since: now,
                record,
            }),
        }
        id
    }

    fn unsendable(&self, record: &ProducerRecord) -> Option<ClientError> {
        let bytes = record.bytes();
        let too_large = |limit, setting| {
            (bytes > limit).then_some(ClientError::RecordTooLarge {
                bytes,
                limit,
                setting,
            })
        };
        if self.closing {
            return Some(ClientError::Closed);
        }
        if record.partition.is_some_and(|partition| partition < 0) {
            return Some(ClientError::IllegalState("a partition number is negative"));
        }
        too_large(self.config.max_request_size, "max.request.size")
            .or_else(|| too_large(self.config.buffer_memory, "buffer.memory"))
    }

    fn admit(&mut self, record: &ProducerRecord) -> Admission {
        match self.topics_used.get_mut(&record.topic) {
            Some(used) => *used = self.now,
            None => {
                self.topics_used.insert(record.topic.clone(), self.now);
                self.net.metadata.want(&record.topic);
            }
        }
        let Some(topic) = self.net.metadata.topic(&record.topic) else {
            return Admission::Wait;
        };
        if let Some(error) = topic.error.filter(|error| !error.is_retriable()) {
            let error = ClientError::Broker {
                code: error.code(),
                message: None,
            };
            return Admission::Refuse(error);
        }
        let count = topic.partitions.len() as i32;
        if count == 0 {
            return Admission::Wait;
        }
        let bytes = record.bytes();
        if !self.accumulator.has_memory(bytes) {
            return Admission::Wait;
        }
        if let Some(partition) = record.partition {
            if partition < count {
                return Admission::Append(partition);
            }
            // The topic may be growing: look again until max.block.ms has passed.
            self.net.metadata.request_update();
            return Admission::Wait;
        }
        let accumulator = &self.accumulator;
        let fits = |partition| {
            accumulator.open_batch_fits(&TopicPartition::new(&*record.topic, partition), bytes)
        };
        let key = record.key.as_deref();
        let seed = &mut self.net.seed;
        Admission::Append(self.chooser.choose(&record.topic, topic, key, seed, fits))
    }

    fn append(&mut self, now: i64, id: RecordId, record: ProducerRecord, partition: i32) {
        let pending = Pending {
            id,
            bytes: record.bytes(),
            timestamp: record.timestamp.unwrap_or(now),
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        let tp = TopicPartition {
            topic: record.topic,
            partition,
        };
        self.accumulator.append(now, tp, pending);
    }

    fn refuse(&mut self, id: RecordId, record: &ProducerRecord, error: ClientError) {
        self.stats.failed += 1;
        self.stats.last_error = Some(error.code_name());
        let mut event = Event::error("producer-refused")
            .with("topic", record.topic.as_str())
            .with("error", error.code_name());
        match &error {
            ClientError::Timeout { setting, .. } | ClientError::RecordTooLarge { setting, .. } => {
                event = event.because_of(setting);
            }
            ClientError::BufferExhausted => event = event.because_of("buffer.memory"),
            _ => {}
        }
        self.net.event(event);
        self.outputs.push_back(Told::Failed(Failure {
            ids: vec![id],
            topic: record.topic.clone(),
            partition: record.partition,
            error,
        }));
    }

    /// Sends everything now, whatever `linger.ms` says; [`Told::Flushed`] follows.
    pub fn flush(&mut self, now: i64) {
        self.touch(now);
        self.flush_mark = Some(self.next_record);
    }

    /// Takes no more records, delivers the rest and disconnects; [`Told::Closed`] follows, at the
    /// latest after `delivery.timeout.ms` (and `max.block.ms` for a topic that does not exist).
    pub fn close(&mut self, now: i64) {
        self.touch(now);
        self.closing = true;
    }

    /// Gives up everything and disconnects at once: Java's `close(Duration.ZERO)`.
    pub fn abort(&mut self, now: i64) {
        self.close(now);
        while let Some(blocked) = self.blocked.pop_front() {
            self.refuse(blocked.id, &blocked.record, ClientError::Closed);
        }
        for id in self.accumulator.on_wire() {
            if let Some((tp, batch)) = self.accumulator.land(id) {
                self.give_up(now, &tp, batch, ClientError::Closed, false);
            }
        }
        while let Some((tp, batch)) = self.accumulator.take_any() {
            self.give_up(now, &tp, batch, ClientError::Closed, false);
        }
    }

    pub fn handle(&mut self, now: i64, input: Input) {
        if self.closed {
            return;
        }
        self.touch(now);
        self.net.handle(now, input);
    }

    fn touch(&mut self, now: i64) {
        debug_assert!(now >= self.now, "time went back");
        self.now = now;
        self.dirty = true;
    }

    /// The next thing to be done or told; `None` until something new is handed in.
    pub fn poll(&mut self) -> Option<Output<Told>> {
        loop {
            if let Some(output) = self.net.next_output() {
                return Some(output);
            }
            if let Some(told) = self.outputs.pop_front() {
                return Some(Output::Told(told));
            }
            if !std::mem::take(&mut self.dirty) || self.closed {
                return None;
            }
            self.drive();
        }
    }

    fn drive(&mut self) {
        let now = self.now;
        self.net.tick(now);
        while let Some(completion) = self.net.next_completion() {
            self.completed(now, completion);
            self.dirty = true;
        }
        self.admit_blocked(now);
        self.expire(now);
        self.forget_idle_topics(now);
        if self.idempotent {
            self.keep_identity(now);
        }
        self.send_batches(now);
        self.finish();
    }

    fn completed(&mut self, now: i64, completion: Completion<Purpose>) {
        let node = completion.node;
        match (completion.purpose, completion.result) {
            (Purpose::Produce(sent), Ok(ResponseKind::Produce(answer))) => {
                self.produce_answered(now, sent, &answer);
            }
            (Purpose::Produce(sent), Err(lost)) => self.produce_lost(now, node, sent, &lost),
            (Purpose::InitProducerId, Ok(ResponseKind::InitProducerId(answer))) => {
                self.identity_answered(now, &answer);
            }
            (Purpose::InitProducerId, _) => self.identity_lost(now),
            // The decoder is chosen with the request, so no other kind can come.
            (Purpose::Produce(_), Ok(_)) => debug_assert!(false, "a response of another kind"),
        }
    }

    fn admit_blocked(&mut self, now: i64) {
        while let Some(blocked) = self.blocked.front() {
            let overdue = now - blocked.since >= self.config.max_block_ms;
            let Some(Blocked { id, since, record }) = self.blocked.pop_front() else {
                return;
            };
            match self.admit(&record) {
                Admission::Append(partition) => self.append(now, id, record, partition),
                Admission::Refuse(error) => self.refuse(id, &record, error),
                Admission::Wait if overdue => {
                    let topic = self.net.metadata.topic(&record.topic);
                    let last = topic.and_then(|topic| topic.error).map(|error| {
                        Box::new(ClientError::Broker {
                            code: error.code(),
                            message: None,
                        })
                    });
                    let error = ClientError::Timeout {
                        setting: "max.block.ms",
                        after_ms: self.config.max_block_ms,
                        last,
                    };
                    self.refuse(id, &record, error);
                }
                Admission::Wait => {
                    self.blocked.push_front(Blocked { id, since, record });
                    return;
                }
            }
        }
    }

    fn expire(&mut self, now: i64) {
        let until = now - self.config.delivery_timeout_ms;
        let timeout = || ClientError::Timeout {
            setting: "delivery.timeout.ms",
            after_ms: self.config.delivery_timeout_ms,
            last: None,
        };
        let (on_wire, error) = (self.accumulator.overdue_on_wire(until), timeout());
        for id in on_wire {
            if let Some((tp, batch)) = self.accumulator.land(id) {
                self.give_up(now, &tp, batch, error.clone(), false);
            }
        }
        while let Some((tp, batch)) = self.accumulator.take_overdue(until) {
            self.give_up(now, &tp, batch, error.clone(), false);
        }
    }

    /// Asking about a topic may create it, so one that is not used any more is left alone.
    fn forget_idle_topics(&mut self, now: i64) {
        let limit = self.config.metadata_max_idle_ms;
        if self.topics_used.values().all(|used| now - used < limit) {
            return;
        }
        let waiting = |topic: &str| self.accumulator.waiting().any(|(tp, _)| tp.topic == topic);
        let keep = |topic: &str, used: i64| now - used < limit || waiting(topic);
        let mut used = std::mem::take(&mut self.topics_used);
        used.retain(|topic, at| keep(topic, *at));
        self.net.metadata.want_only(used.keys().cloned().collect());
        self.topics_used = used;
    }

    fn finish(&mut self) {
        if let Some(mark) = self.flush_mark {
            let blocked = self.blocked.front().map(|blocked| blocked.id.0);
            let oldest = blocked
                .into_iter()
                .chain(self.accumulator.oldest_record())
                .min();
            if oldest.is_none_or(|oldest| oldest >= mark) {
                self.flush_mark = None;
                self.outputs.push_back(Told::Flushed);
            }
        }
        if self.closing && !self.closed && self.blocked.is_empty() && self.accumulator.is_empty() {
            self.closed = true;
            self.net.close();
            self.outputs.push_back(Told::Closed);
        }
    }

    /// When to hand in [`Input::Wake`] at the latest, Unix ms.
    pub fn wake_at(&self) -> Option<i64> {
        if self.closed {
            return None;
        }
        let hurry = self.in_hurry();
        let waiting = self.accumulator.waiting();
        let ready = waiting.filter_map(|(tp, _)| self.accumulator.ready_at(tp, hurry));
        let created = self.accumulator.oldest_created();
        let overdue = created.map(|at| at.saturating_add(self.config.delivery_timeout_ms));
        let blocked = self.blocked.front();
        let unblocked = blocked.map(|b| b.since.saturating_add(self.config.max_block_ms));
        let own = ready
            .chain(overdue)
            .chain(unblocked)
            .chain(self.identity_at());
        // What is overdue already waits for an answer or a connection.
        let own = own.filter(|at| *at > self.now).min();
        own.into_iter().chain(self.net.wake_at()).min()
    }

    pub fn stats(&self) -> &ProducerStats {
        &self.stats
    }

    /// Whether Java's `send` would block now.
    pub fn is_blocked(&self) -> bool {
        !self.blocked.is_empty()
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Partitions of a topic, once the cluster has told: Java's `partitionsFor`.
    pub fn partition_count(&self, topic: &str) -> Option<i32> {
        self.net.metadata.partition_count(topic)
    }

    /// Bytes of `buffer.memory` in use.
    pub fn buffered_bytes(&self) -> usize {
        self.accumulator.memory_used()
    }

    /// Producer id and epoch, once the cluster has given them.
    pub fn identity(&self) -> Option<(i64, i16)> {
        self.sequences.identity
    }

    pub fn config(&self) -> &ProducerConfig {
        &self.config
    }
}
