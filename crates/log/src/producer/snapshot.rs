//! `<offset>.snapshot`: the producers as of that offset.
//!
//! ```text
//! version i16 (1) | crc u32 (CRC-32C of everything after it) | count i32
//! | { producer_id i64 | epoch i16 | last_sequence i32 | last_offset i64 | offset_delta i32
//!     | timestamp i64 | coordinator_epoch i32 | transaction_first_offset i64 (-1: none) } ...
//! ```
//! Only the last batch of a producer is kept.

use std::collections::VecDeque;

use bytes::Bytes;
use konbini_protocol::crc32c::crc32c;
use konbini_protocol::record::NO_SEQUENCE;
use konbini_protocol::schema::{Reader, SchemaError, Writer};

use super::{BatchMetadata, ProducerEntry, Producers};

const VERSION: i16 = 1;
/// Bytes before those that the CRC covers.
const HEAD_BYTES: usize = 6;

pub(crate) fn encode(producers: &Producers) -> Bytes {
    let mut body = Writer::new();
    let entries: Vec<&ProducerEntry> = producers.entries().collect();
    body.array(&entries, |body, entry| {
        let last = entry.batches.back();
        body.i64(entry.producer_id)
            .i16(entry.epoch)
            .i32(entry.last_sequence())
            .i64(last.map_or(-1, |batch| batch.last_offset))
            .i32(last.map_or(0, |batch| batch.offset_delta))
            .i64(entry.last_timestamp)
            .i32(entry.coordinator_epoch)
            .i64(entry.transaction_start.unwrap_or(-1));
    });
    let body = body.finish();
    let mut out = Writer::new();
    out.i16(VERSION).u32(crc32c(&body)).raw(&body);
    out.finish()
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
    reader.array(entry).map_err(|e| e.to_string())
}

fn entry(reader: &mut Reader) -> Result<ProducerEntry, SchemaError> {
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
