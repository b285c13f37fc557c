//! The admin client: makes the scenario's topics before anybody else comes, then does what
//! actions ask for.

use crate::outbox::Outbox;
use konbini_client::Output;
use konbini_client::admin::{
    Admin, AdminConfig, AdminError, AdminResult, NewTopic, OperationId, ResetTo, Resource, Told,
};
use konbini_client::{ClientConfig, HostPort, Input, TopicPartition};
use konbini_scenario::Action;
use konbini_scenario::action;
use konbini_scenario::spec::TopicSpec;
use konbini_trace::Event;
use std::collections::BTreeMap;

/// `client.id` of the admin client.
const CLIENT_ID: &str = "admin";
/// Virtual ms between two looks at who is there.
const LOOK_AGAIN_MS: i64 = 50;
/// Virtual ms after which the play begins without the brokers that are missing.
const PATIENCE_MS: i64 = 60_000;

/// What an outcome in the trace hash is about.
const ADMIN_DONE: i64 = 5;

pub(crate) struct AdminActor {
    client: Admin,
    /// Brokers that can come.
    brokers: usize,
    topics: Vec<TopicSpec>,
    /// Those that are there now.
    made: Vec<String>,
    /// Unix ms.
    started: i64,
    phase: Phase,
    /// What operations under way are for.
    under_way: BTreeMap<OperationId, Purpose>,
    told: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits until all brokers are there, so that topics spread over all of them.
    Gathering { look_at: i64 },
    /// Waits for the topics of the scenario.
    Creating,
    /// Waits until every broker has heard of them.
    Spreading,
    /// Everybody may come.
    Ready { told: bool },
}

