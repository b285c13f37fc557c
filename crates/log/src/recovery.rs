//! Opening a log from what a host found on disk.
//!
//! Index files below the recovery point are trusted; everything after it is read and its CRCs are
//! checked. A bad batch at the very end of the active segment is a torn write: it is cut off and
//! reported. Bad bytes anywhere else take the log offline: an unreadable store is never an empty
//! one.

mod image;
mod scan;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::config::LogConfig;
use crate::log::Log;
use crate::memory::LOAD_TARGET_BYTES;
use crate::store::{DirImage, Load, LoadError, LogDir, SNAPSHOT, StoreOp, file_name};

use scan::{Scan, Scanned};

/// What else is known when a log is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecoveryOptions {
    /// From the checkpoint file; `None` trusts the newest producer snapshot, which tells of as much.
    pub recovery_point: Option<i64>,
    /// From the checkpoint file.
    pub log_start: Option<i64>,
    /// ms
    pub now: i64,
}

/// A torn write that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncated {
    pub segment: i64,
    /// Where the segment ends now.
    pub position: u32,
    /// Bytes that went.
    pub bytes: u32,
    pub reason: String,
}

/// What recovery did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecoveryReport {
    pub truncated: Option<Truncated>,
    /// Base offsets of closed segments whose indexes were made again.
    pub rebuilt_indexes: Vec<i64>,
    /// Bytes of segments that were read.
    pub scanned_bytes: u64,
    /// Small files that could not be used, and why.
    pub ignored_files: Vec<String>,
}

/// A stretch of a segment to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Task {
    segment: i64,
    start: u32,
    /// Whether it lies after the recovery point: producers and epochs learn from it.
    replay: bool,
}

/// A recovery under way: give it what [`Recovery::wanted`] asks for until that is `None`.
#[derive(Debug)]
pub struct Recovery {
    log: Log,
    report: RecoveryReport,
    ops: Vec<StoreOp>,
    tasks: VecDeque<Task>,
    scan: Option<Scan>,
    /// Producers are known up to here.
    replay_from: i64,
    /// Everything below was on disk once: a log that ends before it has lost bytes.
    stored_to: i64,
    epochs_known: bool,
    now: i64,
}

impl Recovery {
    /// Looks at the small files and plans what has to be read.
    pub fn start(
        dir: LogDir,
        image: DirImage,
        config: LogConfig,
        options: RecoveryOptions,
    ) -> Self {
        let mut recovery = image::open(dir, image, config, options);
        recovery.next_task();
        recovery
    }

    /// The bytes that are needed next; `None` when everything was read.
    pub fn wanted(&self) -> Option<Load> {
        let scan = self.scan.as_ref()?;
        Some(Load {
            dir: self.log.dir.clone(),
            segment: scan.segment,
            position: scan.next_load,
            len: (scan.size - scan.next_load).min(LOAD_TARGET_BYTES),
        })
    }

    /// Takes what [`Recovery::wanted`] asked for.
    pub fn loaded(&mut self, result: Result<Bytes, LoadError>) {
        let (Some(load), Some(mut scan)) = (self.wanted(), self.scan.take()) else {
            return;
        };
        let bytes = match result {
            Ok(bytes) if bytes.len() == load.len as usize => bytes,
            Ok(bytes) => {
                let (came, len) = (bytes.len(), load.len);
                return self.give_up(&load, format!("{came} bytes came, {len} were stored"));
            }
            Err(error) => return self.give_up(&load, error.to_string()),
        };
        self.report.scanned_bytes += bytes.len() as u64;
        scan.take(bytes);
        match scan.advance(&mut self.log, self.replay_from, &mut self.ops) {
            Scanned::NeedsMore => self.scan = Some(scan),
            Scanned::Complete => self.complete(&scan),
            Scanned::Bad {
                position,
                reason,
                valid_after,
            } => {
                self.bad(&scan, position, reason, valid_after);
            }
        }
    }

