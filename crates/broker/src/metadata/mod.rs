//! What the metadata log `__cluster_metadata-0` says: its record formats and the image that it
//! gives. The log belongs to the quorum ([`crate::quorum`]); what is committed of it is replayed
//! here, on every node. The active controller writes to it with [`commit`].

mod image;
mod record;
mod snapshot;

use bytes::Bytes;
use konbini_log::{CleanupPolicy, LogConfig, LogDir, ReadOutcome};
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{Batch, BatchBuilder, batches};
use konbini_raft::{Snapshot, SnapshotId};
use konbini_trace::Event;

pub use image::{
    BrokerImage, Change, Image, NO_LEADER, PartitionImage, ReplayError, ResourceType, TopicImage,
};
pub use konbini_raft::{METADATA_TOPIC, METADATA_TOPIC_ID};
pub use record::{
    BrokerRegistrationChangeRecord, ConfigRecord, PartitionChangeRecord, PartitionRecord, Record,
    RecordError, RegisterBrokerRecord,
};

use crate::node::Node;
use crate::quorum;
use crate::replica::reconcile;

/// Largest batch of metadata records, in bytes, as in Kafka.
const MAX_BATCH_BYTES: u32 = 8 * 1024 * 1024;
/// Bytes of the log that are replayed at a time.
const REPLAY_BYTES: usize = 1024 * 1024;

pub(crate) fn metadata_dir() -> LogDir {
    LogDir::new(METADATA_TOPIC, 0)
}

/// Settings of the metadata log: nothing is deleted from it but what a snapshot holds.
pub(crate) fn log_config() -> LogConfig {
    LogConfig {
        cleanup_policy: CleanupPolicy {
            delete: false,
            compact: false,
        },
        max_message_bytes: MAX_BATCH_BYTES,
        ..LogConfig::default()
    }
}

/// What is committed of the metadata log, as far as this node has replayed it.
#[derive(Default)]
pub(crate) struct Metadata {
    pub image: Image,
    /// The next offset to replay.
    replayed: i64,
    /// Epoch and timestamp (ms) of the last record that was replayed.
    last: (i32, i64),
    /// Bytes replayed since the last snapshot.
    since_snapshot: i64,
    /// Why nothing more is replayed: what is committed cannot be read.
    broken: Option<String>,
}

impl Metadata {
    /// One past the last offset that the image has seen.
    pub fn end_offset(&self) -> i64 {
        self.replayed
    }

    /// Why what is committed cannot be read, if so.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}

/// Appends records as the active controller, as one batch. They are carried out here and
/// everywhere once they are committed; with a single voter that is at once. `events` are told then,
/// and never if that does not come about. Without records nothing was decided, and nothing is told.
pub(crate) fn commit(node: &mut Node, records: Vec<Record>, events: Vec<Event>) {
    if records.is_empty() {
        return;
    }
    quorum::append(node, batch_of(&records, node.now), &records, events);
}

/// `now` in ms.
fn batch_of(records: &[Record], now: i64) -> Bytes {
    let mut batch = BatchBuilder::new(Codec::None);
    for record in records {
        let added = batch.append(now, None, Some(&record.encode()), &[]);
        debug_assert!(
            added.is_ok(),
            "a request makes fewer records than a batch can hold"
        );
    }
    batch.build()
}

/// Replays what is committed and was not replayed yet.
pub(crate) fn replay_committed(node: &mut Node) {
    while node.metadata.broken.is_none() {
        let offset = node.metadata.replayed;
        let Some(raft) = node.quorum.raft_mut() else {
            return;
        };
        if let Some(snapshot) = raft.snapshot().filter(|it| it.id.end_offset > offset) {
            let snapshot = snapshot.clone();
            load_snapshot(node, &snapshot);
            continue;
        }
        if raft.high_watermark().is_none_or(|end| offset >= end) {
            return;
        }
        match raft.read_committed(offset, REPLAY_BYTES) {
            ReadOutcome::Fetched(fetched) if fetched.size > 0 => {
                if let Err(reason) = replay_batches(node, fetched.concat()) {
                    return refuse(node, reason);
                }
            }
            ReadOutcome::Cold(load) => {
                node.loads.ask(load, &mut node.out);
                return;
            }
            ReadOutcome::Fetched(_) | ReadOutcome::OutOfRange { .. } => {
                return refuse(node, "the metadata log has a gap".to_owned());
            }
            ReadOutcome::Offline { .. } => return,
        }
    }
}

/// A node that cannot read the metadata must not go on: everything it could do might be wrong.
fn refuse(node: &mut Node, reason: String) {
    node.emit(Event::error("metadata-record-refused").with("reason", reason.as_str()));
    node.metadata.broken = Some(reason);
}

/// Carries out the records of batches, those that were not before.
fn replay_batches(node: &mut Node, bytes: Bytes) -> Result<(), String> {
    for batch in batches(bytes) {
        let batch = batch.map_err(|error| error.to_string())?;
        let header = batch.header;
        if !header.attributes.is_control() {
            let records = records_of(&batch, node.metadata.replayed)?;
            replay(node, &records);
        }
        node.metadata.replayed = header.next_offset();
        node.metadata.last = (header.partition_leader_epoch, header.max_timestamp);
        node.metadata.since_snapshot += batch.bytes.len() as i64;
    }
    Ok(())
}

/// The records of a batch from an offset on.
fn records_of(batch: &Batch, from: i64) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for record in batch.records() {
        let record = record.map_err(|error| error.to_string())?;
        if record.offset >= from {
            records.push(Record::decode(record.value).map_err(|error| error.to_string())?);
        }
    }
    Ok(records)
}

fn replay(node: &mut Node, records: &[Record]) {
    let mut changes = Vec::new();
    for record in records {
        match node.metadata.image.apply(record) {
            Ok(change) => changes.push(change),
            Err(error) => {
                node.emit(Event::error("metadata-record-refused").with("reason", error.to_string()))
            }
        }
    }
    reconcile::apply(node, changes);
}

/// Puts a snapshot in the place of the image and carries out what is different.
fn load_snapshot(node: &mut Node, snapshot: &Snapshot) {
    let batches = match snapshot.records() {
        Ok(batches) => batches,
        Err(reason) => return refuse(node, reason),
    };
    let mut image = Image::default();
    for batch in batches {
        let records = match records_of(&batch, 0) {
            Ok(records) => records,
            Err(reason) => return refuse(node, reason),
        };
        for record in records {
            if let Err(error) = image.apply(&record) {
                return refuse(node, error.to_string());
            }
        }
    }
    let before = std::mem::replace(&mut node.metadata.image, image);
    node.metadata.replayed = snapshot.id.end_offset;
    node.metadata.last.0 = snapshot.id.epoch;
    node.metadata.since_snapshot = 0;
    let changes = snapshot::changes(&before, &node.metadata.image);
    reconcile::apply(node, changes);
    reconcile::configure_all(node);
}

/// The snapshot that has to be made now, if enough was committed since the last one.
pub(crate) fn due_snapshot(node: &mut Node) -> Option<Snapshot> {
    let limit = node.setting_number("metadata.log.max.record.bytes.between.snapshots");
    if node.metadata.since_snapshot < limit {
        return None;
    }
    node.metadata.since_snapshot = 0;
    let (epoch, timestamp) = node.metadata.last;
    let id = SnapshotId {
        end_offset: node.metadata.replayed,
        epoch,
    };
    let records = snapshot::batches(&node.metadata.image, node.now);
    Some(Snapshot::new(id, timestamp, records, node.now))
}
