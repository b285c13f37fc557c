use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::compression::{Codec, Compression};

/// A batch of two records, written by hand from the format's description.
///
/// base offset 0, epoch -1, CreateTime 1000 ms, no producer; key "k" value "v1" at 1000, then
/// null key, value "v2" at 1005 with the header h=x.
fn vector() -> Vec<u8> {
    let mut out = vec![0; 8];
    out.extend_from_slice(&[0, 0, 0, 72]); // batch length: 49 + 10 + 13
    out.extend_from_slice(&[0xff; 4]);
    out.push(2);
    out.extend_from_slice(&VECTOR_CRC.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&[0, 0, 0, 1]);
    out.extend_from_slice(&1000i64.to_be_bytes());
    out.extend_from_slice(&1005i64.to_be_bytes());
    out.extend_from_slice(&[0xff; 8 + 2 + 4]);
    out.extend_from_slice(&[0, 0, 0, 2]);
    // length 9, attributes, timestamp +0, offset +0, key 1, value 2, no headers
    out.extend_from_slice(&[18, 0, 0, 0, 2, b'k', 4, b'v', b'1', 0]);
    // length 12, attributes, timestamp +5, offset +1, null key, value 2, one header of 1 and 1
    out.extend_from_slice(&[24, 0, 10, 2, 1, 4, b'v', b'2', 2, 2, b'h', 2, b'x']);
    out
}

/// CRC-32C of the bytes from 21 on, computed by a bitwise program outside of this crate.
const VECTOR_CRC: u32 = 0x4566_69ce;

fn one(bytes: impl Into<Bytes>) -> Batch {
    let mut all = batches(bytes.into());
    let batch = all.next().unwrap().unwrap();
    assert!(all.next().is_none());
    batch
}

fn header(key: &str, value: Option<&'static str>) -> Header {
    Header {
        key: key.to_owned(),
        value: value.map(|v| Bytes::from_static(v.as_bytes())),
    }
}

fn build(codec: Codec) -> BatchBuilder {
    let mut builder = BatchBuilder::new(codec);
    builder.append(1000, Some(b"k"), Some(b"v1"), &[]).unwrap();
    builder
        .append(1005, None, Some(b"v2"), &[header("h", Some("x"))])
        .unwrap();
    builder
}

#[test]
fn wire_vector() {
    let batch = one(vector());
    batch.validate_crc().unwrap();
    let records: Vec<Record> = batch.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].key.as_deref(), Some(&b"k"[..]));
    assert_eq!((records[1].offset, records[1].timestamp), (1, 1005));
    assert_eq!(records[1].headers, [header("h", Some("x"))]);
    assert_eq!(build(Codec::None).build(), vector());
}

#[test]
fn codecs_keep_the_records() {
    let expect: Vec<Record> = one(vector()).records().map(Result::unwrap).collect();
    for codec in Codec::ALL {
        let batch = one(build(codec).build());
        batch.validate_crc().unwrap();
        assert_eq!(batch.codec(), Ok(codec));
        let records: Vec<Record> = batch.records().map(Result::unwrap).collect();
        assert_eq!(records, expect, "{codec:?}");
        for target in Codec::ALL {
            let again = one(recompress(&batch, target.into()).unwrap());
            again.validate_crc().unwrap();
            assert_eq!(again.codec(), Ok(target));
            let records: Vec<Record> = again.records().map(Result::unwrap).collect();
            assert_eq!(records, expect, "{codec:?} to {target:?}");
        }
    }
}

#[test]
fn patches() {
    let mut bytes = BytesMut::from(&vector()[..]);
    set_base_offset(&mut bytes, 41);
    set_partition_leader_epoch(&mut bytes, 6);
    let batch = one(bytes.clone());
    batch.validate_crc().unwrap();
    assert_eq!(batch.header.crc, VECTOR_CRC);
    assert_eq!(
        (
            batch.header.last_offset(),
            batch.header.partition_leader_epoch
        ),
        (42, 6)
    );

    set_log_append_time(&mut bytes, 7777);
    let batch = one(bytes);
    batch.validate_crc().unwrap();
    assert_eq!(
        batch.header.attributes.timestamp_type(),
        TimestampType::LogAppendTime
    );
    let times: Vec<i64> = batch.records().map(|r| r.unwrap().timestamp).collect();
    assert_eq!(times, [7777, 7777]);
}

#[test]
fn errors_name_what_is_wrong() {
    let check = |change: &dyn Fn(&mut Vec<u8>), expect: &str| {
        let mut bytes = vector();
        change(&mut bytes);
        let error = match batches(bytes.into()).next().unwrap() {
            Err(error) => error.to_string(),
            Ok(batch) => match batch.validate_crc() {
                Err(error) => error.to_string(),
                Ok(()) => "fine".to_owned(),
            },
        };
        assert!(error.contains(expect), "{error:?} should say {expect:?}");
    };
    check(&|b| b.truncate(16), "needs 61 bytes, 16 are there");
    check(&|b| b.truncate(82), "needs 84 bytes, 82 are there");
    check(&|b| b[16] = 1, "magic 1");
    check(&|b| b[8..12].copy_from_slice(&[0, 0, 0, 48]), "length 48");
    check(&|b| b[8] = 0xff, "length -");
    check(&|b| b[57] = 0xff, "claims -");
    check(&|b| b[82] ^= 1, "CRC");
}

