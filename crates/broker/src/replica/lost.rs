//! Telling the controller that logs of this node cannot be used, so that others lead and nobody waits
//! for them (AssignReplicasToDirs, KIP-858).

use std::collections::BTreeSet;

use konbini_protocol::messages::assign_replicas_to_dirs_request::{
    DirectoryData, PartitionData, TopicData,
};
use konbini_protocol::messages::{AssignReplicasToDirsRequest, BrokerId, RequestKind};

use crate::api::assign_replicas_to_dirs::assign;
use crate::channel::Purpose;
use crate::controller::lost_replicas::LOST;
use crate::node::{Node, TopicPartition};
use crate::replica::for_controller::by_topic;

const VERSION: i16 = 0;
/// Pause before the controller is told again, in ms.
const RETRY_MS: i64 = 500;

/// A log went offline, or its partition was given to this node all the same.
pub(crate) fn lose(node: &mut Node, partition: TopicPartition) {
    node.replicas.lost.queue([partition]);
}

/// Another controller took over, or this node did so again: what was told may never have been
/// written down. Telling it twice does no harm.
pub(crate) fn controller_changed(node: &mut Node) {
    let all = node.replicas.partitions.iter();
    let offline = all.filter(|(_, replica)| !replica.log().is_online());
    node.replicas
        .lost
        .queue(offline.map(|(partition, _)| *partition));
}

/// Tells the controller.
pub(crate) fn send(node: &mut Node) {
    if !node.replicas.lost.is_due(node.now) || !node.lifecycle.was_up() {
        return;
    }
    let Some(broker_epoch) = node.lifecycle.broker_epoch() else {
        return;
    };
    let told = node.replicas.lost.take();
    let topics = topics(&told);
    node.replicas.lost.ask(told);
    let request = AssignReplicasToDirsRequest::default()
        .with_broker_id(BrokerId(node.config.node_id))
        .with_broker_epoch(broker_epoch)
        .with_directories(vec![
            DirectoryData::default().with_id(LOST).with_topics(topics),
        ]);
    if node.is_controller() {
        let code = assign(node, &request).error_code;
        return answered(node, code);
    }
    let body = RequestKind::AssignReplicasToDirs(request);
    node.channels
        .isr
        .call(Purpose::LoseReplicas, VERSION, &node.client_name, &body);
}

fn topics(partitions: &BTreeSet<TopicPartition>) -> Vec<TopicData> {
    let data = partitions.iter().map(|partition| {
        let data = PartitionData::default().with_partition_index(partition.index);
        (*partition, data)
    });
    let topics = by_topic(data).into_iter().map(|(topic, partitions)| {
        TopicData::default()
            .with_topic_id(topic)
            .with_partitions(partitions)
    });
    topics.collect()
}

pub(crate) fn answered(node: &mut Node, error_code: i16) {
    if error_code == 0 {
        node.replicas.lost.answered();
    } else {
        call_lost(node);
    }
}

/// The controller did not take it, or the connection broke: it is told again.
pub(crate) fn call_lost(node: &mut Node) {
    let lost = &mut node.replicas.lost;
    let told = lost.answered();
    lost.again(told, node.now + RETRY_MS);
}
