//! A consumer with its application: one thread that polls, works on each record, and commits.
//!
//! While the application works on a record or waits for a commit it does not poll, as in any
//! program with one thread: `max.poll.interval.ms` counts, and a rebalance waits for it.

use crate::observe::rate::Rate;
use crate::outbox::Outbox;
use konbini_client::consumer::{
    Assignor, CommitId, CommitKind, ConsumedRecord, Consumer, ConsumerConfig, OffsetReset, State,
    Told,
};
use konbini_client::{ClientConfig, HostPort, Input, TopicPartition};
use konbini_scenario::snapshot::{
    ConsumerState, ConsumerView, LAST_RECORDS, PartitionPosition, SeenRecord,
};
use konbini_scenario::spec::{self, Commit, ConsumerSpec, Start};
use konbini_trace::Event;
use std::collections::{BTreeMap, VecDeque};

/// Characters of a key or value that a view shows.
const SHOWN_CHARS: usize = 200;
/// Records handled in one step when the work takes no time; the rest follow in further steps.
const RECORDS_PER_STEP: usize = 1_000;

/// What an outcome in the trace hash is about: a record handled, a commit answered.
const HANDLED: i64 = 3;
const COMMITTED: i64 = 4;

/// What a member of a group was told that it owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub group: String,
    pub member_id: String,
    pub generation: i32,
    /// Topic and partition.
    pub owned: Vec<(String, i32)>,
}

pub(crate) struct ConsumerActor {
    spec: ConsumerSpec,
    bootstrap: Vec<HostPort>,
    seed: u64,
    /// Virtual time zero as Unix ms.
    epoch: i64,
    life: Life,
    paused: bool,
    /// Polled and not handled yet, oldest first.
    batch: VecDeque<ConsumedRecord>,
    /// The application works on the first of the batch until then.
    busy_until: Option<i64>,
    /// The application waits for this commit.
    committing: Option<CommitId>,
    /// What the records handled since the last commit by hand come to: the offsets to commit.
    handled: BTreeMap<TopicPartition, i64>,
    consumed: u64,
    bytes: u64,
    rate: Rate,
    last: VecDeque<SeenRecord>,
    last_error: Option<String>,
    /// Events of the application itself that were not told yet.
    told: Vec<Event>,
}

// The client is most of an actor in every state that matters.
#[allow(clippy::large_enum_variant)]
enum Life {
    Stopped,
    Crashed,
    Running(Consumer),
    /// Leaving its group.
    Leaving(Consumer),
}

impl ConsumerActor {
    /// `now` in Unix ms; `epoch` is virtual time zero.
    pub(crate) fn new(
        spec: &ConsumerSpec,
        bootstrap: Vec<HostPort>,
        seed: u64,
        epoch: i64,
        now: i64,
    ) -> ConsumerActor {
        let mut actor = ConsumerActor {
            spec: spec.clone(),
            bootstrap,
            seed,
            epoch,
            life: Life::Stopped,
            paused: false,
            batch: VecDeque::new(),
            busy_until: None,
            committing: None,
            handled: BTreeMap::new(),
            consumed: 0,
            bytes: 0,
            rate: Rate::default(),
            last: VecDeque::new(),
            last_error: None,
            told: Vec::new(),
        };
        if spec.running {
            actor.start(now);
        }
        actor
    }

    /// Starts a new client; one that runs already goes on.
    pub(crate) fn start(&mut self, now: i64) {
        self.spec.running = true;
        if matches!(self.life, Life::Running(_)) {
            return;
        }
        self.forget_work();
        // A client that starts again is another client: it must not repeat the first one's draws.
        self.seed = self.seed.wrapping_add(1);
        let config = config(&self.spec, self.bootstrap.clone());
        let mut client = Consumer::new(config, self.seed, now);
        match self.spec.group {
            Some(_) => client.subscribe(now, self.spec.topics.clone()),
            None => client.follow(now, self.spec.topics.clone()),
        }
        self.life = Life::Running(client);
    }

