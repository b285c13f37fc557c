use konbini_protocol::compression::Codec;
use proptest::prelude::*;

use super::*;
use crate::LogState;
use crate::partition::*;
use crate::store::{EPOCHS, INDEX, METADATA, TIME_INDEX};

/// Three segments: offsets 0 to 2, 3 to 5 and 6 to 7, batches of 71 bytes.
fn eight() -> Partition {
    let mut partition = Partition::new(&[
        ("internal.segment.bytes", "220"),
        ("index.interval.bytes", "1"),
    ]);
    for value in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        partition.append(batch(&[value], 1000));
    }
    partition
}

fn reason(partition: &Partition) -> String {
    match partition.log.state() {
        LogState::Offline { reason } => reason.clone(),
        LogState::Online => panic!("the log is online"),
    }
}

fn segment(partition: &mut Partition, base: i64) -> &mut Vec<u8> {
    let dir = partition.dir.clone();
    partition.disk.segment_mut(&dir, base).unwrap()
}

#[test]
fn a_whole_log_comes_back() {
    let mut partition = eight();
    let (before, epochs) = (partition.values(), partition.log.epochs().to_vec());
    let segments: Vec<_> = partition.log.segments().collect();
    let report = partition.reopen();
    // Only what lies after the last closed segment is read.
    assert_eq!(
        report,
        RecoveryReport {
            scanned_bytes: 142,
            ..RecoveryReport::default()
        }
    );
    assert_eq!(partition.values(), before);
    assert_eq!(partition.log.epochs(), epochs);
    assert_eq!(partition.log.topic_id(), uuid::Uuid::from_u128(7));
    for (now, then) in partition.log.segments().zip(segments) {
        assert_eq!((now.base_offset, now.bytes), (then.base_offset, then.bytes));
        assert_eq!(
            (now.offset_index, now.time_index),
            (then.offset_index, then.time_index)
        );
    }
    assert_eq!(partition.append(batch(&["i"], 1000)).first_offset, 8);
}

#[test]
fn a_torn_tail_is_cut_off_and_reported() {
    for left in 1..71 {
        let mut partition = eight();
        segment(&mut partition, 6).truncate(71 + left);
        let report = partition.reopen();
        let cut = report.truncated.expect("it was cut");
        assert_eq!(
            (cut.segment, cut.position, cut.bytes),
            (6, 71, left as u32),
            "{}",
            cut.reason
        );
        assert!(partition.log.is_online());
        assert_eq!(partition.log.log_end_offset(), 7);
        assert_eq!(segment(&mut partition, 6).len(), 71);
        assert_eq!(partition.append(batch(&["i"], 1000)).first_offset, 7);
        assert_eq!(partition.reopen().truncated, None);
    }
}

#[test]
fn zeros_at_the_tail_are_cut_off() {
    let mut partition = eight();
    segment(&mut partition, 6).extend_from_slice(&[0; 500]);
    let cut = partition.reopen().truncated.unwrap();
    assert_eq!((cut.position, cut.bytes), (142, 500));
    assert_eq!(partition.log.log_end_offset(), 8);
}

#[test]
fn damage_before_valid_data_takes_the_log_offline() {
    for at in 0..71 {
        let mut partition = eight();
        segment(&mut partition, 6)[at] ^= 0x10;
        let report = partition.reopen();
        assert_eq!(report.truncated, None, "byte {at}");
        let reason = reason(&partition);
        assert!(reason.contains("test-0 segment 6 position"), "{reason}");
        assert!(
            reason.contains("valid batches follow"),
            "byte {at}: {reason}"
        );
        assert_eq!(
            segment(&mut partition, 6).len(),
            142,
            "nothing is thrown away"
        );
    }
}

#[test]
fn damage_in_the_last_batch_is_a_torn_tail() {
    for at in 72..142 {
        let mut partition = eight();
        segment(&mut partition, 6)[at] ^= 0x10;
        let cut = partition
            .reopen()
            .truncated
            .unwrap_or_else(|| panic!("byte {at}"));
        assert_eq!((cut.position, cut.bytes), (71, 71), "byte {at}");
        assert_eq!(partition.log.log_end_offset(), 7);
    }
}

/// A host that lost the last value of a segment reports a shorter one; nothing in it is bad.
#[test]
fn a_lost_tail_is_not_a_shorter_log() {
    let lose = |recovery_point: i64| {
        let partition = eight();
        let mut image = partition.disk.image().dirs[&partition.dir].clone();
        image.segments.insert(6, 71);
        let mut recovery = Recovery::start(
            partition.dir.clone(),
            image,
            partition.log.config().clone(),
            RecoveryOptions {
                recovery_point: Some(recovery_point),
                ..RecoveryOptions::default()
            },
        );
        while let Some(load) = recovery.wanted() {
            recovery.loaded(partition.disk.load(&load));
        }
        recovery.finish(&mut Vec::new()).0
    };
    let lost = lose(8);
    let LogState::Offline { reason } = lost.state() else {
        panic!("a log that lost its tail is online");
    };
    assert!(reason.contains("up to offset 8"), "{reason}");
    // Below the recovery point nothing is missing here.
    assert!(matches!(lose(7).state(), LogState::Online));
}

