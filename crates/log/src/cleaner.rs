//! Compaction (`cleanup.policy=compact`): of the records with one key, the last one stays.
//!
//! ```text
//! cleaned_to        end of the map       first uncleanable
//!     │ 1. the map: last offset of each key │
//! ────┴───────────────────┴─────────────────┴──── active segment, open transactions,
//! └ 2. every segment is copied without what ┘     min.compaction.lag.ms
//!      the map has a later record for
//! ```
//!
//! Offsets stay, so a batch keeps its range and is written again only if records of it go. Of a
//! batch that loses all its records nothing stays, with three exceptions, of which the header stays:
//! the last batch of a producer, for its sequence numbers, the last batch of a segment, and the first one of
//! a leader epoch. Who copies the log learns from it where the epoch began; as a leader that did not know, it
//! would let a follower keep what was never committed, or throw away what was.
//! Neighbours that together had no more than `segment.bytes` become one segment, so that small ones do
//! not pile up.
//! Tombstones stay for `delete.retention.ms` after the first cleaning that meets them (KIP-534).
//! Records of aborted transactions go at once and are not looked at for keys.
//!
//! Differences from Apache Kafka: the first batch of a leader epoch, which is not kept there, and the markers of
//! transactions, which stay for ever. The map holds whole keys, where Kafka keeps their MD5.

mod copy;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use crate::extents::Stop;
use crate::index::AbortedTransaction;
use crate::log::Log;
use crate::store::{Load, StoreOp};
use copy::Copied;
use konbini_protocol::record::{Batch, BatchHeader};
pub use plan::Dirtiness;

/// What an entry of the map counts for `log.cleaner.dedupe.buffer.size` besides its key, in bytes:
/// what a whole one has in Kafka.
const ENTRY_BYTES: u64 = 24;

/// A cleaning under way: to be stepped until it is done. One step is at most one segment.
#[derive(Debug)]
pub struct Cleaner {
    /// When it began, ms: tombstones are judged by it.
    now: i64,
    delete_retention_ms: i64,
    /// Where the map begins and ends.
    from: i64,
    end: i64,
    /// Last offset of each key in `[from, end)`.
    map: BTreeMap<Box<[u8]>, i64>,
    map_bytes: u64,
    map_limit: u64,
    /// The segment that is looked at next, and where.
    segment: i64,
    position: u32,
    mapped: bool,
    /// The leader epoch of the batch that was copied or left out last.
    epoch: Option<i32>,
    copied: Copied,
    aborted: Vec<AbortedTransaction>,
    /// Last offsets of the producers that are remembered: these batches stay.
    last_of_producers: BTreeSet<(i64, i64)>,
    truncations: u64,
    report: CleanReport,
}

/// What a cleaning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanReport {
    /// Where what was dirty began, and where what is clean now ends.
    pub from: i64,
    pub to: i64,
    /// Bytes of the segments below `to`.
    pub bytes_before: u64,
    pub bytes_after: u64,
    /// Records that went.
    pub records_removed: u64,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CleanStep {
    /// There is more to do.
    More,
    /// Bytes must be loaded first; then step again.
    Cold(Load),
    Done(CleanReport),
    /// The log was cut off or went offline. What was replaced until then is right.
    GivenUp,
    /// A batch cannot be cleaned. The log is not tried again before the next start.
    Failed(String),
}

impl Cleaner {
    /// Goes on. Segments that changed or become one are replaced by one operation.
    pub fn step(&mut self, log: &mut Log, out: &mut Vec<StoreOp>) -> CleanStep {
        if !log.is_online() || log.truncations != self.truncations {
            return CleanStep::GivenUp;
        }
        let Some((&segment, found)) = log.segments.range(self.segment..).next() else {
            return CleanStep::GivenUp;
        };
        if segment >= self.end {
            return self.next_phase(log);
        }
        if segment != self.segment {
            (self.segment, self.position) = (segment, 0);
        }
        // Retention, which deletes from the oldest on, may have deleted what is being copied.
        if self.mapped
            && !log
                .segments
                .contains_key(self.copied.first.get_or_insert(segment))
        {
            return CleanStep::GivenUp;
        }
        while self.position < found.size() {
            let located = match found.extents.batch_at(self.position) {
                Ok(located) => located,
                Err(stop) => return stopped(log, segment, stop),
            };
            let batch = Batch {
                header: located.header,
                bytes: located.bytes,
            };
            let taken = if self.mapped {
                self.copy(&batch)
            } else {
                self.note(&batch)
            };
            match taken {
                Ok(true) => self.position += batch.header.size() as u32,
                Ok(false) => {
                    self.end = batch.header.base_offset;
                    return self.next_phase(log);
                }
                Err(reason) => return failed(log, reason),
            }
        }
        if self.mapped
            && !self.takes_next(log)
            && let Err(reason) = self.replace(log, out)
        {
            return failed(log, reason);
        }
        (self.segment, self.position) = (segment + 1, 0);
        CleanStep::More
    }

    /// The map is complete: copying begins. Or everything is copied.
    fn next_phase(&mut self, log: &mut Log) -> CleanStep {
        if self.mapped {
            log.cleaned_to = self.end;
            self.report.to = self.end;
            return CleanStep::Done(self.report);
        }
        if self.end <= self.from {
            let reason = format!("the keys of the batch at {} do not fit the map", self.from);
            return failed(log, reason);
        }
        self.mapped = true;
        (self.segment, self.position) = (0, 0);
        CleanStep::More
    }

    /// Takes the keys of a batch into the map. False if they do not fit any more.
    fn note(&mut self, batch: &Batch) -> Result<bool, String> {
        let header = &batch.header;
        if header.next_offset() <= self.from
            || header.attributes.is_control()
            || self.is_aborted(header)
        {
            return Ok(true);
        }
        let full = self.map_bytes >= self.map_limit;
        if full {
            return Ok(false);
        }
        for record in batch.records() {
            let record = record.map_err(|e| e.to_string())?;
            let Some(key) = record.key.filter(|_| record.offset >= self.from) else {
                continue;
            };
            if let Some(last) = self.map.get_mut(&key[..]) {
                *last = record.offset;
                continue;
            }
            self.map_bytes += key.len() as u64 + ENTRY_BYTES;
            self.map.insert(key[..].into(), record.offset);
        }
        Ok(true)
    }

    fn is_aborted(&self, header: &BatchHeader) -> bool {
        header.attributes.is_transactional()
            && !header.attributes.is_control()
            && self.aborted.iter().any(|aborted| {
                aborted.producer_id == header.producer_id
                    && (aborted.first_offset..aborted.last_offset).contains(&header.base_offset)
            })
    }
}

fn stopped(log: &mut Log, segment: i64, stop: Stop) -> CleanStep {
    match log.stopped(segment, stop) {
        Ok(load) => CleanStep::Cold(load),
        Err(_) => CleanStep::GivenUp,
    }
}

fn failed(log: &mut Log, reason: String) -> CleanStep {
    log.uncleanable = true;
    CleanStep::Failed(reason)
}

#[cfg(test)]
mod tests;
