//! The ready-made scenarios: the four first experiments and an empty playground.
//!
//! All have three brokers. Their network is a slow one, 20 ms one way: a cluster that starts asks
//! and answers about thirty times, one after another, before the first record is read, and the
//! reader waits for each. The eye needs no slower one, because the page draws every parcel for
//! long enough. Three settings are not Kafka's defaults: `group.initial.rebalance.delay.ms` is 0
//! (3 s), as Apache Kafka's own example configurations have it, so that a group forms at
//! once; the members' `session.timeout.ms` is 10 s (45 s), so that a crash or a reload of the page
//! is noticed while somebody watches; `__consumer_offsets` has 4 partitions (50).

use crate::spec::{
    Codec, Commit, Configs, ConsumerSpec, Keys, NetworkSpec, Pace, PartitionChoice, ProducerSpec,
    Scenario, Start, TopicSpec,
};

/// A scenario with a stable id, by which the page finds its title and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: &'static str,
    pub scenario: Scenario,
}

/// 2026-01-01T00:00:00Z, in Unix ms.
const NEW_YEAR_2026: i64 = 1_767_225_600_000;
const TOPIC: &str = "topic-test";
const GROUP: &str = "test-group";
const SECOND_GROUP: &str = "test-group2";

/// All of them, in the order of the lessons.
pub fn all() -> Vec<Entry> {
    [
        ("first-light", first_light as fn() -> Scenario),
        ("replay", replay),
        ("one-partition", one_partition),
        ("two-partitions", two_partitions),
        ("playground", playground),
    ]
    .map(|(id, scenario)| Entry {
        id,
        scenario: scenario(),
    })
    .into()
}

pub fn find(id: &str) -> Option<Scenario> {
    all()
        .into_iter()
        .find(|entry| entry.id == id)
        .map(|entry| entry.scenario)
}

/// One producer, one consumer.
pub fn first_light() -> Scenario {
    Scenario {
        topics: vec![topic(2)],
        producers: vec![producer("producer-1")],
        consumers: vec![consumer("consumer-1", GROUP)],
        ..stage("One producer, one consumer", 1)
    }
}

/// The first experiment with a second group that waits to be started.
pub fn replay() -> Scenario {
    let waiting = ConsumerSpec {
        running: false,
        ..consumer("consumer-2", SECOND_GROUP)
    };
    Scenario {
        topics: vec![topic(2)],
        producers: vec![producer("producer-1")],
        consumers: vec![consumer("consumer-1", GROUP), waiting],
        ..stage("A second group reads everything again", 2)
    }
}

/// Two members for one partition: one of them is idle.
pub fn one_partition() -> Scenario {
    Scenario {
        topics: vec![topic(1)],
        producers: vec![producer("producer-1")],
        consumers: vec![consumer("consumer-1", GROUP), consumer("consumer-2", GROUP)],
        ..stage("One partition, two consumers", 3)
    }
}

/// A record for each partition at every tick, and a member for each.
pub fn two_partitions() -> Scenario {
    let producer = ProducerSpec {
        partition: PartitionChoice::Each,
        ..producer("producer-1")
    };
    Scenario {
        topics: vec![topic(2)],
        producers: vec![producer],
        consumers: vec![consumer("consumer-1", GROUP), consumer("consumer-2", GROUP)],
        ..stage("Two partitions, two consumers", 4)
    }
}

/// Three brokers and nothing else.
pub fn playground() -> Scenario {
    stage("Playground", 5)
}

fn stage(name: &str, seed: u64) -> Scenario {
    Scenario {
        name: name.to_owned(),
        seed,
        epoch_ms: NEW_YEAR_2026,
        brokers: 3,
        broker_configs: Configs::from([
            (
                "group.initial.rebalance.delay.ms".to_owned(),
                "0".to_owned(),
            ),
            ("offsets.topic.num.partitions".to_owned(), "4".to_owned()),
            (
                "offsets.topic.replication.factor".to_owned(),
                "1".to_owned(),
            ),
        ]),
        network: NetworkSpec {
            latency_ms: 20,
            jitter_ms: 5,
        },
        topics: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
    }
}

fn topic(partitions: i32) -> TopicSpec {
    TopicSpec {
        name: TOPIC.to_owned(),
        partitions,
        replication_factor: 1,
        configs: Configs::new(),
    }
}

fn producer(name: &str) -> ProducerSpec {
    ProducerSpec {
        pace: Pace::EveryMs(2_000),
        keys: Keys::RandomOf(1_000),
        compression: Codec::Gzip,
        ..ProducerSpec::new(name, TOPIC)
    }
}

fn consumer(name: &str, group: &str) -> ConsumerSpec {
    ConsumerSpec {
        start: Start::Earliest,
        commit: Commit::AutoMs(5_000),
        session_timeout_ms: 10_000,
        ..ConsumerSpec::new(name, group, TOPIC)
    }
}
