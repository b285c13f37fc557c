//! DescribeLogDirs, versions 1 to 4: the logs of this broker with their sizes. No topics named means
//! all.
//!
//! A broker has one log directory, which is called by its setting `log.dirs`. Differences
//! from Apache Kafka: how large the disk is (v4) is not known, so -1 is said; and a log that went
//! offline is missing by itself, where in Kafka its whole directory is offline.

use std::collections::BTreeMap;

use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use konbini_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};

use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(node: &mut Node, _: &Context<'_>, request: DescribeLogDirsRequest) -> Answer {
    let wanted = |name: &str, index: i32| match &request.topics {
        None => true,
        Some(topics) => topics
            .iter()
            .any(|topic| topic.topic.as_str() == name && topic.partitions.contains(&index)),
    };
    let mut topics: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for (partition, replica) in &node.replicas.partitions {
        let log = replica.log();
        if !log.is_online() || !wanted(&replica.topic, partition.index) {
            continue;
        }
        let described = DescribeLogDirsPartition::default()
            .with_partition_index(partition.index)
            .with_partition_size(log.size() as i64)
            // A replica that is ahead of the high watermark lags behind nothing.
            .with_offset_lag((log.high_watermark() - log.log_end_offset()).max(0));
        topics.entry(&replica.topic).or_default().push(described);
    }
    let topics = topics.into_iter().map(|(name, partitions)| {
        DescribeLogDirsTopic::default()
            .with_name(StrBytes::from_string(name.to_owned()).into())
            .with_partitions(partitions)
    });
    let only = DescribeLogDirsResult::default()
        .with_log_dir(path(node))
        .with_topics(topics.collect());
    DescribeLogDirsResponse::default()
        .with_results(vec![only])
        .into()
}

/// What clients are told is this broker's log directory.
pub(super) fn path(node: &Node) -> StrBytes {
    StrBytes::from_string(node.broker_setting("log.dirs"))
}
