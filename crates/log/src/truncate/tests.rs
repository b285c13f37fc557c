use crate::partition::*;
use crate::{AppendOrigin, Truncation};

fn truncate(partition: &mut Partition, offset: i64) -> (i64, i64) {
    loop {
        let mut out = Vec::new();
        match partition.log.truncate_to(offset, partition.now, &mut out) {
            Truncation::Done { log_end, was } => {
                partition.store(out);
                return (log_end, was);
            }
            Truncation::Offline { reason } => panic!("{reason}"),
            Truncation::Cold(load) => {
                assert_eq!(out, []);
                let bytes = partition.disk.load(&load).unwrap();
                partition.log.loaded(&load, bytes).unwrap();
            }
        }
    }
}

/// Nine batches of one record, three a segment, each leader three of them.
fn nine() -> Partition {
    let mut partition = Partition::new(&[
        ("internal.segment.bytes", "220"),
        ("index.interval.bytes", "1"),
    ]);
    for (i, value) in "abcdefghi".chars().enumerate() {
        partition.epoch = i as i32 / 3;
        partition.append(batch(&[&value.to_string()], 1000 + i as i64));
    }
    partition
}

#[test]
fn a_truncated_log_is_the_log_that_never_had_more() {
    for offset in 0..=9 {
        for evict in [false, true] {
            let mut cut = nine();
            if evict {
                cut.log.evict(usize::MAX);
            }
            assert_eq!(truncate(&mut cut, offset), (offset, 9));
            let mut short = Partition::new(&[
                ("internal.segment.bytes", "220"),
                ("index.interval.bytes", "1"),
            ]);
            for (i, value) in "abcdefghi".chars().enumerate().take(offset as usize) {
                short.epoch = i as i32 / 3;
                short.append(batch(&[&value.to_string()], 1000 + i as i64));
            }
            assert_eq!(cut.values(), short.values());
            assert_eq!(cut.log.epochs(), short.log.epochs());
            // From here on both go the same way, and so do their files.
            for partition in [&mut cut, &mut short] {
                partition.epoch = 7;
                for value in ["x", "y", "z", "w"] {
                    partition.append(batch(&[value], 5000));
                }
            }
            assert_eq!(cut.values(), short.values(), "{offset}");
            let closed = |p: &Partition| {
                let all: Vec<_> = p.log.segments().collect();
                all.into_iter()
                    .filter(|s| !s.active)
                    .map(|s| (s.base_offset, s.offset_index, s.time_index))
                    .collect::<Vec<_>>()
            };
            if offset > 0 && offset % 3 != 0 {
                assert_eq!(closed(&cut), closed(&short), "{offset}");
            }
            let before = cut.values();
            cut.reopen();
            assert!(cut.log.is_online(), "{:?}", cut.log.state());
            assert_eq!(cut.values(), before, "{offset}");
        }
    }
}

#[test]
fn producers_go_back_too() {
    let mut partition = Partition::new(&[]);
    partition.append(idempotent(9, 0, 0, &["a"]));
    partition.append(idempotent(9, 0, 1, &["b"]));
    partition.append(transactional(5, 0, &["t"]));
    partition.append(idempotent(9, 1, 0, &["c"]));
    assert_eq!(partition.log.last_stable_offset(), 2);
    truncate(&mut partition, 2);
    assert_eq!(partition.log.last_stable_offset(), 2);
    assert_eq!(partition.log.producers().count(), 1);
    assert!(partition.append(idempotent(9, 0, 1, &["b"])).duplicate);
    assert_eq!(
        partition.append(idempotent(9, 0, 2, &["c"])).first_offset,
        2
    );
    assert_eq!(partition.log.last_stable_offset(), 3);
}

#[test]
fn inside_a_batch_the_whole_batch_goes() {
    let mut partition = Partition::new(&[]);
    partition.append(batch(&["a"], 1000));
    partition.append(batch(&["b", "c", "d"], 1000));
    assert_eq!(truncate(&mut partition, 3), (1, 4));
    assert_eq!(partition.log.high_watermark(), 1);
    assert_eq!(partition.append(batch(&["e"], 1000)).first_offset, 1);
}

