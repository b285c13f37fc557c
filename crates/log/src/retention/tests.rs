use konbini_protocol::ResponseError;

use crate::partition::*;
use crate::{DeleteReason, RecoveryOptions, RootCheckpoints};

/// Two batches of 71 bytes a segment, at 1000, 2000, 3000 and so on.
fn partition(pairs: &[(&str, &str)], batches: i64) -> Partition {
    let mut all = vec![("internal.segment.bytes", "150")];
    all.extend_from_slice(pairs);
    let mut partition = Partition::new(&all);
    for i in 0..batches {
        partition.now = 1000 * (i + 1);
        partition.append(batch(&["a"], partition.now));
    }
    partition
}

fn enforce(partition: &mut Partition, now: i64) -> Vec<(i64, DeleteReason)> {
    let mut out = Vec::new();
    let deleted = partition.log.enforce_retention(now, &mut out);
    partition.store(out);
    let image = partition.disk.image().dirs.remove(&partition.dir).unwrap();
    for segment in partition.log.segments().filter(|s| s.bytes > 0) {
        assert_eq!(image.segments[&segment.base_offset], segment.bytes);
    }
    deleted
        .into_iter()
        .map(|d| (d.base_offset, d.reason))
        .collect()
}

#[test]
fn by_time() {
    use DeleteReason::Time;
    let mut partition = partition(&[("retention.ms", "2000")], 6);
    assert_eq!(enforce(&mut partition, 4000), []);
    assert_eq!(enforce(&mut partition, 4001), [(0, Time)]);
    assert_eq!(partition.log.log_start_offset(), 2);
    // All of it expired: the active segment is closed and goes too, the offsets go on.
    assert_eq!(enforce(&mut partition, 99_000), [(2, Time), (4, Time)]);
    assert_eq!(
        (
            partition.log.log_start_offset(),
            partition.log.log_end_offset()
        ),
        (6, 6)
    );
    assert_eq!(enforce(&mut partition, 999_000), []);
    assert_eq!(partition.append(batch(&["b"], 99_000)).first_offset, 6);
    partition.reopen();
    assert_eq!(partition.values(), [(6, "b".to_owned())]);
}

#[test]
fn an_emptied_log_remembers_its_end() {
    let mut partition = partition(&[("retention.ms", "1")], 3);
    enforce(&mut partition, 99_000);
    partition.reopen();
    assert_eq!(
        (
            partition.log.log_start_offset(),
            partition.log.log_end_offset()
        ),
        (3, 3)
    );
    assert_eq!(partition.append(batch(&["b"], 99_000)).first_offset, 3);
}

#[test]
fn by_size() {
    use DeleteReason::Size;
    let mut partition = partition(&[("retention.bytes", "200")], 7); // 142 142 142 71
    assert_eq!(enforce(&mut partition, 9000), [(0, Size), (2, Size)]);
    assert_eq!(partition.log.size(), 213);
    assert_eq!(enforce(&mut partition, 9000), []);
}

#[test]
fn not_above_the_high_watermark_and_not_without_delete() {
    let mut held = partition(&[("retention.ms", "1")], 6);
    held.log.set_high_watermark(3);
    assert_eq!(enforce(&mut held, 99_000), [(0, DeleteReason::Time)]);
    let mut compacted = partition(&[("retention.ms", "1"), ("cleanup.policy", "compact")], 6);
    assert_eq!(enforce(&mut compacted, 99_000), []);
    let mut forever = partition(&[("retention.ms", "-1")], 6);
    assert_eq!(enforce(&mut forever, i64::MAX), []);
}

#[test]
fn delete_records() {
    let mut partition = partition(&[], 6);
    let mut out = Vec::new();
    assert_eq!(partition.log.delete_records(3, &mut out), Ok(3));
    assert_eq!(partition.log.delete_records(1, &mut out), Ok(3));
    for offset in [7, -2] {
        let error = partition.log.delete_records(offset, &mut out).unwrap_err();
        assert_eq!(error.error, ResponseError::OffsetOutOfRange);
    }
    let mut checkpoints = RootCheckpoints::default();
    checkpoints.observe(&partition.log);
    checkpoints.flush(&mut out);
    checkpoints.flush(&mut out);
    partition.store(out);
    assert_eq!(enforce(&mut partition, 7000), [(0, DeleteReason::LogStart)]);

    let root = partition.disk.image().dirs[&crate::LogDir::root()].clone();
    let (checkpoints, damaged) = RootCheckpoints::read(&root);
    assert_eq!(damaged, Vec::<String>::new());
    let log_start = checkpoints.log_start(&partition.dir);
    assert_eq!(log_start, Some(3));
    let recovery_point = checkpoints.recovery_point(&partition.dir);
    partition.reopen_with(RecoveryOptions {
        recovery_point,
        log_start,
        now: 7000,
    });
    assert_eq!(partition.log.log_start_offset(), 3);
    assert_eq!(partition.values().len(), 3);
    assert_eq!(partition.log.delete_records(-1, &mut Vec::new()), Ok(3)); // the high watermark
}

