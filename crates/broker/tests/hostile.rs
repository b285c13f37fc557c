//! Bytes that no client should send. Nothing may panic, hang or disturb anybody else.

mod driver;

use bytes::{Bytes, BytesMut};
use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::*;
use konbini_protocol::frame::frame;
use konbini_protocol::request::{self, RequestHeader};
use konbini_protocol::{StrBytes, response};

fn header(key: i16, version: i16) -> RequestHeader {
    RequestHeader {
        api_key: key,
        api_version: version,
        correlation_id: 9,
        client_id: Some(StrBytes::from_static_str("bad")),
    }
}

/// The node still serves others.
fn check_alive(driver: &mut Driver) {
    let client = driver.connect(1);
    let response = driver.call(client, 12, &MetadataRequest::default().with_topics(None));
    assert_eq!(response.brokers.len(), 1);
}

fn closes(driver: &mut Driver, bytes: impl Into<Bytes>) {
    let client = driver.connect(1);
    driver.send_bytes(client, bytes);
    assert!(driver.is_closed(client));
    assert!(driver.codes(1).contains(&"connection-closed-by-broker"));
    check_alive(driver);
}

#[test]
fn what_is_no_request_closes_the_connection() {
    let mut driver = Driver::new(1, &[]);
    closes(&mut driver, vec![0xff; 16]);
    closes(&mut driver, vec![0x7f, 0xff, 0xff, 0xff]);
    closes(&mut driver, frame(b""));
    closes(&mut driver, frame(b"GET / HTTP/1.1"));
    // A known key in a version that is not served: Produce 2, Metadata 99, PushTelemetry.
    for (key, version) in [(0, 2), (3, 99), (72, 0), (3, -1)] {
        let mut body = BytesMut::new();
        for part in [key as i16, version as i16, 0, 0, -1] {
            body.extend_from_slice(&part.to_be_bytes());
        }
        closes(&mut driver, frame(&body));
    }
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_v0() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let mut body = BytesMut::new();
    for part in [18i16, 99, 0, 9, -1] {
        body.extend_from_slice(&part.to_be_bytes());
    }
    body.extend_from_slice(&[0]); // tags of the header
    driver.send_bytes(client, frame(&body));
    let answer = driver.take_frame(client).expect("an answer at once");
    assert_eq!(response::correlation_id(&answer), Some(9));
    let (_, body) = response::decode::<ApiVersionsRequest>(&answer, 0).expect("a v0 body");
    assert_eq!(body.error_code, 35);
    assert!(
        body.api_keys
            .iter()
            .any(|api| api.api_key == 18 && api.max_version == 4)
    );
    // The connection goes on.
    let request = ApiVersionsRequest::default()
        .with_client_software_name("a".into())
        .with_client_software_version("b".into());
    assert_eq!(driver.call(client, 3, &request).error_code, 0);
    let bad = ApiVersionsRequest::default().with_client_software_name("a b".into());
    assert_eq!(driver.call(client, 3, &bad).error_code, 42);
}

/// Valid frames of many kinds, to be damaged.
fn samples(driver: &Driver) -> Vec<Bytes> {
    let metadata = MetadataRequest::default()
        .with_topics(Some(vec![
            metadata_request::MetadataRequestTopic::default().with_name(Some(name("parcels"))),
        ]))
        .with_allow_auto_topic_creation(false);
    let produce = produce_request("parcels", 0, -1, records(&["a", "b"], driver.now));
    let fetch = fetch_request("parcels", 0, 0, 0);
    let create = CreateTopicsRequest::default().with_topics(vec![
        create_topics_request::CreatableTopic::default()
            .with_name(name("x"))
            .with_num_partitions(1)
            .with_replication_factor(1),
    ]);
    vec![
        request::encode(&header(3, 12), &metadata).unwrap(),
        request::encode(&header(3, 4), &metadata).unwrap(),
        request::encode(&header(0, 9), &produce).unwrap(),
        request::encode(&header(0, 3), &produce).unwrap(),
        request::encode(&header(1, 12), &fetch).unwrap(),
        request::encode(&header(1, 4), &fetch).unwrap(),
        request::encode(&header(19, 7), &create).unwrap(),
        request::encode(&header(60, 0), &DescribeClusterRequest::default()).unwrap(),
    ]
}

fn send(driver: &mut Driver, bytes: Bytes) -> ClientId {
    let client = driver.connect(1);
    driver.send_bytes(client, bytes);
    client
}

#[test]
fn cut_and_flipped_requests_do_no_harm() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    for sample in samples(&driver) {
        let body = sample.slice(4..);
        for end in 0..body.len() {
            send(&mut driver, frame(&body[..end]));
        }
        for at in 0..body.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = body.to_vec();
                damaged[at] ^= flip;
                send(&mut driver, frame(&damaged));
            }
        }
    }
    driver.run_for(60_000);
    check_alive(&mut driver);
}

#[test]
fn a_stream_may_be_cut_anywhere_and_answers_stay_in_order() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let mut stream = BytesMut::new();
    for id in 0..20 {
        let mut header = header(1, 11);
        header.correlation_id = 1_000 + id;
        // Every other fetch waits, so the ones behind it must wait too.
        let fetch = fetch_request("parcels", 0, 0, if id % 2 == 0 { 50 } else { 0 });
        stream.extend_from_slice(&request::encode(&header, &fetch).unwrap());
    }
    for piece in stream.chunks(7) {
        driver.send_bytes(client, Bytes::copy_from_slice(piece));
    }
    for id in 0..20 {
        let answer = driver.wait_frame(client, 1_000).expect("an answer");
        assert_eq!(response::correlation_id(&answer), Some(1_000 + id));
    }
}

#[test]
fn a_bad_batch_is_refused_and_the_next_taken() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let good = records(&["a"], driver.now);
    let send = |driver: &mut Driver, batch: Vec<u8>| {
        let request = produce_request("parcels", 0, -1, batch.into());
        driver.call(client, 9, &request).responses[0].partition_responses[0].error_code
    };
    let mut flipped = good.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(send(&mut driver, flipped), 2);
    assert_ne!(send(&mut driver, good[..30].to_vec()), 0);
    assert_ne!(send(&mut driver, Vec::new()), 0);
    let large = records(&[&"x".repeat(1_100_000)], driver.now);
    assert_eq!(send(&mut driver, large.to_vec()), 10);
    assert_eq!(send(&mut driver, good.to_vec()), 0);
}

#[test]
fn a_closed_connection_takes_its_waiting_request_along() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    driver.send(client, 11, &fetch_request("parcels", 0, 0, 10_000));
    assert_eq!(driver.brokers[&1].parked_requests(), 1);
    driver.hang_up(client);
    assert_eq!(driver.brokers[&1].parked_requests(), 0);
    assert_eq!(driver.brokers[&1].connections(), 0);
}
