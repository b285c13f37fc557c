//! The log of one partition: its offsets, its segments, and what every operation shares.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_protocol::record::{Batch, BatchHeader, ControlRecord};
use uuid::Uuid;

use crate::checkpoint::partition_metadata;
use crate::config::LogConfig;
use crate::epoch::{EpochEntry, LeaderEpochs};
use crate::index::AbortedTransaction;
use crate::producer::{self, Marker, ProducerEntry, Producers};
use crate::segment::Segment;
use crate::store::{EPOCHS, LogDir, METADATA, SNAPSHOT, StoreOp, file_name};

/// Bytes appended after which indexes and producers are stored and the recovery point moves, so
/// that a recovery reads little. More when the index files themselves are large.
pub const RECOVERY_POINT_INTERVAL_BYTES: usize = 1024 * 1024;
/// The index files may be rewritten at most once for this many times their own size.
const INDEX_REWRITE_RATIO: usize = 8;

/// Whether a log can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogState {
    Online,
    /// The store failed or holds bytes that cannot be right. Nothing is changed any more.
    Offline {
        reason: String,
    },
}

/// One partition's log. See the crate's documentation.
#[derive(Debug, Clone)]
pub struct Log {
    pub(crate) dir: LogDir,
    pub(crate) topic_id: Uuid,
    pub(crate) config: LogConfig,
    /// By base offset; the last is the active one and there is always one.
    pub(crate) segments: BTreeMap<i64, Segment>,
    /// Segments that were deleted, by base offset: when their files go, ms.
    pub(crate) doomed: BTreeMap<i64, i64>,
    pub(crate) log_start: i64,
    pub(crate) log_end: i64,
    pub(crate) high_watermark: i64,
    /// Everything below is stored together with its indexes and producers.
    pub(crate) recovery_point: i64,
    pub(crate) producers: Producers,
    /// The stored producer snapshots by offset.
    pub(crate) snapshots: BTreeMap<i64, Bytes>,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) state: LogState,
    /// Counts operations, to know what was used last.
    pub(crate) touched: u64,
    /// What that was when unused bytes were dropped.
    pub(crate) swept: u64,
    pub(crate) bytes_since_recovery_point: usize,
    /// Compaction has been through everything below it.
    pub(crate) cleaned_to: i64,
    /// A cleaning failed: no other is tried.
    pub(crate) uncleanable: bool,
    /// Counts truncations: a cleaning that one came upon is given up.
    pub(crate) truncations: u64,
}

/// A segment as an observer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentView {
    pub base_offset: i64,
    pub bytes: u32,
    pub resident_bytes: usize,
    /// ms, -1 for none.
    pub max_timestamp: i64,
    pub offset_index: crate::index::OffsetIndex,
    pub time_index: crate::index::TimeIndex,
    pub active: bool,
}

impl Log {
    /// A new, empty log; stores its `partition.metadata`. `now` in ms.
    pub fn create(
        dir: LogDir,
        topic_id: Uuid,
        config: LogConfig,
        now: i64,
        out: &mut Vec<StoreOp>,
    ) -> Self {
        let mut log = Self::empty(dir, topic_id, config, 0, now);
        log.assign_topic_id(topic_id, out);
        log
    }

    /// Stores which topic the log belongs to. Nothing when offline.
    pub fn assign_topic_id(&mut self, topic_id: Uuid, out: &mut Vec<StoreOp>) {
        if !self.is_online() {
            return;
        }
        self.topic_id = topic_id;
        out.push(StoreOp::Put {
            dir: self.dir.clone(),
            name: METADATA.to_owned(),
            bytes: partition_metadata(topic_id),
        });
    }

    pub(crate) fn empty(
        dir: LogDir,
        topic_id: Uuid,
        config: LogConfig,
        start: i64,
        now: i64,
    ) -> Self {
        Self {
            dir,
            topic_id,
            config,
            segments: BTreeMap::from([(start, Segment::new(start, now))]),
            doomed: BTreeMap::new(),
            log_start: start,
            log_end: start,
            high_watermark: start,
            recovery_point: start,
            producers: Producers::default(),
            snapshots: BTreeMap::new(),
            epochs: LeaderEpochs::default(),
            state: LogState::Online,
            touched: 0,
            swept: 0,
            bytes_since_recovery_point: 0,
            cleaned_to: 0,
            uncleanable: false,
            truncations: 0,
        }
    }

    /// A log that was never opened, for this reason: it holds nothing and stores nothing.
    pub fn refused(
        dir: LogDir,
        topic_id: Uuid,
        config: LogConfig,
        now: i64,
        reason: impl Into<String>,
    ) -> Self {
        let mut log = Self::empty(dir, topic_id, config, 0, now);
        log.fail(reason);
        log
    }

