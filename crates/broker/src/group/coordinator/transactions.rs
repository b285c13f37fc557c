//! Offsets in a transaction (KIP-98): written at once, committed by the transaction's marker.

use super::super::{Effects, events};
use super::{Asked, Coordinator, Slot, Topics};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use konbini_protocol::record::ProducerState;
use std::collections::BTreeMap;

impl Coordinator {
    pub fn txn_offset_commit(
        &mut self,
        asked: Asked<'_>,
        request: &TxnOffsetCommitRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let commit = as_commit(request);
        let result = match group.is_empty() {
            true => Err(ResponseError::InvalidGroupId),
            false => self.in_shard(asked.now, group, &mut effects, |shard, call| {
                shard.commit_in_transaction(call, request.producer_id.0, &commit, topics)
            }),
        };
        if let Some(append) = effects.appends.last_mut() {
            append.producer = Some(ProducerState {
                id: request.producer_id.0,
                epoch: request.producer_epoch,
                base_sequence: 0,
            });
        }
        let (response, after) = match result {
            Ok((response, partition)) => (response, vec![partition]),
            Err(error) => (txn_offset_commit_refused(request, error), Vec::new()),
        };
        asked.answer(&mut effects, response.into(), after);
        effects
    }

    /// A marker of a producer came in a partition of `__consumer_offsets`.
    pub fn end_transaction(&mut self, partition: i32, producer_id: i64, commit: bool) -> Effects {
        let mut effects = Effects::default();
        match self.slots.get_mut(&partition) {
            None => {}
            Some(Slot::Loading(image)) => {
                image.end_transaction(producer_id, commit);
            }
            Some(Slot::Active(shard)) => {
                let committed = shard.end_transaction(producer_id, commit);
                let mut lists: BTreeMap<(String, String), String> = BTreeMap::new();
                for ((group, topic, index), offset) in committed {
                    let list = lists.entry((group, topic)).or_default();
                    let comma = if list.is_empty() { "" } else { "," };
                    list.push_str(&format!("{comma}{index}={}", offset.offset));
                }
                for ((group, topic), list) in lists {
                    let event = events::offsets_committed(&group, "", &topic, &list);
                    effects.events.push(event);
                }
            }
        }
        effects
    }
}

/// The same request as a commit without a transaction: what is checked and written is the same.
fn as_commit(request: &TxnOffsetCommitRequest) -> OffsetCommitRequest {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(partition.partition_index)
                .with_committed_offset(partition.committed_offset)
                .with_committed_leader_epoch(partition.committed_leader_epoch)
                .with_committed_metadata(partition.committed_metadata.clone())
        });
        OffsetCommitRequestTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    OffsetCommitRequest::default()
        .with_group_id(request.group_id.clone())
        .with_generation_id_or_member_epoch(request.generation_id)
        .with_member_id(request.member_id.clone())
        .with_group_instance_id(request.group_instance_id.clone())
        .with_retention_time_ms(-1)
        .with_topics(topics.collect())
}

/// The answer in which every partition has the same error.
pub fn txn_offset_commit_refused(
    request: &TxnOffsetCommitRequest,
    error: ResponseError,
) -> TxnOffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            TxnOffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(error.code())
        });
        TxnOffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}
