//! The metadata quorum: fail-over, lost majorities, lost disks, snapshots, observers.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::*;
use konbini_broker::State;
use konbini_log::LogDir;
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::response;

const REQUEST_TIMED_OUT: i16 = 7;
const TOPIC_ALREADY_EXISTS: i16 = 36;
const NOT_CONTROLLER: i16 = 41;

fn others(driver: &Driver, of: i32) -> Vec<i32> {
    driver
        .brokers
        .keys()
        .copied()
        .filter(|id| *id != of)
        .collect()
}

fn creation(topic: &str, timeout_ms: i32) -> CreateTopicsRequest {
    let topic = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(1)
        .with_replication_factor(1);
    CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(timeout_ms)
}

fn try_create(driver: &mut Driver, client: ClientId, topic: &str, timeout_ms: i32) -> i16 {
    let request = creation(topic, timeout_ms);
    driver.call(client, 7, &request).topics[0].error_code
}

/// Topics that are gone are left out: a snapshot does not hold them.
fn same_metadata(driver: &Driver) {
    let each = driver.brokers.values().map(|broker| {
        let image = broker.metadata();
        let topics: Vec<_> = image.topics().collect();
        format!("{topics:?} {:?} {}", image.brokers, image.next_producer_id)
    });
    let all: Vec<String> = each.collect();
    assert!(all.iter().all(|other| *other == all[0]), "{all:#?}");
}

#[test]
fn a_fresh_cluster_is_up_within_seconds() {
    for count in [1, 3, 5] {
        let mut driver = Driver::new_for(count, &[], if count == 1 { 0 } else { 3_000 });
        let up = driver.brokers.values().filter(|it| it.state() == State::Up);
        assert_eq!(up.count(), count as usize, "of {count}");
        let controller = driver.controller();
        let client = driver.connect(controller);
        create(&mut driver, client, "parcels", 2);
    }
}

#[test]
fn another_controller_takes_over() {
    let mut driver = Driver::new(3, &[]);
    let old = driver.controller();
    let epoch = driver.brokers[&old].quorum().unwrap().epoch;
    let client = driver.connect(others(&driver, old)[0]);
    create(&mut driver, client, "before", 3);
    driver.kill(old);
    // Forwarded while there is no controller; answered by the next one.
    let sent = driver.now;
    assert_eq!(try_create(&mut driver, client, "meanwhile", 30_000), 0);
    assert!(driver.now - sent < 8_000, "{} ms", driver.now - sent);
    let new = driver.controller();
    assert_ne!(new, old);
    let view = driver.brokers[&new].quorum().unwrap();
    assert!(view.epoch > epoch && view.state == "leader");
    assert!(driver.codes(new).contains(&"controller-elected"));
    // The sessions begin anew: the dead broker is fenced 9 s after the election.
    driver.run_for(12_000);
    assert!(!driver.brokers[&new].metadata().is_alive(old));
    driver.start(old);
    driver.run_for(4_000);
    assert_eq!(driver.controller(), new, "who comes back disturbs nobody");
    assert_eq!(driver.brokers[&old].state(), State::Up);
    same_metadata(&driver);
}

#[test]
fn a_new_controller_does_itself_what_it_was_about_to_send_on() {
    let mut driver = Driver::new(3, &[]);
    let old = driver.controller();
    let clients: Vec<ClientId> = others(&driver, old)
        .into_iter()
        .map(|id| driver.connect(id))
        .collect();
    driver.kill(old);
    for (i, client) in clients.iter().enumerate() {
        driver.send(*client, 7, &creation(&format!("topic-{i}"), 30_000));
    }
    driver.run_for(8_000);
    for client in clients {
        assert!(driver.take_frame(client).is_some());
    }
    let image = driver.brokers[&driver.controller()].metadata();
    assert!(image.topic("topic-0").is_some() && image.topic("topic-1").is_some());
}

/// Whose connection was lost, for each event that says so.
fn lost(driver: &Driver, node: i32, code: &str, who: &str) -> Vec<String> {
    let events = driver.events.iter().map(|(id, event)| (*id, event));
    let of_it = events.filter(|(id, event)| *id == node && event.code == code);
    of_it
        .map(|(_, event)| event.arg(who).map(ToString::to_string).unwrap_or_default())
        .collect()
}

