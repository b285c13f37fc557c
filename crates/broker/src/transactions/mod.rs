//! Hosts the transaction coordinator: feeds it the partitions of `__transaction_state` that this node
//! leads, appends its records there, and lets its answers and markers go once those are committed.
//!
//! ```text
//! markers  writes what was decided into the partitions of a transaction, here and on other brokers
//! verify   asks a coordinator whether a partition of this node belongs to a transaction (KIP-890)
//! ```

pub(crate) mod markers;
pub(crate) mod verify;

use konbini_protocol::ResponseError::{self, CoordinatorNotAvailable, NotCoordinator};
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::record::{Batch, Record};
use konbini_trace::Event;

use crate::config::BrokerConfig;
use crate::group::Topics;
use crate::node::{Node, TopicPartition};
use crate::producer_ids;
use crate::purgatory::{Attempt, Operation, Waiter, Watch};
use crate::shard_log::{Outcome, Replay, Replays, append_records};
use crate::txn::{self, Asked, Coordinator, Effects, Markers, TransactionConfig};
use markers::MarkerQueue;
use verify::Verifications;

pub const TRANSACTIONS_TOPIC: &str = "__transaction_state";

/// What waits until its records are committed.
struct Held {
    then: Then,
    /// Partition and the offset that its high watermark has to reach.
    needs: Vec<(TopicPartition, i64)>,
}

#[allow(clippy::large_enum_variant)] // Most of them are replies.
enum Then {
    /// With the time when it has waited for `request.timeout.ms`, ms.
    Reply(txn::Waiter, ResponseKind, i64),
    Markers(Markers),
}

pub(crate) struct TransactionHost {
    pub coordinator: Coordinator,
    pub replays: Replays,
    held: Vec<Held>,
    pub markers: MarkerQueue,
    pub verifications: Verifications,
}

impl TransactionHost {
    pub fn new(config: &BrokerConfig) -> TransactionHost {
        let config = TransactionConfig::from_configs(&config.configs);
        TransactionHost {
            coordinator: Coordinator::new(config),
            replays: Replays::default(),
            held: Vec::new(),
            markers: MarkerQueue::default(),
            verifications: Verifications::default(),
        }
    }
}

/// Puts a request to the coordinator; `None` if the answer comes later, once the records that it made
/// are committed.
pub(crate) fn ask(
    node: &mut Node,
    waiter: Waiter,
    version: i16,
    run: impl FnOnce(&mut Coordinator, Asked, &dyn Topics) -> Effects,
) -> Option<ResponseKind> {
    let asked = Asked {
        now: node.now,
        waiter: txn::Waiter::Request(waiter.0),
        version,
    };
    let topics = &node.metadata.image;
    let effects = run(&mut node.transactions.coordinator, asked, topics);
    carry_out(node, effects);
    let answer = node.replies.pop_if(|(other, _)| *other == waiter);
    answer.map(|(_, response)| response)
}

type Run = Box<dyn FnOnce(&mut Coordinator, Asked, Option<i64>) -> Effects>;

/// A request that may need a producer id that nobody has, and waits for one from the controller.
pub(crate) struct WithProducerId {
    pub transactional_id: String,
    pub waiter: Waiter,
    pub version: i16,
    /// Until it was put to the coordinator.
    pub run: Option<Run>,
    /// The answer when no producer id comes in time.
    pub refused: ResponseKind,
}

impl Operation for WithProducerId {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        if self.run.is_none() {
            return Attempt::Wait(Vec::new());
        }
        let needed = node
            .transactions
            .coordinator
            .needs_producer_id(&self.transactional_id);
        let fresh = match needed {
            true => producer_ids::take(node),
            false => None,
        };
        if needed && fresh.is_none() {
            return match expired {
                true => Attempt::Done(self.refused.clone()),
                false => Attempt::Wait(vec![Watch::ProducerIds]),
            };
        }
        let answer = self.run.take().and_then(|run| {
            ask(node, self.waiter, self.version, |coordinator, asked, _| {
                run(coordinator, asked, fresh)
            })
        });
        answer.map_or(Attempt::Wait(Vec::new()), Attempt::Done)
    }
}