#[derive(Debug)]
enum Purpose {
    Look,
    SetUp(String),
    Spread,
    Action(&'static str),
}

impl AdminActor {
    /// `brokers` can come, `topics` of the scenario are to be there; `now` in Unix ms.
    pub(crate) fn new(
        brokers: usize,
        topics: Vec<TopicSpec>,
        bootstrap: Vec<HostPort>,
        seed: u64,
        now: i64,
    ) -> AdminActor {
        let config = AdminConfig::new(ClientConfig::new(CLIENT_ID, bootstrap));
        AdminActor {
            client: Admin::new(config, seed, now),
            brokers,
            topics,
            made: Vec::new(),
            started: now,
            // Where nobody can come there is nothing to wait for.
            phase: match brokers {
                0 => Phase::Ready { told: false },
                _ => Phase::Gathering { look_at: now },
            },
            under_way: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    /// So many brokers can come by now.
    pub(crate) fn expect(&mut self, brokers: usize) {
        self.brokers = brokers;
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready { .. })
    }

    /// True once, when the play may begin.
    pub(crate) fn becomes_ready(&mut self) -> bool {
        let now = self.phase == Phase::Ready { told: false };
        if now {
            self.phase = Phase::Ready { told: true };
        }
        now
    }

    pub(crate) fn handle(&mut self, now: i64, input: Input, out: &mut Outbox) {
        self.client.handle(now, input);
        self.work(now, out);
    }

    pub(crate) fn work(&mut self, now: i64, out: &mut Outbox) {
        self.drain(now, out);
        match self.phase {
            Phase::Gathering { look_at } if now >= look_at && self.under_way.is_empty() => {
                let id = self.client.describe_cluster(now);
                self.under_way.insert(id, Purpose::Look);
            }
            _ => {}
        }
        self.drain(now, out);
        out.events.append(&mut self.told);
    }

    pub(crate) fn wake_at(&self) -> Option<i64> {
        let own = match self.phase {
            Phase::Gathering { look_at } if self.under_way.is_empty() => Some(look_at),
            _ => None,
        };
        own.into_iter().chain(self.client.wake_at()).min()
    }

    /// Begins what an action asks for; actions for others are not for here.
    pub(crate) fn administer(&mut self, now: i64, action: &Action) {
        let client = &mut self.client;
        let (id, name) = match action {
            Action::CreateTopic(spec) => {
                (client.create_topic(now, new_topic(spec)), "create-topic")
            }
            Action::DeleteTopic { name } => (client.delete_topic(now, name), "delete-topic"),
            Action::CreatePartitions { topic, count } => {
                let id = client.create_partitions(now, topic, *count);
                (id, "create-partitions")
            }
            Action::AlterTopicConfig { topic, key, value } => {
                let change = vec![(key.clone(), value.clone())];
                let id = client.alter_configs(now, Resource::Topic(topic.clone()), change);
                (id, "alter-topic-config")
            }
            Action::DeleteRecords {
                topic,
                partition,
                before,
            } => {
                let place = TopicPartition::new(topic.as_str(), *partition);
                (
                    client.delete_records(now, vec![(place, *before)]),
                    "delete-records",
                )
            }
            Action::ResetOffsets { group, topic, to } => {
                let to = match to {
                    action::ResetTo::Earliest => ResetTo::Earliest,
                    action::ResetTo::Latest => ResetTo::Latest,
                    action::ResetTo::Offset(offset) => ResetTo::Offset(*offset),
                };
                (
                    client.reset_group_offsets(now, group, topic, to),
                    "reset-offsets",
                )
            }
            Action::DeleteGroup { group } => (client.delete_group(now, group), "delete-group"),
            Action::ElectLeaders {
                topic,
                partition,
                unclean,
            } => {
                let place = TopicPartition::new(topic.as_str(), *partition);
                (client.elect_leader(now, place, *unclean), "elect-leaders")
            }
            Action::Reassign {
                topic,
                partition,
                replicas,
            } => {
                let place = TopicPartition::new(topic.as_str(), *partition);
                let replicas = Some(replicas.clone());
                (client.reassign_partition(now, place, replicas), "reassign")
            }
            _ => return,
        };
        self.under_way.insert(id, Purpose::Action(name));
    }

    fn drain(&mut self, now: i64, out: &mut Outbox) {
        while let Some(output) = self.client.poll() {
            // What became of the operation is told with what it was for.
            if matches!(&output, Output::Event(event) if event.code == "admin-failed") {
                continue;
            }
            match out.take(output) {
                Some(Told::Done(id, result)) => self.done(now, id, result, out),
                Some(Told::Closed) | None => {}
            }
        }
    }

    fn done(
        &mut self,
        now: i64,
        id: OperationId,
        result: Result<AdminResult, AdminError>,
        out: &mut Outbox,
    ) {
        let number = i64::try_from(id.0).unwrap_or(i64::MAX);
        let outcome = [ADMIN_DONE, number, i64::from(result.is_ok())];
        out.outcomes.push(outcome);
        match self.under_way.remove(&id) {
            Some(Purpose::Look) => self.looked(now, result),
            Some(Purpose::SetUp(topic)) => self.set_up(now, &topic, result.err()),
            // Whoever comes can wait for a broker that still has not heard of a topic.
            Some(Purpose::Spread) => self.phase = Phase::Ready { told: false },
            Some(Purpose::Action(action)) => self.told.push(match result {
                Ok(_) => Event::detail("action-done").with("action", action),
                Err(error) => Event::warn("action-failed")
                    .with("action", action)
                    .with("error", error.code)
                    .with("reason", error.message),
            }),
            None => {}
        }
    }

    fn looked(&mut self, now: i64, result: Result<AdminResult, AdminError>) {
        let there = match result {
            Ok(AdminResult::Cluster(cluster)) => cluster.brokers.len(),
            _ => 0,
        };
        if there < self.brokers && now - self.started < PATIENCE_MS {
            let look_at = now + LOOK_AGAIN_MS;
            self.phase = Phase::Gathering { look_at };
            return;
        }
        self.phase = Phase::Creating;
        for spec in std::mem::take(&mut self.topics) {
            let id = self.client.create_topic(now, new_topic(&spec));
            self.under_way.insert(id, Purpose::SetUp(spec.name));
        }
        self.spread(now);
    }

    fn set_up(&mut self, now: i64, topic: &str, error: Option<AdminError>) {
        // After a power cut the topic may have been made before.
        let failed = error.filter(|error| error.code != "TOPIC_ALREADY_EXISTS");
        if let Some(error) = failed {
            let event = Event::error("topic-not-created").with("topic", topic);
            let event = event.with("error", error.code);
            self.told.push(event.with("reason", error.message));
        } else {
            self.made.push(topic.to_owned());
        }
        self.spread(now);
    }

    /// A broker that has not heard of a topic would make it a second time.
    fn spread(&mut self, now: i64) {
        let waits = |purpose: &Purpose| matches!(purpose, Purpose::SetUp(_));
        if self.phase != Phase::Creating || self.under_way.values().any(waits) {
            return;
        }
        if self.made.is_empty() {
            self.phase = Phase::Ready { told: false };
            return;
        }
        self.phase = Phase::Spreading;
        let id = self
            .client
            .await_topics(now, std::mem::take(&mut self.made));
        self.under_way.insert(id, Purpose::Spread);
    }
}

fn new_topic(spec: &TopicSpec) -> NewTopic {
    NewTopic {
        name: spec.name.clone(),
        partitions: spec.partitions,
        replication_factor: spec.replication_factor,
        configs: spec.configs.clone(),
        validate_only: false,
    }
}
