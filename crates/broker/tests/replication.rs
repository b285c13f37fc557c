//! Followers, in-sync replicas, elections, truncation, on three nodes of which two make a quorum.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::*;
use konbini_broker::metadata::PartitionImage;

const TOPIC: &str = "parcels";

/// Three brokers of which two may go: the quorum has five voters.
fn five(configs: &[(&str, &str)]) -> Driver {
    let mut driver = Driver::new(5, &[]);
    let client = driver.connect(1);
    create_replicated(&mut driver, client, TOPIC, (1, 3), configs);
    driver.run_for(2_000);
    driver
}

/// Leader and followers of the only partition.
fn cast(driver: &Driver) -> (i32, Vec<i32>) {
    let state = state(driver, 0);
    let followers = state.replicas.iter().copied();
    let followers = followers.filter(|id| *id != state.leader).collect();
    (state.leader, followers)
}

/// Whether any node said so.
fn said(driver: &Driver, code: &str) -> bool {
    driver.events.iter().any(|(_, event)| event.code == code)
}

/// Three brokers that notice a laggard within 15 s and a dead broker within 9 s.
fn three(configs: &[(&str, &str)]) -> Driver {
    let mut driver = Driver::new(3, &[("replica.lag.time.max.ms", "10000")]);
    let client = driver.connect(1);
    create_replicated(&mut driver, client, TOPIC, (3, 3), configs);
    driver.run_for(2_000);
    driver
}

/// What the node says of a partition that knows most.
fn state(driver: &Driver, index: i32) -> PartitionImage {
    let nodes = driver.brokers.values();
    let newest = nodes.max_by_key(|node| node.metadata_offset());
    let image = newest.expect("a node").metadata();
    image.topic(TOPIC).expect("the topic").partitions[&index].clone()
}

/// The partition that a node leads.
fn led_by(driver: &Driver, node: i32) -> i32 {
    (0..3)
        .find(|index| state(driver, *index).leader == node)
        .expect("every node leads one of three partitions")
}

fn send(
    driver: &mut Driver,
    client: ClientId,
    index: i32,
    acks: i16,
    value: &str,
) -> PartitionProduceResponse {
    let request = produce_request(TOPIC, index, acks, records(&[value], driver.now));
    let response = driver.call(client, 9, &request);
    response.responses[0].partition_responses[0].clone()
}

/// All values that a node has of a partition, committed or not.
fn stored(driver: &mut Driver, node: i32, index: i32) -> Vec<String> {
    let broker = &driver.brokers[&node];
    let replica = broker.replica(TOPIC, index).expect("a replica");
    let mut log = replica.log().clone();
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    let outcome = log.read(start, 1 << 20, end, true);
    let konbini_log::ReadOutcome::Fetched(fetched) = outcome else {
        panic!("{outcome:?}");
    };
    let data = fetch_response::PartitionData::default().with_records(Some(fetched.concat()));
    values(&data)
}

fn ends(driver: &Driver, index: i32) -> Vec<(i64, i64)> {
    let all = driver.brokers.values();
    all.map(|broker| {
        let replica = broker.replica(TOPIC, index).expect("a replica");
        let log = replica.log();
        (log.log_end_offset(), log.high_watermark())
    })
    .collect()
}

#[test]
fn followers_have_the_leaders_bytes_before_an_answer() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 2);
    let client = driver.connect(2);
    let before = driver.now;
    for value in ["a", "b", "c"] {
        assert_eq!(send(&mut driver, client, index, -1, value).error_code, 0);
    }
    // Two round trips each, not one wait of a fetch.
    assert!(driver.now - before < 30, "{} ms", driver.now - before);
    for node in 1..=3 {
        assert_eq!(stored(&mut driver, node, index), ["a", "b", "c"]);
    }
    driver.run_for(1_200);
    assert_eq!(ends(&driver, index), [(3, 3); 3]);
    let state = state(&driver, index);
    assert_eq!((state.isr.len(), state.leader_epoch), (3, 0));
}

