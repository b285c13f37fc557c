//! Transactions: what becomes visible when, who is fenced, and what happens when brokers die.

mod driver;

use driver::Driver;
use driver::requests::*;
use driver::transactions::*;
use kafka_protocol::messages::{InitProducerIdRequest, TransactionalId};

const INVALID_REQUEST: i16 = 42;
const INVALID_PRODUCER_EPOCH: i16 = 47;
const INVALID_TXN_STATE: i16 = 48;
const CONCURRENT_TRANSACTIONS: i16 = 51;
const UNSTABLE_OFFSET_COMMIT: i16 = 88;
const PRODUCER_FENCED: i16 = 90;
const TRANSACTION_ABORTABLE: i16 = 120;

const ALL: [Versions; 3] = [OLDEST, V1, V2];

fn one_broker() -> Driver {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 2);
    driver
}

fn producer(driver: &mut Driver, id: &str, versions: Versions) -> Producer {
    let mut producer = Producer::new(id, versions);
    producer.init(driver);
    producer
}

/// It is refused before anybody asks for a coordinator, of which there is none yet.
#[test]
fn an_empty_transactional_id_is_refused() {
    let mut driver = one_broker();
    let client = driver.connect(1);
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(TransactionalId(text(""))))
        .with_transaction_timeout_ms(60_000);
    let answer = driver.call(client, 4, &request);
    assert_eq!(answer.error_code, INVALID_REQUEST);
}

#[test]
fn committed_records_are_seen_and_aborted_ones_are_not() {
    for versions in ALL {
        let mut driver = one_broker();
        let mut it = producer(&mut driver, "t", versions);
        it.send(&mut driver, "parcels", 0, &["a", "b"]);
        it.send(&mut driver, "parcels", 1, &["c"]);
        assert_eq!(read_committed(&mut driver, "parcels", 0), [""; 0]);
        it.end(&mut driver, true);
        driver.run_for(100);
        it.send(&mut driver, "parcels", 0, &["no"]);
        it.end(&mut driver, false);
        driver.run_for(100);
        it.send(&mut driver, "parcels", 0, &["d"]);
        it.end(&mut driver, true);
        driver.run_for(100);
        assert_eq!(read_committed(&mut driver, "parcels", 0), ["a", "b", "d"]);
        assert_eq!(read_committed(&mut driver, "parcels", 1), ["c"]);
        // Whoever reads everything sees the aborted record too; three markers take an offset each.
        let client = driver.connect(1);
        let all = fetch(&mut driver, client, "parcels", 0);
        assert_eq!(all.high_watermark, 7, "{versions:?}");
        assert_eq!(stable_end(&mut driver, "parcels", 0), 7);
    }
}

#[test]
fn the_oldest_open_transaction_holds_back_the_stable_offset() {
    let mut driver = one_broker();
    let mut slow = producer(&mut driver, "slow", V2);
    let mut quick = producer(&mut driver, "quick", V2);
    slow.send(&mut driver, "parcels", 0, &["s"]);
    quick.send(&mut driver, "parcels", 0, &["q"]);
    quick.end(&mut driver, true);
    driver.run_for(100);
    assert_eq!(stable_end(&mut driver, "parcels", 0), 0);
    assert_eq!(read_committed(&mut driver, "parcels", 0), [""; 0]);
    slow.end(&mut driver, false);
    driver.run_for(100);
    assert_eq!(stable_end(&mut driver, "parcels", 0), 4);
    assert_eq!(read_committed(&mut driver, "parcels", 0), ["q"]);
}

#[test]
fn a_partition_that_was_not_added_takes_nothing() {
    let mut driver = one_broker();
    let mut it = producer(&mut driver, "t", V1);
    let produce = |driver: &mut Driver, it: &mut Producer, version: i16| {
        it.versions.produce = version;
        it.try_produce(driver, "parcels", 0, &["a"])
    };
    assert_eq!(produce(&mut driver, &mut it, 10), INVALID_TXN_STATE);
    assert_eq!(produce(&mut driver, &mut it, 11), TRANSACTION_ABORTABLE);
    // Another partition of the same transaction makes no difference.
    it.send(&mut driver, "parcels", 1, &["b"]);
    assert_eq!(produce(&mut driver, &mut it, 10), INVALID_TXN_STATE);
    it.end(&mut driver, true);
    driver.run_for(100);
    // What was added to the last transaction is not in the next.
    assert_eq!(
        it.try_produce(&mut driver, "parcels", 1, &["late"]),
        INVALID_TXN_STATE
    );
    // From version 12 on producing is adding.
    assert_eq!(produce(&mut driver, &mut it, 12), 0);
    let client = driver.connect(1);
    assert_eq!(fetch(&mut driver, client, "parcels", 0).high_watermark, 1);
}

