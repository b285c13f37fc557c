//! Asks the coordinator of a transaction about partitions that this node leads, before they take the
//! transaction's first records (KIP-890): whether they were added, or, for clients that leave it to the
//! broker, to add them.
//!
//! Between the answer and the append the transaction may end. A partition's verification holds only
//! while no marker of the producer has come since the question, and the partition has not moved.

use std::collections::{BTreeMap, BTreeSet};

use konbini_protocol::ResponseError::{
    ConcurrentTransactions, CoordinatorNotAvailable, NetworkException,
};
use konbini_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTransaction;
use konbini_protocol::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, RequestKind, ResponseKind,
};

use super::carry_out;
use crate::api::find_transaction_coordinator;
use crate::channel::{Channel, Purpose};
use crate::node::{Node, TopicPartition};
use crate::purgatory::Watch;
use crate::txn::{Asked, Waiter};

const ADD_PARTITIONS_VERSION: i16 = 5;

/// Error codes by topic and partition, 0 for those that belong to the transaction.
pub(crate) type Codes = BTreeMap<(String, i32), i16>;

#[derive(Debug, Default)]
pub(crate) struct Verifications {
    next_id: u64,
    open: BTreeMap<u64, Verification>,
    pub channels: BTreeMap<i32, Channel>,
    /// Verifications by partition and producer id, as long as no marker came.
    valid: BTreeMap<(TopicPartition, i64), BTreeSet<u64>>,
}

#[derive(Debug)]
struct Verification {
    transaction: AddPartitionsToTxnTransaction,
    partitions: Vec<TopicPartition>,
    state: State,
    /// Until when the coordinator is asked again if the transaction before is not over, ms.
    ask_until: i64,
    /// After this time nobody wants the answer any more, ms.
    deadline: i64,
}

#[derive(Debug)]
enum State {
    /// To be asked at that time, ms.
    Due(i64),
    Asked,
    Answered(Codes),
}

impl Verifications {
    pub fn wake_at(&self) -> Option<i64> {
        let channels = self.channels.values().filter_map(Channel::wake_at);
        let due = self.open.values().filter_map(|open| match open.state {
            State::Due(at) => Some(at),
            _ => None,
        });
        channels.chain(due).min()
    }

    /// A marker of that producer came.
    pub fn ended(&mut self, partition: TopicPartition, producer_id: i64) {
        self.valid.remove(&(partition, producer_id));
    }

    /// This node does not lead the partition any more: markers may be written elsewhere.
    pub fn lost(&mut self, partition: TopicPartition) {
        self.valid.retain(|(other, _), _| *other != partition);
    }

    /// The answer, once there is one.
    pub fn codes(&self, id: u64) -> Option<&Codes> {
        match &self.open.get(&id)?.state {
            State::Answered(codes) => Some(codes),
            _ => None,
        }
    }

    /// Whether a partition's answer still holds.
    pub fn holds(&self, id: u64, partition: TopicPartition, producer_id: i64) -> bool {
        let valid = self.valid.get(&(partition, producer_id));
        valid.is_some_and(|ids| ids.contains(&id))
    }

    /// Forgets a verification that was made use of.
    pub fn close(&mut self, id: u64) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        let producer_id = open.transaction.producer_id.0;
        for partition in open.partitions {
            if let Some(ids) = self.valid.get_mut(&(partition, producer_id)) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.valid.remove(&(partition, producer_id));
                }
            }
        }
    }
}

/// Begins to ask about `partitions`, which `transaction` names. [`Watch::Transaction`] is signalled
/// when there is an answer, which is to be taken until `deadline`, ms.
pub(crate) fn begin(
    node: &mut Node,
    transaction: AddPartitionsToTxnTransaction,
    partitions: Vec<TopicPartition>,
    deadline: i64,
) -> u64 {
    let patience = node.setting_ms("add.partitions.to.txn.retry.backoff.max.ms");
    let now = node.now;
    let all = &mut node.transactions.verifications;
    let id = all.next_id;
    all.next_id += 1;
    let verification = Verification {
        transaction,
        partitions,
        state: State::Due(now),
        ask_until: now.saturating_add(patience),
        deadline,
    };
    all.open.insert(id, verification);
    tick(node);
    id
}

pub(crate) fn tick(node: &mut Node) {
    let now = node.now;
    let open = node.transactions.verifications.open.iter();
    // Those of connections that were closed meanwhile.
    let over = open.filter(|(_, open)| open.deadline < now);
    for id in over.map(|(id, _)| *id).collect::<Vec<_>>() {
        node.transactions.verifications.close(id);
    }
    let open = node.transactions.verifications.open.iter();
    let due = open.filter(|(_, open)| matches!(open.state, State::Due(at) if at <= now));
    let due: Vec<u64> = due.map(|(id, _)| *id).collect();
    for id in due {
        ask(node, id);
    }
}

