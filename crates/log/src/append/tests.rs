use konbini_protocol::ResponseError;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{
    BatchBuilder, BatchHeader, TimestampType, batches, end_transaction_marker,
};

use crate::partition::*;
use crate::{AppendOrigin, LogState};

#[test]
fn a_leader_gives_offsets_and_keeps_the_bytes() {
    let mut partition = Partition::new(&[]);
    partition.epoch = 4;
    let first = batch(&["a", "b"], 500);
    let info = partition.append(first.clone());
    assert_eq!(
        (info.first_offset, info.last_offset, info.bytes),
        (0, 1, first.len())
    );
    assert_eq!(
        (info.max_timestamp, info.log_append_time, info.duplicate),
        (500, -1, false)
    );
    let second = batch(&["c"], 700);
    assert_eq!(partition.append(second.clone()).first_offset, 2);

    let stored = partition
        .disk
        .segment_mut(&partition.dir.clone(), 0)
        .unwrap()
        .clone();
    // Only base offset and leader epoch differ from what the producer sent.
    assert_eq!(stored[16..first.len()], first[16..]);
    assert_eq!(stored[first.len() + 16..], second[16..]);
    let header = BatchHeader::parse(&stored[first.len()..]).unwrap();
    assert_eq!((header.base_offset, header.partition_leader_epoch), (2, 4));
    assert_eq!(partition.log.latest_epoch(), Some(4));
    assert_eq!(partition.read(0, 1 << 20).0, stored);
}

/// As Apache Kafka does, which the differential tests met.
#[test]
fn what_is_wrong_but_taken() {
    let mut partition = Partition::new(&[]);
    let good = batch(&["a", "b"], 1000);
    let mut claiming = good.to_vec();
    claiming[22] = 8;
    let crc = konbini_protocol::crc32c::crc32c(&claiming[21..]);
    claiming[17..21].copy_from_slice(&crc.to_be_bytes());
    let behind = [&good[..], &good[..30]].concat();
    partition.append(claiming.into());
    partition.append(behind.into());
    let (stored, _) = partition.read(0, 1 << 20);
    assert_eq!(stored.len(), 2 * good.len(), "half a batch is not stored");
    assert_eq!(stored[16..good.len()], good[16..], "it is create time");
}

#[test]
fn refusals_have_kafkas_codes() {
    let check = |pairs: &[(&str, &str)], bytes: Vec<u8>, expect: ResponseError, says: &str| {
        let mut partition = Partition::new(pairs);
        let error = partition.refused(bytes.into());
        assert_eq!(error.error, expect, "{error}");
        assert!(error.message.contains(says), "{error} should say {says:?}");
        assert_eq!(partition.log.log_end_offset(), 0);
    };
    let good = || batch(&["a", "b"], 1000).to_vec();
    let changed = |at: usize, to: u8| {
        let mut bytes = good();
        bytes[at] = to;
        bytes
    };
    let resealed = |at: usize, to: &[u8]| {
        let mut bytes = good();
        bytes[at..at + to.len()].copy_from_slice(to);
        let crc = konbini_protocol::crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        bytes
    };
    use ResponseError::*;
    check(&[], vec![], InvalidRecord, "no record batch");
    check(&[], changed(70, 99), CorruptMessage, "CRC");
    check(&[], good()[..70].to_vec(), InvalidRecord, "no record batch");
    check(&[], changed(16, 1), InvalidRecord, "magic 1");
    check(&[], changed(16, 3), CorruptMessage, "magic 3");
    check(
        &[],
        [good(), good()].concat(),
        InvalidRecord,
        "exactly one batch",
    );
    check(&[], changed(7, 5), InvalidRecord, "base offset is 5");
    check(&[], resealed(21, &[0, 32]), InvalidRecord, "control");
    check(
        &[],
        resealed(21, &[0, 5]),
        UnsupportedCompressionType,
        "codec 5",
    );
    check(&[], resealed(21, &[0, 16]), InvalidRecord, "no producer id");
    check(
        &[],
        resealed(23, &[0, 0, 0, 4]),
        InvalidRecord,
        "spans 5 offsets",
    );
    check(&[], resealed(57, &[0, 0, 0, 0]), InvalidRecord, "counts 0");
    check(
        &[],
        resealed(43, &[0, 0, 0, 0, 0, 0, 0, 1]),
        InvalidProducerEpoch,
        "epoch -1",
    );
    check(&[], resealed(61, &[200, 1]), InvalidRecord, "length");
    check(
        &[("max.message.bytes", "80")],
        good(),
        MessageTooLarge,
        "max.message.bytes is 80",
    );
    check(
        &[("internal.segment.bytes", "80")],
        good(),
        RecordListTooLarge,
        "80 bytes",
    );
    let late = batch(&["a"], 1000 + 3_600_001).to_vec();
    check(
        &[],
        late,
        InvalidTimestamp,
        "message.timestamp.after.max.ms",
    );
    let early = [("message.timestamp.before.max.ms", "10")];
    check(
        &early,
        batch(&["a"], 989).to_vec(),
        InvalidTimestamp,
        "before.max.ms",
    );
    let mut keyless = BatchBuilder::new(Codec::None);
    keyless.append(1000, Some(b"k"), None, &[]).unwrap();
    keyless.append(1000, None, None, &[]).unwrap();
    let keyless = keyless.build().to_vec();
    check(
        &[("cleanup.policy", "compact")],
        keyless,
        InvalidRecord,
        "record 1 was rejected",
    );
}

