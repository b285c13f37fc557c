//! Producer, consumer and admin against real brokers.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use konbini_client::TopicPartition;
use konbini_client::admin::{AdminResult, NewTopic, OffsetSpec, ResetTo, Resource};
use konbini_client::consumer::{Assignor, CommitKind, State};
use konbini_client::producer::{Acks, Codec, ProducerRecord};
use world::{Client, World};

fn tp(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// Sends `n` records with values 0 to n - 1 to topic `t`, keyed by `value % keys` if `keys` > 0.
fn send(world: &mut World, producer: usize, n: usize, keys: usize) {
    world.with_producer(producer, |p, now| {
        for i in 0..n {
            let key = (keys > 0).then(|| Bytes::from(format!("key-{}", i % keys)));
            p.send(
                now,
                ProducerRecord {
                    topic: "t".to_owned(),
                    key,
                    value: Some(Bytes::from(i.to_string())),
                    ..ProducerRecord::default()
                },
            );
        }
    });
}

fn seen(world: &World, consumers: &[usize]) -> Vec<usize> {
    let records = consumers.iter().flat_map(|i| &world.logs[*i].records);
    let mut values: Vec<usize> = records
        .map(|r| {
            std::str::from_utf8(r.value.as_ref().unwrap())
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    values.sort_unstable();
    values
}

fn owned(world: &World, consumer: usize) -> Vec<i32> {
    let Client::Consumer(c) = &world.clients[consumer] else {
        panic!("no consumer")
    };
    c.assignment().iter().map(|(tp, _)| tp.partition).collect()
}

fn state(world: &World, consumer: usize) -> State {
    let Client::Consumer(c) = &world.clients[consumer] else {
        panic!("no consumer")
    };
    c.state()
}

#[test]
fn every_codec_and_acks_arrives_once_and_in_order_by_key() {
    for codec in [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ] {
        for acks in [Acks::None, Acks::Leader, Acks::All] {
            let mut world = World::new(3);
            world.create_topic("t", 3);
            let producer = world.producer(|config| {
                config.compression_type = codec;
                config.acks = acks;
                config.batch_size = 1_000;
            });
            let consumer = world.consumer("g", &["t"], |_| {});
            send(&mut world, producer, 1_000, 7);
            world.run_for(10_000);
            assert_eq!(seen(&world, &[consumer]), (0..1_000).collect::<Vec<_>>());
            let mut by_key: BTreeMap<Bytes, Vec<usize>> = BTreeMap::new();
            for r in &world.logs[consumer].records {
                let value = std::str::from_utf8(r.value.as_ref().unwrap()).unwrap();
                by_key
                    .entry(r.key.clone().unwrap())
                    .or_default()
                    .push(value.parse().unwrap());
            }
            assert!(
                by_key.values().all(|values| values.is_sorted()),
                "{codec:?} {acks:?}"
            );
        }
    }
}

#[test]
fn the_topic_is_created_by_asking_for_it() {
    let mut world = World::new(1);
    let producer = world.producer(|_| {});
    send(&mut world, producer, 10, 0);
    let consumer = world.consumer("g", &["t"], |_| {});
    world.run_for(10_000);
    assert_eq!(seen(&world, &[consumer]).len(), 10);
    assert_eq!(world.logs[producer].failed.len(), 0);
}

#[test]
fn a_second_group_reads_everything_again() {
    let mut world = World::new(3);
    world.create_topic("t", 2);
    let producer = world.producer(|_| {});
    send(&mut world, producer, 100, 5);
    let first = world.consumer("one", &["t"], |_| {});
    world.run_for(5_000);
    let second = world.consumer("two", &["t"], |_| {});
    world.run_for(5_000);
    for consumer in [first, second] {
        assert_eq!(seen(&world, &[consumer]), (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn a_group_shares_and_shares_again() {
    for assignor in [
        Assignor::Range,
        Assignor::RoundRobin,
        Assignor::Sticky,
        Assignor::CooperativeSticky,
    ] {
        let mut world = World::new(3);
        world.create_topic("t", 2);
        let strategy = |config: &mut konbini_client::consumer::ConsumerConfig| {
            config.partition_assignment_strategy = vec![assignor];
        };
        let a = world.consumer("g", &["t"], strategy);
        world.run_for(5_000);
        assert_eq!(owned(&world, a), [0, 1], "{assignor:?}");
        let b = world.consumer("g", &["t"], strategy);
        world.run_for(10_000);
        let c = world.consumer("g", &["t"], strategy);
        world.run_for(10_000);
        let shares: Vec<Vec<i32>> = [a, b, c].iter().map(|i| owned(&world, *i)).collect();
        let all: BTreeSet<i32> = shares.iter().flatten().copied().collect();
        assert_eq!(all, BTreeSet::from([0, 1]), "{assignor:?} {shares:?}");
        assert_eq!(shares.iter().map(Vec::len).max(), Some(1), "{shares:?}");
        let idle = [a, b, c]
            .into_iter()
            .find(|i| owned(&world, *i).is_empty())
            .unwrap();
        assert_eq!(state(&world, idle), State::Idle);

        let producer = world.producer(|_| {});
        send(&mut world, producer, 200, 20);
        world.run_for(2_000);
        assert_eq!(
            seen(&world, &[a, b, c]),
            (0..200).collect::<Vec<_>>(),
            "{assignor:?}"
        );

        // One leaves politely: its partition goes on at once, nothing is read twice.
        let leaver = [a, b, c]
            .into_iter()
            .find(|i| !owned(&world, *i).is_empty())
            .unwrap();
        world.with_consumer(leaver, |consumer, now| consumer.close(now));
        world.run_for(6_000);
        let rest: Vec<usize> = [a, b, c].into_iter().filter(|i| *i != leaver).collect();
        let now: BTreeSet<i32> = rest.iter().flat_map(|i| owned(&world, *i)).collect();
        assert_eq!(now, BTreeSet::from([0, 1]), "{assignor:?}");
        assert_eq!(seen(&world, &[a, b, c]).len(), 200, "nothing twice");

        // One crashes: the session timeout gives its partition away.
        let crashed = rest[0];
        world.crash(crashed);
        world.run_for(60_000);
        assert_eq!(owned(&world, rest[1]), [0, 1], "{assignor:?}");
    }
}

#[test]
fn a_static_member_returns_without_a_rebalance() {
    let mut world = World::new(1);
    world.create_topic("t", 2);
    let fixed = |config: &mut konbini_client::consumer::ConsumerConfig| {
        config.group_instance_id = Some("instance".to_owned());
    };
    let other = world.consumer("g", &["t"], |_| {});
    let first = world.consumer("g", &["t"], fixed);
    world.run_for(10_000);
    let before = owned(&world, first);
    let Client::Consumer(c) = &world.clients[other] else {
        panic!()
    };
    let generation = c.generation();
    world.with_consumer(first, |consumer, now| consumer.close(now));
    world.run_for(1_000);
    let again = world.consumer("g", &["t"], fixed);
    world.run_for(10_000);
    assert_eq!(owned(&world, again), before);
    let Client::Consumer(c) = &world.clients[other] else {
        panic!()
    };
    assert_eq!(c.generation(), generation);
}

#[test]
fn offsets_survive_a_crash_of_the_consumer() {
    let mut world = World::new(1);
    world.create_topic("t", 1);
    let producer = world.producer(|_| {});
    send(&mut world, producer, 50, 0);
    let first = world.consumer("g", &["t"], |config| config.enable_auto_commit = false);
    world.run_for(5_000);
    world.with_consumer(first, |c, now| {
        c.commit(now, Some(vec![(tp(0), 20)]), CommitKind::Sync);
    });
    world.run_for(1_000);
    world.crash(first);
    let second = world.consumer("g", &["t"], |_| {});
    world.run_for(60_000);
    assert_eq!(seen(&world, &[second]), (20..50).collect::<Vec<_>>());
}

#[test]
fn a_restarted_broker_loses_and_doubles_nothing() {
    let mut world = World::new(3);
    world.create_topic("t", 3);
    let producer = world.producer(|config| config.batch_size = 200);
    let consumer = world.consumer("g", &["t"], |_| {});
    world.run_for(3_000);
    for round in 0..20 {
        send(&mut world, producer, 50, 0);
        // Full batches leave at once, arrive after 2 ms and are answered after 4 ms: requests and
        // answers get lost.
        world.run_for(round % 4);
        if round > 2 {
            let victim = 1 + round as i32 % 3;
            world.kill(victim);
            world.run_for(700);
            world.start(victim);
        }
        world.run_for(100);
    }
    world.run_for(90_000);
    assert!(
        world.logs[producer].failed.is_empty(),
        "{:?}",
        world.logs[producer].failed
    );
    let mut expect: Vec<usize> = (0..50).cycle().take(1_000).collect();
    expect.sort_unstable();
    assert_eq!(seen(&world, &[consumer]), expect);
    let Client::Producer(p) = &world.clients[producer] else {
        panic!()
    };
    assert!(
        p.stats().retries > 0,
        "the test killed nothing that mattered"
    );
}

#[test]
fn topics_and_settings() {
    let mut world = World::new(3);
    let a = world.admin();
    let topic = NewTopic {
        name: "t".to_owned(),
        partitions: 2,
        replication_factor: 1,
        configs: BTreeMap::from([("retention.ms".to_owned(), "1000000".to_owned())]),
        validate_only: false,
    };
    let created = world
        .administer(a, |a, now| a.create_topic(now, topic.clone()))
        .unwrap();
    assert!(
        matches!(created, AdminResult::TopicCreated { partitions: 2, .. }),
        "{created:?}"
    );
    let again = world
        .administer(a, |a, now| a.create_topic(now, topic))
        .unwrap_err();
    assert_eq!(again.code, "TOPIC_ALREADY_EXISTS");
    let retention = |world: &mut World| {
        let topic = Resource::Topic("t".to_owned());
        let told = world
            .administer(a, |a, now| a.describe_configs(now, topic))
            .unwrap();
        let AdminResult::Configs(entries) = told else {
            panic!("{told:?}")
        };
        let entry = entries
            .into_iter()
            .find(|entry| entry.name == "retention.ms")
            .unwrap();
        (entry.value.unwrap(), entry.source)
    };
    assert_eq!(
        retention(&mut world),
        ("1000000".to_owned(), "DYNAMIC_TOPIC_CONFIG")
    );
    let changes = vec![("retention.ms".to_owned(), None)];
    let topic = Resource::Topic("t".to_owned());
    world
        .administer(a, |a, now| a.alter_configs(now, topic, changes))
        .unwrap();
    assert_eq!(
        retention(&mut world),
        ("604800000".to_owned(), "DEFAULT_CONFIG")
    );
    world
        .administer(a, |a, now| a.create_partitions(now, "t", 5))
        .unwrap();
    let fewer = world
        .administer(a, |a, now| a.create_partitions(now, "t", 3))
        .unwrap_err();
    assert_eq!(fewer.code, "INVALID_PARTITIONS");
    let cluster = world
        .administer(a, |a, now| a.describe_cluster(now))
        .unwrap();
    let AdminResult::Cluster(cluster) = cluster else {
        panic!("{cluster:?}")
    };
    assert_eq!(
        cluster.brokers.keys().copied().collect::<Vec<_>>(),
        [1, 2, 3]
    );
    world
        .administer(a, |a, now| a.delete_topic(now, "t"))
        .unwrap();
    let gone = world
        .administer(a, |a, now| a.delete_topic(now, "t"))
        .unwrap_err();
    assert_eq!(gone.code, "UNKNOWN_TOPIC_OR_PARTITION");
}

#[test]
fn records_offsets_and_groups() {
    let mut world = World::new(3);
    world.create_topic("t", 2);
    let producer = world.producer(|_| {});
    for partition in 0..2 {
        world.with_producer(producer, |p, now| {
            for i in 0..10 {
                p.send(
                    now,
                    ProducerRecord {
                        topic: "t".to_owned(),
                        partition: Some(partition),
                        value: Some(Bytes::from(i.to_string())),
                        ..ProducerRecord::default()
                    },
                );
            }
        });
    }
    let consumer = world.consumer("g", &["t"], |_| {});
    world.run_for(8_000);
    let a = world.admin();
    let deleted = world
        .administer(a, |a, now| a.delete_records(now, vec![(tp(0), 4)]))
        .unwrap();
    assert_eq!(deleted, AdminResult::LowWatermarks(vec![(tp(0), 4)]));
    let both = vec![(tp(0), OffsetSpec::Earliest), (tp(1), OffsetSpec::Latest)];
    let listed = world
        .administer(a, |a, now| a.list_offsets(now, both))
        .unwrap();
    let AdminResult::Offsets(offsets) = listed else {
        panic!("{listed:?}")
    };
    assert_eq!(
        offsets.iter().map(|(_, o)| o.offset).collect::<Vec<_>>(),
        [4, 10]
    );

    let groups = world.administer(a, |a, now| a.list_groups(now)).unwrap();
    let AdminResult::Groups(groups) = groups else {
        panic!("{groups:?}")
    };
    assert_eq!(
        (groups[0].group.as_str(), groups[0].state.as_str()),
        ("g", "Stable")
    );
    let told = world
        .administer(a, |a, now| a.describe_group(now, "g"))
        .unwrap();
    let AdminResult::Group(group) = told else {
        panic!("{told:?}")
    };
    assert_eq!(group.protocol, "range");
    assert_eq!(group.members[0].assignment, [tp(0), tp(1)]);
    let offsets = world
        .administer(a, |a, now| a.list_group_offsets(now, "g"))
        .unwrap();
    assert_eq!(
        offsets,
        AdminResult::GroupOffsets(vec![(tp(0), 10), (tp(1), 10)])
    );

    // With members it is refused; without them it is done.
    let reset = |a: &mut konbini_client::admin::Admin, now| {
        a.reset_group_offsets(now, "g", "t", ResetTo::Offset(2))
    };
    let busy = world.administer(a, reset).unwrap_err();
    assert_eq!(busy.code, "UNKNOWN_MEMBER_ID");
    let busy = world
        .administer(a, |a, now| a.delete_group(now, "g"))
        .unwrap_err();
    assert_eq!(busy.code, "NON_EMPTY_GROUP");
    world.with_consumer(consumer, |c, now| c.close(now));
    world.run_for(1_000);
    let moved = world.administer(a, reset).unwrap();
    assert_eq!(
        moved,
        AdminResult::GroupOffsets(vec![(tp(0), 4), (tp(1), 2)])
    );
    let again = world.consumer("g", &["t"], |_| {});
    world.run_for(5_000);
    assert_eq!(world.logs[again].records.len(), 6 + 8);
    world.with_consumer(again, |c, now| c.close(now));
    world.run_for(1_000);
    world
        .administer(a, |a, now| a.delete_group(now, "g"))
        .unwrap();
    let told = world.administer(a, |a, now| a.describe_group(now, "g"));
    match told {
        Ok(AdminResult::Group(group)) => assert_eq!(group.state, "Dead"),
        Err(error) => assert_eq!(error.code, "GROUP_ID_NOT_FOUND"),
        other => panic!("{other:?}"),
    }
}