fn ask(node: &mut Node, id: u64) {
    let Some(open) = node.transactions.verifications.open.get_mut(&id) else {
        return;
    };
    open.state = State::Asked;
    let transaction = open.transaction.clone();
    let producer_id = transaction.producer_id.0;
    // What a marker ended before this question does not concern its answer.
    for partition in open.partitions.clone() {
        let valid = &mut node.transactions.verifications.valid;
        valid
            .entry((partition, producer_id))
            .or_default()
            .insert(id);
    }
    let found = find_transaction_coordinator(node, &transaction.transactional_id);
    let request = AddPartitionsToTxnRequest::default().with_transactions(vec![transaction]);
    let Ok(broker) = found else {
        return all_failed(node, id, CoordinatorNotAvailable.code());
    };
    if broker.id == node.config.node_id {
        let asked = Asked {
            now: node.now,
            waiter: Waiter::Node(id),
            version: ADD_PARTITIONS_VERSION,
        };
        let topics = &node.metadata.image;
        let coordinator = &mut node.transactions.coordinator;
        let effects = coordinator.add_partitions(asked, &request, topics);
        return carry_out(node, effects);
    }
    let now = node.now;
    let channels = &mut node.transactions.verifications.channels;
    let channel = channels.entry(broker.id);
    let channel = channel.or_insert_with(|| Channel::to_broker(broker.id, now));
    let body = RequestKind::AddPartitionsToTxn(request);
    let purpose = Purpose::VerifyTransaction(id);
    channel.call(purpose, ADD_PARTITIONS_VERSION, &node.client_name, &body);
}

/// The coordinator answered, here or on another broker.
pub(crate) fn answered(node: &mut Node, id: u64, response: ResponseKind) {
    let ResponseKind::AddPartitionsToTxn(response) = response else {
        return;
    };
    if response.error_code != 0 {
        return all_failed(node, id, response.error_code);
    }
    let codes = codes_of(&response);
    let backoff = node
        .setting_ms("add.partitions.to.txn.retry.backoff.ms")
        .max(1);
    let now = node.now;
    let Some(open) = node.transactions.verifications.open.get_mut(&id) else {
        return;
    };
    // The transaction before is being completed, which takes no longer than its markers.
    let busy = codes
        .values()
        .any(|code| *code == ConcurrentTransactions.code());
    let retry_at = now.saturating_add(backoff);
    if busy && !open.transaction.verify_only && retry_at <= open.ask_until {
        open.state = State::Due(retry_at);
        return;
    }
    open.state = State::Answered(codes);
    node.signal(Watch::Transaction(id));
}

fn codes_of(response: &AddPartitionsToTxnResponse) -> Codes {
    let mut codes = Codes::new();
    for transaction in &response.results_by_transaction {
        for topic in &transaction.topic_results {
            for partition in &topic.results_by_partition {
                let key = (topic.name.to_string(), partition.partition_index);
                codes.insert(key, partition.partition_error_code);
            }
        }
    }
    codes
}

/// The connection broke, or the answer cannot be read.
pub(crate) fn call_lost(node: &mut Node, id: u64) {
    all_failed(node, id, NetworkException.code());
}

fn all_failed(node: &mut Node, id: u64, code: i16) {
    let Some(open) = node.transactions.verifications.open.get_mut(&id) else {
        return;
    };
    let topics = open.transaction.topics.iter();
    let each = topics.flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|partition| ((topic.name.to_string(), *partition), code))
    });
    open.state = State::Answered(each.collect());
    node.signal(Watch::Transaction(id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verification_holds_until_a_marker_comes_or_the_partition_moves() {
        let at = |index| TopicPartition {
            topic: uuid::Uuid::from_u128(1),
            index,
        };
        let mut all = Verifications::default();
        for (place, id) in [
            ((at(0), 7), 1),
            ((at(0), 8), 2),
            ((at(1), 7), 3),
            ((at(1), 7), 4),
        ] {
            all.valid.entry(place).or_default().insert(id);
        }
        assert!(all.holds(1, at(0), 7) && !all.holds(1, at(0), 8) && !all.holds(3, at(0), 7));
        all.ended(at(0), 7);
        assert!(!all.holds(1, at(0), 7) && all.holds(2, at(0), 8));
        assert!(all.holds(3, at(1), 7) && all.holds(4, at(1), 7));
        all.lost(at(1));
        assert!(!all.holds(3, at(1), 7) && !all.holds(4, at(1), 7) && all.holds(2, at(0), 8));
    }
}
