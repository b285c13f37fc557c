//! Candidate: has opened a new epoch, voted for itself, and asks the others for their votes.

use konbini_trace::Event;

use super::{State, Target};
use crate::cause::Cause;
use crate::election::Election;
use crate::raft::Raft;
use crate::votes::Votes;

/// What the pause after a lost election is made of, in ms; doubled with each one.
const BACKOFF_BASE_MS: i64 = 100;
const MAX_DOUBLINGS: u32 = 10;

#[derive(Debug)]
pub(crate) struct Candidate {
    pub votes: Votes,
    cause: Cause,
    election_deadline: i64,
    /// The election is lost; the next one begins at that time.
    backs_off_until: Option<i64>,
}

impl Candidate {
    pub fn deadline(&self) -> i64 {
        self.backs_off_until.unwrap_or(self.election_deadline)
    }

    pub fn targets(&self) -> Vec<Target> {
        if self.backs_off_until.is_some() {
            return Vec::new();
        }
        let open = self.votes.open().into_iter();
        open.map(|id| (id, i64::MIN)).collect()
    }
}

impl Raft {
    /// Opens the next epoch and votes for itself in it.
    pub(crate) fn become_candidate(&mut self, cause: Cause) {
        let Some(epoch) = self.next_epoch() else {
            return;
        };
        self.election = Election {
            epoch,
            leader: None,
            voted: Some(self.config.node_id),
        };
        let state = Candidate {
            votes: self.new_votes(),
            cause,
            election_deadline: self.election_deadline(),
            backs_off_until: None,
        };
        self.enter(State::Candidate(state));
        if self.config.voters.len() > 1 {
            let event = Event::info("controller-candidate")
                .with("broker", self.config.node_id)
                .with("epoch", self.election.epoch);
            self.emit(cause.of(event));
        }
    }

    pub(super) fn tick_candidate(&mut self) -> bool {
        let (now, retries) = (self.now, self.elections_lost);
        let State::Candidate(state) = &mut self.state else {
            return false;
        };
        if state.votes.is_won() {
            let (granted, cause) = (state.votes.granted(), state.cause);
            self.become_leader(&granted, cause);
            return true;
        }
        if state.deadline() <= now {
            let lost = state.backs_off_until.is_some();
            self.become_prospective(if lost { Cause::LOST } else { Cause::UNDECIDED });
            return true;
        }
        if state.votes.is_lost() && state.backs_off_until.is_none() {
            let doubled = BACKOFF_BASE_MS << retries.min(MAX_DOUBLINGS);
            let limit = self.config.timeouts.election_backoff_max_ms;
            let pause = 1 + self.chance.below(doubled.min(limit));
            state.backs_off_until = Some(now + pause);
            self.elections_lost = retries.saturating_add(1);
        }
        false
    }
}
