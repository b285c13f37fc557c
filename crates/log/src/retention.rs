//! Deleting what is too old, too much, or below the log start.

use bytes::Bytes;
use konbini_protocol::ResponseError;

use crate::append::AppendError;
use crate::log::{Log, LogState};
use crate::segment::Segment;
use crate::store::{DELETED, DELETED_MARK, LogDir, SNAPSHOT, StoreOp, file_name};

/// Which rule deleted a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteReason {
    /// `retention.ms`
    Time,
    /// `retention.bytes`
    Size,
    /// DeleteRecords moved the log start past it.
    LogStart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedSegment {
    pub base_offset: i64,
    pub bytes: u32,
    pub reason: DeleteReason,
}

impl Log {
    /// Deletes old segments as the configs say. Kafka does so every
    /// `log.retention.check.interval.ms`. `now` in ms.
    pub fn enforce_retention(&mut self, now: i64, out: &mut Vec<StoreOp>) -> Vec<DeletedSegment> {
        let mut deleted = Vec::new();
        if !self.is_online() {
            return deleted;
        }
        let (ms, bytes) = (self.config.retention_ms, self.config.retention_bytes);
        if self.config.cleanup_policy.delete && ms >= 0 {
            let expired = |segment: &Segment| now - segment.largest_timestamp() > ms;
            self.delete_while(DeleteReason::Time, now, expired, &mut deleted, out);
        }
        if self.config.cleanup_policy.delete && bytes >= 0 {
            let mut excess = self.size() as i64 - bytes;
            let too_much = |segment: &Segment| {
                excess -= i64::from(segment.size());
                excess >= 0
            };
            self.delete_while(DeleteReason::Size, now, too_much, &mut deleted, out);
        }
        self.delete_below_log_start(now, &mut deleted, out);
        deleted
    }

    /// Deletes the segments that lie below the log start as a whole, whatever their age and size.
    pub fn delete_passed_segments(
        &mut self,
        now: i64,
        out: &mut Vec<StoreOp>,
    ) -> Vec<DeletedSegment> {
        let mut deleted = Vec::new();
        if self.is_online() {
            self.delete_below_log_start(now, &mut deleted, out);
        }
        deleted
    }

    /// When the files of a deleted segment are to go next, ms.
    pub fn next_deletion(&self) -> Option<i64> {
        let next = self.doomed.values().min().copied();
        next.filter(|_| self.is_online())
    }

    /// Deletes the files of segments that were deleted `file.delete.delay.ms` ago. `now` in ms.
    pub fn delete_doomed(&mut self, now: i64, out: &mut Vec<StoreOp>) {
        if !self.is_online() {
            return;
        }
        let due = |(base, at): (&i64, &i64)| (*at <= now).then_some(*base);
        for base in self.doomed.iter().filter_map(due).collect::<Vec<_>>() {
            self.doomed.remove(&base);
            delete_marked(&self.dir, base, out);
        }
    }

    /// Deletes from the oldest segment on, while they match and lie below the high watermark. The
    /// active one is deleted only after a roll, because all of it matched.
    fn delete_while(
        &mut self,
        reason: DeleteReason,
        now: i64,
        mut matches: impl FnMut(&Segment) -> bool,
        deleted: &mut Vec<DeletedSegment>,
        out: &mut Vec<StoreOp>,
    ) {
        let bases: Vec<i64> = self.segments.keys().copied().collect();
        let mut doomed = Vec::new();
        for (i, base) in bases.iter().enumerate() {
            let end = bases.get(i + 1).copied().unwrap_or(self.log_end);
            let segment = &self.segments[base];
            let empty_active = i + 1 == bases.len() && segment.is_empty();
            if empty_active || end > self.high_watermark || !matches(segment) {
                break;
            }
            doomed.push((*base, end));
        }
        if doomed.len() == self.segments.len() {
            self.roll(now, out);
        }
        if let Some((_, end)) = doomed.last() {
            self.raise_log_start(*end, out);
        }
        for (base, _) in doomed {
            self.delete_segment(base, reason, now, deleted, out);
        }
    }

    fn delete_below_log_start(
        &mut self,
        now: i64,
        deleted: &mut Vec<DeletedSegment>,
        out: &mut Vec<StoreOp>,
    ) {
        let bases: Vec<i64> = self.segments.keys().copied().collect();
        for pair in bases.windows(2) {
            if pair[1] > self.log_start {
                break;
            }
            self.delete_segment(pair[0], DeleteReason::LogStart, now, deleted, out);
        }
    }

    /// Takes a segment out of the log at once. Its files stay for `file.delete.delay.ms`, marked,
    /// so that no start takes them for a part of the log.
    fn delete_segment(
        &mut self,
        base: i64,
        reason: DeleteReason,
        now: i64,
        deleted: &mut Vec<DeletedSegment>,
        out: &mut Vec<StoreOp>,
    ) {
        let Some(segment) = self.segments.remove(&base) else {
            return;
        };
        deleted.push(DeletedSegment {
            base_offset: base,
            bytes: segment.size(),
            reason,
        });
        let delete_at = now.saturating_add(self.config.file_delete_delay_ms);
        self.doomed.insert(base, delete_at);
        out.push(StoreOp::Put {
            dir: self.dir.clone(),
            name: file_name(base, DELETED),
            bytes: Bytes::from_static(DELETED_MARK),
        });
        if self.snapshots.remove(&base).is_some() {
            out.push(StoreOp::Remove {
                dir: self.dir.clone(),
                name: file_name(base, SNAPSHOT),
            });
        }
    }

    /// Makes everything below `offset` unreadable (DeleteRecords); -1 stands for the high
    /// watermark. Returns the log start. Segments that lie below it go with the next
    /// [`Log::enforce_retention`]. The host must store it: [`crate::RootCheckpoints`].
    pub fn delete_records(
        &mut self,
        offset: i64,
        out: &mut Vec<StoreOp>,
    ) -> Result<i64, AppendError> {
        if let LogState::Offline { reason } = &self.state {
            return Err(AppendError::new(
                ResponseError::KafkaStorageError,
                reason.clone(),
            ));
        }
        let offset = if offset == -1 {
            self.high_watermark
        } else {
            offset
        };
        if offset < 0 || offset > self.high_watermark {
            let high_watermark = self.high_watermark;
            let message =
                format!("offset {offset} is not between 0 and the high watermark {high_watermark}");
            return Err(AppendError::new(ResponseError::OffsetOutOfRange, message));
        }
        self.raise_log_start(offset, out);
        Ok(self.log_start)
    }

    /// Raises the log start, as a follower does after its leader. Never lowers it; nothing when
    /// offline.
    pub fn raise_log_start(&mut self, offset: i64, out: &mut Vec<StoreOp>) {
        if offset <= self.log_start || !self.is_online() {
            return;
        }
        self.log_start = offset.min(self.log_end);
        self.high_watermark = self.high_watermark.max(self.log_start);
        self.producers.on_log_start(self.log_start);
        if self.epochs.truncate_from_start(self.log_start) {
            self.put_epochs(out);
        }
    }
}

/// Deletes the files of a segment that was marked as deleted, the mark last.
pub(crate) fn delete_marked(dir: &LogDir, base: i64, out: &mut Vec<StoreOp>) {
    let (dir, segment) = (dir.clone(), base);
    out.push(StoreOp::DeleteSegment {
        dir: dir.clone(),
        segment,
    });
    let name = file_name(base, DELETED);
    out.push(StoreOp::Remove { dir, name });
}

#[cfg(test)]
mod tests;
