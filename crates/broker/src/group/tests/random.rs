//! Random clients against one group: whatever they do and whenever the coordinator goes, the laws of
//! a group hold. The harness checks after every call that no request is answered twice, that every
//! answer can be encoded, and that the log describes the hard state.

use super::super::{GroupConfig, Waiter};
use super::harness::{self, Harness, assignment, subscription, text};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{JoinGroupResponse, LeaveGroupRequest};
use konbini_protocol::messages::ResponseKind;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

const CLIENTS: usize = 4;
const PARTITIONS: i32 = 4;

#[derive(Clone, Debug)]
enum Op {
    Join {
        client: usize,
        version: i16,
        topics: bool,
    },
    Sync {
        client: usize,
    },
    Beat {
        client: usize,
    },
    Leave {
        client: usize,
    },
    Commit {
        client: usize,
        partition: i32,
    },
    /// The process is gone without a word; a new one starts.
    Restart {
        client: usize,
    },
    Wait {
        ms: i64,
    },
    /// Everybody joins and asks for its assignment, as polite clients do.
    Settle,
    /// Requests with a generation that has not come yet.
    Future {
        client: usize,
    },
    /// The shard moves to another node and back.
    Move,
    Crash,
}

fn op() -> impl Strategy<Value = Op> {
    let client = 0..CLIENTS;
    prop_oneof![
        8 => (client.clone(), prop_oneof![Just(3i16), Just(5), Just(9)], prop::bool::weighted(0.9))
            .prop_map(|(client, version, topics)| Op::Join { client, version, topics }),
        6 => client.clone().prop_map(|client| Op::Sync { client }),
        4 => client.clone().prop_map(|client| Op::Beat { client }),
        1 => client.clone().prop_map(|client| Op::Leave { client }),
        3 => (client.clone(), 0..PARTITIONS + 1)
            .prop_map(|(client, partition)| Op::Commit { client, partition }),
        1 => client.clone().prop_map(|client| Op::Restart { client }),
        2 => client.prop_map(|client| Op::Future { client }),
        3 => Just(Op::Settle),
        5 => prop_oneof![0..500i64, 500..12_000i64].prop_map(|ms| Op::Wait { ms }),
        1 => Just(Op::Move),
        1 => Just(Op::Crash),
    ]
}

#[derive(Clone, Default)]
struct Client {
    member: String,
    generation: i32,
    /// Members to assign to, when this client leads.
    members: Vec<String>,
}

struct World {
    harness: Harness,
    clients: Vec<Client>,
    senders: BTreeMap<Waiter, usize>,
    /// Owner of each partition by coordinator life and generation, as members were told.
    owners: BTreeMap<(u32, i32, i32), String>,
    life: u32,
    generation: i32,
    committed: BTreeMap<i32, i64>,
    next_offset: i64,
    /// Even clients are static members.
    any_static: bool,
    /// How often all clients shared a stable generation.
    settled: usize,
}

impl World {
    fn new(any_static: bool) -> World {
        let config = GroupConfig {
            initial_rebalance_delay_ms: 100,
            ..GroupConfig::default()
        };
        World {
            harness: Harness::new(config),
            clients: vec![
                Client {
                    generation: -1,
                    ..Client::default()
                };
                CLIENTS
            ],
            senders: BTreeMap::new(),
            owners: BTreeMap::new(),
            life: 0,
            generation: 0,
            committed: BTreeMap::new(),
            next_offset: 0,
            any_static,
            settled: 0,
        }
    }

