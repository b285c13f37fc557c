//! Transactions on three brokers: markers and questions between them, and brokers that die.

mod driver;

use driver::Driver;
use driver::requests::*;
use driver::transactions::*;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use kafka_protocol::messages::*;

const NOT_COORDINATOR: i16 = 16;
const INVALID_PRODUCER_EPOCH: i16 = 47;
const TRANSACTION_COORDINATOR_FENCED: i16 = 52;
const TRANSACTIONAL_ID_NOT_FOUND: i16 = 105;

fn three_brokers(factor: i16) -> Driver {
    let few = [
        ("transaction.state.log.num.partitions", "3"),
        ("offsets.topic.num.partitions", "3"),
    ];
    let mut driver = Driver::new(3, &few);
    let client = driver.connect(1);
    for topic in ["in", "out"] {
        create_replicated(&mut driver, client, topic, (3, factor), &[]);
    }
    driver.hang_up(client);
    driver.run_for(5_000);
    driver
}

/// All that consumers of committed records get, over the three partitions.
fn all_committed(driver: &mut Driver, topic: &str) -> Vec<String> {
    let mut values = Vec::new();
    for partition in 0..3 {
        values.extend(read_committed(driver, topic, partition));
    }
    values.sort();
    values
}

#[test]
fn a_transaction_is_one_over_all_brokers() {
    for versions in [OLDEST, V1, V2] {
        let mut driver = three_brokers(1);
        let leaders: Vec<i32> = (0..3).map(|p| leader(&driver, "out", p)).collect();
        assert!(
            leaders.iter().any(|leader| *leader != leaders[0]),
            "{leaders:?}"
        );
        let mut it = Producer::new("t", versions);
        it.init(&mut driver);
        for partition in 0..3 {
            it.send(&mut driver, "out", partition, &["a", "b"]);
        }
        assert_eq!(all_committed(&mut driver, "out"), [""; 0]);
        it.end(&mut driver, true);
        driver.run_for(1_000);
        assert_eq!(
            all_committed(&mut driver, "out"),
            ["a", "a", "a", "b", "b", "b"]
        );
        for partition in 0..3 {
            it.send(&mut driver, "out", partition, &["no"]);
        }
        it.end(&mut driver, false);
        driver.run_for(1_000);
        assert_eq!(all_committed(&mut driver, "out").len(), 6);
        for partition in 0..3 {
            assert_eq!(stable_end(&mut driver, "out", partition), 5, "{versions:?}");
        }
    }
}

/// The decision is committed, but no marker can be written: the leader of the partition is away. Then
/// the coordinator dies.
fn decided_without_a_marker(commit: bool) -> (Driver, i32) {
    let mut driver = three_brokers(1);
    let mut it = Producer::new("t", V2);
    it.init(&mut driver);
    let own = coordinator(&mut driver, TRANSACTION, "t");
    let partition = (0..3).find(|p| leader(&driver, "out", *p) != own);
    let partition = partition.expect("a partition elsewhere");
    let away = leader(&driver, "out", partition);
    it.send(&mut driver, "out", partition, &["a"]);
    driver.kill(away);
    driver.run_for(20_000);
    it.end(&mut driver, commit);
    driver.run_for(2_000);
    driver.restart(own);
    driver.run_for(20_000);
    driver.start(away);
    (driver, partition)
}

#[test]
fn the_next_coordinator_carries_out_what_was_decided() {
    for (commit, expected) in [(true, 1), (false, 0)] {
        let (mut driver, partition) = decided_without_a_marker(commit);
        driver.run_for(30_000);
        let values = read_committed(&mut driver, "out", partition);
        assert_eq!(values.len(), expected, "commit: {commit}");
        assert_eq!(stable_end(&mut driver, "out", partition), 2);
        // And the id is free for the next transaction.
        let mut it = Producer::new("t", V2);
        it.init(&mut driver);
        it.send(&mut driver, "out", partition, &["b"]);
        it.end(&mut driver, true);
    }
}

