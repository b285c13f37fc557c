//! Committed offsets: commit, fetch, delete and expiry. Every function reads the hard state and
//! returns records; none changes anything.

use super::any::AnyGroup;
use super::classic::{ClassicGroup, State};
use super::config::GroupConfig;
use super::coordinator::Topics;
use super::image::{CommittedOffset, Image};
use super::record::Record;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetDeleteRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

/// Whether a commit may go on; see Apache Kafka's rules for classic groups.
///
/// Generation -1 without a member is a client that assigns its own partitions: it may commit while
/// the group has no members. Anybody else must be of the current generation, and may still commit
/// while a rebalance is being prepared, but not once the next generation is being assigned.
pub fn validate_commit(
    group: &ClassicGroup,
    request: &OffsetCommitRequest,
) -> Result<(), ResponseError> {
    let generation = request.generation_id_or_member_epoch;
    let instance_id = request.group_instance_id.as_ref().map(|id| id.as_str());
    if generation < 0 && group.is_empty() {
        return Ok(());
    }
    if generation < 0 && request.member_id.is_empty() && instance_id.is_none() {
        return Err(ResponseError::UnknownMemberId);
    }
    group.validate(request.member_id.as_str(), instance_id)?;
    if generation != group.generation {
        return Err(ResponseError::IllegalGeneration);
    }
    match group.state {
        State::CompletingRebalance => Err(ResponseError::RebalanceInProgress),
        _ => Ok(()),
    }
}

