//! Three nodes: registration, metadata everywhere, forwarding, fencing.

mod driver;

use driver::Driver;
use driver::requests::*;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use konbini_broker::{CONTROLLED_SHUTDOWN_PATIENCE_MS, Input, State};

fn leaders(driver: &Driver, node: i32, topic: &str) -> Vec<i32> {
    let image = driver.brokers[&node].metadata();
    let topic = image.topic(topic).expect("the topic is known");
    topic
        .partitions
        .values()
        .map(|partition| partition.leader)
        .collect()
}

/// A node of three that is none of these.
fn other_than(ids: &[i32]) -> i32 {
    let mut all = 1..=3;
    all.find(|id| !ids.contains(id)).expect("one is left")
}

#[test]
fn everybody_registers_and_has_the_same_metadata() {
    let driver = Driver::new(3, &[]);
    let image = driver.brokers[&1].metadata();
    assert_eq!(image.brokers.len(), 3);
    assert!(image.brokers.values().all(|broker| !broker.fenced));
    for id in 1..=3 {
        assert_eq!(driver.brokers[&id].state(), State::Up);
        assert_eq!(driver.brokers[&id].metadata(), image, "node {id}");
    }
    let active = driver.brokers.values();
    assert_eq!(active.filter(|it| it.is_active_controller()).count(), 1);
    for id in 1..=3 {
        let view = driver.brokers[&id].quorum().expect("it takes part");
        assert_eq!(view.leader, Some(driver.controller()), "node {id}");
    }
}

#[test]
fn topics_are_created_through_any_node_and_spread() {
    let mut driver = Driver::new(3, &[]);
    for id in 1..=3 {
        let client = driver.connect(id);
        create(&mut driver, client, &format!("topic-{id}"), 6);
    }
    driver.run_for(1_000);
    for id in 1..=3 {
        for topic in 1..=3 {
            let mut leaders = leaders(&driver, id, &format!("topic-{topic}"));
            leaders.sort_unstable();
            assert_eq!(leaders, [1, 1, 2, 2, 3, 3]);
        }
    }
    // A produce to another node than the leader is refused, to the leader it is taken.
    let leader = leaders(&driver, 1, "topic-1")[0];
    for id in 1..=3 {
        let client = driver.connect(id);
        let answer = produce(&mut driver, client, "topic-1", &["a"]);
        assert_eq!(answer.error_code, if id == leader { 0 } else { 6 });
    }
}

#[test]
fn refusals_come_back_through_the_envelope() {
    let mut driver = Driver::new(3, &[]);
    let client = driver.connect(3);
    create(&mut driver, client, "parcels", 1);
    let topic = create_topics_request::CreatableTopic::default()
        .with_name(name("parcels"))
        .with_num_partitions(1)
        .with_replication_factor(1);
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(5_000);
    let response = driver.call(client, 7, &request);
    assert_eq!(response.topics[0].error_code, 36);
    let message = response.topics[0]
        .error_message
        .as_ref()
        .map(StrBytes::as_str);
    assert_eq!(message, Some("Topic 'parcels' already exists."));
}

#[test]
fn a_topic_is_created_by_asking_for_it_on_any_node() {
    let mut driver = Driver::new(3, &[("num.partitions", "2")]);
    let client = driver.connect(2);
    let topic = MetadataRequestTopic::default().with_name(Some(name("parcels")));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![topic]))
        .with_allow_auto_topic_creation(true);
    assert_eq!(driver.call(client, 12, &request).topics[0].error_code, 3);
    driver.run_for(100);
    let found = driver.call(client, 12, &request);
    assert_eq!(found.topics[0].error_code, 0);
    assert_eq!(found.topics[0].partitions.len(), 2);
    assert_eq!(found.brokers.len(), 3);
}