#[test]
fn failed_loads_take_the_log_offline() {
    let errors = [
        LoadError::Missing,
        LoadError::Damaged {
            position: 5,
            reason: "checksum".to_owned(),
        },
        LoadError::Failed("the disk is gone".to_owned()),
    ];
    for error in errors {
        let partition = eight();
        let image = partition.disk.image().dirs[&partition.dir].clone();
        let config = partition.log.config().clone();
        let mut recovery = Recovery::start(
            partition.dir.clone(),
            image,
            config,
            RecoveryOptions::default(),
        );
        recovery.loaded(Err(error.clone()));
        assert_eq!(recovery.wanted(), None);
        let (log, _) = recovery.finish(&mut Vec::new());
        let LogState::Offline { reason } = log.state() else {
            panic!()
        };
        assert!(reason.contains(&error.to_string()), "{reason}");
    }
}

#[test]
fn a_missing_segment_takes_the_log_offline() {
    for missing in [0, 3] {
        let partition = eight();
        let mut image = partition.disk.image().dirs[&partition.dir].clone();
        image.segments.remove(&missing);
        let config = partition.log.config().clone();
        let mut recovery = Recovery::start(
            partition.dir.clone(),
            image,
            config,
            RecoveryOptions::default(),
        );
        while let Some(load) = recovery.wanted() {
            recovery.loaded(partition.disk.load(&load));
        }
        let (log, _) = recovery.finish(&mut Vec::new());
        let offline = matches!(log.state(), LogState::Offline { .. });
        assert!(offline, "{missing}");
    }
    let partition = eight();
    let mut image = partition.disk.image().dirs[&partition.dir].clone();
    image.segments.clear();
    let config = partition.log.config().clone();
    let recovery = Recovery::start(
        partition.dir.clone(),
        image,
        config,
        RecoveryOptions::default(),
    );
    let (log, _) = recovery.finish(&mut Vec::new());
    let LogState::Offline { reason } = log.state() else {
        panic!("an empty store")
    };
    assert!(reason.contains("segment 0 is missing"), "{reason}");
}

#[test]
fn lost_or_damaged_indexes_are_made_again() {
    for suffix in [INDEX, TIME_INDEX] {
        for damage in [false, true] {
            let mut partition = eight();
            let segments: Vec<_> = partition.log.segments().collect();
            let (dir, name) = (partition.dir.clone(), file_name(3, suffix));
            if damage {
                *partition.disk.file_mut(&dir, &name).unwrap() = Bytes::from_static(&[1, 2, 3]);
            } else {
                partition.disk.apply(StoreOp::Remove { dir, name }).unwrap();
            }
            let report = partition.reopen();
            assert_eq!(report.rebuilt_indexes, [3], "{suffix} {damage}");
            assert_eq!(report.ignored_files.len(), 1);
            for (now, then) in partition.log.segments().zip(segments) {
                assert_eq!(
                    (now.offset_index, now.time_index),
                    (then.offset_index, then.time_index)
                );
            }
            assert_eq!(partition.reopen().rebuilt_indexes, Vec::<i64>::new());
        }
    }
}

#[test]
fn damage_in_a_closed_segment_is_found_when_it_is_read() {
    let mut partition = eight();
    segment(&mut partition, 0)[140] ^= 1;
    partition.reopen();
    assert!(partition.log.is_online());
    let crate::ReadOutcome::Cold(load) = partition.log.read(0, 10, 8, true) else {
        panic!()
    };
    let bytes = partition.disk.load(&load).unwrap();
    assert!(
        partition
            .log
            .loaded(&load, bytes)
            .unwrap_err()
            .contains("CRC")
    );
    // And when its index has to be made again.
    let mut partition = eight();
    segment(&mut partition, 0)[140] ^= 1;
    let (dir, name) = (partition.dir.clone(), file_name(0, INDEX));
    partition.disk.apply(StoreOp::Remove { dir, name }).unwrap();
    partition.reopen();
    assert!(
        reason(&partition).contains("the segment is closed"),
        "{}",
        reason(&partition)
    );
}

#[test]
fn damaged_small_files() {
    let check = |name: &str, expect: &str| {
        let mut partition = eight();
        let dir = partition.dir.clone();
        *partition.disk.file_mut(&dir, name).unwrap() = Bytes::from_static(b"rubbish");
        let report = partition.reopen();
        if expect.is_empty() {
            assert!(partition.log.is_online());
            assert!(
                report.ignored_files[0].contains(name),
                "{:?}",
                report.ignored_files
            );
            assert_eq!(partition.values().len(), 8);
        } else {
            assert!(
                reason(&partition).contains(expect),
                "{}",
                reason(&partition)
            );
        }
    };
    check("00000000000000000006.snapshot", "");
    check("00000000000000000000.timeindex", "");
    check(METADATA, METADATA);
    check(EPOCHS, EPOCHS);
}

