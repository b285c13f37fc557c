//! The scenarios that come with the page.

use super::checks::{GROUP, TOPIC};
use crate::scenario::spec::{
    Acks, Codec, Commit, Configs, ConsumerSpec, Keys, Pace, PartitionChoice, ProducerSpec, Start,
    TopicSpec,
};
use crate::scenario::{Scenario, catalogue};

/// One partition with so many replicas, offsets with three; a follower is out of the ISR after 10 s.
fn replicated(name: &str, seed: u64, replicas: i16) -> Scenario {
    let mut scenario = scenario(name, seed);
    let settings = [
        ("offsets.topic.replication.factor", "3"),
        ("replica.lag.time.max.ms", "10000"),
    ];
    for (setting, value) in settings {
        let configs = &mut scenario.broker_configs;
        configs.insert(setting.to_owned(), value.to_owned());
    }
    let topic = TopicSpec {
        replication_factor: replicas,
        ..topic(1)
    };
    Scenario {
        topics: vec![topic],
        producers: vec![ProducerSpec {
            pace: Pace::EveryMs(1_000),
            ..producer()
        }],
        ..scenario
    }
}

/// The catalogue's playground, with another name and seed. Its network and the settings
/// that are not Kafka's defaults, such as `group.initial.rebalance.delay.ms=0`, are explained there.
fn scenario(name: &str, seed: u64) -> Scenario {
    Scenario {
        name: name.to_owned(),
        seed,
        ..catalogue::playground()
    }
}

pub fn empty_playground() -> Scenario {
    catalogue::playground()
}

pub fn topic(partitions: i32) -> TopicSpec {
    TopicSpec {
        name: TOPIC.to_owned(),
        partitions,
        replication_factor: 1,
        configs: Configs::new(),
    }
}

/// A record every two seconds, gzipped, with one of a thousand keys.
pub fn producer() -> ProducerSpec {
    ProducerSpec {
        pace: Pace::EveryMs(2_000),
        keys: Keys::RandomOf(1_000),
        compression: Codec::Gzip,
        ..ProducerSpec::new("orders", TOPIC)
    }
}

/// A member of `group` that begins at the start of the log and commits each second.
pub fn consumer(name: &str, group: &str) -> ConsumerSpec {
    ConsumerSpec {
        start: Start::Earliest,
        commit: Commit::AutoMs(1_000),
        session_timeout_ms: 10_000,
        ..ConsumerSpec::new(name, group, TOPIC)
    }
}

pub fn one() -> Scenario {
    Scenario {
        topics: vec![topic(1)],
        producers: vec![producer()],
        consumers: vec![consumer("consumer-1", GROUP)],
        ..scenario("one-producer-one-consumer", 1)
    }
}

pub fn two() -> Scenario {
    let producer = ProducerSpec {
        pace: Pace::PerSecond(4),
        limit: Some(20),
        ..producer()
    };
    Scenario {
        topics: vec![topic(1)],
        producers: vec![producer],
        consumers: vec![consumer("consumer-1", GROUP)],
        ..scenario("persistence", 2)
    }
}

pub fn three() -> Scenario {
    Scenario {
        topics: vec![topic(1)],
        producers: vec![ProducerSpec {
            pace: Pace::EveryMs(1_000),
            ..producer()
        }],
        consumers: vec![consumer("consumer-1", GROUP)],
        ..scenario("one-partition-two-consumers", 3)
    }
}

/// Both partitions get a record at every tick.
pub fn four() -> Scenario {
    Scenario {
        topics: vec![topic(2)],
        producers: vec![ProducerSpec {
            partition: PartitionChoice::Each,
            ..producer()
        }],
        consumers: vec![consumer("consumer-1", GROUP)],
        ..scenario("two-partitions-two-consumers", 4)
    }
}

pub fn five() -> Scenario {
    Scenario {
        consumers: vec![consumer("consumer-1", GROUP)],
        ..replicated("leader-fail-over", 5, 3)
    }
}

pub fn six() -> Scenario {
    let mut scenario = replicated("acks-one-and-all", 6, 3);
    scenario.producers[0].acks = Acks::Leader;
    scenario
}

pub fn seven() -> Scenario {
    let mut scenario = replicated("min-insync-replicas", 7, 3);
    let configs = &mut scenario.topics[0].configs;
    configs.insert("min.insync.replicas".to_owned(), "2".to_owned());
    scenario
}

pub fn eight() -> Scenario {
    replicated("unclean-election", 20, 2)
}

pub fn nine() -> Scenario {
    let mut scenario = replicated("high-watermark", 9, 3);
    scenario.producers[0].acks = Acks::Leader;
    scenario.consumers = vec![consumer("consumer-1", GROUP)];
    scenario
}

pub fn ten() -> Scenario {
    let mut scenario = replicated("controller-fail-over", 10, 3);
    scenario.producers[0].acks = Acks::Leader;
    scenario
}

pub fn eleven() -> Scenario {
    let mut scenario = replicated("minority-partition", 11, 3);
    let configs = &mut scenario.topics[0].configs;
    configs.insert("min.insync.replicas".to_owned(), "2".to_owned());
    scenario
}

/// A topic of one partition that a step creates.
pub fn small_topic(name: &str, replicas: i16) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        replication_factor: replicas,
        ..topic(1)
    }
}
