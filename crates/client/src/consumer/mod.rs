//! The consumer: partitions from its group, records in batches, positions committed.
//!
//! An application calls [`Consumer::poll_records`]. While it has records to work on it is outside
//! `poll`, as a thread of Java's would be: heartbeats and fetches go on, rebalances and commits on
//! the timer wait for its return, and `max.poll.interval.ms` runs. An empty answer means that it
//! waits inside `poll`; [`Told::RecordsReady`] says when to call again.
//!
//! Positions are those of records handed out, so an automatic commit covers them all. A host that
//! stops its application in the middle of a batch seeks back to the first record not worked on and
//! then closes. A crash is dropping the machine and closing its connections.
//!
//! Not here: the group protocol of KIP-848, read_committed, truncation detection by
//! OffsetForLeaderEpoch (KIP-320), fetching from followers (KIP-392).

mod assignor;
mod commit;
mod config;
mod coordinator;
mod fetch;
mod group;
mod join;
mod offsets;
mod partitions;
mod record;
mod session;
mod view;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use konbini_protocol::StrBytes;
use konbini_protocol::messages::ResponseKind;

use crate::backoff::Backoff;
use crate::network::{Completion, Input, Lost, Network, Output};
use crate::{ClientError, TopicPartition};
pub use assignor::{Assignment, Assignor, Member};
use commit::{Cause, Commit};
pub use config::{ConsumerConfig, OffsetReset};
use group::{Group, Phase, Reason};
use partitions::{Partitions, Position};
pub use record::{CommitId, CommitKind, ConsumedRecord, ConsumerStats, State, Told};
use session::Session;
pub(crate) use wire::decode_assignment;

/// How long `close` tries to commit and leave, in ms: Java's default.
const CLOSE_TIMEOUT_MS: i64 = 30_000;
/// Requests in flight on one connection: Java's consumer has no lower limit.
const MAX_IN_FLIGHT: usize = 100;

enum Purpose {
    FindCoordinator,
    Heartbeat(i32),
    Join,
    Sync(i32),
    Leave,
    Commit(i32),
    Committed(Vec<TopicPartition>),
    ListOffsets(Vec<(TopicPartition, i64)>),
    Fetch,
}

/// Where partitions come from.
enum Source {
    None,
    /// The group assigns them.
    Subscribed(BTreeSet<String>),
    /// The application named them.
    Assigned,
    /// All partitions of these topics.
    Following(BTreeSet<String>),
}

struct Closing {
    deadline: i64,
    leaving: bool,
}

pub struct Consumer {
    config: ConsumerConfig,
    net: Network<Purpose>,
    source: Source,
    partitions: Partitions,
    group: Option<Group>,
    sessions: BTreeMap<i32, Session>,
    /// Brokers with a fetch under way.
    fetching: BTreeSet<i32>,
    commits: VecDeque<Commit>,
    /// The first of `commits` is under way.
    committing: bool,
    next_commit: u64,
    next_auto_commit: i64,
    retry_backoff: Backoff,
    outputs: VecDeque<Told>,
    stats: ConsumerStats,
    /// The application waits inside `poll`.
    in_poll: bool,
    polled_at: i64,
    ready_told: bool,
    metadata_seen: u64,
    fatal: Option<ClientError>,
    closing: Option<Closing>,
    closed: bool,
    dirty: bool,
    now: i64,
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

impl Consumer {
    /// A consumer that connects at once. `seed` decides jitter and the first broker asked; `now` is
    /// Unix ms, as everywhere.
    pub fn new(config: ConsumerConfig, seed: u64, now: i64) -> Consumer {
        Consumer {
            net: Network::new(config.client.clone(), MAX_IN_FLIGHT, seed),
            source: Source::None,
            partitions: Partitions::default(),
            group: config.group_id.clone().map(Group::new),
            sessions: BTreeMap::new(),
            fetching: BTreeSet::new(),
            commits: VecDeque::new(),
            committing: false,
            next_commit: 0,
            next_auto_commit: now + config.auto_commit_interval_ms,
            retry_backoff: Backoff {
                initial_ms: config.client.retry_backoff_ms,
                max_ms: config.client.retry_backoff_max_ms,
            },
            config,
            outputs: VecDeque::new(),
            stats: ConsumerStats::default(),
            in_poll: true,
            polled_at: now,
            ready_told: false,
            metadata_seen: 0,
            fatal: None,
            closing: None,
            closed: false,
            dirty: true,
            now,
        }
    }

