//! `<offset>.snapshot`: the producers as of that offset.
//!
//! ```text
//! version i16 (1) | crc u32 (CRC-32C of everything after it) | count i32
//! | { producer_id i64 | epoch i16 | last_sequence i32 | last_offset i64 | offset_delta i32
//!     | timestamp i64 | coordinator_epoch i32 | transaction_first_offset i64 (-1: none) } ...
//! ```
//! A producer has an entry for each batch that is remembered, oldest first, so that a retry of any
//! of them is known after a restart. Apache Kafka writes only the last one, and of several entries
//! it takes the last.

use std::collections::VecDeque;

use bytes::Bytes;
use konbini_protocol::crc32c::crc32c;
use konbini_protocol::record::NO_SEQUENCE;
use konbini_protocol::schema::{Reader, SchemaError, Writer};

use super::{BatchMetadata, ProducerEntry, Producers, REMEMBERED_BATCHES};

const VERSION: i16 = 1;
/// Bytes before those that the CRC covers.
const HEAD_BYTES: usize = 6;

pub(crate) fn encode(producers: &Producers) -> Bytes {
    let mut body = Writer::new();
    let rows: Vec<Row> = producers.entries().flat_map(rows_of).collect();
    body.array(&rows, |body, Row(entry, batch, timestamp)| {
        body.i64(entry.producer_id)
            .i16(entry.epoch)
            .i32(batch.map_or(NO_SEQUENCE, |batch| batch.last_sequence))
            .i64(batch.map_or(-1, |batch| batch.last_offset))
            .i32(batch.map_or(0, |batch| batch.offset_delta))
            .i64(*timestamp)
            .i32(entry.coordinator_epoch)
            .i64(entry.transaction_start.unwrap_or(-1));
    });
    let body = body.finish();
    let mut out = Writer::new();
    out.i16(VERSION).u32(crc32c(&body)).raw(&body);
    out.finish()
}

/// A producer with one of its batches and a time in ms.
struct Row<'a>(&'a ProducerEntry, Option<BatchMetadata>, i64);

/// The last row of a producer says when it was last heard of: a marker may be later than its batch.
/// One that has no batch, only ended transactions, has that row too.
fn rows_of(entry: &ProducerEntry) -> impl Iterator<Item = Row<'_>> {
    let last = entry.batches.back().copied();
    let earlier = entry.batches.iter().rev().skip(1).rev();
    let earlier = earlier.map(move |batch| Row(entry, Some(*batch), batch.timestamp));
    earlier.chain([Row(entry, last, entry.last_timestamp)])
}

pub(crate) fn decode(bytes: &Bytes) -> Result<Vec<ProducerEntry>, String> {
    let mut reader = Reader::new(bytes.clone());
    let parsed = (|| {
        let version = reader.i16()?;
        let crc = reader.u32()?;
        Ok::<_, SchemaError>((version, crc))
    })();
    let (version, crc) = parsed.map_err(|e| e.to_string())?;
    if version != VERSION {
        return Err(format!("version {version} is unknown"));
    }
    let computed = crc32c(&bytes[HEAD_BYTES..]);
    if crc != computed {
        return Err(format!(
            "CRC {crc:#010x} is stored, its bytes give {computed:#010x}"
        ));
    }
    let rows = reader.array(row).map_err(|e| e.to_string())?;
    Ok(rows.into_iter().fold(Vec::new(), merged))
}

/// Adds a row to what was read before it: to the same producer, or as the next one.
fn merged(mut entries: Vec<ProducerEntry>, mut row: ProducerEntry) -> Vec<ProducerEntry> {
    let same =
        |last: &&mut ProducerEntry| (last.producer_id, last.epoch) == (row.producer_id, row.epoch);
    let Some(last) = entries.last_mut().filter(same) else {
        entries.push(row);
        return entries;
    };
    let mut batches = std::mem::take(&mut last.batches);
    batches.append(&mut row.batches);
    while batches.len() > REMEMBERED_BATCHES {
        batches.pop_front();
    }
    *last = ProducerEntry { batches, ..row };
    entries
}

fn row(reader: &mut Reader) -> Result<ProducerEntry, SchemaError> {
    let producer_id = reader.i64()?;
    let epoch = reader.i16()?;
    let last_sequence = reader.i32()?;
    let last_offset = reader.i64()?;
    let offset_delta = reader.i32()?;
    let timestamp = reader.i64()?;
    let coordinator_epoch = reader.i32()?;
    let transaction_start = Some(reader.i64()?).filter(|offset| *offset >= 0);
    let mut batches = VecDeque::new();
    if last_sequence != NO_SEQUENCE {
        batches.push_back(BatchMetadata {
            last_sequence,
            last_offset,
            offset_delta,
            timestamp,
        });
    }
    Ok(ProducerEntry {
        producer_id,
        epoch,
        coordinator_epoch,
        last_timestamp: timestamp,
        batches,
        transaction_start,
    })
}