    /// Leaves the group politely. What was polled and not handled is not committed.
    pub(crate) fn stop(&mut self, now: i64) {
        self.spec.running = false;
        let unhandled = self.first_unhandled();
        self.forget_work();
        self.life = match std::mem::replace(&mut self.life, Life::Stopped) {
            Life::Running(mut client) => {
                for (partition, offset) in unhandled {
                    client.seek(now, &partition, offset);
                }
                client.close(now);
                Life::Leaving(client)
            }
            Life::Leaving(client) => Life::Leaving(client),
            Life::Stopped | Life::Crashed => Life::Stopped,
        };
    }

    fn first_unhandled(&self) -> BTreeMap<TopicPartition, i64> {
        let mut first = BTreeMap::new();
        for record in &self.batch {
            let partition = TopicPartition::new(&*record.topic, record.partition);
            first.entry(partition).or_insert(record.offset);
        }
        first
    }

    /// The process is gone. Its connections are the caller's business.
    pub(crate) fn crash(&mut self) {
        self.spec.running = false;
        self.forget_work();
        self.life = Life::Crashed;
    }

    pub(crate) fn pause(&mut self, now: i64, paused: bool) {
        self.paused = paused;
        self.follow_pause(now);
    }

    fn follow_pause(&mut self, now: i64) {
        if let Life::Running(client) = &mut self.life {
            let owned: Vec<TopicPartition> = partitions_of(client);
            match self.paused {
                true => client.pause(now, &owned),
                false => client.resume(now, &owned),
            }
        }
    }

    /// Moves the position in a partition that it owns; what was polled from there is dropped.
    pub(crate) fn seek(&mut self, now: i64, topic: &str, partition: i32, offset: i64) {
        let moved =
            |record: &ConsumedRecord| record.topic == topic && record.partition == partition;
        if let Life::Running(client) = &mut self.life {
            let partition = TopicPartition::new(topic, partition);
            if !client.seek(now, &partition, offset) {
                let event = Event::warn("seek-refused").with("topic", topic);
                self.told.push(event.with("partition", partition.partition));
                return;
            }
            self.handled.remove(&partition);
        }
        if self.batch.front().is_some_and(moved) {
            self.busy_until = None;
        }
        self.batch.retain(|record| !moved(record));
    }

