//! Random members of a consumer group: whatever they do and whenever the coordinator goes, no two have
//! a partition at once, and left alone they come to have all of them.

use super::super::consumer::Partitions;
use super::super::{GroupConfig, Waiter};
use super::harness::{self, Harness, text};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicName,
};
use konbini_protocol::messages::ResponseKind;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CLIENTS: usize = 4;
/// Heartbeats of everybody, 5 s apart, after which a group must have come to rest: a session that
/// nobody keeps up takes nine of them.
const ROUNDS: usize = 20;

#[derive(Clone, Debug)]
enum Op {
    Enter {
        client: usize,
        topics: usize,
    },
    /// A heartbeat, that says what the client has or not; its answer comes, or is lost.
    Tell {
        client: usize,
        has: bool,
        lost: bool,
    },
    /// The client gives up and takes what it was told to.
    Apply {
        client: usize,
    },
    Subscribe {
        client: usize,
        topics: usize,
    },
    Quit {
        client: usize,
        for_a_while: bool,
    },
    /// The process is gone without a word; a new one starts.
    Restart {
        client: usize,
    },
    Commit {
        client: usize,
    },
    Topic {
        topic: usize,
        partitions: i32,
    },
    Wait {
        ms: i64,
    },
    Move,
    Crash,
    Settle,
}

/// What clients subscribe to.
const SUBSCRIPTIONS: [&[&str]; 4] = [&["t"], &["t", "u"], &["u"], &["t", "v"]];

fn op() -> impl Strategy<Value = Op> {
    let client = || 0..CLIENTS;
    let topics = || 0..SUBSCRIPTIONS.len();
    prop_oneof![
        6 => (client(), topics()).prop_map(|(client, topics)| Op::Enter { client, topics }),
        10 => (client(), any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(client, has, lost)| Op::Tell { client, has, lost }),
        8 => client().prop_map(|client| Op::Apply { client }),
        2 => (client(), topics()).prop_map(|(client, topics)| Op::Subscribe { client, topics }),
        1 => (client(), any::<bool>())
            .prop_map(|(client, for_a_while)| Op::Quit { client, for_a_while }),
        1 => client().prop_map(|client| Op::Restart { client }),
        2 => client().prop_map(|client| Op::Commit { client }),
        1 => (0..3usize, 0..5i32).prop_map(|(topic, partitions)| Op::Topic { topic, partitions }),
        3 => prop_oneof![0..2_000i64, 2_000..50_000i64].prop_map(|ms| Op::Wait { ms }),
        1 => Just(Op::Move),
        1 => Just(Op::Crash),
        1 => Just(Op::Settle),
    ]
}

#[derive(Clone, Default)]
struct Client {
    /// How many processes there were before this one.
    process: u32,
    epoch: i32,
    in_group: bool,
    topics: usize,
    /// The last answer did not come: it says all that there is to say again.
    in_doubt: bool,
    told: Partitions,
    /// What it works on.
    has: Partitions,
}

struct World {
    harness: Harness,
    clients: Vec<Client>,
    senders: BTreeMap<Waiter, usize>,
    any_static: bool,
    epoch: i32,
    settled: usize,
}

impl World {
    fn new(any_static: bool) -> World {
        World {
            harness: Harness::new(GroupConfig::default()),
            clients: vec![Client::default(); CLIENTS],
            senders: BTreeMap::new(),
            any_static,
            epoch: 0,
            settled: 0,
        }
    }

