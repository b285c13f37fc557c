//! Consumer groups over frames: the group coordinator inside brokers with disks.

mod driver;

use driver::{ClientId, Driver};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use konbini_broker::group;
use konbini_protocol::ResponseError;
use konbini_protocol::record::batches;
use konbini_protocol::response;

const FEW: &[(&str, &str)] = &[
    ("offsets.topic.num.partitions", "4"),
    ("group.initial.rebalance.delay.ms", "0"),
];

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn create_topic(driver: &mut Driver, client: ClientId, name: &str) {
    let topic = CreatableTopic::default()
        .with_name(text(name).into())
        .with_num_partitions(2)
        .with_replication_factor(1);
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let response = driver.call(client, 5, &request);
    assert_eq!(response.topics[0].error_code, 0);
    driver.run_for(1_000);
}

/// Asks until the coordinator is known, as clients do.
fn coordinator(driver: &mut Driver, client: ClientId, group: &str) -> i32 {
    for _ in 0..20 {
        let request = FindCoordinatorRequest::default().with_key(text(group));
        let response = driver.call(client, 2, &request);
        if response.error_code == 0 {
            assert_eq!(
                response.host.as_str(),
                format!("broker-{}", response.node_id.0)
            );
            return response.node_id.0;
        }
        assert_eq!(
            response.error_code,
            ResponseError::CoordinatorNotAvailable.code()
        );
        assert_eq!(response.node_id.0, -1);
        driver.run_for(100);
    }
    panic!("no coordinator");
}

fn join_request(member: &str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(b"\0\0\0\0\0\x01\0\x01t\xff\xff\xff\xff".as_slice().into());
    JoinGroupRequest::default()
        .with_group_id(text("g").into())
        .with_member_id(text(member))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(60_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

fn sync_request(member: &str, generation: i32, assigned: &[(&str, &[u8])]) -> SyncGroupRequest {
    let assignments = assigned.iter().map(|(member, bytes)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(bytes.to_vec().into())
    });
    SyncGroupRequest::default()
        .with_group_id(text("g").into())
        .with_member_id(text(member))
        .with_generation_id(generation)
        .with_assignments(assignments.collect())
}

fn heartbeat(driver: &mut Driver, client: ClientId, member: &str, generation: i32) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(text("g").into())
        .with_member_id(text(member))
        .with_generation_id(generation);
    driver.call(client, 3, &request).error_code
}

fn commit(
    driver: &mut Driver,
    client: ClientId,
    member: &str,
    generation: i32,
    offset: i64,
) -> i16 {
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(1)
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("note")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(text("t").into())
        .with_partitions(vec![partition]);
    let request = OffsetCommitRequest::default()
        .with_group_id(text("g").into())
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![topic]);
    driver.call(client, 7, &request).topics[0].partitions[0].error_code
}

fn committed(driver: &mut Driver, client: ClientId) -> (i16, i64) {
    let topic = OffsetFetchRequestTopic::default()
        .with_name(text("t").into())
        .with_partition_indexes(vec![1]);
    let request = OffsetFetchRequest::default()
        .with_group_id(text("g").into())
        .with_topics(Some(vec![topic]));
    let response = driver.call(client, 5, &request);
    (
        response.error_code,
        response.topics[0].partitions[0].committed_offset,
    )
}

/// A cluster with topic `t`, and a client at the coordinator of group `g`.
fn start(brokers: i32) -> (Driver, i32, ClientId) {
    start_with(brokers, &[])
}

fn start_with(brokers: i32, configs: &[(&str, &str)]) -> (Driver, i32, ClientId) {
    let mut driver = Driver::new(brokers, &[FEW, configs].concat());
    let client = driver.connect(1);
    create_topic(&mut driver, client, "t");
    let node = coordinator(&mut driver, client, "g");
    let client = driver.connect(node);
    (driver, node, client)
}

/// One member, through join and sync.
fn join_alone(driver: &mut Driver, client: ClientId) -> (String, i32) {
    let first = driver.call(client, 5, &join_request(""));
    assert_eq!(first.error_code, ResponseError::MemberIdRequired.code());
    let joined = driver.call(client, 5, &join_request(&first.member_id));
    assert_eq!((joined.error_code, joined.members.len()), (0, 1));
    let member = joined.member_id.to_string();
    let sync = sync_request(&member, joined.generation_id, &[(&member, b"mine")]);
    let synced = driver.call(client, 3, &sync);
    assert_eq!(
        (synced.error_code, synced.assignment.as_ref()),
        (0, b"mine".as_slice())
    );
    (member, joined.generation_id)
}

