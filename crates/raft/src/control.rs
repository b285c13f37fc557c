//! Control records of the metadata log (KIP-595, KIP-630). Readers of metadata skip them.
//!
//! ```text
//! key                    version i16 (0) | type i16
//! 2 leader change        version i16 | leader i32 | voters [i32] | granting voters [i32]
//! 3 snapshot header      version i16 | last contained log timestamp i64 (ms)
//! 4 snapshot footer      version i16
//! ```
//! The values are flexible: compact arrays, tagged fields at the end of each structure.

use bytes::Bytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{Batch, BatchBuilder, ControlRecord};
use konbini_protocol::schema::Writer;

const KEY_VERSION: i16 = 0;
const VALUE_VERSION: i16 = 0;
const LEADER_CHANGE: i16 = 2;
const SNAPSHOT_HEADER: i16 = 3;
const SNAPSHOT_FOOTER: i16 = 4;

/// The first record of every epoch. `now` in ms.
pub(crate) fn leader_change(leader: i32, voters: &[i32], granting: &[i32], now: i64) -> Bytes {
    let mut value = Writer::new();
    value.i16(VALUE_VERSION).i32(leader);
    for ids in [voters, granting] {
        value.compact_array(ids, |out, id| {
            out.i32(*id).no_tagged_fields();
        });
    }
    value.no_tagged_fields();
    batch(LEADER_CHANGE, &value.finish(), 0, now)
}

/// The first batch of a snapshot. Timestamps in ms.
pub(crate) fn snapshot_header(last_contained_timestamp: i64, now: i64) -> Bytes {
    let mut value = Writer::new();
    value
        .i16(VALUE_VERSION)
        .i64(last_contained_timestamp)
        .no_tagged_fields();
    batch(SNAPSHOT_HEADER, &value.finish(), 0, now)
}

/// The last batch of a snapshot.
pub(crate) fn snapshot_footer(base_offset: i64, now: i64) -> Bytes {
    let mut value = Writer::new();
    value.i16(VALUE_VERSION).no_tagged_fields();
    batch(SNAPSHOT_FOOTER, &value.finish(), base_offset, now)
}

fn batch(kind: i16, value: &[u8], base_offset: i64, now: i64) -> Bytes {
    let mut key = Writer::new();
    key.i16(KEY_VERSION).i16(kind);
    let mut builder = BatchBuilder::new(Codec::None)
        .base_offset(base_offset)
        .control(true);
    builder
        .append(now, Some(&key.finish()), Some(value), &[])
        .expect("a control record is a few bytes");
    builder.build()
}

fn is(batch: &Batch, wanted: i16) -> bool {
    let record = batch.records().next().and_then(Result::ok);
    let control = record.and_then(|record| ControlRecord::decode(&record).ok());
    batch.header.attributes.is_control()
        && matches!(control, Some(ControlRecord::Other { kind }) if kind == wanted)
}

pub(crate) fn is_snapshot_header(batch: &Batch) -> bool {
    is(batch, SNAPSHOT_HEADER)
}

pub(crate) fn is_snapshot_footer(batch: &Batch) -> bool {
    is(batch, SNAPSHOT_FOOTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_protocol::record::batches;

    #[test]
    fn a_leader_change_as_kafka_writes_it() {
        let bytes = leader_change(1, &[1, 2, 3], &[1, 3], 5);
        let batch = batches(bytes).next().unwrap().unwrap();
        assert!(batch.header.attributes.is_control());
        let record = batch.records().next().unwrap().unwrap();
        assert_eq!(record.key.as_deref(), Some(&[0, 0, 0, 2][..]));
        let value = [
            0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 3, 0, 0, 0, 1, 0, 0,
            0, 0, 3, 0, 0,
        ];
        assert_eq!(record.value.as_deref(), Some(&value[..]));
        assert!(!is_snapshot_header(&batch));
    }
}
