//! DescribeProducers, version 0: the producers that a partition remembers, and where their open
//! transactions start. Answered by the leader (KIP-664).

use konbini_protocol::ResponseError::{self, UnknownTopicOrPartition};
use konbini_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use konbini_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse, ProducerId};

use super::{Answer, Context};
use crate::node::{Node, TopicPartition};

pub(super) fn handle(
    node: &mut Node,
    _context: &Context<'_>,
    request: DescribeProducersRequest,
) -> Answer {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().map(|index| {
            let answer = PartitionResponse::default().with_partition_index(*index);
            match producers(node, &topic.name, *index) {
                Ok(producers) => answer.with_active_producers(producers),
                Err(error) => answer.with_error_code(error.code()),
            }
        });
        TopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    DescribeProducersResponse::default()
        .with_topics(topics.collect())
        .into()
}

fn producers(node: &Node, topic: &str, index: i32) -> Result<Vec<ProducerState>, ResponseError> {
    let image = &node.metadata.image;
    let partition = TopicPartition {
        topic: image.topic(topic).ok_or(UnknownTopicOrPartition)?.id,
        index,
    };
    image.partition(partition).ok_or(UnknownTopicOrPartition)?;
    let leader = node.replicas.leader(partition)?;
    let all = leader.log().producers().map(|producer| {
        ProducerState::default()
            .with_producer_id(ProducerId(producer.producer_id))
            .with_producer_epoch(producer.epoch.into())
            .with_last_sequence(producer.last_sequence())
            .with_last_timestamp(producer.last_timestamp)
            .with_coordinator_epoch(producer.coordinator_epoch)
            .with_current_txn_start_offset(producer.transaction_start.unwrap_or(-1))
    });
    Ok(all.collect())
}