    /// Joins the group for these topics; needs a `group.id`. Replaces an earlier subscription.
    pub fn subscribe(&mut self, now: i64, topics: impl IntoIterator<Item = String>) {
        self.touch(now);
        let Some(group) = &mut self.group else {
            let error = ClientError::IllegalState("subscribe needs a group.id");
            return self.outputs.push_back(Told::Failed(error));
        };
        let first = !matches!(self.source, Source::Subscribed(_));
        let reason = if first {
            "the consumer subscribed"
        } else {
            "the subscription changed"
        };
        group.request_rejoin(Reason::new(reason));
        self.source = Source::Subscribed(topics.into_iter().collect());
        self.want_topics();
    }

    /// Reads exactly these partitions, without a rebalance. With a `group.id` it begins at, and can
    /// commit, the group's offsets.
    pub fn assign(&mut self, now: i64, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.touch(now);
        self.source = Source::Assigned;
        let keep: BTreeSet<TopicPartition> = partitions.into_iter().collect();
        for tp in self.partitions.names() {
            if !keep.contains(&tp) {
                self.partitions.remove(&tp);
            }
        }
        for tp in keep {
            self.partitions.add(tp);
        }
        self.want_topics();
    }

    /// Reads all partitions of these topics, also ones that are added later, without a rebalance.
    /// Java has no such call; it is `assign` with what `partitionsFor` tells, kept up to date.
    pub fn follow(&mut self, now: i64, topics: impl IntoIterator<Item = String>) {
        self.touch(now);
        self.source = Source::Following(topics.into_iter().collect());
        self.want_topics();
        self.metadata_seen = 0;
    }

    fn is_subscribed(&self) -> bool {
        matches!(self.source, Source::Subscribed(_))
    }

    /// The topics this consumer reads.
    fn topics(&self) -> BTreeSet<String> {
        match &self.source {
            Source::None => BTreeSet::new(),
            Source::Subscribed(topics) | Source::Following(topics) => topics.clone(),
            Source::Assigned => self
                .partitions
                .iter()
                .map(|(tp, _)| tp.topic.clone())
                .collect(),
        }
    }

    fn want_topics(&mut self) {
        let topics = self.topics();
        // A leader goes on watching the topics of all members.
        if self.group.as_ref().is_some_and(|group| group.is_leader) {
            topics
                .iter()
                .for_each(|topic| self.net.metadata.want(topic));
        } else {
            self.net.metadata.want_only(topics);
        }
    }

    /// Up to `max` records, at most `max.poll.records`. Everything that was handed out before
    /// counts as done. See the module's documentation for what calling and not calling it means.
    pub fn poll_records(&mut self, now: i64, max: usize) -> Vec<ConsumedRecord> {
        if self.closed {
            return Vec::new();
        }
        self.touch(now);
        self.polled_at = now;
        self.in_poll = true;
        // What there is goes out below; only what comes later is announced.
        self.ready_told = true;
        self.drive();
        self.ready_told = false;
        if self.holds_back() {
            return Vec::new();
        }
        let records = self.partitions.take(max.min(self.config.max_poll_records));
        let size = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len());
        self.stats.records += records.len() as u64;
        self.stats.bytes += records
            .iter()
            .map(|r| (size(&r.key) + size(&r.value)) as u64)
            .sum::<u64>();
        self.in_poll = records.is_empty();
        // What was handed out makes room for the next fetch.
        self.dirty = true;
        records
    }

    /// Whether records stay back although there are some: an eager rebalance is being prepared.
    fn holds_back(&self) -> bool {
        let preparing = self
            .group
            .as_ref()
            .is_some_and(|group| group.preparing_since.is_some());
        self.closing.is_some() || self.fatal.is_some() || preparing
    }

    /// Goes on reading a partition at `offset`; false when it is not assigned.
    pub fn seek(&mut self, now: i64, tp: &TopicPartition, offset: i64) -> bool {
        self.seek_to(now, tp, Position::At(offset.max(0)))
    }

    pub fn seek_to_beginning(&mut self, now: i64, tp: &TopicPartition) -> bool {
        self.seek_to(now, tp, Position::Reset(partitions::EARLIEST))
    }

