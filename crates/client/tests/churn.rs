//! Members come, go and vanish at random while records flow, against real brokers: no partition
//! ever has two owners in one generation, nothing is lost, and the group comes to rest.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use konbini_client::consumer::{Assignor, ConsumerConfig};
use konbini_client::producer::ProducerRecord;
use proptest::prelude::*;
use world::{Client, World};

const PARTITIONS: i32 = 5;

#[derive(Debug, Clone, Copy)]
enum Step {
    Join,
    /// The nth live member leaves.
    Leave(usize),
    Crash(usize),
    RestartBroker(i32),
    Send,
}

fn step() -> impl Strategy<Value = (Step, i64)> {
    let step = prop_oneof![
        3 => Just(Step::Join),
        2 => (0usize..5).prop_map(Step::Leave),
        1 => (0usize..5).prop_map(Step::Crash),
        1 => (1i32..4).prop_map(Step::RestartBroker),
        3 => Just(Step::Send),
    ];
    (step, prop_oneof![Just(3i64), 10..2_000i64, 3_000..9_000i64])
}

/// Two members of one generation never own the same partition.
fn check_owners(world: &World, live: &[usize]) -> Result<(), TestCaseError> {
    let mut owners: BTreeMap<(i32, i32), usize> = BTreeMap::new();
    for member in live {
        let Client::Consumer(c) = &world.clients[*member] else {
            continue;
        };
        for (tp, _) in c.assignment() {
            let other = owners.insert((c.generation(), tp.partition), *member);
            prop_assert!(other.is_none(), "{member} and {other:?} own {tp}");
        }
    }
    Ok(())
}

fn churn(assignor: Assignor, steps: &[(Step, i64)]) -> Result<(), TestCaseError> {
    let mut world = World::new(3);
    world.create_topic("t", PARTITIONS);
    let producer = world.producer(|_| {});
    let change = |config: &mut ConsumerConfig| {
        config.partition_assignment_strategy = vec![assignor];
        config.session_timeout_ms = 10_000;
    };
    let mut members = vec![world.consumer("g", &["t"], change)];
    let mut live = members.clone();
    let mut sent = 0u32;
    for (step, wait) in steps {
        match step {
            Step::Join if live.len() < 6 => {
                let member = world.consumer("g", &["t"], change);
                members.push(member);
                live.push(member);
            }
            Step::Leave(n) if *n < live.len() => {
                let member = live.remove(*n);
                world.with_consumer(member, |c, now| c.close(now));
            }
            Step::Crash(n) if *n < live.len() => {
                let member = live.remove(*n);
                world.crash(member);
            }
            Step::RestartBroker(id) => {
                world.kill(*id);
                world.run_for(50);
                world.start(*id);
            }
            Step::Send => world.with_producer(producer, |p, now| {
                for _ in 0..30 {
                    let value = Some(Bytes::from(sent.to_string()));
                    sent += 1;
                    let topic = "t".to_owned();
                    p.send(
                        now,
                        ProducerRecord {
                            topic,
                            value,
                            ..ProducerRecord::default()
                        },
                    );
                }
            }),
            _ => {}
        }
        let end = world.now + wait;
        while world.step(end) {
            check_owners(&world, &live)?;
        }
        world.now = end;
    }
    if live.is_empty() {
        let member = world.consumer("g", &["t"], change);
        members.push(member);
        live.push(member);
    }
    world.run_for(90_000);
    let mut owned: Vec<i32> = Vec::new();
    for member in &live {
        let Client::Consumer(c) = &world.clients[*member] else {
            continue;
        };
        owned.extend(c.assignment().iter().map(|(tp, _)| tp.partition));
    }
    owned.sort_unstable();
    prop_assert_eq!(owned, (0..PARTITIONS).collect::<Vec<_>>());
    prop_assert!(world.logs[producer].failed.is_empty());
    let records = members
        .iter()
        .flat_map(|member| &world.logs[*member].records);
    let seen: BTreeSet<u32> = records
        .map(|r| {
            std::str::from_utf8(r.value.as_ref().unwrap())
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    prop_assert_eq!(seen, (0..sent).collect::<BTreeSet<_>>());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn eager_groups_come_to_rest(steps in prop::collection::vec(step(), 1..15)) {
        churn(Assignor::Range, &steps)?;
        churn(Assignor::Sticky, &steps)?;
    }

    #[test]
    fn cooperative_groups_come_to_rest(steps in prop::collection::vec(step(), 1..15)) {
        churn(Assignor::CooperativeSticky, &steps)?;
    }
}