#[test]
fn an_abort_that_is_cut_off_is_forgotten() {
    let mut partition = Partition::new(&[]);
    partition.append(transactional(5, 0, &["t"]));
    let marker = konbini_protocol::record::end_transaction_marker(5, 0, false, 0, 1000);
    partition
        .append_as(AppendOrigin::Coordinator, marker)
        .unwrap();
    partition.log.set_high_watermark(2);
    assert_eq!(partition.log.aborted_transactions(0, 2).len(), 1);
    truncate(&mut partition, 1);
    assert_eq!(partition.log.aborted_transactions(0, 2).len(), 0);
    assert_eq!(partition.log.last_stable_offset(), 0);
    let image = partition.disk.image().dirs.remove(&partition.dir).unwrap();
    assert!(!image.files.keys().any(|name| name.ends_with("txnindex")));
}

#[test]
fn starting_over_elsewhere() {
    let mut partition = nine();
    let mut out = Vec::new();
    partition
        .log
        .truncate_fully_and_start_at(100, 1000, &mut out);
    partition.store(out);
    assert_eq!(
        (
            partition.log.log_start_offset(),
            partition.log.log_end_offset()
        ),
        (100, 100)
    );
    assert_eq!(partition.log.epochs(), []);
    partition.reopen();
    assert!(partition.log.is_online(), "{:?}", partition.log.state());
    assert_eq!(
        (
            partition.log.log_start_offset(),
            partition.log.log_end_offset()
        ),
        (100, 100)
    );
    assert_eq!(partition.append(batch(&["z"], 1000)).first_offset, 100);
    partition.reopen();
    assert_eq!(partition.values(), [(100, "z".to_owned())]);
}

#[test]
fn cutting_the_batch_that_holds_the_log_start_leaves_nothing() {
    let mut partition = nine();
    partition.append(batch(&["j", "k", "l"], 1000));
    let mut out = Vec::new();
    partition.log.delete_records(10, &mut out).unwrap();
    partition.store(out);
    assert_eq!(truncate(&mut partition, 11), (10, 12));
    assert_eq!(partition.values(), []);
    partition.reopen();
    assert_eq!(
        (
            partition.log.log_start_offset(),
            partition.log.log_end_offset()
        ),
        (10, 10)
    );
}

#[test]
fn an_emptied_segment_leaves_no_file_behind() {
    let mut partition = nine();
    truncate(&mut partition, 6); // where the third segment starts
    truncate(&mut partition, 0);
    partition.reopen();
    assert_eq!(
        (
            partition.log.log_start_offset(),
            partition.log.log_end_offset()
        ),
        (0, 0)
    );
    assert!(partition.log.is_online());
}

#[test]
fn epochs_that_were_cut_off_are_read_from_the_batches() {
    let mut partition = nine();
    let mut out = Vec::new();
    partition.log.delete_records(7, &mut out).unwrap();
    partition.store(out);
    truncate(&mut partition, 7);
    assert_eq!(partition.log.epochs(), []);
    partition.reopen();
    assert!(partition.log.is_online(), "{:?}", partition.log.state());
    assert_eq!(partition.log.log_end_offset(), 7);
}

/// A leader that appended nothing before the next one was elected.
#[test]
fn an_epoch_without_records_goes_though_no_record_does() {
    let mut partition = nine();
    let mut out = Vec::new();
    let before = partition.log.epochs().to_vec();
    partition.log.assign_epoch(5, 9, &mut out);
    partition.store(out);
    assert_eq!(partition.log.latest_epoch(), Some(5));
    assert_eq!(truncate(&mut partition, 9), (9, 9));
    assert_eq!(partition.log.epochs(), before);
    partition.reopen();
    assert_eq!(partition.log.epochs(), before);
}
