//! One node: topics, produce, fetch, offsets, restart.

mod driver;

use driver::requests::*;
use driver::{Driver, START};
use kafka_protocol::messages::MetadataRequest;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;

#[test]
fn produce_then_fetch() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    assert_eq!(
        produce(&mut driver, client, "parcels", &["a", "b"]).base_offset,
        0
    );
    let second = produce(&mut driver, client, "parcels", &["c"]);
    assert_eq!((second.base_offset, second.log_start_offset), (2, 0));

    let data = fetch(&mut driver, client, "parcels", 0);
    assert_eq!(data.high_watermark, 3);
    assert_eq!(values(&data), ["a", "b", "c"]);
    // From the middle of a batch the whole batch comes.
    assert_eq!(
        values(&fetch(&mut driver, client, "parcels", 1)),
        ["a", "b", "c"]
    );
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 3)), [""; 0]);
    assert_eq!(fetch(&mut driver, client, "parcels", 4).error_code, 1);
}

#[test]
fn offsets_by_timestamp() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let start = driver.now;
    produce(&mut driver, client, "parcels", &["a", "b", "c"]);
    assert_eq!(offset_at(&mut driver, client, "parcels", -1), (3, -1));
    assert_eq!(offset_at(&mut driver, client, "parcels", -2), (0, -1));
    assert_eq!(
        offset_at(&mut driver, client, "parcels", -3),
        (2, start + 2)
    );
    assert_eq!(offset_at(&mut driver, client, "parcels", -4), (0, -1));
    assert_eq!(offset_at(&mut driver, client, "parcels", -5), (-1, -1));
    assert_eq!(
        offset_at(&mut driver, client, "parcels", start + 1),
        (1, start + 1)
    );
    assert_eq!(
        offset_at(&mut driver, client, "parcels", start + 3),
        (-1, -1)
    );
}

#[test]
fn an_empty_fetch_waits_and_is_woken_by_an_append() {
    let mut driver = Driver::new(1, &[]);
    let (reader, writer) = (driver.connect(1), driver.connect(1));
    create(&mut driver, writer, "parcels", 1);
    let start = driver.now;
    driver.send(reader, 11, &fetch_request("parcels", 0, 0, 500));
    driver.run_for(200);
    assert_eq!(driver.take_frame(reader), None);
    produce(&mut driver, writer, "parcels", &["a"]);
    assert!(driver.take_frame(reader).is_some(), "woken at once");

    driver.send(reader, 11, &fetch_request("parcels", 0, 1, 500));
    let sent = driver.now;
    assert!(driver.wait_frame(reader, 10_000).is_some());
    assert_eq!(
        driver.now - sent,
        500,
        "an empty answer comes after max_wait_ms"
    );
    assert!(start < sent);
}

#[test]
fn acks() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    driver.send(
        client,
        9,
        &produce_request("parcels", 0, 0, records(&["a"], START)),
    );
    driver.run_for(1_000);
    assert_eq!(driver.take_frame(client), None, "acks=0 has no response");
    let one = produce_request("parcels", 0, 1, records(&["b"], START));
    assert_eq!(
        driver.call(client, 9, &one).responses[0].partition_responses[0].base_offset,
        1
    );
    let bad = produce_request("parcels", 0, 2, records(&["c"], START));
    assert_eq!(
        driver.call(client, 9, &bad).responses[0].partition_responses[0].error_code,
        21
    );
    // Without acks the only way to say that it failed is to close.
    driver.send(
        client,
        9,
        &produce_request("elsewhere", 0, 0, records(&["d"], START)),
    );
    assert!(driver.is_closed(client));
}

#[test]
fn metadata_creates_topics_when_allowed() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let ask = |text: &str, create: bool| {
        MetadataRequest::default()
            .with_topics(Some(vec![
                MetadataRequestTopic::default().with_name(Some(name(text))),
            ]))
            .with_allow_auto_topic_creation(create)
    };
    let response = driver.call(client, 12, &ask("new", false));
    assert_eq!(response.topics[0].error_code, 3);
    let response = driver.call(client, 12, &ask("new", true));
    assert_eq!(
        response.topics[0].error_code, 3,
        "this answer still does not know it"
    );
    let response = driver.call(client, 12, &ask("new", false));
    assert_eq!(response.topics[0].error_code, 0);
    assert_eq!(response.topics[0].partitions[0].leader_id.0, 1);
    assert!(!response.topics[0].topic_id.is_nil());
    assert_eq!(
        driver.call(client, 12, &ask("a b", true)).topics[0].error_code,
        17
    );

    let all = driver.call(client, 12, &MetadataRequest::default().with_topics(None));
    assert_eq!(all.topics.len(), 1);
    let none = driver.call(
        client,
        12,
        &MetadataRequest::default().with_topics(Some(vec![])),
    );
    assert_eq!(none.topics.len(), 0);
    let old = driver.call(
        client,
        0,
        &MetadataRequest::default().with_topics(Some(vec![])),
    );
    assert_eq!(old.topics.len(), 1, "in v0 an empty list means all");
    assert_eq!(all.controller_id.0, 1);
    assert_eq!(all.brokers.len(), 1);
}

#[test]
fn a_restart_finds_everything() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create_with(
        &mut driver,
        client,
        "parcels",
        3,
        &[("retention.ms", "1000000")],
    );
    produce(&mut driver, client, "parcels", &["a", "b"]);
    for boot in 0..3 {
        driver.restart(1);
        let client = driver.connect(1);
        let data = fetch(&mut driver, client, "parcels", 0);
        assert_eq!(values(&data).len(), 2 + boot);
        assert_eq!(data.high_watermark, 2 + boot as i64);
        produce(&mut driver, client, "parcels", &["more"]);
    }
    let broker = &driver.brokers[&1];
    let topic = broker
        .metadata()
        .topic("parcels")
        .expect("the topic is there");
    assert_eq!(topic.partitions.len(), 3);
    assert!(
        topic.partitions[&0].leader_epoch > 0,
        "each boot leads in a new epoch"
    );
    let log = broker.replica("parcels", 0).expect("a replica").log();
    assert_eq!(log.config().retention_ms, 1_000_000);
    assert!(log.epochs().len() >= 3);
}