#[test]
fn every_broker_names_the_same_coordinator() {
    let (mut driver, node, _) = start(3);
    for id in 1..=3 {
        let client = driver.connect(id);
        assert_eq!(coordinator(&mut driver, client, "g"), node);
        let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![
            text("g"),
            text("h"),
            text(""),
        ]);
        let response = driver.call(client, 4, &request);
        let found = &response.coordinators;
        assert_eq!((found[0].error_code, found[0].node_id.0), (0, node));
        assert_eq!(found[1].error_code, 0);
        // Kafka too: the empty group has a coordinator, which refuses to let anybody join it.
        assert_eq!(found[2].error_code, 0);
        let error = heartbeat(&mut driver, client, "nobody", 1);
        let expect = if id == node {
            ResponseError::UnknownMemberId
        } else {
            ResponseError::NotCoordinator
        };
        assert_eq!(error, expect.code(), "broker {id}");
    }
}

#[test]
fn a_group_survives_a_power_cut_of_its_coordinator() {
    let (mut driver, node, client) = start_with(3, &[("offsets.topic.replication.factor", "1")]);
    let (member, generation) = join_alone(&mut driver, client);
    assert_eq!(commit(&mut driver, client, &member, generation, 5), 0);
    assert_eq!(committed(&mut driver, client), (0, 5));

    driver.restart(node);
    // The controller takes the old session for alive until broker.session.timeout.ms is over.
    driver.run_for(15_000);
    let client = driver.connect(node);
    assert_eq!(heartbeat(&mut driver, client, &member, generation), 0);
    assert_eq!(committed(&mut driver, client), (0, 5));
    assert_eq!(commit(&mut driver, client, &member, generation, 6), 0);
    let synced = driver.call(client, 3, &sync_request(&member, generation, &[]));
    assert_eq!(synced.assignment.as_ref(), b"mine");

    // Nobody says anything for a session: the group is empty, its offsets stay.
    driver.run_for(11_000);
    let request = DescribeGroupsRequest::default().with_groups(vec![text("g").into()]);
    let described = driver.call(client, 4, &request);
    assert_eq!(described.groups[0].group_state.as_str(), "Empty");
    assert_eq!(committed(&mut driver, client), (0, 6));
}

#[test]
fn a_group_moves_when_its_coordinator_dies() {
    let (mut driver, node, client) = start(3);
    let (member, generation) = join_alone(&mut driver, client);
    assert_eq!(commit(&mut driver, client, &member, generation, 5), 0);
    driver.kill(node);
    driver.run_for(12_000);
    let other = (1..=3).find(|id| *id != node).expect("two are left");
    let client = driver.connect(other);
    let next = coordinator(&mut driver, client, "g");
    assert_ne!(next, node);
    // The new one has read the log: members, generation and offsets are those of before.
    let client = driver.connect(next);
    assert_eq!(heartbeat(&mut driver, client, &member, generation), 0);
    assert_eq!(committed(&mut driver, client), (0, 5));
    assert_eq!(commit(&mut driver, client, &member, generation, 6), 0);
}

/// What a reload of the page is: every broker loses power at once.
#[test]
fn a_group_survives_a_power_cut_of_all() {
    let (mut driver, node, client) = start(3);
    let (member, generation) = join_alone(&mut driver, client);
    assert_eq!(commit(&mut driver, client, &member, generation, 5), 0);
    let cut = driver.now;
    (1..=3).for_each(|id| driver.kill(id));
    (1..=3).for_each(|id| driver.start(id));
    let client = driver.connect(node);
    // The first request waits until its broker serves again.
    assert_eq!(heartbeat(&mut driver, client, &member, generation), 0);
    assert!(driver.now - cut < 2_000, "took {} ms", driver.now - cut);
    assert_eq!(committed(&mut driver, client), (0, 5));
    assert_eq!(commit(&mut driver, client, &member, generation, 6), 0);
}

#[test]
fn a_join_waits_for_the_others() {
    let (mut driver, _, a) = start(1);
    let (first, generation) = join_alone(&mut driver, a);
    let b = driver.connect(1);
    let given = driver.call(b, 5, &join_request(""));
    driver.send(b, 5, &join_request(&given.member_id));
    driver.run_for(100);
    assert!(
        driver.take_frame(b).is_none(),
        "the first member has not joined again"
    );
    let in_progress = ResponseError::RebalanceInProgress.code();
    assert_eq!(heartbeat(&mut driver, a, &first, generation), in_progress);
    // While it waits, the connection's next request waits too.
    driver.send(b, 2, &FindCoordinatorRequest::default().with_key(text("g")));
    driver.run_for(100);
    assert!(driver.take_frame(b).is_none());

    let joined = driver.call(a, 5, &join_request(&first));
    assert_eq!(joined.members.len(), 2);
    let frame = driver.wait_frame(b, 1_000).expect("the join is answered");
    let (_, other) = response::decode::<JoinGroupRequest>(&frame, 5).expect("a join response");
    assert_eq!(
        (other.error_code, other.generation_id),
        (0, joined.generation_id)
    );
    assert!(
        driver.wait_frame(b, 1_000).is_some(),
        "then the request behind it"
    );

    driver.send(
        b,
        3,
        &sync_request(&other.member_id, other.generation_id, &[]),
    );
    driver.run_for(100);
    assert!(
        driver.take_frame(b).is_none(),
        "the leader has not assigned"
    );
    let sync = sync_request(&first, joined.generation_id, &[(&first, b"all")]);
    assert_eq!(driver.call(a, 3, &sync).assignment.as_ref(), b"all");
    let frame = driver.wait_frame(b, 1_000).expect("the sync is answered");
    let (_, synced) = response::decode::<SyncGroupRequest>(&frame, 3).expect("a sync response");
    assert_eq!((synced.error_code, synced.assignment.len()), (0, 0));

    let leave = LeaveGroupRequest::default()
        .with_group_id(text("g").into())
        .with_members(vec![
            MemberIdentity::default().with_member_id(other.member_id.clone()),
        ]);
    assert_eq!(driver.call(b, 3, &leave).members[0].error_code, 0);
    assert_eq!(
        heartbeat(&mut driver, a, &first, joined.generation_id),
        in_progress
    );
}

