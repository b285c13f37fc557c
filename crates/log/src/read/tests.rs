use konbini_protocol::record::batches;

use crate::partition::*;
use crate::{Load, ReadOutcome};

/// Offsets 0 to 9 in batches of 1, 2, 3 and 4 records.
fn ten() -> Partition {
    let mut partition = Partition::new(&[("index.interval.bytes", "1")]);
    for values in [
        &["a"][..],
        &["b", "c"],
        &["d", "e", "f"],
        &["g", "h", "i", "j"],
    ] {
        partition.append(batch(values, 1000));
    }
    partition
}

fn bases(outcome: ReadOutcome) -> (Vec<i64>, i64) {
    let ReadOutcome::Fetched(fetched) = outcome else {
        panic!("{outcome:?}")
    };
    let bytes = fetched.concat();
    assert_eq!(bytes.len(), fetched.size);
    let bases = batches(bytes)
        .map(|b| b.unwrap().header.base_offset)
        .collect();
    (bases, fetched.next_offset)
}

#[test]
fn whole_batches_from_the_one_that_holds_the_offset() {
    let mut partition = ten();
    let mut check = |offset, max, upper, min_one, expect: &[i64], next| {
        let got = bases(partition.log.read(offset, max, upper, min_one));
        assert_eq!(
            got,
            (expect.to_vec(), next),
            "offset {offset} max {max} upper {upper}"
        );
    };
    check(0, 10_000, 10, false, &[0, 1, 3, 6], 10);
    check(2, 10_000, 10, false, &[1, 3, 6], 10);
    check(5, 10_000, 10, false, &[3, 6], 10);
    check(9, 10_000, 10, false, &[6], 10);
    check(10, 10_000, 10, true, &[], 10);
    // The high watermark lies after the third batch, then inside of it.
    check(0, 10_000, 6, false, &[0, 1, 3], 6);
    check(0, 10_000, 5, true, &[0, 1], 3);
    check(6, 10_000, 6, true, &[], 6);
    // Limits in bytes: the batches have 71, 81, 91 and 101.
    check(0, 71 + 81, 10, false, &[0, 1], 3);
    check(0, 71 + 80, 10, false, &[0], 1);
    check(0, 70, 10, false, &[], 0);
    check(0, 0, 10, true, &[0], 1);
    check(4, 1, 10, true, &[3], 6);
}

#[test]
fn out_of_range() {
    let mut partition = ten();
    let mut out = Vec::new();
    partition.log.delete_records(4, &mut out).unwrap();
    for offset in [-1, 0, 3, 11, i64::MAX] {
        let outcome = partition.log.read(offset, 100, 10, true);
        assert_eq!(
            outcome,
            ReadOutcome::OutOfRange {
                log_start: 4,
                log_end: 10
            },
            "{offset}"
        );
    }
    // A batch that the log start cuts is handed out whole.
    assert_eq!(bases(partition.log.read(4, 10_000, 10, true)).0, [3, 6]);
    partition.log.fail("gone");
    assert!(matches!(
        partition.log.read(4, 100, 10, true),
        ReadOutcome::Offline { .. }
    ));
}

#[test]
fn what_is_in_memory_never_changes_a_result() {
    let mut warm = ten();
    let mut cold = ten();
    for offset in 0..10 {
        for max in [0, 71, 152, 200, 1000] {
            assert!(cold.log.evict(usize::MAX) > 0 || cold.log.resident_bytes() == 0);
            assert_eq!(cold.log.resident_bytes(), 0);
            assert_eq!(
                cold.read(offset, max).0,
                warm.read(offset, max).0,
                "{offset} {max}"
            );
        }
    }
}

#[test]
fn one_segment_a_read() {
    let mut partition = Partition::new(&[("internal.segment.bytes", "150")]);
    for value in ["a", "b", "c", "d", "e"] {
        partition.append(batch(&[value], 1000));
    }
    assert_eq!(bases(partition.log.read(1, 10_000, 5, true)), (vec![1], 2));
    assert_eq!(
        bases(partition.log.read(2, 10_000, 5, true)),
        (vec![2, 3], 4)
    );
}

#[test]
fn a_cold_read_asks_for_whole_batches() {
    let mut partition = ten();
    partition.log.evict(usize::MAX);
    let ReadOutcome::Cold(load) = partition.log.read(4, 10, 10, true) else {
        panic!()
    };
    // The index knows the batch before the one that holds offset 4.
    let expect = Load {
        dir: partition.dir.clone(),
        segment: 0,
        position: 71,
        len: 273,
    };
    assert_eq!(load, expect);
}