#[test]
fn bad_records() {
    let check = |count: i32, body: &[u8], expect: &str| {
        let mut bytes = vector();
        bytes.truncate(BATCH_HEADER_BYTES);
        bytes.extend_from_slice(body);
        let length = (bytes.len() - BATCH_OVERHEAD_BYTES) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        let result: Result<Vec<Record>, RecordError> = one(bytes.clone()).records().collect();
        let error = result.unwrap_err().to_string();
        let walked = walk(&one(bytes), |_| ()).unwrap_err().to_string();
        assert!(walked.contains(expect), "{walked:?} should say {expect:?}");
        assert!(error.contains(expect), "{error:?} should say {expect:?}");
    };
    check(1, &[], "record 0");
    check(1, &[100, 0], "length 50 does not fit");
    check(1, &[14, 0, 0, 0, 1, 1, 0, 0], "its fields take 6");
    check(1, &[12, 0, 0, 1, 1, 1, 0], "offset delta -1");
    check(1, &[12, 0, 0, 0, 3, 1, 0], "length -2 is negative");
    check(1, &[12, 0, 0, 0, 1, 1, 0, 9], "1 bytes after");
    check(1, &[12, 0, 0, 0, 1, 1, 80], "header count 40");
}

#[test]
fn a_bomb_is_refused() {
    let mut builder = BatchBuilder::new(Codec::Zstd);
    builder
        .append(0, None, Some(&vec![0; 1 << 20]), &[])
        .unwrap();
    let batch = one(builder.build());
    assert!(batch.bytes.len() < 1000);
    let mut records = Records::with_limit(&batch, 1 << 19);
    assert!(matches!(
        records.next(),
        Some(Err(RecordError::Compression { .. }))
    ));
    assert!(records.next().is_none());
}

#[test]
fn markers() {
    for commit in [true, false] {
        let batch = one(end_transaction_marker(9, 2, commit, 5, 123));
        assert!(batch.header.attributes.is_control() && batch.header.attributes.is_transactional());
        assert_eq!(
            (batch.header.producer_id, batch.header.producer_epoch),
            (9, 2)
        );
        let record = batch.records().next().unwrap().unwrap();
        assert_eq!(
            record.key.as_deref(),
            Some(&[0, 0, 0, u8::from(commit)][..])
        );
        assert_eq!(record.value.as_deref(), Some(&[0, 0, 0, 0, 0, 5][..]));
        let expect = ControlRecord::EndTransaction {
            commit,
            coordinator_epoch: 5,
        };
        assert_eq!(ControlRecord::decode(&record), Ok(expect));
    }
}

#[test]
fn sequences_wrap() {
    let producer = ProducerState {
        id: 1,
        epoch: 0,
        base_sequence: i32::MAX,
    };
    let batch = one(build(Codec::None).producer(producer).build());
    assert_eq!(batch.header.last_sequence(), 0);
}

type AnyRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<Header>);

fn any_record() -> impl Strategy<Value = AnyRecord> {
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    let header = ("[a-z]{0,5}", bytes()).prop_map(|(key, value)| Header {
        key,
        value: value.map(Bytes::from),
    });
    (
        0i64..1 << 40,
        bytes(),
        bytes(),
        prop::collection::vec(header, 0..3),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn batches_round_trip(
        records in prop::collection::vec(any_record(), 1..20),
        codec in prop::sample::select(&Codec::ALL[..]),
        base_offset in 0i64..1 << 50,
    ) {
        let mut builder = BatchBuilder::new(Compression::from(codec)).base_offset(base_offset);
        for (time, key, value, headers) in &records {
            let before = builder.uncompressed_bytes();
            builder.append(*time, key.as_deref(), value.as_deref(), headers).unwrap();
            let took = builder.uncompressed_bytes() - before;
            prop_assert!(took <= estimated_record_bytes(key.as_deref(), value.as_deref(), headers));
        }
        let batch = one(builder.build());
        batch.validate_crc().unwrap();
        prop_assert_eq!(batch.header.max_timestamp, records.iter().map(|r| r.0).max().unwrap());
        for (i, (got, (time, key, value, headers))) in batch.records().zip(&records).enumerate() {
            let got = got.unwrap();
            prop_assert_eq!((got.offset, got.timestamp), (base_offset + i as i64, *time));
            prop_assert_eq!(got.key.as_deref(), key.as_deref());
            prop_assert_eq!(got.value.as_deref(), value.as_deref());
            prop_assert_eq!(&got.headers, headers);
        }
        prop_assert_eq!(batch.records().count(), records.len());
        let mut walked = Vec::new();
        walk(&batch, |meta| walked.push((meta.index, meta.timestamp, meta.has_key))).unwrap();
        let expect = records.iter().enumerate().map(|(i, r)| (i, r.0, r.1.is_some()));
        prop_assert!(walked.into_iter().eq(expect));
    }

    /// Any byte changed: the CRC finds it where it is covered, and nothing ever panics.
    #[test]
    fn damage_is_found(
        codec in prop::sample::select(&Codec::ALL[..]),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let mut bytes = build(codec).build().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        for batch in batches(bytes.into()).flatten() {
            if at >= 16 {
                prop_assert!(batch.validate_crc().is_err());
            }
            let read: Result<Vec<Record>, RecordError> = batch.records().collect();
            prop_assert!(read.is_err() || walk(&batch, |_| ()).is_ok());
        }
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for batch in batches(bytes.into()).flatten() {
            let _ = batch.records().count();
        }
    }
}
