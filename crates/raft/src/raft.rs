//! One node of the quorum: inputs to handlers, timers, and what is to be sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use konbini_log::{Load, LoadError, Log, LogState, ReadOutcome, StoreOp};
use konbini_protocol::messages::ResponseKind;
use konbini_trace::Event;

use crate::cause::Cause;
use crate::chance::Chance;
use crate::config::Config;
use crate::election::{Election, QUORUM_STATE};
use crate::journal::Journal;
use crate::peers::{Asked, Peers, RETRY_BACKOFF_MS};
use crate::plant::{self, Bug};
use crate::rpc::{self, ParkedFetch};
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::{CallId, Input, Output};

/// This node does not lead, or does not any more: nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLeader;

/// One node of the quorum. See the crate's documentation.
#[derive(Debug)]
pub struct Raft {
    pub(crate) config: Config,
    /// Virtual Unix time in ms, as the last input said.
    pub(crate) now: i64,
    pub(crate) chance: Chance,
    pub(crate) journal: Journal,
    pub(crate) election: Election,
    /// The election as the store has it.
    stored: Election,
    pub(crate) state: State,
    pub(crate) peers: Peers,
    pub(crate) parked: Vec<ParkedFetch>,
    /// Records were appended since those were looked at.
    appended: bool,
    /// Bytes of the log that were asked for.
    pub(crate) loads: BTreeSet<Load>,
    /// Everything below is committed, as far as this node knows: its snapshot at the start, then
    /// what the leader says.
    committed: Option<i64>,
    /// Elections lost since a leader was known.
    pub(crate) elections_lost: u32,
    pub(crate) told_quorum_lost: bool,
    out: VecDeque<Output>,
}

impl Raft {
    /// Starts a node from its recovered log and the small files of the log's directory. `now` in
    /// ms. A node that led when it stopped has resigned; one that voted keeps its vote.
    pub fn new(config: Config, now: i64, log: Log, files: &BTreeMap<String, Bytes>) -> Raft {
        let mut ops = Vec::new();
        let mut journal = Journal::open(log, files, &mut ops);
        let found = files.get(QUORUM_STATE).map(|bytes| Election::decode(bytes));
        let election = match found {
            None => Election::default(),
            Some(Ok(election)) => election,
            Some(Err(reason)) => {
                // It may have voted in an epoch that it cannot name any more.
                journal.log.fail(format!("{QUORUM_STATE}: {reason}"));
                Election::default()
            }
        };
        let committed = journal.snapshot.as_ref().map(|it| it.id.end_offset);
        let mut raft = Raft {
            chance: Chance::new(config.seed),
            peers: Peers::new(config.other_voters()),
            config,
            now,
            journal,
            election,
            stored: election,
            state: State::begin(),
            parked: Vec::new(),
            appended: false,
            loads: BTreeSet::new(),
            committed,
            elections_lost: 0,
            told_quorum_lost: false,
            out: VecDeque::new(),
        };
        raft.store(ops);
        if !raft.is_online() {
            raft.tell_offline();
        }
        raft.begin();
        raft.settle();
        raft
    }

    /// The first state follows from what was stored.
    fn begin(&mut self) {
        let Election { epoch, leader, .. } = self.election;
        let own = self.config.node_id;
        if !self.is_online() {
            return;
        }
        if epoch < self.journal.last_epoch() {
            // The file is missing, or older than the log: what it promised in between is not known.
            return self.become_unattached(self.journal.last_epoch());
        }
        let voters: Vec<i32> = self.config.voters.iter().map(|voter| voter.id).collect();
        match leader {
            _ if voters == [own] => self.become_candidate(Cause::ALONE),
            Some(leader) if leader == own && self.is_voter() => {
                self.become_resigned(self.config.other_voters(), Cause::RESTARTED);
            }
            Some(leader) if leader != own && self.config.is_voter(leader) => {
                self.become_follower(epoch, leader);
            }
            _ => self.become_unattached(epoch),
        }
    }

    /// Changes the state. All outputs are to be polled before the next call. `now` never decreases.
    pub fn handle(&mut self, now: i64, input: Input) {
        debug_assert!(now >= self.now, "time went back");
        self.now = now;
        match input {
            Input::Request(reply, request) => self.requested(reply, request),
            Input::Response(call, response) => self.answered(call, response),
            Input::Lost(call) => self.lost(call),
            Input::Loaded(load, result) => self.loaded(&load, result),
            Input::Resign => self.resign(Cause::SHUTS_DOWN),
            Input::Snapshot(snapshot) => self.take_snapshot(snapshot),
            Input::StoreFailed(reason) => self.fail(reason),
            Input::Wake => {}
        }
        self.settle();
    }