    pub fn dir(&self) -> &LogDir {
        &self.dir
    }

    pub fn topic_id(&self) -> Uuid {
        self.topic_id
    }

    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Takes effect for what comes; what is stored stays as it is.
    pub fn set_config(&mut self, config: LogConfig) {
        self.config = config;
    }

    pub fn state(&self) -> &LogState {
        &self.state
    }

    pub fn is_online(&self) -> bool {
        self.state == LogState::Online
    }

    /// Takes the log offline: its store failed. The first reason stays.
    pub fn fail(&mut self, reason: impl Into<String>) {
        if self.is_online() {
            self.state = LogState::Offline {
                reason: reason.into(),
            };
        }
    }

    /// First offset that can be read.
    pub fn log_start_offset(&self) -> i64 {
        self.log_start
    }

    /// Offset that the next record gets.
    pub fn log_end_offset(&self) -> i64 {
        self.log_end
    }

    /// Records below it are safe to show.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// Records below it belong to no open transaction.
    pub fn last_stable_offset(&self) -> i64 {
        let unstable = self.producers.first_unstable_offset();
        unstable.map_or(self.high_watermark, |first| first.min(self.high_watermark))
    }

    /// Everything below it is known to be stored with its indexes; recovery reads from here.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Moves the high watermark, but never out of the log. Returns whether it changed.
    pub fn set_high_watermark(&mut self, offset: i64) -> bool {
        let offset = offset.min(self.log_end).max(self.log_start);
        let changed = offset != self.high_watermark;
        self.high_watermark = offset;
        self.producers.on_high_watermark(offset);
        changed
    }

    /// Bytes of all segments.
    pub fn size(&self) -> u64 {
        self.segments
            .values()
            .map(|segment| u64::from(segment.size()))
            .sum()
    }

