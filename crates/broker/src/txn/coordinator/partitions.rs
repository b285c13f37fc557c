//! What a transaction touches: partitions, and the partitions of groups that it commits offsets of.

use std::collections::BTreeSet;

use kafka_protocol::ResponseError::{
    self, InvalidProducerIdMapping, InvalidRequest, OperationNotAttempted, PolicyViolation,
    UnknownTopicOrPartition,
};
use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
};

use super::super::config::MAX_PARTITIONS;
use super::super::transition::{self, EPOCH_BUMPS, Producer};
use super::super::{Effects, events};
use super::{Asked, Coordinator, TXN_FENCED};
use crate::group::Topics;

/// From this AddPartitionsToTxn version on, one request names several transactions (KIP-890).
const ADD_BATCH: i16 = 4;

impl Coordinator {
    /// AddPartitionsToTxn in any version; of several transactions each has its own result.
    pub fn add_partitions(
        &mut self,
        asked: Asked,
        request: &AddPartitionsToTxnRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let mut after = BTreeSet::new();
        let mut response = AddPartitionsToTxnResponse::default();
        if asked.version < ADD_BATCH {
            let one = AddPartitionsToTxnTransaction::default()
                .with_transactional_id(request.v3_and_below_transactional_id.clone())
                .with_producer_id(request.v3_and_below_producer_id)
                .with_producer_epoch(request.v3_and_below_producer_epoch)
                .with_topics(request.v3_and_below_topics.clone());
            after.insert(self.partition_for(&one.transactional_id));
            response.results_by_topic_v3_and_below =
                self.add_one(&mut effects, asked, &one, topics);
        } else {
            for one in &request.transactions {
                after.insert(self.partition_for(&one.transactional_id));
                let results = self.add_one(&mut effects, asked, one, topics);
                response.results_by_transaction.push(
                    AddPartitionsToTxnResult::default()
                        .with_transactional_id(one.transactional_id.clone())
                        .with_topic_results(results),
                );
            }
        }
        asked.answer(&mut effects, response.into(), after.into_iter().collect());
        effects
    }

    fn add_one(
        &mut self,
        effects: &mut Effects,
        asked: Asked,
        one: &AddPartitionsToTxnTransaction,
        topics: &dyn Topics,
    ) -> Vec<AddPartitionsToTxnTopicResult> {
        let (id, producer) = (one.transactional_id.as_str(), producer_of(one));
        let exists = |(topic, index): &(String, i32)| {
            let count = topics.partition_count(topic).unwrap_or(0);
            (0..count).contains(index)
        };
        let partitions = partitions_of(&one.topics);
        if !partitions.iter().all(exists) {
            return results(&one.topics, |partition| match exists(partition) {
                true => OperationNotAttempted.code(),
                false => UnknownTopicOrPartition.code(),
            });
        }
        if one.verify_only {
            let found = match self.shard(id) {
                Ok((shard, _)) => shard.get(id).ok_or(InvalidProducerIdMapping),
                Err(error) => Err(error),
            };
            return results(&one.topics, |partition| {
                let found =
                    found.and_then(|current| transition::verify(current, producer, partition));
                found
                    .err()
                    .map_or(0, |error| asked.error(error, TXN_FENCED))
            });
        }
        // From version 4 on other brokers ask, for clients that end a transaction with a bump.
        let client_version = if asked.version >= ADD_BATCH {
            EPOCH_BUMPS
        } else {
            0
        };
        let added = self.add(
            effects,
            asked.now,
            id,
            producer,
            &partitions,
            client_version,
        );
        if let Err(error) = added {
            let event = events::refused("AddPartitionsToTxn", id, producer, error);
            effects.events.push(event);
        }
        let code = added
            .err()
            .map_or(0, |error| asked.error(error, TXN_FENCED));
        results(&one.topics, |_| code)
    }

    /// The group's partition of `__consumer_offsets` belongs to the transaction from now on.
    pub fn add_offsets(
        &mut self,
        asked: Asked,
        request: &AddOffsetsToTxnRequest,
        group_partition: (String, i32),
    ) -> Effects {
        let mut effects = Effects::default();
        let id = request.transactional_id.as_str();
        let after = self.partition_for(id);
        let producer = Producer {
            id: request.producer_id.0,
            epoch: request.producer_epoch,
        };
        let partitions = [group_partition].into();
        let added = self.add(&mut effects, asked.now, id, producer, &partitions, 0);
        let mut response = AddOffsetsToTxnResponse::default();
        if let Err(error) = added {
            let event = events::refused("AddOffsetsToTxn", id, producer, error);
            effects.events.push(event);
            response.error_code = asked.error(error, TXN_FENCED);
        }
        asked.answer(&mut effects, response.into(), vec![after]);
        effects
    }

    fn add(
        &mut self,
        effects: &mut Effects,
        now: i64,
        id: &str,
        producer: Producer,
        partitions: &BTreeSet<(String, i32)>,
        client_version: i16,
    ) -> Result<(), ResponseError> {
        if id.is_empty() {
            return Err(InvalidRequest);
        }
        let (shard, _) = self.shard_mut(id)?;
        let current = shard.get(id).ok_or(InvalidProducerIdMapping)?;
        let before = current.state;
        let next = transition::add(current, producer, partitions, client_version, now)?;
        let Some(next) = next else {
            return Ok(());
        };
        if next.partitions.len() > MAX_PARTITIONS {
            return Err(PolicyViolation);
        }
        if before != next.state {
            effects.events.push(events::began(id, &next));
        }
        effects.events.push(events::partitions_added(id, &next));
        shard.put(effects, id, Some(next));
        Ok(())
    }
}

fn producer_of(one: &AddPartitionsToTxnTransaction) -> Producer {
    Producer {
        id: one.producer_id.0,
        epoch: one.producer_epoch,
    }
}

fn partitions_of(topics: &[AddPartitionsToTxnTopic]) -> BTreeSet<(String, i32)> {
    let each = topics.iter().flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|partition| (topic.name.to_string(), *partition))
    });
    each.collect()
}

/// The results of one transaction, by what `code` says of each partition.
pub(crate) fn results(
    topics: &[AddPartitionsToTxnTopic],
    code: impl Fn(&(String, i32)) -> i16,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let each = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let key = (topic.name.to_string(), *partition);
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(*partition)
                .with_partition_error_code(code(&key))
        });
        AddPartitionsToTxnTopicResult::default()
            .with_name(topic.name.clone())
            .with_results_by_partition(partitions.collect())
    });
    each.collect()
}
