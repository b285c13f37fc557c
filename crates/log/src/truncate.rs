//! Cutting off the end, when a new leader knows better.

use konbini_protocol::record::Batch;

use crate::extents::Stop;
use crate::log::{Log, LogState, marker_of};
use crate::producer::{self, Producers};
use crate::segment::Segment;
use crate::store::{Load, SNAPSHOT, StoreOp, file_name};

/// What a truncation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truncation {
    /// The log ends at `log_end` now; it ended at `was`.
    Done { log_end: i64, was: i64 },
    /// Bytes must be loaded first; nothing has changed.
    Cold(Load),
    /// KAFKA_STORAGE_ERROR
    Offline { reason: String },
}

/// Everything a truncation needs to know before it changes anything.
struct Plan {
    segment: i64,
    position: u32,
    log_end: i64,
    /// Producers at `log_end`.
    producers: Producers,
    /// Batches to index again, with their positions.
    reindex: Vec<(u32, Batch)>,
}

impl Log {
    /// Removes every batch that holds `offset` or a later one, and every epoch that begins at the
    /// new end or later. `now` in ms.
    pub fn truncate_to(&mut self, offset: i64, now: i64, out: &mut Vec<StoreOp>) -> Truncation {
        let was = self.log_end;
        if let LogState::Offline { reason } = &self.state {
            return Truncation::Offline {
                reason: reason.clone(),
            };
        }
        if offset >= was {
            // A leader that was deposed before its first append has an epoch here that nobody else
            // knows; while it stays, the next leader would see this log diverge.
            if self.epochs.truncate_from_end(was) {
                self.put_epochs(out);
            }
            return Truncation::Done { log_end: was, was };
        }
        let first = *self
            .segments
            .keys()
            .next()
            .expect("a log has an active segment");
        if offset <= first || offset < self.log_start {
            self.truncate_fully_and_start_at(offset, now, out);
            return Truncation::Done {
                log_end: offset,
                was,
            };
        }
        let plan = match self.plan(offset) {
            Ok(plan) => plan,
            Err((segment, stop)) => {
                return match self.stopped(segment, stop) {
                    Ok(load) => Truncation::Cold(load),
                    Err(reason) => Truncation::Offline { reason },
                };
            }
        };
        if plan.log_end < self.log_start {
            // The batch that goes holds the log start: nothing readable is left.
            self.truncate_fully_and_start_at(self.log_start, now, out);
        } else {
            self.cut(plan, out);
        }
        Truncation::Done {
            log_end: self.log_end,
            was,
        }
    }

    fn plan(&self, offset: i64) -> Result<Plan, (i64, Stop)> {
        let found = self.segments.range(..=offset).next_back();
        let (_, segment) = found.expect("the offset lies above the first segment's base");
        let (position, log_end) = match segment.find(offset) {
            Ok(Some(batch)) => (batch.position, batch.header.base_offset.min(offset)),
            Ok(None) => (segment.size(), offset),
            Err(stop) => return Err((segment.base_offset, stop)),
        };
        let mut rewound = segment.clone();
        let start = rewound.rewind_indexes(position);
        let reindex = Self::batches_of(segment, start, position)?;

        let snapshot = self.snapshots.range(..=log_end).next_back();
        let (from, entries) = match snapshot {
            Some((at, bytes)) => (*at, producer::decode(bytes).unwrap_or_default()),
            None => (i64::MIN, Vec::new()),
        };
        let mut producers = Producers::from_entries(entries);
        for (base, segment) in self.segments.range(..log_end) {
            let next = self
                .segments
                .range(base + 1..)
                .next()
                .map_or(i64::MAX, |(next, _)| *next);
            if next <= from {
                continue;
            }
            let end = if *base == rewound.base_offset {
                position
            } else {
                segment.size()
            };
            let start = segment.offset_index.lookup(from).min(end);
            for (_, batch) in Self::batches_of(segment, start, end)? {
                if batch.header.base_offset >= from {
                    producers.apply(&batch.header, marker_of(&batch));
                }
            }
        }
        Ok(Plan {
            segment: segment.base_offset,
            position,
            log_end,
            producers,
            reindex,
        })
    }

