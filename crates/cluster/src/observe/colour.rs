//! The colour of a parcel: by its key, so that equal keys look equal everywhere.

use bytes::Bytes;
use konbini_protocol::murmur2::murmur2;
use konbini_protocol::record::Batch;

/// Colours that the page has for records.
pub(crate) const COLOURS: u32 = 6;

/// A keyless record is coloured by its offset, or by what counts it before it has one.
pub(crate) fn of(key: Option<&[u8]>, offset: i64) -> u8 {
    let number = match key {
        Some(key) => murmur2(key).cast_unsigned() % COLOURS,
        None => u32::try_from(offset.rem_euclid(i64::from(COLOURS))).unwrap_or(0),
    };
    u8::try_from(number).unwrap_or(0)
}

/// Offset and colour of the records of a batch from an offset on. A batch that cannot be read is
/// as if its records had no keys.
pub(crate) fn of_batch(batch: &Batch, from: i64, count: usize) -> Vec<(i64, u8)> {
    let keys: Option<Vec<(i64, Option<Bytes>)>> = batch
        .records()
        .map(|record| record.map(|record| (record.offset, record.key)).ok())
        .collect();
    let (first, last) = (batch.header.base_offset, batch.header.last_offset());
    match keys {
        Some(keys) => keys
            .into_iter()
            .filter(|(offset, _)| *offset >= from)
            .take(count)
            .map(|(offset, key)| (offset, of(key.as_deref(), offset)))
            .collect(),
        None => (first.max(from)..=last)
            .take(count)
            .map(|offset| (offset, of(None, offset)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_look_equal() {
        assert_eq!(of(Some(b"key-1"), 3), of(Some(b"key-1"), 99));
        assert!((0..100).all(|n| of(Some(format!("key-{n}").as_bytes()), 0) < 6));
        assert_eq!(of(None, 7), 1);
        assert_eq!(of(None, -1), 5);
    }
}
