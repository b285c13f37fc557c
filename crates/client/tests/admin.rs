//! The admin client's routing and retries against a scripted cluster.

mod fake;

use std::collections::BTreeMap;

use fake::{Asked, Machine, Net, Reply, Topic, metadata, run, text, topic_name};
use konbini_client::admin::{
    Admin, AdminConfig, AdminError, AdminResult, NewTopic, OffsetSpec, OperationId, Told,
};
use konbini_client::{ClientConfig, Input, Output, TopicPartition};
use konbini_protocol::api::{RequestKind, ResponseKind};
use konbini_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use konbini_protocol::messages::create_topics_response::CreatableTopicResult;
use konbini_protocol::messages::delete_groups_response::DeletableGroupResult;
use konbini_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use konbini_protocol::messages::find_coordinator_response::Coordinator;
use konbini_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use konbini_protocol::messages::{
    AlterPartitionReassignmentsResponse, CreateTopicsResponse, DeleteGroupsResponse,
    ElectLeadersResponse, FindCoordinatorResponse, ListGroupsResponse, ListOffsetsResponse,
};

struct A(Admin);

impl Machine for A {
    type Told = Told;
    fn handle(&mut self, now: i64, input: Input) {
        self.0.handle(now, input);
    }
    fn poll(&mut self) -> Option<Output<Told>> {
        self.0.poll()
    }
    fn wake_at(&self) -> Option<i64> {
        self.0.wake_at()
    }
}

type Done = Result<AdminResult, AdminError>;

/// Runs one operation; returns its result and the ms it took.
fn operate(
    begin: impl FnOnce(&mut Admin, i64) -> OperationId,
    mut script: impl FnMut(Asked) -> Reply,
) -> (Done, i64) {
    let mut net = Net::new(&[1, 2, 3]);
    let client = ClientConfig::new("a", vec![fake::address(1)]);
    let mut a = A(Admin::new(AdminConfig::new(client), 42, fake::START));
    let id = begin(&mut a.0, fake::START);
    let mut done = None;
    run(&mut net, &mut a, 200_000, &mut script, |_, _, output| {
        if let Told::Done(other, result) = output {
            assert_eq!(other, id);
            done = Some(result);
        }
        done.is_some()
    });
    assert_eq!(a.0.operations(), 0);
    (done.expect("it ends"), net.now - fake::START)
}

/// Metadata in which `controller` is the controller and `t` has leaders 1 and 2.
fn known(controller: i32) -> ResponseKind {
    let topic = Topic {
        name: "t",
        leaders: vec![1, 2],
    };
    let ResponseKind::Metadata(mut told) = metadata(&[1, 2, 3], &[topic]) else {
        unreachable!()
    };
    told.controller_id = controller.into();
    told.into()
}

fn new_topic() -> NewTopic {
    NewTopic {
        name: "x".to_owned(),
        partitions: 1,
        replication_factor: 1,
        ..NewTopic::default()
    }
}

fn created(code: i16) -> ResponseKind {
    let topic = CreatableTopicResult::default()
        .with_name(topic_name("x"))
        .with_error_code(code)
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_error_message((code != 0).then(|| text("because")));
    CreateTopicsResponse::default()
        .with_topics(vec![topic])
        .into()
}

#[test]
fn a_controller_that_moved_is_found_again() {
    let mut asked = Vec::new();
    let (result, _) = operate(
        |a, now| a.create_topic(now, new_topic()),
        |request| match request.body {
            RequestKind::Metadata(_) => {
                let moved = request.at > fake::START + 100;
                Reply::Answer(known(if moved { 3 } else { 2 }))
            }
            RequestKind::CreateTopics(_) => {
                asked.push(request.node);
                Reply::Answer(created(if request.node == 3 { 0 } else { 41 }))
            }
            other => panic!("{other:?}"),
        },
    );
    assert!(
        matches!(result, Ok(AdminResult::TopicCreated { partitions: 1, .. })),
        "{result:?}"
    );
    assert_eq!((asked.first(), asked.last()), (Some(&2), Some(&3)));
}

