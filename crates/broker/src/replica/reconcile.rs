//! Makes this node's replicas what the metadata image says: logs of new partitions, leaders of
//! new epochs, settings, and the end of deleted topics.

use konbini_log::checkpoint::uuid_text;
use konbini_log::{Log, LogConfig, LogDir, StoreOp};
use konbini_trace::Event;

use super::follower::Follower;
use super::leader::Leader;
use super::{Replica, Role, change_log, compact, fetcher, isr, lost, retain, went_offline};
use crate::Output;
use crate::coordinator;
use crate::lifecycle;
use crate::metadata::{Change, NO_LEADER, PartitionImage, ResourceType, TopicImage};
use crate::node::{Node, TopicPartition};
use crate::settings;
use crate::transactions;

/// Carries out what records of the metadata log changed.
pub(crate) fn apply(node: &mut Node, changes: Vec<Change>) {
    let mut deleted = Vec::new();
    for change in changes {
        match change {
            Change::Partition { partition, .. } => apply_partition(node, partition),
            Change::TopicDeleted { topic } => {
                delete_topic(node, &topic);
                deleted.push(topic.name);
            }
            Change::TopicCreated { id } => {
                if let Some(topic) = node.metadata.image.topic_by_id(id) {
                    let name = topic.name.clone();
                    node.topics_in_creation.remove(&name);
                }
            }
            Change::Config {
                resource: ResourceType::Topic,
                name,
                ..
            } => {
                if let Some(topic) = node.metadata.image.topic(&name) {
                    let id = topic.id;
                    configure(node, &node.replicas.of_topic(id));
                }
            }
            Change::Config { .. } => {
                node.setting_cache.borrow_mut().clear();
                let all: Vec<TopicPartition> = node.replicas.partitions.keys().copied().collect();
                configure(node, &all);
            }
            Change::Broker { id } if id == node.config.node_id => apply_all(node),
            Change::Broker { .. } | Change::Nothing => {}
        }
    }
    if !deleted.is_empty() {
        coordinator::topics_deleted(node, &deleted);
    }
    lifecycle::metadata_changed(node);
}

fn configure(node: &mut Node, partitions: &[TopicPartition]) {
    for partition in partitions {
        let Some(replica) = node.replicas.partitions.get(partition) else {
            continue;
        };
        let config = settings::log_config(&node.config, &node.metadata.image, &replica.topic);
        if let Some(replica) = node.replicas.partitions.get_mut(partition) {
            replica.log_mut().set_config(config);
        }
        compact::note_gaps(node, *partition);
    }
}

/// Gives every log the settings of its topic, after a start.
pub(crate) fn configure_all(node: &mut Node) {
    let all: Vec<TopicPartition> = node.replicas.partitions.keys().copied().collect();
    configure(node, &all);
}

/// Takes up every partition that the image places here: this boot has just registered.
fn apply_all(node: &mut Node) {
    let here = node.config.node_id;
    let topics = node.metadata.image.topics();
    let partitions = topics.flat_map(|topic| {
        let indexes = topic.partitions.iter();
        indexes
            .filter(|(_, state)| state.replicas.contains(&here))
            .map(|(index, _)| TopicPartition {
                topic: topic.id,
                index: *index,
            })
    });
    for partition in partitions.collect::<Vec<_>>() {
        apply_partition(node, partition);
    }
}

fn apply_partition(node: &mut Node, partition: TopicPartition) {
    // What the image says about an earlier boot of this node is over.
    if !node.lifecycle.is_recovered() || !lifecycle::is_registered(node) {
        return;
    }
    let Some(topic) = node.metadata.image.topic_by_id(partition.topic) else {
        return;
    };
    let Some(state) = topic.partitions.get(&partition.index) else {
        return;
    };
    let (name, state, count) = (topic.name.clone(), state.clone(), topic.partitions.len());
    coordinator::topic_grew(node, &name, count);
    transactions::topic_grew(node, &name, count);
    let here = node.config.node_id;
    if !state.replicas.contains(&here) {
        doom(node, partition);
        return;
    }
    if !node.replicas.partitions.contains_key(&partition) {
        create(node, partition, &name);
    }
    let is_offline = |replica: &Replica| !replica.log().is_online();
    let counts = state.leader == here || state.isr.contains(&here);
    if counts
        && node
            .replicas
            .partitions
            .get(&partition)
            .is_some_and(is_offline)
    {
        lost::lose(node, partition);
    }
    if state.leader == here {
        lead(node, partition, &state);
    } else if state.leader == NO_LEADER {
        stand_by(node, partition);
    } else {
        follow(node, partition, &state);
    }
    node.partition_changed(partition);
}

