//! Offsets in a transaction, in one shard.

use super::super::classic::ClassicGroup;
use super::super::config::MAX_GROUPS;
use super::super::consumer::validate_commit_in_transaction;
use super::super::coordinator::Topics;
use super::super::image::CommittedOffset;
use super::super::pending::Key;
use super::super::{events, offsets};
use super::{Call, Shard};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{OffsetCommitRequest, TxnOffsetCommitResponse};

impl Shard {
    /// Writes offsets that count once the transaction's marker comes.
    pub fn commit_in_transaction(
        &mut self,
        call: &mut Call<'_>,
        producer_id: i64,
        request: &OffsetCommitRequest,
        topics: &dyn Topics,
    ) -> TxnOffsetCommitResponse {
        let checked = self.begin_commit_in_transaction(call, request);
        if let Err(error) = checked {
            let (group, member) = (&request.group_id, request.member_id.as_str());
            let event = events::offsets_refused(group, member, error);
            call.out.events.push(event);
        }
        self.commit(call);
        let (now, config, out) = (call.now, call.config, &mut call.out);
        let answers = offsets::commit_response(request, topics, |topic, partition| {
            checked?;
            let record = offsets::commit_record(now, config, request, topic, partition)?;
            out.records.push(record);
            Ok(())
        });
        let image = &mut self.image;
        out.commit_by(|record| image.replay_in_transaction(producer_id, record));
        let topics = answers.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|partition| {
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(partition.error_code)
            });
            TxnOffsetCommitResponseTopic::default()
                .with_name(topic.name)
                .with_partitions(partitions.collect())
        });
        TxnOffsetCommitResponse::default().with_topics(topics.collect())
    }

    /// Checks whether the producer's consumer may commit: as without a transaction, except that it need
    /// not say who it is (before TxnOffsetCommit 3), and that a rebalance does not stop it.
    fn begin_commit_in_transaction(
        &mut self,
        call: &mut Call<'_>,
        request: &OffsetCommitRequest,
    ) -> Result<(), ResponseError> {
        let id = request.group_id.as_str();
        let generation = request.generation_id_or_member_epoch;
        if let Some(group) = self.image.consumer_group(id) {
            return validate_commit_in_transaction(group, request);
        }
        if !self.groups.contains_key(id) {
            if generation >= 0 {
                return Err(ResponseError::IllegalGeneration);
            }
            if self.group_count() >= MAX_GROUPS {
                return Err(ResponseError::CoordinatorNotAvailable);
            }
            self.groups.insert(id.to_owned(), ClassicGroup::new(id));
        }
        let (group, mut turn) = self.known(call, id)?;
        let (member, instance) = (
            request.member_id.as_str(),
            request.group_instance_id.as_deref(),
        );
        if generation < 0 && (group.is_empty() || member.is_empty() && instance.is_none()) {
            return Ok(());
        }
        group.validate(member, instance)?;
        if generation != group.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        group.touch(&mut turn, member);
        Ok(())
    }

    pub fn end_transaction(
        &mut self,
        producer_id: i64,
        commit: bool,
    ) -> Vec<(Key, CommittedOffset)> {
        self.image.end_transaction(producer_id, commit)
    }
}
