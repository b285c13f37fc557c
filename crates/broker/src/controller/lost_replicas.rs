//! Replicas whose logs a broker cannot use any more, though it is alive itself (KIP-858).

use uuid::Uuid;

use super::change::{Changes, PartitionChange};
use crate::metadata;
use crate::node::{Node, TopicPartition};

/// The directory id that stands for one that failed.
pub(crate) const LOST: Uuid = Uuid::from_u128(1);

/// Takes leadership and in-sync place from a replica. The last in-sync replica stays one: when its
/// broker starts again it may have everything.
pub(crate) fn lose(node: &mut Node, broker: i32, partition: TopicPartition) {
    let image = node.working_image();
    let (Some(topic), Some(old)) = (
        image.topic_by_id(partition.topic),
        image.partition(partition),
    ) else {
        return;
    };
    if old.leader != broker && !old.isr.contains(&broker) {
        return;
    }
    let mut changes = Changes::default();
    PartitionChange::new(&node.config, image, topic, partition.index, old)
        .without(broker)
        .add_to(&mut changes);
    metadata::commit(node, changes.records, changes.events);
}