fn create(node: &mut Node, partition: TopicPartition, topic: &str) {
    let dir = LogDir::new(topic, partition.index);
    let config = settings::log_config(&node.config, &node.metadata.image, topic);
    if let Some(mut log) = node.replicas.unclaimed.remove(&dir) {
        // It holds records, and nothing else than this partition can be meant. From now on it
        // says so: once this topic is deleted no other one adopts it.
        let mut ops = Vec::new();
        log.assign_topic_id(partition.topic, &mut ops);
        log.set_config(config);
        node.out.extend(ops.into_iter().map(Output::Store));
        let event = Event::warn("log-adopted").with("topic", topic);
        node.emit(event.with("partition", partition.index));
        return node.replicas.insert(partition, topic.to_owned(), log);
    }
    if let Some(old) = node.replicas.dirs.get(&dir).copied() {
        if may_hold_records(node, old) {
            return refuse(node, partition, topic, config, old);
        }
        doom(node, old);
    }
    // A deleted topic of the same name may still have its directory.
    retain::delete_now(node, &dir);
    let mut ops: Vec<StoreOp> = Vec::new();
    let log = Log::create(dir, partition.topic, config, node.now, &mut ops);
    node.out.extend(ops.into_iter().map(Output::Store));
    node.replicas.insert(partition, topic.to_owned(), log);
    compact::note_gaps(node, partition);
}

/// Whether something is lost with a log. Of one that cannot be read nobody knows.
fn may_hold_records(node: &Node, partition: TopicPartition) -> bool {
    let replica = node.replicas.partitions.get(&partition);
    replica.is_some_and(|replica| !replica.log().is_online() || replica.log().size() > 0)
}

/// Leaves a partition offline because another topic's log lies in its directory. The logs of
/// deleted topics are doomed by then, so it is one that the metadata never heard of. Kafka moves
/// such a directory to a name with `-stray`; a store here cannot rename.
fn refuse(
    node: &mut Node,
    partition: TopicPartition,
    topic: &str,
    config: LogConfig,
    occupant: TopicPartition,
) {
    let dir = LogDir::new(topic, partition.index);
    let id = uuid_text(occupant.topic);
    let reason = format!(
        "the directory {dir} holds the log of topic id {id}, which the metadata does not know: it \
         is kept, and the partition is offline until the directory is gone"
    );
    let log = Log::refused(dir, partition.topic, config, node.now, reason);
    node.replicas.insert(partition, topic.to_owned(), log);
    went_offline(node, partition);
}

fn lead(node: &mut Node, partition: TopicPartition, state: &PartitionImage) {
    let (here, now) = (node.config.node_id, node.now);
    let Some(Replica { topic, role }) = node.replicas.partitions.remove(&partition) else {
        return;
    };
    let (leader, epoch_is_new) = match role {
        Role::Leader(mut leader) => {
            let is_new = leader.update(state, now);
            (leader, is_new)
        }
        Role::Follower(follower) => (Leader::new(here, follower.log, state, now), true),
        Role::Standby(log) => (Leader::new(here, log, state, now), true),
    };
    put(node, partition, &topic, Role::Leader(leader));
    fetcher::unfollow(node, partition);
    if epoch_is_new {
        let epoch = state.leader_epoch;
        change_log(node, partition, |log, out| {
            let end = log.log_end_offset();
            log.assign_epoch(epoch, end, out);
        });
    }
    isr::advance(node, partition);
    if epoch_is_new {
        let event = Event::detail("became-leader")
            .with("topic", topic.as_str())
            .with("partition", partition.index)
            .with("epoch", state.leader_epoch);
        node.emit(event);
        if state.leader_is_recovering {
            recover(node, partition, &topic, state);
        }
        coordinator::became_leader(node, &topic, partition);
        transactions::became_leader(node, &topic, partition);
    }
}

