//! Reading one segment through: every batch is checked and indexed again.

use bytes::Bytes;
use konbini_protocol::record::{
    BATCH_HEADER_BYTES, Batch, BatchError, BatchHeader, MAGIC, batches,
};

use crate::log::{Log, marker_of};
use crate::store::StoreOp;

/// Where the magic byte stands in a batch.
const MAGIC_AT: usize = 16;

#[derive(Debug)]
pub(super) struct Scan {
    pub segment: i64,
    pub size: u32,
    /// Where the next bytes are to be loaded from.
    pub next_load: u32,
    replay: bool,
    /// Whether the epochs that were noted are there to compare with.
    epochs_known: bool,
    /// Bytes loaded and not yet understood; they start at `position`.
    carry: Bytes,
    position: u32,
    /// No batch may start below this offset.
    next_offset: i64,
    /// What the index says of the first batch: its last offset.
    first: Option<i64>,
    /// What is wrong at `position`; the rest is loaded to see whether anything valid follows.
    bad: Option<Bad>,
}

#[derive(Debug)]
struct Bad {
    reason: String,
    /// The batch is whole, but not in its place: this or an earlier one says a wrong offset.
    misplaced: bool,
}

impl From<String> for Bad {
    fn from(reason: String) -> Self {
        Self {
            reason,
            misplaced: false,
        }
    }
}

pub(super) enum Scanned {
    NeedsMore,
    Complete,
    Bad {
        position: u32,
        reason: String,
        valid_after: bool,
    },
}

impl Scan {
    /// Reads a segment of `size` bytes from `start` on. `first` is the last offset of the batch
    /// that starts there, if the index says so.
    pub(super) fn new(
        segment: i64,
        start: u32,
        first: Option<i64>,
        size: u32,
        replay: bool,
        epochs_known: bool,
    ) -> Self {
        Self {
            segment,
            size,
            next_load: start,
            replay,
            epochs_known,
            carry: Bytes::new(),
            position: start,
            next_offset: segment,
            first,
            bad: None,
        }
    }

    pub(super) fn take(&mut self, bytes: Bytes) {
        self.next_load += bytes.len() as u32;
        self.carry = if self.carry.is_empty() {
            bytes
        } else {
            [&self.carry[..], &bytes].concat().into()
        };
    }

    /// Goes through what was loaded.
    pub(super) fn advance(
        &mut self,
        log: &mut Log,
        replay_from: i64,
        ops: &mut Vec<StoreOp>,
    ) -> Scanned {
        let (start, bytes) = (self.position, self.carry.clone());
        while self.bad.is_none() && !self.carry.is_empty() {
            match self.batch(log) {
                Ok(Some(batch)) => self.accept(&batch, log, replay_from, ops),
                Ok(None) => break,
                Err(bad) => self.bad = Some(bad),
            }
        }
        let good = bytes.slice(..(self.position - start) as usize);
        if let Some(segment) = log.segments.get_mut(&self.segment)
            && !good.is_empty()
        {
            segment.extents.put(start, &good, 0);
        }
        if self.next_load < self.size {
            return Scanned::NeedsMore;
        }
        match self.bad.take() {
            None => Scanned::Complete,
            Some(bad) => {
                let rest = self.carry.get(1..).unwrap_or_default();
                Scanned::Bad {
                    position: self.position,
                    reason: bad.reason,
                    valid_after: bad.misplaced || valid_batch_in(rest, self.segment),
                }
            }
        }
    }

    /// The batch at the start of the carry: `None` if more must be loaded first.
    fn batch(&self, log: &Log) -> Result<Option<Batch>, Bad> {
        let left = (self.size - self.position) as usize;
        let whole = self.carry.len() == left;
        match BatchHeader::parse(&self.carry) {
            Err(BatchError::Incomplete { .. }) if !whole => return Ok(None),
            Err(error) => return Err(error.to_string().into()),
            Ok(header) if header.size() > left => {
                let size = header.size();
                return Err(format!("a batch of {size} bytes is cut off after {left}").into());
            }
            Ok(header) if header.size() > self.carry.len() => return Ok(None),
            Ok(_) => {}
        }
        let batch = batches(self.carry.clone()).next();
        let batch = batch
            .ok_or("there is no batch".to_owned())?
            .map_err(|e| e.to_string())?;
        batch.validate_crc().map_err(|e| e.to_string())?;
        self.check_place(&batch.header, log)?;
        Ok(Some(batch))
    }

    /// Offset and epoch lie outside of the CRC: they must fit their neighbours.
    fn check_place(&self, header: &BatchHeader, log: &Log) -> Result<(), Bad> {
        let (base, next, last) = (header.base_offset, self.next_offset, header.last_offset());
        if base < next {
            let reason = format!("a batch starts at offset {base}, the one before ends at {next}");
            return Err(Bad {
                reason,
                misplaced: true,
            });
        }
        match self.first {
            Some(indexed) if indexed != last => {
                return Err(
                    format!("a batch ends at offset {last}, its index says {indexed}").into(),
                );
            }
            // Only compaction leaves gaps.
            None if base > next && !log.config.cleanup_policy.compact => {
                return Err(format!("offsets {next} to {base} are missing").into());
            }
            _ => {}
        }
        if self.epochs_known {
            log.check_epoch(header)?;
        }
        Ok(())
    }

    fn accept(&mut self, batch: &Batch, log: &mut Log, replay_from: i64, ops: &mut Vec<StoreOp>) {
        let header = &batch.header;
        let config = log.config.clone();
        if let Some(segment) = log.segments.get_mut(&self.segment) {
            segment.index_batch(self.position, header, &config);
        }
        if self.replay {
            if header.base_offset >= replay_from {
                log.account(self.segment, header, marker_of(batch), ops);
                log.bytes_since_recovery_point += header.size();
            }
            log.assign_epoch(header.partition_leader_epoch, header.base_offset, ops);
            log.log_end = log.log_end.max(header.next_offset());
        }
        self.first = None;
        self.next_offset = header.next_offset();
        self.position += header.size() as u32;
        self.carry = self.carry.slice(header.size()..);
    }
}

/// Whether a whole batch with a right CRC starts anywhere in `bytes`.
fn valid_batch_in(bytes: &[u8], segment: i64) -> bool {
    let last = bytes.len().saturating_sub(BATCH_HEADER_BYTES - 1);
    (0..last).any(|at| {
        if bytes[at + MAGIC_AT] as i8 != MAGIC {
            return false;
        }
        let plausible = BatchHeader::parse(&bytes[at..])
            .is_ok_and(|header| header.base_offset >= segment && header.size() <= bytes.len() - at);
        plausible
            && batches(Bytes::copy_from_slice(&bytes[at..]))
                .next()
                .is_some_and(|batch| batch.is_ok_and(|batch| batch.validate_crc().is_ok()))
    })
}
