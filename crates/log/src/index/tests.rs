use bytes::Bytes;

use super::*;

#[test]
fn offset_index_bytes_and_lookups() {
    let mut index = OffsetIndex::new(100);
    for (offset, position) in [(109, 4100), (125, 8300), (131, 12_500)] {
        index.append(offset, position);
    }
    let bytes = index.to_bytes();
    assert_eq!(&bytes[..8], [0, 0, 0, 9, 0, 0, 0x10, 0x04]);
    assert_eq!(
        OffsetIndex::from_bytes(100, &bytes, 20_000),
        Ok(index.clone())
    );

    for (offset, position) in [(100, 0), (108, 0), (109, 4100), (124, 4100), (500, 12_500)] {
        assert_eq!(index.lookup(offset), position, "offset {offset}");
    }
    for (from, limit, expect) in [
        (0, 5000, Some(4100)),
        (0, 9000, Some(8300)),
        (4100, 5000, Some(8300)),
        (0, 100, Some(4100)),
        (12_500, 90_000, None),
    ] {
        assert_eq!(index.boundary(from, limit), expect, "{from}..{limit}");
    }
    index.truncate_to(125);
    assert_eq!(index.last(), Some((109, 4100)));
    assert!(index.is_full(8) && !index.is_full(16));
}

#[test]
fn damaged_offset_indexes_are_refused() {
    let entry =
        |relative: u32, position: u32| [relative.to_be_bytes(), position.to_be_bytes()].concat();
    let check = |bytes: &[u8]| assert!(OffsetIndex::from_bytes(10, bytes, 100).is_err());
    check(&[0; 7]);
    check(&entry(3, 100));
    check(&[entry(3, 20), entry(3, 30)].concat());
    check(&[entry(3, 20), entry(4, 20)].concat());
    assert!(OffsetIndex::from_bytes(10, &entry(3, 99), 100).is_ok());
}

#[test]
fn time_index_bytes_and_lookups() {
    let mut index = TimeIndex::new(100);
    index.maybe_append(-1, 100);
    index.maybe_append(1000, 103);
    index.maybe_append(1000, 104);
    index.maybe_append(2000, 110);
    let bytes = index.to_bytes();
    assert_eq!(bytes.len(), 24);
    assert_eq!(&bytes[..12], [0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 3]);
    assert_eq!(TimeIndex::from_bytes(100, &bytes), Ok(index.clone()));
    for (timestamp, offset) in [(0, 100), (999, 100), (1000, 103), (1999, 103), (5000, 110)] {
        assert_eq!(index.lookup(timestamp), offset, "timestamp {timestamp}");
    }
    index.truncate_to(110);
    assert_eq!(index.last(), Some((1000, 103)));
    assert!(TimeIndex::from_bytes(100, &bytes[..11]).is_err());
    assert!(TimeIndex::from_bytes(100, &[&bytes[12..], &bytes[..12]].concat()).is_err());
}

#[test]
fn transaction_index() {
    let entry = |producer_id, first_offset, last_offset, last_stable_offset| AbortedTransaction {
        producer_id,
        first_offset,
        last_offset,
        last_stable_offset,
    };
    let mut index = TransactionIndex::default();
    let all = [
        entry(7, 0, 10, 11),
        entry(8, 5, 20, 15),
        entry(9, 15, 30, 31),
    ];
    all.into_iter().for_each(|e| index.append(e));
    let bytes = index.to_bytes();
    assert_eq!(bytes.len(), 3 * 34);
    assert_eq!(&bytes[..10], [0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    assert_eq!(TransactionIndex::from_bytes(&bytes), Ok(index.clone()));
    assert!(TransactionIndex::from_bytes(&bytes.slice(1..)).is_err());
    assert!(TransactionIndex::from_bytes(&Bytes::from_static(&[1; 34])).is_err());

    let check = |from, upper, expect: &[i64], complete| {
        let mut out = Vec::new();
        assert_eq!(
            index.collect(from, upper, &mut out),
            complete,
            "{from}..{upper}"
        );
        let producers: Vec<i64> = out.iter().map(|e| e.producer_id).collect();
        assert_eq!(producers, expect, "{from}..{upper}");
    };
    check(0, 5, &[7], true);
    check(0, 12, &[7, 8], true);
    check(11, 100, &[8, 9], false);
    check(31, 100, &[], false);
    assert!(index.truncate_to(30));
    assert!(!index.truncate_to(30));
}