#[test]
fn checkpoints_change_only_when_something_did() {
    let partition = partition(&[], 1);
    let (mut checkpoints, mut out) = (RootCheckpoints::default(), Vec::new());
    checkpoints.observe(&partition.log);
    checkpoints.flush(&mut out);
    assert_eq!(out.len(), 1);
    checkpoints.observe(&partition.log);
    checkpoints.flush(&mut out);
    assert_eq!(out.len(), 1);
    checkpoints.forget(&partition.dir);
    checkpoints.flush(&mut out);
    assert_eq!(out.len(), 2);
}

fn bases(partition: &Partition) -> Vec<i64> {
    let image = partition.disk.image().dirs.remove(&partition.dir).unwrap();
    image.segments.keys().copied().collect()
}

fn marks(partition: &Partition) -> usize {
    let image = partition.disk.image().dirs.remove(&partition.dir).unwrap();
    let names = image.files.keys();
    names.filter(|name| name.ends_with(".deleted")).count()
}

fn delete_doomed(partition: &mut Partition, now: i64) {
    let mut out = Vec::new();
    partition.log.delete_doomed(now, &mut out);
    partition.store(out);
}

const DELAYED: [(&str, &str); 2] = [("retention.ms", "2000"), ("file.delete.delay.ms", "500")];

#[test]
fn files_stay_for_a_while() {
    let mut partition = partition(&DELAYED, 6);
    assert_eq!(enforce(&mut partition, 4001).len(), 1);
    assert_eq!(partition.values().len(), 4, "nobody reads it any more");
    assert_eq!((bases(&partition), marks(&partition)), (vec![0, 2, 4], 1));
    assert_eq!(partition.log.next_deletion(), Some(4501));
    assert_eq!(enforce(&mut partition, 4400), []);
    delete_doomed(&mut partition, 4500);
    assert_eq!(bases(&partition), [0, 2, 4]);
    delete_doomed(&mut partition, 4501);
    assert_eq!((bases(&partition), marks(&partition)), (vec![2, 4], 0));
    assert_eq!(partition.log.next_deletion(), None);
}

#[test]
fn a_restart_before_the_files_go_finds_no_ghosts() {
    for (now, left, values) in [(4001, vec![2, 4], 4), (99_000, vec![], 0)] {
        let mut partition = partition(&DELAYED, 6);
        enforce(&mut partition, now);
        let start = partition.log.log_start_offset();
        assert_eq!(bases(&partition), [0, 2, 4]);
        // No checkpoint says where the log starts.
        partition.reopen();
        assert_eq!((bases(&partition), marks(&partition)), (left, 0));
        assert_eq!(partition.log.log_start_offset(), start);
        assert_eq!(partition.log.log_end_offset(), 6);
        assert_eq!(partition.values().len(), values);
        assert_eq!(partition.append(batch(&["b"], 99_000)).first_offset, 6);
    }
}

#[test]
fn a_segment_begins_again_where_a_deleted_one_has_its_files() {
    let mut partition = partition(&DELAYED, 6);
    enforce(&mut partition, 4001);
    let mut out = Vec::new();
    partition.log.truncate_fully_and_start_at(0, 4001, &mut out);
    partition.store(out);
    partition.append(batch(&["again"], 4001));
    delete_doomed(&mut partition, 99_000);
    partition.reopen();
    assert_eq!(partition.values(), [(0, "again".to_owned())]);
}

#[test]
fn a_load_that_comes_too_late_is_no_damage() {
    let mut partition = partition(&DELAYED, 6);
    partition.log.evict(usize::MAX);
    let crate::ReadOutcome::Cold(load) = partition.log.read(0, 100, 6, true) else {
        panic!("nothing is in memory");
    };
    enforce(&mut partition, 4001);
    delete_doomed(&mut partition, 4501);
    let error = partition.disk.load(&load).unwrap_err();
    partition.log.load_failed(&load, &error);
    assert!(partition.log.is_online());
}