#[test]
fn without_verification_the_log_alone_decides() {
    let setting = ("transaction.partition.verification.enable", "false");
    let mut driver = Driver::new(1, &[setting]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let mut it = producer(&mut driver, "t", V1);
    assert_eq!(it.try_produce(&mut driver, "parcels", 0, &["a"]), 0);
}

#[test]
fn a_second_producer_fences_the_first() {
    for versions in ALL {
        let mut driver = one_broker();
        let mut first = producer(&mut driver, "t", versions);
        first.send(&mut driver, "parcels", 0, &["lost"]);
        let mut second = Producer::new("t", versions);
        assert_eq!(second.try_init(&mut driver), CONCURRENT_TRANSACTIONS);
        second.init(&mut driver);
        assert!(second.id == first.id && second.epoch > first.epoch);
        let late = first.try_produce(&mut driver, "parcels", 0, &["late"]);
        assert_eq!(late, INVALID_PRODUCER_EPOCH);
        let elsewhere = first.try_produce(&mut driver, "parcels", 1, &["late"]);
        assert_eq!(elsewhere, INVALID_PRODUCER_EPOCH);
        let fenced = if versions.end < 2 {
            INVALID_PRODUCER_EPOCH
        } else {
            PRODUCER_FENCED
        };
        assert_eq!(first.try_end(&mut driver, true), fenced);
        second.send(&mut driver, "parcels", 0, &["a"]);
        second.end(&mut driver, true);
        driver.run_for(100);
        assert_eq!(read_committed(&mut driver, "parcels", 0), ["a"]);
    }
}

#[test]
fn what_takes_too_long_is_aborted() {
    let mut driver = one_broker();
    let mut it = Producer::new("t", V1);
    it.timeout_ms = 5_000;
    it.init(&mut driver);
    it.send(&mut driver, "parcels", 0, &["late"]);
    driver.run_for(4_000);
    assert_eq!(stable_end(&mut driver, "parcels", 0), 0);
    driver.run_for(12_000);
    assert_eq!(stable_end(&mut driver, "parcels", 0), 2);
    assert_eq!(read_committed(&mut driver, "parcels", 0), [""; 0]);
    assert_eq!(it.try_end(&mut driver, true), PRODUCER_FENCED);
    assert!(driver.codes(1).contains(&"transaction-timed-out"));
}

#[test]
fn a_restarted_broker_knows_its_transactions() {
    let mut driver = one_broker();
    let mut it = producer(&mut driver, "t", V1);
    it.send(&mut driver, "parcels", 0, &["a"]);
    driver.restart(1);
    driver.run_for(20_000);
    assert_eq!(stable_end(&mut driver, "parcels", 0), 0);
    it.send(&mut driver, "parcels", 0, &["b"]);
    it.end(&mut driver, true);
    driver.run_for(100);
    assert_eq!(read_committed(&mut driver, "parcels", 0), ["a", "b"]);
}

#[test]
fn offsets_count_when_the_transaction_commits() {
    for versions in ALL {
        let mut driver = one_broker();
        assert_eq!(
            committed_offset(&mut driver, "g", "parcels", false),
            (0, -1)
        );
        let mut it = producer(&mut driver, "t", versions);
        it.commit_offset(&mut driver, "g", "parcels", 5);
        assert_eq!(
            committed_offset(&mut driver, "g", "parcels", false),
            (0, -1)
        );
        let unstable = committed_offset(&mut driver, "g", "parcels", true);
        assert_eq!(unstable, (UNSTABLE_OFFSET_COMMIT, -1));
        it.end(&mut driver, true);
        driver.run_for(100);
        assert_eq!(committed_offset(&mut driver, "g", "parcels", true), (0, 5));
        it.commit_offset(&mut driver, "g", "parcels", 9);
        it.end(&mut driver, false);
        driver.run_for(100);
        assert_eq!(committed_offset(&mut driver, "g", "parcels", true), (0, 5));
    }
}

#[test]
fn a_restarted_coordinator_knows_pending_offsets() {
    let mut driver = one_broker();
    let mut it = producer(&mut driver, "t", V1);
    it.commit_offset(&mut driver, "g", "parcels", 5);
    driver.restart(1);
    driver.run_for(20_000);
    let unstable = committed_offset(&mut driver, "g", "parcels", true);
    assert_eq!(unstable, (UNSTABLE_OFFSET_COMMIT, -1));
    it.end(&mut driver, true);
    driver.run_for(100);
    assert_eq!(committed_offset(&mut driver, "g", "parcels", true), (0, 5));
    driver.restart(1);
    driver.run_for(20_000);
    assert_eq!(committed_offset(&mut driver, "g", "parcels", true), (0, 5));
}

#[test]
fn a_fenced_producer_commits_no_offsets() {
    for versions in ALL {
        let mut driver = one_broker();
        let mut first = producer(&mut driver, "t", versions);
        first.commit_offset(&mut driver, "g", "parcels", 5);
        let mut second = producer(&mut driver, "t", versions);
        let late = first.try_commit_offset(&mut driver, "g", "parcels", 6);
        assert_eq!(late, INVALID_PRODUCER_EPOCH, "{versions:?}");
        // In a group that has not heard of it either.
        coordinator(&mut driver, GROUP, "h");
        let late = first.try_commit_offset(&mut driver, "h", "parcels", 6);
        assert_eq!(late, INVALID_PRODUCER_EPOCH, "{versions:?}");
        second.commit_offset(&mut driver, "g", "parcels", 7);
        second.end(&mut driver, true);
        driver.run_for(100);
        assert_eq!(committed_offset(&mut driver, "g", "parcels", true), (0, 7));
    }
}