fn state_partition(node: &Node, index: i32) -> Option<TopicPartition> {
    let topic = node.metadata.image.topic(TRANSACTIONS_TOPIC)?;
    Some(TopicPartition {
        topic: topic.id,
        index,
    })
}

/// Whether the log of an id's partition may be written to: as with acks=all.
pub(crate) fn check_replicas(node: &Node, transactional_id: &str) -> Result<(), ResponseError> {
    let index = node
        .transactions
        .coordinator
        .partition_for(transactional_id);
    let partition = state_partition(node, index).ok_or(CoordinatorNotAvailable)?;
    match node.replicas.leader(partition) {
        Ok(leader) if !leader.has_enough_replicas() => Err(CoordinatorNotAvailable),
        // Whether it is the coordinator, it says itself.
        _ => Ok(()),
    }
}

/// Appends the coordinator's records, then holds answers and markers until they are committed.
fn carry_out(node: &mut Node, effects: Effects) {
    effects
        .events
        .into_iter()
        .for_each(|event| node.emit(event));
    let deadline = node
        .now
        .saturating_add(node.setting_ms("request.timeout.ms"));
    let mut lost = Vec::new();
    for wanted in effects.appends {
        let appended = match state_partition(node, wanted.partition) {
            Some(partition) => append_records(node, partition, &wanted.records, None),
            None => Err(format!("{TRANSACTIONS_TOPIC} is gone")),
        };
        if let Err(reason) = appended {
            let event = Event::error("transaction-records-refused")
                .with("partition", wanted.partition)
                .with("reason", reason);
            node.emit(event);
            lost.push(wanted.partition);
        }
    }
    for reply in effects.replies {
        if reply.after.iter().any(|partition| lost.contains(partition)) {
            answer(
                node,
                reply.waiter,
                txn::refuse(reply.response, CoordinatorNotAvailable),
            );
            continue;
        }
        let then = Then::Reply(reply.waiter, reply.response, deadline);
        hold(node, then, &reply.after);
    }
    for markers in effects.markers {
        if !lost.contains(&markers.partition) {
            let after = [markers.partition];
            hold(node, Then::Markers(markers), &after);
        }
    }
    release(node);
    // The coordinator is ahead of its log there: it starts again from what the log says.
    for index in lost {
        match state_partition(node, index) {
            Some(partition) => begin_load(node, partition),
            None => unload(node, index),
        }
    }
}

fn hold(node: &mut Node, then: Then, after: &[i32]) {
    let needs = after.iter().filter_map(|index| {
        let partition = state_partition(node, *index)?;
        let leader = node.replicas.leader(partition).ok()?;
        Some((partition, leader.log().log_end_offset()))
    });
    let needs = needs.collect();
    node.transactions.held.push(Held { then, needs });
}

fn answer(node: &mut Node, waiter: txn::Waiter, response: ResponseKind) {
    match waiter {
        txn::Waiter::Request(id) => node.reply(Waiter(id), response),
        txn::Waiter::Node(id) => verify::answered(node, id, response),
    }
}

/// Lets go what the high watermark has passed, and answers what has waited for too long. The records
/// of the latter stay in the log, and may be committed later; the client asks again.
pub(crate) fn release(node: &mut Node) {
    for waiting in std::mem::take(&mut node.transactions.held) {
        let mut refused = false;
        let mut waits = false;
        for (partition, offset) in &waiting.needs {
            match node.replicas.leader(*partition) {
                Ok(leader) => waits |= leader.high_watermark() < *offset,
                Err(_) => refused = true,
            }
        }
        match waiting.then {
            Then::Reply(waiter, response, _) if refused => {
                answer(node, waiter, txn::refuse(response, NotCoordinator));
            }
            Then::Reply(waiter, response, _) if !waits => answer(node, waiter, response),
            Then::Reply(waiter, response, deadline) if deadline <= node.now => {
                answer(node, waiter, txn::refuse(response, CoordinatorNotAvailable));
            }
            // The next coordinator finds in the log what was decided.
            Then::Markers(_) if refused => {}
            Then::Markers(markers) if !waits => markers::queue(node, markers),
            then => {
                let needs = waiting.needs;
                node.transactions.held.push(Held { then, needs });
            }
        }
    }
}