#[test]
fn lost_connections_are_told_by_what_they_were_for() {
    let mut driver = Driver::new(7, &[]);
    // 6 and 7 do not vote.
    let client = driver.connect(7);
    create_replicated(&mut driver, client, "parcels", (7, 2), &[]);
    driver.run_for(1_000);
    let image = driver.brokers[&7].metadata();
    let mut partitions = image.topic("parcels").unwrap().partitions.values();
    let followed = partitions.find(|it| it.leader == 7 && it.replicas.len() > 1);
    let follower = followed.expect("7 leads one").replicas[1];
    driver.kill(7);
    driver.run_for(100);
    assert_eq!(
        lost(&driver, follower, "leader-connection-lost", "leader"),
        ["7"]
    );
    for id in 1..=6 {
        let voters = lost(&driver, id, "voter-connection-lost", "voter");
        assert!(!voters.contains(&"7".to_owned()), "{id}: {voters:?}");
    }
    // A voter that falls silent is hung up on, and that is told too.
    let silent = driver.controller();
    let other = others(&driver, silent)[0];
    driver.isolate(silent);
    driver.run_for(10_000);
    let voters = lost(&driver, other, "voter-connection-lost", "voter");
    assert!(voters.contains(&silent.to_string()), "{voters:?}");
}

/// To the node itself, whatever the controller answered.
fn not_controller(response: ResponseKind) -> Option<ResponseKind> {
    match response {
        ResponseKind::Envelope(body) => {
            let body = body
                .with_response_data(None)
                .with_error_code(NOT_CONTROLLER);
            Some(body.into())
        }
        other => Some(other),
    }
}

#[test]
fn a_request_that_is_to_be_sent_again_takes_no_other_answer_away() {
    let mut driver = Driver::new(3, &[]);
    let home = others(&driver, driver.controller())[0];
    let clients = [driver.connect(home), driver.connect(home)];
    // The first answer says that this is not the controller; the second is on its way behind it.
    driver.meddle = Some((home, not_controller));
    let since = driver.now;
    driver.send(clients[0], 7, &creation("first", 30_000));
    driver.send(clients[1], 7, &creation("second", 30_000));
    while !driver.codes(home).contains(&"forward-refused") {
        driver.run_for(1);
    }
    driver.meddle = None;
    driver.run_for(1_000);
    let mut code_of = |client| {
        let frame = driver.take_frame(client).expect("an answer");
        let (_, response) = response::decode::<CreateTopicsRequest>(&frame, 7).unwrap();
        response.topics[0].error_code
    };
    // The first one was carried out, whatever the answer said.
    assert_eq!(code_of(clients[0]), TOPIC_ALREADY_EXISTS);
    assert_eq!(code_of(clients[1]), 0);
    assert_eq!(driver.count_asked(home, ApiKey::Envelope, since), 3);
    assert!(!driver.codes(home).contains(&"controller-connection-lost"));
}

#[test]
fn what_nobody_waits_for_is_not_sent_to_the_next_controller() {
    let mut driver = Driver::new(3, &[]);
    let old = driver.controller();
    let home = others(&driver, old)[0];
    // The client goes while its request is under way to a controller that dies before it comes.
    let gone = driver.connect(home);
    create(&mut driver, gone, "first", 1);
    driver.send(gone, 7, &creation("gone", 30_000));
    driver.hang_up(gone);
    driver.kill(old);
    driver.run_for(8_000);
    let new = driver.controller();
    // The client is told that its time is over; nobody tells its broker that the controller is cut off.
    let home = others(&driver, new)[0];
    let late = driver.connect(home);
    create(&mut driver, late, "second", 1);
    driver.isolate(new);
    assert_eq!(
        try_create(&mut driver, late, "late", 1_000),
        REQUEST_TIMED_OUT
    );
    driver.start(old);
    driver.run_for(60_000);
    let image = driver.brokers[&driver.controller()].metadata();
    assert!(image.topic("gone").is_none());
    assert!(image.topic("late").is_none());
    let other = driver.connect(home);
    assert_eq!(try_create(&mut driver, other, "next", 30_000), 0);
}