#[test]
fn log_append_time() {
    let mut partition = Partition::new(&[("message.timestamp.type", "LogAppendTime")]);
    partition.now = 5000;
    let info = partition.append(batch(&["a", "b"], 1));
    assert_eq!((info.max_timestamp, info.log_append_time), (5000, 5000));
    let (bytes, _) = partition.read(0, 100);
    let batch = batches(bytes).next().unwrap().unwrap();
    batch.validate_crc().unwrap();
    assert_eq!(
        batch.header.attributes.timestamp_type(),
        TimestampType::LogAppendTime
    );
    assert!(
        batch
            .records()
            .all(|record| record.unwrap().timestamp == 5000)
    );
}

#[test]
fn a_wrong_largest_timestamp_is_corrected() {
    let mut partition = Partition::new(&[]);
    let mut bytes = batch(&["a"], 900).to_vec();
    konbini_protocol::record::set_create_time(&mut bytes, 950);
    let info = partition.append(bytes.into());
    assert_eq!(info.max_timestamp, 900);
    let (bytes, _) = partition.read(0, 100);
    let batch = batches(bytes).next().unwrap().unwrap();
    batch.validate_crc().unwrap();
    assert_eq!(batch.header.max_timestamp, 900);
}

#[test]
fn compression_type_decides() {
    for (setting, expect) in [
        ("producer", Codec::Gzip),
        ("uncompressed", Codec::None),
        ("lz4", Codec::Lz4),
    ] {
        let mut partition = Partition::new(&[("compression.type", setting)]);
        partition.append(builder(&["a", "b"], 1000, Codec::Gzip).build());
        let (bytes, _) = partition.read(0, 100);
        let batch = batches(bytes).next().unwrap().unwrap();
        batch.validate_crc().unwrap();
        assert_eq!(batch.codec(), Ok(expect), "{setting}");
        assert_eq!(
            partition.values(),
            [(0, "a".to_owned()), (1, "b".to_owned())]
        );
    }
}

#[test]
fn duplicates_get_their_old_offsets() {
    let mut partition = Partition::new(&[]);
    partition.append(batch(&["x"], 1000));
    partition.append(idempotent(9, 0, 0, &["a", "b"]));
    partition.append(idempotent(9, 0, 2, &["c"]));
    let info = partition.append(idempotent(9, 0, 0, &["a", "b"]));
    assert_eq!(
        (info.first_offset, info.last_offset, info.duplicate),
        (1, 2, true)
    );
    assert_eq!(partition.log.log_end_offset(), 4);
    let error = partition.refused(idempotent(9, 0, 7, &["d"]));
    assert_eq!(error.error, ResponseError::OutOfOrderSequenceNumber);
    partition.append(idempotent(9, 1, 0, &["e"]));
    let error = partition.refused(idempotent(9, 0, 3, &["f"]));
    assert_eq!(error.error, ResponseError::InvalidProducerEpoch);
    // All of it is known after a power cut as well.
    partition.reopen();
    assert_eq!(
        partition.refused(idempotent(9, 0, 3, &["f"])).error,
        ResponseError::InvalidProducerEpoch
    );
    assert!(partition.append(idempotent(9, 1, 0, &["e"])).duplicate);
}

#[test]
fn transactions_hold_back_the_last_stable_offset() {
    let mut partition = Partition::new(&[]);
    partition.append(batch(&["x"], 1000));
    partition.append(transactional(5, 0, &["a", "b"]));
    assert_eq!(partition.log.last_stable_offset(), 1);
    partition.append(batch(&["y"], 1000));
    let marker = end_transaction_marker(5, 0, false, 0, 1000);
    partition
        .append_as(AppendOrigin::Coordinator, marker)
        .unwrap();
    assert_eq!(partition.log.last_stable_offset(), 1); // the marker is above the high watermark
    partition.log.set_high_watermark(5);
    assert_eq!(partition.log.last_stable_offset(), 5);
    for reopen in [false, true] {
        if reopen {
            partition.reopen();
        }
        let aborted = partition.log.aborted_transactions(0, 5);
        assert_eq!(aborted.len(), 1);
        assert_eq!((aborted[0].producer_id, aborted[0].first_offset), (5, 1));
        assert_eq!(
            (aborted[0].last_offset, aborted[0].last_stable_offset),
            (4, 5)
        );
        assert_eq!(partition.log.aborted_transactions(5, 9), []);
    }
}

