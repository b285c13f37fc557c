//! What the controller decides about in-sync replicas that a leader proposes (AlterPartition,
//! KIP-497, KIP-841, KIP-903).

use konbini_protocol::ResponseError::{
    self, BrokerIdNotRegistered, FencedLeaderEpoch, IneligibleReplica, InvalidRequest,
    InvalidUpdateVersion, NewLeaderElected, NotController, StaleBrokerEpoch, UnknownTopicId,
    UnknownTopicOrPartition,
};
use konbini_protocol::messages::alter_partition_request::PartitionData;
use konbini_protocol::messages::alter_partition_response::{
    PartitionData as PartitionAnswer, TopicData as TopicAnswer,
};
use konbini_protocol::messages::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};
use konbini_raft::plant::{self, Bug};
use uuid::Uuid;

use super::change::{Changes, PartitionChange};
use crate::metadata::{self, PartitionImage};
use crate::node::{Node, TopicPartition};

/// What a leader says of itself after an unclean election (KIP-704).
const RECOVERED: i8 = 0;
const RECOVERING: i8 = 1;

/// Decides about each proposal of a request, and answers with what holds then.
pub(crate) fn alter(node: &mut Node, request: &AlterPartitionRequest) -> AlterPartitionResponse {
    let mut response = AlterPartitionResponse::default();
    let broker = request.broker_id.0;
    let error = match node.working_image().brokers.get(&broker) {
        None => Some(BrokerIdNotRegistered),
        Some(known) if known.epoch != request.broker_epoch && !plant::has(Bug::FencingIgnored) => {
            Some(StaleBrokerEpoch)
        }
        Some(_) => None,
    };
    if let Some(error) = error {
        return response.with_error_code(error.code());
    }
    for topic in &request.topics {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|wanted| alter_one(node, broker, topic.topic_id, wanted));
        let partitions = partitions.collect();
        response.topics.push(
            TopicAnswer::default()
                .with_topic_id(topic.topic_id)
                .with_partitions(partitions),
        );
    }
    response
}

fn alter_one(node: &mut Node, leader: i32, topic: Uuid, wanted: &PartitionData) -> PartitionAnswer {
    let index = wanted.partition_index;
    let partition = TopicPartition { topic, index };
    let answer = PartitionAnswer::default().with_partition_index(index);
    if let Err(error) = check(node, leader, partition, wanted) {
        return answer.with_error_code(error.code());
    }
    commit(node, partition, wanted);
    let Some(state) = node.working_image().partition(partition) else {
        return answer.with_error_code(UnknownTopicOrPartition.code());
    };
    if state.leader != leader {
        // The reassignment that this completed has moved the leadership.
        return answer.with_error_code(NewLeaderElected.code());
    }
    answer
        .with_leader_id(BrokerId(state.leader))
        .with_leader_epoch(state.leader_epoch)
        .with_isr(state.isr.iter().copied().map(BrokerId).collect())
        .with_leader_recovery_state(state.leader_is_recovering.into())
        .with_partition_epoch(state.partition_epoch)
}

fn commit(node: &mut Node, partition: TopicPartition, wanted: &PartitionData) {
    let isr = isr_of(wanted);
    let image = node.working_image();
    let (Some(topic), Some(old)) = (
        image.topic_by_id(partition.topic),
        image.partition(partition),
    ) else {
        return;
    };
    let mut changes = Changes::default();
    let mut change = PartitionChange::new(&node.config, image, topic, partition.index, old);
    // Who comes in has caught up: no time ran out, not even for a leader that a move ends with.
    if old.isr.iter().any(|id| !isr.contains(id)) {
        change.cause = Some("replica.lag.time.max.ms");
    }
    // The order of the replicas, whatever the order of the request.
    let isr = old.replicas.iter().copied().filter(|id| isr.contains(id));
    change
        .isr(isr.collect())
        .recovering(wanted.leader_recovery_state == RECOVERING)
        .add_to(&mut changes);
    metadata::commit(node, changes.records, changes.events);
}

fn isr_of(wanted: &PartitionData) -> Vec<i32> {
    let with_epochs = wanted.new_isr_with_epochs.iter().map(|b| b.broker_id.0);
    let plain = wanted.new_isr.iter().map(|id| id.0);
    with_epochs.chain(plain).collect()
}

fn check(
    node: &Node,
    leader: i32,
    partition: TopicPartition,
    wanted: &PartitionData,
) -> Result<(), ResponseError> {
    let image = node.working_image();
    image.topic_by_id(partition.topic).ok_or(UnknownTopicId)?;
    let state = image.partition(partition).ok_or(UnknownTopicOrPartition)?;
    check_epochs(state, leader, wanted)?;
    let isr = isr_of(wanted);
    let all_are_replicas = isr.iter().all(|id| state.replicas.contains(id));
    if plant::has(Bug::FencingIgnored) {
        return Ok(());
    }
    if !all_are_replicas || !isr.contains(&leader) || !may_recover(state, wanted) {
        return Err(InvalidRequest);
    }
    let epoch_of = |id: i32| image.brokers.get(&id).map(|broker| broker.epoch);
    let old_boot = |id: i32, epoch: i64| epoch != -1 && epoch_of(id) != Some(epoch);
    let stale = wanted
        .new_isr_with_epochs
        .iter()
        .any(|broker| old_boot(broker.broker_id.0, broker.broker_epoch));
    if stale || !isr.iter().all(|id| image.is_active(*id)) {
        return Err(IneligibleReplica);
    }
    Ok(())
}

/// A leader says that it is recovering only while it is, and alone; that it has recovered at any
/// time.
fn may_recover(state: &PartitionImage, wanted: &PartitionData) -> bool {
    match wanted.leader_recovery_state {
        RECOVERED => true,
        RECOVERING => state.leader_is_recovering && isr_of(wanted).len() == 1,
        _ => false,
    }
}

fn check_epochs(
    state: &PartitionImage,
    leader: i32,
    wanted: &PartitionData,
) -> Result<(), ResponseError> {
    if plant::has(Bug::FencingIgnored) {
        return Ok(());
    }
    let (epoch, partition_epoch) = (wanted.leader_epoch, wanted.partition_epoch);
    if epoch > state.leader_epoch || partition_epoch > state.partition_epoch {
        // The leader knows more than this controller, which then is none any more.
        return Err(NotController);
    }
    if epoch < state.leader_epoch {
        return Err(FencedLeaderEpoch);
    }
    if leader != state.leader {
        return Err(InvalidRequest);
    }
    if partition_epoch < state.partition_epoch {
        return Err(InvalidUpdateVersion);
    }
    Ok(())
}