/// This node leads a partition in a new epoch.
pub(crate) fn became_leader(node: &mut Node, topic: &str, partition: TopicPartition) {
    if topic == TRANSACTIONS_TOPIC {
        begin_load(node, partition);
    }
}

fn begin_load(node: &mut Node, partition: TopicPartition) {
    unload(node, partition.index);
    let Some(replay) = Replay::begin(node, partition) else {
        return;
    };
    let epoch = node
        .replicas
        .leader(partition)
        .map_or(0, |leader| leader.epoch());
    let host = &mut node.transactions;
    host.coordinator.begin_load(partition.index, epoch);
    host.replays.insert(replay);
}

/// The topic's size decides which partition an id belongs to.
pub(crate) fn topic_grew(node: &mut Node, topic: &str, partitions: usize) {
    if topic == TRANSACTIONS_TOPIC {
        let coordinator = &mut node.transactions.coordinator;
        coordinator.set_partition_count(partitions as i32);
    }
}

pub(crate) fn lost_leadership(node: &mut Node, topic: &str, index: i32) {
    if let Some(found) = node.metadata.image.topic(topic) {
        let partition = TopicPartition {
            topic: found.id,
            index,
        };
        node.transactions.verifications.lost(partition);
    }
    if topic == TRANSACTIONS_TOPIC {
        unload(node, index);
    }
}

fn unload(node: &mut Node, partition: i32) {
    node.transactions.replays.forget(partition);
    node.transactions.markers.forget(partition);
    let effects = node.transactions.coordinator.unload(partition);
    if !effects.is_empty() {
        carry_out(node, effects);
    }
    release(node);
}

/// Replays partitions as far as their bytes are in memory.
pub(crate) fn replay(node: &mut Node) {
    while node.loads.is_empty()
        && let Some((index, replay)) = node.transactions.replays.take_due()
    {
        match replay.run(node, take) {
            Outcome::Wait(replay) => node.transactions.replays.insert(replay),
            Outcome::Done => {
                let effects = node.transactions.coordinator.finish_load(node.now, index);
                carry_out(node, effects);
            }
            Outcome::NotLeader => unload(node, index),
            Outcome::Damaged(reason) => damaged(node, index, &reason),
        }
    }
}

fn damaged(node: &mut Node, index: i32, reason: &str) {
    node.emit(
        Event::error("transaction-load-failed")
            .with("partition", index)
            .with("reason", reason),
    );
    unload(node, index);
}

fn take(node: &mut Node, index: i32, batch: &Batch, record: &Record) -> Result<(), String> {
    if batch.header.attributes.is_control() {
        return Ok(());
    }
    let key = record.key.as_deref().unwrap_or_default();
    let value = record.value.as_deref();
    // An admin client can produce to the topic: what is no record of transactions is passed over.
    if let Err(error) = node.transactions.coordinator.replay(index, key, value) {
        node.emit(
            Event::warn("transaction-record-unreadable")
                .with("partition", index)
                .with("offset", record.offset)
                .with("reason", error.to_string()),
        );
    }
    Ok(())
}

pub(crate) fn wake_at(node: &Node) -> Option<i64> {
    let host = &node.transactions;
    let deadlines = host.held.iter().filter_map(|held| match held.then {
        Then::Reply(_, _, deadline) => Some(deadline),
        Then::Markers(_) => None,
    });
    [
        deadlines.min(),
        host.coordinator.wake_at(),
        host.markers.wake_at(),
        host.verifications.wake_at(),
    ]
    .into_iter()
    .flatten()
    .min()
}

pub(crate) fn tick(node: &mut Node) {
    let due = node.transactions.coordinator.wake_at();
    if due.is_some_and(|at| at <= node.now) {
        let effects = node.transactions.coordinator.tick(node.now);
        carry_out(node, effects);
    } else if !node.transactions.held.is_empty() {
        release(node);
    }
    markers::tick(node);
    verify::tick(node);
}
