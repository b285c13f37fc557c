//! Records in, policy, what is left.

use bytes::Bytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState, batches, end_transaction_marker};

use crate::partition::{Partition, config};
use crate::segment::Segment;
use crate::*;

const BUFFER: u64 = 1 << 20;
/// What a test's records begin at, ms.
const START: i64 = 1_000;

/// `k=v`, or `k` for a tombstone.
fn put(builder: &mut BatchBuilder, record: &str, timestamp: i64) {
    let (key, value) = match record.split_once('=') {
        Some((key, value)) => (key, Some(value.as_bytes())),
        None => (record, None),
    };
    builder
        .append(timestamp, Some(key.as_bytes()), value, &[])
        .expect("it fits");
}

fn batch(records: &str) -> BatchBuilder {
    let mut builder = BatchBuilder::new(Codec::Lz4);
    for record in records.split_whitespace() {
        put(&mut builder, record, START);
    }
    builder
}

fn compacted(pairs: &[(&str, &str)]) -> Partition {
    let all = [
        &[
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", "0.01"),
        ][..],
        pairs,
    ];
    Partition::new(&all.concat())
}

/// Appends segments, `/` between batches; all are closed.
fn fill(partition: &mut Partition, segments: &[&str]) {
    for segment in segments {
        for records in segment.split('/') {
            partition.append(batch(records).build());
        }
        roll(partition);
    }
}

fn roll(partition: &mut Partition) {
    let mut out = Vec::new();
    partition.log.roll(partition.now, &mut out);
    partition.store(out);
}

/// Cleans until nothing is dirty enough, with loads as they are wanted.
fn clean(partition: &mut Partition, buffer: u64) -> Vec<CleanReport> {
    let mut reports = Vec::new();
    while partition.log.dirtiness(partition.now).is_some() {
        let mut cleaner = partition.log.clean(partition.now, buffer);
        loop {
            let mut out = Vec::new();
            let step = cleaner.step(&mut partition.log, &mut out);
            partition.store(out);
            match step {
                CleanStep::More => {}
                CleanStep::Cold(load) => {
                    let bytes = partition.disk.load(&load).expect("it was stored");
                    partition.log.loaded(&load, bytes).expect("it is right");
                }
                CleanStep::Done(report) => break reports.push(report),
                other => panic!("{other:?}"),
            }
        }
    }
    reports
}

fn all(partition: &mut Partition) -> Vec<konbini_protocol::record::Batch> {
    let mut found = Vec::new();
    let mut offset = partition.log.log_start_offset();
    let end = partition.log.log_end_offset();
    while offset < end {
        match partition.log.read(offset, 1 << 20, end, true) {
            ReadOutcome::Fetched(fetched) => {
                found.extend(batches(fetched.concat()).map(|b| b.expect("whole")));
                if fetched.next_offset == offset {
                    break;
                }
                offset = fetched.next_offset;
            }
            ReadOutcome::Cold(load) => {
                let bytes = partition.disk.load(&load).expect("it was stored");
                partition.log.loaded(&load, bytes).expect("it is right");
            }
            other => panic!("{other:?}"),
        }
    }
    found
}

/// `offset:k=v` of every record; a batch without records is `[first-last]`.
fn left(partition: &mut Partition) -> String {
    let mut out = Vec::new();
    for batch in all(partition) {
        batch.validate_crc().expect("a right CRC");
        let header = batch.header;
        if header.records_count == 0 {
            out.push(format!("[{}-{}]", header.base_offset, header.last_offset()));
        }
        if header.attributes.is_control() {
            out.push(format!("{}:marker", header.base_offset));
            continue;
        }
        for record in batch.records() {
            let record = record.expect("right");
            let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
            let key = record.key.as_ref().map_or(String::new(), text);
            let value = record.value.as_ref().map(|v| format!("={}", text(v)));
            out.push(format!(
                "{}:{key}{}",
                record.offset,
                value.unwrap_or_default()
            ));
        }
    }
    out.join(" ")
}

