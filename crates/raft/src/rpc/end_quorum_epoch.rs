//! EndQuorumEpoch: a leader that resigns tells the voters, with those that should lead next. The
//! first of them stands for election at once, the others a little later.

use konbini_protocol::ResponseError::{self, InvalidRequest};
use konbini_protocol::messages::end_quorum_epoch_request::{PartitionData, ReplicaInfo, TopicData};
use konbini_protocol::messages::{
    BrokerId, EndQuorumEpochRequest, EndQuorumEpochResponse, RequestKind,
    end_quorum_epoch_response as response,
};

use super::topic_name;
use crate::peers::Asked;
use crate::raft::Raft;
use crate::state::{Resigned, State};

/// The pauses of later successors are at most so often halved.
const MAX_HALVINGS: usize = 10;

impl Raft {
    pub(crate) fn ask_end(&self, resigned: &Resigned) -> (Asked, RequestKind) {
        let epoch = self.election.epoch;
        let candidates = resigned.successors.iter();
        let candidates =
            candidates.map(|id| ReplicaInfo::default().with_candidate_id(BrokerId(*id)));
        let partition = PartitionData::default()
            .with_leader_id(BrokerId(self.config.node_id))
            .with_leader_epoch(epoch)
            .with_preferred_candidates(candidates.collect());
        let topic = TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![partition]);
        let request = EndQuorumEpochRequest::default()
            .with_cluster_id(self.cluster_id())
            .with_topics(vec![topic]);
        (Asked::End { epoch }, request.into())
    }

    pub(crate) fn end_requested(
        &mut self,
        request: &EndQuorumEpochRequest,
    ) -> EndQuorumEpochResponse {
        let refused =
            |error: ResponseError| EndQuorumEpochResponse::default().with_error_code(error.code());
        if let Some(error) = self.refuse(request.cluster_id.as_ref()) {
            return refused(error);
        }
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        let [partition] = &partitions.collect::<Vec<_>>()[..] else {
            return refused(InvalidRequest);
        };
        let error = match self.end(partition) {
            Ok(()) => 0,
            Err(error) => error.code(),
        };
        let data = response::PartitionData::default()
            .with_error_code(error)
            .with_leader_id(BrokerId(self.leader_to_tell()))
            .with_leader_epoch(self.election.epoch);
        let topic = response::TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![data]);
        EndQuorumEpochResponse::default().with_topics(vec![topic])
    }

    fn end(&mut self, ended: &PartitionData) -> Result<(), ResponseError> {
        let (leader, epoch) = (ended.leader_id.0, ended.leader_epoch);
        self.check_voter(leader, epoch)?;
        self.learn(Some(leader), epoch);
        let own = self.config.node_id;
        let candidates: Vec<i32> = if ended.preferred_candidates.is_empty() {
            ended.preferred_successors.clone()
        } else {
            let infos = ended.preferred_candidates.iter();
            infos.map(|info| info.candidate_id.0).collect()
        };
        let place = candidates.iter().position(|id| *id == own);
        let pause = self.successor_pause_ms(place.unwrap_or(candidates.len()), candidates.len());
        let stands_at = self.now + pause;
        if let State::Follower(follower) = &mut self.state
            && follower.leader == leader
        {
            // There is no leader to wait for: others may ask for this node's pre-vote too.
            follower.heard_leader = false;
            if stands_at <= follower.fetch_deadline {
                follower.fetch_deadline = stands_at;
                follower.ended = true;
            }
        }
        Ok(())
    }

    /// None for the first successor, then doubled for each one up to the longest.
    fn successor_pause_ms(&self, place: usize, count: usize) -> i64 {
        let longest = self.config.timeouts.election_backoff_max_ms;
        if place == 0 {
            return 0;
        }
        let base = longest >> count.saturating_sub(1).min(MAX_HALVINGS);
        (base.max(1) << (place - 1).min(MAX_HALVINGS)).min(longest)
    }

    pub(crate) fn end_answered(
        &mut self,
        voter: i32,
        epoch: i32,
        response: &EndQuorumEpochResponse,
    ) {
        let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        let [data] = &partitions.collect::<Vec<_>>()[..] else {
            return self.failed(voter, Asked::End { epoch });
        };
        let over = self.learn_from_answer(data.error_code, data.leader_id.0, data.leader_epoch);
        if over {
            return self.failed(voter, Asked::End { epoch });
        }
        if let State::Resigned(state) = &mut self.state {
            state.untold.remove(&voter);
        }
    }
}
