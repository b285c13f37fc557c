//! Logs that are compacted while they are used.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use konbini_log::LogDir;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, batches};

const COMPACT: [(&str, &str); 3] = [
    ("cleanup.policy", "compact"),
    ("internal.segment.bytes", "300"),
    ("min.cleanable.dirty.ratio", "0.01"),
];

/// One record, `k=v`.
fn put(driver: &mut Driver, client: ClientId, record: &str) -> i16 {
    let (key, value) = record.split_once('=').expect("k=v");
    let mut batch = BatchBuilder::new(Codec::None);
    batch
        .append(
            driver.now,
            Some(key.as_bytes()),
            Some(value.as_bytes()),
            &[],
        )
        .expect("it fits");
    let request = produce_request("parcels", 0, -1, batch.build());
    let response = driver.call(client, 9, &request);
    response.responses[0].partition_responses[0].error_code
}

/// `offset:k=v` of all that is left.
fn read_all(driver: &mut Driver, client: ClientId) -> Vec<String> {
    let mut found = Vec::new();
    let mut offset = 0;
    loop {
        let data = fetch(driver, client, "parcels", offset);
        let before = offset;
        for batch in batches(data.records.unwrap_or_default()) {
            let batch = batch.expect("a batch");
            batch.validate_crc().expect("its CRC is right");
            offset = batch.header.next_offset();
            for record in batch.records() {
                let record = record.expect("a record");
                let text = |bytes: Option<bytes::Bytes>| {
                    String::from_utf8(bytes.unwrap_or_default().to_vec()).expect("text")
                };
                let at = record.offset;
                found.push(format!("{at}:{}={}", text(record.key), text(record.value)));
            }
        }
        if offset == before {
            return found;
        }
    }
}

fn fill(driver: &mut Driver, client: ClientId) {
    for round in 0..5 {
        for key in ["a", "b", "c"] {
            assert_eq!(put(driver, client, &format!("{key}={round}")), 0);
        }
    }
}

fn compacted(driver: &Driver, node: i32) -> usize {
    let codes = driver.codes(node);
    codes
        .iter()
        .filter(|code| **code == "log-compacted")
        .count()
}

fn log_bytes(driver: &Driver, node: i32) -> u32 {
    let image = driver.disks[&node].image();
    image.dirs[&LogDir::new("parcels", 0)]
        .segments
        .values()
        .sum()
}

#[test]
fn the_last_of_each_key_is_left() {
    let mut driver = Driver::new(1, &[("log.cleaner.backoff.ms", "1000")]);
    let client = driver.connect(1);
    create_with(&mut driver, client, "parcels", 1, &COMPACT);
    fill(&mut driver, client);
    let before = (read_all(&mut driver, client), log_bytes(&driver, 1));
    assert_eq!(before.0.len(), 15);
    // What is in memory makes no difference.
    driver.brokers.get_mut(&1).expect("it runs").evict(0);
    driver.run_for(3_000);
    assert!(compacted(&driver, 1) > 0);
    let events = driver.events.iter();
    let mut events = events.filter(|(_, event)| event.code == "log-compacted");
    let (_, event) = events.next().expect("an event");
    assert_eq!(event.setting.as_deref(), Some("min.cleanable.dirty.ratio"));
    let after = (read_all(&mut driver, client), log_bytes(&driver, 1));
    assert!(after.1 < before.1, "{} of {} bytes", after.1, before.1);
    assert!(after.0.len() < 10, "{:?}", after.0);
    assert_eq!(after.0[after.0.len() - 3..], ["12:a=4", "13:b=4", "14:c=4"]);
    assert_eq!(offset_at(&mut driver, client, "parcels", -2).0, 0);
    assert_eq!(offset_at(&mut driver, client, "parcels", -1).0, 15);

    // After a restart it goes on from there, and has nothing to do.
    driver.restart(1);
    let client = driver.connect(1);
    assert_eq!(read_all(&mut driver, client), after.0);
    let count = compacted(&driver, 1);
    driver.run_for(5_000);
    assert_eq!(compacted(&driver, 1), count);
    assert_eq!(put(&mut driver, client, "a=5"), 0);
}

