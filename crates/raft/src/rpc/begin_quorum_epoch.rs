//! BeginQuorumEpoch: a leader tells the voters that it is one, until they fetch from it.

use konbini_protocol::ResponseError::{self, InvalidRequest};
use konbini_protocol::messages::begin_quorum_epoch_request::{PartitionData, TopicData};
use konbini_protocol::messages::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, BrokerId, RequestKind,
    begin_quorum_epoch_response as response,
};

use super::topic_name;
use crate::peers::Asked;
use crate::raft::Raft;
use crate::state::State;

impl Raft {
    pub(crate) fn ask_begin(&self, voter: i32) -> (Asked, RequestKind) {
        let epoch = self.election.epoch;
        let partition = PartitionData::default()
            .with_leader_id(BrokerId(self.config.node_id))
            .with_leader_epoch(epoch);
        let topic = TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![partition]);
        let request = BeginQuorumEpochRequest::default()
            .with_cluster_id(self.cluster_id())
            .with_voter_id(BrokerId(voter))
            .with_topics(vec![topic]);
        (Asked::Begin { epoch }, request.into())
    }

    pub(crate) fn begin_requested(
        &mut self,
        request: &BeginQuorumEpochRequest,
    ) -> BeginQuorumEpochResponse {
        let refused = |error: ResponseError| {
            BeginQuorumEpochResponse::default().with_error_code(error.code())
        };
        if let Some(error) = self.refuse(request.cluster_id.as_ref()) {
            return refused(error);
        }
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        let [partition] = &partitions.collect::<Vec<_>>()[..] else {
            return refused(InvalidRequest);
        };
        let (leader, epoch) = (partition.leader_id.0, partition.leader_epoch);
        let error = match self.follow(leader, epoch) {
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
        BeginQuorumEpochResponse::default().with_topics(vec![topic])
    }

    fn follow(&mut self, leader: i32, epoch: i32) -> Result<(), ResponseError> {
        self.check_voter(leader, epoch)?;
        let own = self.config.node_id;
        let known = self
            .election
            .leader
            .filter(|_| epoch == self.election.epoch);
        if leader == own || known.is_some_and(|known| known != leader) {
            return Err(InvalidRequest);
        }
        // A node that was about to stand for election sees that the leader is well.
        if !matches!(&self.state, State::Follower(_) if known == Some(leader)) {
            self.become_follower(epoch, leader);
        }
        self.heard_leader();
        Ok(())
    }

    pub(crate) fn begin_answered(&mut self, voter: i32, response: &BeginQuorumEpochResponse) {
        let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        for data in partitions {
            self.learn_from_answer(data.error_code, data.leader_id.0, data.leader_epoch);
        }
        // It is told again in time if it does not fetch.
        if response.error_code != 0 {
            self.failed(voter, Asked::Begin { epoch: -1 });
        }
    }
}
