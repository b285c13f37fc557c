//! Disks that fail, bytes that are damaged or not in memory, logs that are deleted.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteTopicsRequest};
use konbini_broker::Input;
use konbini_log::{LogDir, StoreOp};

fn produce_error(driver: &mut Driver, client: ClientId, topic: &str) -> i16 {
    produce(driver, client, topic, &["x"]).error_code
}

#[test]
fn a_failed_directory_takes_only_its_partition_offline() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "bad", 1);
    create(&mut driver, client, "good", 1);
    produce(&mut driver, client, "bad", &["a"]);
    let dir = Some(LogDir::new("bad", 0));
    driver.input(
        1,
        Input::StoreFailed {
            dir,
            reason: "the disk is full".to_owned(),
        },
    );
    assert_eq!(produce_error(&mut driver, client, "bad"), 56);
    assert_eq!(fetch(&mut driver, client, "bad", 0).error_code, 56);
    assert_eq!(produce_error(&mut driver, client, "good"), 0);
    assert!(driver.codes(1).contains(&"log-offline"));
    let offline = driver.brokers[&1].offline_dirs();
    assert_eq!(
        offline,
        [("bad-0".to_owned(), "the disk is full".to_owned())]
    );
}

#[test]
fn evicted_bytes_are_loaded_and_nothing_is_different() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    for i in 0..10 {
        produce(&mut driver, client, "parcels", &[&format!("v{i}")]);
    }
    let before = fetch(&mut driver, client, "parcels", 0);
    let broker = driver.brokers.get_mut(&1).unwrap();
    assert!(broker.resident_bytes() > 0);
    broker.evict(0);
    assert_eq!(broker.resident_bytes(), 0);
    assert_eq!(fetch(&mut driver, client, "parcels", 0), before);
    driver.brokers.get_mut(&1).unwrap().evict(0);
    assert_eq!(
        offset_at(&mut driver, client, "parcels", -3).0,
        0,
        "all at one time"
    );
    assert!(driver.brokers[&1].resident_bytes() > 0, "it was loaded");
}

/// Everything that a run tells: answers, events, disks.
fn tell(forgetful: bool) -> Vec<String> {
    let mut driver = Driver::new(3, &[]);
    driver.forgetful = forgetful;
    let client = driver.connect(1);
    let configs = [("internal.segment.bytes", "2000")];
    create_with(&mut driver, client, "parcels", 1, &configs);
    driver.run_for(100);
    let leader = driver.brokers[&1]
        .metadata()
        .topic("parcels")
        .unwrap()
        .partitions[&0]
        .leader;
    let mut told = Vec::new();
    for round in 0..3 {
        let client = driver.connect(leader);
        for i in 0..20 {
            let batch = records(&[&format!("{round} {i}"), "more"], driver.now);
            let request = produce_request("parcels", 0, -1, batch);
            told.push(format!("{:?}", driver.call(client, 9, &request)));
            driver.run_for(10);
        }
        for offset in [0, 1, 7, 20, 39] {
            let request = fetch_request("parcels", 0, offset, 0).with_max_bytes(500);
            told.push(format!("{:?}", driver.call(client, 11, &request)));
        }
        for timestamp in [-3, driver.now - 100, driver.now - 5] {
            told.push(format!(
                "{:?}",
                offset_at(&mut driver, client, "parcels", timestamp)
            ));
        }
        driver.restart(leader);
        driver.run_for(15_000);
    }
    told.push(format!(
        "{:?} {:?} {}",
        driver.events, driver.disks, driver.now
    ));
    told
}

#[test]
fn what_is_in_memory_changes_nothing() {
    for (one, other) in tell(false).into_iter().zip(tell(true)) {
        assert_eq!(one, other);
    }
}

#[test]
fn a_damaged_stretch_is_an_error_and_never_an_empty_log() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    create(&mut driver, client, "good", 1);
    produce(&mut driver, client, "parcels", &["a"]);
    produce(&mut driver, client, "parcels", &["b"]);
    produce(&mut driver, client, "good", &["c"]);
    driver.brokers.get_mut(&1).unwrap().evict(0);
    let disk = driver.disks.get_mut(&1).unwrap();
    let segment = disk.segment_mut(&LogDir::new("parcels", 0), 0).unwrap();
    segment[65] ^= 0x10;
    assert_eq!(fetch(&mut driver, client, "parcels", 0).error_code, 56);
    assert_eq!(values(&fetch(&mut driver, client, "good", 0)), ["c"]);
    // After a restart it is still no empty log.
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(fetch(&mut driver, client, "parcels", 0).error_code, 56);
    assert_eq!(values(&fetch(&mut driver, client, "good", 0)), ["c"]);
    assert_eq!(driver.brokers[&1].offline_dirs().len(), 1);
}