    /// The segments, oldest first; the last is the active one.
    pub fn segments(&self) -> impl Iterator<Item = SegmentView> + '_ {
        let active = self.active().base_offset;
        self.segments.values().map(move |segment| SegmentView {
            base_offset: segment.base_offset,
            bytes: segment.size(),
            resident_bytes: segment.extents.resident_bytes(),
            max_timestamp: segment.max_timestamp,
            offset_index: segment.offset_index.clone(),
            time_index: segment.time_index.clone(),
            active: segment.base_offset == active,
        })
    }

    /// The producers that are remembered, by id.
    pub fn producers(&self) -> impl Iterator<Item = &ProducerEntry> {
        self.producers.entries()
    }

    /// What is remembered of a producer.
    pub fn producer(&self, id: i64) -> Option<&ProducerEntry> {
        self.producers.entry(id)
    }

    /// Whether a producer has a transaction here that it may go on with in that epoch.
    pub fn has_open_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        let entry = self.producers.entry(producer_id);
        entry.is_some_and(|entry| entry.epoch == epoch && entry.transaction_start.is_some())
    }

    /// Forgets producers that were silent for `producer.id.expiration.ms`, as Kafka does every
    /// `producer.id.expiration.check.interval.ms`. `now` in ms.
    pub fn expire_producers(&mut self, now: i64) {
        let expiration = self.config.producer_id_expiration_ms;
        self.producers.expire(now, expiration);
    }

    /// The leader epochs, oldest first.
    pub fn epochs(&self) -> &[EpochEntry] {
        self.epochs.entries()
    }

    /// The latest leader epoch, or `None` before the first.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.epochs.latest().map(|entry| entry.epoch)
    }

    /// The epoch that `offset` was written in.
    pub fn epoch_of(&self, offset: i64) -> Option<i32> {
        self.epochs.epoch_of(offset)
    }

    /// Notes that a leader of `epoch` writes from `start_offset` on. Nothing when offline.
    pub fn assign_epoch(&mut self, epoch: i32, start_offset: i64, out: &mut Vec<StoreOp>) {
        if self.is_online() && self.epochs.assign(epoch, start_offset) {
            self.put_epochs(out);
        }
    }

    /// For OffsetsForLeaderEpoch: the largest epoch up to `epoch` and where it ended, both -1 if
    /// `epoch` is later than any known one.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64) {
        self.epochs.end_offset_for(epoch, self.log_end)
    }

    /// The aborted transactions that a read_committed fetch of `[from, upper)` must know.
    pub fn aborted_transactions(&self, from: i64, upper: i64) -> Vec<AbortedTransaction> {
        let mut out = Vec::new();
        let first = self
            .segments
            .range(..=from)
            .next_back()
            .map_or(from, |(base, _)| *base);
        for segment in self.segments.range(first..).map(|(_, segment)| segment) {
            if segment.txn_index.collect(from, upper, &mut out) {
                break;
            }
        }
        out
    }

    pub(crate) fn active(&self) -> &Segment {
        self.segments
            .values()
            .next_back()
            .expect("a log has an active segment")
    }

    pub(crate) fn active_mut(&mut self) -> &mut Segment {
        self.segments
            .values_mut()
            .next_back()
            .expect("a log has an active segment")
    }

    pub(crate) fn put_epochs(&self, out: &mut Vec<StoreOp>) {
        let bytes = self.epochs.to_bytes();
        out.push(StoreOp::Put {
            dir: self.dir.clone(),
            name: EPOCHS.to_owned(),
            bytes,
        });
    }

    /// Takes a batch of `segment` into the state of producers and transactions.
    pub(crate) fn account(
        &mut self,
        segment: i64,
        header: &BatchHeader,
        marker: Option<Marker>,
        out: &mut Vec<StoreOp>,
    ) {
        let Some(ended) = self.producers.apply(header, marker) else {
            return;
        };
        if ended.committed {
            return;
        }
        let entry = AbortedTransaction {
            producer_id: ended.producer_id,
            first_offset: ended.first_offset,
            last_offset: ended.last_offset,
            last_stable_offset: self.producers.stable_after(&ended),
        };
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.txn_index.append(entry);
            segment.put_txn_index(&self.dir, out);
        }
    }

    /// Whether a stored batch's epoch agrees with the epochs that were noted when it was appended.
    pub(crate) fn check_epoch(&self, header: &BatchHeader) -> Result<(), String> {
        let (epoch, offset) = (header.partition_leader_epoch, header.base_offset);
        match self.epochs.epoch_of(offset) {
            Some(noted) if noted != epoch => Err(format!(
                "the batch at offset {offset} has leader epoch {epoch}, not {noted}"
            )),
            _ => Ok(()),
        }
    }

    /// Closes the active segment and begins one at the log's end.
    pub fn roll(&mut self, now: i64, out: &mut Vec<StoreOp>) {
        if self.active().is_empty() {
            return;
        }
        let (dir, base) = (self.dir.clone(), self.log_end);
        let active = self.active_mut();
        active.close();
        active.put_indexes(&dir, out);
        self.segments.insert(base, Segment::new(base, now));
        self.move_recovery_point(out);
    }

    /// Stores the active segment's indexes and the producers, as Kafka does when it stops in order:
    /// the next start has next to nothing to read. A log that is used on nevertheless stays whole.
    pub fn close(&mut self, out: &mut Vec<StoreOp>) {
        if !self.is_online() || self.recovery_point == self.log_end {
            return;
        }
        let dir = self.dir.clone();
        let active = self.active_mut();
        active.close();
        active.put_indexes(&dir, out);
        self.move_recovery_point(out);
    }

    /// Stores the active segment's indexes and the producers once enough was appended.
    pub(crate) fn maybe_move_recovery_point(&mut self, out: &mut Vec<StoreOp>) {
        let indexes = INDEX_REWRITE_RATIO * self.active().index_bytes();
        if self.bytes_since_recovery_point >= indexes.max(RECOVERY_POINT_INTERVAL_BYTES) {
            self.active().put_indexes(&self.dir, out);
            self.move_recovery_point(out);
        }
    }

    pub(crate) fn move_recovery_point(&mut self, out: &mut Vec<StoreOp>) {
        let bytes = producer::encode(&self.producers);
        self.snapshots.insert(self.log_end, bytes.clone());
        let name = file_name(self.log_end, SNAPSHOT);
        out.push(StoreOp::Put {
            dir: self.dir.clone(),
            name,
            bytes,
        });
        self.recovery_point = self.log_end;
        self.bytes_since_recovery_point = 0;
        self.prune_snapshots(out);
    }

    /// Keeps the newest snapshot and those where a segment starts.
    pub(crate) fn prune_snapshots(&mut self, out: &mut Vec<StoreOp>) {
        let newest = self.snapshots.keys().next_back().copied();
        let segments = &self.segments;
        let dir = &self.dir;
        self.snapshots.retain(|offset, _| {
            let keep = Some(*offset) == newest || segments.contains_key(offset);
            if !keep {
                out.push(StoreOp::Remove {
                    dir: dir.clone(),
                    name: file_name(*offset, SNAPSHOT),
                });
            }
            keep
        });
    }
}

/// What the marker in a control batch says; `None` for batches without one.
pub(crate) fn marker_of(batch: &Batch) -> Option<Marker> {
    if !batch.header.attributes.is_control() {
        return None;
    }
    let record = batch.records().next()?.ok()?;
    match ControlRecord::decode(&record) {
        Ok(ControlRecord::EndTransaction {
            commit,
            coordinator_epoch,
        }) => Some(Marker {
            commit,
            coordinator_epoch,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
