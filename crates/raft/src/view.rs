//! What may be looked at: leader, epoch, state, and how far everybody is. DescribeQuorum (KIP-595)
//! is answered from the same.

use konbini_protocol::ResponseError::{NotLeaderOrFollower, UnknownTopicOrPartition};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_quorum_response::{
    Listener, Node, PartitionData, ReplicaState, TopicData,
};
use konbini_protocol::messages::{BrokerId, DescribeQuorumRequest, DescribeQuorumResponse};

use crate::raft::Raft;
use crate::rpc::topic_name;
use crate::state::{Progress, State};

/// The listener of the voters, as `controller.listener.names` would have it.
const LISTENER: &str = "PLAINTEXT";

/// How far a replica is, as the leader knows it. Times in ms, -1 for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaView {
    pub id: i32,
    /// `None` before its first fetch.
    pub log_end: Option<i64>,
    pub last_fetch_ms: i64,
    pub last_caught_up_ms: i64,
}

/// The quorum as one node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumView {
    /// The node's state in the words of Kafka's metric `current-state`.
    pub state: &'static str,
    pub leader: Option<i32>,
    pub epoch: i32,
    /// `None` before it is known.
    pub high_watermark: Option<i64>,
    pub log_end: i64,
    /// Only the leader knows how far others are.
    pub voters: Vec<ReplicaView>,
    pub observers: Vec<ReplicaView>,
}

impl ReplicaView {
    fn of((id, progress): (&i32, &Progress)) -> ReplicaView {
        ReplicaView {
            id: *id,
            log_end: progress.end,
            last_fetch_ms: progress.last_fetch_ms,
            last_caught_up_ms: progress.last_caught_up_ms,
        }
    }
}

impl Raft {
    pub fn node_id(&self) -> i32 {
        self.config.node_id
    }

    pub fn epoch(&self) -> i32 {
        self.election.epoch
    }

    /// The leader of this epoch, as far as this node knows. A node that resigned is none.
    pub fn leader(&self) -> Option<i32> {
        match self.state {
            State::Resigned(_) => None,
            _ => self.election.leader,
        }
    }

    pub fn is_leader(&self) -> bool {
        matches!(self.state, State::Leader(_))
    }

    /// Whether this node leads and has committed a record of its epoch: it knows everything that
    /// was ever committed, and has it in its log.
    pub fn is_active(&self) -> bool {
        matches!(&self.state, State::Leader(leader) if leader.high_watermark.is_some())
    }

    /// The setting that decided that this leader stood for election. `None` if no setting did, and
    /// for a node that does not lead.
    pub fn elected_because(&self) -> Option<&'static str> {
        match &self.state {
            State::Leader(leader) => leader.cause.setting,
            _ => None,
        }
    }

    /// The node's state in the words of Kafka's metric `current-state`.
    pub fn state_name(&self) -> &'static str {
        let voted = self.election.voted.is_some();
        match &self.state {
            _ if !self.is_voter() => "observer",
            State::Unattached(_) if voted => "unattached-voted",
            State::Unattached(_) => "unattached",
            State::Prospective(_) if voted => "prospective-voted",
            State::Prospective(_) => "prospective",
            State::Candidate(_) => "candidate",
            State::Follower(_) => "follower",
            State::Leader(_) => "leader",
            State::Resigned(_) => "resigned",
        }
    }

    /// The quorum as this node sees it.
    pub fn view(&self) -> QuorumView {
        let (voters, observers) = self.replicas();
        QuorumView {
            state: self.state_name(),
            leader: self.leader(),
            epoch: self.epoch(),
            high_watermark: self.high_watermark(),
            log_end: self.journal.log.log_end_offset(),
            voters,
            observers,
        }
    }

    fn replicas(&self) -> (Vec<ReplicaView>, Vec<ReplicaView>) {
        let State::Leader(leader) = &self.state else {
            return (Vec::new(), Vec::new());
        };
        let own = ReplicaView {
            id: self.config.node_id,
            log_end: Some(self.journal.log.log_end_offset()),
            last_fetch_ms: self.now,
            last_caught_up_ms: self.now,
        };
        let mut voters: Vec<ReplicaView> = leader.voters.iter().map(ReplicaView::of).collect();
        voters.push(own);
        voters.sort_by_key(|voter| voter.id);
        let observers = leader.observers.iter().map(ReplicaView::of).collect();
        (voters, observers)
    }

    /// Answers DescribeQuorum; only the leader can. The nodes' addresses exist from version 2 on.
    pub fn describe(
        &self,
        request: &DescribeQuorumRequest,
        version: i16,
    ) -> DescribeQuorumResponse {
        if !self.is_leader() {
            let error = NotLeaderOrFollower;
            return DescribeQuorumResponse::default()
                .with_error_code(error.code())
                .with_error_message(None);
        }
        let topics = request.topics.iter().map(|topic| {
            let known = topic.topic_name == topic_name();
            let partitions = topic.partitions.iter();
            let partitions = partitions
                .map(|wanted| self.describe_partition(known, wanted.partition_index))
                .collect();
            TopicData::default()
                .with_topic_name(topic.topic_name.clone())
                .with_partitions(partitions)
        });
        let response = DescribeQuorumResponse::default()
            .with_error_message(None)
            .with_topics(topics.collect());
        if version < 2 {
            return response;
        }
        let nodes = self.config.voters.iter().map(|voter| {
            let listener = Listener::default()
                .with_name(StrBytes::from_static_str(LISTENER))
                .with_host(StrBytes::from_string(voter.host.clone()))
                .with_port(voter.port);
            Node::default()
                .with_node_id(BrokerId(voter.id))
                .with_listeners(vec![listener])
        });
        response.with_nodes(nodes.collect())
    }

    fn describe_partition(&self, is_metadata: bool, index: i32) -> PartitionData {
        let data = PartitionData::default()
            .with_partition_index(index)
            .with_error_message(None);
        if !is_metadata || index != 0 {
            return data.with_error_code(UnknownTopicOrPartition.code());
        }
        let state = |view: ReplicaView| {
            ReplicaState::default()
                .with_replica_id(BrokerId(view.id))
                .with_log_end_offset(view.log_end.unwrap_or(-1))
                .with_last_fetch_timestamp(view.last_fetch_ms)
                .with_last_caught_up_timestamp(view.last_caught_up_ms)
        };
        let (voters, observers) = self.replicas();
        data.with_leader_id(BrokerId(self.leader_to_tell()))
            .with_leader_epoch(self.epoch())
            .with_high_watermark(self.high_watermark().unwrap_or(-1))
            .with_current_voters(voters.into_iter().map(state).collect())
            .with_observers(observers.into_iter().map(state).collect())
    }
}
