//! What a cluster wrote down about itself: members and offsets of groups, topics, brokers. The batches are whole;
//! a key or a value is not what was written.

use super::Target;
use super::recovery::{BROKER, rewritten, starts_on, with_history};
use crate::mutate::mutate;
use bytes::Bytes;
use konbini_cluster::{MemoryHost, VirtualDisks};
use konbini_log::{Load, LogDir};
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{Batch, BatchBuilder, Record, batches};
use konbini_sim::dice::Dice;

pub struct Metadata {
    host: MemoryHost,
    disks: VirtualDisks,
    /// Segments of internal logs with their sizes in bytes.
    segments: Vec<(LogDir, i64, u32)>,
    input: Bytes,
}

impl Metadata {
    pub fn new() -> Metadata {
        let host = with_history();
        let disks = host.disks().clone();
        let image = disks.images().remove(&BROKER).unwrap_or_default();
        let mut segments = Vec::new();
        for (dir, image) in image.dirs {
            let written = image.segments.into_iter().filter(|(_, size)| *size > 0);
            let internal = written.filter(|_| dir.0.starts_with("__"));
            segments.extend(internal.map(|(base, size)| (dir.clone(), base, size)));
        }
        Metadata {
            host,
            disks,
            segments,
            input: Bytes::new(),
        }
    }
}

impl Target for Metadata {
    fn run(&mut self, dice: &mut Dice) -> Result<(), String> {
        let mut disks = self.disks.clone();
        let (dir, segment, len) = dice.one_of(&self.segments).clone();
        let load = Load {
            dir: dir.clone(),
            segment,
            position: 0,
            len,
        };
        let whole = disks.load(BROKER, &load);
        let whole = whole.map_err(|error| error.to_string())?;
        self.input = with_one_record_changed(&whole, dice);
        for op in rewritten(dir, segment, self.input.clone()) {
            let done = disks.apply(BROKER, op);
            done.map_err(|mismatch| mismatch.to_string())?;
        }
        starts_on(&mut self.host, disks)
    }

    fn input(&self) -> Bytes {
        self.input.clone()
    }
}

fn with_one_record_changed(whole: &Bytes, dice: &mut Dice) -> Bytes {
    let found: Vec<Batch> = batches(whole.clone()).map_while(Result::ok).collect();
    let chosen = (dice.roll() % found.len().max(1) as u64) as usize;
    let mut out = Vec::new();
    for (place, batch) in found.iter().enumerate() {
        let changed = (place == chosen).then(|| changed(batch, dice)).flatten();
        out.extend_from_slice(&changed.unwrap_or_else(|| batch.bytes.clone()));
    }
    out.into()
}

/// The same batch with another key or value in one record; none if it has no records.
fn changed(batch: &Batch, dice: &mut Dice) -> Option<Bytes> {
    let header = &batch.header;
    let records: Vec<Record> = batch.records().map_while(Result::ok).collect();
    if records.is_empty() {
        return None;
    }
    let (chosen, other) = (dice.one_of(&records).offset, dice.one_of(&records).clone());
    let mut out = BatchBuilder::new(Codec::None)
        .base_offset(header.base_offset)
        .partition_leader_epoch(header.partition_leader_epoch)
        .control(header.attributes.is_control());
    for record in records {
        let mut key = record.key.map(|key| key.to_vec());
        let mut value = record.value.map(|value| value.to_vec());
        if record.offset == chosen {
            let of = dice.between(1, 3);
            if of & 1 != 0 {
                change(&mut key, other.key.as_ref(), dice);
            }
            if of & 2 != 0 {
                change(&mut value, other.value.as_ref(), dice);
            }
        }
        let delta = i32::try_from(record.offset - header.base_offset).ok()?;
        let (key, value) = (key.as_deref(), value.as_deref());
        out.append_at(delta, record.timestamp, key, value, &record.headers)
            .ok()?;
    }
    Some(out.build())
}

/// A tombstone, what another record has, or nearly what was there.
fn change(part: &mut Option<Vec<u8>>, other: Option<&Bytes>, dice: &mut Dice) {
    let other = other.map(|bytes| bytes.to_vec());
    match part {
        Some(_) if dice.percent(5) => *part = None,
        Some(bytes) if dice.percent(80) => mutate(bytes, &other.unwrap_or_default(), dice),
        _ => *part = other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_whole_batches_that_say_something_else() {
        let mut target = Metadata::new();
        for log in ["__consumer_offsets-", "__cluster_metadata-"] {
            let there = target
                .segments
                .iter()
                .any(|(dir, ..)| dir.0.starts_with(log));
            assert!(there, "{log}: {:?}", target.segments);
        }
        let mut inputs = std::collections::BTreeSet::new();
        for seed in 0..50 {
            target.run(&mut Dice::new(seed)).expect("it holds");
            let found: Result<Vec<Batch>, _> = batches(target.input()).collect();
            for batch in found.expect("whole batches") {
                batch.validate_crc().expect("a checksum that fits");
            }
            inputs.insert(target.input());
        }
        assert!(inputs.len() > 30, "{} inputs", inputs.len());
    }
}
