//! Hosts the group coordinator: feeds it the partitions of `__consumer_offsets` that this node
//! leads, appends its records there, and lets its answers go once they are committed.

use konbini_protocol::ResponseError::{CoordinatorNotAvailable, NotCoordinator};
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::record::{Batch, ControlRecord, Record};
use konbini_trace::Event;

use crate::api::{Answer, Context};
use crate::config::BrokerConfig;
use crate::group::{self, Asked, Coordinator, Effects, GroupConfig, RequestContext};
use crate::metadata::Image;
use crate::node::{Node, TopicPartition};
use crate::purgatory::Waiter;
use crate::rng::Rng;
use crate::shard_log::{Outcome, Replay, Replays, append_records};

pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Sets apart the seed of member ids from other uses.
const GROUPS: u64 = 0x6772_6f75_7073;
/// What members are described with: the network is virtual.
const CLIENT_HOST: &str = "/127.0.0.1";

impl group::Topics for Image {
    fn partition_count(&self, topic: &str) -> Option<i32> {
        self.topic(topic).map(|topic| topic.partitions.len() as i32)
    }

    fn id(&self, topic: &str) -> Option<uuid::Uuid> {
        self.topic(topic).map(|topic| topic.id)
    }

    fn names(&self) -> Vec<&str> {
        self.topics().map(|topic| topic.name.as_str()).collect()
    }
}

/// An answer that waits until its records are committed.
struct Held {
    reply: group::Reply,
    needs: Vec<(TopicPartition, i64)>,
    /// When it has waited for `offsets.commit.timeout.ms`, ms.
    deadline: i64,
}

pub(crate) struct GroupHost {
    pub coordinator: Coordinator,
    pub replays: Replays,
    held: Vec<Held>,
}

impl GroupHost {
    pub fn new(config: &BrokerConfig) -> GroupHost {
        let salt = [GROUPS, config.node_id as u64, config.incarnation];
        let seed = Rng::new(config.seed, &salt).next();
        let coordinator = Coordinator::new(GroupConfig::from_configs(&config.configs), seed);
        GroupHost {
            coordinator,
            replays: Replays::default(),
            held: Vec::new(),
        }
    }
}

/// The request as the coordinator wants it.
pub(crate) fn asked<'a>(now: i64, waiter: Waiter, client_id: &'a str, version: i16) -> Asked<'a> {
    Asked {
        now,
        waiter: group::Waiter(waiter.0),
        context: RequestContext {
            client_id,
            client_host: CLIENT_HOST,
            api_version: version,
        },
    }
}

