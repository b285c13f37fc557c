//! Moving replicas: what the timeline is told, and what a move over another one keeps.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::*;
use konbini_broker::metadata::PartitionImage;

const TOPIC: &str = "parcels";
const INVALID_REPLICATION_FACTOR: i16 = 38;

/// Five brokers; one partition on three of them.
fn five() -> (Driver, ClientId) {
    let mut driver = Driver::new(5, &[]);
    let client = driver.connect(driver.controller());
    create_replicated(&mut driver, client, TOPIC, (1, 3), &[]);
    driver.run_for(2_000);
    (driver, client)
}

fn state(driver: &Driver) -> PartitionImage {
    let image = driver.brokers[&driver.controller()].metadata();
    image.topic(TOPIC).expect("the topic").partitions[&0].clone()
}

/// Asks for a move that keeps the number of replicas; returns the error code.
fn reassign(driver: &mut Driver, client: ClientId, target: &[i32]) -> i16 {
    let replicas = target.iter().copied().map(BrokerId).collect();
    let partition = ReassignablePartition::default()
        .with_partition_index(0)
        .with_replicas(Some(replicas));
    let topic = ReassignableTopic::default()
        .with_name(name(TOPIC))
        .with_partitions(vec![partition]);
    let request = AlterPartitionReassignmentsRequest::default()
        .with_allow_replication_factor_change(false)
        .with_timeout_ms(5_000)
        .with_topics(vec![topic]);
    let answer = driver.call(client, 1, &request);
    answer.responses[0].partitions[0].error_code
}

fn count(driver: &Driver, code: &str) -> usize {
    let said = driver.events.iter().filter(|(_, event)| event.code == code);
    said.count()
}

#[test]
fn a_move_to_where_the_replicas_are_starts_nothing() {
    let (mut driver, client) = five();
    let before = state(&driver);
    assert_eq!(reassign(&mut driver, client, &before.replicas), 0);
    assert_eq!(state(&driver), before);
    assert_eq!(count(&driver, "reassignment-started"), 0);

    let mut turned = before.replicas.clone();
    turned.rotate_left(1);
    assert_eq!(reassign(&mut driver, client, &turned), 0);
    assert_eq!(state(&driver).replicas, turned);
    assert_eq!(count(&driver, "reassignment-started"), 1);
}

/// The new leader leads because the move is over, not because anybody was too slow.
#[test]
fn a_leader_that_a_move_ends_with_is_no_matter_of_lag() {
    let (mut driver, client) = five();
    let before = state(&driver);
    let new: Vec<i32> = (1..=5).filter(|id| !before.replicas.contains(id)).collect();
    let target = [new[0], new[1], before.replicas[1]];
    assert_eq!(reassign(&mut driver, client, &target), 0);
    driver.run_for(5_000);
    assert_eq!(
        (state(&driver).replicas, state(&driver).leader),
        (target.to_vec(), new[0])
    );
    let elected = driver
        .events
        .iter()
        .filter(|(_, it)| it.code == "leader-elected");
    let settings: Vec<_> = elected.map(|(_, it)| it.setting.as_deref()).collect();
    assert_eq!(settings, [None]);
}

#[test]
fn a_move_over_another_one_keeps_who_is_in_sync_and_the_factor() {
    let (mut driver, client) = five();
    let before = state(&driver);
    let new: Vec<i32> = (1..=5).filter(|id| !before.replicas.contains(id)).collect();
    // One of the two that are wanted is down, so the first move waits for it.
    let (there, down) = if driver.controller() == new[0] {
        (new[0], new[1])
    } else {
        (new[1], new[0])
    };
    driver.kill(down);
    let first = [before.replicas[0], there, down];
    assert_eq!(reassign(&mut driver, client, &first), 0);
    driver.run_for(15_000);
    assert!(state(&driver).isr.contains(&there), "{:?}", state(&driver));

    let second = [before.replicas[0], before.replicas[1], down];
    let four = [&second[..], &[there]].concat();
    assert_eq!(
        reassign(&mut driver, client, &four),
        INVALID_REPLICATION_FACTOR
    );
    assert_eq!(reassign(&mut driver, client, &second), 0);
    let moving = state(&driver);
    assert!(moving.isr.contains(&there), "{moving:?}");
    assert!(moving.removing.contains(&there), "{moving:?}");
    // A third one: what the second leads to has three replicas, whatever is there meanwhile.
    assert_eq!(reassign(&mut driver, client, &before.replicas), 0);
    assert_eq!(state(&driver).replicas, before.replicas);
    assert!(!state(&driver).is_reassigning());
}