#[test]
fn a_torn_tail_is_cut_off_and_reported() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    produce(&mut driver, client, "parcels", &["a"]);
    produce(&mut driver, client, "parcels", &["b"]);
    driver.kill(1);
    let disk = driver.disks.get_mut(&1).unwrap();
    let segment = disk.segment_mut(&LogDir::new("parcels", 0), 0).unwrap();
    segment.truncate(segment.len() - 3);
    driver.start(1);
    let client = driver.connect(1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), ["a"]);
    assert!(driver.codes(1).contains(&"log-truncated"));
}

#[test]
fn a_log_without_partition_metadata_is_adopted() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    produce(&mut driver, client, "parcels", &["a"]);
    driver.kill(1);
    let dir = LogDir::new("parcels", 0);
    let name = "partition.metadata".to_owned();
    let disk = driver.disks.get_mut(&1).unwrap();
    disk.apply(konbini_log::StoreOp::Remove { dir, name })
        .unwrap();
    driver.start(1);
    let client = driver.connect(1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), ["a"]);
    // It has an owner again: what is left of a deleted topic is not adopted by the next one.
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), ["a"]);
    let adopted = |driver: &Driver| {
        let codes = driver.codes(1);
        codes.iter().filter(|code| **code == "log-adopted").count()
    };
    assert_eq!(adopted(&driver), 1);
    delete_topic(&mut driver, client, "parcels");
    driver.restart(1);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    assert_eq!(adopted(&driver), 1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), [""; 0]);
}

fn delete_topic(driver: &mut Driver, client: ClientId, topic: &str) -> i16 {
    let topic = DeleteTopicState::default().with_name(Some(name(topic)));
    let request = DeleteTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(1_000);
    driver.call(client, 6, &request).responses[0].error_code
}

#[test]
fn a_deleted_topic_goes_and_its_name_can_be_used_again() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 2);
    produce(&mut driver, client, "parcels", &["old"]);
    assert_eq!(delete_topic(&mut driver, client, "parcels"), 0);
    assert_eq!(delete_topic(&mut driver, client, "parcels"), 3);
    assert_eq!(produce_error(&mut driver, client, "parcels"), 3);
    let dir = LogDir::new("parcels", 0);
    assert!(
        driver.disks[&1].image().dirs.contains_key(&dir),
        "kept for a minute"
    );
    create(&mut driver, client, "parcels", 1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), [""; 0]);
    produce(&mut driver, client, "parcels", &["new"]);
    driver.run_for(61_000);
    let left: Vec<String> = driver.disks[&1]
        .image()
        .dirs
        .keys()
        .map(ToString::to_string)
        .collect();
    assert!(left.contains(&"parcels-0".to_owned()) && !left.contains(&"parcels-1".to_owned()));
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), ["new"]);
}

#[test]
fn deleted_records_are_gone_after_a_restart_too() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    for value in ["a", "b", "c"] {
        produce(&mut driver, client, "parcels", &[value]);
    }
    let delete = |driver: &mut Driver, client: ClientId, offset: i64| {
        let partition = DeleteRecordsPartition::default().with_offset(offset);
        let topic = DeleteRecordsTopic::default()
            .with_name(name("parcels"))
            .with_partitions(vec![partition]);
        let request = DeleteRecordsRequest::default().with_topics(vec![topic]);
        let response = driver.call(client, 2, &request);
        let result = &response.topics[0].partitions[0];
        (result.error_code, result.low_watermark)
    };
    assert_eq!(delete(&mut driver, client, 4), (1, -1));
    assert_eq!(delete(&mut driver, client, 2), (0, 2));
    assert_eq!(fetch(&mut driver, client, "parcels", 1).error_code, 1);
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(fetch(&mut driver, client, "parcels", 1).error_code, 1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 2)), ["c"]);
    assert_eq!(delete(&mut driver, client, -1), (0, 3));
    assert_eq!(offset_at(&mut driver, client, "parcels", -2), (3, -1));
}

#[test]
fn retention_deletes_segments_and_says_why() {
    let mut driver = Driver::new(1, &[("log.retention.check.interval.ms", "1000")]);
    let client = driver.connect(1);
    let configs = [("retention.ms", "60000"), ("internal.segment.bytes", "200")];
    create_with(&mut driver, client, "parcels", 1, &configs);
    for value in ["a", "b", "c", "d"] {
        produce(&mut driver, client, "parcels", &[value; 3]);
    }
    assert!(driver.codes(1).contains(&"segment-rolled"));
    driver.run_for(100_000);
    let event = driver
        .events
        .iter()
        .find(|(_, event)| event.code == "records-deleted");
    let (_, event) = event.expect("an event");
    assert_eq!(event.setting.as_deref(), Some("retention.ms"));
    assert_eq!(offset_at(&mut driver, client, "parcels", -2), (12, -1));
}

