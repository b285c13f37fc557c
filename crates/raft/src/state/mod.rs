//! The quorum states. Each file says how its state begins and what it does as time goes.

mod candidate;
mod follower;
mod leader;
mod observer;
mod prospective;
mod resigned;
mod unattached;

pub(crate) use candidate::Candidate;
pub(crate) use follower::{Download, Follower};
pub(crate) use leader::{Leader, Progress};
pub(crate) use prospective::Prospective;
pub(crate) use resigned::Resigned;
pub(crate) use unattached::Unattached;

use konbini_protocol::messages::RequestKind;

use crate::election::MAX_EPOCH;
use crate::peers::Asked;
use crate::raft::Raft;

#[derive(Debug)]
pub(crate) enum State {
    Unattached(Unattached),
    Prospective(Prospective),
    Candidate(Candidate),
    Follower(Follower),
    Leader(Leader),
    Resigned(Resigned),
}

/// Whom a state wants to ask something, not before a time in ms.
pub(crate) type Target = (i32, i64);

impl State {
    /// Before anything was decided: asks nobody, waits for nothing.
    pub fn begin() -> State {
        State::Unattached(Unattached::default())
    }

    /// When time alone changes the state.
    pub fn deadline(&self) -> Option<i64> {
        match self {
            State::Unattached(state) => state.deadline(),
            State::Prospective(state) => Some(state.deadline()),
            State::Candidate(state) => Some(state.deadline()),
            State::Follower(state) => Some(state.deadline()),
            State::Leader(state) => state.deadline(),
            State::Resigned(state) => Some(state.deadline()),
        }
    }

    pub fn targets(&self) -> Vec<Target> {
        match self {
            State::Unattached(state) => state.targets(),
            State::Prospective(state) => state.targets(),
            State::Candidate(state) => state.targets(),
            State::Follower(state) => state.targets(),
            State::Leader(state) => state.targets(),
            State::Resigned(state) => state.targets(),
        }
    }
}

impl Raft {
    /// Does what the state does at this time. True if that led to another state.
    pub(crate) fn tick(&mut self) -> bool {
        if !self.is_online() {
            return false;
        }
        match &self.state {
            State::Unattached(_) => self.tick_unattached(),
            State::Prospective(_) => self.tick_prospective(),
            State::Candidate(_) => self.tick_candidate(),
            State::Follower(_) => self.tick_follower(),
            State::Leader(_) => self.tick_leader(),
            State::Resigned(_) => self.tick_resigned(),
        }
    }

    /// What the state asks of a node that it wants to ask.
    pub(crate) fn question_to(&self, id: i32) -> (Asked, RequestKind) {
        match &self.state {
            State::Unattached(_) => self.ask_fetch(id),
            State::Follower(follower) => match &follower.download {
                Some(download) => self.ask_snapshot(download),
                None => self.ask_fetch(id),
            },
            State::Prospective(_) => self.ask_vote(id, true),
            State::Candidate(_) => self.ask_vote(id, false),
            State::Leader(_) => self.ask_begin(id),
            State::Resigned(resigned) => self.ask_end(resigned),
        }
    }

    /// The epoch after this one. A log whose epochs are used up is of no use: somebody must have
    /// claimed the last ones on purpose.
    pub(crate) fn next_epoch(&mut self) -> Option<i32> {
        if self.election.epoch >= MAX_EPOCH {
            self.fail("the epochs of the quorum are used up".to_owned());
            return None;
        }
        Some(self.election.epoch + 1)
    }

    /// When an election that begins now times out: the timeout and up to as much again.
    pub(crate) fn election_deadline(&mut self) -> i64 {
        let timeout = self.config.timeouts.election_ms;
        self.now + timeout + self.chance.below(timeout)
    }
}
