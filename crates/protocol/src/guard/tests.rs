use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, FetchRequest, MetadataRequest, ProduceRequest, TopicName};
use kafka_protocol::protocol::{Encodable, StrBytes};
use proptest::prelude::*;

use super::{MAX_ARRAY_ELEMENTS, decode};
use crate::api;
use crate::schema::Writer;

fn encoded<T: Encodable>(message: &T, version: i16) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(&mut out, version).unwrap();
    out.freeze()
}

#[test]
fn a_claimed_array_length_is_refused_without_memory() {
    for claim in [70_000, 1 << 24, i32::MAX] {
        let mut old = BytesMut::new();
        old.put_i32(claim);
        old.put_bytes(0, 32);
        let error = decode::<MetadataRequest>(&old.freeze(), 1).unwrap_err();
        assert!(error.contains("array length"), "{error}");
    }
    // The same as a varint.
    let flexible = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]);
    assert!(decode::<MetadataRequest>(&flexible, 12).is_err());
}

#[test]
fn an_array_over_the_limit_is_refused_even_when_the_bytes_are_there() {
    let count = MAX_ARRAY_ELEMENTS + 1;
    let mut old = BytesMut::new();
    old.put_i32(count as i32);
    old.put_bytes(0, 4 * count);
    assert!(decode::<MetadataRequest>(&old.freeze(), 1).is_err());

    let mut length = Writer::new();
    length.unsigned_varint(count as u32 + 1);
    let mut flexible = BytesMut::from(length.finish());
    flexible.put_bytes(1, 4 * count);
    let error = decode::<MetadataRequest>(&flexible.freeze(), 9).unwrap_err();
    assert!(error.contains("more than"), "{error}");
}

#[test]
fn large_numbers_and_large_bytes_pass() {
    let records = Bytes::from(vec![7u8; 200_000]);
    for version in 3..=13 {
        let partition = |index| {
            PartitionProduceData::default()
                .with_index(index)
                .with_records(Some(records.clone()))
        };
        let mut topic = TopicProduceData::default()
            .with_partition_data(vec![partition(i32::MAX), partition(70_000)]);
        if version < 13 {
            topic = topic.with_name(TopicName(StrBytes::from_static_str("t")));
        }
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(120_000)
            .with_topic_data(vec![topic]);
        let bytes = encoded(&request, version);
        assert_eq!(
            decode::<ProduceRequest>(&bytes, version).unwrap().0,
            request,
            "v{version}"
        );
    }
    for version in 4..=12 {
        let partition = FetchPartition::default()
            .with_partition(3)
            .with_fetch_offset(1 << 40)
            .with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_static_str("t")))
            .with_partitions(vec![partition]);
        let request = FetchRequest::default()
            .with_max_wait_ms(500)
            .with_max_bytes(50 << 20)
            .with_topics(vec![topic]);
        let bytes = encoded(&request, version);
        assert_eq!(
            decode::<FetchRequest>(&bytes, version).unwrap().0,
            request,
            "v{version}"
        );
    }
}

#[test]
fn an_array_hidden_behind_a_large_number_is_refused() {
    // Fetch v4: replica, max wait, min bytes, max bytes, isolation, then the topics' count.
    let mut bytes = BytesMut::new();
    for number in [-1, 500, 1, 50 << 20] {
        bytes.put_i32(number);
    }
    bytes.put_i8(0);
    bytes.put_i32(i32::MAX);
    bytes.put_bytes(0, 100);
    assert!(decode::<FetchRequest>(&bytes.freeze(), 4).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(
        prop_oneof![3 => any::<u8>(), 2 => Just(0u8), 1 => Just(0xffu8), 1 => Just(0x7fu8)], 0..120,
    )) {
        let body = Bytes::from(body);
        for key in ApiKey::iter() {
            let Some(versions) = api::versions(key) else {
                continue;
            };
            for version in versions.min..=versions.max {
                // A decoded value or an error: both are fine, a panic is not.
                let _ = api::decode_request(key, version, &body);
                let _ = api::decode_response(key, version, &body);
            }
        }
    }
}
