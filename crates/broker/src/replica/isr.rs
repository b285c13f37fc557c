//! Who is in sync, from the leader's side: it notes fetches, moves the high watermark, and asks the
//! controller to let followers in or out (AlterPartition, KIP-497). What the controller decides
//! comes back in the metadata; only a refusal comes here.

use std::collections::BTreeSet;

use konbini_protocol::ResponseError::{
    self, FencedLeaderEpoch, IneligibleReplica, InvalidRequest, InvalidUpdateVersion,
    NewLeaderElected, OperationNotAttempted, UnknownTopicId, UnknownTopicOrPartition,
};
use konbini_protocol::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use konbini_protocol::messages::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerId, RequestKind,
};
use konbini_trace::Event;
use uuid::Uuid;

use crate::channel::Purpose;
use crate::controller::isr as controller_isr;
use crate::node::{Node, TopicPartition};
use crate::purgatory::Watch;
use crate::replica::for_controller::by_topic;

const ALTER_PARTITION_VERSION: i16 = 3;
/// Pause before the controller is asked again after it refused a request as a whole, in ms.
const RETRY_MS: i64 = 50;

fn lag_ms(node: &Node) -> i64 {
    node.setting_ms("replica.lag.time.max.ms")
}

/// Moves the high watermark of a partition that this node leads, as far as it can go.
pub(crate) fn advance(node: &mut Node, partition: TopicPartition) {
    let (now, lag) = (node.now, lag_ms(node));
    let image = &node.metadata.image;
    let Ok(leader) = node.replicas.leader_mut(partition) else {
        return;
    };
    if leader.advance(now, lag, |id| image.is_active(id)) {
        node.signal(Watch::Committed(partition));
    }
}

/// A follower's log begins at this offset.
pub(crate) fn note_log_start(
    node: &mut Node,
    partition: TopicPartition,
    follower: i32,
    log_start: i64,
) {
    if let Ok(leader) = node.replicas.leader_mut(partition)
        && leader.note_log_start(follower, log_start)
    {
        node.signal(Watch::LogStart(partition));
    }
}

/// A follower fetched from `offset` on. Lets it in when it has caught up.
pub(crate) fn note_fetch(
    node: &mut Node,
    partition: TopicPartition,
    follower: i32,
    broker_epoch: i64,
    offset: i64,
) {
    let now = node.now;
    let image = &node.metadata.image;
    let broker = image.brokers.get(&follower);
    let is_this_boot =
        broker.is_some_and(|broker| broker_epoch < 0 || broker.epoch == broker_epoch);
    let may_join = is_this_boot && image.is_active(follower);
    let Ok(leader) = node.replicas.leader_mut(partition) else {
        return;
    };
    leader.note_fetch(follower, offset, broker_epoch, now);
    if may_join && let Some(isr) = leader.with_joined(follower) {
        propose(node, partition, isr);
    }
    advance(node, partition);
}

/// Asks the controller for these in-sync replicas. To ask says that the leader took over (KIP-704).
pub(super) fn propose(node: &mut Node, partition: TopicPartition, isr: Vec<i32>) {
    if let Ok(leader) = node.replicas.leader_mut(partition) {
        leader.propose(isr);
        node.replicas.proposals.queue([partition]);
    }
}

/// Looks for followers that were behind for too long, when it is time. As in Kafka that is twice
/// within `replica.lag.time.max.ms`, so a laggard is out after one and a half of them at the latest.
pub(crate) fn check_laggards(node: &mut Node) {
    let lag = lag_ms(node);
    let (now, replicas) = (node.now, &mut node.replicas);
    if replicas.next_laggard_check_ms.is_some_and(|at| at > now) {
        return;
    }
    replicas.next_laggard_check_ms = Some(now + (lag / 2).max(1));
    let partitions: Vec<TopicPartition> = node.replicas.partitions.keys().copied().collect();
    for partition in partitions {
        let Ok(leader) = node.replicas.leader(partition) else {
            continue;
        };
        if let Some(isr) = leader.without_laggards(now, lag) {
            propose(node, partition, isr);
        }
    }
}