/// KIP-392: from v11 on; what is committed, as soon as the follower knows that it is.
#[test]
fn a_consumer_reads_from_a_follower() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 2);
    let (leader, follower) = (driver.connect(2), driver.connect(3));
    let fetch = |driver: &mut Driver, version, request: &FetchRequest| {
        let response = driver.call(follower, version, request);
        response.responses[0].partitions[0].clone()
    };
    let request = fetch_request(TOPIC, index, 0, 5_000);
    assert_eq!(fetch(&mut driver, 10, &request).error_code, 6);
    assert_eq!(send(&mut driver, leader, index, -1, "a").error_code, 0);
    let before = driver.now;
    assert_eq!(values(&fetch(&mut driver, 11, &request)), ["a"]);
    assert!(driver.now - before < 1_500, "{} ms", driver.now - before);
    let mut stale = request.clone();
    stale.topics[0].partitions[0].current_leader_epoch = 7;
    assert_eq!(fetch(&mut driver, 11, &stale).error_code, 75);
    let past = fetch_request(TOPIC, index, 9, 0);
    assert_eq!(fetch(&mut driver, 11, &past).error_code, 1);
}

#[test]
fn a_leader_dies_and_an_in_sync_follower_takes_over() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 3);
    let client = driver.connect(3);
    send(&mut driver, client, index, -1, "a");
    driver.kill(3);
    driver.run_for(12_000);
    let after = state(&driver, index);
    assert!(after.leader == 1 || after.leader == 2, "{after:?}");
    assert_eq!(after.leader_epoch, 1);
    assert!(!after.isr.contains(&3));
    let client = driver.connect(after.leader);
    assert_eq!(send(&mut driver, client, index, -1, "b").error_code, 0);
    // It comes back as a follower, catches up, and is in sync again.
    driver.start(3);
    driver.run_for(5_000);
    assert_eq!(stored(&mut driver, 3, index), ["a", "b"]);
    assert_eq!(state(&driver, index).isr.len(), 3);
    assert!(said(&driver, "isr-expanded"));
}

#[test]
fn a_leader_that_was_cut_off_loses_what_only_it_had() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 2);
    let client = driver.connect(2);
    send(&mut driver, client, index, -1, "both");
    driver.run_for(1_000);
    driver.isolate(2);
    // acks=1 is told that all is well; nobody else has it.
    assert_eq!(
        send(&mut driver, client, index, 1, "only here").error_code,
        0
    );
    driver.run_for(15_000);
    let after = state(&driver, index);
    assert_ne!(after.leader, 2);
    let other = driver.connect(after.leader);
    assert_eq!(send(&mut driver, other, index, -1, "after").error_code, 0);
    driver.mend(2);
    driver.run_for(45_000);
    assert_eq!(stored(&mut driver, 2, index), ["both", "after"]);
    assert!(driver.codes(2).contains(&"replica-truncated"));
    assert_eq!(state(&driver, index).isr.len(), 3);
    assert_eq!(
        driver
            .codes(2)
            .iter()
            .filter(|c| **c == "replica-truncated-committed")
            .count(),
        0
    );
}

#[test]
fn too_few_in_sync_replicas_refuse_acks_all_and_hold_the_high_watermark() {
    let mut driver = five(&[("min.insync.replicas", "2")]);
    let (leader, followers) = cast(&driver);
    let client = driver.connect(leader);
    followers.iter().for_each(|id| driver.kill(*id));
    // Nobody has noticed yet: the append waits for replicas that are gone, until its time is over.
    let waits = send(&mut driver, client, 0, -1, "a");
    assert_eq!(waits.error_code, 7, "REQUEST_TIMED_OUT");
    driver.run_for(15_000);
    assert_eq!(state(&driver, 0).isr, [leader]);
    assert_eq!(send(&mut driver, client, 0, -1, "b").error_code, 19);
    assert_eq!(send(&mut driver, client, 0, 1, "c").error_code, 0);
    let end = |driver: &Driver, id: i32| {
        let replica = driver.brokers[&id].replica(TOPIC, 0).expect("a replica");
        let log = replica.log();
        (log.log_end_offset(), log.high_watermark())
    };
    assert_eq!(
        end(&driver, leader),
        (2, 0),
        "stored, and not to be seen (KIP-966)"
    );
    driver.start(followers[0]);
    driver.run_for(8_000);
    assert_eq!(end(&driver, leader), (2, 2));
    assert_eq!(end(&driver, followers[0]), (2, 2));
}