    /// The batches of a segment from `start` to `end`.
    fn batches_of(
        segment: &Segment,
        start: u32,
        end: u32,
    ) -> Result<Vec<(u32, Batch)>, (i64, Stop)> {
        let mut out = Vec::new();
        let mut position = start;
        while position < end {
            let batch = segment.extents.batch_at(position);
            let batch = batch.map_err(|stop| (segment.base_offset, stop))?;
            let next = position + batch.header.size() as u32;
            out.push((
                position,
                Batch {
                    header: batch.header,
                    bytes: batch.bytes,
                },
            ));
            position = next;
        }
        Ok(out)
    }

    fn cut(&mut self, plan: Plan, out: &mut Vec<StoreOp>) {
        let dir = self.dir.clone();
        for base in self.segments.split_off(&(plan.segment + 1)).into_keys() {
            out.push(StoreOp::DeleteSegment {
                dir: dir.clone(),
                segment: base,
            });
        }
        let config = self.config.clone();
        let active = self.active_mut();
        if plan.position == 0 {
            out.push(StoreOp::DeleteSegment {
                dir: dir.clone(),
                segment: plan.segment,
            });
        } else if plan.position < active.size() {
            let (dir, segment) = (dir.clone(), plan.segment);
            out.push(StoreOp::Truncate {
                dir,
                segment,
                size: plan.position,
            });
        }
        active.rewind_indexes(plan.position);
        active.extents.truncate(plan.position);
        for (position, batch) in &plan.reindex {
            active.index_batch(*position, &batch.header, &config);
        }
        if plan.position == 0 {
            active.rolling_timestamp = None;
        } else {
            active.put_indexes(&dir, out);
        }
        if active.txn_index.truncate_to(plan.log_end) {
            active.put_txn_index(&dir, out);
        }
        self.truncations += 1;
        self.cleaned_to = self.cleaned_to.min(plan.log_end);
        self.log_end = plan.log_end;
        self.high_watermark = self.high_watermark.min(plan.log_end);
        self.recovery_point = self.recovery_point.min(plan.log_end);
        self.producers = plan.producers;
        self.producers.on_high_watermark(self.high_watermark);
        for offset in self.snapshots.split_off(&(plan.log_end + 1)).into_keys() {
            out.push(StoreOp::Remove {
                dir: dir.clone(),
                name: file_name(offset, SNAPSHOT),
            });
        }
        if self.epochs.truncate_from_end(plan.log_end) {
            self.put_epochs(out);
        }
    }

    /// Removes everything and begins again at `offset`. `now` in ms. Nothing when offline.
    pub fn truncate_fully_and_start_at(&mut self, offset: i64, now: i64, out: &mut Vec<StoreOp>) {
        if !self.is_online() {
            return;
        }
        self.truncations += 1;
        self.cleaned_to = 0;
        // A segment may begin again where a deleted one still has its files.
        self.delete_doomed(i64::MAX, out);
        let dir = self.dir.clone();
        for base in std::mem::take(&mut self.segments).into_keys() {
            out.push(StoreOp::DeleteSegment {
                dir: dir.clone(),
                segment: base,
            });
        }
        for at in std::mem::take(&mut self.snapshots)
            .into_keys()
            .filter(|at| *at != offset)
        {
            out.push(StoreOp::Remove {
                dir: dir.clone(),
                name: file_name(at, SNAPSHOT),
            });
        }
        self.segments.insert(offset, Segment::new(offset, now));
        self.log_start = offset;
        self.log_end = offset;
        self.high_watermark = offset;
        self.producers = Producers::default();
        if self.epochs.clear() {
            self.put_epochs(out);
        }
        // The snapshot's name says where the log begins, even before its first batch.
        self.move_recovery_point(out);
    }
}

#[cfg(test)]
mod tests;
