use super::*;

const TOPIC_ID: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);

/// Every record reads back as it was written, and its first bytes are those of Kafka's framing.
fn check(record: Record, framing: [u8; 3]) {
    let bytes = record.encode();
    assert_eq!(bytes[..3], framing, "{record:?}");
    assert_eq!(Record::decode(Some(bytes.clone())), Ok(record));
    for end in 0..bytes.len() {
        // A record that was cut anywhere is refused or, where only optional tags are missing,
        // still no panic.
        let _ = Record::decode(Some(bytes.slice(..end)));
    }
}

#[test]
fn records_read_back_as_written() {
    let register = RegisterBrokerRecord {
        broker_id: 3,
        incarnation_id: TOPIC_ID,
        broker_epoch: 77,
        host: "broker-3".to_owned(),
        port: 9092,
        rack: Some("a".to_owned()),
        fenced: true,
        in_controlled_shutdown: true,
        log_dirs: vec![TOPIC_ID],
    };
    check(Record::RegisterBroker(register), [1, 0, 3]);
    check(
        Record::UnregisterBroker {
            broker_id: 1,
            broker_epoch: 9,
        },
        [1, 1, 0],
    );
    check(
        Record::Topic {
            name: "parcels".to_owned(),
            id: TOPIC_ID,
        },
        [1, 2, 0],
    );
    let partition = PartitionRecord {
        partition_id: 4,
        topic_id: TOPIC_ID,
        replicas: vec![1, 2],
        isr: vec![1],
        removing: vec![2],
        adding: vec![3, 4],
        leader: 1,
        leader_is_recovering: true,
        leader_epoch: 5,
        partition_epoch: 6,
    };
    check(Record::Partition(partition), [1, 3, 1]);
    let config = ConfigRecord {
        resource_type: 2,
        resource_name: "parcels".to_owned(),
        name: "retention.ms".to_owned(),
        value: None,
    };
    check(Record::Config(config), [1, 4, 0]);
    check(Record::RemoveTopic { id: TOPIC_ID }, [1, 9, 0]);
    check(
        Record::FeatureLevel {
            name: "metadata.version".to_owned(),
            level: 25,
        },
        [1, 12, 0],
    );
    check(
        Record::ProducerIds {
            broker_id: 1,
            broker_epoch: 2,
            next_producer_id: 1000,
        },
        [1, 15, 0],
    );
    check(Record::NoOp, [1, 20, 0]);
}

#[test]
fn changes_say_only_what_changed() {
    for isr in [None, Some(vec![]), Some(vec![1, 2])] {
        for leader in [None, Some(-1), Some(2)] {
            let record = PartitionChangeRecord {
                partition_id: 0,
                topic_id: TOPIC_ID,
                isr: isr.clone(),
                leader,
                ..PartitionChangeRecord::default()
            };
            check(Record::PartitionChange(record), [1, 5, 1]);
        }
    }
    for leader_is_recovering in [None, Some(true), Some(false)] {
        let record = PartitionChangeRecord {
            leader_is_recovering,
            ..PartitionChangeRecord::default()
        };
        check(Record::PartitionChange(record), [1, 5, 1]);
    }
    for replicas in [None, Some(vec![1, 2, 3])] {
        for (removing, adding) in [(Some(vec![1]), None), (Some(vec![]), Some(vec![4]))] {
            let record = PartitionChangeRecord {
                partition_id: 0,
                topic_id: TOPIC_ID,
                replicas: replicas.clone(),
                removing,
                adding,
                ..PartitionChangeRecord::default()
            };
            check(Record::PartitionChange(record), [1, 5, 1]);
        }
    }
    for fenced in [None, Some(true), Some(false)] {
        for in_controlled_shutdown in [true, false] {
            let record = BrokerRegistrationChangeRecord {
                broker_id: 1,
                broker_epoch: 2,
                fenced,
                in_controlled_shutdown,
            };
            check(Record::BrokerRegistrationChange(record), [1, 17, 2]);
        }
    }
}

#[test]
fn a_topic_record_has_kafkas_bytes() {
    let bytes = Record::Topic {
        name: "foo".to_owned(),
        id: TOPIC_ID,
    }
    .encode();
    let mut expect = vec![1, 2, 0, 4, b'f', b'o', b'o'];
    expect.extend(TOPIC_ID.as_bytes());
    expect.push(0);
    assert_eq!(bytes[..], expect[..]);
}

#[test]
fn what_is_unknown_is_named() {
    let decode = |bytes: &'static [u8]| Record::decode(Some(Bytes::from_static(bytes)));
    // Kafka's controllers write where they listen.
    assert_eq!(decode(&[1, 27, 0, 0, 0, 0, 1]), Ok(Record::NoOp));
    assert_eq!(Record::decode(None), Err(RecordError::NoValue));
    assert_eq!(decode(&[2, 2, 0]), Err(RecordError::FrameVersion(2)));
    assert_eq!(
        decode(&[1, 99, 0]),
        Err(RecordError::Unknown {
            key: 99,
            version: 0
        })
    );
    assert_eq!(
        decode(&[1, 2, 7]),
        Err(RecordError::Unknown { key: 2, version: 7 })
    );
}