#[test]
fn the_last_of_a_key_stays() {
    let cases: [(&[&str], &str, &str); 7] = [
        (&["a=1 b=1", "a=2"], "c=1", "1:b=1 2:a=2 3:c=1"),
        // The active segment is neither changed nor looked at.
        (&["a=1"], "a=2", "0:a=1 1:a=2"),
        // Batches go as a whole, but for the last one of all, and the first, which begins an epoch.
        (&["a=1 / b=1 / a=2 b=2"], "", "[0-0] 2:a=2 3:b=2"),
        (&["a=1 / a=2 a=3", "a=4"], "x=1", "[0-0] 3:a=4 4:x=1"),
        (&["b=1", "a=1 / a=2 a=3"], "a=4", "0:b=1 3:a=3 4:a=4"),
        (&["a=1 a=2 a=3", "b=1"], "x=1", "2:a=3 3:b=1 4:x=1"),
        (&["a=1 b=1", "b"], "x=1", "0:a=1 2:b 3:x=1"),
    ];
    for (segments, active, expect) in cases {
        let mut partition = compacted(&[]);
        fill(&mut partition, segments);
        if !active.is_empty() {
            partition.append(batch(active).build());
        }
        let end = partition.log.log_end_offset();
        clean(&mut partition, BUFFER);
        assert_eq!(left(&mut partition), expect, "{segments:?}");
        assert_eq!(partition.log.log_end_offset(), end);
        assert_eq!(partition.log.log_start_offset(), 0);
    }
}

#[test]
fn settings_decide_when() {
    type Case<'a> = (&'a [(&'a str, &'a str)], i64, bool);
    let cases: [Case<'_>; 7] = [
        (&[("cleanup.policy", "delete")], 0, false),
        (&[("cleanup.policy", "compact,delete")], 0, true),
        (&[("min.cleanable.dirty.ratio", "1")], 0, false),
        (&[("min.compaction.lag.ms", "500")], 499, false),
        (&[("min.compaction.lag.ms", "500")], 500, true),
        (
            &[
                ("min.cleanable.dirty.ratio", "1"),
                ("max.compaction.lag.ms", "500"),
            ],
            500,
            false,
        ),
        (
            &[
                ("min.cleanable.dirty.ratio", "1"),
                ("max.compaction.lag.ms", "500"),
            ],
            501,
            true,
        ),
    ];
    for (pairs, later, expect) in cases {
        let mut partition = compacted(pairs);
        fill(&mut partition, &["a=1", "a=2"]);
        let dirty = partition.log.dirtiness(START + later).is_some();
        assert_eq!(dirty, expect, "{pairs:?} after {later} ms");
    }
}

#[test]
fn what_is_clean_counts_against_the_ratio() {
    let mut partition = compacted(&[("min.cleanable.dirty.ratio", "0.5")]);
    fill(&mut partition, &["a=1", "b=1"]);
    let reports = clean(&mut partition, BUFFER);
    assert_eq!((reports[0].from, reports[0].to), (0, 2));
    assert_eq!(partition.log.cleaned_to(), 2);
    fill(&mut partition, &["a=2"]);
    assert_eq!(partition.log.dirtiness(START), None, "a third is dirty");
    fill(&mut partition, &["b=2", "c=1"]);
    assert!(partition.log.dirtiness(START).is_some(), "three of five");
}

#[test]
fn tombstones_stay_until_their_horizon() {
    let mut partition = compacted(&[("delete.retention.ms", "100")]);
    fill(&mut partition, &["a=1 b=1", "a"]);
    clean(&mut partition, BUFFER);
    assert_eq!(left(&mut partition), "1:b=1 2:a");
    let horizon = all(&mut partition)[1].header;
    assert!(horizon.attributes.has_delete_horizon());
    assert_eq!(horizon.base_timestamp, START + 100);
    partition.now += 99;
    fill(&mut partition, &["c=1"]);
    clean(&mut partition, BUFFER);
    assert_eq!(left(&mut partition), "1:b=1 2:a 3:c=1");
    partition.now += 1;
    fill(&mut partition, &["d=1"]);
    clean(&mut partition, BUFFER);
    assert_eq!(left(&mut partition), "1:b=1 3:c=1 4:d=1");
}

#[test]
fn sequence_numbers_stay() {
    let mut partition = compacted(&[]);
    let producer = |base_sequence| ProducerState {
        id: 7,
        epoch: 0,
        base_sequence,
    };
    partition.append(batch("a=1").producer(producer(0)).build());
    partition.append(batch("a=2 b=1").producer(producer(1)).build());
    partition.append(batch("a=3 b=2").build());
    partition.append(batch("c=1").build());
    roll(&mut partition);
    clean(&mut partition, BUFFER);
    assert_eq!(left(&mut partition), "[0-0] [1-2] 3:a=3 4:b=2 5:c=1");
    let kept = all(&mut partition)[1].header;
    assert_eq!((kept.producer_id, kept.last_sequence()), (7, 2));
}

