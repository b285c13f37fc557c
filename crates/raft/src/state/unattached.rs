//! Unattached: no leader of this epoch is known. The node asks other voters whether they know one;
//! a voter that hears of none in time asks for votes. It may have given its vote in this epoch.

use super::{State, Target};
use crate::cause::Cause;
use crate::election::Election;
use crate::raft::Raft;

/// Pause between questions for the leader, in ms.
const DISCOVERY_MS: i64 = 250;

#[derive(Debug, Default)]
pub(crate) struct Unattached {
    /// `None` for an observer, which never stands for election.
    election_deadline: Option<i64>,
    /// The voter to be asked for the leader.
    ask: Option<i32>,
    ask_at: i64,
}

impl Unattached {
    pub fn deadline(&self) -> Option<i64> {
        self.election_deadline
    }

    pub fn targets(&self) -> Vec<Target> {
        self.ask.map(|id| (id, self.ask_at)).into_iter().collect()
    }
}

impl Raft {
    /// Enters an epoch, or stays in it, without a leader. A vote in this epoch stays given.
    pub(crate) fn become_unattached(&mut self, epoch: i32) {
        assert!(epoch >= self.election.epoch, "epochs never go back");
        if epoch > self.election.epoch {
            self.election = Election::in_epoch(epoch);
        }
        self.election.leader = None;
        let election_deadline = self.is_voter().then(|| self.election_deadline());
        let state = Unattached {
            election_deadline,
            ask: self.any_voter(),
            ask_at: self.now,
        };
        self.enter(State::Unattached(state));
    }

    pub(super) fn tick_unattached(&mut self) -> bool {
        let due = self.state.deadline().is_some_and(|at| at <= self.now);
        if due {
            self.become_prospective(Cause::NO_LEADER);
        }
        due
    }

    /// A voter did not know the leader, or did not answer: the next one is asked a little later.
    pub(crate) fn ask_another(&mut self) {
        let (ask, ask_at) = (self.any_voter(), self.now + DISCOVERY_MS);
        if let State::Unattached(state) = &mut self.state {
            state.ask = ask;
            state.ask_at = ask_at;
        }
    }
}
