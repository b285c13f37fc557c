//! Batches for tests.

use bytes::Bytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::BatchBuilder;

/// A batch of so many records with keys `key-0`, `key-1` ….
pub(crate) fn batch(base_offset: i64, records: i32) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::Gzip).base_offset(base_offset);
    for n in 0..records {
        let key = format!("key-{n}");
        builder
            .append(1_000, Some(key.as_bytes()), Some(b"value"), &[])
            .unwrap();
    }
    builder.build()
}
