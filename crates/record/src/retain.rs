//! A batch from which compaction took records: what is left keeps its offsets, timestamps, producer
//! and sequence numbers.

use bytes::Bytes;

use super::batch::{BATCH_HEADER_BYTES, Batch, TimestampType};
use super::builder::{BatchBuilder, RecordTooLarge};
use super::entry::Record;
use crate::compression::Codec;

/// `batch` with only the records in `kept` (some of its own, in order), compressed as it was. The
/// offsets that it spans stay, and so does its header if nothing is kept. `horizon` in ms: until
/// when its tombstones stay (KIP-534); a horizon that it has already is never moved.
pub fn retain(
    batch: &Batch,
    kept: &[Record],
    horizon: Option<i64>,
) -> Result<Bytes, RecordTooLarge> {
    let header = &batch.header;
    let codec = match batch.codec() {
        // Nothing is not compressed.
        Ok(codec) if !kept.is_empty() => codec,
        _ => Codec::None,
    };
    let horizon = match header.attributes.has_delete_horizon() {
        true => Some(header.base_timestamp),
        false => horizon,
    };
    let mut builder = BatchBuilder::like(header, codec);
    if let Some(horizon) = horizon {
        builder = builder.delete_horizon(horizon);
    }
    for record in kept {
        let delta = (record.offset - header.base_offset) as i32;
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.append_at(delta, record.timestamp, key, value, &record.headers)?;
    }
    let stamped = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
    if stamped || kept.is_empty() {
        builder = builder.max_timestamp(header.max_timestamp);
    }
    let bytes = builder.spanning(header.last_offset_delta).build();
    debug_assert!(!kept.is_empty() || bytes.len() == BATCH_HEADER_BYTES);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProducerState, batches};

    fn batch(codec: Codec) -> Batch {
        let producer = ProducerState {
            id: 7,
            epoch: 1,
            base_sequence: 10,
        };
        let mut builder = BatchBuilder::new(codec)
            .base_offset(100)
            .partition_leader_epoch(3)
            .producer(producer)
            .transactional(true);
        for (i, key) in ["a", "b", "c"].into_iter().enumerate() {
            let (key, value) = (Some(key.as_bytes()), (i != 1).then_some(&b"value"[..]));
            builder
                .append(1_000 + i as i64, key, value, &[])
                .expect("it fits");
        }
        only(builder.build())
    }

    fn only(bytes: Bytes) -> Batch {
        batches(bytes).next().expect("one").expect("a whole one")
    }

    fn records(batch: &Batch) -> Vec<Record> {
        batch
            .records()
            .map(|record| record.expect("right"))
            .collect()
    }

    #[test]
    fn what_is_left_is_where_it_was() {
        for codec in [Codec::None, Codec::Gzip, Codec::Lz4] {
            for (keep, horizon) in [(0..3, None), (1..2, None), (0..2, Some(5)), (0..0, Some(5))] {
                let before = batch(codec);
                let kept = &records(&before)[keep];
                let after = only(retain(&before, kept, horizon).expect("it fits"));
                after.validate_crc().expect("a right CRC");
                assert_eq!(records(&after), kept);
                let (old, new) = (before.header, after.header);
                assert_eq!((new.base_offset, new.last_offset()), (100, 102));
                assert_eq!(new.partition_leader_epoch, 3);
                assert_eq!((new.producer_id, new.producer_epoch), (7, 1));
                assert_eq!(new.last_sequence(), old.last_sequence());
                assert!(new.attributes.is_transactional());
                assert_eq!(new.attributes.has_delete_horizon(), horizon.is_some());
                let latest = kept.last().map_or(1_002, |record| record.timestamp);
                assert_eq!(new.max_timestamp, latest);
            }
        }
    }

    #[test]
    fn a_horizon_is_set_once() {
        let before = batch(Codec::None);
        let kept = records(&before);
        let once = only(retain(&before, &kept, Some(5_000)).expect("it fits"));
        assert_eq!(
            (records(&once), once.header.base_timestamp),
            (kept.clone(), 5_000)
        );
        let again = only(retain(&once, &kept, Some(9_000)).expect("it fits"));
        assert_eq!(again, once);
    }
}
