//! Vote (KIP-595), with pre-votes (KIP-996): a vote in no new epoch, which whoever gives it may give
//! to others too, and does not write down.

use konbini_protocol::ResponseError::{self, InvalidRequest};
use konbini_protocol::messages::vote_request::{PartitionData, TopicData};
use konbini_protocol::messages::{BrokerId, RequestKind, VoteRequest, VoteResponse, vote_response};
use konbini_trace::Event;

use super::topic_name;
use crate::journal::Place;
use crate::peers::Asked;
use crate::raft::Raft;
use crate::state::State;

impl Raft {
    pub(crate) fn ask_vote(&self, voter: i32, pre: bool) -> (Asked, RequestKind) {
        let end = self.journal.end();
        let epoch = self.election.epoch;
        let partition = PartitionData::default()
            .with_replica_epoch(epoch)
            .with_replica_id(BrokerId(self.config.node_id))
            .with_last_offset_epoch(end.epoch)
            .with_last_offset(end.offset)
            .with_pre_vote(pre);
        let topic = TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![partition]);
        let request = VoteRequest::default()
            .with_cluster_id(self.cluster_id())
            .with_voter_id(BrokerId(voter))
            .with_topics(vec![topic]);
        (Asked::Vote { epoch, pre }, request.into())
    }

    pub(crate) fn vote_requested(&mut self, request: &VoteRequest) -> VoteResponse {
        if let Some(error) = self.refuse(request.cluster_id.as_ref()) {
            return VoteResponse::default().with_error_code(error.code());
        }
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        let [partition] = &partitions.collect::<Vec<_>>()[..] else {
            return VoteResponse::default().with_error_code(InvalidRequest.code());
        };
        let decided = self.decide(request, partition);
        let (error, granted) = match decided {
            Ok(granted) => (0, granted),
            Err(error) => (error.code(), false),
        };
        let data = vote_response::PartitionData::default()
            .with_error_code(error)
            .with_leader_id(BrokerId(self.leader_to_tell()))
            .with_leader_epoch(self.election.epoch)
            .with_vote_granted(granted);
        let topic = vote_response::TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![data]);
        VoteResponse::default().with_topics(vec![topic])
    }

    fn decide(
        &mut self,
        request: &VoteRequest,
        asked: &PartitionData,
    ) -> Result<bool, ResponseError> {
        let (candidate, epoch, pre) = (asked.replica_id.0, asked.replica_epoch, asked.pre_vote);
        let theirs = Place {
            epoch: asked.last_offset_epoch,
            offset: asked.last_offset,
        };
        let newest_epoch = if pre { epoch } else { epoch - 1 };
        if theirs.offset < 0 || !(0..=newest_epoch).contains(&theirs.epoch) {
            return Err(InvalidRequest);
        }
        self.check_voter(candidate, epoch)?;
        if request.voter_id.0 >= 0 && request.voter_id.0 != self.config.node_id {
            return Err(ResponseError::InvalidVoterKey);
        }
        if epoch > self.election.epoch {
            self.become_unattached(epoch);
        }
        let refusal = self.why_not(candidate, theirs >= self.journal.end(), pre);
        if refusal.is_none() && !pre && self.election.voted.is_none() {
            self.election.voted = Some(candidate);
            self.persist();
        }
        if !pre {
            self.tell_vote(candidate, refusal);
        }
        Ok(refusal.is_none())
    }

    /// Why a candidate of this epoch does not get the vote; `None` if it does.
    fn why_not(&self, candidate: i32, up_to_date: bool, pre: bool) -> Option<&'static str> {
        let has_leader = match &self.state {
            State::Leader(_) => return Some("this node leads"),
            // Pre-vote: whoever hears the leader sees no need for another one.
            State::Follower(follower) => follower.heard_leader || !pre,
            State::Resigned(_) => !pre,
            State::Unattached(_) | State::Prospective(_) | State::Candidate(_) => {
                self.election.leader.is_some() && !pre
            }
        };
        if !pre && self.election.voted.is_some_and(|voted| voted != candidate) {
            return Some("it voted for another candidate");
        }
        if !pre && self.election.voted == Some(candidate) {
            return None;
        }
        if has_leader {
            Some("this epoch has a leader")
        } else if !up_to_date {
            Some("the candidate lacks records")
        } else {
            None
        }
    }

    fn tell_vote(&mut self, candidate: i32, refusal: Option<&'static str>) {
        let event = match refusal {
            None => Event::detail("controller-vote-granted"),
            Some(_) => Event::detail("controller-vote-refused"),
        };
        let event = event
            .with("broker", self.config.node_id)
            .with("candidate", candidate)
            .with("epoch", self.election.epoch);
        self.emit(match refusal {
            None => event,
            Some(reason) => event.with("reason", reason),
        });
    }

    pub(crate) fn vote_answered(
        &mut self,
        voter: i32,
        epoch: i32,
        pre: bool,
        response: &VoteResponse,
    ) {
        let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        let [data] = &partitions.collect::<Vec<_>>()[..] else {
            return self.failed(voter, Asked::Vote { epoch, pre });
        };
        if self.learn_from_answer(data.error_code, data.leader_id.0, data.leader_epoch) {
            return self.failed(voter, Asked::Vote { epoch, pre });
        }
        if epoch != self.election.epoch {
            return;
        }
        match &mut self.state {
            State::Prospective(state) if pre => state.votes.record(voter, data.vote_granted),
            State::Candidate(state) if !pre => state.votes.record(voter, data.vote_granted),
            _ => {}
        }
    }
}
