use super::consumer::ConsumerGroup;
use super::consumer::record::ConsumerRecord;
use super::pending::{Key, PendingOffsets};
use super::record::Record;
use bytes::Bytes;
use std::collections::BTreeMap;

/// The hard state of one shard: exactly what its partition's records say, no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    groups: BTreeMap<String, GroupMetadata>,
    consumer_groups: BTreeMap<String, ConsumerGroup>,
    offsets: BTreeMap<String, GroupOffsets>,
    pending: PendingOffsets,
}

/// Committed offsets of one group by topic and partition.
pub type GroupOffsets = BTreeMap<String, BTreeMap<i32, CommittedOffset>>;

/// One committed offset (OffsetCommitValue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next record to read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 when the client did not say.
    pub leader_epoch: i32,
    pub metadata: String,
    /// Milliseconds.
    pub commit_timestamp: i64,
    /// Milliseconds; only old clients (OffsetCommit 2 to 4) name one.
    pub expire_timestamp: Option<i64>,
}

/// A group as it was last written (GroupMetadataValue).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMetadata {
    /// Empty when the group never had a member.
    pub protocol_type: String,
    pub generation: i32,
    pub protocol: Option<String>,
    pub leader: Option<String>,
    /// Milliseconds; -1 when unknown.
    pub current_state_timestamp: i64,
    pub members: Vec<MemberMetadata>,
}

/// A member of a written group (GroupMetadataValue.MemberMetadata).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadata {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    /// The member's metadata for the chosen protocol.
    pub subscription: Bytes,
    pub assignment: Bytes,
}

impl Image {
    /// Applies one record. An image changes by records and by markers, in no other way.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Group {
                group,
                value: Some(value),
            } => {
                self.groups.insert(group, value);
            }
            Record::Group { group, value: None } => {
                self.groups.remove(&group);
            }
            Record::Consumer { group, record } => self.replay_consumer(group, record),
            Record::Offset {
                group,
                topic,
                partition,
                value: Some(value),
            } => {
                let key = (group, topic, partition);
                self.pending.supersede(&key);
                self.put_offset(key, value);
            }
            Record::Offset {
                group,
                topic,
                partition,
                value: None,
            } => {
                self.remove_offset(&group, &topic, partition);
                self.pending.remove(&(group, topic, partition));
            }
        }
    }

    /// The epoch's tombstone ends a group; tombstones of one that is not here change nothing.
    fn replay_consumer(&mut self, group: String, record: ConsumerRecord) {
        if record == ConsumerRecord::Group(None) {
            self.consumer_groups.remove(&group);
        } else if record.is_tombstone() {
            if let Some(known) = self.consumer_groups.get_mut(&group) {
                known.replay(record);
            }
        } else {
            self.consumer_groups
                .entry(group)
                .or_default()
                .replay(record);
        }
    }

    fn put_offset(&mut self, (group, topic, partition): Key, value: CommittedOffset) {
        let topics = self.offsets.entry(group).or_default();
        topics.entry(topic).or_default().insert(partition, value);
    }

    /// Applies one record of a transactional batch: its offset counts once the marker comes.
    pub fn replay_in_transaction(&mut self, producer_id: i64, record: Record) {
        match record {
            Record::Offset {
                group,
                topic,
                partition,
                value: Some(value),
            } => self
                .pending
                .add(producer_id, (group, topic, partition), value),
            other => self.replay(other),
        }
    }

    /// A producer's marker came. Returns what it committed.
    pub fn end_transaction(
        &mut self,
        producer_id: i64,
        commit: bool,
    ) -> Vec<(Key, CommittedOffset)> {
        let committed = self.pending.end(producer_id, commit);
        for (key, value) in &committed {
            self.put_offset(key.clone(), value.clone());
        }
        committed
    }

    /// Offsets of open transactions.
    pub fn pending(&self) -> &PendingOffsets {
        &self.pending
    }

    fn remove_offset(&mut self, group: &str, topic: &str, partition: i32) {
        let Some(topics) = self.offsets.get_mut(group) else {
            return;
        };
        let Some(partitions) = topics.get_mut(topic) else {
            return;
        };
        partitions.remove(&partition);
        if partitions.is_empty() {
            topics.remove(topic);
        }
        if topics.is_empty() {
            self.offsets.remove(group);
        }
    }

    pub fn group(&self, group: &str) -> Option<&GroupMetadata> {
        self.groups.get(group)
    }

    pub fn groups(&self) -> impl Iterator<Item = (&str, &GroupMetadata)> {
        self.groups.iter().map(|(id, group)| (id.as_str(), group))
    }

    pub fn consumer_group(&self, group: &str) -> Option<&ConsumerGroup> {
        self.consumer_groups.get(group)
    }

    pub fn consumer_groups(&self) -> impl Iterator<Item = (&str, &ConsumerGroup)> {
        let groups = self.consumer_groups.iter();
        groups.map(|(id, group)| (id.as_str(), group))
    }

    pub fn offsets(&self, group: &str) -> Option<&GroupOffsets> {
        self.offsets.get(group)
    }

    pub fn groups_with_offsets(&self) -> impl Iterator<Item = (&str, &GroupOffsets)> {
        self.offsets
            .iter()
            .map(|(id, offsets)| (id.as_str(), offsets))
    }

    pub fn offset(&self, group: &str, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.offsets.get(group)?.get(topic)?.get(&partition)
    }
}