    fn give_up(&mut self, load: &Load, reason: String) {
        let (segment, position) = (load.segment, load.position);
        self.fail(format!(
            "{} segment {segment} position {position}: {reason}",
            load.dir
        ));
    }

    fn fail(&mut self, reason: String) {
        self.log.fail(reason);
        self.tasks.clear();
        self.scan = None;
    }

    fn complete(&mut self, scan: &Scan) {
        let active = self.log.active().base_offset;
        if scan.segment != active
            && let Some(segment) = self.log.segments.get_mut(&scan.segment)
        {
            segment.close();
            segment.put_indexes(&self.log.dir, &mut self.ops);
            self.report.rebuilt_indexes.push(scan.segment);
        }
        self.next_task();
    }

    fn bad(&mut self, scan: &Scan, position: u32, reason: String, valid_after: bool) {
        let dir = self.log.dir.clone();
        let (segment, size) = (scan.segment, scan.size);
        let active = segment == self.log.active().base_offset;
        if !active || valid_after {
            let place = if active {
                "valid batches follow"
            } else {
                "the segment is closed"
            };
            self.fail(format!(
                "{dir} segment {segment} position {position}: {reason}; {place}"
            ));
            return;
        }
        self.log.active_mut().extents.truncate(position);
        self.ops.push(StoreOp::Truncate {
            dir,
            segment,
            size: position,
        });
        let bytes = size - position;
        self.report.truncated = Some(Truncated {
            segment,
            position,
            bytes,
            reason,
        });
        self.next_task();
    }

    fn next_task(&mut self) {
        self.scan = self.tasks.pop_front().map(|task| {
            let segment = &self.log.segments[&task.segment];
            let first = segment.offset_index.last().map(|(offset, _)| offset);
            Scan::new(
                task.segment,
                task.start,
                first,
                segment.size(),
                task.replay,
                self.epochs_known,
            )
        });
        // Nothing to read in it: done at once.
        if let Some(scan) = self.scan.take_if(|scan| scan.next_load >= scan.size) {
            self.complete(&scan);
        }
    }

    /// The opened log, online or not, and what was done. To be called when nothing is wanted any
    /// more; a recovery that is cut short gives an offline log.
    pub fn finish(mut self, out: &mut Vec<StoreOp>) -> (Log, RecoveryReport) {
        if let Some(load) = self.wanted() {
            self.give_up(&load, "recovery was not finished".to_owned());
        }
        if self.log.is_online() && self.is_whole() {
            self.settle();
        }
        out.append(&mut self.ops);
        (self.log, self.report)
    }

    /// A tail that went missing without a trace is damage, not a torn write: the recovery point and
    /// the producer snapshots only ever name what had been stored.
    fn is_whole(&mut self) -> bool {
        let end = self.log.log_end.max(self.log.log_start);
        if end >= self.stored_to {
            return true;
        }
        let (dir, stored) = (&self.log.dir, self.stored_to);
        let reason =
            format!("{dir}: bytes up to offset {stored} were stored, but the log ends at {end}");
        self.fail(reason);
        false
    }

    /// Brings what depends on the log's end in line with it.
    fn settle(&mut self) {
        let Self { log, ops, now, .. } = self;
        if log.log_start > log.log_end {
            log.truncate_fully_and_start_at(log.log_start, *now, ops);
            return;
        }
        for offset in log.snapshots.split_off(&(log.log_end + 1)).into_keys() {
            let name = file_name(offset, SNAPSHOT);
            ops.push(StoreOp::Remove {
                dir: log.dir.clone(),
                name,
            });
        }
        let mut changed = log.epochs.truncate_from_end(log.log_end);
        changed |= log.epochs.truncate_from_start(log.log_start);
        if changed {
            log.put_epochs(ops);
        }
        log.high_watermark = log.log_start;
        log.producers.on_log_start(log.log_start);
        log.recovery_point = log.recovery_point.min(log.log_end);
        log.maybe_move_recovery_point(ops);
        log.prune_snapshots(ops);
    }
}

#[cfg(test)]
mod tests;
