//! What an observer may look at. Nothing here changes a node, but for [`Broker::evict`], which
//! only takes bytes out of memory that are on the disk.

use konbini_log::{Log, LogState};
use konbini_protocol::ConnId;

use crate::Broker;
use crate::controller::brokers;
use crate::group::Coordinator;
use crate::lifecycle::{self, State};
use crate::metadata::Image;
use crate::node::TopicPartition;
use crate::replica::{Replica, Role};
use konbini_raft::QuorumView;
use uuid::Uuid;

/// One replica of this node.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaView<'a> {
    pub partition: TopicPartition,
    replica: &'a Replica,
}

impl<'a> ReplicaView<'a> {
    pub fn topic(&self) -> &'a str {
        &self.replica.topic
    }

    pub fn log(&self) -> &'a Log {
        self.replica.log()
    }

    /// The leader epoch, if this node leads.
    pub fn leader_epoch(&self) -> Option<i32> {
        match &self.replica.role {
            Role::Leader(leader) => Some(leader.epoch()),
            Role::Follower(_) | Role::Standby(_) => None,
        }
    }

    /// The leader that this replica follows, and in which epoch.
    pub fn follows(&self) -> Option<(i32, i32)> {
        match &self.replica.role {
            Role::Follower(follower) => Some((follower.leader(), follower.epoch())),
            Role::Leader(_) | Role::Standby(_) => None,
        }
    }

    /// Why the log cannot be used, if so.
    pub fn offline(&self) -> Option<&'a str> {
        offline(self.replica.log())
    }
}

fn offline(log: &Log) -> Option<&str> {
    match log.state() {
        LogState::Offline { reason } => Some(reason),
        LogState::Online => None,
    }
}

impl Broker {
    pub fn node_id(&self) -> i32 {
        self.node.config.node_id
    }

    pub fn cluster_id(&self) -> &str {
        &self.node.config.cluster_id
    }

    /// The id of its one log directory (`directory.id` in Kafka's `meta.properties`).
    pub fn log_dir_id(&self) -> Uuid {
        let config = &self.node.config;
        brokers::log_dir_id(&config.cluster_id, config.node_id)
    }

    /// As of the last input.
    pub fn state(&self) -> State {
        self.state_at(self.node.now)
    }

    /// As of a time by this node's clock, which may have had nothing to handle for a while.
    pub fn state_at(&self, now: i64) -> State {
        lifecycle::state(&self.node, now)
    }

    /// Whether this node is the active controller.
    pub fn is_active_controller(&self) -> bool {
        self.node.is_controller()
    }

    /// The epoch in which this node leads the metadata quorum, if it does.
    pub fn leads_quorum_in(&self) -> Option<i32> {
        let raft = self.node.quorum.raft()?;
        raft.is_leader().then(|| raft.epoch())
    }

    /// What the controller named this boot of the node, once it is registered (KIP-631).
    pub fn broker_epoch(&self) -> Option<i64> {
        self.node.lifecycle.broker_epoch()
    }

    /// The metadata quorum as this node sees it, once its log is open.
    pub fn quorum(&self) -> Option<QuorumView> {
        self.node.quorum.view()
    }

    /// The cluster's metadata as this node knows it.
    pub fn metadata(&self) -> &Image {
        &self.node.metadata.image
    }

    /// One past the offset of the metadata log that [`Broker::metadata`] shows.
    pub fn metadata_offset(&self) -> i64 {
        self.node.metadata.end_offset()
    }

    /// The metadata log, committed or not, once it is open.
    pub fn metadata_log(&self) -> Option<&Log> {
        self.node.quorum.log()
    }

    /// The replicas of this node, by topic id and partition.
    pub fn replicas(&self) -> impl Iterator<Item = ReplicaView<'_>> {
        let all = self.node.replicas.partitions.iter();
        all.map(|(partition, replica)| ReplicaView {
            partition: *partition,
            replica,
        })
    }

    /// The replica of a partition by its topic's name. Before this node knows which topics there are,
    /// what lies on its disk.
    pub fn replica(&self, topic: &str, index: i32) -> Option<ReplicaView<'_>> {
        if self.metadata_offset() == 0 {
            let is = |view: &ReplicaView| view.topic() == topic && view.partition.index == index;
            return self.replicas().find(is);
        }
        let id = self.node.metadata.image.topic(topic)?.id;
        let partition = TopicPartition { topic: id, index };
        let replica = self.node.replicas.partitions.get(&partition)?;
        Some(ReplicaView { partition, replica })
    }

    /// Directories that cannot be used, with the reason.
    pub fn offline_dirs(&self) -> Vec<(String, String)> {
        let logs = self.node.replicas.partitions.values().map(Replica::log);
        logs.chain(self.node.replicas.unclaimed.values())
            .chain(self.node.quorum.log())
            .filter_map(|log| Some((log.dir().to_string(), offline(log)?.to_owned())))
            .collect()
    }

    /// The group coordinator of this node: groups, members, committed offsets.
    pub fn groups(&self) -> &Coordinator {
        &self.node.groups.coordinator
    }

    /// Open connections that others made to this node.
    pub fn connections(&self) -> usize {
        self.connection_count()
    }

    /// Bytes that one of them brought and whose requests are not begun.
    pub fn waiting_bytes(&self, conn: ConnId) -> usize {
        self.connection_waiting_bytes(conn)
    }

    /// Requests that wait for something.
    pub fn parked_requests(&self) -> usize {
        self.parked_count()
    }

    /// Fetch sessions that are remembered.
    pub fn fetch_sessions(&self) -> usize {
        self.node.sessions.len()
    }

    /// Bytes of logs in memory.
    pub fn resident_bytes(&self) -> usize {
        let logs = self.node.replicas.partitions.values().map(Replica::log);
        logs.chain(self.node.quorum.log())
            .map(Log::resident_bytes)
            .sum()
    }

    /// Takes bytes of logs out of memory until at most `limit` are left, the largest log first.
    /// What is in memory never changes what a node does. Returns how many bytes went: none while
    /// bytes are being loaded, because who waits for several pieces must get them all.
    pub fn evict(&mut self, limit: usize) -> usize {
        if !self.node.loads.is_empty() {
            return 0;
        }
        let mut over = self.resident_bytes().saturating_sub(limit);
        let before = over;
        let replicas = &mut self.node.replicas.partitions;
        let mut logs: Vec<&mut Log> = replicas.values_mut().map(Replica::log_mut).collect();
        logs.sort_by_key(|log| std::cmp::Reverse(log.resident_bytes()));
        for log in logs {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(log.evict(over));
        }
        if over > 0 {
            over = over.saturating_sub(self.node.quorum.evict(over));
        }
        before - over
    }

    /// The same for bytes that were not used since the last call.
    pub fn evict_unused(&mut self) -> usize {
        if !self.node.loads.is_empty() {
            return 0;
        }
        let replicas = self.node.replicas.partitions.values_mut();
        let dropped: usize = replicas
            .map(|replica| replica.log_mut().evict_unused())
            .sum();
        dropped + self.node.quorum.evict_unused()
    }
}
