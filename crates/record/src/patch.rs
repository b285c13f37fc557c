//! Changes to a batch that a broker makes in place. Base offset and leader epoch lie before the
//! CRC, so the producer's checksum stays valid.

use super::batch::{
    ATTRIBUTES_AT, Attributes, BATCH_HEADER_BYTES, CRC_AT, EPOCH_AT, MAX_TIMESTAMP_AT,
    TimestampType,
};
use crate::crc32c::crc32c;

/// Sets the offset of the first record. `batch` must hold at least a header.
pub fn set_base_offset(batch: &mut [u8], offset: i64) {
    batch[..8].copy_from_slice(&offset.to_be_bytes());
}

/// Sets the epoch of the leader that appends the batch. `batch` must hold at least a header.
pub fn set_partition_leader_epoch(batch: &mut [u8], epoch: i32) {
    batch[EPOCH_AT..EPOCH_AT + 4].copy_from_slice(&epoch.to_be_bytes());
}

/// Stamps the batch with the broker's time (ms), for `message.timestamp.type=LogAppendTime`, and
/// computes the CRC again. `batch` must be exactly one batch.
pub fn set_log_append_time(batch: &mut [u8], now: i64) {
    set_max_timestamp(batch, TimestampType::LogAppendTime, now);
}

/// Corrects the largest timestamp (ms) of a batch whose records keep their own, and computes the
/// CRC again. `batch` must be exactly one batch.
pub fn set_create_time(batch: &mut [u8], max_timestamp: i64) {
    set_max_timestamp(batch, TimestampType::CreateTime, max_timestamp);
}

fn set_max_timestamp(batch: &mut [u8], kind: TimestampType, max_timestamp: i64) {
    debug_assert!(batch.len() >= BATCH_HEADER_BYTES);
    let raw = i16::from_be_bytes([batch[ATTRIBUTES_AT], batch[ATTRIBUTES_AT + 1]]);
    let attributes = Attributes(raw).with_timestamp_type(kind);
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.0.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max_timestamp.to_be_bytes());
    let crc = crc32c(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}
