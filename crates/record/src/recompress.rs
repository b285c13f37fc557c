//! The same records under another codec, for topics whose `compression.type` is not `producer`.

use bytes::{Bytes, BytesMut};

use super::batch::{
    ATTRIBUTES_AT, BATCH_HEADER_BYTES, BATCH_OVERHEAD_BYTES, Batch, CRC_AT, LENGTH_AT,
};
use super::entry::{RecordError, payload};
use crate::compression::{self, Compression, MAX_DECOMPRESSED_BYTES};
use crate::crc32c::crc32c;

/// The batch with its records compressed by `target`. Offsets, timestamps, producer fields and the
/// records themselves stay; length, codec bits and CRC change.
pub fn recompress(batch: &Batch, target: Compression) -> Result<Bytes, RecordError> {
    let records = payload(batch, MAX_DECOMPRESSED_BYTES)?;
    let packed = compression::compress(target, &records);
    let mut out = BytesMut::with_capacity(BATCH_HEADER_BYTES + packed.len());
    out.extend_from_slice(&batch.bytes[..BATCH_HEADER_BYTES]);
    out.extend_from_slice(&packed);
    let length = (out.len() - BATCH_OVERHEAD_BYTES) as i32;
    out[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
    let attributes = batch.header.attributes.with_codec(target.codec);
    out[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.0.to_be_bytes());
    let crc = crc32c(&out[ATTRIBUTES_AT..]);
    out[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    Ok(out.freeze())
}
