//! Logs on a disk of which the metadata says something else than what the directory says, or
//! nothing: what may go, and what must not.

mod driver;

use std::collections::BTreeMap;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::DeleteTopicsRequest;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use konbini_log::checkpoint::uuid_text;
use konbini_log::{DirImage, LogDir, StoreOp};

/// `file.delete.delay.ms` and a little more.
const DELETE_DELAY_MS: i64 = 61_000;
/// KAFKA_STORAGE_ERROR
const STORAGE_ERROR: i16 = 56;

fn dir() -> LogDir {
    LogDir::new("parcels", 0)
}

fn delete(driver: &mut Driver, client: ClientId, topic: &str) {
    let topic = DeleteTopicState::default().with_name(Some(name(topic)));
    let request = DeleteTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(1_000);
    assert_eq!(driver.call(client, 6, &request).responses[0].error_code, 0);
}

/// What one disk has in the directory of `parcels-0`: small files, and the bytes of segments.
fn contents(driver: &mut Driver, node: i32) -> Option<(DirImage, BTreeMap<i64, Vec<u8>>)> {
    contents_of(driver, node, &dir())
}

fn contents_of(
    driver: &mut Driver,
    node: i32,
    dir: &LogDir,
) -> Option<(DirImage, BTreeMap<i64, Vec<u8>>)> {
    let disk = driver.disks.get_mut(&node)?;
    let image = disk.image().dirs.remove(dir)?;
    let bases = image.segments.keys().copied().collect::<Vec<_>>();
    let bytes = bases.into_iter().map(|base| {
        let bytes = disk.segment_mut(dir, base).cloned();
        (base, bytes.expect("it is in the image"))
    });
    let bytes = bytes.collect();
    Some((image, bytes))
}

/// Lays a directory on a disk.
fn lay(driver: &mut Driver, node: i32, (image, segments): (DirImage, BTreeMap<i64, Vec<u8>>)) {
    let disk = driver.disks.get_mut(&node).expect("a disk");
    for (name, bytes) in image.files {
        let dir = dir();
        disk.apply(StoreOp::Put { dir, name, bytes })
            .expect("any file fits");
    }
    for (segment, bytes) in segments {
        let append = StoreOp::Append {
            dir: dir(),
            segment,
            position: 0,
            bytes: bytes.into(),
        };
        disk.apply(append).expect("the segment is new");
    }
}

/// A log of another cluster's topic `parcels` with these values, as its disk has it.
fn foreign(values: &[&str]) -> (DirImage, BTreeMap<i64, Vec<u8>>) {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    // Another number of ids is given before, so that this topic's id is no other's.
    create(&mut driver, client, "before", 1);
    create(&mut driver, client, "parcels", 1);
    if !values.is_empty() {
        produce(&mut driver, client, "parcels", values);
    }
    contents(&mut driver, 1).expect("the topic is here")
}

/// One node that finds a foreign log at its start.
fn with_foreign(values: &[&str]) -> Driver {
    let mut driver = Driver::new(1, &[]);
    driver.kill(1);
    lay(&mut driver, 1, foreign(values));
    driver.start(1);
    driver.run_for(1_000);
    driver
}

#[test]
fn a_log_that_the_metadata_never_heard_of_is_kept_and_reported() {
    let mut driver = with_foreign(&["a", "b"]);
    let before = contents(&mut driver, 1);
    assert!(driver.codes(1).contains(&"stray-log-kept"));
    driver.run_for(DELETE_DELAY_MS);
    assert_eq!(contents(&mut driver, 1), before);
    driver.restart(1);
    driver.run_for(DELETE_DELAY_MS);
    assert_eq!(contents(&mut driver, 1), before);
}

#[test]
fn a_topic_over_a_log_that_the_metadata_never_heard_of_is_offline_and_loses_nothing() {
    let mut driver = with_foreign(&["a", "b"]);
    let before = contents(&mut driver, 1);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 2);
    let check = |driver: &mut Driver| {
        let client = driver.connect(1);
        let refused = produce(driver, client, "parcels", &["new"]);
        assert_eq!(refused.error_code, STORAGE_ERROR);
        let fetched = fetch(driver, client, "parcels", 0);
        assert_eq!(fetched.error_code, STORAGE_ERROR);
        // Its other partition has a place of its own.
        let request = produce_request("parcels", 1, -1, records(&["new"], driver.now));
        let taken = driver.call(client, 9, &request);
        assert_eq!(taken.responses[0].partition_responses[0].error_code, 0);
    };
    check(&mut driver);
    let offline = driver.brokers[&1].offline_dirs();
    assert_eq!(offline.len(), 1);
    let mine = driver.brokers[&1].metadata().topic("parcels").unwrap().id;
    assert!(offline[0].1.contains("the metadata does not know"));
    assert!(!offline[0].1.contains(&uuid_text(mine)), "{}", offline[0].1);
    driver.run_for(400_000);
    assert_eq!(contents(&mut driver, 1), before, "retention came by");
    driver.restart(1);
    driver.run_for(1_000);
    check(&mut driver);
    assert_eq!(contents(&mut driver, 1), before);

    // Deleting the topic is not about the log that lies there.
    let client = driver.connect(1);
    delete(&mut driver, client, "parcels");
    driver.run_for(DELETE_DELAY_MS);
    assert_eq!(contents(&mut driver, 1), before);
}

