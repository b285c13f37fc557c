//! Reading a partition for a Fetch: limits, epochs, and who may see how much.

use bytes::Bytes;
use konbini_log::Log;
use konbini_protocol::ResponseError::{
    self, KafkaStorageError, NotLeaderOrFollower, OffsetOutOfRange,
};

use super::leader::check_epoch;
use super::{Replica, Replicas};
use crate::LoadId;
use crate::node::{Node, TopicPartition};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Up to the high watermark.
    Consumer,
    /// Up to the last stable offset (read_committed).
    CommittedOnly,
    /// Another broker, by its node id: up to the log end.
    Replica(i32),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadRequest {
    pub offset: i64,
    /// The leader epoch that the reader knows; -1 if it does not say.
    pub leader_epoch: i32,
    /// The epoch of the last record that it has; -1 if it does not say.
    pub last_fetched_epoch: i32,
    pub max_bytes: usize,
    /// The first batch comes even if it is larger.
    pub at_least_one_batch: bool,
    pub reader: Reader,
    /// A consumer may read from a follower too (KIP-392).
    pub any_replica: bool,
}

pub(crate) struct Read {
    pub records: Bytes,
    pub high_watermark: i64,
    pub last_stable_offset: i64,
    pub log_start: i64,
    /// Producer id and first offset, for read_committed.
    pub aborted: Option<Vec<(i64, i64)>>,
}

pub(crate) enum ReadOutcome {
    Records(Read),
    /// The reader's log parts from this one at the end of an epoch.
    Diverging {
        epoch: i32,
        end_offset: i64,
        high_watermark: i64,
        log_start: i64,
    },
    /// The bytes are being loaded.
    Loading(LoadId),
    Refused(ResponseError),
}

pub(crate) fn read(
    node: &mut Node,
    partition: TopicPartition,
    request: &ReadRequest,
) -> ReadOutcome {
    let (log, upper) = match source(&mut node.replicas, partition, request) {
        Ok(found) => found,
        Err(error) => return ReadOutcome::Refused(error),
    };
    if let Some(diverging) = diverging(log, request) {
        return diverging;
    }
    match read_log(log, request, upper) {
        konbini_log::ReadOutcome::Fetched(fetched) => {
            let aborted = (request.reader == Reader::CommittedOnly).then(|| {
                let list = log.aborted_transactions(request.offset, fetched.next_offset);
                list.into_iter()
                    .map(|entry| (entry.producer_id, entry.first_offset))
                    .collect()
            });
            ReadOutcome::Records(Read {
                records: fetched.concat(),
                high_watermark: log.high_watermark(),
                last_stable_offset: log.last_stable_offset(),
                log_start: log.log_start_offset(),
                aborted,
            })
        }
        konbini_log::ReadOutcome::Cold(load) => {
            ReadOutcome::Loading(node.loads.ask(load, &mut node.out))
        }
        konbini_log::ReadOutcome::OutOfRange { .. } => ReadOutcome::Refused(OffsetOutOfRange),
        konbini_log::ReadOutcome::Offline { .. } => ReadOutcome::Refused(KafkaStorageError),
    }
}

/// Of a segment that compaction emptied one batch is left, without records. Consumers do not get such batches alone
/// while there is more: a row of answers without a record is an error to librdkafka, and kafkajs does not get past
/// one. Replicas get every batch.
fn read_log(log: &mut Log, request: &ReadRequest, upper: i64) -> konbini_log::ReadOutcome {
    let mut read = |offset| {
        let (max_bytes, min_one) = (request.max_bytes, request.at_least_one_batch);
        log.read(offset, max_bytes, upper, min_one)
    };
    let mut outcome = read(request.offset);
    while let konbini_log::ReadOutcome::Fetched(found) = &outcome
        && !matches!(request.reader, Reader::Replica(_))
        && found.size > 0
        && !found.has_records
    {
        let next = read(found.next_offset);
        // They take the reader at least to what comes after them.
        if matches!(&next, konbini_log::ReadOutcome::Fetched(more) if more.size == 0) {
            break;
        }
        outcome = next;
    }
    outcome
}

/// The log to read from, and the offset up to which the reader may see it.
fn source<'a>(
    replicas: &'a mut Replicas,
    partition: TopicPartition,
    request: &ReadRequest,
) -> Result<(&'a mut Log, i64), ResponseError> {
    let reader = request.reader;
    if request.any_replica
        && let Some(follower) = replicas.follower(partition)
    {
        check_epoch(request.leader_epoch, follower.epoch())?;
        let end = end_for(follower.log(), reader);
        let log = replicas
            .partitions
            .get_mut(&partition)
            .map(Replica::log_mut);
        return log.map(|log| (log, end)).ok_or(NotLeaderOrFollower);
    }
    let leader = replicas.leader_mut(partition)?;
    check_epoch(request.leader_epoch, leader.epoch())?;
    if let Reader::Replica(id) = reader
        && !leader.has_replica(id)
    {
        return Err(NotLeaderOrFollower);
    }
    let end = end_for(&leader.log, reader);
    Ok((&mut leader.log, end))
}

/// The offset up to which somebody may read.
pub(super) fn end_for(log: &Log, reader: Reader) -> i64 {
    match reader {
        Reader::Replica(_) => log.log_end_offset(),
        Reader::Consumer => log.high_watermark(),
        Reader::CommittedOnly => log.last_stable_offset(),
    }
}

/// Whether the epoch of the reader's last record ends before its fetch offset here (KIP-595).
fn diverging(log: &Log, request: &ReadRequest) -> Option<ReadOutcome> {
    if request.last_fetched_epoch < 0 {
        return None;
    }
    let (epoch, end_offset) = log.end_offset_for_epoch(request.last_fetched_epoch);
    let parts = epoch < request.last_fetched_epoch || end_offset < request.offset;
    // The reader has an epoch that is not known here: nothing tells where the logs part.
    if epoch < 0 || end_offset < 0 {
        return Some(ReadOutcome::Refused(OffsetOutOfRange));
    }
    parts.then(|| ReadOutcome::Diverging {
        epoch,
        end_offset,
        high_watermark: log.high_watermark(),
        log_start: log.log_start_offset(),
    })
}