    fn forget_work(&mut self) {
        self.paused = false;
        self.batch.clear();
        self.busy_until = None;
        self.committing = None;
        self.handled.clear();
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.life, Life::Running(_))
    }

    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.life, Life::Stopped | Life::Crashed)
    }

    pub(crate) fn handle(&mut self, now: i64, input: Input, out: &mut Outbox) {
        if let Life::Running(client) | Life::Leaving(client) = &mut self.life {
            client.handle(now, input);
        }
        self.work(now, out);
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(crate) fn wake_at(&self) -> Option<i64> {
        match &self.life {
            Life::Running(client) => {
                // With a batch in hand and no reason to wait there is more to do at once.
                let at_once = !self.batch.is_empty()
                    && self.busy_until.is_none()
                    && self.committing.is_none();
                let work = match at_once {
                    true => Some(i64::MIN),
                    false => self.busy_until,
                };
                work.into_iter().chain(client.wake_at()).min()
            }
            Life::Leaving(client) => client.wake_at(),
            Life::Stopped | Life::Crashed => None,
        }
    }

    /// Lets the application go on as far as it can now, and the client say what it wants.
    pub(crate) fn work(&mut self, now: i64, out: &mut Outbox) {
        out.events.append(&mut self.told);
        self.drain(now, out);
        for _ in 0..RECORDS_PER_STEP {
            if !self.go_on(now, out) {
                break;
            }
            self.drain(now, out);
        }
        self.drain(now, out);
    }

    /// One thing that the application does; false when it has to wait.
    fn go_on(&mut self, now: i64, out: &mut Outbox) -> bool {
        if self.committing.is_some() || !matches!(self.life, Life::Running(_)) {
            return false;
        }
        if let Some(until) = self.busy_until {
            if now < until {
                return false;
            }
            self.busy_until = None;
            self.finish_record(now, out);
            return true;
        }
        if self.batch.is_empty() {
            return self.finish_poll(now) || self.poll(now);
        }
        match self.spec.process_ms {
            0 => self.finish_record(now, out),
            ms => self.busy_until = Some(now + i64::from(ms)),
        }
        true
    }

    /// Asks the client for records; false when there are none.
    fn poll(&mut self, now: i64) -> bool {
        let Life::Running(client) = &mut self.life else {
            return false;
        };
        let max = usize::try_from(self.spec.max_poll_records).unwrap_or(usize::MAX);
        self.batch = client.poll_records(now, max).into();
        !self.batch.is_empty()
    }

    fn finish_record(&mut self, now: i64, out: &mut Outbox) {
        let Some(record) = self.batch.pop_front() else {
            return;
        };
        out.outcomes
            .push([HANDLED, i64::from(record.partition), record.offset]);
        let size = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, bytes::Bytes::len);
        self.consumed += 1;
        self.bytes += (size(&record.key) + size(&record.value)) as u64;
        self.rate.add(now - self.epoch, 1);
        if matches!(self.spec.commit, Commit::EachRecord | Commit::EachPoll) {
            let partition = TopicPartition::new(&*record.topic, record.partition);
            self.handled.insert(partition, record.offset + 1);
        }
        if self.spec.commit == Commit::EachRecord {
            self.commit(now);
        }
        // Only the newest of a long batch can be seen.
        if self.batch.len() < LAST_RECORDS || self.spec.process_ms > 0 {
            self.last.push_back(seen(&record, now - self.epoch));
            while self.last.len() > LAST_RECORDS {
                self.last.pop_front();
            }
        }
    }

    /// Commits what a whole poll came to; false when there is nothing to commit.
    fn finish_poll(&mut self, now: i64) -> bool {
        let wanted = self.spec.commit == Commit::EachPoll && !self.handled.is_empty();
        if wanted {
            self.commit(now);
        }
        wanted
    }

    fn commit(&mut self, now: i64) {
        let offsets = std::mem::take(&mut self.handled);
        if let Life::Running(client) = &mut self.life
            && self.spec.group.is_some()
        {
            let offsets = Some(offsets.into_iter().collect());
            self.committing = Some(client.commit(now, offsets, CommitKind::Sync));
        }
    }

    fn drain(&mut self, now: i64, out: &mut Outbox) {
        loop {
            let (Life::Running(client) | Life::Leaving(client)) = &mut self.life else {
                return;
            };
            let Some(output) = client.poll() else { return };
            let Some(told) = out.take(output) else {
                continue;
            };
            match told {
                Told::RecordsReady => {}
                Told::Assigned(_) => self.follow_pause_of_new(now),
                Told::Revoked(partitions) | Told::Lost(partitions) => self.lose(&partitions),
                Told::Committed(id, result) => self.committed(id, result.is_ok(), out),
                Told::Failed(error) => self.last_error = Some(error.code_name()),
                Told::Closed => self.life = Life::Stopped,
            }
        }
    }

    /// What a paused consumer is given is paused too.
    fn follow_pause_of_new(&mut self, now: i64) {
        if self.paused {
            self.follow_pause(now);
        }
    }

    /// What was polled from partitions that somebody else reads now is theirs.
    fn lose(&mut self, partitions: &[TopicPartition]) {
        let gone = |topic: &str, partition: i32| {
            partitions
                .iter()
                .any(|lost| lost.topic == topic && lost.partition == partition)
        };
        let first = self.batch.front();
        if first.is_some_and(|record| gone(&record.topic, record.partition)) {
            self.busy_until = None;
        }
        self.batch
            .retain(|record| !gone(&record.topic, record.partition));
        self.handled
            .retain(|partition, _| !gone(&partition.topic, partition.partition));
    }

    fn committed(&mut self, id: CommitId, worked: bool, out: &mut Outbox) {
        if self.committing == Some(id) {
            self.committing = None;
        }
        out.outcomes.push([COMMITTED, i64::from(worked), 0]);
    }

    /// What it was told that it owns, while it is a member of a group.
    pub(crate) fn holding(&self) -> Option<Holding> {
        let Life::Running(client) = &self.life else {
            return None;
        };
        let owned = client.assignment().into_iter();
        Some(Holding {
            group: self.spec.group.clone()?,
            member_id: client.member_id().to_owned(),
            generation: client.generation(),
            owned: owned
                .map(|(place, _)| (place.topic, place.partition))
                .collect(),
        })
    }

    /// `now` in Unix ms.
    pub(crate) fn view(&self, now: i64) -> ConsumerView {
        let client = match &self.life {
            Life::Running(client) | Life::Leaving(client) => Some(client),
            Life::Stopped | Life::Crashed => None,
        };
        let stats_error = client.and_then(|client| client.stats().last_error.clone());
        ConsumerView {
            spec: self.spec.clone(),
            state: self.state(),
            member_id: client.map_or_else(String::new, |c| c.member_id().to_owned()),
            generation: client.map_or(-1, Consumer::generation),
            owned: client.map_or_else(Vec::new, |client| self.owned(client)),
            paused: self.paused,
            consumed: self.consumed,
            bytes: self.bytes,
            per_second: self.rate.last(now - self.epoch),
            last_records: self.last.iter().cloned().collect(),
            last_error: self.last_error.clone().or(stats_error),
        }
    }

    fn state(&self) -> ConsumerState {
        match &self.life {
            Life::Crashed => ConsumerState::Crashed,
            Life::Stopped | Life::Leaving(_) => ConsumerState::Stopped,
            Life::Running(client) => match client.state() {
                State::Connecting => ConsumerState::Connecting,
                State::Joining => ConsumerState::Joining,
                State::Running => ConsumerState::Running,
                State::Idle => ConsumerState::Idle,
                State::Failed | State::Closed => ConsumerState::Stopped,
            },
        }
    }

    fn owned(&self, client: &Consumer) -> Vec<PartitionPosition> {
        let owned = client.assignment().into_iter();
        owned
            .map(|(partition, read_on)| PartitionPosition {
                position: self.position(&partition, read_on),
                topic: partition.topic,
                partition: partition.partition,
            })
            .collect()
    }

    /// The next offset to be handled: of the batch in hand, else where the client reads on.
    fn position(&self, partition: &TopicPartition, read_on: Option<i64>) -> i64 {
        let waiting = self.batch.iter().find(|record| {
            record.partition == partition.partition && record.topic == partition.topic
        });
        match waiting {
            Some(record) => record.offset,
            None => read_on.unwrap_or(-1),
        }
    }
}