/// This replica leads though it was not in sync (KIP-704): what it lacks is lost. As in Kafka there
/// is nothing that it could get back, so it tells the controller that it took over.
fn recover(node: &mut Node, partition: TopicPartition, topic: &str, state: &PartitionImage) {
    let event = Event::error("unclean-leader-elected")
        .with("topic", topic)
        .with("partition", partition.index)
        .with("leader", state.leader)
        .with("epoch", state.leader_epoch)
        .because_of("unclean.leader.election.enable");
    node.emit(event);
    isr::propose(node, partition, state.isr.clone());
}

fn follow(node: &mut Node, partition: TopicPartition, state: &PartitionImage) {
    let Some(Replica { topic, role }) = node.replicas.partitions.remove(&partition) else {
        return;
    };
    let led = matches!(role, Role::Leader(_));
    let (log, is_new) = match role {
        Role::Follower(follower)
            if (follower.leader(), follower.epoch()) == (state.leader, state.leader_epoch) =>
        {
            return put(node, partition, &topic, Role::Follower(follower));
        }
        Role::Follower(follower) => {
            let is_new = follower.epoch() != state.leader_epoch;
            (follower.log, is_new)
        }
        Role::Leader(leader) => (leader.log, true),
        Role::Standby(log) => (log, true),
    };
    let is_online = log.is_online();
    put(
        node,
        partition,
        &topic,
        Role::Follower(Follower::new(log, state)),
    );
    if led {
        coordinator::lost_leadership(node, &topic, partition.index);
        transactions::lost_leadership(node, &topic, partition.index);
    }
    if is_online {
        fetcher::follow(node, partition, state.leader);
    }
    if is_new {
        let event = Event::detail("became-follower")
            .with("topic", topic.as_str())
            .with("partition", partition.index)
            .with("leader", state.leader)
            .with("epoch", state.leader_epoch);
        node.emit(event);
    }
}

fn stand_by(node: &mut Node, partition: TopicPartition) {
    let Some(replica) = node.replicas.partitions.remove(&partition) else {
        return;
    };
    let led = matches!(replica.role, Role::Leader(_));
    let topic = replica.topic.clone();
    put(node, partition, &topic, Role::Standby(replica.into_log()));
    fetcher::unfollow(node, partition);
    if led {
        coordinator::lost_leadership(node, &topic, partition.index);
        transactions::lost_leadership(node, &topic, partition.index);
    }
}

fn put(node: &mut Node, partition: TopicPartition, topic: &str, role: Role) {
    let topic = topic.to_owned();
    let replica = Replica { topic, role };
    node.replicas.partitions.insert(partition, replica);
}

fn delete_topic(node: &mut Node, topic: &TopicImage) {
    for partition in node.replicas.of_topic(topic.id) {
        doom(node, partition);
    }
}

/// Takes a log out of service; its files go after `file.delete.delay.ms`.
fn doom(node: &mut Node, partition: TopicPartition) {
    let Some((replica, owns_dir)) = node.replicas.remove(partition) else {
        return;
    };
    fetcher::unfollow(node, partition);
    let topic = replica.topic.clone();
    let log = replica.into_log();
    coordinator::lost_leadership(node, &topic, partition.index);
    transactions::lost_leadership(node, &topic, partition.index);
    if owns_dir {
        let delete_at = node.now.saturating_add(log.config().file_delete_delay_ms);
        node.replicas.doomed.insert(log.dir().clone(), delete_at);
    }
    node.partition_changed(partition);
}

/// Reports what a node found on its disk and the cluster does not place here. A log goes only if
/// the metadata says so: the partition lives elsewhere. The record that deleted a topic has taken
/// its logs already, for every log is open before the first record is replayed. What the metadata
/// never heard of is kept, for it may be the metadata that is incomplete.
pub(crate) fn doom_strays(node: &mut Node) {
    let here = node.config.node_id;
    let strays: Vec<TopicPartition> = node
        .replicas
        .partitions
        .keys()
        .copied()
        .filter(|partition| {
            let state = node.metadata.image.partition(*partition);
            state.is_none_or(|state| !state.replicas.contains(&here))
        })
        .collect();
    for partition in strays {
        let goes = node.metadata.image.partition(partition).is_some();
        if let Some(replica) = node.replicas.partitions.get(&partition) {
            let code = if goes { "stray-log" } else { "stray-log-kept" };
            let event = Event::warn(code)
                .with("topic", replica.topic.as_str())
                .with("partition", partition.index);
            node.emit(event);
        }
        if goes {
            doom(node, partition);
        }
    }
}
