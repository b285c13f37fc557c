//! The cluster of a run: brokers, topics, producers, consumers.

use std::collections::BTreeMap;

use konbini_scenario::Scenario;
use konbini_scenario::spec::{
    Acks, Assignor, Codec, Commit, ConsumerSpec, Keys, NetworkSpec, Pace, PartitionChoice,
    ProducerSpec, Start, TopicSpec, Value,
};

use super::{Class, Traits};
use crate::dice::Dice;

fn configs(pairs: &[(&str, String)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

pub fn roll(dice: &mut Dice, seed: u64, traits: Traits) -> Scenario {
    let mut broker_configs = configs(&[
        ("offsets.topic.num.partitions", "3".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        (
            "replica.lag.time.max.ms",
            dice.one_of(&["5000", "10000", "30000"]).to_string(),
        ),
    ]);
    if traits.flushes() {
        broker_configs.insert("log.flush.interval.messages".to_owned(), "1".to_owned());
    }
    if traits.compacts {
        broker_configs.extend(configs(&[
            ("log.roll.ms", "3000".to_owned()),
            ("log.cleaner.backoff.ms", "1000".to_owned()),
            ("log.cleaner.min.cleanable.ratio", "0.1".to_owned()),
        ]));
    }
    let topics: Vec<TopicSpec> = (0..dice.between(1, 2))
        .map(|n| topic(dice, n, traits))
        .collect();
    let producers = (0..dice.between(1, 3)).map(|n| producer(dice, n, &topics));
    let producers = producers.collect();
    let consumers = (0..dice.between(0, 3)).map(|n| consumer(dice, n, &topics));
    let consumers = consumers.collect();
    Scenario {
        name: format!("sim {seed}"),
        seed: seed & konbini_scenario::limit::SEED_MAX,
        epoch_ms: 1_767_225_600_000,
        brokers: traits.brokers as u32,
        broker_configs,
        network: NetworkSpec {
            latency_ms: dice.between(1, 20) as u32,
            jitter_ms: dice.between(0, 20) as u32,
        },
        topics,
        producers,
        consumers,
    }
}

fn topic(dice: &mut Dice, n: i64, traits: Traits) -> TopicSpec {
    let most = traits.brokers;
    // A disk that is replaced must not have held the only replica.
    let least = if traits.wipes { 2 } else { 1 };
    let factor = dice.between(least, most).max(dice.between(least, most));
    let min_isr = dice.between(1, factor.min(2));
    let mut own = configs(&[("min.insync.replicas", min_isr.to_string())]);
    if traits.class == Class::Unclean {
        // The topics alone: what groups committed is kept all the same.
        own.insert(
            "unclean.leader.election.enable".to_owned(),
            "true".to_owned(),
        );
    }
    if dice.percent(30) {
        // Small, so that runs roll segments: `segment.bytes` itself has a lower limit of 1 MiB.
        own.insert("internal.segment.bytes".to_owned(), "2000".to_owned());
    }
    TopicSpec {
        name: format!("t{n}"),
        partitions: dice.between(1, 3) as i32,
        replication_factor: factor as i16,
        configs: own,
    }
}

fn producer(dice: &mut Dice, n: i64, topics: &[TopicSpec]) -> ProducerSpec {
    let name = format!("p{n}");
    let idempotent = dice.percent(50);
    let acks = match dice.between(0, 9) {
        _ if idempotent => Acks::All,
        0 => Acks::None,
        1 | 2 => Acks::Leader,
        _ => Acks::All,
    };
    ProducerSpec {
        pace: Pace::EveryMs(dice.between(100, 2_000) as u32),
        keys: if dice.percent(50) {
            Keys::RandomOf(10)
        } else {
            Keys::None
        },
        // Who made a record, and its number: what the checks go by.
        value: Value {
            template: format!("{name} {{n}}"),
            size: None,
        },
        partition: *dice.one_of(&[PartitionChoice::Default, PartitionChoice::RoundRobin]),
        compression: *dice.one_of(&[Codec::None, Codec::None, Codec::Gzip, Codec::Lz4]),
        linger_ms: *dice.one_of(&[0, 0, 50]),
        acks,
        idempotent,
        ..ProducerSpec::new(&name, &dice.one_of(topics).name)
    }
}

fn consumer(dice: &mut Dice, n: i64, topics: &[TopicSpec]) -> ConsumerSpec {
    let group = format!("g{}", dice.between(0, 1));
    ConsumerSpec {
        topics: topics.iter().map(|topic| topic.name.clone()).collect(),
        start: Start::Earliest,
        assignor: *dice.one_of(&[Assignor::Range, Assignor::Range, Assignor::RoundRobin]),
        commit: *dice.one_of(&[Commit::AutoMs(1_000), Commit::EachPoll]),
        session_timeout_ms: 10_000,
        ..ConsumerSpec::new(&format!("c{n}"), &group, &topics[0].name)
    }
}