#[test]
fn without_a_majority_nothing_is_decided_and_produce_goes_on() {
    let mut driver = Driver::new(3, &[]);
    let old = driver.controller();
    let alive = others(&driver, old)[0];
    let dead = others(&driver, old)[1];
    let client = driver.connect(alive);
    create(&mut driver, client, "parcels", 3);
    driver.run_for(1_000);
    driver.kill(old);
    driver.kill(dead);
    driver.run_for(15_000);
    let before = driver.brokers[&alive].metadata().clone();
    assert!(driver.codes(alive).contains(&"quorum-lost"));

    let partitions = &before.topic("parcels").unwrap().partitions;
    let (index, _) = partitions
        .iter()
        .find(|(_, partition)| partition.leader == alive)
        .expect("it leads one of three");
    let request = produce_request("parcels", *index, -1, records(&["a"], driver.now));
    let response = driver.call(client, 9, &request);
    assert_eq!(response.responses[0].partition_responses[0].error_code, 0);

    let sent = driver.now;
    assert_eq!(
        try_create(&mut driver, client, "more", 3_000),
        REQUEST_TIMED_OUT
    );
    assert_eq!(driver.now - sent, 3_000);
    assert_eq!(driver.brokers[&alive].metadata(), &before);

    driver.start(dead);
    driver.run_for(6_000);
    assert_eq!(try_create(&mut driver, client, "more", 3_000), 0);
}

#[test]
fn a_controller_that_is_cut_off_promises_nothing() {
    let mut driver = Driver::new(3, &[]);
    let old = driver.controller();
    // One asks for a topic; the other, by then, for one that may exist already.
    let clients = [driver.connect(old), driver.connect(old)];
    driver.isolated.insert(old);
    for client in clients {
        driver.send(client, 7, &creation("promised", 30_000));
    }
    driver.run_for(2_000);
    for client in clients {
        assert!(driver.take_frame(client).is_none(), "it is not committed");
    }
    driver.run_for(8_000);
    // Nobody will ever know whether it was: the connections are closed.
    for client in clients {
        assert!(driver.take_frame(client).is_none() && driver.is_closed(client));
    }
    assert!(!driver.brokers[&old].is_active_controller());
    let new = driver.controller();
    assert_ne!(new, old);
    let other = driver.connect(new);
    create(&mut driver, other, "kept", 1);
    driver.isolated.clear();
    driver.run_for(40_000);
    assert!(driver.codes(old).contains(&"metadata-log-truncated"));
    assert!(driver.codes(old).contains(&"controller-resigned"));
    // Nor does the timeline tell of what never came about.
    assert!(!driver.codes(old).contains(&"topic-created"));
    for broker in driver.brokers.values() {
        assert!(broker.metadata().topic("promised").is_none());
        assert!(broker.metadata().topic("kept").is_some());
        assert_eq!(broker.state(), State::Up);
    }
    same_metadata(&driver);
}

#[test]
fn a_lost_disk_is_filled_from_the_others() {
    let mut driver = Driver::new(3, &[]);
    let lost = driver.controller();
    let client = driver.connect(lost);
    create(&mut driver, client, "parcels", 3);
    driver.run_for(1_000);
    driver.kill(lost);
    driver.disks.remove(&lost);
    driver.start(lost);
    driver.run_for(25_000);
    for broker in driver.brokers.values() {
        assert_eq!(broker.state(), State::Up);
        assert!(broker.metadata().topic("parcels").is_some());
    }
    same_metadata(&driver);
}