#[test]
fn the_partition_is_there_once_the_directory_is_gone() {
    let mut driver = with_foreign(&["a", "b"]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    driver.kill(1);
    let disk = driver.disks.get_mut(&1).unwrap();
    disk.apply(StoreOp::DeleteDir { dir: dir() }).unwrap();
    driver.start(1);
    let client = driver.connect(1);
    let taken = produce(&mut driver, client, "parcels", &["new"]);
    assert_eq!((taken.error_code, taken.base_offset), (0, 0));
}

#[test]
fn an_empty_log_is_in_nobodys_way() {
    let mut driver = with_foreign(&[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    assert_eq!(
        produce(&mut driver, client, "parcels", &["new"]).error_code,
        0
    );
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), ["new"]);
}

/// Three nodes; the topic is deleted while node 2, which leads one of its partitions, is down, and
/// node 2 starts again.
fn with_deleted_topic() -> (Driver, ClientId, LogDir) {
    let mut driver = Driver::new(3, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 3);
    driver.run_for(1_000);
    produce_to_2(&mut driver, "old");
    let dir = LogDir::new("parcels", index_on_2(&driver));
    driver.kill(2);
    // The quorum may need a new leader first.
    driver.run_for(5_000);
    delete(&mut driver, client, "parcels");
    driver.start(2);
    // It comes up once the session of the boot before has ended.
    driver.run_for(15_000);
    (driver, client, dir)
}

/// The partition that node 2 leads.
fn index_on_2(driver: &Driver) -> i32 {
    let topic = driver.brokers[&1].metadata().topic("parcels");
    let mut partitions = topic.expect("the topic is known").partitions.iter();
    let found = partitions.find(|(_, state)| state.leader == 2);
    *found.expect("every node leads one of three").0
}

/// Produces to the partition on node 2; returns the offset.
fn produce_to_2(driver: &mut Driver, value: &str) -> i64 {
    let client = driver.connect(2);
    let index = index_on_2(driver);
    let request = produce_request("parcels", index, -1, records(&[value], driver.now));
    let response = driver.call(client, 9, &request);
    let taken = &response.responses[0].partition_responses[0];
    assert_eq!(taken.error_code, 0);
    taken.base_offset
}

#[test]
fn the_log_of_a_topic_that_was_deleted_meanwhile_goes() {
    let (mut driver, _, dir) = with_deleted_topic();
    let left = contents_of(&mut driver, 2, &dir);
    assert!(left.is_some(), "kept for a minute");
    // The record that deleted the topic is in the local log now: the next start replays it.
    driver.restart(2);
    driver.run_for(DELETE_DELAY_MS);
    assert_eq!(contents_of(&mut driver, 2, &dir), None);
    assert!(!driver.codes(2).contains(&"stray-log-kept"));
}

#[test]
fn a_deleted_topics_log_makes_way_for_the_next_topic_of_that_name_at_once() {
    let (mut driver, client, dir) = with_deleted_topic();
    create(&mut driver, client, "parcels", 3);
    driver.run_for(1_000);
    assert_eq!(LogDir::new("parcels", index_on_2(&driver)), dir);
    assert_eq!(produce_to_2(&mut driver, "new"), 0);
}

fn leader_of_parcels(driver: &Driver) -> i32 {
    let topic = driver.brokers[&1].metadata().topic("parcels");
    topic.expect("the topic is known").partitions[&0].leader
}

#[test]
fn a_log_of_a_partition_that_lives_elsewhere_goes() {
    let mut driver = Driver::new(2, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    driver.run_for(1_000);
    let home = leader_of_parcels(&driver);
    let other = 3 - home;
    let client = driver.connect(home);
    produce(&mut driver, client, "parcels", &["a"]);
    let copy = contents(&mut driver, home).expect("it lives there");
    driver.kill(other);
    lay(&mut driver, other, copy);
    driver.start(other);
    // It comes up once the session of the boot before has ended.
    driver.run_for(10_000 + DELETE_DELAY_MS);
    assert!(driver.codes(other).contains(&"stray-log"));
    assert_eq!(contents(&mut driver, other), None);
    let client = driver.connect(home);
    assert_eq!(values(&fetch(&mut driver, client, "parcels", 0)), ["a"]);
}

#[test]
fn a_controller_without_its_metadata_log_does_not_start_over_the_logs_that_it_has() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    produce(&mut driver, client, "parcels", &["a"]);
    let before = contents(&mut driver, 1);
    driver.kill(1);
    let disk = driver.disks.get_mut(&1).unwrap();
    let dir = LogDir::new("__cluster_metadata", 0);
    disk.apply(StoreOp::DeleteDir { dir }).unwrap();
    driver.start(1);
    driver.run_for(DELETE_DELAY_MS);
    assert!(driver.codes(1).contains(&"metadata-log-offline"));
    assert_eq!(driver.stopped.len(), 1);
    assert_eq!(contents(&mut driver, 1), before);
}

#[test]
fn deleted_topics_leave_nothing_in_the_metadata_image() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let before = driver.brokers[&1].metadata().clone();
    for _ in 0..3 {
        create_with(&mut driver, client, "parcels", 2, &[("retention.ms", "1")]);
        delete(&mut driver, client, "parcels");
    }
    assert_eq!(*driver.brokers[&1].metadata(), before);
}
