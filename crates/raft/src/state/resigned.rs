//! Resigned: led this epoch and does not any more. It tells the voters, so that they elect another
//! leader at once; a leader that restarts begins here, for its epoch is over with its memory.

use std::collections::BTreeSet;

use super::{State, Target};
use crate::cause::Cause;
use crate::raft::Raft;

#[derive(Debug)]
pub(crate) struct Resigned {
    /// Voters that do not know of it yet.
    pub untold: BTreeSet<i32>,
    /// Who should lead next, best first.
    pub successors: Vec<i32>,
    election_deadline: i64,
}

impl Resigned {
    pub fn deadline(&self) -> i64 {
        self.election_deadline
    }

    pub fn targets(&self) -> Vec<Target> {
        self.untold.iter().map(|id| (*id, i64::MIN)).collect()
    }
}

impl Raft {
    /// Gives up leadership of this epoch.
    pub(crate) fn resign(&mut self, cause: Cause) {
        let State::Leader(leader) = &self.state else {
            return;
        };
        let successors = leader.successors();
        self.become_resigned(successors, cause);
    }

    pub(crate) fn become_resigned(&mut self, successors: Vec<i32>, cause: Cause) {
        let state = Resigned {
            untold: self.config.other_voters().into_iter().collect(),
            successors,
            election_deadline: self.election_deadline(),
        };
        self.enter_because(State::Resigned(state), cause);
    }

    pub(super) fn tick_resigned(&mut self) -> bool {
        let due = self.state.deadline().is_some_and(|at| at <= self.now);
        if due && let Some(epoch) = self.next_epoch() {
            self.become_unattached(epoch);
        }
        due && self.is_online()
    }
}