    fn member(&self, client: usize) -> String {
        format!("m{client}-{}", self.clients[client].process)
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Enter { client, topics } => self.enter(client, topics),
            Op::Tell { client, has, lost } => self.tell(client, has, lost, None),
            Op::Apply { client } => {
                // Whoever waits for an answer again may have been told something else by now.
                let client = &mut self.clients[client];
                if !client.in_doubt {
                    client.has = client.told.clone();
                }
            }
            Op::Subscribe { client, topics } => {
                self.clients[client].topics = topics;
                self.tell(client, false, false, Some(topics));
            }
            Op::Quit {
                client,
                for_a_while,
            } => self.quit(client, for_a_while),
            Op::Restart { client } => {
                let process = self.clients[client].process + 1;
                // A process that is gone works on nothing.
                self.clients[client] = Client {
                    process,
                    ..Client::default()
                };
            }
            Op::Commit { client } => self.commit(client),
            Op::Topic { topic, partitions } => {
                self.change_topic(["t", "u", "v"][topic], partitions)
            }
            Op::Wait { ms } => self.harness.wait(ms),
            Op::Move => {
                self.harness.unload();
                self.harness.load();
            }
            Op::Crash => {
                self.harness.crash();
                self.harness.load();
            }
            Op::Settle => self.settle(),
        }
        self.look_at_answers();
        self.check();
    }

    fn change_topic(&mut self, name: &str, partitions: i32) {
        match partitions {
            0 => self.harness.topics.delete(name),
            // Topics only grow.
            more => self.harness.topics.grow(name, more),
        }
    }

    fn request(&self, client: usize, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        let instance = self.any_static && client.is_multiple_of(2);
        let instance = instance.then(|| text(&format!("i{client}")));
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(text("g").into())
            .with_member_id(text(&self.member(client)))
            .with_member_epoch(epoch)
            .with_instance_id(instance)
    }

    fn send(&mut self, client: usize, request: ConsumerGroupHeartbeatRequest) -> Waiter {
        let waiter = self.harness.send(&format!("c{client}"), 1, request.into());
        self.senders.insert(waiter, client);
        waiter
    }

    fn enter(&mut self, client: usize, topics: usize) {
        if self.clients[client].in_group {
            return;
        }
        self.clients[client].topics = topics;
        let request = self
            .request(client, 0)
            .with_rebalance_timeout_ms(20_000)
            .with_subscribed_topic_names(Some(names(topics)))
            .with_topic_partitions(Some(Vec::new()));
        self.send(client, request);
    }

    fn tell(&mut self, client: usize, has: bool, lost: bool, topics: Option<usize>) {
        if !self.clients[client].in_group {
            return;
        }
        let mut request = self.request(client, self.clients[client].epoch);
        request.subscribed_topic_names = topics.map(names);
        let in_doubt = std::mem::replace(&mut self.clients[client].in_doubt, lost);
        if in_doubt {
            request.rebalance_timeout_ms = 20_000;
            request.subscribed_topic_names = Some(names(self.clients[client].topics));
        }
        if has || in_doubt {
            request.topic_partitions = Some(listed(&self.clients[client].has));
        }
        let waiter = self.send(client, request);
        if lost {
            self.harness
                .answers
                .retain(|(answered, _)| *answered != waiter);
        }
    }

    fn quit(&mut self, client: usize, for_a_while: bool) {
        let request = self.request(client, -1);
        let for_a_while = for_a_while && request.instance_id.is_some();
        let epoch = if for_a_while { -2 } else { -1 };
        let process = self.clients[client].process + 1;
        // It stops working before it says goodbye.
        let left = std::mem::replace(
            &mut self.clients[client],
            Client {
                process,
                ..Client::default()
            },
        );
        if left.in_group {
            let waiter = self.send(client, request.with_member_epoch(epoch));
            // The answer is for a process that is gone.
            self.harness
                .answers
                .retain(|(answered, _)| *answered != waiter);
        }
    }

    /// A commit goes through exactly in the member's own epoch.
    fn commit(&mut self, client: usize) {
        if self
            .harness
            .coordinator
            .image(0)
            .and_then(|image| image.consumer_group("g"))
            .is_none()
        {
            return;
        }
        let partitions = vec![OffsetCommitRequestPartition::default().with_committed_offset(1)];
        let topic = OffsetCommitRequestTopic::default()
            .with_name(text("t").into())
            .with_partitions(partitions);
        let epoch = self.clients[client].epoch;
        let member = self.member(client);
        let request = harness::commit("g", &member, epoch).with_topics(vec![topic]);
        let known = self.epoch_of(&member);
        let exists = super::super::Topics::partition_count(&self.harness.topics, "t").is_some();
        self.harness.send("c", 9, request.into());
        let (_, answer) = self
            .harness
            .answers
            .pop()
            .expect("commits are answered at once");
        let ResponseKind::OffsetCommit(answer) = answer else {
            panic!("{answer:?}")
        };
        let code = answer.topics[0].partitions[0].error_code;
        assert_eq!(
            code == 0,
            exists && known == Some(epoch),
            "{code} for {epoch}, not {known:?}"
        );
    }

    fn epoch_of(&self, member: &str) -> Option<i32> {
        let group = self.harness.coordinator.image(0)?.consumer_group("g")?;
        group.member(member).map(|member| member.current.epoch)
    }

    fn look_at_answers(&mut self) {
        for (waiter, answer) in std::mem::take(&mut self.harness.answers) {
            let client = self.senders[&waiter];
            let ResponseKind::ConsumerGroupHeartbeat(answer) = answer else {
                panic!("{answer:?}")
            };
            self.answered(client, &answer);
        }
    }

    fn answered(&mut self, client: usize, answer: &ConsumerGroupHeartbeatResponse) {
        let me = &mut self.clients[client];
        match ResponseError::try_from_code(answer.error_code) {
            None => {
                me.in_group = true;
                me.epoch = answer.member_epoch;
                if let Some(assignment) = &answer.assignment {
                    let topics = assignment.topic_partitions.iter().flat_map(|topic| {
                        let partitions = topic.partitions.iter();
                        partitions.map(|partition| (topic.topic_id, *partition))
                    });
                    me.told = topics.collect();
                }
            }
            // It is out, and comes back as somebody else: what it had is lost to it.
            Some(_) => {
                let process = me.process + 1;
                *me = Client {
                    process,
                    ..Client::default()
                };
            }
        }
    }

    /// Among those that the group counts as members nobody has what another has.
    fn check(&mut self) {
        let mut owners: BTreeMap<_, usize> = BTreeMap::new();
        for client in 0..CLIENTS {
            if self.epoch_of(&self.member(client)).is_none() {
                continue;
            }
            for partition in &self.clients[client].has {
                let other = owners.insert(*partition, client);
                assert_eq!(other, None, "{partition:?} is {client}'s too");
            }
        }
        for group in self.harness.coordinator.groups() {
            assert!(
                group.generation() >= self.epoch,
                "the group epoch went back"
            );
            self.epoch = group.generation();
            for member in group.members() {
                assert!(member.epoch() <= group.generation());
            }
        }
    }

    /// All send heartbeats and do as they are told: then everybody has its part of everything.
    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            for client in 0..CLIENTS {
                self.enter(client, self.clients[client].topics);
                self.look_at_answers();
                self.tell(client, true, false, None);
                self.look_at_answers();
                self.check();
                self.clients[client].has = self.clients[client].told.clone();
                self.check();
            }
            // Whoever went without a word is put out in the end.
            self.harness.wait(5_000);
        }
        self.look_at_answers();
        let group = self
            .harness
            .coordinator
            .groups()
            .next()
            .expect("they have joined");
        assert_eq!(group.state(), "Stable");
        assert_eq!(group.members().count(), CLIENTS);
        let image = self.harness.coordinator.image(0).expect("it is loaded");
        let group = image.consumer_group("g").expect("they have joined");
        let mut all = Partitions::new();
        for client in 0..CLIENTS {
            let member = self.member(client);
            assert_eq!(
                group.target(&member),
                Some(&self.clients[client].has),
                "{member}"
            );
            all.extend(&self.clients[client].has);
        }
        let wanted = group.topics.values().flat_map(|topic| {
            let partitions = 0..topic.partitions;
            partitions.map(|partition| (topic.id, partition))
        });
        assert_eq!(all, wanted.collect::<Partitions>());
        self.settled += 1;
    }
}

fn names(topics: usize) -> Vec<TopicName> {
    let names = SUBSCRIPTIONS[topics].iter();
    names.map(|name| TopicName(text(name))).collect()
}

fn listed(partitions: &Partitions) -> Vec<TopicPartitions> {
    let each = partitions.iter().map(|(topic, partition)| {
        TopicPartitions::default()
            .with_topic_id(*topic)
            .with_partitions(vec![*partition])
    });
    each.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn laws_hold(any_static in any::<bool>(), ops in prop::collection::vec(op(), 1..60)) {
        let mut world = World::new(any_static);
        for op in &ops {
            world.run(op);
        }
        world.run(&Op::Settle);
        prop_assert!(world.settled > 0);
        // Everybody falls silent: in the end the group is empty.
        world.harness.wait(600_000);
        for group in world.harness.coordinator.groups() {
            prop_assert_eq!(group.state(), "Empty");
        }
    }
}
