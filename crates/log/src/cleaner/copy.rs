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
    bytes: BytesMut,
    headers: Vec<BatchHeader>,
    /// The last batch that was left out, in case it is the last of its segment.
    left_out: Option<Batch>,
    removed: u64,
    is_changed: bool,
}

impl Cleaner {
    /// Adds what stays of a batch to the new segment. Always true: nothing has to fit.
    pub(super) fn copy(&mut self, batch: &Batch) -> Result<bool, String> {
        self.copied.is_changed |= self.copied.left_out.take().is_some();
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
        if kept.is_empty() && !is_last {
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

    /// Puts the new segment in the place of the old one, if it is another.
    pub(super) fn replace(&mut self, log: &mut Log, out: &mut Vec<StoreOp>) -> Result<(), String> {
        if let Some(last) = self.copied.left_out.take() {
            self.keep_some(&last, &[], None)?;
        }
        let copied = std::mem::take(&mut self.copied);
        let old = &log.segments[&self.segment];
        self.report.bytes_before += u64::from(old.size());
        self.report.bytes_after += copied.bytes.len() as u64;
        self.report.records_removed += copied.removed;
        if !copied.is_changed {
            return Ok(());
        }
        let mut segment = Segment::with_extents(self.segment, Extents::default(), old.created);
        segment.txn_index = old.txn_index.clone();
        let mut position = 0;
        for header in &copied.headers {
            segment.index_batch(position, header, &log.config);
            position += header.size() as u32;
        }
        segment.close();
        let bytes = copied.bytes.freeze();
        log.touched += 1;
        segment.extents.append(bytes.clone(), log.touched);
        out.push(StoreOp::Replace {
            dir: log.dir.clone(),
            segment: self.segment,
            bytes,
        });
        segment.put_indexes(&log.dir, out);
        log.segments.insert(self.segment, segment);
        Ok(())
    }
}
