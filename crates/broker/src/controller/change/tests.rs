use super::super::reassignments::begin;
use super::*;
use crate::metadata::{BrokerImage, ConfigRecord, PartitionRecord, ResourceType};
use std::collections::BTreeMap;
use uuid::Uuid;

const TOPIC: &str = "parcels";
const ID: Uuid = Uuid::from_u128(7);

fn config() -> BrokerConfig {
    BrokerConfig {
        node_id: 1,
        cluster_id: "test".to_owned(),
        incarnation: 1,
        seed: 1,
        host: String::new(),
        port: 0,
        rack: None,
        voters: Vec::new(),
        configs: BTreeMap::new(),
    }
}

/// Brokers 1 to 5, of which those in `alive` are not fenced, and one partition.
fn image(alive: &[i32], state: &str, unclean: bool) -> Image {
    let mut image = Image::default();
    for id in 1..=5 {
        let broker = BrokerImage {
            id,
            epoch: i64::from(id),
            incarnation: Uuid::nil(),
            host: String::new(),
            port: 0,
            rack: None,
            fenced: !alive.contains(&id),
            in_controlled_shutdown: false,
        };
        image.brokers.insert(id, broker);
    }
    let mut parts = state.split('/').map(str::trim);
    let mut ids = || -> Vec<i32> {
        let part = parts.next().unwrap_or_default();
        part.split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect()
    };
    let (leader, replicas, isr, removing, adding) = (ids(), ids(), ids(), ids(), ids());
    let records = [
        Record::Topic {
            name: TOPIC.to_owned(),
            id: ID,
        },
        Record::Partition(PartitionRecord {
            partition_id: 0,
            topic_id: ID,
            replicas,
            isr,
            removing,
            adding,
            leader: leader[0],
            leader_is_recovering: false,
            leader_epoch: 4,
            partition_epoch: 9,
        }),
        Record::Config(ConfigRecord {
            resource_type: ResourceType::Topic as i8,
            resource_name: TOPIC.to_owned(),
            name: "unclean.leader.election.enable".to_owned(),
            value: Some(unclean.to_string()),
        }),
    ];
    for record in &records {
        image.apply(record).expect("a record that fits");
    }
    image
}

