//! The partitions of which this node has a replica.
//!
//! A replica leads ([`leader::Leader`]), follows a leader on another node
//! ([`follower::Follower`]), or stands by with its log while there is no leader.

pub(crate) mod append;
pub(crate) mod compact;
pub(crate) mod fetcher;
pub mod follower;
mod for_controller;
pub(crate) mod isr;
pub mod leader;
pub(crate) mod lost;
pub(crate) mod marker;
mod progress;
pub(crate) mod read;
pub(crate) mod reconcile;
pub(crate) mod retain;
pub(crate) mod timestamp;

use std::collections::BTreeMap;

use konbini_log::{Log, LogDir, LogState, RootCheckpoints, StoreOp};
use konbini_protocol::ResponseError::{self, KafkaStorageError, NotLeaderOrFollower};
use konbini_trace::Event;

use crate::Output;
use crate::node::{Node, TopicPartition};
use compact::Compaction;
use fetcher::Fetcher;
use follower::Follower;
use for_controller::ForController;
use leader::Leader;

/// What a replica is to its partition.
#[derive(Debug)]
pub enum Role {
    Leader(Leader),
    Follower(Follower),
    /// Neither leads nor follows: the partition has no leader, or this node is not up yet.
    Standby(Log),
}

/// One replica on this node.
#[derive(Debug)]
pub struct Replica {
    pub topic: String,
    pub role: Role,
}

impl Replica {
    pub fn log(&self) -> &Log {
        match &self.role {
            Role::Leader(leader) => leader.log(),
            Role::Follower(follower) => follower.log(),
            Role::Standby(log) => log,
        }
    }

    pub(crate) fn log_mut(&mut self) -> &mut Log {
        match &mut self.role {
            Role::Leader(leader) => &mut leader.log,
            Role::Follower(follower) => &mut follower.log,
            Role::Standby(log) => log,
        }
    }

