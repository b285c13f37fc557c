//! Groups of the consumer protocol (KIP-848) over frames: heartbeats, topics that change, fail-over.

mod driver;

use driver::requests::{create, name};
use driver::{ClientId, Driver};
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::ResponseError;

const FEW: &[(&str, &str)] = &[("offsets.topic.num.partitions", "4")];

fn text(value: &'static str) -> StrBytes {
    StrBytes::from_static_str(value)
}

struct Member {
    id: &'static str,
    epoch: i32,
    /// Indexes of the one topic.
    assigned: Vec<i32>,
}

/// Brokers with topic `t` of two partitions, and a client at the coordinator of group `g`.
fn start(brokers: i32) -> (Driver, i32, ClientId) {
    let mut driver = Driver::new(brokers, FEW);
    let client = driver.connect(1);
    create(&mut driver, client, "t", 2);
    let node = coordinator(&mut driver, client);
    let client = driver.connect(node);
    (driver, node, client)
}

fn coordinator(driver: &mut Driver, client: ClientId) -> i32 {
    for _ in 0..100 {
        let request = FindCoordinatorRequest::default().with_key(text("g"));
        let response = driver.call(client, 2, &request);
        if response.error_code == 0 {
            return response.node_id.0;
        }
        driver.run_for(100);
    }
    panic!("no coordinator");
}

fn request(member: &Member) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest::default()
        .with_group_id(text("g").into())
        .with_member_id(text(member.id))
        .with_member_epoch(member.epoch)
}

fn take(member: &mut Member, response: &ConsumerGroupHeartbeatResponse) {
    assert_eq!(response.error_code, 0, "{:?}", response.error_message);
    member.epoch = response.member_epoch;
    if let Some(assignment) = &response.assignment {
        let topics = assignment.topic_partitions.iter();
        member.assigned = topics.flat_map(|topic| topic.partitions.clone()).collect();
    }
}

fn enter(driver: &mut Driver, client: ClientId, id: &'static str) -> Member {
    let mut member = Member {
        id,
        epoch: 0,
        assigned: Vec::new(),
    };
    let request = request(&member)
        .with_rebalance_timeout_ms(60_000)
        .with_subscribed_topic_names(Some(vec![name("t")]))
        .with_topic_partitions(Some(Vec::new()));
    let response = driver.call(client, 1, &request);
    assert_eq!(response.heartbeat_interval_ms, 5_000);
    take(&mut member, &response);
    member
}

/// A heartbeat of a member that has what it was told to have.
fn beat(driver: &mut Driver, client: ClientId, member: &mut Member) {
    let id = driver.brokers[&1]
        .metadata()
        .topic("t")
        .expect("it exists")
        .id;
    let owned = consumer_group_heartbeat_request::TopicPartitions::default()
        .with_topic_id(id)
        .with_partitions(member.assigned.clone());
    let request = request(member).with_topic_partitions(Some(vec![owned]));
    let response = driver.call(client, 1, &request);
    take(member, &response);
}

#[test]
fn the_feature_is_finalised() {
    let (mut driver, _, client) = start(1);
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("test"))
        .with_client_software_version(text("1"));
    let response = driver.call(client, 3, &request);
    let level = response.finalized_features.iter();
    let mut level = level.filter(|feature| feature.name.as_str() == "group.version");
    assert_eq!(
        level.next().map(|feature| feature.max_version_level),
        Some(1)
    );
    let supported = response.supported_features.iter();
    assert!(
        supported
            .clone()
            .any(|feature| feature.name.as_str() == "group.version")
    );
}

#[test]
fn two_share_a_topic_that_grows() {
    let (mut driver, _, client) = start(1);
    let mut a = enter(&mut driver, client, "a");
    assert_eq!((a.epoch, &*a.assigned), (1, [0, 1].as_slice()));
    let mut b = enter(&mut driver, client, "b");
    assert_eq!((b.epoch, b.assigned.len()), (2, 0));
    for _ in 0..2 {
        beat(&mut driver, client, &mut a);
        beat(&mut driver, client, &mut b);
    }
    assert_eq!(
        (&*a.assigned, &*b.assigned),
        ([0].as_slice(), [1].as_slice())
    );

    let grow = CreatePartitionsTopic::default()
        .with_name(name("t"))
        .with_count(4)
        .with_assignments(None);
    let grow = CreatePartitionsRequest::default()
        .with_topics(vec![grow])
        .with_timeout_ms(10_000);
    assert_eq!(driver.call(client, 3, &grow).results[0].error_code, 0);
    driver.run_for(1_000);
    beat(&mut driver, client, &mut a);
    beat(&mut driver, client, &mut b);
    assert_eq!((a.epoch, b.epoch), (3, 3));
    assert_eq!(a.assigned.len() + b.assigned.len(), 4);

    let describe = ConsumerGroupDescribeRequest::default()
        .with_group_ids(vec![text("g").into(), text("none").into()]);
    let described = driver.call(client, 1, &describe).groups;
    assert_eq!(described[0].group_state.as_str(), "Stable");
    let names = described[0].members.iter().map(|member| {
        let topics = &member.assignment.topic_partitions;
        (topics[0].topic_name.to_string(), topics[0].partitions.len())
    });
    assert_eq!(
        names.collect::<Vec<_>>(),
        [("t".to_owned(), 2), ("t".to_owned(), 2)]
    );
    assert_eq!(
        described[1].error_code,
        ResponseError::GroupIdNotFound.code()
    );
}

#[test]
fn a_group_moves_when_its_coordinator_dies() {
    let (mut driver, node, client) = start(3);
    let mut a = enter(&mut driver, client, "a");
    let b = enter(&mut driver, client, "b");
    // a is told to give one up, and its coordinator is gone before it has.
    let response = driver.call(client, 1, &request(&a));
    take(&mut a, &response);
    assert_eq!((a.epoch, &*a.assigned), (1, [0].as_slice()));
    driver.kill(node);
    driver.run_for(12_000);
    let other = (1..=3).find(|id| *id != node).expect("two are left");
    let client = driver.connect(other);
    let next = coordinator(&mut driver, client);
    assert_ne!(next, node);
    let client = driver.connect(next);
    // Nobody has given the partition up yet, so nobody else gets it.
    let mut b = b;
    let response = driver.call(client, 1, &request(&b));
    take(&mut b, &response);
    assert_eq!((b.epoch, b.assigned.len()), (2, 0));
    driver.start(node);
    driver.run_for(5_000);
    beat(&mut driver, client, &mut a);
    let response = driver.call(client, 1, &request(&b));
    take(&mut b, &response);
    assert_eq!((a.epoch, &*b.assigned), (2, [1].as_slice()));
}