#[test]
fn segments_roll_by_size_and_time() {
    let bytes = batch(&["abcdef"], 1000).len();
    let size = (3 * bytes).to_string();
    let mut partition = Partition::new(&[("internal.segment.bytes", &size)]);
    for _ in 0..7 {
        partition.append(batch(&["abcdef"], 1000));
    }
    let bases = |p: &Partition| p.log.segments().map(|s| s.base_offset).collect::<Vec<_>>();
    assert_eq!(bases(&partition), [0, 3, 6]);
    assert_eq!(partition.log.recovery_point(), 6);

    let mut partition = Partition::new(&[("segment.ms", "100")]);
    for timestamp in [1000, 1100, 1101, 1150, 1202] {
        partition.append(batch(&["a"], timestamp));
    }
    assert_eq!(bases(&partition), [0, 2, 4]);
}

#[test]
fn the_store_gets_kafkas_files() {
    let mut partition = Partition::new(&[
        ("internal.segment.bytes", "400"),
        ("index.interval.bytes", "100"),
    ]);
    for i in 0..8 {
        partition.append(batch(&["abcdef"], 1000 + i));
    }
    let image = partition.disk.image().dirs.remove(&partition.dir).unwrap();
    let names: Vec<&str> = image.files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "00000000000000000000.index",
            "00000000000000000000.timeindex",
            "00000000000000000005.snapshot",
            "leader-epoch-checkpoint",
            "partition.metadata",
        ]
    );
    // Batches of 76 bytes: the third and the fifth start after more than 100 further bytes.
    assert_eq!(image.segments[&0], 5 * 76);
    let index = &image.files["00000000000000000000.index"];
    assert_eq!(
        &index[..],
        [0, 0, 0, 2, 0, 0, 0, 152, 0, 0, 0, 4, 0, 0, 1, 48]
    );
    let times = &image.files["00000000000000000000.timeindex"];
    assert_eq!(times.len(), 24);
    assert_eq!(times[..12], [0, 0, 0, 0, 0, 0, 3, 234, 0, 0, 0, 2]);
    assert_eq!(&image.files["leader-epoch-checkpoint"][..], b"0\n1\n0 0\n");
}

#[test]
fn a_closed_log_has_all_its_files() {
    let mut partition = Partition::new(&[]);
    let close = |partition: &mut Partition| {
        let mut out = Vec::new();
        partition.log.close(&mut out);
        let puts = out.len();
        partition.store(out);
        puts
    };
    assert_eq!(close(&mut partition), 0, "nothing is in it");
    partition.append(batch(&["a", "b"], 1000));
    assert_eq!(close(&mut partition), 3);
    assert_eq!(close(&mut partition), 0, "nothing is new");
    let image = partition.disk.image().dirs.remove(&partition.dir).unwrap();
    let times = &image.files["00000000000000000000.timeindex"];
    assert_eq!(times[..], [0, 0, 0, 0, 0, 0, 3, 232, 0, 0, 0, 1]);
    assert!(image.files["00000000000000000000.index"].is_empty());
    assert!(image.files.contains_key("00000000000000000002.snapshot"));
    partition.reopen();
    partition.append(batch(&["c"], 1001));
    assert_eq!(partition.values().len(), 3);
}

#[test]
fn followers_take_bytes_as_they_are() {
    let mut leader = Partition::new(&[("internal.segment.bytes", "300")]);
    for i in 0..9 {
        leader.epoch = i / 4;
        leader.append(batch(&["abcdef"], 1000 + i64::from(i)));
    }
    let mut follower = Partition::new(&[("internal.segment.bytes", "300")]);
    while follower.log.log_end_offset() < leader.log.log_end_offset() {
        let (bytes, _) = leader.read(follower.log.log_end_offset(), 1000);
        follower
            .append_as(AppendOrigin::Replication, bytes)
            .unwrap();
    }
    assert_eq!(follower.disk, leader.disk);
    assert_eq!(follower.log.epochs(), leader.log.epochs());
    let (again, _) = leader.read(0, 100);
    let error = follower
        .append_as(AppendOrigin::Replication, again)
        .unwrap_err();
    assert!(error.message.contains("the log ends at 9"), "{error}");
}

#[test]
fn an_empty_follower_begins_where_the_batch_around_its_start_does() {
    let mut leader = Partition::new(&[]);
    leader.append(batch(&["a", "b", "c"], 1000));
    let (bytes, _) = leader.read(0, 1000);
    for start in [1, 2] {
        let mut follower = Partition::new(&[]);
        follower.start_at(start);
        follower
            .append_as(AppendOrigin::Replication, bytes.clone())
            .unwrap();
        assert_eq!(follower.log.log_start_offset(), 0);
        assert_eq!(follower.log.log_end_offset(), 3);
        follower.reopen();
        assert_eq!(follower.read(0, 1000).0, bytes);
    }
    let mut ahead = Partition::new(&[]);
    ahead.start_at(3);
    let error = ahead.append_as(AppendOrigin::Replication, bytes);
    assert!(error.unwrap_err().message.contains("the log ends at 3"));
}

#[test]
fn an_offline_log_takes_nothing() {
    let mut partition = Partition::new(&[]);
    partition.log.fail("the disk is full");
    partition.log.fail("something else");
    let error = partition.refused(batch(&["a"], 1000));
    assert_eq!(error.error, ResponseError::KafkaStorageError);
    assert_eq!(
        *partition.log.state(),
        LogState::Offline {
            reason: "the disk is full".to_owned()
        }
    );
}