#[test]
fn a_refusal_is_final_and_carries_the_brokers_words() {
    let (result, took) = operate(
        |a, now| a.create_topic(now, new_topic()),
        |request| match request.body {
            RequestKind::Metadata(_) => Reply::Answer(known(1)),
            _ => Reply::Answer(created(36)),
        },
    );
    let expect = AdminError {
        code: "TOPIC_ALREADY_EXISTS".to_owned(),
        message: "because".to_owned(),
    };
    assert_eq!(result, Err(expect));
    assert!(took < 100);
}

#[test]
fn an_operation_gives_up_after_default_api_timeout_ms() {
    let (result, took) = operate(
        |a, now| a.create_topic(now, new_topic()),
        |request| match request.body {
            RequestKind::Metadata(_) => Reply::Answer(known(1)),
            _ => Reply::Answer(created(41)),
        },
    );
    assert_eq!(result.unwrap_err().code, "TIMEOUT");
    assert_eq!(took, 60_000);
}

#[test]
fn a_coordinator_that_moved_is_found_again() {
    let mut asked = Vec::new();
    let (result, _) = operate(
        |a, now| a.delete_group(now, "g"),
        |request| match request.body {
            RequestKind::Metadata(_) => Reply::Answer(known(1)),
            RequestKind::FindCoordinator(_) => {
                // Not there, then on the wrong broker, then on the right one.
                asked.push(0);
                let (code, node) = match asked.len() {
                    1 => (15, -1),
                    2 => (0, 2),
                    _ => (0, 3),
                };
                let at = fake::address(node);
                let found = Coordinator::default()
                    .with_key(text("g"))
                    .with_error_code(code)
                    .with_node_id(node.into())
                    .with_host(text(&at.host))
                    .with_port(9092);
                let answer = FindCoordinatorResponse::default().with_coordinators(vec![found]);
                Reply::Answer(answer.into())
            }
            RequestKind::DeleteGroups(_) => {
                asked.push(request.node);
                let told = DeletableGroupResult::default()
                    .with_group_id(text("g").into())
                    .with_error_code(if request.node == 3 { 0 } else { 16 });
                Reply::Answer(
                    DeleteGroupsResponse::default()
                        .with_results(vec![told])
                        .into(),
                )
            }
            other => panic!("{other:?}"),
        },
    );
    assert_eq!(result, Ok(AdminResult::Done));
    assert_eq!(asked, [0, 0, 2, 0, 3]);
}

#[test]
fn offsets_are_asked_of_each_leader_and_put_together() {
    let mut asked: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let tps = [TopicPartition::new("t", 0), TopicPartition::new("t", 1)];
    let specs: Vec<_> = tps
        .iter()
        .map(|tp| (tp.clone(), OffsetSpec::Latest))
        .collect();
    let (result, _) = operate(
        |a, now| a.list_offsets(now, specs),
        |request| match request.body {
            RequestKind::Metadata(_) => Reply::Answer(known(1)),
            RequestKind::ListOffsets(body) => {
                let partition = body.topics[0].partitions[0].partition_index;
                asked.entry(request.node).or_default().push(partition);
                // The first try meets a leader that is just changing.
                let first = asked[&request.node].len() == 1;
                let told = ListOffsetsPartitionResponse::default()
                    .with_partition_index(partition)
                    .with_error_code(if first { 6 } else { 0 })
                    .with_offset(10 + i64::from(partition));
                let topic = ListOffsetsTopicResponse::default()
                    .with_name(topic_name("t"))
                    .with_partitions(vec![told]);
                Reply::Answer(
                    ListOffsetsResponse::default()
                        .with_topics(vec![topic])
                        .into(),
                )
            }
            other => panic!("{other:?}"),
        },
    );
    let Ok(AdminResult::Offsets(offsets)) = result else {
        panic!("{result:?}")
    };
    let offsets: Vec<i64> = offsets.iter().map(|(_, listed)| listed.offset).collect();
    assert_eq!(offsets, [10, 11]);
    assert_eq!(asked, BTreeMap::from([(1, vec![0, 0]), (2, vec![1, 1])]));
}

#[test]
fn every_broker_is_asked_for_its_groups() {
    let mut asked = Vec::new();
    let (result, _) = operate(
        |a, now| a.list_groups(now),
        |request| match request.body {
            RequestKind::Metadata(_) => Reply::Answer(known(1)),
            RequestKind::ListGroups(_) => {
                asked.push(request.node);
                Reply::Answer(ListGroupsResponse::default().into())
            }
            other => panic!("{other:?}"),
        },
    );
    assert_eq!(result, Ok(AdminResult::Groups(Vec::new())));
    asked.sort_unstable();
    assert_eq!(asked, [1, 2, 3]);
}

