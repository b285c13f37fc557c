use super::super::{CommittedOffset, GroupMetadata, MemberMetadata, Record};
use bytes::Bytes;

fn offset() -> CommittedOffset {
    CommittedOffset {
        offset: 5,
        leader_epoch: 2,
        metadata: "m".to_owned(),
        commit_timestamp: 258,
        expire_timestamp: None,
    }
}

fn offset_record(value: Option<CommittedOffset>) -> Record {
    Record::Offset {
        group: "g".to_owned(),
        topic: "t".to_owned(),
        partition: 3,
        value,
    }
}

fn member() -> MemberMetadata {
    MemberMetadata {
        member_id: "a-1".to_owned(),
        group_instance_id: Some("i".to_owned()),
        client_id: "a".to_owned(),
        client_host: "/h".to_owned(),
        rebalance_timeout_ms: 7,
        session_timeout_ms: 6,
        subscription: Bytes::from_static(b"SU"),
        assignment: Bytes::from_static(b"A"),
    }
}

fn group() -> GroupMetadata {
    GroupMetadata {
        protocol_type: "consumer".to_owned(),
        generation: 9,
        protocol: Some("range".to_owned()),
        leader: Some("a-1".to_owned()),
        current_state_timestamp: 258,
        members: vec![member()],
    }
}

fn group_record(value: Option<GroupMetadata>) -> Record {
    Record::Group {
        group: "g".to_owned(),
        value,
    }
}

const OFFSET_KEY: &[u8] = b"\0\x01\0\x01g\0\x01t\0\0\0\x03";
const GROUP_KEY: &[u8] = b"\0\x02\0\x01g";
const GROUP_V3: &[u8] = b"\0\x03\0\x08consumer\0\0\0\x09\0\x05range\0\x03a-1\
    \0\0\0\0\0\0\x01\x02\0\0\0\x01\
    \0\x03a-1\0\x01i\0\x01a\0\x02/h\0\0\0\x07\0\0\0\x06\0\0\0\x02SU\0\0\0\x01A";

/// What is written, byte for byte as Apache Kafka 4 writes it.
#[test]
fn written_bytes() {
    let expiring = CommittedOffset {
        leader_epoch: -1,
        expire_timestamp: Some(300),
        ..offset()
    };
    type Vector = (Record, &'static [u8], Option<&'static [u8]>);
    let table: [Vector; 5] = [
        (
            offset_record(Some(offset())),
            OFFSET_KEY,
            Some(b"\0\x03\0\0\0\0\0\0\0\x05\0\0\0\x02\0\x01m\0\0\0\0\0\0\x01\x02"),
        ),
        (
            offset_record(Some(expiring)),
            OFFSET_KEY,
            Some(b"\0\x01\0\0\0\0\0\0\0\x05\0\x01m\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\x01\x2c"),
        ),
        (offset_record(None), OFFSET_KEY, None),
        (group_record(Some(group())), GROUP_KEY, Some(GROUP_V3)),
        (group_record(None), GROUP_KEY, None),
    ];
    for (record, key, value) in table {
        let (written_key, written_value) = record.encode();
        assert_eq!(written_key, key, "{record:?}");
        assert_eq!(written_value.as_deref(), value, "{record:?}");
        assert_eq!(Record::decode(key, value).unwrap(), Some(record));
    }
}

/// What older and newer versions of Kafka wrote.
#[test]
fn other_versions_of_offsets_are_read() {
    let no_epoch = CommittedOffset {
        leader_epoch: -1,
        ..offset()
    };
    let offsets: [(&[u8], CommittedOffset); 4] = [
        (
            b"\0\0\0\0\0\0\0\0\0\x05\0\x01m\0\0\0\0\0\0\x01\x02",
            no_epoch.clone(),
        ),
        (
            b"\0\x01\0\0\0\0\0\0\0\x05\0\x01m\0\0\0\0\0\0\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff",
            no_epoch.clone(),
        ),
        (
            b"\0\x02\0\0\0\0\0\0\0\x05\0\x01m\0\0\0\0\0\0\x01\x02",
            no_epoch,
        ),
        // Version 4 with a tagged topic id.
        (
            b"\0\x04\0\0\0\0\0\0\0\x05\0\0\0\x02\x02m\0\0\0\0\0\0\x01\x02\
              \x01\x00\x10................",
            offset(),
        ),
    ];
    for (value, expect) in offsets {
        let decoded = Record::decode(OFFSET_KEY, Some(value)).unwrap();
        assert_eq!(decoded, Some(offset_record(Some(expect))));
    }
}

#[test]
fn other_versions_of_groups_are_read() {
    let v0 = MemberMetadata {
        group_instance_id: None,
        rebalance_timeout_ms: 6,
        ..member()
    };
    let v1 = MemberMetadata {
        group_instance_id: None,
        ..member()
    };
    let groups: [(&[u8], i64, MemberMetadata); 4] = [
        (
            b"\0\0\0\x08consumer\0\0\0\x09\0\x05range\0\x03a-1\0\0\0\x01\
              \0\x03a-1\0\x01a\0\x02/h\0\0\0\x06\0\0\0\x02SU\0\0\0\x01A",
            -1,
            v0,
        ),
        (
            b"\0\x01\0\x08consumer\0\0\0\x09\0\x05range\0\x03a-1\0\0\0\x01\
              \0\x03a-1\0\x01a\0\x02/h\0\0\0\x07\0\0\0\x06\0\0\0\x02SU\0\0\0\x01A",
            -1,
            v1.clone(),
        ),
        (
            b"\0\x02\0\x08consumer\0\0\0\x09\0\x05range\0\x03a-1\0\0\0\0\0\0\x01\x02\0\0\0\x01\
              \0\x03a-1\0\x01a\0\x02/h\0\0\0\x07\0\0\0\x06\0\0\0\x02SU\0\0\0\x01A",
            258,
            v1,
        ),
        (
            b"\0\x04\x09consumer\0\0\0\x09\x06range\x04a-1\0\0\0\0\0\0\x01\x02\x02\
              \x04a-1\x02i\x02a\x03/h\0\0\0\x07\0\0\0\x06\x03SU\x02A\0\0",
            258,
            member(),
        ),
    ];
    for (value, current_state_timestamp, member) in groups {
        let decoded = Record::decode(GROUP_KEY, Some(value)).unwrap();
        let expect = GroupMetadata {
            current_state_timestamp,
            members: vec![member],
            ..group()
        };
        assert_eq!(decoded, Some(group_record(Some(expect))));
    }
}

#[test]
fn keys_of_other_group_types_are_skipped() {
    for version in (9..16u8).chain(17..30) {
        assert_eq!(
            Record::decode(&[0, version, 0, 1, b'g'], Some(b"\0\0")),
            Ok(None)
        );
    }
}

#[test]
fn damage_is_an_error() {
    for end in 0..GROUP_V3.len() {
        assert!(
            Record::decode(GROUP_KEY, Some(&GROUP_V3[..end])).is_err(),
            "cut at {end}"
        );
    }
    assert!(Record::decode(b"", None).is_err());
    assert!(Record::decode(OFFSET_KEY, Some(b"\0\x05")).is_err());
    assert!(Record::decode(GROUP_KEY, Some(b"\xff\xff")).is_err());
    // Lengths that claim more than there is.
    assert!(Record::decode(b"\0\x02\x7f\xffg", None).is_err());
    assert!(Record::decode(GROUP_KEY, Some(b"\0\0\0\0\0\0\0\0\0\0\0\0\x7f\xff\xff\xff")).is_err());
}
