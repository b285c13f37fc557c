use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState, end_transaction_marker};

use super::*;

fn batch(id: i64, epoch: i16, sequence: i32, offset: i64, count: i32, txn: bool) -> BatchHeader {
    let mut builder = BatchBuilder::new(Codec::None)
        .base_offset(offset)
        .transactional(txn)
        .producer(ProducerState {
            id,
            epoch,
            base_sequence: sequence,
        });
    for _ in 0..count {
        builder.append(100, None, None, &[]).unwrap();
    }
    BatchHeader::parse(&builder.build()).unwrap()
}

fn marker(id: i64, epoch: i16, offset: i64) -> BatchHeader {
    let mut header = BatchHeader::parse(&end_transaction_marker(id, epoch, true, 0, 100)).unwrap();
    header.base_offset = offset;
    header
}

const COMMIT: Marker = Marker {
    commit: true,
    coordinator_epoch: 0,
};
const ABORT: Marker = Marker {
    commit: false,
    coordinator_epoch: 0,
};

#[test]
fn sequences() {
    let mut producers = Producers::default();
    for (sequence, offset) in [(0, 0), (2, 2), (4, 4), (6, 6), (8, 8), (10, 10), (12, 12)] {
        let next = batch(1, 0, sequence, offset, 2, false);
        assert_eq!(producers.check(&next), Ok(Sequenced::New));
        producers.apply(&next, None);
    }
    let check = |epoch, sequence, count, expect: Result<Option<i64>, ResponseError>| {
        let got = producers.check(&batch(1, epoch, sequence, 0, count, false));
        let got = got
            .map_err(|(error, _)| error)
            .map(|verdict| match verdict {
                Sequenced::New => None,
                Sequenced::Duplicate(batch) => Some(batch.first_offset()),
            });
        assert_eq!(
            got, expect,
            "epoch {epoch} sequence {sequence} count {count}"
        );
    };
    check(0, 14, 1, Ok(None));
    check(0, 12, 2, Ok(Some(12)));
    check(0, 4, 2, Ok(Some(4)));
    check(0, 2, 2, Err(ResponseError::OutOfOrderSequenceNumber)); // the sixth to last is forgotten
    check(0, 15, 1, Err(ResponseError::OutOfOrderSequenceNumber));
    check(0, 12, 1, Err(ResponseError::OutOfOrderSequenceNumber));
    check(1, 0, 1, Ok(None));
    check(1, 14, 1, Err(ResponseError::OutOfOrderSequenceNumber));
    check(-1, 0, 1, Err(ResponseError::InvalidProducerEpoch));
    // A producer that nobody knows here may start anywhere.
    assert_eq!(
        producers.check(&batch(2, 5, 77, 0, 1, false)),
        Ok(Sequenced::New)
    );
}

#[test]
fn sequences_wrap() {
    let mut producers = Producers::default();
    producers.apply(&batch(1, 0, i32::MAX - 1, 0, 2, false), None);
    assert_eq!(
        producers.check(&batch(1, 0, 0, 2, 1, false)),
        Ok(Sequenced::New)
    );
    let mut producers = Producers::default();
    let over = batch(1, 0, i32::MAX, 0, 3, false);
    producers.apply(&over, None);
    assert_eq!(over.last_sequence(), 1);
    assert!(matches!(
        producers.check(&over),
        Ok(Sequenced::Duplicate(_))
    ));
    assert_eq!(
        producers.check(&batch(1, 0, 2, 2, 1, false)),
        Ok(Sequenced::New)
    );
}

#[test]
fn transactions() {
    let mut producers = Producers::default();
    assert_eq!(producers.first_unstable_offset(), None);
    producers.apply(&batch(1, 0, 0, 0, 2, true), None);
    producers.apply(&batch(2, 0, 0, 2, 1, true), None);
    producers.apply(&batch(1, 0, 2, 3, 1, true), None);
    assert_eq!(producers.first_unstable_offset(), Some(0));
    let (error, _) = producers.check(&batch(1, 0, 3, 4, 1, false)).unwrap_err();
    assert_eq!(error, ResponseError::InvalidTxnState);

    let ended = producers.apply(&marker(1, 0, 4), Some(ABORT)).unwrap();
    assert_eq!(
        (ended.first_offset, ended.last_offset, ended.committed),
        (0, 4, false)
    );
    assert_eq!(producers.stable_after(&ended), 2);
    assert_eq!(producers.first_unstable_offset(), Some(0)); // its marker is not replicated yet
    producers.on_high_watermark(5);
    assert_eq!(producers.first_unstable_offset(), Some(2));

    let ended = producers.apply(&marker(2, 0, 5), Some(COMMIT)).unwrap();
    assert_eq!(producers.stable_after(&ended), 6);
    producers.on_high_watermark(6);
    assert_eq!(producers.first_unstable_offset(), None);
    assert_eq!(producers.apply(&marker(2, 0, 6), Some(COMMIT)), None);

    let fenced = Marker {
        commit: true,
        coordinator_epoch: -1,
    };
    let (error, _) = producers
        .check_marker(&marker(2, 0, 7), fenced)
        .unwrap_err();
    assert_eq!(error, ResponseError::TransactionCoordinatorFenced);
}

#[test]
fn snapshots() {
    let mut producers = Producers::default();
    producers.apply(&batch(1, 3, 0, 0, 2, true), None);
    producers.apply(&batch(9, 0, 5, 2, 1, false), None);
    producers.apply(&marker(4, 1, 3), Some(ABORT));
    let bytes = encode(&producers);
    assert_eq!(bytes.len(), 6 + 4 + 3 * 46);
    assert_eq!(bytes[..2], [0, 1]);
    let again = Producers::from_entries(decode(&bytes).unwrap());
    assert_eq!(again, producers);
    assert_eq!(again.first_unstable_offset(), Some(0));

    for at in 0..bytes.len() {
        let mut bad = bytes.to_vec();
        bad[at] ^= 0x40;
        assert!(decode(&Bytes::from(bad)).is_err(), "byte {at}");
    }
    use bytes::Bytes;
    assert!(decode(&bytes.slice(..5)).is_err());
}

/// A retry of any batch that may be in flight is known after a restart too.
#[test]
fn snapshots_keep_what_may_be_retried() {
    let mut producers = Producers::default();
    for sequence in 0..7 {
        producers.apply(
            &batch(1, 0, sequence, sequence.into(), 1, sequence > 3),
            None,
        );
    }
    producers.apply(&batch(2, 0, 0, 7, 1, false), None);
    let bytes = encode(&producers);
    assert_eq!(bytes.len(), 6 + 4 + (5 + 1) * 46);
    let again = Producers::from_entries(decode(&bytes).unwrap());
    assert_eq!(again, producers);
    let retried = again.check(&batch(1, 0, 2, 0, 1, true));
    assert!(
        matches!(retried, Ok(Sequenced::Duplicate(_))),
        "{retried:?}"
    );
}

#[test]
fn idle_producers_are_forgotten() {
    let mut producers = Producers::default();
    producers.apply(&batch(1, 0, 0, 0, 1, false), None);
    producers.apply(&batch(2, 0, 0, 1, 1, true), None);
    producers.expire(100 + 4_999, 5_000);
    assert_eq!(producers.entries().count(), 2);
    producers.expire(100 + 5_000, 5_000);
    assert_eq!(
        producers
            .entries()
            .map(|e| e.producer_id)
            .collect::<Vec<_>>(),
        [2]
    );
}
