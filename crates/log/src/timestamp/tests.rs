use konbini_protocol::compression::Codec;
use konbini_protocol::record::BatchBuilder;

use crate::TimestampLookup;
use crate::partition::*;

/// Looks up, serving loads; offset and timestamp of what is found.
fn find(partition: &mut Partition, timestamp: Option<i64>) -> Option<(i64, i64, i32)> {
    loop {
        let lookup = match timestamp {
            Some(timestamp) => partition.log.offset_for_timestamp(timestamp),
            None => partition.log.max_timestamp(),
        };
        match lookup {
            TimestampLookup::Found(found) => {
                return Some((found.offset, found.timestamp, found.leader_epoch));
            }
            TimestampLookup::NotFound => return None,
            TimestampLookup::Cold(load) => {
                let bytes = partition.disk.load(&load).unwrap();
                partition.log.loaded(&load, bytes).unwrap();
            }
            TimestampLookup::Offline { reason } => panic!("{reason}"),
        }
    }
}

/// Batches whose records have the timestamps 10 20 30 | 15 25 | 60 50 | 40.
fn partition(pairs: &[(&str, &str)], codec: Codec) -> Partition {
    let mut partition = Partition::new(pairs);
    for times in [&[10, 20, 30][..], &[15, 25], &[60, 50], &[40]] {
        let mut builder = BatchBuilder::new(codec);
        for time in times {
            builder.append(*time, None, Some(b"v"), &[]).unwrap();
        }
        partition.append(builder.build());
    }
    partition
}

#[test]
fn the_earliest_record_at_or_after_a_time() {
    for codec in [Codec::None, Codec::Zstd] {
        for pairs in [
            &[][..],
            &[("internal.segment.bytes", "160")],
            &[("index.interval.bytes", "1")],
        ] {
            let mut partition = partition(pairs, codec);
            for evict in [false, true] {
                for (time, expect) in [
                    (0, Some((0, 10, 0))),
                    (10, Some((0, 10, 0))),
                    (11, Some((1, 20, 0))),
                    (30, Some((2, 30, 0))),
                    (31, Some((5, 60, 0))),
                    (60, Some((5, 60, 0))),
                    (61, None),
                ] {
                    if evict {
                        partition.log.evict(usize::MAX);
                    }
                    let got = find(&mut partition, Some(time));
                    assert_eq!(got, expect, "time {time} {codec:?} {pairs:?}");
                }
                assert_eq!(
                    find(&mut partition, None),
                    Some((5, 60, 0)),
                    "{codec:?} {pairs:?}"
                );
            }
        }
    }
}

#[test]
fn records_below_the_log_start_do_not_count() {
    let mut partition = partition(&[], Codec::Lz4);
    let mut out = Vec::new();
    partition.log.delete_records(1, &mut out).unwrap();
    assert_eq!(find(&mut partition, Some(10)), Some((1, 20, 0)));
    partition.log.delete_records(6, &mut out).unwrap();
    assert_eq!(find(&mut partition, Some(10)), Some((6, 50, 0)));
}

#[test]
fn log_append_time() {
    let mut partition = Partition::new(&[("message.timestamp.type", "LogAppendTime")]);
    for now in [2000, 3000, 3000] {
        partition.now = now;
        partition.append(batch(&["a", "b"], 1));
    }
    assert_eq!(find(&mut partition, Some(2001)), Some((2, 3000, 0)));
    assert_eq!(find(&mut partition, None), Some((2, 3000, 0)));
    let mut out = Vec::new();
    partition.log.delete_records(3, &mut out).unwrap();
    assert_eq!(find(&mut partition, Some(1)), Some((3, 3000, 0)));
}

#[test]
fn an_empty_log_has_none() {
    let mut partition = Partition::new(&[]);
    assert_eq!(find(&mut partition, Some(0)), None);
    assert_eq!(find(&mut partition, None), None);
}
