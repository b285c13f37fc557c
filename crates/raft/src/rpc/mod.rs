//! The requests of the quorum: each file answers one of them and takes its answer.

mod begin_quorum_epoch;
mod end_quorum_epoch;
mod fetch;
mod fetch_snapshot;
mod follow;
mod vote;

pub(crate) use fetch::ParkedFetch;

use konbini_protocol::ResponseError::{
    self, BrokerNotAvailable, FencedLeaderEpoch, InconsistentClusterId, InconsistentVoterSet,
    InvalidRequest, NotLeaderOrFollower, UnknownLeaderEpoch,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::{RequestKind, TopicName};

use crate::election::MAX_EPOCH;
use crate::raft::Raft;
use crate::state::State;
use crate::{METADATA_TOPIC, Output, ReplyId};

/// Versions that are sent: the newest of Kafka 4. From Fetch 18 on a fetch says which high
/// watermark its sender knows, and is answered when there is a newer one (KIP-1166).
pub(crate) fn version_of(request: &RequestKind) -> i16 {
    match request {
        RequestKind::Vote(_) => 2,
        RequestKind::Fetch(_) => 18,
        _ => 1,
    }
}

pub(crate) fn topic_name() -> TopicName {
    TopicName(StrBytes::from_static_str(METADATA_TOPIC))
}

/// The node that an id in a message names; -1 names none.
fn somebody(id: i32) -> Option<i32> {
    (id >= 0).then_some(id)
}

impl Raft {
    pub(crate) fn requested(&mut self, reply: ReplyId, request: RequestKind) {
        let response = match request {
            RequestKind::Vote(request) => self.vote_requested(&request).into(),
            RequestKind::BeginQuorumEpoch(request) => self.begin_requested(&request).into(),
            RequestKind::EndQuorumEpoch(request) => self.end_requested(&request).into(),
            RequestKind::FetchSnapshot(request) => self.snapshot_requested(&request).into(),
            RequestKind::Fetch(request) => return self.fetch_requested(reply, request),
            other => unreachable!("{other:?} is no request of the quorum"),
        };
        self.put_out(Output::Reply(reply, response));
    }

    pub(crate) fn cluster_id(&self) -> Option<StrBytes> {
        Some(StrBytes::from_string(self.config.cluster_id.clone()))
    }

    /// What makes any request refused before it is looked at.
    fn refuse(&self, cluster_id: Option<&StrBytes>) -> Option<ResponseError> {
        if cluster_id.is_some_and(|id| id.as_str() != self.config.cluster_id) {
            return Some(InconsistentClusterId);
        }
        (!self.is_online()).then_some(BrokerNotAvailable)
    }

    /// Whether a request from a voter of an epoch may be looked at.
    fn check_voter(&self, voter: i32, epoch: i32) -> Result<(), ResponseError> {
        if epoch < self.election.epoch {
            Err(FencedLeaderEpoch)
        } else if epoch > MAX_EPOCH {
            Err(InvalidRequest)
        } else if !self.config.is_voter(voter) || !self.is_voter() {
            Err(InconsistentVoterSet)
        } else {
            Ok(())
        }
    }

    /// Whether a request that only the leader answers is for this node's epoch.
    fn check_leader(&self, epoch: i32) -> Result<(), ResponseError> {
        if epoch < self.election.epoch {
            Err(FencedLeaderEpoch)
        } else if epoch > self.election.epoch {
            Err(UnknownLeaderEpoch)
        } else if !matches!(self.state, State::Leader(_)) {
            Err(NotLeaderOrFollower)
        } else {
            Ok(())
        }
    }

    /// The leader that this node tells others, -1 for none. A node that resigned names nobody.
    pub(crate) fn leader_to_tell(&self) -> i32 {
        self.leader().unwrap_or(-1)
    }

    /// Takes note of the leader and the epoch that a message names.
    fn learn(&mut self, leader: Option<i32>, epoch: i32) {
        let own = self.config.node_id;
        let leader = leader.filter(|id| *id != own && self.config.is_voter(*id));
        let newer = epoch > self.election.epoch;
        match leader {
            Some(leader) if newer => self.become_follower(epoch, leader),
            None if newer => self.become_unattached(epoch),
            Some(leader) if epoch == self.election.epoch && self.election.leader.is_none() => {
                self.become_follower(epoch, leader);
            }
            _ => {}
        }
    }

    /// Takes note of what every answer says about leader and epoch. True when there is nothing
    /// else in the answer: it is stale, of another epoch, or a refusal.
    fn learn_from_answer(&mut self, error: i16, leader: i32, epoch: i32) -> bool {
        if epoch < self.election.epoch || epoch > MAX_EPOCH {
            return true;
        }
        let newer = epoch > self.election.epoch;
        self.learn(somebody(leader), epoch);
        newer || error != 0
    }
}
