use super::*;

const ID: Uuid = Uuid::from_bytes(*b"................");

fn member() -> MemberMetadata {
    MemberMetadata {
        instance_id: Some("i".to_owned()),
        rack_id: None,
        client_id: "c".to_owned(),
        client_host: "/h".to_owned(),
        topics: ["t".to_owned(), "u".to_owned()].into(),
        regex: Some("x.*".to_owned()),
        rebalance_timeout_ms: 7,
        assignor: Some("range".to_owned()),
        classic: None,
    }
}

fn current() -> CurrentAssignment {
    CurrentAssignment {
        epoch: 5,
        previous_epoch: 4,
        state: MemberState::UnrevokedPartitions,
        assigned: [(ID, 0), (ID, 2)].into(),
        revoking: [(ID, 1)].into(),
    }
}

type Vector = (ConsumerRecord, &'static [u8], Option<&'static [u8]>);

/// Every kind of record with what Apache Kafka 4.0 writes for it.
fn vectors() -> Vec<Vector> {
    let topic = TopicMetadata {
        id: ID,
        partitions: 3,
    };
    let classic = MemberMetadata {
        instance_id: None,
        topics: ["t".to_owned()].into(),
        regex: None,
        assignor: None,
        classic: Some(ClassicMember {
            session_timeout_ms: 9,
            protocols: vec![("range".to_owned(), Bytes::from_static(b"M"))],
        }),
        ..member()
    };
    let regex = ResolvedRegex {
        topics: ["xy".to_owned()].into(),
        version: 3,
        timestamp: 258,
    };
    let m = || "m".to_owned();
    vec![
        (
            ConsumerRecord::Group(Some(5)),
            b"\0\x03\0\x01g",
            Some(b"\0\0\0\0\0\x05\0"),
        ),
        (
            ConsumerRecord::Topics(Some([("t".to_owned(), topic)].into())),
            b"\0\x04\0\x01g",
            Some(b"\0\0\x02................\x02t\0\0\0\x03\x01\0\0"),
        ),
        (
            ConsumerRecord::Member {
                member: m(),
                value: Some(member()),
            },
            b"\0\x05\0\x01g\0\x01m",
            Some(b"\0\0\x02i\0\x02c\x03/h\x03\x02t\x02u\x04x.*\0\0\0\x07\x06range\0"),
        ),
        (
            ConsumerRecord::Member {
                member: m(),
                value: Some(classic),
            },
            b"\0\x05\0\x01g\0\x01m",
            Some(
                b"\0\0\0\0\x02c\x03/h\x02\x02t\0\0\0\0\x07\0\
                  \x01\x00\x10\x01\0\0\0\x09\x02\x06range\x02M\0\0",
            ),
        ),
        (
            ConsumerRecord::TargetEpoch(Some(5)),
            b"\0\x06\0\x01g",
            Some(b"\0\0\0\0\0\x05\0"),
        ),
        (
            ConsumerRecord::Target {
                member: m(),
                value: Some([(ID, 0), (ID, 2)].into()),
            },
            b"\0\x07\0\x01g\0\x01m",
            Some(b"\0\0\x02................\x03\0\0\0\0\0\0\0\x02\0\0"),
        ),
        (
            ConsumerRecord::Current {
                member: m(),
                value: Some(current()),
            },
            b"\0\x08\0\x01g\0\x01m",
            Some(
                b"\0\0\0\0\0\x05\0\0\0\x04\x01\
                  \x02................\x03\0\0\0\0\0\0\0\x02\0\
                  \x02................\x02\0\0\0\x01\0\0",
            ),
        ),
        (
            ConsumerRecord::Regex {
                regex: "x.*".to_owned(),
                value: Some(regex),
            },
            b"\0\x10\0\x01g\0\x03x.*",
            Some(b"\0\0\x02\x03xy\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\x01\x02\0"),
        ),
        (ConsumerRecord::Group(None), b"\0\x03\0\x01g", None),
        (ConsumerRecord::Topics(None), b"\0\x04\0\x01g", None),
        (
            ConsumerRecord::Member {
                member: m(),
                value: None,
            },
            b"\0\x05\0\x01g\0\x01m",
            None,
        ),
        (ConsumerRecord::TargetEpoch(None), b"\0\x06\0\x01g", None),
        (
            ConsumerRecord::Target {
                member: m(),
                value: None,
            },
            b"\0\x07\0\x01g\0\x01m",
            None,
        ),
        (
            ConsumerRecord::Current {
                member: m(),
                value: None,
            },
            b"\0\x08\0\x01g\0\x01m",
            None,
        ),
        (
            ConsumerRecord::Regex {
                regex: "x".to_owned(),
                value: None,
            },
            b"\0\x10\0\x01g\0\x01x",
            None,
        ),
    ]
}

fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<(String, ConsumerRecord)>> {
    let mut key = Reader::new(Bytes::copy_from_slice(key));
    let version = key.i16()?;
    ConsumerRecord::decode(version, &mut key, value)
}

#[test]
fn written_bytes() {
    for (record, key, value) in vectors() {
        let (written_key, written_value) = record.encode("g");
        assert_eq!(written_key, key, "{record:?}");
        assert_eq!(written_value.as_deref(), value, "{record:?}");
        assert_eq!(decode(key, value), Ok(Some(("g".to_owned(), record))));
    }
}

/// What Kafka 4.1 adds: the hash of the topics, tag 0, and racks in what 4.0 wrote.
#[test]
fn other_forms_are_read() {
    let hashed = b"\0\0\0\0\0\x05\x01\0\x08........";
    let group = decode(b"\0\x03\0\x01g", Some(hashed));
    assert_eq!(
        group,
        Ok(Some(("g".to_owned(), ConsumerRecord::Group(Some(5)))))
    );
    let racked = b"\0\0\x02................\x02t\0\0\0\x03\x02\0\0\0\x01\x02\x02r\0\0\0";
    let topics = decode(b"\0\x04\0\x01g", Some(racked)).unwrap().unwrap().1;
    let topic = TopicMetadata {
        id: ID,
        partitions: 3,
    };
    assert_eq!(
        topics,
        ConsumerRecord::Topics(Some([("t".to_owned(), topic)].into()))
    );
}

#[test]
fn damage_is_an_error() {
    for (record, key, value) in vectors() {
        for end in 2..key.len() {
            assert!(
                decode(&key[..end], value).is_err(),
                "{record:?} key cut at {end}"
            );
        }
        for end in 0..value.map_or(0, <[u8]>::len) {
            let cut = value.map(|value| &value[..end]);
            assert!(decode(key, cut).is_err(), "{record:?} cut at {end}");
        }
    }
    assert!(
        decode(b"\0\x03\0\x01g", Some(b"\0\x01\0\0\0\x05\0")).is_err(),
        "a newer version"
    );
    let unknown_state = b"\0\0\0\0\0\x05\0\0\0\x04\x7f\x01\x01\0";
    assert!(decode(b"\0\x08\0\x01g\0\x01m", Some(unknown_state)).is_err());
    // Lengths that claim more than there is.
    let huge = b"\0\0\xff\xff\xff\xff\x0f";
    assert!(decode(b"\0\x07\0\x01g\0\x01m", Some(huge)).is_err());
}