/// What a change makes of `leader / replicas / isr / removing / adding`, in the same form with the
/// leader epoch behind it; then the events.
fn outcome(image: &Image, change: impl Fn(PartitionChange<'_>) -> PartitionChange<'_>) -> String {
    let config = config();
    let topic = image.topic(TOPIC).expect("the topic");
    let mut changes = Changes::default();
    let old = &topic.partitions[&0];
    change(PartitionChange::new(&config, image, topic, 0, old)).add_to(&mut changes);
    let mut next = image.clone();
    for record in &changes.records {
        next.apply(record).expect("a record that fits");
    }
    let state = &next.topic(TOPIC).expect("the topic").partitions[&0];
    let ids = |ids: &[i32]| list(ids).replace(", ", " ");
    let events: Vec<&str> = changes.events.iter().map(|e| e.code.as_ref()).collect();
    format!(
        "{} / {} / {} / {} / {} @{}{} {}",
        state.leader,
        ids(&state.replicas),
        ids(&state.isr),
        ids(&state.removing),
        ids(&state.adding),
        state.leader_epoch,
        if state.leader_is_recovering {
            " recovering"
        } else {
            ""
        },
        events.join(" ")
    )
}

/// A broker goes.
fn check_without(alive: &[i32], state: &str, gone: i32, unclean: bool, expect: &str) {
    let image = image(alive, state, unclean);
    let found = outcome(&image, |change| change.without(gone));
    assert_eq!(found, expect, "{state} without {gone}");
}

#[test]
fn a_broker_goes() {
    let all = &[1, 2, 3];
    check_without(
        all,
        "1 / 1 2 3 / 1 2 3",
        1,
        false,
        "2 / 1 2 3 / 2 3 /  /  @5 leader-elected isr-shrunk",
    );
    check_without(
        all,
        "1 / 1 2 3 / 1 2 3",
        3,
        false,
        "1 / 1 2 3 / 1 2 /  /  @4 isr-shrunk",
    );
    // The last in-sync replica stays one, and is waited for.
    check_without(
        all,
        "1 / 1 2 3 / 1",
        1,
        false,
        "-1 / 1 2 3 / 1 /  /  @5 partition-without-leader",
    );
    // Unless losses are allowed.
    check_without(
        all,
        "1 / 1 2 3 / 1",
        1,
        true,
        "2 / 1 2 3 / 2 /  /  @5 recovering ",
    );
    // An unclean election never goes before a clean one.
    check_without(
        &[1, 3],
        "1 / 1 2 3 / 1 3",
        1,
        true,
        "3 / 1 2 3 / 3 /  /  @5 leader-elected isr-shrunk",
    );
    // Who was neither leader nor in sync leaves nothing behind.
    check_without(
        all,
        "1 / 1 2 3 / 1 2",
        3,
        false,
        "1 / 1 2 3 / 1 2 /  /  @4 ",
    );
}

#[test]
fn leaderless_partitions_get_a_leader_that_has_everything() {
    let check = |alive: &[i32], state: &str, unclean: bool, expect: &str| {
        let image = image(alive, state, unclean);
        assert_eq!(outcome(&image, |change| change), expect, "{state}");
    };
    check(&[2], "-1 / 1 2 3 / 1", false, "-1 / 1 2 3 / 1 /  /  @4 ");
    check(
        &[1, 2],
        "-1 / 1 2 3 / 1",
        false,
        "1 / 1 2 3 / 1 /  /  @5 leader-elected",
    );
    check(
        &[2],
        "-1 / 1 2 3 / 1",
        true,
        "2 / 1 2 3 / 2 /  /  @5 recovering ",
    );
}

#[test]
fn elections_that_are_asked_for() {
    let check = |election: Election, alive: &[i32], state: &str, expect: &str| {
        let image = image(alive, state, false);
        let found = outcome(&image, |mut change| {
            change.election = election;
            change
        });
        assert_eq!(found, expect, "{election:?} {state}");
    };
    let all = &[1, 2, 3];
    let preferred = Election::Preferred;
    check(
        preferred,
        all,
        "2 / 1 2 3 / 1 2 3",
        "1 / 1 2 3 / 1 2 3 /  /  @5 leader-elected",
    );
    check(
        preferred,
        all,
        "2 / 1 2 3 / 2 3",
        "2 / 1 2 3 / 2 3 /  /  @4 ",
    );
    check(
        preferred,
        &[2, 3],
        "2 / 1 2 3 / 1 2 3",
        "2 / 1 2 3 / 1 2 3 /  /  @4 ",
    );
    let unclean = Election::Unclean;
    check(
        unclean,
        all,
        "-1 / 4 2 3 / 4",
        "2 / 4 2 3 / 2 /  /  @5 recovering ",
    );
    check(unclean, all, "2 / 1 2 3 / 2", "2 / 1 2 3 / 2 /  /  @4 ");
}

#[test]
fn reassignments_end_when_all_that_are_wanted_are_in_sync() {
    let check = |isr: &[i32], state: &str, expect: &str| {
        let image = image(&[1, 2, 3, 4], state, false);
        let found = outcome(&image, |change| change.isr(isr.to_vec()));
        assert_eq!(found, expect, "{state} with {isr:?}");
    };
    let moving = "1 / 3 4 1 2 / 1 2 / 1 2 / 3 4";
    check(
        &[1, 2, 3],
        moving,
        "1 / 3 4 1 2 / 1 2 3 / 1 2 / 3 4 @4 isr-expanded",
    );
    check(
        &[1, 2, 3, 4],
        moving,
        "3 / 3 4 / 3 4 /  /  @5 leader-elected isr-expanded reassignment-done",
    );
    // The leader stays, in a new epoch: what it was to those that went is over.
    check(
        &[1, 2, 3],
        "1 / 1 3 2 / 1 2 / 2 / 3",
        "1 / 1 3 / 1 3 /  /  @5 isr-expanded reassignment-done",
    );
}

#[test]
fn a_reassignment_over_another_one_keeps_who_is_in_sync() {
    let check = |target: &[i32], state: &str, expect: &str| {
        let image = image(&[1, 2, 3, 4, 5], state, false);
        let old = image.topic(TOPIC).expect("the topic").partitions[&0].clone();
        let found = outcome(&image, |change| begin(change, &old, target));
        assert_eq!(found, expect, "{state} to {target:?}");
    };
    check(
        &[3, 4],
        "1 / 1 2 / 1 2",
        "1 / 3 4 1 2 / 1 2 / 1 2 / 3 4 @4 ",
    );
    // 4 has caught up already and is not wanted any more.
    check(
        &[1, 2, 5],
        "1 / 1 4 5 2 3 / 1 2 3 4 / 2 3 / 4 5",
        "1 / 1 2 5 4 3 / 1 2 3 4 / 4 3 /  @4 ",
    );
    // Only the new replica is in sync: it leads until those of before are again.
    check(
        &[1, 2],
        "4 / 4 5 1 2 / 4 / 1 2 / 4 5",
        "4 / 1 2 4 5 / 4 / 4 5 /  @4 ",
    );
    // All that are wanted now are in sync.
    check(
        &[1, 2],
        "1 / 3 4 1 2 / 1 2 3 / 1 2 / 3 4",
        "1 / 1 2 / 1 2 /  /  @5 reassignment-done",
    );
}