/// Puts a request to the coordinator. Its answer comes once the records that it made are committed.
pub(crate) fn ask(
    node: &mut Node,
    context: &Context<'_>,
    run: impl FnOnce(&mut Coordinator, Asked<'_>, &dyn group::Topics) -> Effects,
) -> Answer {
    let asked = asked(node.now, context.waiter, context.client_id, context.version);
    match ask_now(node, asked, run) {
        Some(response) => Answer::Respond(response),
        None => Answer::from_outside(),
    }
}

/// The same for a request that was parked; `None` if the answer comes later.
pub(crate) fn ask_now(
    node: &mut Node,
    asked: Asked<'_>,
    run: impl FnOnce(&mut Coordinator, Asked<'_>, &dyn group::Topics) -> Effects,
) -> Option<ResponseKind> {
    let own = Waiter(asked.waiter.0);
    let effects = run(&mut node.groups.coordinator, asked, &node.metadata.image);
    carry_out(node, effects);
    // The answer is the last one if it may go at once: the request need not be parked then.
    let answer = node.replies.pop_if(|(waiter, _)| *waiter == own);
    answer.map(|(_, response)| response)
}

pub(crate) fn offsets_partition(node: &Node, index: i32) -> Option<TopicPartition> {
    let topic = node.metadata.image.topic(OFFSETS_TOPIC)?;
    Some(TopicPartition {
        topic: topic.id,
        index,
    })
}

/// Appends the coordinator's records, then answers what is committed and holds the rest.
pub(crate) fn carry_out(node: &mut Node, effects: Effects) {
    effects
        .events
        .into_iter()
        .for_each(|event| node.emit(event));
    let timeout = node.setting_ms("offsets.commit.timeout.ms");
    let deadline = node.now.saturating_add(timeout);
    let mut lost = Vec::new();
    for wanted in effects.appends {
        if !append_wanted(node, &wanted) {
            lost.push(wanted.partition);
        }
    }
    for reply in effects.replies {
        if reply.after.iter().any(|partition| lost.contains(partition)) {
            let response = group::refuse(reply.response, CoordinatorNotAvailable);
            node.reply(Waiter(reply.waiter.0), response);
            continue;
        }
        let needs = reply.after.iter().filter_map(|index| {
            let partition = offsets_partition(node, *index)?;
            let leader = node.replicas.leader(partition).ok()?;
            Some((partition, leader.log().log_end_offset()))
        });
        let needs = needs.collect();
        node.groups.held.push(Held {
            reply,
            needs,
            deadline,
        });
    }
    release(node);
    // The coordinator is ahead of its log there: it starts again from what the log says.
    for index in lost {
        match offsets_partition(node, index) {
            Some(partition) if node.replicas.leader(partition).is_ok() => {
                begin_load(node, partition)
            }
            _ => unload(node, index),
        }
    }
}

fn append_wanted(node: &mut Node, wanted: &group::Append) -> bool {
    let Some(partition) = offsets_partition(node, wanted.partition) else {
        return false;
    };
    match append_records(node, partition, &wanted.records, wanted.producer) {
        Ok(()) => true,
        Err(reason) => {
            node.emit(
                Event::error("group-records-refused")
                    .with("partition", partition.index)
                    .with("reason", reason),
            );
            false
        }
    }
}

/// Answers what the high watermark has passed, and what has waited for too long. The records of
/// the latter stay in the log, and may be committed later; the client asks again.
pub(crate) fn release(node: &mut Node) {
    let held = std::mem::take(&mut node.groups.held);
    for waiting in held {
        let mut refused = false;
        let mut waits_for = None;
        for (partition, offset) in &waiting.needs {
            match node.replicas.leader(*partition) {
                Ok(leader) if leader.high_watermark() < *offset => waits_for = Some(*partition),
                Ok(_) => {}
                Err(_) => refused = true,
            }
        }
        let waiter = Waiter(waiting.reply.waiter.0);
        let response = waiting.reply.response;
        match waits_for {
            _ if refused => node.reply(waiter, group::refuse(response, NotCoordinator)),
            None => node.reply(waiter, response),
            Some(partition) if waiting.deadline <= node.now => {
                node.emit(
                    Event::warn("group-commit-timed-out")
                        .with("partition", partition.index)
                        .because_of("offsets.commit.timeout.ms"),
                );
                node.reply(waiter, group::refuse(response, CoordinatorNotAvailable));
            }
            Some(_) => {
                let reply = group::Reply {
                    response,
                    ..waiting.reply
                };
                node.groups.held.push(Held { reply, ..waiting });
            }
        }
    }
}

/// This node leads a partition in a new epoch.
pub(crate) fn became_leader(node: &mut Node, topic: &str, partition: TopicPartition) {
    if topic != OFFSETS_TOPIC {
        return;
    }
    begin_load(node, partition);
}

fn begin_load(node: &mut Node, partition: TopicPartition) {
    unload(node, partition.index);
    let Some(replay) = Replay::begin(node, partition) else {
        return;
    };
    node.groups.coordinator.begin_load(partition.index);
    node.groups.replays.insert(replay);
}

/// The topic's size decides which partition a group belongs to.
pub(crate) fn topic_grew(node: &mut Node, topic: &str, partitions: usize) {
    if topic == OFFSETS_TOPIC {
        node.groups
            .coordinator
            .set_partition_count(partitions as i32);
    }
}

pub(crate) fn lost_leadership(node: &mut Node, topic: &str, partition: i32) {
    if topic == OFFSETS_TOPIC {
        unload(node, partition);
    }
}

fn unload(node: &mut Node, partition: i32) {
    node.groups.replays.forget(partition);
    let effects = node.groups.coordinator.unload(node.now, partition);
    if !effects.is_empty() {
        carry_out(node, effects);
    }
    release(node);
}

/// Replays partitions as far as their bytes are in memory.
pub(crate) fn replay(node: &mut Node) {
    while node.loads.is_empty()
        && let Some((index, replay)) = node.groups.replays.take_due()
    {
        match replay.run(node, take) {
            Outcome::Wait(replay) => node.groups.replays.insert(replay),
            Outcome::Done => {
                let topics = &node.metadata.image;
                let effects = node.groups.coordinator.finish_load(node.now, index, topics);
                carry_out(node, effects);
            }
            Outcome::NotLeader => unload(node, index),
            Outcome::Damaged(reason) => damaged(node, index, &reason),
        }
    }
}

fn damaged(node: &mut Node, index: i32, reason: &str) {
    node.emit(
        Event::error("group-load-failed")
            .with("partition", index)
            .with("reason", reason),
    );
    unload(node, index);
}

fn take(node: &mut Node, index: i32, batch: &Batch, record: &Record) -> Result<(), String> {
    let header = &batch.header;
    let groups = &mut node.groups.coordinator;
    if header.attributes.is_control() {
        let marker = ControlRecord::decode(record).map_err(|error| error.to_string())?;
        if let ControlRecord::EndTransaction { commit, .. } = marker {
            groups.end_transaction(index, header.producer_id, commit);
        }
        return Ok(());
    }
    let transactional = header.attributes.is_transactional();
    let producer = transactional.then_some(header.producer_id);
    let key = record.key.as_deref().unwrap_or_default();
    // An admin client can produce to the topic: what is no record of groups is passed over.
    if let Err(error) = groups.replay(index, producer, key, record.value.as_deref()) {
        node.emit(
            Event::warn("group-record-unreadable")
                .with("partition", index)
                .with("offset", record.offset)
                .with("reason", error.to_string()),
        );
    }
    Ok(())
}

/// A marker was appended to a partition of `__consumer_offsets`: offsets that the transaction holds
/// are committed, or dropped.
pub(crate) fn end_transaction(node: &mut Node, index: i32, producer_id: i64, commit: bool) {
    let coordinator = &mut node.groups.coordinator;
    let effects = coordinator.end_transaction(index, producer_id, commit);
    carry_out(node, effects);
}

/// Offsets of topics that are gone are forgotten.
pub(crate) fn topics_deleted(node: &mut Node, topics: &[String]) {
    let effects = node.groups.coordinator.topics_deleted(node.now, topics);
    carry_out(node, effects);
}

pub(crate) fn wake_at(node: &Node) -> Option<i64> {
    let held = node.groups.held.iter().map(|held| held.deadline).min();
    let next = node.groups.coordinator.wake_at();
    [next, held].into_iter().flatten().min()
}

pub(crate) fn tick(node: &mut Node) {
    if node
        .groups
        .coordinator
        .wake_at()
        .is_some_and(|at| at <= node.now)
    {
        let topics = &node.metadata.image;
        let effects = node.groups.coordinator.tick(node.now, topics);
        carry_out(node, effects);
    } else if !node.groups.held.is_empty() {
        release(node);
    }
}

#[cfg(test)]
mod tests;
