//! AssignReplicasToDirs, version 0 (KIP-858): a broker says in which of its log directories replicas
//! lie. Answered by the controller only.
//!
//! A broker here has one directory, so only one thing is ever said: that replicas are lost, because
//! their logs went offline. The controller takes leadership and in-sync place from them.

use konbini_protocol::ResponseError::{NotController, StaleBrokerEpoch};
use konbini_protocol::messages::assign_replicas_to_dirs_response::{
    DirectoryData, PartitionData, TopicData,
};
use konbini_protocol::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};

use super::{Answer, Context};
use crate::controller::lost_replicas::{self, LOST};
use crate::node::{Node, TopicPartition};

pub(super) fn handle(
    node: &mut Node,
    _: &Context<'_>,
    request: AssignReplicasToDirsRequest,
) -> Answer {
    if !node.is_controller() {
        return AssignReplicasToDirsResponse::default()
            .with_error_code(NotController.code())
            .into();
    }
    assign(node, &request).into()
}

/// Carries the request out as the controller.
pub(crate) fn assign(
    node: &mut Node,
    request: &AssignReplicasToDirsRequest,
) -> AssignReplicasToDirsResponse {
    let broker = request.broker_id.0;
    let registered = node.working_image().brokers.get(&broker);
    if registered.is_none_or(|known| known.epoch != request.broker_epoch) {
        return AssignReplicasToDirsResponse::default().with_error_code(StaleBrokerEpoch.code());
    }
    let directories = request.directories.iter().map(|directory| {
        let topics = directory.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let partition = TopicPartition {
                    topic: topic.topic_id,
                    index: asked.partition_index,
                };
                if directory.id == LOST {
                    lost_replicas::lose(node, broker, partition);
                }
                PartitionData::default().with_partition_index(asked.partition_index)
            });
            TopicData::default()
                .with_topic_id(topic.topic_id)
                .with_partitions(partitions.collect())
        });
        DirectoryData::default()
            .with_id(directory.id)
            .with_topics(topics.collect())
    });
    let directories = directories.collect();
    AssignReplicasToDirsResponse::default().with_directories(directories)
}
