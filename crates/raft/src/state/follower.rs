//! Follower: fetches the log from the leader of its epoch. A voter that gets no answer in time asks
//! for votes.

use bytes::BytesMut;

use super::{State, Target};
use crate::cause::Cause;
use crate::election::Election;
use crate::raft::Raft;
use crate::snapshot::SnapshotId;

#[derive(Debug)]
pub(crate) struct Follower {
    pub leader: i32,
    pub fetch_deadline: i64,
    /// The leader answered, or announced itself, since this state began, and has not said since that
    /// it resigned.
    pub heard_leader: bool,
    /// The leader resigned, and that is why the deadline is when it is.
    pub ended: bool,
    pub fetch_at: i64,
    /// The log here ends before the leader's begins: its snapshot is fetched.
    pub download: Option<Download>,
    /// The log is to be cut there, once the bytes are in memory that this needs.
    pub truncation: Option<i64>,
}

/// A snapshot on its way.
#[derive(Debug)]
pub(crate) struct Download {
    pub id: SnapshotId,
    pub bytes: BytesMut,
}

impl Follower {
    pub fn deadline(&self) -> i64 {
        self.fetch_deadline
    }

    pub fn targets(&self) -> Vec<Target> {
        if self.truncation.is_some() {
            return Vec::new();
        }
        vec![(self.leader, self.fetch_at)]
    }
}

impl Raft {
    pub(crate) fn become_follower(&mut self, epoch: i32, leader: i32) {
        assert!(epoch >= self.election.epoch, "epochs never go back");
        assert_ne!(leader, self.config.node_id, "nobody follows itself");
        if epoch > self.election.epoch {
            self.election = Election::in_epoch(epoch);
        }
        self.election.leader = Some(leader);
        self.elections_lost = 0;
        let state = Follower {
            leader,
            fetch_deadline: self.now + self.config.timeouts.fetch_ms,
            heard_leader: false,
            ended: false,
            fetch_at: self.now,
            download: None,
            truncation: None,
        };
        self.enter(State::Follower(state));
    }

    pub(super) fn tick_follower(&mut self) -> bool {
        let due = self.state.deadline().is_some_and(|at| at <= self.now);
        let ended = matches!(&self.state, State::Follower(state) if state.ended);
        if due && self.is_voter() {
            self.become_prospective(if ended {
                Cause::LEADER_RESIGNED
            } else {
                Cause::NO_FETCH
            });
        } else if due {
            self.look_for_the_leader();
        }
        due
    }

    /// The leader is there.
    pub(crate) fn heard_leader(&mut self) {
        let deadline = self.now + self.config.timeouts.fetch_ms;
        if let State::Follower(state) = &mut self.state {
            state.heard_leader = true;
            state.ended = false;
            state.fetch_deadline = deadline;
        }
        self.told_quorum_lost = false;
    }
}