/// Asks the controller for what is queued.
pub(crate) fn send(node: &mut Node) {
    if !node.replicas.proposals.is_due(node.now) {
        return;
    }
    let Some(broker_epoch) = node.lifecycle.broker_epoch() else {
        return;
    };
    let queued = node.replicas.proposals.take().into_iter();
    let proposals: Vec<(TopicPartition, PartitionData)> = queued
        .filter_map(|partition| Some((partition, proposal(node, partition, broker_epoch)?)))
        .collect();
    if proposals.is_empty() {
        return;
    }
    let asked = proposals.iter().map(|(partition, _)| *partition).collect();
    node.replicas.proposals.ask(asked);
    let topics = by_topic(proposals).into_iter().map(|(topic, partitions)| {
        TopicData::default()
            .with_topic_id(topic)
            .with_partitions(partitions)
    });
    let request = AlterPartitionRequest::default()
        .with_broker_id(BrokerId(node.config.node_id))
        .with_broker_epoch(broker_epoch)
        .with_topics(topics.collect());
    if node.is_controller() {
        let response = controller_isr::alter(node, &request);
        return answered(node, &response);
    }
    let body = RequestKind::AlterPartition(request);
    node.channels.isr.call(
        Purpose::AlterPartition,
        ALTER_PARTITION_VERSION,
        &node.client_name,
        &body,
    );
}

fn proposal(node: &Node, partition: TopicPartition, own_epoch: i64) -> Option<PartitionData> {
    let leader = node.replicas.leader(partition).ok()?;
    let isr = leader.proposed()?.iter().map(|id| {
        let epoch = match *id {
            id if id == node.config.node_id => own_epoch,
            id => leader.broker_epoch_of(id),
        };
        BrokerState::default()
            .with_broker_id(BrokerId(*id))
            .with_broker_epoch(epoch)
    });
    Some(
        PartitionData::default()
            .with_partition_index(partition.index)
            .with_leader_epoch(leader.epoch())
            .with_partition_epoch(leader.partition_epoch())
            .with_new_isr_with_epochs(isr.collect()),
    )
}

/// The controller's answer. What it decided comes in the metadata. Until then a proposed replica
/// counts for the high watermark: for the controller it may be in sync already. So a proposal is
/// withdrawn only where it is certain that it was not carried out, and otherwise made again.
pub(crate) fn answered(node: &mut Node, response: &AlterPartitionResponse) {
    let asked = node.replicas.proposals.answered();
    if response.error_code != 0 {
        tell_refusal(node, response.error_code);
        return again(node, asked);
    }
    let answers = response.topics.iter().flat_map(|topic| {
        let id: Uuid = topic.topic_id;
        topic.partitions.iter().map(move |answer| (id, answer))
    });
    for (topic, answer) in answers {
        let partition = TopicPartition {
            topic,
            index: answer.partition_index,
        };
        match ResponseError::try_from_code(answer.error_code) {
            None => {
                let known = node
                    .replicas
                    .leader(partition)
                    .is_ok_and(|leader| leader.partition_epoch() >= answer.partition_epoch);
                if known {
                    withdraw(node, partition);
                }
            }
            Some(IneligibleReplica | OperationNotAttempted) => {
                tell_refusal(node, answer.error_code);
                withdraw(node, partition);
            }
            // The metadata has moved on, and is on its way here.
            Some(
                InvalidUpdateVersion
                | FencedLeaderEpoch
                | NewLeaderElected
                | InvalidRequest
                | UnknownTopicId
                | UnknownTopicOrPartition,
            ) => {}
            Some(_) => {
                tell_refusal(node, answer.error_code);
                again(node, [partition].into());
            }
        }
    }
}

/// Proposes the same once more, after a pause.
fn again(node: &mut Node, partitions: BTreeSet<TopicPartition>) {
    let at = node.now + RETRY_MS;
    node.replicas.proposals.again(partitions, at);
}

fn tell_refusal(node: &mut Node, code: i16) {
    let error = konbini_protocol::error::name(code);
    node.emit(Event::detail("alter-partition-refused").with("error", error));
}

/// Another node is the controller now, or this one is again: whether the one before carried out what
/// it was asked, or what it decided itself as a leader of partitions, will be seen. All is proposed again; what is
/// out of date by then does no harm.
pub(crate) fn controller_changed(node: &mut Node) {
    let open: BTreeSet<TopicPartition> = node
        .replicas
        .partitions
        .keys()
        .copied()
        .filter(|partition| {
            let leader = node.replicas.leader(*partition);
            leader.is_ok_and(|leader| leader.proposed().is_some())
        })
        .collect();
    node.replicas.proposals.queue(open);
}

fn withdraw(node: &mut Node, partition: TopicPartition) {
    if let Ok(leader) = node.replicas.leader_mut(partition) {
        leader.withdraw();
    }
    advance(node, partition);
}

/// The connection broke before an answer came: whether the controller carried it out will be seen
/// in the metadata. It is asked again, and an old partition epoch does no harm.
pub(crate) fn call_lost(node: &mut Node) {
    let asked = node.replicas.proposals.answered();
    again(node, asked);
}