/// The leader stays alone, takes two records, and dies; then its followers come back.
fn last_one_dies(unclean: &str) -> (Driver, i32, Vec<i32>) {
    let mut driver = five(&[("unclean.leader.election.enable", unclean)]);
    let (leader, followers) = cast(&driver);
    followers.iter().for_each(|id| driver.kill(*id));
    driver.run_for(15_000);
    assert_eq!(state(&driver, 0).isr, [leader]);
    let client = driver.connect(leader);
    for value in ["a", "b"] {
        assert_eq!(send(&mut driver, client, 0, -1, value).error_code, 0);
    }
    driver.run_for(6_000);
    driver.kill(leader);
    followers.iter().for_each(|id| driver.start(*id));
    driver.run_for(20_000);
    (driver, leader, followers)
}

#[test]
fn the_last_in_sync_replica_is_waited_for() {
    let (mut driver, leader, followers) = last_one_dies("false");
    let waits = state(&driver, 0);
    assert_eq!((waits.leader, waits.isr.as_slice()), (-1, &[leader][..]));
    assert!(said(&driver, "partition-without-leader"));
    driver.start(leader);
    driver.run_for(20_000);
    assert_eq!(state(&driver, 0).leader, leader);
    assert_eq!(state(&driver, 0).isr.len(), 3);
    for id in [leader, followers[0], followers[1]] {
        assert_eq!(stored(&mut driver, id, 0), ["a", "b"]);
    }
}

#[test]
fn an_unclean_election_loses_what_the_new_leader_lacks_and_says_so() {
    let (mut driver, leader, followers) = last_one_dies("true");
    let after = state(&driver, 0);
    assert!(followers.contains(&after.leader), "{after:?}");
    // Who leads tells it, and has told the controller that it took over (KIP-704).
    let codes = driver.codes(after.leader);
    assert!(codes.contains(&"unclean-leader-elected"), "{codes:?}");
    assert!(!after.leader_is_recovering);
    let client = driver.connect(after.leader);
    assert_eq!(send(&mut driver, client, 0, -1, "c").error_code, 0);
    driver.start(leader);
    driver.run_for(20_000);
    for id in [leader, followers[0], followers[1]] {
        assert_eq!(stored(&mut driver, id, 0), ["c"]);
    }
    let codes = driver.codes(leader);
    assert!(codes.contains(&"replica-truncated-committed"), "{codes:?}");
}

#[test]
fn without_a_majority_metadata_stands_still_and_a_leader_goes_on() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 1);
    driver.kill(2);
    driver.kill(3);
    driver.run_for(20_000);
    // Nobody can decide that the others are out of sync.
    assert_eq!(state(&driver, index).isr.len(), 3);
    let client = driver.connect(1);
    assert_eq!(send(&mut driver, client, index, 1, "a").error_code, 0);
    assert_eq!(send(&mut driver, client, index, -1, "b").error_code, 7);
    driver.start(2);
    driver.start(3);
    driver.run_for(30_000);
    assert_eq!(state(&driver, index).isr.len(), 3);
    for node in 1..=3 {
        assert_eq!(stored(&mut driver, node, index), ["a", "b"]);
    }
}

