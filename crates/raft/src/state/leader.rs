//! Leader: appends, answers fetches, and knows from them how far each replica is. Without fetches
//! of a majority it resigns: it may be cut off from voters that elected somebody else.

use std::collections::{BTreeMap, BTreeSet};

use konbini_trace::Event;

use super::{State, Target};
use crate::cause::Cause;
use crate::control;
use crate::raft::Raft;

/// An observer that fetched nothing for so long is forgotten, in ms, as in KRaft.
const OBSERVER_SESSION_MS: i64 = 300_000;

/// Most observers that are remembered; others fetch all the same.
const MAX_OBSERVERS: usize = 1_000;

/// What the leader knows of a replica. Times in ms, -1 for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub end: Option<i64>,
    pub last_fetch_ms: i64,
    pub last_caught_up_ms: i64,
    /// The leader's log end at that fetch.
    leader_end: i64,
    /// When it is told about the leader next, unless it fetches.
    announce_at: i64,
}

impl Progress {
    fn new(announce_at: i64) -> Progress {
        Progress {
            end: None,
            last_fetch_ms: -1,
            last_caught_up_ms: -1,
            leader_end: -1,
            announce_at,
        }
    }

    fn fetched(&mut self, end: i64, leader_end: i64, now: i64) {
        if end >= leader_end {
            self.last_caught_up_ms = now;
        } else if self.leader_end >= 0 && end >= self.leader_end {
            self.last_caught_up_ms = self.last_caught_up_ms.max(self.last_fetch_ms);
        }
        self.end = Some(end);
        self.last_fetch_ms = now;
        self.leader_end = leader_end;
    }
}

#[derive(Debug)]
pub(crate) struct Leader {
    /// Offset of the epoch's first record, which says who leads.
    pub epoch_start: i64,
    /// Why it stood for election.
    pub cause: Cause,
    /// Known once a majority has stored a record of this epoch.
    pub high_watermark: Option<i64>,
    /// The other voters.
    pub voters: BTreeMap<i32, Progress>,
    pub observers: BTreeMap<i32, Progress>,
    /// Voters that fetched since the majority was counted last.
    fetched: BTreeSet<i32>,
    /// `None` for a single voter.
    check_quorum_at: Option<i64>,
}

impl Leader {
    pub fn deadline(&self) -> Option<i64> {
        self.check_quorum_at
    }

    pub fn targets(&self) -> Vec<Target> {
        let voters = self.voters.iter();
        voters.map(|(id, it)| (*id, it.announce_at)).collect()
    }

    /// Voters by how much of the log they have, most first: who should lead next.
    pub fn successors(&self) -> Vec<i32> {
        let mut ids: Vec<i32> = self.voters.keys().copied().collect();
        ids.sort_by_key(|id| std::cmp::Reverse(self.voters[id].end));
        ids
    }
}

impl Raft {
    /// A majority voted for this node. The epoch's first record says so; with it, everything
    /// before becomes committed too.
    pub(crate) fn become_leader(&mut self, granted: &[i32], cause: Cause) {
        let (now, id) = (self.now, self.config.node_id);
        self.election.leader = Some(id);
        let others = self.config.other_voters();
        let state = Leader {
            epoch_start: self.journal.log.log_end_offset(),
            cause,
            high_watermark: None,
            voters: others.iter().map(|id| (*id, Progress::new(now))).collect(),
            observers: BTreeMap::new(),
            fetched: BTreeSet::new(),
            check_quorum_at: (!others.is_empty()).then(|| now + self.check_quorum_ms()),
        };
        self.elections_lost = 0;
        self.told_quorum_lost = false;
        self.enter(State::Leader(state));
        let voters: Vec<i32> = self.config.voters.iter().map(|voter| voter.id).collect();
        let record = control::leader_change(id, &voters, granted, now);
        // A log that refuses it is offline: then there is no leader here any more.
        let _ = self.append_in_epoch(record);
    }

    /// One and a half times the fetch timeout, as in KRaft.
    fn check_quorum_ms(&self) -> i64 {
        self.config.timeouts.fetch_ms * 3 / 2
    }

    pub(super) fn tick_leader(&mut self) -> bool {
        let due = self.state.deadline().is_some_and(|at| at <= self.now);
        if due {
            self.tell_quorum_lost("controller.quorum.fetch.timeout.ms");
            self.resign(Cause::NO_MAJORITY);
        }
        due
    }

    /// A replica fetches from `end` on: everything before is stored there.
    pub(crate) fn fetched_up_to(&mut self, replica: i32, end: i64) {
        self.seen_fetching(replica);
        let (now, leader_end) = (self.now, self.journal.log.log_end_offset());
        let is_voter = self.config.is_voter(replica);
        let State::Leader(state) = &mut self.state else {
            return;
        };
        if !is_voter {
            let observers = &mut state.observers;
            observers.retain(|_, it| it.last_fetch_ms + OBSERVER_SESSION_MS > now);
            if observers.len() >= MAX_OBSERVERS && !observers.contains_key(&replica) {
                return;
            }
            let progress = observers.entry(replica).or_insert(Progress::new(i64::MAX));
            return progress.fetched(end, leader_end, now);
        }
        if let Some(progress) = state.voters.get_mut(&replica) {
            progress.fetched(end, leader_end, now);
        }
        self.advance();
    }

    /// A voter fetches, the log or a snapshot: it takes this node for the leader.
    pub(crate) fn seen_fetching(&mut self, replica: i32) {
        let (next_check, next_announcement) = (
            self.now + self.check_quorum_ms(),
            self.now + self.announce_every_ms(),
        );
        let majority = self.config.voters.len() / 2;
        let State::Leader(state) = &mut self.state else {
            return;
        };
        let Some(progress) = state.voters.get_mut(&replica) else {
            return;
        };
        progress.announce_at = next_announcement;
        state.fetched.insert(replica);
        // With the leader itself that is more than half.
        if state.fetched.len() >= majority {
            state.fetched.clear();
            state.check_quorum_at = Some(next_check);
        }
    }

    fn announce_every_ms(&self) -> i64 {
        (self.config.timeouts.fetch_ms / 2).max(1)
    }

    pub(crate) fn announced_to(&mut self, voter: i32) {
        let next = self.now + self.announce_every_ms();
        if let State::Leader(state) = &mut self.state
            && let Some(progress) = state.voters.get_mut(&voter)
        {
            progress.announce_at = next;
        }
    }

    /// Moves the high watermark to what a majority has stored. A record of an earlier epoch counts
    /// only under one of this epoch: a majority alone could still be overruled (Raft, 5.4.2).
    pub(crate) fn advance(&mut self) {
        let log_end = self.journal.log.log_end_offset();
        let State::Leader(state) = &mut self.state else {
            return;
        };
        let mut ends: Vec<i64> = state
            .voters
            .values()
            .map(|it| it.end.unwrap_or(-1))
            .collect();
        ends.push(log_end);
        ends.sort_unstable_by_key(|end| std::cmp::Reverse(*end));
        let stored = ends[ends.len() / 2];
        if stored <= state.epoch_start || state.high_watermark.is_some_and(|hw| stored <= hw) {
            return;
        }
        state.high_watermark = Some(stored);
        self.commit_to(stored);
    }

    /// Says that it does not lead any more.
    pub(crate) fn tell_resigned(&mut self, epoch: i32, cause: Cause) {
        let event = Event::info("controller-resigned")
            .with("broker", self.config.node_id)
            .with("epoch", epoch);
        self.emit(cause.of(event));
    }
}
