//! What was ever committed, and what must hold of every node compared with it.

use std::collections::BTreeMap;

use konbini_log::{MemoryDisk, ReadOutcome};
use konbini_protocol::record::batches;

use super::violation::{Invariant, Violation};
use crate::Raft;

/// Bytes that a check reads at a time.
const CHECK_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Committed {
    epoch: i32,
    crc: u32,
    next: i64,
}

#[derive(Default)]
pub(super) struct History {
    /// Batches by base offset, from 0 on without a gap.
    batches: BTreeMap<i64, Committed>,
    /// A hash over everything before an offset.
    hashes: BTreeMap<i64, u64>,
    /// Who led each epoch.
    leaders: BTreeMap<i32, i32>,
    /// How far the committed part of each node was compared, since its boot.
    checked: BTreeMap<i32, i64>,
}

impl History {
    pub fn end(&self) -> i64 {
        self.batches
            .values()
            .next_back()
            .map_or(0, |last| last.next)
    }

    /// What a snapshot that ends there holds.
    pub fn hash(&self, offset: i64) -> u64 {
        self.hashes.get(&offset).copied().unwrap_or(0)
    }

    pub fn leaders(&self) -> usize {
        self.leaders.len()
    }

    pub fn restarted(&mut self, id: i32) {
        self.checked.remove(&id);
    }

    /// To be called after whatever a node did.
    pub fn check(&mut self, node: &Raft, disk: &MemoryDisk) -> Result<(), Violation> {
        if node.is_leader() {
            self.check_leader(node)?;
        }
        self.check_committed(node, disk)?;
        self.check_snapshot(node)
    }

    fn check_leader(&mut self, node: &Raft) -> Result<(), Violation> {
        let (id, epoch) = (node.node_id(), node.epoch());
        if let Some(leader) = self.leaders.insert(epoch, id) {
            if leader != id {
                let what = format!("nodes {leader} and {id} lead epoch {epoch}");
                return Err(Invariant::OneLeaderAnEpoch.broken(what));
            }
            return Ok(());
        }
        // New: whatever is committed must be in its log, where it will be compared once the node
        // knows that it is.
        let (end, committed) = (node.log().log_end_offset(), self.end());
        if end < committed {
            let what =
                format!("leader {id} of epoch {epoch} ends at {end}, {committed} is committed");
            return Err(Invariant::LeaderHasWhatIsCommitted.broken(what));
        }
        Ok(())
    }

    fn check_committed(&mut self, node: &Raft, disk: &MemoryDisk) -> Result<(), Violation> {
        let id = node.node_id();
        let Some(high_watermark) = node.high_watermark() else {
            return Ok(());
        };
        let start = node.log().log_start_offset();
        let mut offset = self.checked.get(&id).copied().unwrap_or(0).max(start);
        if offset >= high_watermark {
            return Ok(());
        }
        // What the check brings to memory must not change the run.
        let mut log = node.log().clone();
        while offset < high_watermark {
            let found = match log.read(offset, CHECK_BYTES, high_watermark, true) {
                ReadOutcome::Fetched(found) if found.size > 0 => found,
                ReadOutcome::Cold(load) => {
                    let bytes = disk.load(&load).map_err(|error| error.to_string())?;
                    log.loaded(&load, bytes)?;
                    continue;
                }
                other => {
                    let what = format!("node {id} cannot read {offset}: {other:?}");
                    return Err(Invariant::LogsAreReadable.broken(what));
                }
            };
            for batch in batches(found.concat()) {
                let batch = batch.map_err(|error| error.to_string())?;
                let header = batch.header;
                let entry = Committed {
                    epoch: header.partition_leader_epoch,
                    crc: header.crc,
                    next: header.next_offset(),
                };
                self.compare(id, header.base_offset, entry)?;
                offset = entry.next;
            }
            self.checked.insert(id, offset);
        }
        Ok(())
    }

    fn compare(&mut self, id: i32, base: i64, found: Committed) -> Result<(), Violation> {
        let known = self.batches.get(&base).copied();
        match known {
            Some(known) if known != found => {
                let what = format!("node {id} has {found:?} committed at {base}, others {known:?}");
                Err(Invariant::CommittedIsTheSame.broken(what))
            }
            Some(_) => Ok(()),
            None if base != self.end() => {
                let what = format!("node {id} commits {base} after a gap");
                Err(Invariant::CommittedIsTheSame.broken(what))
            }
            None => {
                let before = self.hash(base);
                let mixed = before.rotate_left(7) ^ u64::from(found.crc) ^ (base as u64) << 32;
                self.hashes
                    .insert(found.next, mixed.wrapping_mul(0x9e37_79b9));
                self.batches.insert(base, found);
                Ok(())
            }
        }
    }

    fn check_snapshot(&self, node: &Raft) -> Result<(), Violation> {
        let Some(snapshot) = node.snapshot() else {
            return Ok(());
        };
        let id = node.node_id();
        let unreadable = |why| Invariant::SnapshotsAreTrue.broken(format!("node {id}: {why}"));
        let records = snapshot.records().map_err(unreadable)?;
        let record = records[0].records().next().and_then(Result::ok);
        let value = record.and_then(|record| record.value).unwrap_or_default();
        let hash = self.hash(snapshot.id.end_offset).to_be_bytes();
        if value != hash[..] {
            let what = format!("the snapshot of node {id} says something else");
            return Err(Invariant::SnapshotsAreTrue.broken(what));
        }
        Ok(())
    }
}
