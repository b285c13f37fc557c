//! A follower whose log end lies outside the leader's log: it asks where that log starts and ends
//! (ListOffsets), and cuts its own end off or starts anew at the leader's start.
//!
//! A log that is longer than the leader's is one that an unclean election has overruled.

use konbini_protocol::StrBytes;
use konbini_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use konbini_protocol::messages::{BrokerId, ListOffsetsRequest, ListOffsetsResponse, RequestKind};

use super::answer::follower;
use super::{rest, truncate};
use crate::channel::Purpose;
use crate::node::{Node, TopicPartition};

const LIST_OFFSETS_VERSION: i16 = 10;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Asks the leader for both ends of its log. The partition rests meanwhile.
pub(super) fn begin(node: &mut Node, leader: i32, partition: TopicPartition) {
    rest(node, leader, partition);
    let (Some(follower), Some(replica)) = (
        follower(node, partition),
        node.replicas.partitions.get(&partition),
    ) else {
        return;
    };
    let topic = StrBytes::from_string(replica.topic.clone());
    let ask = |timestamp: i64| {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition.index)
            .with_current_leader_epoch(follower.epoch())
            .with_timestamp(timestamp);
        ListOffsetsTopic::default()
            .with_name(topic.clone().into())
            .with_partitions(vec![asked])
    };
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(node.config.node_id))
        .with_topics(vec![ask(LATEST), ask(EARLIEST)]);
    let body = RequestKind::ListOffsets(request);
    let name = node.client_name.clone();
    if let Some(fetcher) = node.replicas.fetchers.get_mut(&leader) {
        let purpose = Purpose::LookUpEnds(leader, partition);
        fetcher
            .channel
            .call(purpose, LIST_OFFSETS_VERSION, &name, &body);
    }
}

/// The leader's ends: latest first, as they were asked for.
pub(crate) fn answered(
    node: &mut Node,
    leader: i32,
    partition: TopicPartition,
    response: &ListOffsetsResponse,
) {
    let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
    let (Some(latest), Some(earliest)) = (answers.next(), answers.next()) else {
        return;
    };
    let Some(follower) = follower(node, partition) else {
        return;
    };
    let same = follower.leader() == leader && latest.leader_epoch == follower.epoch();
    if latest.error_code != 0 || earliest.error_code != 0 || !same {
        return;
    }
    let own_end = follower.log().log_end_offset();
    if own_end > latest.offset {
        truncate::to(node, leader, partition, latest.offset);
    } else if own_end < earliest.offset {
        truncate::start_at(node, leader, partition, earliest.offset);
    }
}