fn partitions_of(client: &Consumer) -> Vec<TopicPartition> {
    let owned = client.assignment().into_iter();
    owned.map(|(partition, _)| partition).collect()
}

fn seen(record: &ConsumedRecord, at: i64) -> SeenRecord {
    let text = |bytes: &bytes::Bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.chars().take(SHOWN_CHARS).collect::<String>()
    };
    SeenRecord {
        topic: record.topic.clone(),
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.as_ref().map(text),
        value: record.value.as_ref().map(text),
        at,
    }
}

fn config(spec: &ConsumerSpec, bootstrap: Vec<HostPort>) -> ConsumerConfig {
    let defaults = ConsumerConfig::new(ClientConfig::new(spec.name.clone(), bootstrap));
    let auto = match spec.commit {
        Commit::AutoMs(ms) => Some(i64::from(ms)),
        Commit::EachRecord | Commit::EachPoll | Commit::Never => None,
    };
    ConsumerConfig {
        group_id: spec.group.clone(),
        group_instance_id: spec.instance_id.clone(),
        auto_offset_reset: match spec.start {
            Start::Earliest => OffsetReset::Earliest,
            Start::Latest => OffsetReset::Latest,
        },
        partition_assignment_strategy: vec![match spec.assignor {
            spec::Assignor::Range => Assignor::Range,
            spec::Assignor::RoundRobin => Assignor::RoundRobin,
            spec::Assignor::Sticky => Assignor::Sticky,
            spec::Assignor::CooperativeSticky => Assignor::CooperativeSticky,
        }],
        enable_auto_commit: auto.is_some(),
        auto_commit_interval_ms: auto.unwrap_or(defaults.auto_commit_interval_ms),
        session_timeout_ms: i64::from(spec.session_timeout_ms),
        heartbeat_interval_ms: i64::from(spec.heartbeat_interval_ms),
        max_poll_interval_ms: i64::from(spec.max_poll_interval_ms),
        max_poll_records: spec.max_poll_records as usize,
        ..defaults
    }
}