#[test]
fn the_offsets_topic_holds_what_kafka_would_write() {
    let (mut driver, _, client) = start(1);
    let (member, generation) = join_alone(&mut driver, client);
    assert_eq!(commit(&mut driver, client, &member, generation, 5), 0);
    let partition = FetchPartition::default()
        .with_partition(group::partition_for("g", 4))
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(text("__consumer_offsets").into())
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_topics(vec![topic]);
    let response = driver.call(client, 11, &request);
    let bytes = response.responses[0].partitions[0]
        .records
        .clone()
        .expect("records");
    let mut records = Vec::new();
    for batch in batches(bytes) {
        for record in batch.expect("a batch").records() {
            let record = record.expect("a record");
            let key = record.key.expect("a key");
            let decoded = group::Record::decode(&key, record.value.as_deref());
            records.push(decoded.expect("a known format").expect("a known key"));
        }
    }
    // The group begins, is assigned, commits.
    let [
        group::Record::Group {
            value: Some(begun), ..
        },
        group::Record::Group {
            value: Some(assigned),
            ..
        },
        group::Record::Offset {
            topic,
            partition: 1,
            value: Some(offset),
            ..
        },
    ] = records.as_slice()
    else {
        panic!("{records:?}");
    };
    assert_eq!((begun.generation, begun.members.len()), (0, 0));
    assert_eq!(assigned.generation, generation);
    assert_eq!(assigned.members[0].member_id, member);
    assert_eq!(assigned.members[0].assignment.as_ref(), b"mine");
    assert_eq!(
        (topic.as_str(), offset.offset, offset.metadata.as_str()),
        ("t", 5, "note")
    );
    assert!(offset.commit_timestamp >= driver::START);
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    let (mut driver, _, client) = start(1);
    assert_eq!(commit(&mut driver, client, "", -1, 5), 0);
    assert_eq!(committed(&mut driver, client), (0, 5));
    let topic = DeleteTopicState::default().with_name(Some(text("t").into()));
    let request = DeleteTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    assert_eq!(driver.call(client, 6, &request).responses[0].error_code, 0);
    driver.run_for(1_000);
    assert_eq!(committed(&mut driver, client), (0, -1));
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(commit(&mut driver, client, "", -1, 6), unknown);
}

/// Every version that the table promises is answered in that version.
#[test]
fn every_version_is_answered() {
    let (mut driver, _, client) = start(1);
    let group = || GroupId::from(text("g"));
    for version in 0..=6 {
        let request = match version {
            0..=3 => FindCoordinatorRequest::default().with_key(text("g")),
            _ => FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")]),
        };
        driver.call(client, version, &request);
    }
    for version in 0..=9 {
        let response = driver.call(client, version, &join_request("stranger"));
        assert_eq!(response.error_code, ResponseError::UnknownMemberId.code());
    }
    for version in 0..=5 {
        driver.call(client, version, &sync_request("stranger", 1, &[]));
        let mut leave = LeaveGroupRequest::default().with_group_id(group());
        match version {
            0..=2 => leave.member_id = text("stranger"),
            _ => leave.members = vec![MemberIdentity::default().with_member_id(text("stranger"))],
        }
        driver.call(client, version, &leave);
        driver.call(client, version, &ListGroupsRequest::default());
    }
    for version in 0..=4 {
        driver.call(
            client,
            version,
            &HeartbeatRequest::default().with_group_id(group()),
        );
    }
    for version in 2..=9 {
        driver.call(
            client,
            version,
            &OffsetCommitRequest::default().with_group_id(group()),
        );
    }
    for version in 1..=9 {
        let request = match version {
            1..=7 => OffsetFetchRequest::default()
                .with_group_id(group())
                .with_topics(Some(vec![])),
            _ => OffsetFetchRequest::default(),
        };
        driver.call(client, version, &request);
    }
    for version in 0..=6 {
        let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
        assert_eq!(driver.call(client, version, &request).groups.len(), 1);
    }
    for version in 0..=2 {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![group()]);
        assert_eq!(driver.call(client, version, &request).results.len(), 1);
    }
    driver.call(
        client,
        0,
        &OffsetDeleteRequest::default().with_group_id(group()),
    );
    assert!(!driver.is_closed(client));
}
