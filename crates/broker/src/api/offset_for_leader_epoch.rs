//! OffsetForLeaderEpoch, versions 2 to 4 (KIP-101, KIP-320): where a leader epoch ends in this
//! leader's log, for truncation after a divergence.

use konbini_protocol::ResponseError::{self, UnknownTopicOrPartition};
use konbini_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use konbini_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use konbini_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::{Answer, Context};
use crate::node::{Node, TopicPartition};

pub(super) fn handle(
    node: &mut Node,
    _: &Context<'_>,
    request: OffsetForLeaderEpochRequest,
) -> Answer {
    let mut response = OffsetForLeaderEpochResponse::default();
    for topic in &request.topics {
        let partitions = topic
            .partitions
            .iter()
            .map(|asked| {
                let answer = EpochEndOffset::default().with_partition(asked.partition);
                match find(node, &topic.topic, asked) {
                    Ok((epoch, end)) => answer.with_leader_epoch(epoch).with_end_offset(end),
                    Err(error) => answer.with_error_code(error.code()),
                }
            })
            .collect();
        response.topics.push(
            OffsetForLeaderTopicResult::default()
                .with_topic(topic.topic.clone())
                .with_partitions(partitions),
        );
    }
    response.into()
}

fn find(
    node: &Node,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<(i32, i64), ResponseError> {
    let image = &node.metadata.image;
    let id = image.topic(topic).ok_or(UnknownTopicOrPartition)?.id;
    let partition = TopicPartition {
        topic: id,
        index: asked.partition,
    };
    if image.partition(partition).is_none() {
        return Err(UnknownTopicOrPartition);
    }
    let leader = node.replicas.leader(partition)?;
    leader.check_epoch(asked.current_leader_epoch)?;
    Ok(leader.log().end_offset_for_epoch(asked.leader_epoch))
}