fn transactional(id: i64, base_sequence: i32, records: &str) -> Bytes {
    let producer = ProducerState {
        id,
        epoch: 0,
        base_sequence,
    };
    let batch = batch(records).producer(producer);
    batch.transactional(true).build()
}

fn end(partition: &mut Partition, id: i64, commit: bool) {
    let marker = end_transaction_marker(id, 0, commit, 0, START);
    partition
        .append_as(AppendOrigin::Coordinator, marker)
        .expect("it is taken");
    let end = partition.log.log_end_offset();
    partition.log.set_high_watermark(end);
}

#[test]
fn aborted_records_go_and_open_transactions_wait() {
    let mut partition = compacted(&[]);
    partition.append(batch("a=1 b=1").build());
    partition.append(transactional(7, 0, "a=2"));
    end(&mut partition, 7, false);
    partition.append(transactional(7, 1, "b=2"));
    end(&mut partition, 7, true);
    partition.append(batch("x=1").build());
    roll(&mut partition);
    partition.append(transactional(8, 0, "a=3"));
    roll(&mut partition);
    clean(&mut partition, BUFFER);
    let expect = "0:a=1 3:marker 4:b=2 5:marker 6:x=1 7:a=3";
    assert_eq!(left(&mut partition), expect);
    assert_eq!(partition.log.cleaned_to(), 7, "not past what is open");
}

#[test]
fn a_small_map_takes_several_rounds() {
    let mut partition = compacted(&[]);
    fill(
        &mut partition,
        &["a=1 / b=1 / c=1 / a=2", "b=2 / d=1", "a=3"],
    );
    // Two keys of a byte; a third begins no batch more.
    let reports = clean(&mut partition, 60);
    assert!(reports.len() > 1, "{reports:?}");
    assert_eq!(left(&mut partition), "[0-0] 2:c=1 4:b=2 5:d=1 6:a=3");
}

#[test]
fn cold_bytes_are_waited_for() {
    let mut partition = compacted(&[]);
    fill(&mut partition, &["a=1 / b=1", "a=2 / c=1", "b=2"]);
    partition.log.evict(usize::MAX);
    clean(&mut partition, BUFFER);
    partition.log.evict(usize::MAX);
    assert_eq!(left(&mut partition), "[0-0] 2:a=2 3:c=1 4:b=2");
}

#[test]
fn small_neighbours_become_one() {
    // Where segments begin afterwards, by how many fit one. The last batch of one that lost everything
    // tells where it ends.
    let cases: [(u32, &[i64], &str); 4] = [
        (1, &[0, 2, 4, 6, 8, 9], "[0-1] 3:b=1 5:c=1 6:a=3 7:d=1"),
        (2, &[0, 4, 8, 9], "[0-1] 3:b=1 5:c=1 6:a=3 7:d=1"),
        (3, &[0, 6, 9], "[0-1] 3:b=1 5:c=1 6:a=3 7:d=1"),
        (9, &[0, 9], "[0-1] 3:b=1 5:c=1 6:a=3 7:d=1"),
    ];
    for (room, bases, expect) in cases {
        let mut partition = compacted(&[]);
        fill(
            &mut partition,
            &["a=1 z=1", "a=2 b=1", "z=2 c=1", "a=3 d=1", "z=3"],
        );
        // A tombstone would stay for a while.
        partition.append(batch("z=4").build());
        let largest = partition.log.segments.values().map(Segment::size).max();
        partition.log.config.segment_bytes = room * largest.expect("it has some");
        clean(&mut partition, BUFFER);
        let found: Vec<i64> = partition.log.segments.keys().copied().collect();
        assert_eq!(found, bases, "{room} fit");
        assert!(left(&mut partition).starts_with(expect), "{room} fit");
        let stored = partition.disk.image().dirs.remove(&partition.dir);
        let stored = stored.expect("it is there").segments;
        assert!(stored.keys().eq(&found), "{room} fit: {stored:?}");
    }
}