#[test]
fn producer_ids_are_given_once() {
    let mut driver = Driver::new(3, &[]);
    let mut ids = Vec::new();
    for id in [1, 2, 3, 2, 1] {
        let client = driver.connect(id);
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000);
        let response = driver.call(client, 4, &request);
        assert_eq!((response.error_code, response.producer_epoch), (0, 0));
        ids.push(response.producer_id.0);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn a_silent_broker_is_fenced_and_comes_back() {
    let mut driver = Driver::new(3, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 3);
    driver.run_for(1_000);
    let before = leaders(&driver, 1, "parcels");
    let controller = driver.controller();
    let silent = other_than(&[controller]);
    let other = other_than(&[controller, silent]);
    driver.kill(silent);
    // Its last heartbeat was at most 2 s before.
    driver.run_for(6_900);
    assert_eq!(
        leaders(&driver, other, "parcels"),
        before,
        "the session lasts 9 s"
    );
    driver.run_for(4_500);
    let without: Vec<i32> = before
        .iter()
        .map(|id| if *id == silent { -1 } else { *id })
        .collect();
    assert_eq!(leaders(&driver, other, "parcels"), without);
    assert!(driver.codes(controller).contains(&"broker-fenced"));

    driver.start(silent);
    driver.run_for(2_000);
    assert_eq!(leaders(&driver, other, "parcels"), before);
    assert_eq!(driver.brokers[&silent].state(), State::Up);
    assert_eq!(
        driver.brokers[&silent].metadata(),
        driver.brokers[&controller].metadata()
    );
}

#[test]
fn all_nodes_restart_at_once() {
    let mut driver = Driver::new(3, &[]);
    let client = driver.connect(2);
    create(&mut driver, client, "parcels", 3);
    driver.run_for(1_000);
    let before = leaders(&driver, 1, "parcels");
    for id in 1..=3 {
        driver.kill(id);
    }
    for id in 1..=3 {
        driver.start(id);
    }
    driver.run_for(2_000);
    for id in 1..=3 {
        assert_eq!(driver.brokers[&id].state(), State::Up);
        assert_eq!(leaders(&driver, id, "parcels"), before);
    }
}

#[test]
fn a_silent_connection_to_the_controller_is_given_up() {
    let mut driver = Driver::new(3, &[]);
    let controller = driver.controller();
    let silent = other_than(&[controller]);
    driver.cut_silently(silent);
    driver.run_for(12_000);
    assert!(driver.codes(controller).contains(&"broker-fenced"));
    // It fetches the metadata on a new connection and knows that it is fenced.
    assert_eq!(driver.brokers[&silent].state(), State::Fenced);
    driver.run_for(40_000);
    assert_eq!(driver.brokers[&silent].state(), State::Up);
    assert!(
        driver
            .codes(silent)
            .contains(&"connection-closed-by-broker")
    );
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let run = || {
        let mut driver = Driver::new(3, &[]);
        let client = driver.connect(2);
        create(&mut driver, client, "parcels", 4);
        driver.run_for(500);
        driver.restart(3);
        driver.run_for(20_000);
        let client = driver.connect(3);
        let id = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(1);
        let id = driver.call(client, 4, &id).producer_id;
        (
            format!("{:?}", driver.events),
            id,
            driver.disks.clone(),
            driver.now,
        )
    };
    assert!(run() == run());
}

#[test]
fn a_controlled_shutdown_hands_over_and_ends() {
    let mut driver = Driver::new(3, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "t", 3);
    driver.run_for(1_000);
    let led = leaders(&driver, 1, "t");
    assert!(led.contains(&3), "{led:?}");
    let asked = driver.now;
    driver.input(3, Input::ShutDown);
    driver.input(3, Input::ShutDown);
    assert_eq!(driver.stopped, [], "the controller is asked first");
    // The others tell in their heartbeats that they know who leads now.
    driver.run_for(6_000);
    assert!(matches!(driver.stopped[..], [(at, 3)] if at > asked));
    driver.kill(3);
    let image = driver.brokers[&1].metadata();
    assert!(!image.is_alive(3));
    assert!(!leaders(&driver, 1, "t").contains(&3));
    driver.start(3);
    driver.run_for(5_000);
    assert_eq!(driver.brokers[&3].state(), State::Up);
}

#[test]
fn a_shutdown_does_not_wait_for_ever_for_the_controller() {
    let mut driver = Driver::new(3, &[]);
    let controller = driver.controller();
    let leaves = (1..=3).find(|id| *id != controller).expect("three nodes");
    // Nobody can be the controller any more.
    (1..=3)
        .filter(|id| *id != leaves)
        .for_each(|id| driver.kill(id));
    let asked = driver.now;
    driver.input(leaves, Input::ShutDown);
    driver.run_for(CONTROLLED_SHUTDOWN_PATIENCE_MS - 1);
    assert_eq!(driver.stopped, []);
    driver.run_for(1);
    assert_eq!(
        driver.stopped,
        [(asked + CONTROLLED_SHUTDOWN_PATIENCE_MS, leaves)]
    );
    let codes = driver.codes(leaves);
    assert!(codes.contains(&"controlled-shutdown-gave-up"));
}

#[test]
fn who_is_alone_and_who_is_not_registered_stop_at_once() {
    let mut driver = Driver::new(1, &[]);
    driver.input(1, Input::ShutDown);
    assert_eq!(driver.stopped.len(), 1);
    let mut driver = Driver::new(3, &[]);
    driver.restart(2);
    driver.input(2, Input::ShutDown);
    assert_eq!(driver.stopped.len(), 1);
}