    pub fn seek_to_end(&mut self, now: i64, tp: &TopicPartition) -> bool {
        self.seek_to(now, tp, Position::Reset(partitions::LATEST))
    }

    fn seek_to(&mut self, now: i64, tp: &TopicPartition, position: Position) -> bool {
        self.touch(now);
        let assigned = self.partitions.get_mut(tp);
        assigned.map(|assigned| assigned.seek(position)).is_some()
    }

    /// Stops fetching these partitions and handing out what was fetched; membership goes on.
    pub fn pause(&mut self, now: i64, partitions: &[TopicPartition]) {
        self.set_paused(now, partitions, true);
    }

    pub fn resume(&mut self, now: i64, partitions: &[TopicPartition]) {
        self.set_paused(now, partitions, false);
    }

    fn set_paused(&mut self, now: i64, partitions: &[TopicPartition], paused: bool) {
        self.touch(now);
        for tp in partitions {
            if let Some(assigned) = self.partitions.get_mut(tp) {
                assigned.paused = paused;
            }
        }
    }

    /// Commits (where `enable.auto.commit` says so), leaves the group and disconnects;
    /// [`Told::Closed`] follows within 30 s.
    pub fn close(&mut self, now: i64) {
        self.touch(now);
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(Closing {
            deadline: now + CLOSE_TIMEOUT_MS,
            leaving: false,
        });
        self.net.create_no_more_topics();
        let member = self.group.as_ref().is_some_and(Group::is_member);
        let may_commit = self.group.is_some() && (member || !self.is_subscribed());
        if may_commit && self.config.enable_auto_commit {
            self.commit_positions(now, Cause::Close);
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
        self.metadata_changed();
        if self.fatal.is_none() {
            if self.is_subscribed() || !self.commits.is_empty() || !self.partitions.is_empty() {
                self.find_coordinator(now);
            }
            self.heartbeat(now);
            if self.in_poll && self.closing.is_none() {
                self.auto_commit(now);
                if self.is_subscribed() {
                    self.rebalance(now);
                }
            }
            self.send_commits(now);
        }
        if self.closing.is_some() {
            return self.go_on_closing(now);
        }
        if self.fatal.is_some() {
            return;
        }
        self.fetch_committed(now);
        self.list_offsets(now);
        self.send_fetches(now);
        if self.in_poll && !self.ready_told && !self.holds_back() && self.partitions.has_records() {
            self.ready_told = true;
            self.outputs.push_back(Told::RecordsReady);
        }
    }

    fn metadata_changed(&mut self) {
        if self.metadata_seen == self.net.metadata.version() {
            return;
        }
        self.metadata_seen = self.net.metadata.version();
        self.watch_partition_counts();
        if let Source::Following(topics) = &self.source {
            let counts = topics.iter().filter_map(|topic| {
                Some((topic.clone(), self.net.metadata.partition_count(topic)?))
            });
            let all: Vec<TopicPartition> = counts
                .flat_map(|(topic, count)| {
                    (0..count).map(move |p| TopicPartition::new(topic.as_str(), p))
                })
                .collect();
            let new: Vec<TopicPartition> = all
                .into_iter()
                .filter(|tp| self.partitions.get(tp).is_none())
                .collect();
            for tp in &new {
                self.partitions.add(tp.clone());
            }
            if !new.is_empty() {
                self.outputs.push_back(Told::Assigned(new));
            }
        }
    }

    fn completed(&mut self, now: i64, completion: Completion<Purpose>) {
        use ResponseKind as K;
        let node = completion.node;
        let body = match completion.result {
            Ok(body) => body,
            Err(lost) => return self.unanswered(now, node, completion.purpose, &lost),
        };
        match (completion.purpose, body) {
            (Purpose::FindCoordinator, K::FindCoordinator(answer)) => {
                self.coordinator_answered(now, &answer);
            }
            (Purpose::Heartbeat(generation), K::Heartbeat(answer)) => {
                self.heartbeat_answered(now, generation, answer.error_code);
            }
            (Purpose::Join, K::JoinGroup(answer)) => self.join_answered(now, answer),
            (Purpose::Sync(generation), K::SyncGroup(answer)) => {
                self.sync_answered(now, generation, &answer);
            }
            (Purpose::Leave, _) => self.left(),
            (Purpose::Commit(generation), K::OffsetCommit(answer)) => {
                self.commit_answered(now, generation, &answer);
            }
            (Purpose::Committed(asked), K::OffsetFetch(answer)) => {
                self.committed_answered(now, asked, &answer);
            }
            (Purpose::ListOffsets(asked), K::ListOffsets(answer)) => {
                self.list_offsets_answered(now, asked, &answer);
            }
            (Purpose::Fetch, K::Fetch(answer)) => self.fetch_answered(now, node, &answer),
            // The decoder is chosen with the request, so no other kind can come.
            _ => debug_assert!(false, "a response of another kind"),
        }
    }

    fn unanswered(&mut self, now: i64, node: i32, purpose: Purpose, lost: &Lost) {
        let own = self.group.as_ref().and_then(|group| group.coordinator) == Some(node);
        match purpose {
            Purpose::FindCoordinator => self.coordinator_not_found(now),
            Purpose::Heartbeat(_) => {
                if let Some(group) = &mut self.group {
                    group.heartbeat_under_way = false;
                }
            }
            Purpose::Join | Purpose::Sync(_) => {
                let joining = self
                    .group
                    .as_ref()
                    .is_some_and(|group| matches!(group.phase, Phase::Joining | Phase::Syncing));
                if joining {
                    self.join_later(now);
                }
            }
            Purpose::Leave => self.left(),
            Purpose::Commit(_) => self.commit_lost(now, lost),
            Purpose::Committed(asked) => self.ask_later(now, &asked),
            Purpose::ListOffsets(asked) => {
                let asked: Vec<TopicPartition> = asked.into_iter().map(|(tp, _)| tp).collect();
                self.ask_later(now, &asked);
            }
            Purpose::Fetch => self.fetch_lost(node),
        }
        match lost {
            // Nothing but another broker version would change that.
            Lost::UnsupportedVersion { api } if self.fatal.is_none() => {
                self.fail_group(ClientError::UnsupportedVersion { api: api.clone() });
            }
            Lost::Disconnected | Lost::TimedOut if own => self.coordinator_lost(now, lost),
            _ => {}
        }
    }

    fn left(&mut self) {
        if let Some(closing) = &mut self.closing
            && closing.leaving
        {
            closing.deadline = i64::MIN;
        }
    }

    fn go_on_closing(&mut self, now: i64) {
        let Some(closing) = &self.closing else { return };
        let overdue = now >= closing.deadline;
        if !overdue && (closing.leaving || (self.fatal.is_none() && !self.commits.is_empty())) {
            return;
        }
        if !closing.leaving && self.leave(now, "the consumer is being closed") {
            if let Some(closing) = &mut self.closing {
                closing.leaving = true;
                closing.deadline = now + self.config.client.request_timeout_ms;
            }
            return;
        }
        self.closed = true;
        self.partitions.clear();
        self.net.close();
        self.outputs.push_back(Told::Closed);
    }

    /// When to hand in [`Input::Wake`] at the latest, Unix ms.
    pub fn wake_at(&self) -> Option<i64> {
        if self.closed {
            return None;
        }
        let mut own = vec![self.commit_at(), self.closing.as_ref().map(|c| c.deadline)];
        if let Some(group) = &self.group {
            own.push(Some(group.find_not_before).filter(|_| group.coordinator.is_none()));
            if group.beats() {
                own.push(Some(group.heartbeat_at));
                own.push(Some(group.session_until));
            }
            if self.in_poll {
                own.push(Some(group.join_not_before).filter(|_| group.rejoin.is_some()));
                own.push(Some(self.next_auto_commit).filter(|_| self.config.enable_auto_commit));
                let longest = self.config.max_poll_interval_ms;
                own.push(
                    group
                        .preparing_since
                        .map(|since| since.saturating_add(longest)),
                );
            } else {
                own.push(Some(
                    self.polled_at
                        .saturating_add(self.config.max_poll_interval_ms),
                ));
            }
        }
        let partitions = self
            .partitions
            .iter()
            .map(|(_, assigned)| Some(assigned.not_before));
        let own = own.into_iter().chain(partitions).flatten();
        // What is overdue already waits for an answer or a connection.
        own.filter(|at| *at > self.now)
            .chain(self.net.wake_at())
            .min()
    }
}