    /// Appends a batch of records as the leader; returns the offset after the last one. They are
    /// committed once [`Raft::high_watermark`] has reached it.
    ///
    /// Replicas that wait for records are answered with the next wake, which is due at once: with
    /// all that was appended until then. An answer in between would have more in it when what it
    /// reads must be loaded first.
    pub fn append(&mut self, now: i64, batch: Bytes) -> Result<i64, NotLeader> {
        self.now = now;
        let next = self.append_in_epoch(batch)?;
        self.appended = true;
        Ok(next)
    }

    /// The next thing the host has to do. In order; `None` when there is nothing left.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to call [`Raft::handle`] with [`Input::Wake`] if nothing else comes before.
    pub fn wake_at(&self) -> Option<i64> {
        let requests = self.peers.gives_up_at(self.config.timeouts.request_ms);
        let parked = self.parked.iter().map(|fetch| fetch.deadline).min();
        let timers = self.is_online().then(|| {
            let targets = self.state.targets().into_iter();
            let asks = targets
                .filter_map(|(id, at)| Some(at.max(self.peers.ready_at(id)?)))
                .min();
            [asks, self.state.deadline()].into_iter().flatten().min()
        });
        let deletion = self.journal.log.next_deletion();
        let appended = self.appended.then_some(self.now);
        [requests, parked, timers.flatten(), deletion, appended]
            .into_iter()
            .flatten()
            .min()
    }

    /// Batches of what is committed, from the one that holds `offset` on.
    pub fn read_committed(&mut self, offset: i64, max_bytes: usize) -> ReadOutcome {
        let upper = self.committed.unwrap_or(0);
        self.journal.log.read(offset, max_bytes, upper, true)
    }

    /// Everything below is committed, as far as this node knows; at the start what its snapshot
    /// holds, and `None` without one until a leader says. Never goes back.
    pub fn high_watermark(&self) -> Option<i64> {
        self.committed
    }

    /// Whether records were appended that replicas wait for: a wake is due.
    pub fn has_appended(&self) -> bool {
        self.appended
    }

    pub fn log(&self) -> &Log {
        &self.journal.log
    }

