//! The control batch that ends a transaction in a partition.

use konbini_log::AppendOrigin;
use konbini_protocol::ResponseError::{self, NotEnoughReplicas, UnknownTopicOrPartition};
use konbini_protocol::record::end_transaction_marker;

use super::append::append;
use crate::coordinator::{self, OFFSETS_TOPIC};
use crate::node::{Node, TopicPartition};

/// What a marker says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker {
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub commit: bool,
    pub coordinator_epoch: i32,
}

/// Appends a marker to a partition that this node leads. Returns the offset that the high watermark
/// has to reach until it is committed.
pub(crate) fn write(
    node: &mut Node,
    topic: &str,
    index: i32,
    marker: Marker,
) -> Result<(TopicPartition, i64), ResponseError> {
    let found = node.metadata.image.topic(topic);
    let topic_id = found.ok_or(UnknownTopicOrPartition)?.id;
    let partition = TopicPartition {
        topic: topic_id,
        index,
    };
    if node.metadata.image.partition(partition).is_none() {
        return Err(UnknownTopicOrPartition);
    }
    if !node.replicas.leader(partition)?.has_enough_replicas() {
        return Err(NotEnoughReplicas);
    }
    let Marker {
        producer_id,
        producer_epoch,
        commit,
        coordinator_epoch,
    } = marker;
    let batch = end_transaction_marker(
        producer_id,
        producer_epoch,
        commit,
        coordinator_epoch,
        node.now,
    );
    let appended = append(node, partition, batch, AppendOrigin::Coordinator);
    let appended = appended.map_err(|refusal| refusal.error)?;
    // What was verified before belongs to the transaction that is over now.
    node.transactions
        .verifications
        .ended(partition, producer_id);
    if topic == OFFSETS_TOPIC {
        coordinator::end_transaction(node, index, producer_id, commit);
    }
    Ok((partition, appended.next_offset))
}
