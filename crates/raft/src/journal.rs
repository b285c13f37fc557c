//! The metadata log with its snapshots: where it ends, where another history parts from it, and
//! what of it is committed.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_log::{AppendContext, AppendOrigin, Log, StoreOp, Truncation};
use konbini_protocol::record::BatchHeader;

use crate::snapshot::{Snapshot, SnapshotId};

/// A place in a history: one past a record, and that record's epoch. Of two places the one with
/// the higher epoch is further, then the one with the higher offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub epoch: i32,
    pub offset: i64,
}

/// Whether another node's log is a beginning of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Same,
    /// The histories part; they agree at most up to here.
    Diverging(Place),
    /// What comes next there is gone here: only the snapshot has it.
    Behind(SnapshotId),
}

#[derive(Debug)]
pub(crate) struct Journal {
    pub log: Log,
    pub snapshot: Option<Snapshot>,
}

impl Journal {
    /// Takes the recovered log, and the newest snapshot among the small files of its directory.
    pub fn open(log: Log, files: &BTreeMap<String, Bytes>, ops: &mut Vec<StoreOp>) -> Journal {
        let newest = files
            .iter()
            .filter_map(|(name, bytes)| Some((SnapshotId::of_file(name)?, bytes)))
            .max_by_key(|(id, _)| *id);
        let snapshot = newest.map(|(id, bytes)| Snapshot {
            id,
            bytes: bytes.clone(),
        });
        let mut journal = Journal { log, snapshot };
        journal.check_whole();
        // With a snapshot the log starts at its end, whatever the checkpoint file still knows.
        if let Some(snapshot) = &journal.snapshot
            && journal.log.is_online()
        {
            journal.log.raise_log_start(snapshot.id.end_offset, ops);
        }
        journal
    }

    /// A log whose beginning is gone needs a whole snapshot of it.
    fn check_whole(&mut self) {
        let start = self.log.log_start_offset();
        let problem = match &self.snapshot {
            Some(snapshot) => match snapshot.records() {
                Err(reason) => Some(format!("snapshot {}: {reason}", snapshot.id.file_name())),
                Ok(_) if snapshot.id.end_offset < start => Some(format!(
                    "the log starts at {start}, the snapshot ends before"
                )),
                Ok(_) if snapshot.id.end_offset > self.log.log_end_offset() => {
                    Some("the log ends before its snapshot".to_owned())
                }
                Ok(_) => None,
            },
            None if start > 0 => Some(format!("the log starts at {start} without a snapshot")),
            None => None,
        };
        if let Some(reason) = problem {
            self.log.fail(reason);
        }
    }

    /// The epoch of the last record; 0 before the first.
    pub fn last_epoch(&self) -> i32 {
        let of_snapshot = self.snapshot.as_ref().map(|snapshot| snapshot.id.epoch);
        self.log.latest_epoch().or(of_snapshot).unwrap_or(0)
    }

    pub fn end(&self) -> Place {
        Place {
            epoch: self.last_epoch(),
            offset: self.log.log_end_offset(),
        }
    }

    /// The largest epoch up to `epoch` and where it ends here; the log's end for a later epoch,
    /// and where there is nothing but a snapshot.
    fn end_of_epoch(&self, epoch: i32) -> Place {
        match self.log.end_offset_for_epoch(epoch) {
            (found, offset) if found >= 0 => Place {
                epoch: found,
                offset,
            },
            _ => self.end(),
        }
    }

    /// Compares the end of another node's log with this history (KIP-595, KIP-630).
    pub fn check(&self, offset: i64, epoch: i32) -> Check {
        if offset == 0 && epoch == 0 && self.log.log_start_offset() == 0 {
            return Check::Same;
        }
        if let Some(Snapshot { id, .. }) = &self.snapshot {
            let parts_before = offset == id.end_offset && epoch != id.epoch;
            if offset < id.end_offset || parts_before || epoch < id.epoch {
                return Check::Behind(*id);
            }
        }
        let end = self.end_of_epoch(epoch);
        if end.epoch != epoch || end.offset < offset {
            return Check::Diverging(end);
        }
        Check::Same
    }

    /// Where this log has to be cut when the leader's parts from it at `theirs`.
    pub fn truncation_for(&self, theirs: Place) -> i64 {
        let end = self.log.log_end_offset();
        if theirs.epoch == 0 {
            return theirs.offset.min(end);
        }
        let ours = self.end_of_epoch(theirs.epoch);
        if ours.epoch == theirs.epoch {
            ours.offset.min(theirs.offset)
        } else {
            ours.offset
        }
    }

    pub fn truncate(&mut self, offset: i64, now: i64, ops: &mut Vec<StoreOp>) -> Truncation {
        self.log.truncate_to(offset, now, ops)
    }

    /// Appends as the leader of `epoch`; returns the offset after the last record.
    pub fn append(
        &mut self,
        batch: Bytes,
        epoch: i32,
        now: i64,
        ops: &mut Vec<StoreOp>,
    ) -> Result<i64, String> {
        let context = AppendContext {
            now,
            leader_epoch: epoch,
            origin: AppendOrigin::Coordinator,
        };
        let appended = self.log.append(batch, &context, ops);
        appended
            .map(|info| info.last_offset + 1)
            .map_err(|error| error.message)
    }

    /// Appends what the leader sent. It must go on where this log ends.
    pub fn replicate(
        &mut self,
        batches: Bytes,
        now: i64,
        ops: &mut Vec<StoreOp>,
    ) -> Result<(), String> {
        let first = BatchHeader::parse(&batches).map_err(|error| error.to_string())?;
        let end = self.log.log_end_offset();
        if first.base_offset != end {
            let base = first.base_offset;
            return Err(format!("a batch starts at {base}, the log ends at {end}"));
        }
        let context = AppendContext {
            now,
            leader_epoch: first.partition_leader_epoch,
            origin: AppendOrigin::Replication,
        };
        let appended = self.log.append(batches, &context, ops);
        appended.map(drop).map_err(|error| error.message)
    }

    /// Takes a snapshot of this node's own and lets the log before it go; its files are deleted by
    /// [`Log::delete_doomed`] later. False when there is one that reaches as far, or when it reaches
    /// beyond what is committed.
    pub fn compact(&mut self, snapshot: Snapshot, now: i64, ops: &mut Vec<StoreOp>) -> bool {
        let end = snapshot.id.end_offset;
        if end <= self.log.log_start_offset() || end > self.log.high_watermark() {
            return false;
        }
        self.put(snapshot, ops);
        let moved = self.log.delete_records(end, ops);
        debug_assert!(moved.is_ok(), "{moved:?}");
        // Only whole segments go: what comes next belongs to a new one.
        self.log.roll(now, ops);
        self.log.enforce_retention(now, ops);
        true
    }

    /// Puts the leader's snapshot in the place of everything that is here.
    pub fn install(&mut self, snapshot: Snapshot, now: i64, ops: &mut Vec<StoreOp>) {
        let end = snapshot.id.end_offset;
        self.put(snapshot, ops);
        self.log.truncate_fully_and_start_at(end, now, ops);
    }

    fn put(&mut self, snapshot: Snapshot, ops: &mut Vec<StoreOp>) {
        let dir = self.log.dir().clone();
        ops.push(StoreOp::Put {
            dir: dir.clone(),
            name: snapshot.id.file_name(),
            bytes: snapshot.bytes.clone(),
        });
        let id = snapshot.id;
        if let Some(old) = self.snapshot.replace(snapshot).filter(|old| old.id != id) {
            let name = old.id.file_name();
            ops.push(StoreOp::Remove { dir, name });
        }
    }
}
