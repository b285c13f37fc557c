use super::super::state::{NO_EPOCH, NO_PRODUCER_ID, NO_TIMESTAMP};
use super::super::{Record, State, Transaction};

fn bytes(hex: &str) -> Vec<u8> {
    let hex: String = hex.split_whitespace().collect();
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn ongoing() -> Transaction {
    Transaction {
        producer_id: 7,
        previous_producer_id: NO_PRODUCER_ID,
        next_producer_id: NO_PRODUCER_ID,
        epoch: 3,
        last_epoch: NO_EPOCH,
        timeout_ms: 60_000,
        state: State::Ongoing,
        partitions: [
            ("a".to_owned(), 0),
            ("a".to_owned(), 2),
            ("b".to_owned(), 1),
        ]
        .into(),
        start_ms: 16,
        updated_ms: 17,
        client_version: 2,
    }
}

const KEY: &str = "0000 0001 74";
const ONGOING: &str = "0001 0000000000000007 0003 0000ea60 01
    03 02 61 03 00000000 00000002 00 02 62 02 00000001 00
    0000000000000011 0000000000000010 01 02 02 0002";
/// The same in the format before flexible versions, which does not know the client's version.
const OLD: &str = "0000 0000000000000007 0003 0000ea60 01
    00000002 0001 61 00000002 00000000 00000002 0001 62 00000001 00000001
    0000000000000011 0000000000000010";
const EMPTY: &str = "0001 0000000000000008 0000 000003e8 00 00
    0000000000000011 ffffffffffffffff 02 00 08 0000000000000007 01 08 0000000000000009";

#[test]
fn records_have_kafkas_bytes() {
    let empty = Transaction {
        producer_id: 8,
        previous_producer_id: 7,
        next_producer_id: 9,
        epoch: 0,
        timeout_ms: 1_000,
        state: State::Empty,
        partitions: Default::default(),
        start_ms: NO_TIMESTAMP,
        client_version: 0,
        ..ongoing()
    };
    for (value, hex) in [(ongoing(), ONGOING), (empty, EMPTY)] {
        let record = Record {
            transactional_id: "t".to_owned(),
            value: Some(value),
        };
        let (key, value) = record.encode();
        let value = value.expect("no tombstone");
        assert_eq!(key, bytes(KEY));
        assert_eq!(value, bytes(hex));
        assert_eq!(Record::decode(&key, Some(&value)), Ok(Some(record)));
    }
}

#[test]
fn older_values_are_read() {
    let read = Record::decode(&bytes(KEY), Some(&bytes(OLD)))
        .unwrap()
        .unwrap();
    let expected = Transaction {
        client_version: 0,
        ..ongoing()
    };
    assert_eq!(read.value, Some(expected));
    let none = OLD.replace(
        "00000002 0001 61 00000002 00000000 00000002 0001 62 00000001 00000001",
        "ffffffff",
    );
    let read = Record::decode(&bytes(KEY), Some(&bytes(&none)))
        .unwrap()
        .unwrap();
    assert!(read.value.unwrap().partitions.is_empty());
}

#[test]
fn what_is_no_record_is_refused() {
    let key = bytes(KEY);
    let unknown_state = ONGOING.replacen("0000ea60 01", "0000ea60 09", 1);
    let unknown_version = ONGOING.replacen("0001", "0002", 1);
    for hex in [&unknown_state[..], &unknown_version, &ONGOING[..40], ""] {
        assert!(Record::decode(&key, Some(&bytes(hex))).is_err(), "{hex}");
    }
    assert_eq!(Record::decode(&bytes("0001 0001 74"), None), Ok(None));
    let tombstone = Record {
        transactional_id: "t".to_owned(),
        value: None,
    };
    assert_eq!(tombstone.encode().1, None);
    assert_eq!(Record::decode(&key, None), Ok(Some(tombstone)));
}