    /// The newest snapshot: what stands for the log before its start.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.journal.snapshot.as_ref()
    }

    /// Takes bytes of the log out of memory; see [`Log::evict`].
    pub fn evict(&mut self, bytes: usize) -> usize {
        self.journal.log.evict(bytes)
    }

    /// Stores what of the log is not stored yet; see [`Log::close`].
    pub fn close_log(&mut self) {
        let mut ops = Vec::new();
        self.journal.log.close(&mut ops);
        self.store(ops);
    }

    /// Takes bytes of the log out of memory that were not used since the last call.
    pub fn evict_unused(&mut self) -> usize {
        self.journal.log.evict_unused()
    }

    pub(crate) fn is_online(&self) -> bool {
        self.journal.log.is_online()
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub(crate) fn put_out(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn store(&mut self, ops: Vec<StoreOp>) {
        self.out.extend(ops.into_iter().map(Output::Store));
    }

    /// A leader goes to another state like this only for an epoch that is newer than its own.
    pub(crate) fn enter(&mut self, state: State) {
        self.enter_because(state, Cause::NEWER_EPOCH);
    }

    /// Goes to another state. What the file quorum-state holds is put out first, so that whatever
    /// follows from the state leaves after it is stored.
    pub(crate) fn enter_because(&mut self, state: State, cause: Cause) {
        let led = matches!(self.state, State::Leader(_));
        let epoch = self.stored.epoch;
        self.state = state;
        self.persist();
        if led && !matches!(self.state, State::Leader(_)) {
            self.tell_resigned(epoch, cause);
        }
    }

    pub(crate) fn persist(&mut self) {
        if self.stored == self.election {
            return;
        }
        self.stored = self.election;
        if plant::has(Bug::VoteNotStored) {
            return;
        }
        let voters = self.config.voters.iter().map(|voter| voter.id);
        let bytes = self.election.encode(voters);
        let op = StoreOp::Put {
            dir: self.journal.log.dir().clone(),
            name: QUORUM_STATE.to_owned(),
            bytes,
        };
        self.out.push_back(Output::Store(op));
    }

    /// Appends as the leader of this epoch.
    pub(crate) fn append_in_epoch(&mut self, batch: Bytes) -> Result<i64, NotLeader> {
        if !matches!(self.state, State::Leader(_)) {
            return Err(NotLeader);
        }
        let mut ops = Vec::new();
        let epoch = self.election.epoch;
        let appended = self.journal.append(batch, epoch, self.now, &mut ops);
        self.store(ops);
        match appended {
            Ok(next) => {
                self.advance();
                Ok(next)
            }
            Err(reason) => {
                self.fail(reason);
                Err(NotLeader)
            }
        }
    }

    pub(crate) fn commit_to(&mut self, offset: i64) {
        let log = &mut self.journal.log;
        debug_assert!(offset <= log.log_end_offset());
        if self.committed.is_none_or(|known| offset > known) {
            self.committed = Some(offset);
            log.set_high_watermark(offset);
        }
    }

    /// The log cannot be used any more. A node without it neither leads nor votes.
    pub(crate) fn fail(&mut self, reason: String) {
        self.journal.log.fail(reason);
        self.resign(Cause::LOG_OFFLINE);
        self.tell_offline();
    }

    fn tell_offline(&mut self) {
        if let LogState::Offline { reason } = self.journal.log.state().clone() {
            self.emit(Event::error("metadata-log-offline").with("reason", reason));
        }
    }

    fn take_snapshot(&mut self, snapshot: Snapshot) {
        let mut ops = Vec::new();
        let id = snapshot.id;
        if self.journal.compact(snapshot, self.now, &mut ops) {
            self.emit(
                Event::detail("metadata-snapshot-written")
                    .with("offset", id.end_offset)
                    .with("epoch", id.epoch),
            );
        }
        self.store(ops);
    }

    fn loaded(&mut self, load: &Load, result: Result<Bytes, LoadError>) {
        self.loads.remove(load);
        let was_online = self.is_online();
        match result {
            // A log that does not accept the bytes goes offline and keeps the reason.
            Ok(bytes) => drop(self.journal.log.loaded(load, bytes)),
            Err(error) => self.journal.log.load_failed(load, &error),
        }
        if was_online && !self.is_online() {
            return self.fail(String::new());
        }
        self.go_on_truncating();
    }

    fn lost(&mut self, call: CallId) {
        if let Some((id, asked)) = self.peers.over(call) {
            self.failed(id, asked);
        }
    }

    /// A request to that node came to nothing.
    pub(crate) fn failed(&mut self, id: i32, asked: Asked) {
        self.peers.back_off(id, self.now + RETRY_BACKOFF_MS);
        if let Asked::Fetch { .. } = asked {
            self.ask_another();
        }
    }

    /// Does everything that can be done now.
    fn settle(&mut self) {
        self.appended = false;
        let limit = self.config.timeouts.request_ms;
        for id in self.peers.give_up(self.now, limit) {
            self.out.push_back(Output::Disconnect(id));
            self.ask_another();
        }
        self.delete_compacted();
        while self.tick() {}
        self.answer_parked();
        if self.is_online() {
            self.ask_all();
        }
    }

    /// Deletes the files of segments that a snapshot took the place of `file.delete.delay.ms` ago.
    fn delete_compacted(&mut self) {
        let mut ops = Vec::new();
        self.journal.log.delete_doomed(self.now, &mut ops);
        self.store(ops);
    }

    /// Sends what the state wants to ask, to those who can be asked now.
    fn ask_all(&mut self) {
        for (id, at) in self.state.targets() {
            let ready = self.peers.ready_at(id);
            if ready.is_none_or(|ready| ready.max(at) > self.now) {
                continue;
            }
            let (asked, request) = self.question_to(id);
            if let Asked::Begin { .. } = asked {
                self.announced_to(id);
            }
            let call = self.peers.sent(id, asked, self.now);
            self.out.push_back(Output::Send {
                to: id,
                call,
                version: rpc::version_of(&request),
                request,
            });
        }
    }

    fn answered(&mut self, call: CallId, response: ResponseKind) {
        let Some((id, asked)) = self.peers.over(call) else {
            return;
        };
        match (asked, response) {
            (Asked::Vote { epoch, pre }, ResponseKind::Vote(response)) => {
                self.vote_answered(id, epoch, pre, &response);
            }
            (Asked::Begin { .. }, ResponseKind::BeginQuorumEpoch(response)) => {
                self.begin_answered(id, &response);
            }
            (Asked::End { epoch }, ResponseKind::EndQuorumEpoch(response)) => {
                self.end_answered(id, epoch, &response);
            }
            (Asked::Fetch { epoch }, ResponseKind::Fetch(response)) => {
                self.fetch_answered(id, epoch, response);
            }
            (
                Asked::FetchSnapshot {
                    epoch,
                    id: snapshot,
                },
                ResponseKind::FetchSnapshot(response),
            ) => {
                self.snapshot_answered(id, epoch, snapshot, response);
            }
            (asked, _) => self.failed(id, asked),
        }
    }
}