#[test]
fn preferred_leaders_are_elected_on_request() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 3);
    driver.kill(3);
    driver.run_for(12_000);
    driver.start(3);
    driver.run_for(12_000);
    assert_ne!(state(&driver, index).leader, 3);
    let client = driver.connect(2);
    let topic = TopicPartitions::default()
        .with_topic(name(TOPIC))
        .with_partitions(vec![index]);
    let request = ElectLeadersRequest::default()
        .with_election_type(0)
        .with_topic_partitions(Some(vec![topic]))
        .with_timeout_ms(5_000);
    let answer = driver.call(client, 2, &request);
    let result = &answer.replica_election_results[0].partition_result[0];
    assert_eq!(result.error_code, 0, "{:?}", result.error_message);
    assert_eq!(state(&driver, index).leader, 3);
    let again = driver.call(client, 2, &request);
    let result = &again.replica_election_results[0].partition_result[0];
    assert_eq!(result.error_code, 84, "ELECTION_NOT_NEEDED");
}

#[test]
fn a_reassignment_moves_the_data_before_the_replica() {
    let mut driver = Driver::new(3, &[]);
    let client = driver.connect(1);
    create_replicated(&mut driver, client, TOPIC, (3, 1), &[]);
    driver.run_for(1_000);
    let index = led_by(&driver, 2);
    let at_two = driver.connect(2);
    send(&mut driver, at_two, index, -1, "a");
    let partition = ReassignablePartition::default()
        .with_partition_index(index)
        .with_replicas(Some(vec![BrokerId(3)]));
    let topic = ReassignableTopic::default()
        .with_name(name(TOPIC))
        .with_partitions(vec![partition]);
    let request = AlterPartitionReassignmentsRequest::default()
        .with_timeout_ms(5_000)
        .with_topics(vec![topic]);
    let answer = driver.call(client, 0, &request);
    assert_eq!(answer.responses[0].partitions[0].error_code, 0);
    driver.run_for(3_000);
    let after = state(&driver, index);
    assert_eq!((after.replicas.as_slice(), after.leader), (&[3][..], 3));
    assert!(!after.is_reassigning());
    assert_eq!(stored(&mut driver, 3, index), ["a"]);
    let listed = driver.call(
        client,
        0,
        &ListPartitionReassignmentsRequest::default().with_topics(None),
    );
    assert_eq!(listed.topics.len(), 0);
    let at_three = driver.connect(3);
    assert_eq!(send(&mut driver, at_three, index, -1, "b").error_code, 0);
}

/// The coordinator of the group `readers`, as a node tells.
fn coordinator(driver: &mut Driver, node: i32) -> i32 {
    let client = driver.connect(node);
    let find = FindCoordinatorRequest::default()
        .with_key_type(0)
        .with_coordinator_keys(vec!["readers".to_string().into()]);
    for _ in 0..100 {
        let answer = driver.call(client, 4, &find);
        let found = &answer.coordinators[0];
        if found.error_code == 0 {
            return found.node_id.0;
        }
        driver.run_for(200);
    }
    panic!("no coordinator");
}

#[test]
fn committed_offsets_survive_their_coordinator() {
    let mut driver = three(&[]);
    let first = coordinator(&mut driver, 1);
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(1)
        .with_committed_offset(7)
        .with_committed_metadata(Some("half way".to_string().into()));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(name(TOPIC))
        .with_partitions(vec![partition]);
    let commit = OffsetCommitRequest::default()
        .with_group_id(GroupId("readers".to_string().into()))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic]);
    let client = driver.connect(first);
    let answer = driver.call(client, 8, &commit);
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);

    driver.kill(first);
    driver.run_for(15_000);
    let alive = if first == 1 { 2 } else { 1 };
    let second = coordinator(&mut driver, alive);
    assert_ne!(second, first);
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(GroupId("readers".to_string().into()))
        .with_topics(None);
    let fetch = OffsetFetchRequest::default().with_groups(vec![group]);
    let client = driver.connect(second);
    let answer = driver.call(client, 8, &fetch);
    let found = &answer.groups[0];
    assert_eq!(found.error_code, 0);
    let found = &found.topics[0].partitions[0];
    assert_eq!((found.partition_index, found.committed_offset), (1, 7));
    assert_eq!(found.metadata.as_deref(), Some("half way"));
}