#[test]
fn a_leader_epoch_is_known_for_ever() {
    let mut partition = compacted(&[]);
    for (epoch, records) in [
        (0, "a=1"),
        (3, "a=2 / b=1"),
        (4, "a=3 / b=2 / c=1"),
        (7, "a=4"),
    ] {
        partition.epoch = epoch;
        fill(&mut partition, &[records]);
    }
    clean(&mut partition, BUFFER);
    assert_eq!(left(&mut partition), "[0-0] [1-1] [3-3] 4:b=2 5:c=1 6:a=4");
    fill(&mut partition, &["a=5"]);
    clean(&mut partition, BUFFER);
    assert_eq!(
        left(&mut partition),
        "[0-0] [1-1] [3-3] 4:b=2 5:c=1 [6-6] 7:a=5"
    );
}

#[test]
fn what_retention_deletes_meanwhile_is_not_put_back() {
    let mut partition = compacted(&[("cleanup.policy", "compact,delete")]);
    fill(&mut partition, &["a=1", "b=1", "a=2"]);
    let mut cleaner = partition.log.clean(START, BUFFER);
    let mut out = Vec::new();
    for _ in 0..5 {
        assert_eq!(cleaner.step(&mut partition.log, &mut out), CleanStep::More);
    }
    assert_eq!(cleaner.copied.first, Some(0), "it copies");
    partition
        .log
        .delete_records(1, &mut out)
        .expect("it is there");
    partition.log.delete_passed_segments(START, &mut out);
    let given_up = cleaner.step(&mut partition.log, &mut out);
    assert_eq!(given_up, CleanStep::GivenUp);
    assert_eq!(left(&mut partition), "1:b=1 2:a=2");
}

#[test]
fn a_truncation_gives_it_up() {
    let mut partition = compacted(&[]);
    fill(&mut partition, &["a=1", "a=2"]);
    partition.append(batch("a=3").build());
    let mut cleaner = partition.log.clean(START, BUFFER);
    let mut out = Vec::new();
    assert_eq!(cleaner.step(&mut partition.log, &mut out), CleanStep::More);
    partition.log.truncate_to(2, START, &mut out);
    assert_eq!(
        cleaner.step(&mut partition.log, &mut out),
        CleanStep::GivenUp
    );
    assert_eq!(partition.log.cleaned_to(), 0);
}

/// Wherever a kill comes, the log opens with what the last of each key says, and can be cleaned.
#[test]
fn a_kill_between_any_two_operations() {
    let segments = ["a=1 / b=1 c=1", "a=2 / b / d=1", "c=2 / a=3"];
    let mut partition = compacted(&[]);
    fill(&mut partition, &segments);
    // Half of an aborted transaction lies before its index, which becomes that of all.
    partition.append(transactional(7, 0, "a=4"));
    roll(&mut partition);
    end(&mut partition, 7, false);
    roll(&mut partition);
    partition.append(batch("e=1").build());
    let aborted = partition.log.aborted_transactions(0, i64::MAX);
    assert_eq!(aborted.len(), 1);
    let mut cleaner = partition.log.clean(START, BUFFER);
    let mut ops = Vec::new();
    while cleaner.step(&mut partition.log, &mut ops) == CleanStep::More {}
    assert!(ops.len() >= 5, "an operation, and its indexes: {ops:?}");
    let expect = left(&mut partition);
    assert_eq!(partition.log.aborted_transactions(0, i64::MAX), aborted);
    for kill in 0..=ops.len() {
        let mut disk = partition.disk.clone();
        for op in &ops[..kill] {
            disk.apply(op.clone()).expect("in order");
        }
        let image = disk
            .image()
            .dirs
            .remove(&partition.dir)
            .expect("it is there");
        let options = RecoveryOptions {
            now: START,
            ..RecoveryOptions::default()
        };
        let config = config(&[
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", "0.01"),
        ]);
        let mut recovery = Recovery::start(partition.dir.clone(), image, config, options);
        while let Some(load) = recovery.wanted() {
            recovery.loaded(disk.load(&load));
        }
        let mut out = Vec::new();
        let (mut log, _) = recovery.finish(&mut out);
        assert!(log.is_online(), "killed after {kill}: {:?}", log.state());
        log.set_high_watermark(log.log_end_offset());
        let mut again = Partition {
            disk,
            log,
            dir: partition.dir.clone(),
            now: START,
            epoch: 0,
        };
        again.store(out);
        clean(&mut again, BUFFER);
        assert_eq!(left(&mut again), expect, "killed after {kill}");
        let found = again.log.aborted_transactions(0, i64::MAX);
        assert_eq!(found, aborted, "killed after {kill}");
    }
}
