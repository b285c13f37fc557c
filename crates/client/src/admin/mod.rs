//! The admin client: one method an operation, each answered by [`Told::Done`].
//!
//! Requests go where they can be answered (controller, coordinator, leader, one broker) and are
//! sent again after errors that pass by themselves, until `default.api.timeout.ms`.

mod config;
mod operation;
mod run;
mod task;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::backoff::Backoff;
use crate::network::{Input, Network, Output};
use crate::{ClientError, TopicPartition};
pub use config::AdminConfig;
pub use operation::{
    AdminError, AdminResult, ClusterDescription, ConfigEntry, GroupDescription, GroupListing,
    GroupMember, ListedOffset, NewTopic, OffsetSpec, OperationId, ResetTo, Resource, Told,
};
use run::{Finish, Operation, Plan};
use task::Ask;

/// Requests in flight on one connection: Java's admin client has no lower limit.
const MAX_IN_FLIGHT: usize = 100;
/// Operations under way; beyond that they fail at once.
pub const MAX_OPERATIONS: usize = 1_000;

enum Purpose {
    /// The request at this place of an operation.
    Task {
        operation: u64,
        place: usize,
    },
    FindCoordinator(String),
}

/// What is known of where a group's coordinator is.
#[derive(Default)]
struct Lookup {
    node: Option<i32>,
    under_way: bool,
    attempts: u32,
    not_before: i64,
}

pub struct Admin {
    config: AdminConfig,
    net: Network<Purpose>,
    operations: BTreeMap<u64, Operation>,
    coordinators: BTreeMap<String, Lookup>,
    next_operation: u64,
    retry_backoff: Backoff,
    outputs: VecDeque<Told>,
    closed: bool,
    dirty: bool,
    now: i64,
}

impl Admin {
    /// An admin client that connects at once. `seed` decides jitter and the first broker asked;
    /// `now` is Unix ms, as everywhere.
    pub fn new(config: AdminConfig, seed: u64, now: i64) -> Admin {
        Admin {
            net: Network::new(config.client.clone(), MAX_IN_FLIGHT, seed),
            retry_backoff: Backoff {
                initial_ms: config.client.retry_backoff_ms,
                max_ms: config.client.retry_backoff_max_ms,
            },
            config,
            operations: BTreeMap::new(),
            coordinators: BTreeMap::new(),
            next_operation: 0,
            outputs: VecDeque::new(),
            closed: false,
            dirty: true,
            now,
        }
    }

    /// Tells [`AdminResult::TopicCreated`].
    pub fn create_topic(&mut self, now: i64, topic: NewTopic) -> OperationId {
        self.begin(now, Plan::Asks(vec![Ask::CreateTopic(topic)]), Finish::Only)
    }

    pub fn delete_topic(&mut self, now: i64, topic: &str) -> OperationId {
        self.begin(
            now,
            Plan::Asks(vec![Ask::DeleteTopic(topic.to_owned())]),
            Finish::Only,
        )
    }

    /// Raises a topic's partitions to `count`.
    pub fn create_partitions(&mut self, now: i64, topic: &str, count: i32) -> OperationId {
        let ask = Ask::CreatePartitions(topic.to_owned(), count);
        self.begin(now, Plan::Asks(vec![ask]), Finish::Only)
    }

    /// Tells [`AdminResult::Configs`].
    pub fn describe_configs(&mut self, now: i64, resource: Resource) -> OperationId {
        self.begin(
            now,
            Plan::Asks(vec![Ask::DescribeConfigs(resource)]),
            Finish::Only,
        )
    }

    /// Sets settings, or returns them to their defaults where the value is `None`.
    pub fn alter_configs(
        &mut self,
        now: i64,
        resource: Resource,
        changes: Vec<(String, Option<String>)>,
    ) -> OperationId {
        self.begin(
            now,
            Plan::Asks(vec![Ask::AlterConfigs(resource, changes)]),
            Finish::Only,
        )
    }

    /// Deletes the records before each offset (-1: all). Tells [`AdminResult::LowWatermarks`].
    pub fn delete_records(&mut self, now: i64, before: Vec<(TopicPartition, i64)>) -> OperationId {
        let asks = before
            .into_iter()
            .map(|(tp, offset)| Ask::DeleteRecords(tp, offset));
        self.begin(now, Plan::Asks(asks.collect()), Finish::LowWatermarks)
    }

    /// Tells [`AdminResult::Offsets`].
    pub fn list_offsets(
        &mut self,
        now: i64,
        specs: Vec<(TopicPartition, OffsetSpec)>,
    ) -> OperationId {
        let asks = specs
            .into_iter()
            .map(|(tp, spec)| Ask::ListOffsets(tp, spec.wire()));
        self.begin(now, Plan::Asks(asks.collect()), Finish::Offsets)
    }

    /// The groups of all brokers. Tells [`AdminResult::Groups`].
    pub fn list_groups(&mut self, now: i64) -> OperationId {
        self.begin(now, Plan::EveryBroker(Ask::ListGroups), Finish::Groups)
    }

    /// Tells [`AdminResult::Group`]; an unknown group is `Dead`.
    pub fn describe_group(&mut self, now: i64, group: &str) -> OperationId {
        self.begin(
            now,
            Plan::Asks(vec![Ask::DescribeGroup(group.to_owned())]),
            Finish::Only,
        )
    }

    pub fn delete_group(&mut self, now: i64, group: &str) -> OperationId {
        self.begin(
            now,
            Plan::Asks(vec![Ask::DeleteGroup(group.to_owned())]),
            Finish::Only,
        )
    }