#[test]
fn producers_come_from_the_newest_snapshot_and_what_follows() {
    let mut partition = Partition::new(&[("internal.segment.bytes", "300")]);
    let mut next = 0;
    for i in 0..12 {
        partition.append(idempotent(i % 3, 0, (i / 3) as i32, &["v"]));
        next += 1;
    }
    let before: Vec<_> = partition
        .log
        .producers()
        .map(|p| (p.producer_id, p.last_sequence()))
        .collect();
    for damaged in [0, 1, 2] {
        let dir = partition.dir.clone();
        let names: Vec<String> = partition.disk.image().dirs[&dir]
            .files
            .keys()
            .rev()
            .filter(|name| name.ends_with("snapshot"))
            .take(damaged)
            .cloned()
            .collect();
        for name in names {
            *partition.disk.file_mut(&dir, &name).unwrap() = Bytes::from_static(b"rubbish");
        }
        partition.reopen();
        let after: Vec<_> = partition
            .log
            .producers()
            .map(|p| (p.producer_id, p.last_sequence()))
            .collect();
        assert_eq!(after, before, "{damaged} damaged");
        assert_eq!(partition.log.log_end_offset(), next);
    }
}

#[test]
fn an_unfinished_recovery_is_not_an_empty_log() {
    let partition = eight();
    let image = partition.disk.image().dirs[&partition.dir].clone();
    let config = partition.log.config().clone();
    let recovery = Recovery::start(
        partition.dir.clone(),
        image,
        config,
        RecoveryOptions::default(),
    );
    let (log, _) = recovery.finish(&mut Vec::new());
    assert!(matches!(log.state(), LogState::Offline { .. }));
}

#[test]
fn a_new_directory_is_an_empty_log() {
    let mut partition = Partition::new(&[]);
    assert_eq!(partition.reopen(), RecoveryReport::default());
    assert_eq!(partition.append(batch(&["a"], 1000)).first_offset, 0);
}

#[test]
fn batches_larger_than_a_load() {
    let mut partition = Partition::new(&[("max.message.bytes", "5000000")]);
    for i in 0..3 {
        partition.append(batch(&[&"x".repeat(2_500_000), &i.to_string()], 1000));
    }
    let before = partition.values();
    partition
        .disk
        .apply(StoreOp::Remove {
            dir: partition.dir.clone(),
            name: file_name(2, "snapshot"),
        })
        .unwrap();
    partition.reopen_with(RecoveryOptions {
        recovery_point: Some(0),
        log_start: None,
        now: 1000,
    });
    assert_eq!(partition.values(), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// Any byte of anything on the disk changed: recovery never panics, and what it shows is what
    /// was there before the damage or an offline log that says why.
    #[test]
    fn any_damage(
        codec in prop::sample::select(&Codec::ALL[..]),
        batches in 1usize..14,
        target in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
        whole in any::<bool>(),
    ) {
        let mut partition = Partition::new(&[
            ("internal.segment.bytes", "500"),
            ("index.interval.bytes", "100"),
        ]);
        for i in 0..batches {
            let value = i.to_string();
            partition.append(builder(&[&value, "x"], 1000 + i as i64, codec).build());
        }
        let before = partition.values();
        let dir = partition.dir.clone();
        let image = partition.disk.image().dirs[&dir].clone();
        let target = target.index(image.segments.len() + image.files.len());
        if let Some(base) = image.segments.keys().nth(target) {
            let bytes = partition.disk.segment_mut(&dir, *base).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        } else {
            let name = image.files.keys().nth(target - image.segments.len()).unwrap();
            let bytes = partition.disk.file_mut(&dir, name).unwrap();
            if !bytes.is_empty() {
                let mut changed = bytes.to_vec();
                let at = at.index(changed.len());
                changed[at] ^= flip;
                *bytes = changed.into();
            }
        }
        let recovery_point = whole.then_some(0);
        partition.reopen_with(RecoveryOptions { recovery_point, log_start: None, now: 1000 });
        if !partition.log.is_online() {
            return Ok(());
        }
        // What can be read without an error is right, and is all but a torn tail.
        let (mut offset, end) = (0, partition.log.log_end_offset());
        prop_assert!(end + 2 >= before.len() as i64);
        while offset < end {
            match partition.log.read(offset, 1, end, true) {
                crate::ReadOutcome::Cold(load) => {
                    let bytes = partition.disk.load(&load).unwrap();
                    if partition.log.loaded(&load, bytes).is_err() {
                        prop_assert!(!partition.log.is_online());
                        return Ok(());
                    }
                }
                crate::ReadOutcome::Fetched(fetched) => {
                    let batch = konbini_protocol::record::batches(fetched.concat()).next().unwrap().unwrap();
                    for record in batch.records().map(Result::unwrap) {
                        let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                        prop_assert_eq!(&before[record.offset as usize], &(record.offset, value));
                    }
                    prop_assert!(fetched.next_offset > offset);
                    offset = fetched.next_offset;
                }
                crate::ReadOutcome::Offline { .. } => return Ok(()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
