//! Prospective (KIP-996): asks whether it would be voted for, before it disturbs anybody with a
//! new epoch. A node that was cut off comes back without deposing a leader that is well.

use konbini_trace::Event;

use super::{State, Target};
use crate::cause::Cause;
use crate::raft::Raft;
use crate::votes::Votes;

#[derive(Debug)]
pub(crate) struct Prospective {
    pub votes: Votes,
    election_deadline: i64,
    pub cause: Cause,
}

impl Prospective {
    pub fn deadline(&self) -> i64 {
        self.election_deadline
    }

    pub fn targets(&self) -> Vec<Target> {
        let open = self.votes.open().into_iter();
        open.map(|id| (id, i64::MIN)).collect()
    }
}

impl Raft {
    /// Epoch, leader and vote stay as they are.
    pub(crate) fn become_prospective(&mut self, cause: Cause) {
        let state = Prospective {
            votes: self.new_votes(),
            election_deadline: self.election_deadline(),
            cause,
        };
        self.enter(State::Prospective(state));
    }

    pub(crate) fn new_votes(&self) -> Votes {
        let voters = self.config.voters.iter().map(|voter| voter.id);
        Votes::new(voters, self.config.node_id)
    }

    pub(super) fn tick_prospective(&mut self) -> bool {
        let State::Prospective(state) = &self.state else {
            return false;
        };
        if state.votes.is_won() {
            let cause = state.cause;
            self.become_candidate(cause);
            return self.is_online();
        }
        if !state.votes.is_lost() && state.election_deadline > self.now {
            return false;
        }
        if state.votes.too_few_answered() {
            self.tell_quorum_lost("controller.quorum.election.timeout.ms");
        }
        match self.election.leader {
            Some(leader) if leader != self.config.node_id => {
                self.become_follower(self.election.epoch, leader);
            }
            _ => self.become_unattached(self.election.epoch),
        }
        true
    }

    /// Says that no majority can be reached; once, until there is a leader again.
    pub(crate) fn tell_quorum_lost(&mut self, because: &'static str) {
        if self.told_quorum_lost {
            return;
        }
        self.told_quorum_lost = true;
        self.emit(
            Event::warn("quorum-lost")
                .with("broker", self.config.node_id)
                .with("epoch", self.election.epoch)
                .because_of(because),
        );
    }
}
