//! A producer with its application: a timer that makes records from a template.

use super::pace::Ticks;
use super::template::Template;
use crate::chance::{Chance, salt};
use crate::observe::rate::Rate;
use crate::outbox::{Acked, Outbox};
use bytes::Bytes;
use konbini_client::producer::{
    Acks, Codec, Delivery, Header, Partitioner, Producer, ProducerConfig, ProducerRecord, Told,
};
use konbini_client::{ClientConfig, HostPort, Input};
use konbini_scenario::snapshot::ProducerView;
use konbini_scenario::spec::{self, PartitionChoice, ProducerSpec};
use konbini_trace::Event;
use std::collections::VecDeque;

/// Acknowledgements that a view shows.
const LAST_ACKS: usize = 8;
/// Records of one tick (one for each partition) at the most.
const EACH_MAX: i32 = 1_000;
/// Records made in one step; the rest of the millisecond's follow in further steps.
const RECORDS_PER_STEP: usize = 64;

/// What an outcome in the trace hash is about.
const DELIVERED: i64 = 1;
const FAILED: i64 = 2;

pub(crate) struct ProducerActor {
    spec: ProducerSpec,
    client: Producer,
    template: Template,
    /// The timer, while it runs.
    ticks: Option<Ticks>,
    /// The timer stood still because `send` would have blocked.
    held_up: bool,
    rate: Rate,
    last_acks: VecDeque<(i32, i64)>,
    /// What counts from Unix time to virtual time.
    epoch: i64,
}

/// A record that somebody sends by hand.
pub(crate) struct HandMade<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) value: Option<&'a str>,
    pub(crate) partition: Option<i32>,
    pub(crate) headers: &'a [(String, String)],
}

impl ProducerActor {
    /// `now` in Unix ms; `epoch` is virtual time zero; the salt sets this client apart from others.
    pub(crate) fn new(
        spec: &ProducerSpec,
        bootstrap: Vec<HostPort>,
        (seed, salt_of_client): (u64, &[u64]),
        epoch: i64,
        now: i64,
    ) -> ProducerActor {
        let chance = |kind| Chance::new(seed, &[&[kind], salt_of_client].concat());
        let config = config(spec, bootstrap);
        let mut actor = ProducerActor {
            spec: spec.clone(),
            client: Producer::new(config, chance(salt::CLIENT).next(), now),
            template: Template::new(&spec.keys, &spec.value, chance(salt::RECORDS)),
            ticks: None,
            held_up: false,
            rate: Rate::default(),
            last_acks: VecDeque::new(),
            epoch,
        };
        actor.run(now, spec.running);
        actor
    }

    /// Starts or stops the timer.
    pub(crate) fn run(&mut self, now: i64, running: bool) {
        self.spec.running = running;
        match (running, &self.ticks) {
            (true, None) => self.ticks = Some(Ticks::new(self.spec.pace, now)),
            (false, Some(_)) => self.ticks = None,
            _ => {}
        }
        if !running {
            self.client.flush(now);
        }
    }

    pub(crate) fn send(&mut self, now: i64, record: &HandMade<'_>) {
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let headers = record.headers.iter().map(|(key, value)| Header {
            key: key.clone(),
            value: Some(bytes(value)),
        });
        let record = ProducerRecord {
            topic: self.spec.topic.clone(),
            partition: record.partition,
            key: record.key.map(bytes),
            value: record.value.map(bytes),
            headers: headers.collect(),
            timestamp: None,
        };
        self.client.send(now, record);
    }