/// The answer to a commit, every partition of an existing topic with the same result.
pub fn commit_response(
    request: &OffsetCommitRequest,
    topics: &dyn Topics,
    mut partition_result: impl FnMut(&str, &OffsetCommitRequestPartition) -> Result<(), ResponseError>,
) -> Vec<OffsetCommitResponseTopic> {
    let each = request.topics.iter().map(|topic| {
        let count = topics.partition_count(topic.name.as_str()).unwrap_or(0);
        let partitions = topic.partitions.iter().map(|partition| {
            let result = match (0..count).contains(&partition.partition_index) {
                true => partition_result(topic.name.as_str(), partition),
                false => Err(ResponseError::UnknownTopicOrPartition),
            };
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(result.err().map_or(0, |error| error.code()))
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    each.collect()
}

/// Whether a commit names any partition that exists.
pub fn names_known_partition(request: &OffsetCommitRequest, topics: &dyn Topics) -> bool {
    request.topics.iter().any(|topic| {
        let count = topics.partition_count(topic.name.as_str()).unwrap_or(0);
        topic
            .partitions
            .iter()
            .any(|partition| (0..count).contains(&partition.partition_index))
    })
}

/// The record of one committed partition.
pub fn commit_record(
    now: i64,
    config: &GroupConfig,
    request: &OffsetCommitRequest,
    topic: &str,
    partition: &OffsetCommitRequestPartition,
) -> Result<Record, ResponseError> {
    let metadata = partition
        .committed_metadata
        .as_ref()
        .map_or("", |text| text.as_str());
    if metadata.chars().map(char::len_utf16).sum::<usize>()
        > config.offset_metadata_max_bytes.max(0) as usize
    {
        // Kafka compares Java characters, in spite of the setting's name.
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    let retention = request.retention_time_ms;
    Ok(Record::Offset {
        group: request.group_id.to_string(),
        topic: topic.to_owned(),
        partition: partition.partition_index,
        value: Some(CommittedOffset {
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch.max(-1),
            metadata: metadata.to_owned(),
            commit_timestamp: now,
            expire_timestamp: (retention >= 0).then(|| now.saturating_add(retention)),
        }),
    })
}

/// Committed offsets of the asked partitions; offset -1 where there is none. `None` asks for all.
pub fn fetch(
    image: &Image,
    group: &str,
    topics: Option<&[(StrBytes, &[i32])]>,
) -> Vec<OffsetFetchResponseTopics> {
    let Some(topics) = topics else {
        return fetch_all(image, group);
    };
    let each = topics.iter().map(|(topic, partitions)| {
        let partitions = partitions
            .iter()
            .map(|partition| fetched(*partition, image.offset(group, topic.as_str(), *partition)));
        OffsetFetchResponseTopics::default()
            .with_name(TopicName(topic.clone()))
            .with_partitions(partitions.collect())
    });
    each.collect()
}

/// Refuses offsets that a transaction is about to commit, for who wants stable ones only (KIP-447).
pub fn hold_back_pending(image: &Image, group: &str, topics: &mut [OffsetFetchResponseTopics]) {
    for topic in topics {
        for partition in &mut topic.partitions {
            let index = partition.partition_index;
            if image.pending().has(group, topic.name.as_str(), index) {
                *partition = fetched(index, None)
                    .with_error_code(ResponseError::UnstableOffsetCommit.code());
            }
        }
    }
}

fn fetch_all(image: &Image, group: &str) -> Vec<OffsetFetchResponseTopics> {
    let each = image
        .offsets(group)
        .into_iter()
        .flatten()
        .map(|(topic, partitions)| {
            let partitions = partitions
                .iter()
                .map(|(partition, offset)| fetched(*partition, Some(offset)));
            OffsetFetchResponseTopics::default()
                .with_name(TopicName(StrBytes::from_string(topic.clone())))
                .with_partitions(partitions.collect())
        });
    each.collect()
}

fn fetched(partition: i32, offset: Option<&CommittedOffset>) -> OffsetFetchResponsePartitions {
    let response = OffsetFetchResponsePartitions::default().with_partition_index(partition);
    match offset {
        None => response
            .with_committed_offset(-1)
            .with_committed_leader_epoch(-1)
            .with_metadata(Some(StrBytes::new())),
        Some(offset) => response
            .with_committed_offset(offset.offset)
            .with_committed_leader_epoch(offset.leader_epoch)
            .with_metadata(Some(StrBytes::from_string(offset.metadata.clone()))),
    }
}

/// Deletes offsets that no member uses. An unknown topic is an error; a partition without an offset
/// is deleted already.
pub fn delete(
    image: &Image,
    group: AnyGroup<'_>,
    request: &OffsetDeleteRequest,
    topics: &dyn Topics,
) -> (Vec<Record>, Vec<OffsetDeleteResponseTopic>) {
    let mut records = Vec::new();
    let mut responses = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let name = topic.name.as_str();
        let count = topics.partition_count(name).unwrap_or(0);
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            let error = if !(0..count).contains(&index) {
                ResponseError::UnknownTopicOrPartition.code()
            } else if group.is_subscribed(name) {
                ResponseError::GroupSubscribedToTopic.code()
            } else {
                if image.offset(group.id(), name, index).is_some() {
                    records.push(tombstone(group.id(), name, index));
                }
                0
            };
            OffsetDeleteResponsePartition::default()
                .with_partition_index(index)
                .with_error_code(error)
        });
        let partitions = partitions.collect();
        responses.push(
            OffsetDeleteResponseTopic::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions),
        );
    }
    (records, responses)
}

pub fn tombstone(group: &str, topic: &str, partition: i32) -> Record {
    Record::Offset {
        group: group.to_owned(),
        topic: topic.to_owned(),
        partition,
        value: None,
    }
}

/// Tombstones for all offsets of a group.
pub fn delete_all(image: &Image, group: &str) -> Vec<Record> {
    let topics = image.offsets(group).into_iter().flatten();
    let each = topics.flat_map(|(topic, partitions)| {
        partitions
            .keys()
            .map(|partition| tombstone(group, topic, *partition))
    });
    let pending = image.pending().keys().filter(|key| key.0 == group);
    let pending = pending.map(|(group, topic, index)| tombstone(group, topic, *index));
    each.chain(pending).collect()
}

/// Tombstones for a group's offsets that have outlived `offsets.retention.minutes`, and whether that
/// leaves none (KIP-211).
pub fn expire(
    image: &Image,
    group: AnyGroup<'_>,
    now: i64,
    retention_ms: i64,
) -> (Vec<Record>, bool) {
    let mut records = Vec::new();
    let pending = image.pending();
    let id = group.id();
    let mut none_left = !pending.has_group(id);
    for (topic, partitions) in image.offsets(id).into_iter().flatten() {
        for (partition, offset) in partitions {
            let in_use = group.is_subscribed(topic) || pending.has(id, topic, *partition);
            if !in_use && is_expired(group, offset, now, retention_ms) {
                records.push(tombstone(id, topic, *partition));
            } else {
                none_left = false;
            }
        }
    }
    (records, none_left)
}

fn is_expired(group: AnyGroup<'_>, offset: &CommittedOffset, now: i64, retention_ms: i64) -> bool {
    let since = match group {
        // The topic is not subscribed to: each offset ages from its own commit.
        AnyGroup::Consumer(..) => Some(offset.commit_timestamp),
        AnyGroup::Classic(group) => ages_since(group, offset),
    };
    let Some(since) = since else { return false };
    match offset.expire_timestamp {
        Some(expire) => now >= expire,
        None => now.saturating_sub(since) >= retention_ms,
    }
}

/// From when on an offset of a classic group ages, if it does.
fn ages_since(group: &ClassicGroup, offset: &CommittedOffset) -> Option<i64> {
    match (group.state, &group.protocol_type) {
        // Never had members: each offset ages from its own commit.
        (_, None) => Some(offset.commit_timestamp),
        // Without members now: all age from when the last one went.
        (State::Empty, Some(_)) => Some(group.state_since().unwrap_or(offset.commit_timestamp)),
        // With members: only offsets of topics that nobody subscribes to any more.
        (State::Stable, Some(_)) if group.knows_subscriptions() => Some(offset.commit_timestamp),
        _ => None,
    }
}