#[test]
fn a_consumer_is_not_told_of_emptied_segments_one_by_one() {
    let mut driver = Driver::new(1, &[("log.cleaner.backoff.ms", "1000")]);
    let client = driver.connect(1);
    let mut settings = COMPACT;
    settings[1].1 = "100";
    create_with(&mut driver, client, "parcels", 1, &settings);
    for round in 0..15 {
        assert_eq!(put(&mut driver, client, &format!("a={round}")), 0);
    }
    driver.run_for(3_000);
    assert!(compacted(&driver, 1) > 0);
    let data = fetch(&mut driver, client, "parcels", 0);
    let mut found = batches(data.records.unwrap_or_default());
    let first = found.next().expect("a batch").expect("it is whole");
    assert_eq!(
        (first.header.base_offset, first.header.records_count),
        (13, 1)
    );
}

#[test]
fn a_log_with_gaps_opens_without_its_indexes() {
    let mut driver = Driver::new(1, &[("log.cleaner.backoff.ms", "1000")]);
    let client = driver.connect(1);
    create_with(&mut driver, client, "parcels", 1, &COMPACT);
    fill(&mut driver, client);
    driver.run_for(3_000);
    let left = read_all(&mut driver, client);
    driver.kill(1);
    let dir = LogDir::new("parcels", 0);
    let disk = driver.disks.get_mut(&1).expect("it is there");
    let files = disk.image().dirs[&dir].files.clone();
    for name in files.into_keys().filter(|name| name.ends_with("index")) {
        let dir = dir.clone();
        let remove = konbini_log::StoreOp::Remove { dir, name };
        disk.apply(remove).expect("in order");
    }
    driver.start(1);
    driver.run_for(1_000);
    let client = driver.connect(1);
    assert_eq!(read_all(&mut driver, client), left);
}

#[test]
fn the_cleaner_can_be_off() {
    let settings = [
        ("log.cleaner.backoff.ms", "1000"),
        ("log.cleaner.enable", "false"),
    ];
    let mut driver = Driver::new(1, &settings);
    let client = driver.connect(1);
    create_with(&mut driver, client, "parcels", 1, &COMPACT);
    fill(&mut driver, client);
    driver.run_for(5_000);
    assert_eq!(compacted(&driver, 1), 0);
    assert_eq!(read_all(&mut driver, client).len(), 15);
}

#[test]
fn replicas_compact_on_their_own_and_a_late_one_copies_gaps() {
    let mut driver = Driver::new(3, &[("log.cleaner.backoff.ms", "1000")]);
    let client = driver.connect(1);
    create_replicated(&mut driver, client, "parcels", (1, 3), &COMPACT);
    driver.run_for(1_000);
    let metadata = driver.brokers[&1].metadata();
    let leader = metadata.topic("parcels").expect("it exists").partitions[&0].leader;
    let late = if leader == 1 { 2 } else { 1 };
    let early = 6 - leader - late;
    driver.kill(late);
    driver.run_for(40_000);
    let client = driver.connect(leader);
    fill(&mut driver, client);
    driver.run_for(5_000);
    assert!(compacted(&driver, leader) > 0);
    assert!(compacted(&driver, early) > 0);
    driver.start(late);
    driver.run_for(10_000);
    let ends = |driver: &Driver, node: i32| {
        let replicas = driver.brokers[&node].replicas();
        let mut parcels = replicas.filter(|replica| replica.topic() == "parcels");
        let log = parcels.next().expect("it has it").log();
        (log.log_end_offset(), log.high_watermark())
    };
    assert_eq!(ends(&driver, late), (15, 15));
    assert_eq!(ends(&driver, leader), (15, 15));
    // What was copied has gaps, also where a recovery reads it.
    driver.restart(late);
    driver.run_for(2_000);
    assert_eq!(driver.brokers[&late].offline_dirs(), []);
    assert_eq!(ends(&driver, late), (15, 15));
}