#[test]
fn deleted_records_are_gone_from_every_live_replica_before_the_answer() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 2);
    let client = driver.connect(2);
    for value in ["a", "b", "c"] {
        send(&mut driver, client, index, -1, value);
    }
    let request = |offset: i64, timeout_ms: i32| {
        let partition = DeleteRecordsPartition::default()
            .with_partition_index(index)
            .with_offset(offset);
        let topic = DeleteRecordsTopic::default()
            .with_name(name(TOPIC))
            .with_partitions(vec![partition]);
        DeleteRecordsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(timeout_ms)
    };
    let starts = |driver: &Driver| {
        let brokers = driver.brokers.values();
        let replicas = brokers.map(|broker| broker.replica(TOPIC, index).expect("a replica"));
        replicas
            .map(|replica| replica.log().log_start_offset())
            .collect::<Vec<_>>()
    };
    let answer = driver.call(client, 2, &request(2, 5_000));
    let result = &answer.topics[0].partitions[0];
    assert_eq!((result.error_code, result.low_watermark), (0, 2));
    assert_eq!(starts(&driver), [2, 2, 2]);
    // One that nobody knows to be gone is waited for, and then it is not promised.
    driver.isolate(3);
    let answer = driver.call(client, 2, &request(3, 2_000));
    let result = &answer.topics[0].partitions[0];
    assert_eq!((result.error_code, result.low_watermark), (7, 2));
    // Once it is fenced it is not waited for.
    driver.run_for(15_000);
    let answer = driver.call(client, 2, &request(3, 2_000));
    let result = &answer.topics[0].partitions[0];
    assert_eq!((result.error_code, result.low_watermark), (0, 3));
}

#[test]
fn a_follower_whose_log_fails_is_not_waited_for() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 2);
    let client = driver.connect(2);
    send(&mut driver, client, index, -1, "a");
    driver.input(
        3,
        konbini_broker::Input::StoreFailed {
            dir: Some(konbini_log::LogDir::new(TOPIC, index)),
            reason: "the disk is broken".to_owned(),
        },
    );
    driver.run_for(1_000);
    let after = state(&driver, index);
    assert_eq!((after.leader, after.isr.len()), (2, 2), "{after:?}");
    // As it had all a moment ago it may join again: so long the high watermark waits for it.
    driver.run_for(10_000);
    assert_eq!(send(&mut driver, client, index, -1, "b").error_code, 0);
    // Another election keeps it out.
    driver.kill(2);
    driver.run_for(15_000);
    let after = state(&driver, index);
    assert_eq!((after.leader, after.isr.as_slice()), (1, &[1][..]));
}

#[test]
fn a_leader_whose_log_fails_hands_over() {
    let mut driver = three(&[]);
    let index = led_by(&driver, 2);
    let client = driver.connect(2);
    send(&mut driver, client, index, -1, "a");
    driver.input(
        2,
        konbini_broker::Input::StoreFailed {
            dir: Some(konbini_log::LogDir::new(TOPIC, index)),
            reason: "the disk is broken".to_owned(),
        },
    );
    driver.run_for(1_000);
    let after = state(&driver, index);
    assert_ne!(after.leader, 2);
    assert!(!after.isr.contains(&2));
    let client = driver.connect(after.leader);
    assert_eq!(send(&mut driver, client, index, -1, "b").error_code, 0);
    // What it leads beside that goes on.
    let others: Vec<i32> = (0..3).filter(|i| *i != index).collect();
    assert!(others.iter().all(|i| state(&driver, *i).isr.contains(&2)));
    driver.restart(2);
    driver.run_for(20_000);
    assert_eq!(state(&driver, index).isr.len(), 3);
    assert_eq!(stored(&mut driver, 2, index), ["a", "b"]);
}
