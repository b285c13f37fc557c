//! Which records stay, and the segment that is made of them.

use bytes::{Bytes, BytesMut};
use konbini_protocol::record::{Batch, BatchHeader, Record, retain};

use super::Cleaner;
use crate::extents::Extents;
use crate::log::Log;
use crate::segment::Segment;
use crate::store::StoreOp;

/// What there is of the new segment.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// Base offset of the first segment that it is made of; the last is the one that is looked at.
    pub(super) first: Option<i64>,
    bytes: BytesMut,
    headers: Vec<BatchHeader>,
    /// The last batch that was left out, in case it is the last of all.
    left_out: Option<Batch>,
    removed: u64,
    is_changed: bool,
}

impl Cleaner {
    /// Adds what stays of a batch to the new segment. Always true: nothing has to fit.
    pub(super) fn copy(&mut self, batch: &Batch) -> Result<bool, String> {
        self.copied.is_changed |= self.copied.left_out.take().is_some();
        let epoch = batch.header.partition_leader_epoch;
        let begins_epoch = self.epoch.replace(epoch) != Some(epoch);
        if batch.header.base_offset >= self.end || batch.header.attributes.is_control() {
            self.keep(batch.bytes.clone(), batch.header);
            return Ok(true);
        }
        let aborted = self.is_aborted(&batch.header);
        let mut kept = Vec::new();
        let mut total = 0;
        for record in batch.records() {
            let record = record.map_err(|e| e.to_string())?;
            total += 1;
            if !aborted && self.stays(&record, &batch.header) {
                kept.push(record);
            }
        }
        let header = &batch.header;
        let new_tombstones =
            !header.attributes.has_delete_horizon() && kept.iter().any(|r| r.value.is_none());
        if kept.len() == total && total > 0 && !new_tombstones {
            self.keep(batch.bytes.clone(), batch.header);
            return Ok(true);
        }
        self.copied.removed += (total - kept.len()) as u64;
        let is_last = self
            .last_of_producers
            .contains(&(header.producer_id, header.last_offset()));
        if kept.is_empty() && !is_last && !begins_epoch {
            self.copied.left_out = Some(batch.clone());
            return Ok(true);
        }
        let horizon = new_tombstones.then(|| self.now.saturating_add(self.delete_retention_ms));
        self.keep_some(batch, &kept, horizon)?;
        Ok(true)
    }

    fn stays(&self, record: &Record, header: &BatchHeader) -> bool {
        if record.offset >= self.end {
            return true;
        }
        // Without a key nothing says that it is the last; such a record came before the policy.
        let Some(key) = &record.key else {
            return false;
        };
        let is_last = self
            .map
            .get(&key[..])
            .is_none_or(|last| record.offset >= *last);
        let horizon = header.attributes.has_delete_horizon();
        let is_over = horizon && header.base_timestamp <= self.now;
        is_last && (record.value.is_some() || !is_over)
    }

    fn keep_some(
        &mut self,
        batch: &Batch,
        kept: &[Record],
        horizon: Option<i64>,
    ) -> Result<(), String> {
        let bytes = retain(batch, kept, horizon).map_err(|e| e.to_string())?;
        let header = BatchHeader::parse(&bytes).map_err(|e| e.to_string())?;
        self.copied.is_changed |= bytes != batch.bytes;
        self.keep(bytes, header);
        Ok(())
    }

    fn keep(&mut self, bytes: Bytes, header: BatchHeader) {
        self.copied.bytes.extend_from_slice(&bytes);
        self.copied.headers.push(header);
    }

    /// Whether the next segment becomes one with those that were copied: by the sizes that they had, as
    /// in Kafka, and if the indexes can hold it.
    pub(super) fn takes_next(&self, log: &Log) -> bool {
        let mut next = log.segments.range(self.segment + 1..);
        let (Some((&base, _)), Some((&after, _))) = (next.next(), next.next()) else {
            return false;
        };
        let first = self.copied.first.unwrap_or(base);
        let all = || log.segments.range(first..=base).map(|(_, segment)| segment);
        let bytes: u64 = all().map(|segment| u64::from(segment.size())).sum();
        let offsets: usize = all().map(|segment| 8 * segment.offset_index.len()).sum();
        let times: usize = all().map(|segment| 12 * segment.time_index.len()).sum();
        base < self.end
            && bytes <= u64::from(log.config.segment_bytes)
            && offsets.max(times) <= log.config.segment_index_bytes as usize
            && after - 1 - first <= i64::from(i32::MAX)
    }

    /// Puts the new segment in the place of those that it is made of, if it is another.
    pub(super) fn replace(&mut self, log: &mut Log, out: &mut Vec<StoreOp>) -> Result<(), String> {
        if let Some(last) = self.copied.left_out.take() {
            self.keep_some(&last, &[], None)?;
        }
        let copied = std::mem::take(&mut self.copied);
        let first = copied.first.unwrap_or(self.segment);
        let is_old = first..=self.segment;
        let old = || log.segments.range(is_old.clone()).map(|(_, old)| old);
        self.report.bytes_before += old().map(|old| u64::from(old.size())).sum::<u64>();
        self.report.bytes_after += copied.bytes.len() as u64;
        self.report.records_removed += copied.removed;
        let is_one = first == self.segment;
        if is_one && !copied.is_changed {
            return Ok(());
        }
        let created = log.segments[&self.segment].created;
        let mut segment = Segment::with_extents(first, Extents::default(), created);
        old().for_each(|old| segment.txn_index.extend(&old.txn_index));
        let mut position = 0;
        for header in &copied.headers {
            segment.index_batch(position, header, &log.config);
            position += header.size() as u32;
        }
        segment.close();
        if !is_one && !segment.txn_index.is_empty() {
            segment.put_txn_index(&log.dir, out);
        }
        let bytes = copied.bytes.freeze();
        log.touched += 1;
        segment.extents.append(bytes.clone(), log.touched);
        out.push(StoreOp::Replace {
            dir: log.dir.clone(),
            segment: first,
            until: self.segment + 1,
            bytes,
        });
        segment.put_indexes(&log.dir, out);
        log.segments.retain(|base, _| !is_old.contains(base));
        log.segments.insert(first, segment);
        if !is_one {
            log.prune_snapshots(out);
        }
        Ok(())
    }
}