#[test]
fn files_of_deleted_segments_go_after_their_delay() {
    let mut driver = Driver::new(1, &[("log.retention.check.interval.ms", "100000")]);
    let client = driver.connect(1);
    let configs = [
        ("retention.ms", "60000"),
        ("internal.segment.bytes", "200"),
        ("file.delete.delay.ms", "5000"),
    ];
    create_with(&mut driver, client, "parcels", 1, &configs);
    for value in ["a", "b", "c", "d"] {
        produce(&mut driver, client, "parcels", &[value; 3]);
    }
    let on_disk = |driver: &Driver| {
        let dirs = driver.disks[&1].image().dirs;
        dirs[&LogDir::new("parcels", 0)].segments.len()
    };
    let segments = on_disk(&driver);
    assert!(segments > 1);
    let deleted = |driver: &Driver| driver.codes(1).contains(&"records-deleted");
    while !deleted(&driver) {
        driver.run_for(1_000);
    }
    assert_eq!(on_disk(&driver), segments);
    driver.run_for(3_000);
    assert_eq!(on_disk(&driver), segments);
    assert_eq!(fetch(&mut driver, client, "parcels", 0).error_code, 1);
    driver.run_for(2_000);
    assert_eq!(on_disk(&driver), 0);

    // So they do after DeleteRecords, and a restart does not wait.
    for value in ["e", "f", "g", "h"] {
        produce(&mut driver, client, "parcels", &[value; 3]);
    }
    let segments = on_disk(&driver);
    let partition = DeleteRecordsPartition::default().with_offset(-1);
    let topic = DeleteRecordsTopic::default()
        .with_name(name("parcels"))
        .with_partitions(vec![partition]);
    let request = DeleteRecordsRequest::default().with_topics(vec![topic]);
    driver.call(client, 2, &request);
    assert_eq!(on_disk(&driver), segments);
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(offset_at(&mut driver, client, "parcels", -2).0, 24);
    assert_eq!(on_disk(&driver), 1);
}

#[test]
fn a_node_that_cannot_write_its_metadata_halts() {
    let mut driver = Driver::new(1, &[]);
    let reason = "the disk is full".to_owned();
    driver.input(1, Input::StoreFailed { dir: None, reason });
    assert_eq!(driver.stopped.len(), 1);
}

/// The start of the metadata log is damaged on the leader's disk, where nobody looks until a voter
/// asks for it.
fn with_damaged_metadata() -> (Driver, i32, i32) {
    let mut driver = Driver::new(3, &[]);
    let leader = driver.controller();
    let wiped = if leader == 1 { 2 } else { 1 };
    driver.brokers.get_mut(&leader).unwrap().evict(0);
    let disk = driver.disks.get_mut(&leader).unwrap();
    let dir = LogDir::new("__cluster_metadata", 0);
    disk.segment_mut(&dir, 0).unwrap()[65] ^= 0x10;
    (driver, leader, wiped)
}

#[test]
fn a_node_that_cannot_read_its_metadata_halts() {
    let (mut driver, leader, wiped) = with_damaged_metadata();
    driver.kill(wiped);
    driver.disks.remove(&wiped);
    driver.start(wiped);
    driver.run_for(10_000);
    let halted = |driver: &Driver| driver.stopped.iter().filter(|it| it.1 == leader).count();
    assert!(driver.codes(leader).contains(&"metadata-log-offline"));
    assert_eq!(halted(&driver), 1);
    // Nor does it start again.
    driver.start(leader);
    driver.run_for(1_000);
    assert_eq!(halted(&driver), 2);
}

#[test]
fn a_node_that_cannot_read_its_vote_halts() {
    let mut driver = Driver::new(1, &[]);
    driver.kill(1);
    let disk = driver.disks.get_mut(&1).unwrap();
    let op = StoreOp::Put {
        dir: LogDir::new("__cluster_metadata", 0),
        name: "quorum-state".to_owned(),
        bytes: "{".into(),
    };
    disk.apply(op).unwrap();
    driver.start(1);
    driver.run_for(1_000);
    assert!(driver.codes(1).contains(&"metadata-log-offline"));
    assert_eq!(driver.stopped.len(), 1);
}
