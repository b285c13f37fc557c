//! Reading: whole batches from the one that holds an offset.

use bytes::Bytes;

use crate::extents::Stop;
use crate::log::{Log, LogState};
use crate::store::Load;

/// What a read gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The bytes, possibly none.
    Fetched(Fetched),
    /// Bytes must be loaded first; then read again from the start.
    Cold(Load),
    /// The offset is not in the log (OFFSET_OUT_OF_RANGE).
    OutOfRange { log_start: i64, log_end: i64 },
    /// KAFKA_STORAGE_ERROR
    Offline { reason: String },
}

/// Whole batches, in the pieces in which they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    pub pieces: Vec<Bytes>,
    /// Bytes of all pieces.
    pub size: usize,
    /// Offset after the last record in them; the offset asked for if there are none.
    pub next_offset: i64,
    /// Whether any of them has a record: compaction leaves batches that have none.
    pub has_records: bool,
}

impl Fetched {
    /// All pieces as one.
    pub fn concat(&self) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [one] => one.clone(),
            many => many.concat().into(),
        }
    }
}

impl Log {
    /// Reads from the batch that holds `offset`, of one segment, up to `max_bytes`, and no batch
    /// that reaches `upper` (the high watermark, the last stable offset or the log's end). With
    /// `min_one` the first batch comes even if it is larger than `max_bytes`. What is in memory
    /// never changes the result.
    pub fn read(
        &mut self,
        offset: i64,
        max_bytes: usize,
        upper: i64,
        min_one: bool,
    ) -> ReadOutcome {
        if let LogState::Offline { reason } = &self.state {
            return ReadOutcome::Offline {
                reason: reason.clone(),
            };
        }
        if offset < self.log_start || offset > self.log_end {
            return ReadOutcome::OutOfRange {
                log_start: self.log_start,
                log_end: self.log_end,
            };
        }
        let nothing = Fetched {
            next_offset: offset,
            ..Fetched::default()
        };
        if offset >= upper.min(self.log_end) {
            return ReadOutcome::Fetched(nothing);
        }
        self.touched += 1;
        let touched = self.touched;
        let first = self
            .segments
            .range(..=offset)
            .next_back()
            .map_or(offset, |(base, _)| *base);
        for (&base, segment) in self.segments.range(first..) {
            let start = match segment.find(offset) {
                Ok(None) => continue,
                Ok(Some(batch)) => batch.position,
                Err(stop) => return self.blocked(base, stop),
            };
            let mut fetched = nothing;
            let mut end = start;
            // Past the limit nothing more is looked at: it need not be in memory.
            while end < segment.size() && (fetched.size < max_bytes || fetched.size == 0) {
                let header = match segment.extents.header_at(end) {
                    Ok(header) => header,
                    Err(stop) => return self.blocked(base, stop),
                };
                let size = fetched.size + header.size();
                let fits = size <= max_bytes || (fetched.size == 0 && min_one);
                if header.next_offset() > upper || !fits {
                    break;
                }
                fetched.size = size;
                fetched.next_offset = header.next_offset();
                fetched.has_records |= header.records_count > 0;
                end += header.size() as u32;
            }
            return self.take(base, start, end, fetched, touched);
        }
        ReadOutcome::Fetched(nothing)
    }

    fn take(
        &mut self,
        base: i64,
        start: u32,
        end: u32,
        mut fetched: Fetched,
        touched: u64,
    ) -> ReadOutcome {
        let segment = self
            .segments
            .get_mut(&base)
            .expect("the segment was just found");
        match segment.extents.slice(start, end, touched) {
            Ok(pieces) => fetched.pieces = pieces,
            Err(cold) => return self.blocked(base, cold.into()),
        }
        ReadOutcome::Fetched(fetched)
    }

    fn blocked(&mut self, segment: i64, stop: Stop) -> ReadOutcome {
        match self.stopped(segment, stop) {
            Ok(load) => ReadOutcome::Cold(load),
            Err(reason) => ReadOutcome::Offline { reason },
        }
    }
}

#[cfg(test)]
mod tests;