fn elected(code: i16) -> ResponseKind {
    let partition = PartitionResult::default()
        .with_partition_id(1)
        .with_error_code(code)
        .with_error_message((code != 0).then(|| text("because")));
    let topic = ReplicaElectionResult::default()
        .with_topic(topic_name("t"))
        .with_partition_result(vec![partition]);
    ElectLeadersResponse::default()
        .with_replica_election_results(vec![topic])
        .into()
}

#[test]
fn the_controller_elects_leaders() {
    for (unclean, code) in [(false, 0), (true, 0), (false, 84)] {
        let mut asked = Vec::new();
        let (result, _) = operate(
            |a, now| a.elect_leader(now, TopicPartition::new("t", 1), unclean),
            |request| match request.body {
                RequestKind::Metadata(_) => Reply::Answer(known(3)),
                RequestKind::ElectLeaders(body) => {
                    let topics = body.topic_partitions.unwrap();
                    assert_eq!(topics[0].topic, topic_name("t"));
                    assert_eq!(topics[0].partitions, [1]);
                    asked.push((request.node, body.election_type));
                    Reply::Answer(elected(code))
                }
                other => panic!("{other:?}"),
            },
        );
        assert_eq!(asked, [(3, i8::from(unclean))]);
        let expect = (code != 0).then(|| "ELECTION_NOT_NEEDED".to_owned());
        assert_eq!(result.err().map(|error| error.code), expect);
    }
}

#[test]
fn the_controller_reassigns_partitions() {
    for (replicas, code) in [(Some(vec![3, 1]), 0), (None, 0), (Some(vec![9]), 39)] {
        let mut asked = Vec::new();
        let (result, _) = operate(
            |a, now| a.reassign_partition(now, TopicPartition::new("t", 0), replicas.clone()),
            |request| match request.body {
                RequestKind::Metadata(_) => Reply::Answer(known(2)),
                RequestKind::AlterPartitionReassignments(body) => {
                    let partition = &body.topics[0].partitions[0];
                    assert_eq!(
                        (&body.topics[0].name, partition.partition_index),
                        (&topic_name("t"), 0)
                    );
                    let ids = partition.replicas.as_ref();
                    let ids = ids.map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>());
                    asked.push((request.node, ids));
                    let told = ReassignablePartitionResponse::default().with_error_code(code);
                    let topic = ReassignableTopicResponse::default()
                        .with_name(topic_name("t"))
                        .with_partitions(vec![told]);
                    let answer = AlterPartitionReassignmentsResponse::default();
                    Reply::Answer(answer.with_responses(vec![topic]).into())
                }
                other => panic!("{other:?}"),
            },
        );
        assert_eq!(asked, [(2, replicas)]);
        let expect = (code != 0).then(|| "INVALID_REPLICA_ASSIGNMENT".to_owned());
        assert_eq!(result.err().map(|error| error.code), expect);
    }
}

#[test]
fn a_broker_that_has_not_heard_of_a_topic_is_asked_again() {
    let mut asked: BTreeMap<i32, usize> = BTreeMap::new();
    let (result, _) = operate(
        |a, now| a.await_topics(now, vec!["t".to_owned()]),
        |request| {
            let RequestKind::Metadata(body) = request.body else {
                panic!("{:?}", request.body)
            };
            // Its own look at the cluster names no topic.
            if body.topics.is_none_or(|topics| topics.is_empty()) {
                return Reply::Answer(known(1));
            }
            assert!(!body.allow_auto_topic_creation);
            let tries = asked.entry(request.node).or_default();
            *tries += 1;
            let ResponseKind::Metadata(mut told) = known(1) else {
                unreachable!()
            };
            match (request.node, *tries) {
                (2, 1) => told.topics[0].error_code = 3,
                (2, 2) => told.topics[0].partitions[0].leader_id = (-1).into(),
                _ => {}
            }
            Reply::Answer(told.into())
        },
    );
    assert_eq!(result, Ok(AdminResult::Done));
    assert_eq!(asked, BTreeMap::from([(1, 1), (2, 3), (3, 1)]));
}
