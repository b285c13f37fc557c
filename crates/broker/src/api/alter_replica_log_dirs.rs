//! AlterReplicaLogDirs, versions 1 to 2: moves replicas between the log directories of a broker.
//! There is one directory, so a replica is where it is asked to be, or LOG_DIR_NOT_FOUND.

use std::collections::BTreeMap;

use konbini_protocol::ResponseError::{
    KafkaStorageError, LogDirNotFound, ReplicaNotAvailable, UnknownTopicOrPartition,
};
use konbini_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use konbini_protocol::messages::{
    AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, TopicName,
};

use super::{Answer, Context, describe_log_dirs};
use crate::node::{Node, TopicPartition};

pub(super) fn handle(
    node: &mut Node,
    _: &Context<'_>,
    request: AlterReplicaLogDirsRequest,
) -> Answer {
    let own = describe_log_dirs::path(node);
    let mut topics: BTreeMap<TopicName, Vec<AlterReplicaLogDirPartitionResult>> = BTreeMap::new();
    for dir in &request.dirs {
        for topic in &dir.topics {
            let results = topics.entry(topic.name.clone()).or_default();
            for index in &topic.partitions {
                let error = if dir.path == own {
                    find(node, &topic.name, *index)
                } else {
                    LogDirNotFound.code()
                };
                let result = AlterReplicaLogDirPartitionResult::default()
                    .with_partition_index(*index)
                    .with_error_code(error);
                results.push(result);
            }
        }
    }
    let results = topics.into_iter().map(|(name, partitions)| {
        AlterReplicaLogDirTopicResult::default()
            .with_topic_name(name)
            .with_partitions(partitions)
    });
    AlterReplicaLogDirsResponse::default()
        .with_results(results.collect())
        .into()
}

/// The error code: 0 if this broker has the replica.
fn find(node: &Node, topic: &str, index: i32) -> i16 {
    let image = &node.metadata.image;
    let Some(topic) = image.topic(topic) else {
        return UnknownTopicOrPartition.code();
    };
    let partition = TopicPartition {
        topic: topic.id,
        index,
    };
    match node.replicas.partitions.get(&partition) {
        Some(replica) if replica.log().is_online() => 0,
        Some(_) => KafkaStorageError.code(),
        None if image.partition(partition).is_some() => ReplicaNotAvailable.code(),
        None => UnknownTopicOrPartition.code(),
    }
}
