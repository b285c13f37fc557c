//! What lies on the disks of a cluster that starts: one thing of it is not what was written.

use super::{STEPS_MAX, Target, host_of};
use crate::mutate::mutate;
use bytes::Bytes;
use konbini_cluster::{MemoryHost, VirtualDisks};
use konbini_log::{DirImage, Load, LogDir, StoreOp};
use konbini_protocol::record::{batches, set_create_time};
use konbini_scenario::{Scenario, catalogue};
use konbini_sim::dice::Dice;

/// Virtual ms in which producers send and groups commit.
const HISTORY_MS: i64 = 20_000;
/// Virtual ms after the start.
const AFTER_MS: i64 = 8_000;
pub(super) const BROKER: i32 = 1;

pub struct Recovery {
    host: MemoryHost,
    disks: VirtualDisks,
    input: Bytes,
}

impl Recovery {
    pub fn new() -> Recovery {
        let host = with_history();
        Recovery {
            disks: host.disks().clone(),
            host,
            input: Bytes::new(),
        }
    }

    fn damage(&mut self, disks: &mut VirtualDisks, dice: &mut Dice) -> Result<(), String> {
        let image = disks.images().remove(&BROKER).unwrap_or_default();
        let dirs: Vec<(LogDir, DirImage)> = image.dirs.into_iter().collect();
        let (dir, image) = dice.one_of(&dirs).clone();
        let files: Vec<(String, Bytes)> = image.files.into_iter().collect();
        let segments: Vec<(i64, u32)> = image.segments.into_iter().collect();
        let ops = if segments.is_empty() || !files.is_empty() && dice.percent(30) {
            self.damage_file(dir, &files, dice)
        } else {
            self.damage_segment(disks, dir, *dice.one_of(&segments), dice)?
        };
        let done = ops.into_iter().try_for_each(|op| disks.apply(BROKER, op));
        done.map_err(|mismatch| mismatch.to_string())
    }

    fn damage_file(
        &mut self,
        dir: LogDir,
        files: &[(String, Bytes)],
        dice: &mut Dice,
    ) -> Vec<StoreOp> {
        if files.is_empty() {
            return Vec::new();
        }
        let (name, bytes) = dice.one_of(files).clone();
        let mut bytes = bytes.to_vec();
        let (_, other) = dice.one_of(files);
        mutate(&mut bytes, other, dice);
        self.input = bytes.into();
        let bytes = self.input.clone();
        vec![StoreOp::Put { dir, name, bytes }]
    }

    fn damage_segment(
        &mut self,
        disks: &VirtualDisks,
        dir: LogDir,
        (segment, len): (i64, u32),
        dice: &mut Dice,
    ) -> Result<Vec<StoreOp>, String> {
        let load = Load {
            dir: dir.clone(),
            segment,
            position: 0,
            len,
        };
        let whole = disks
            .load(BROKER, &load)
            .map_err(|error| error.to_string())?;
        let mut bytes = match dice.percent(50) {
            true => with_one_batch_changed(&whole, dice),
            false => whole.to_vec(),
        };
        if bytes.len() == whole.len() && bytes == whole {
            mutate(&mut bytes, &whole, dice);
        }
        self.input = bytes.into();
        Ok(rewritten(dir, segment, self.input.clone()))
    }
}

/// A cluster of one broker, with a past.
pub(super) fn with_history() -> MemoryHost {
    let scenario = Scenario {
        brokers: 1,
        ..catalogue::two_partitions()
    };
    host_of(scenario, HISTORY_MS)
}

/// Puts other bytes in a segment's place.
pub(super) fn rewritten(dir: LogDir, segment: i64, bytes: Bytes) -> Vec<StoreOp> {
    let truncate = StoreOp::Truncate {
        dir: dir.clone(),
        segment,
        size: 0,
    };
    let append = StoreOp::Append {
        dir,
        segment,
        position: 0,
        bytes,
    };
    vec![truncate, append]
}

/// Starts the cluster on these disks, and lets it run.
pub(super) fn starts_on(host: &mut MemoryHost, disks: VirtualDisks) -> Result<(), String> {
    *host.disks_mut() = disks;
    host.restart().map_err(|invalid| invalid.message)?;
    let until = host.cluster.now() + AFTER_MS;
    let ran = host.run_until(until, STEPS_MAX);
    ran.map_err(|stopped| stopped.to_string())
}

/// Another batch in the place of one, with a checksum that fits: what its records say reaches whoever replays
/// them.
fn with_one_batch_changed(whole: &Bytes, dice: &mut Dice) -> Vec<u8> {
    let found: Vec<_> = batches(whole.clone()).map_while(Result::ok).collect();
    if found.is_empty() {
        return whole.to_vec();
    }
    let chosen = (dice.roll() % found.len() as u64) as usize;
    let mut out = Vec::new();
    for (place, batch) in found.iter().enumerate() {
        let mut bytes = batch.bytes.to_vec();
        if place == chosen {
            let (head, records) = bytes.split_at(HEADER_BYTES);
            let (head, mut records) = (head.to_vec(), records.to_vec());
            mutate(&mut records, &batch.bytes, dice);
            bytes = head;
            bytes.extend_from_slice(&records);
            let size = i32::try_from(bytes.len() - SIZE_COUNTS_FROM).unwrap_or(0);
            bytes[8..12].copy_from_slice(&size.to_be_bytes());
            set_create_time(&mut bytes, batch.header.max_timestamp);
        }
        out.extend_from_slice(&bytes);
    }
    out
}

/// Bytes of a batch's header; its size field counts from behind itself.
const HEADER_BYTES: usize = 61;
const SIZE_COUNTS_FROM: usize = 12;

impl Target for Recovery {
    fn run(&mut self, dice: &mut Dice) -> Result<(), String> {
        let mut disks = self.disks.clone();
        self.damage(&mut disks, dice)?;
        starts_on(&mut self.host, disks)
    }

    fn input(&self) -> Bytes {
        self.input.clone()
    }
}