    /// The log without its role.
    pub(crate) fn into_log(self) -> Log {
        match self.role {
            Role::Leader(leader) => leader.log,
            Role::Follower(follower) => follower.log,
            Role::Standby(log) => log,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Replicas {
    pub partitions: BTreeMap<TopicPartition, Replica>,
    pub dirs: BTreeMap<LogDir, TopicPartition>,
    /// When the files of logs go whose topics are gone (`file.delete.delay.ms`). Nobody reads them.
    pub doomed: BTreeMap<LogDir, i64>,
    /// Logs that do not say whose they are: their `partition.metadata` is missing or damaged. Kept
    /// until a partition of that name is wanted here; never deleted.
    pub unclaimed: BTreeMap<LogDir, Log>,
    pub checkpoints: RootCheckpoints,
    /// When retention is checked next.
    pub next_retention_ms: Option<i64>,
    /// When the high watermarks are written down next.
    pub next_checkpoint_ms: Option<i64>,
    /// What fetches from other nodes, by the leader's id.
    pub fetchers: BTreeMap<i32, Fetcher>,
    /// In-sync replicas that leaders here propose.
    pub proposals: ForController,
    /// Replicas whose logs went offline.
    pub lost: ForController,
    /// When laggards are looked for next.
    pub next_laggard_check_ms: Option<i64>,
    /// When silent producers are forgotten next.
    pub next_producer_check_ms: Option<i64>,
    /// When the files of a deleted segment go next.
    pub next_deletion_ms: Option<i64>,
    /// The cleaner.
    pub compaction: Compaction,
}

impl Replicas {
    /// The leader of a partition, if it is here and its log can be used.
    pub fn leader(&self, partition: TopicPartition) -> Result<&Leader, ResponseError> {
        match self.partitions.get(&partition) {
            Some(replica) if !replica.log().is_online() => Err(KafkaStorageError),
            Some(Replica {
                role: Role::Leader(leader),
                ..
            }) => Ok(leader),
            _ => Err(NotLeaderOrFollower),
        }
    }

    pub fn leader_mut(&mut self, partition: TopicPartition) -> Result<&mut Leader, ResponseError> {
        match self.partitions.get_mut(&partition) {
            Some(replica) if !replica.log().is_online() => Err(KafkaStorageError),
            Some(Replica {
                role: Role::Leader(leader),
                ..
            }) => Ok(leader),
            _ => Err(NotLeaderOrFollower),
        }
    }

    /// The follower of a partition, if it is here and its log can be used.
    pub fn follower(&self, partition: TopicPartition) -> Option<&Follower> {
        match &self.partitions.get(&partition)?.role {
            Role::Follower(follower) if follower.log().is_online() => Some(follower),
            _ => None,
        }
    }

    /// Takes a log in. Its directory is its own unless another one's log lies there.
    pub fn insert(&mut self, partition: TopicPartition, topic: String, log: Log) {
        self.dirs.entry(log.dir().clone()).or_insert(partition);
        self.partitions.insert(
            partition,
            Replica {
                topic,
                role: Role::Standby(log),
            },
        );
    }

    /// Takes a log out, with whether its directory was its own.
    pub fn remove(&mut self, partition: TopicPartition) -> Option<(Replica, bool)> {
        let replica = self.partitions.remove(&partition)?;
        let dir = replica.log().dir();
        let owned = self.dirs.get(dir) == Some(&partition);
        if owned {
            self.dirs.remove(dir);
        }
        Some((replica, owned))
    }

    pub fn of_topic(&self, topic: uuid::Uuid) -> Vec<TopicPartition> {
        let first = TopicPartition { topic, index: 0 };
        let last = TopicPartition {
            topic,
            index: i32::MAX,
        };
        self.partitions
            .range(first..=last)
            .map(|(partition, _)| *partition)
            .collect()
    }
}

/// Changes a log and hands on what is to be stored, the checkpoints of its directory included.
pub(crate) fn change_log<R>(
    node: &mut Node,
    partition: TopicPartition,
    change: impl FnOnce(&mut Log, &mut Vec<StoreOp>) -> R,
) -> Option<R> {
    let replica = node.replicas.partitions.get_mut(&partition)?;
    let log = replica.log_mut();
    let mut ops = Vec::new();
    let before = (log.recovery_point(), log.log_start_offset());
    let result = change(log, &mut ops);
    if before != (log.recovery_point(), log.log_start_offset()) {
        node.replicas.checkpoints.observe(replica.log());
        node.replicas.checkpoints.flush(&mut ops);
    }
    let topic = replica.topic.clone();
    for op in &ops {
        if let StoreOp::Append {
            segment,
            position: 0,
            ..
        } = op
            && *segment > 0
        {
            node.out.push_back(Output::Event(
                Event::detail("segment-rolled")
                    .with("topic", topic.as_str())
                    .with("partition", partition.index)
                    .with("base-offset", *segment),
            ));
        }
    }
    node.out.extend(ops.into_iter().map(Output::Store));
    Some(result)
}

/// Stores whatever of the logs is not stored yet: this node stops in order.
pub(crate) fn close_logs(node: &mut Node) {
    let partitions: Vec<_> = node.replicas.partitions.keys().copied().collect();
    for partition in partitions {
        change_log(node, partition, Log::close);
    }
    checkpoint_high_watermarks(node);
}

/// Writes down the high watermarks, so that a restart knows what was committed
/// (`replica.high.watermark.checkpoint.interval.ms`).
pub(crate) fn checkpoint_high_watermarks(node: &mut Node) {
    let replicas = &mut node.replicas;
    for replica in replicas.partitions.values() {
        if replica.log().is_online() {
            replicas.checkpoints.observe_high_watermark(replica.log());
        }
    }
    let mut ops = Vec::new();
    replicas.checkpoints.flush(&mut ops);
    node.out.extend(ops.into_iter().map(Output::Store));
}

/// Says that a log went offline, and lets everything that waits for it find out.
pub(crate) fn went_offline(node: &mut Node, partition: TopicPartition) {
    let Some(replica) = node.replicas.partitions.get(&partition) else {
        return;
    };
    let LogState::Offline { reason } = replica.log().state().clone() else {
        return;
    };
    let event = Event::error("log-offline")
        .with("topic", replica.topic.as_str())
        .with("partition", partition.index)
        .with("reason", reason);
    let topic = replica.topic.clone();
    node.emit(event);
    crate::coordinator::lost_leadership(node, &topic, partition.index);
    crate::transactions::lost_leadership(node, &topic, partition.index);
    fetcher::unfollow(node, partition);
    lost::lose(node, partition);
    node.partition_changed(partition);
}
