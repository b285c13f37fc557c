use bytes::Bytes;

use crate::partition::*;
use crate::{LOAD_TARGET_BYTES, LoadError, LogState, ReadOutcome};

#[test]
fn the_least_recently_used_goes_first() {
    let mut partition = Partition::new(&[("internal.segment.bytes", "150")]);
    for value in ["a", "b", "c", "d", "e", "f"] {
        partition.append(batch(&[value], 1000));
    }
    partition.read(0, 10);
    assert_eq!(partition.log.resident_bytes(), 6 * 71);
    // One byte too many frees one batch: that of "b", the oldest that was not read since.
    assert_eq!(partition.log.evict(1), 71);
    assert_eq!(partition.read(0, 10).1, []);
    let (_, loads) = partition.read(1, 10);
    assert_eq!(
        (loads[0].segment, loads[0].position, loads[0].len),
        (0, 71, 71)
    );
    assert_eq!(partition.log.evict(3 * 71), 3 * 71);
    assert_eq!(partition.log.evict(usize::MAX), 3 * 71);
    assert_eq!(partition.log.evict(usize::MAX), 0);
    assert_eq!(partition.values().len(), 6);
}

#[test]
fn what_was_not_used_for_a_while_goes() {
    let mut partition = Partition::new(&[("internal.segment.bytes", "150")]);
    for value in ["a", "b", "c"] {
        partition.append(batch(&[value], 1000));
    }
    // All of it is new.
    assert_eq!(partition.log.evict_unused(), 0);
    partition.read(1, 10);
    partition.append(batch(&["d"], 1000));
    assert_eq!(partition.log.evict_unused(), 2 * 71);
    assert_eq!(partition.log.resident_bytes(), 2 * 71);
    assert_eq!(partition.log.evict_unused(), 2 * 71);
    assert_eq!(partition.values().len(), 4);
}

#[test]
fn loads_are_cut_at_batches() {
    let mut partition = Partition::new(&[]);
    let value = "x".repeat(300_000);
    for _ in 0..12 {
        partition.append(batch(&[&value], 1000));
    }
    partition.log.evict(usize::MAX);
    let (bytes, loads) = partition.read(0, usize::MAX);
    assert_eq!(bytes.len() as u64, partition.log.size());
    assert!(loads.len() >= 4, "{loads:?}");
    let mut next = 0;
    for load in loads {
        assert_eq!(load.position, next);
        assert!(load.len <= LOAD_TARGET_BYTES, "{load:?}");
        next += load.len;
    }
}

fn cold() -> (Partition, crate::Load, Bytes) {
    let mut partition = Partition::new(&[]);
    partition.append(batch(&["a", "b"], 1000));
    partition.append(batch(&["c"], 1000));
    partition.log.evict(usize::MAX);
    let ReadOutcome::Cold(load) = partition.log.read(0, 10, 3, true) else {
        panic!()
    };
    let bytes = partition.disk.load(&load).unwrap();
    (partition, load, bytes)
}

#[test]
fn any_damaged_byte_takes_the_log_offline() {
    let (partition, load, bytes) = cold();
    for at in 0..bytes.len() {
        let mut log = partition.log.clone();
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1;
        log.loaded(&load, damaged.into())
            .expect_err(&format!("byte {at}"));
        assert!(matches!(log.state(), LogState::Offline { .. }), "byte {at}");
        assert!(matches!(
            log.read(0, 10, 3, true),
            ReadOutcome::Offline { .. }
        ));
    }
}

#[test]
fn missing_bytes_take_the_log_offline() {
    let (partition, load, bytes) = cold();
    let mut log = partition.log.clone();
    log.loaded(&load, bytes.slice(1..)).unwrap_err();
    let mut log = partition.log.clone();
    log.load_failed(&load, &LoadError::Missing);
    let LogState::Offline { reason } = log.state() else {
        panic!()
    };
    assert_eq!(reason, "test-0 segment 0 position 0: the bytes are missing");
}

#[test]
fn late_loads_are_ignored() {
    let (mut partition, load, bytes) = cold();
    let mut out = Vec::new();
    partition.log.truncate_fully_and_start_at(9, 1000, &mut out);
    partition.log.loaded(&load, bytes).unwrap();
    assert_eq!(partition.log.resident_bytes(), 0);
}