#[test]
fn producer_ids_of_two_controllers_differ() {
    let mut driver = Driver::new(3, &[]);
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let controller = driver.controller();
        let client = driver.connect(controller);
        let response = driver.call(client, 4, &request);
        assert_eq!(response.error_code, 0);
        ids.push(response.producer_id.0);
        driver.kill(controller);
        driver.start(controller);
        driver.run_for(5_000);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn snapshots_take_the_place_of_the_log() {
    let configs = [("metadata.log.max.record.bytes.between.snapshots", "2000")];
    let mut driver = Driver::new(3, &configs);
    let controller = driver.controller();
    let wiped = others(&driver, controller)[0];
    let client = driver.connect(controller);
    for i in 0..40 {
        create_with(
            &mut driver,
            client,
            &format!("topic-{i}"),
            2,
            &[("retention.ms", "5000")],
        );
        let delete = DeleteTopicsRequest::default().with_topics(vec![
            delete_topics_request::DeleteTopicState::default()
                .with_name(Some(name(&format!("topic-{i}")))),
        ]);
        if i % 2 == 0 {
            assert_eq!(driver.call(client, 6, &delete).responses[0].error_code, 0);
        }
    }
    driver.run_for(1_000);
    let dir = LogDir::new("__cluster_metadata", 0);
    // The files of the log before the snapshots stay for file.delete.delay.ms.
    let on_disk = |driver: &Driver, id| driver.disks[&id].image().dirs[&dir].segments.len();
    for id in 1..=3 {
        assert!(on_disk(&driver, id) > 2, "node {id}");
    }
    driver.run_for(61_000);
    for id in 1..=3 {
        let segments = on_disk(&driver, id);
        assert!(segments <= 2, "node {id} has {segments} segments");
        let image = driver.disks[&id].image();
        let files = &image.dirs[&dir].files;
        let snapshots = files.keys().filter(|file| file.ends_with(".checkpoint"));
        assert_eq!(snapshots.count(), 1, "node {id}");
        let log = driver.brokers[&id].metadata_log().unwrap();
        assert!(
            log.log_start_offset() > 0 && log.size() < 10_000,
            "node {id}"
        );
    }
    // One is filled from the snapshot of another, one comes back from its own.
    driver.kill(wiped);
    driver.disks.remove(&wiped);
    driver.start(wiped);
    driver.restart(controller);
    driver.run_for(25_000);
    assert!(driver.codes(wiped).contains(&"metadata-snapshot-fetched"));
    for broker in driver.brokers.values() {
        assert_eq!(broker.state(), State::Up);
        assert_eq!(broker.metadata().topic_count(), 20);
    }
    same_metadata(&driver);
}

#[test]
fn five_vote_and_more_observe() {
    let mut driver = Driver::new(7, &[]);
    let controller = driver.controller();
    assert!(controller <= 5);
    for id in 6..=7 {
        let view = driver.brokers[&id].quorum().unwrap();
        assert_eq!((view.state, view.leader), ("observer", Some(controller)));
        assert_eq!(driver.brokers[&id].state(), State::Up);
    }
    same_metadata(&driver);
    driver.kill(controller);
    driver.run_for(8_000);
    let new = driver.controller();
    let client = driver.connect(7);
    create(&mut driver, client, "parcels", 7);
    assert_eq!(driver.brokers[&7].quorum().unwrap().leader, Some(new));
}

#[test]
fn any_node_describes_the_quorum() {
    let mut driver = Driver::new(3, &[]);
    let controller = driver.controller();
    let partition = PartitionData::default().with_partition_index(0);
    let topic = TopicData::default()
        .with_topic_name(name("__cluster_metadata"))
        .with_partitions(vec![partition]);
    let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
    for id in 1..=3 {
        let client = driver.connect(id);
        let response = driver.call(client, 2, &request);
        assert_eq!((response.error_code, response.nodes.len()), (0, 3));
        let data = &response.topics[0].partitions[0];
        assert_eq!(data.leader_id.0, controller);
        assert_eq!((data.current_voters.len(), data.observers.len()), (3, 0));
        let voters = data.current_voters.iter();
        let mut caught_up = voters.filter(|voter| voter.log_end_offset >= data.high_watermark);
        assert!(
            caught_up.nth(1).is_some(),
            "a majority has what is committed"
        );
    }
}

/// What is in memory, and when, changes nothing.
#[test]
fn a_forgetful_quorum_decides_the_same() {
    let run = |forgetful| {
        let mut driver = Driver::new(3, &[]);
        driver.forgetful = forgetful;
        let old = driver.controller();
        let client = driver.connect(others(&driver, old)[0]);
        create(&mut driver, client, "parcels", 3);
        driver.kill(old);
        assert_eq!(try_create(&mut driver, client, "more", 30_000), 0);
        driver.start(old);
        driver.run_for(15_000);
        same_metadata(&driver);
        format!("{:?}", driver.events)
    };
    assert_eq!(run(true), run(false));
}