    fn instance(&self, client: usize) -> Option<String> {
        (self.any_static && client.is_multiple_of(2)).then(|| format!("i{client}"))
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Join {
                client,
                version,
                topics,
            } => self.join(client, version, topics),
            Op::Sync { client } => self.sync(client),
            Op::Beat { client } => {
                let Client {
                    member, generation, ..
                } = self.clients[client].clone();
                self.send(
                    client,
                    3,
                    harness::heartbeat("g", &member, generation).into(),
                );
            }
            Op::Leave { client } => self.leave(client),
            Op::Commit { client, partition } => self.commit(client, partition),
            Op::Restart { client } => {
                self.clients[client] = Client {
                    generation: -1,
                    ..Client::default()
                };
            }
            Op::Wait { ms } => self.harness.wait(ms),
            Op::Settle => return self.settle(),
            Op::Future { client } => self.future(client),
            Op::Move => {
                self.harness.unload();
                self.new_life();
            }
            Op::Crash => {
                self.harness.crash();
                self.new_life();
            }
        }
        self.look_at_answers();
        self.check_group();
    }

    fn settle(&mut self) {
        for _ in 0..2 {
            for client in 0..CLIENTS {
                self.run(&Op::Join {
                    client,
                    version: 5,
                    topics: true,
                });
            }
        }
        self.run(&Op::Wait { ms: 200 });
        for client in 0..CLIENTS {
            self.run(&Op::Sync { client });
        }
        self.settled += usize::from(
            self.harness
                .coordinator
                .groups()
                .any(|group| group.state() == "Stable" && group.members().count() == CLIENTS),
        );
    }

    fn future(&mut self, client: usize) {
        let now = self
            .harness
            .coordinator
            .groups()
            .next()
            .map_or(0, |group| group.generation());
        let member = self.clients[client].member.clone();
        self.send(client, 3, harness::sync("g", &member, now + 1).into());
        self.send(client, 3, harness::heartbeat("g", &member, now + 1).into());
        let partitions = vec![OffsetCommitRequestPartition::default().with_committed_offset(1)];
        let topic = OffsetCommitRequestTopic::default()
            .with_name(text("t").into())
            .with_partitions(partitions);
        let commit = harness::commit("g", &member, now + 1).with_topics(vec![topic]);
        self.send(client, 8, commit.into());
        let answers = &self.harness.answers;
        assert_eq!(answers.len(), 3, "all are refused at once");
        for (_, answer) in answers {
            let code = match answer {
                ResponseKind::SyncGroup(answer) => answer.error_code,
                ResponseKind::Heartbeat(answer) => answer.error_code,
                ResponseKind::OffsetCommit(answer) => answer.topics[0].partitions[0].error_code,
                other => panic!("{other:?}"),
            };
            assert_ne!(code, 0, "{answer:?}");
        }
    }

    /// A new coordinator starts from the last written generation, as Kafka's does.
    fn new_life(&mut self) {
        self.harness.load();
        self.life += 1;
        self.generation = 0;
    }

    fn send(
        &mut self,
        client: usize,
        version: i16,
        request: konbini_protocol::messages::RequestKind,
    ) {
        let waiter = self.harness.send(&format!("c{client}"), version, request);
        self.senders.insert(waiter, client);
    }

    fn join(&mut self, client: usize, version: i16, topics: bool) {
        let metadata = if topics {
            subscription(&["t"])
        } else {
            subscription(&["t", "u"])
        };
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(text("range"))
            .with_metadata(metadata);
        let instance = self.instance(client);
        let version = if instance.is_some() {
            version.max(5)
        } else {
            version
        };
        let request = harness::join("g", &self.clients[client].member)
            .with_group_instance_id(instance.as_deref().map(text))
            .with_protocols(vec![protocol]);
        self.send(client, version, request.into());
    }

    /// A leader deals the partitions out in turn; a follower asks for its own.
    fn sync(&mut self, client: usize) {
        let Client {
            member,
            generation,
            members,
        } = self.clients[client].clone();
        let assignments = members.iter().enumerate().map(|(index, member)| {
            let count = members.len() as i32;
            let partitions = (0..PARTITIONS).filter(|partition| partition % count == index as i32);
            SyncGroupRequestAssignment::default()
                .with_member_id(text(member))
                .with_assignment(assignment(&partitions.collect::<Vec<_>>()))
        });
        let request =
            harness::sync("g", &member, generation).with_assignments(assignments.collect());
        self.send(client, 3, request.into());
    }

    fn leave(&mut self, client: usize) {
        let member = text(&self.clients[client].member);
        let members = vec![MemberIdentity::default().with_member_id(member)];
        let request = LeaveGroupRequest::default()
            .with_group_id(text("g").into())
            .with_members(members);
        self.send(client, 4, request.into());
        self.clients[client] = Client {
            generation: -1,
            ..Client::default()
        };
    }

    fn commit(&mut self, client: usize, partition: i32) {
        let Client {
            member, generation, ..
        } = self.clients[client].clone();
        self.next_offset += 1;
        let offset = self.next_offset;
        let partitions = vec![
            OffsetCommitRequestPartition::default()
                .with_partition_index(partition)
                .with_committed_offset(offset),
        ];
        let topic = OffsetCommitRequestTopic::default()
            .with_name(text("t").into())
            .with_partitions(partitions);
        let request = harness::commit("g", &member, generation).with_topics(vec![topic]);
        self.send(client, 8, request.into());
        // Commits are answered at once, and last.
        let answer = self
            .harness
            .answers
            .last()
            .map(|(_, answer)| answer.clone());
        let Some(ResponseKind::OffsetCommit(answer)) = answer else {
            panic!("no answer")
        };
        let code = answer.topics[0].partitions[0].error_code;
        if code == 0 {
            assert!(
                partition < PARTITIONS,
                "committed a partition that does not exist"
            );
            self.committed.insert(partition, offset);
        }
    }

    fn look_at_answers(&mut self) {
        for (waiter, answer) in std::mem::take(&mut self.harness.answers) {
            let client = self.senders[&waiter];
            match answer {
                ResponseKind::JoinGroup(answer) => self.joined(client, &answer),
                ResponseKind::SyncGroup(answer) if answer.error_code == 0 => {
                    self.assigned(client, &answer.assignment);
                }
                _ => {}
            }
        }
    }

    fn joined(&mut self, client: usize, answer: &JoinGroupResponse) {
        let me = &mut self.clients[client];
        match ResponseError::try_from_code(answer.error_code) {
            None => {
                me.member = answer.member_id.to_string();
                me.generation = answer.generation_id;
                let members = answer
                    .members
                    .iter()
                    .map(|member| member.member_id.to_string());
                me.members = members.collect();
                assert!(
                    answer.generation_id >= self.generation,
                    "generation went back"
                );
                self.generation = answer.generation_id;
                let leads = answer.leader == answer.member_id;
                assert_eq!(
                    leads,
                    !me.members.is_empty(),
                    "only the leader is told the members"
                );
            }
            Some(ResponseError::MemberIdRequired) => me.member = answer.member_id.to_string(),
            Some(ResponseError::UnknownMemberId | ResponseError::FencedInstanceId) => {
                *me = Client {
                    generation: -1,
                    ..Client::default()
                };
            }
            Some(_) => {}
        }
    }

    /// In one generation a partition has one owner. A static member that came back is the same owner.
    fn assigned(&mut self, client: usize, assignment: &[u8]) {
        let partitions = super::super::consumer_protocol::assigned_partitions(assignment).unwrap();
        let generation = self.clients[client].generation;
        let owner = self
            .instance(client)
            .unwrap_or_else(|| self.clients[client].member.clone());
        for (_, partition) in partitions {
            let key = (self.life, generation, partition);
            let known = self.owners.entry(key).or_insert_with(|| owner.clone());
            assert_eq!(*known, owner, "two owners of {key:?}");
        }
    }

    fn check_group(&self) {
        for group in self.harness.coordinator.groups() {
            let members: Vec<&str> = group.members().map(|member| member.id()).collect();
            assert_eq!(members.is_empty(), group.leader().is_none());
            assert!(
                group
                    .leader()
                    .is_none_or(|leader| members.contains(&leader))
            );
            if group.state() == "Stable" || group.state() == "CompletingRebalance" {
                assert!(!members.is_empty());
                assert!(group.protocol().is_some());
            }
            let instances: Vec<_> = group.members().filter_map(|m| m.instance_id()).collect();
            let mut distinct = instances.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), instances.len(), "an instance id twice");
            let offsets = group
                .offsets()
                .map(|(_, partition, offset)| (partition, offset.offset));
            assert_eq!(offsets.collect::<BTreeMap<_, _>>(), self.committed);
        }
    }
}

fn check(any_static: bool, ops: &[Op]) -> usize {
    let mut world = World::new(any_static);
    for op in ops {
        world.run(op);
    }
    // Everybody falls silent: in the end all are answered and the group is empty.
    world.harness.wait(600_000);
    world.look_at_answers();
    assert!(world.harness.waiting.is_empty(), "never answered");
    for group in world.harness.coordinator.groups() {
        assert_eq!(group.state(), "Empty");
    }
    world.settled
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn laws_hold(any_static in any::<bool>(), ops in prop::collection::vec(op(), 1..80)) {
        check(any_static, &ops);
    }
}

/// The random clients do reach the states that the laws are about.
#[test]
fn random_clients_settle() {
    let mut runner = TestRunner::deterministic();
    let mut settled = 0;
    for _ in 0..50 {
        let ops = prop::collection::vec(op(), 80)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        settled += check(true, &ops);
    }
    assert!(settled > 50, "only {settled} times");
}