    /// Takes no more records; what waits is still delivered.
    pub(crate) fn close(&mut self, now: i64) {
        self.ticks = None;
        self.client.close(now);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(crate) fn handle(&mut self, now: i64, input: Input, out: &mut Outbox) {
        self.client.handle(now, input);
        self.work(now, out);
    }

    /// Lets the application do what is due, and the client say what it wants.
    pub(crate) fn work(&mut self, now: i64, out: &mut Outbox) {
        self.drain(now, out);
        self.tick(now, out);
        self.drain(now, out);
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(crate) fn wake_at(&self) -> Option<i64> {
        let tick = match self.client.is_blocked() {
            true => None,
            false => self.ticks.as_ref().map(Ticks::next_at),
        };
        tick.into_iter().chain(self.client.wake_at()).min()
    }

    fn tick(&mut self, now: i64, out: &mut Outbox) {
        for _ in 0..RECORDS_PER_STEP {
            let Some(ticks) = &mut self.ticks else { return };
            if self.client.is_blocked() {
                self.held_up = true;
                return;
            }
            if std::mem::take(&mut self.held_up) {
                ticks.skip_to(now);
            }
            if !ticks.take(now) {
                return;
            }
            self.make(now);
            if self.reached_limit() {
                self.run(now, false);
                let event = Event::info("producer-reached-limit");
                out.events
                    .push(event.with("records", as_i64(self.template.number())));
            }
        }
    }

    fn reached_limit(&self) -> bool {
        self.spec
            .limit
            .is_some_and(|limit| self.template.number() >= limit)
    }

    fn make(&mut self, now: i64) {
        match self.spec.partition {
            PartitionChoice::Default | PartitionChoice::RoundRobin => self.make_one(now, None),
            PartitionChoice::Fixed(partition) => self.make_one(now, Some(partition)),
            PartitionChoice::Each => {
                // Until the topic is known, the first partition's record makes the client ask.
                let count = self.client.partition_count(&self.spec.topic).unwrap_or(1);
                for partition in 0..count.min(EACH_MAX) {
                    self.make_one(now, Some(partition));
                    if self.reached_limit() {
                        break;
                    }
                }
            }
        }
    }

    fn make_one(&mut self, now: i64, partition: Option<i32>) {
        let (key, value) = self.template.next(now);
        let record = ProducerRecord {
            topic: self.spec.topic.clone(),
            partition,
            key,
            value: Some(value),
            headers: Vec::new(),
            timestamp: None,
        };
        self.client.send(now, record);
        self.rate.add(now - self.epoch, 1);
    }

    fn drain(&mut self, now: i64, out: &mut Outbox) {
        while let Some(output) = self.client.poll() {
            match out.take(output) {
                Some(Told::Delivered(delivery)) => self.delivered(&delivery, out),
                Some(Told::Failed(failure)) => {
                    let partition = i64::from(failure.partition.unwrap_or(-1));
                    let count = as_i64(failure.ids.len() as u64);
                    out.outcomes.push([FAILED, partition, count]);
                }
                Some(Told::Flushed | Told::Closed) | None => {}
            }
        }
        let _ = now;
    }

    fn delivered(&mut self, delivery: &Delivery, out: &mut Outbox) {
        let partition = delivery.partition;
        out.outcomes
            .push([DELIVERED, i64::from(partition), delivery.base_offset]);
        out.acked.push(Acked {
            producer: self.spec.name.clone(),
            topic: delivery.topic.clone(),
            partition,
            base_offset: delivery.base_offset,
            records: delivery.ids.iter().map(|id| id.0).collect(),
        });
        if delivery.base_offset < 0 {
            return;
        }
        let count = delivery.ids.len();
        let newest = (0..count).skip(count.saturating_sub(LAST_ACKS));
        for place in newest {
            let offset = delivery.base_offset + as_i64(place as u64);
            self.last_acks.push_back((partition, offset));
        }
        while self.last_acks.len() > LAST_ACKS {
            self.last_acks.pop_front();
        }
    }

    /// `now` in Unix ms.
    pub(crate) fn view(&self, now: i64) -> ProducerView {
        let stats = self.client.stats();
        ProducerView {
            spec: self.spec.clone(),
            sent: stats.sent,
            acked: stats.acked,
            failed: stats.failed,
            waiting: stats.waiting(),
            requests: stats.requests,
            bytes: stats.bytes,
            retries: stats.retries,
            per_second: self.rate.last(now - self.epoch),
            last_error: stats.last_error.clone(),
            last_acks: self.last_acks.iter().copied().collect(),
        }
    }
}

fn as_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn config(spec: &ProducerSpec, bootstrap: Vec<HostPort>) -> ProducerConfig {
    let defaults = ProducerConfig::new(ClientConfig::new(spec.name.clone(), bootstrap));
    ProducerConfig {
        acks: match spec.acks {
            spec::Acks::None => Acks::None,
            spec::Acks::Leader => Acks::Leader,
            spec::Acks::All => Acks::All,
        },
        compression_type: match spec.compression {
            spec::Codec::None => Codec::None,
            spec::Codec::Gzip => Codec::Gzip,
            spec::Codec::Snappy => Codec::Snappy,
            spec::Codec::Lz4 => Codec::Lz4,
            spec::Codec::Zstd => Codec::Zstd,
        },
        batch_size: spec.batch_size as usize,
        linger_ms: i64::from(spec.linger_ms),
        retries: spec.retries.unwrap_or(defaults.retries),
        enable_idempotence: spec.idempotent,
        partitioner: match spec.partition {
            PartitionChoice::RoundRobin => Partitioner::RoundRobin,
            PartitionChoice::Default | PartitionChoice::Fixed(_) | PartitionChoice::Each => {
                Partitioner::Default
            }
        },
        ..defaults
    }
}