#[test]
fn a_deleted_topic_does_not_hold_up_the_end() {
    let mut driver = three_brokers(1);
    let mut it = Producer::new("t", V2);
    it.init(&mut driver);
    it.send(&mut driver, "out", 0, &["a"]);
    it.send(&mut driver, "in", 0, &["b"]);
    let client = driver.connect(1);
    let request = DeleteTopicsRequest::default()
        .with_topic_names(vec![name("out")])
        .with_timeout_ms(10_000);
    assert_eq!(driver.call(client, 5, &request).responses[0].error_code, 0);
    driver.run_for(1_000);
    it.end(&mut driver, true);
    driver.run_for(1_000);
    assert_eq!(read_committed(&mut driver, "in", 0), ["b"]);
    it.send(&mut driver, "in", 0, &["c"]);
}

#[test]
fn markers_of_an_older_coordinator_or_epoch_are_refused() {
    let mut driver = three_brokers(1);
    let mut it = Producer::new("t", V1);
    it.init(&mut driver);
    it.send(&mut driver, "out", 0, &["a"]);
    let node = leader(&driver, "out", 0);
    let mut marker = |epoch: i16, coordinator_epoch: i32| {
        let topic = WritableTxnMarkerTopic::default()
            .with_name(name("out"))
            .with_partition_indexes(vec![0]);
        let marker = WritableTxnMarker::default()
            .with_producer_id(ProducerId(it.id))
            .with_producer_epoch(epoch)
            .with_transaction_result(true)
            .with_coordinator_epoch(coordinator_epoch)
            .with_topics(vec![topic]);
        let request = WriteTxnMarkersRequest::default().with_markers(vec![marker]);
        let client = driver.connect(node);
        let answer = driver.call(client, 1, &request);
        answer.markers[0].topics[0].partitions[0].error_code
    };
    assert_eq!(marker(-1, 5), INVALID_PRODUCER_EPOCH);
    assert_eq!(marker(0, 5), 0);
    assert_eq!(marker(0, 4), TRANSACTION_COORDINATOR_FENCED);
    assert_eq!(marker(1, 5), 0);
    assert_eq!(marker(0, 6), INVALID_PRODUCER_EPOCH);
}

#[test]
fn a_transaction_can_be_looked_at() {
    let mut driver = three_brokers(3);
    let mut it = Producer::new("t", V2);
    it.init(&mut driver);
    it.send(&mut driver, "out", 1, &["a"]);
    let own = coordinator(&mut driver, TRANSACTION, "t");
    let client = driver.connect(own);
    let ids = ["t", "u"].map(|id| TransactionalId(text(id)));
    let request = DescribeTransactionsRequest::default().with_transactional_ids(ids.into());
    let answer = driver.call(client, 0, &request).transaction_states;
    let found = &answer[0];
    assert_eq!(
        (found.error_code, found.transaction_state.as_str()),
        (0, "Ongoing")
    );
    assert_eq!(
        (found.producer_id.0, found.producer_epoch),
        (it.id, it.epoch)
    );
    assert_eq!(
        (
            found.topics[0].topic.as_str(),
            &found.topics[0].partitions[..]
        ),
        ("out", &[1][..])
    );
    let unknown = answer[1].error_code;
    assert!([TRANSACTIONAL_ID_NOT_FOUND, NOT_COORDINATOR].contains(&unknown));

    let listed = |driver: &mut Driver, state: &str, duration: i64| {
        let request = ListTransactionsRequest::default()
            .with_state_filters(vec![text(state)])
            .with_duration_filter(duration);
        let answer = driver.call(client, 1, &request);
        (
            answer.transaction_states.len(),
            answer.unknown_state_filters.len(),
        )
    };
    assert_eq!(listed(&mut driver, "Ongoing", -1), (1, 0));
    assert_eq!(listed(&mut driver, "Empty", -1), (0, 0));
    assert_eq!(listed(&mut driver, "Undecided", -1), (0, 1));
    assert_eq!(listed(&mut driver, "Ongoing", 10_000), (0, 0));
    driver.run_for(10_001);
    assert_eq!(listed(&mut driver, "Ongoing", 10_000), (1, 0));

    let topic = TopicRequest::default()
        .with_name(name("out"))
        .with_partition_indexes(vec![0, 1, 9]);
    let request = DescribeProducersRequest::default().with_topics(vec![topic]);
    let client = driver.connect(leader(&driver, "out", 1));
    let answer = driver.call(client, 0, &request).topics.remove(0).partitions;
    assert_eq!((answer[0].error_code, answer[2].error_code), (6, 3));
    let producer = &answer[1].active_producers[0];
    assert_eq!(
        (producer.producer_id.0, producer.producer_epoch),
        (it.id, 0)
    );
    assert_eq!(
        (producer.last_sequence, producer.current_txn_start_offset),
        (0, 0)
    );
}

