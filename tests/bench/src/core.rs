//! What is measured: appends, fetches, checksums.

use std::hint::black_box;

use bytes::Bytes;
use konbini_log::{AppendContext, AppendOrigin, Log, LogConfig, LogDir, ReadOutcome, StoreOp};
use konbini_protocol::compression::Codec;
use konbini_protocol::crc32c::{crc32c, crc32c_slicing};
use konbini_protocol::record::BatchBuilder;
use serde_json::json;
use uuid::Uuid;

use crate::pairs::{Clock, Measured, pairs};

/// Virtual Unix time, ms.
const NOW: i64 = 1_767_225_600_000;
/// Bytes of a log kept in memory while it is appended to.
const RESIDENT_BYTES: usize = 16 << 20;
/// Bytes one fetch asks for, as consumers do by default (max.partition.fetch.bytes).
const FETCH_BYTES: usize = 1 << 20;
/// Bytes in the log that fetches walk through.
const FETCHED_LOG_BYTES: usize = 16 << 20;
/// Asked of CRC-32C in wasm; natively the processor's instruction is far beyond it.
const CRC_AIM: f64 = 1.8;

/// Measures everything; each row is a line of JSON. `place` says where this runs.
pub fn measure(clock: Clock, place: &str) -> Vec<String> {
    let batches = [
        ("1000 records of 100 B", batch(1000, 100)),
        ("one record of 16 KiB", batch(1, 16 << 10)),
    ];
    let mut rows = Vec::new();
    for (what, batch) in &batches {
        let measured = appends(clock, batch);
        let count = measured.ours * 1e6 / batch.len() as f64;
        let name = format!("append of {what}, {place} / memcpy + CRC-32C");
        rows.push(row(
            &name,
            &measured,
            None,
            &format!("{count:.0} appends/s"),
        ));
    }
    for (what, batch) in &batches {
        let measured = fetches(clock, batch);
        let count = measured.ours * 1e6 / FETCH_BYTES as f64;
        let name = format!("fetch of 1 MiB in batches of {what}, {place} / memcpy + CRC-32C");
        rows.push(row(
            &name,
            &measured,
            None,
            &format!("{count:.0} fetches/s"),
        ));
    }
    for (what, len) in [("1 MiB", 1 << 20), ("16 KiB", 16 << 10)] {
        let measured = checksums(clock, len);
        let aim = (place != "native").then_some(CRC_AIM);
        let name = format!("CRC-32C of {what}, {place} / slicing-by-16");
        rows.push(row(&name, &measured, aim, ""));
    }
    rows
}

fn row(name: &str, measured: &Measured, aim: Option<f64>, count: &str) -> String {
    let Measured { ratio, ours, raw } = measured;
    let separator = if count.is_empty() { "" } else { ", " };
    let detail = format!("{count}{separator}{ours:.0} MB/s beside {raw:.0} MB/s");
    json!({ "name": name, "ratio": ratio, "aim": aim, "better": "more", "detail": detail })
        .to_string()
}

/// Bytes that no codec or branch predictor finds a pattern in.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A batch as a producer sends it.
fn batch(records: usize, size: usize) -> Bytes {
    let values = noise(records * size);
    let mut builder = BatchBuilder::new(Codec::None);
    for value in values.chunks(size) {
        builder
            .append(NOW, None, Some(value), &[])
            .expect("a batch holds these records");
    }
    builder.build()
}

fn log() -> Log {
    let dir = LogDir::new("bench", 0);
    Log::create(
        dir,
        Uuid::from_u128(7),
        LogConfig::default(),
        NOW,
        &mut Vec::new(),
    )
}

fn append(log: &mut Log, batch: &Bytes, out: &mut Vec<StoreOp>) {
    let context = AppendContext {
        now: NOW,
        leader_epoch: 0,
        origin: AppendOrigin::Client,
    };
    log.append(batch.clone(), &context, out)
        .expect("the batch is valid");
    black_box(&*out);
    out.clear();
}

/// A log takes batches, checks them, gives them offsets and keeps them in memory; the raw loop does
/// the least that this can be: the checksum, and the bytes into a ring of the same size.
fn appends(clock: Clock, batch: &Bytes) -> Measured {
    let mut log = log();
    let mut out = Vec::new();
    let mut since_evict = 0;
    let mut ring = vec![0u8; RESIDENT_BYTES];
    let mut at = 0;
    pairs(
        clock,
        &mut || {
            append(&mut log, batch, &mut out);
            since_evict += batch.len();
            if since_evict >= RESIDENT_BYTES / 8 {
                since_evict = 0;
                let over = log.resident_bytes().saturating_sub(RESIDENT_BYTES);
                log.evict(over);
            }
            batch.len()
        },
        &mut || {
            black_box(crc32c(black_box(batch)));
            if at + batch.len() > ring.len() {
                at = 0;
            }
            ring[at..at + batch.len()].copy_from_slice(batch);
            black_box(&ring[at..]);
            at += batch.len();
            batch.len()
        },
    )
}

/// A log in memory is read from its start to its end, each read copied into one piece as a response
/// needs it; the raw loop copies the same ranges and takes their checksum.
fn fetches(clock: Clock, batch: &Bytes) -> Measured {
    let mut log = log();
    while log.size() < FETCHED_LOG_BYTES as u64 {
        append(&mut log, batch, &mut Vec::new());
    }
    let end = log.log_end_offset();
    let mut offset = 0;
    let flat = noise(FETCHED_LOG_BYTES);
    let whole = FETCH_BYTES / batch.len() * batch.len();
    let mut at = 0;
    pairs(
        clock,
        &mut || {
            if offset == end {
                offset = 0;
            }
            let ReadOutcome::Fetched(fetched) = log.read(offset, FETCH_BYTES, end, true) else {
                panic!("all of the log is in memory");
            };
            offset = fetched.next_offset;
            black_box(fetched.pieces.concat()).len()
        },
        &mut || {
            if at + whole > flat.len() {
                at = 0;
            }
            let range = &flat[at..at + whole];
            at += whole;
            black_box(crc32c(black_box(range)));
            black_box(range.to_vec()).len()
        },
    )
}

fn checksums(clock: Clock, len: usize) -> Measured {
    let data = noise(len);
    pairs(
        clock,
        &mut || {
            black_box(crc32c(black_box(&data)));
            len
        },
        &mut || {
            black_box(crc32c_slicing(black_box(&data)));
            len
        },
    )
}