    /// Tells [`AdminResult::GroupOffsets`].
    pub fn list_group_offsets(&mut self, now: i64, group: &str) -> OperationId {
        self.begin(
            now,
            Plan::Asks(vec![Ask::GroupOffsets(group.to_owned())]),
            Finish::Only,
        )
    }

    /// Commits offsets for a group without members.
    pub fn alter_group_offsets(
        &mut self,
        now: i64,
        group: &str,
        offsets: Vec<(TopicPartition, i64)>,
    ) -> OperationId {
        let ask = Ask::CommitOffsets(group.to_owned(), offsets);
        self.begin(now, Plan::Asks(vec![ask]), Finish::Only)
    }

    /// Moves a group without members on all partitions of a topic: what
    /// `kafka-consumer-groups --reset-offsets --execute` does. Tells the new
    /// [`AdminResult::GroupOffsets`].
    pub fn reset_group_offsets(
        &mut self,
        now: i64,
        group: &str,
        topic: &str,
        to: ResetTo,
    ) -> OperationId {
        let ends = match to {
            ResetTo::Earliest => vec![OffsetSpec::Earliest],
            ResetTo::Latest => vec![OffsetSpec::Latest],
            ResetTo::Offset(_) => vec![OffsetSpec::Earliest, OffsetSpec::Latest],
        };
        let finish = Finish::Reset {
            group: group.to_owned(),
            to,
        };
        self.begin(
            now,
            Plan::EveryPartition {
                topic: topic.to_owned(),
                ends,
            },
            finish,
        )
    }

    /// Done once every broker has heard of these topics and of their leaders; asks the brokers that
    /// have not again, with `retry.backoff.ms`.
    pub fn await_topics(&mut self, now: i64, topics: Vec<String>) -> OperationId {
        self.begin(
            now,
            Plan::EveryBroker(Ask::KnowsTopics(topics)),
            Finish::Only,
        )
    }

    /// Tells [`AdminResult::Cluster`].
    pub fn describe_cluster(&mut self, now: i64) -> OperationId {
        self.begin(now, Plan::Asks(vec![Ask::DescribeCluster]), Finish::Only)
    }

    /// Elects a partition's preferred leader or, `unclean`, any replica that is alive, where no
    /// replica in sync is (KIP-460).
    pub fn elect_leader(&mut self, now: i64, tp: TopicPartition, unclean: bool) -> OperationId {
        let ask = Ask::ElectLeader(tp, unclean);
        self.begin(now, Plan::Asks(vec![ask]), Finish::Only)
    }

    /// Moves a partition to these brokers, the preferred leader first; `None` ends a move that is
    /// under way (KIP-455). It is done when the controller has begun with it.
    pub fn reassign_partition(
        &mut self,
        now: i64,
        tp: TopicPartition,
        replicas: Option<Vec<i32>>,
    ) -> OperationId {
        let ask = Ask::Reassign(tp, replicas);
        self.begin(now, Plan::Asks(vec![ask]), Finish::Only)
    }

    fn begin(&mut self, now: i64, plan: Plan, finish: Finish) -> OperationId {
        self.touch(now);
        let id = self.next_operation;
        self.next_operation += 1;
        let refusal = if self.closed {
            Some(ClientError::Closed)
        } else if self.operations.len() >= MAX_OPERATIONS {
            Some(ClientError::IllegalState(
                "too many operations are under way",
            ))
        } else {
            None
        };
        if let Some(error) = refusal {
            self.outputs
                .push_back(Told::Done(OperationId(id), Err(error.into())));
            return OperationId(id);
        }
        self.operations
            .insert(id, Operation::new(now, plan, finish));
        self.want_topics();
        OperationId(id)
    }

    /// Asks only about topics that operations under way need.
    fn want_topics(&mut self) {
        let topics: BTreeSet<String> = self
            .operations
            .values()
            .flat_map(Operation::topics)
            .collect();
        self.net.metadata.want_only(topics);
    }

    /// Ends everything that is under way and disconnects; [`Told::Closed`] follows.
    pub fn close(&mut self, now: i64) {
        self.touch(now);
        if self.closed {
            return;
        }
        for id in std::mem::take(&mut self.operations).into_keys() {
            let error = ClientError::Closed.into();
            self.outputs
                .push_back(Told::Done(OperationId(id), Err(error)));
        }
        self.closed = true;
        self.net.close();
        self.outputs.push_back(Told::Closed);
    }

    pub fn handle(&mut self, now: i64, input: Input) {
        if self.closed {
            return;
        }
        self.touch(now);
        self.net.handle(now, input);
    }

    fn touch(&mut self, now: i64) {
        debug_assert!(now >= self.now, "time went back");
        self.now = now;
        self.dirty = true;
    }

    /// The next thing to be done or told; `None` until something new is handed in.
    pub fn poll(&mut self) -> Option<Output<Told>> {
        loop {
            if let Some(output) = self.net.next_output() {
                return Some(output);
            }
            if let Some(told) = self.outputs.pop_front() {
                return Some(Output::Told(told));
            }
            if !std::mem::take(&mut self.dirty) || self.closed {
                return None;
            }
            self.drive();
        }
    }

    /// When to hand in [`Input::Wake`] at the latest, Unix ms.
    pub fn wake_at(&self) -> Option<i64> {
        if self.closed {
            return None;
        }
        let limit = self.config.client.default_api_timeout_ms;
        let own = self
            .operations
            .values()
            .flat_map(|operation| operation.deadlines(limit));
        let lookups = self
            .coordinators
            .values()
            .filter(|lookup| lookup.node.is_none());
        let own = own.chain(lookups.map(|lookup| lookup.not_before));
        // What is overdue already waits for an answer or a connection.
        own.filter(|at| *at > self.now)
            .chain(self.net.wake_at())
            .min()
    }

    /// Operations under way.
    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }
}