/// A program that reads `in`, writes what it made of it to `out`, and commits its offsets with that, over
/// and over. Brokers restart and the program crashes at all points of it, and some transactions are
/// aborted.
struct Program {
    driver: Driver,
    producer: Producer,
    steps: i32,
}

/// The program crashed and has to begin again.
struct Crash;

impl Program {
    /// Trouble between two calls.
    fn step(&mut self) -> Result<(), Crash> {
        self.steps += 1;
        if self.steps % 7 == 3 {
            let node = self.steps / 7 % 3 + 1;
            self.driver.restart(node);
        }
        match self.steps % 11 {
            5 => Err(Crash),
            _ => Ok(()),
        }
    }

    fn run(&mut self, end: i64) -> Result<(), Crash> {
        loop {
            let (code, offset) = committed_offset(&mut self.driver, "g", "in", true);
            assert_eq!(code, 0, "nothing is open after InitProducerId");
            let offset = offset.max(0);
            if offset == end {
                return Ok(());
            }
            self.step()?;
            let next = (offset + 1).min(end);
            for i in offset..next {
                let value = format!("made-of-{i:02}");
                let partition = (i % 3) as i32;
                self.producer
                    .send(&mut self.driver, "out", partition, &[&value]);
                self.step()?;
            }
            self.producer
                .commit_offset(&mut self.driver, "g", "in", next);
            self.step()?;
            let commit = self.steps % 5 != 0;
            self.producer.end(&mut self.driver, commit);
            self.step()?;
            self.wait_until_over();
        }
    }

    /// Offsets of the transaction are pending until its markers are written.
    fn wait_until_over(&mut self) {
        for _ in 0..100 {
            let (code, _) = committed_offset(&mut self.driver, "g", "in", true);
            if code == 0 {
                return;
            }
            self.driver.run_for(500);
        }
        panic!("the transaction does not end");
    }
}

#[test]
fn every_record_is_processed_once_whatever_dies() {
    for versions in [V1, V2] {
        let mut program = Program {
            driver: three_brokers(3),
            producer: Producer::new("program", versions),
            steps: 0,
        };
        let count = 12;
        let mut crashes = 0;
        loop {
            program.producer = Producer::new("program", versions);
            program.producer.init(&mut program.driver);
            program.wait_until_over();
            match program.run(count) {
                Ok(()) => break,
                Err(Crash) => crashes += 1,
            }
            assert!(crashes < 100, "it gets nowhere");
        }
        program.driver.run_for(10_000);
        let expected: Vec<String> = (0..count).map(|i| format!("made-of-{i:02}")).collect();
        assert_eq!(
            all_committed(&mut program.driver, "out"),
            expected,
            "{versions:?}"
        );
        assert!(crashes > 2 && program.steps > 40);
    }
}
