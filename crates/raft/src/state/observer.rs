//! Observers: nodes that fetch the log and do not vote. They are unattached until some voter tells
//! them the leader, then followers; a leader that is silent is looked for again.

use crate::raft::Raft;

impl Raft {
    pub(crate) fn is_voter(&self) -> bool {
        self.config.is_voter(self.config.node_id)
    }

    /// A voter to ask for the leader: any other one, so that a dead one is not asked for ever.
    pub(crate) fn any_voter(&mut self) -> Option<i32> {
        let others = self.config.other_voters();
        let chosen = self.chance.below(others.len() as i64);
        others.get(chosen as usize).copied()
    }

    /// The leader was silent for too long, and this node cannot stand for election.
    pub(super) fn look_for_the_leader(&mut self) {
        self.become_unattached(self.election.epoch);
    }
}
