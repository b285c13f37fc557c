//! TxnOffsetCommit, versions 0 to 5: offsets of a group that are committed with a transaction. They are
//! written at once, and count when the transaction's marker comes; until then OffsetFetch answers
//! UNSTABLE_OFFSET_COMMIT to who wants stable offsets only (KIP-447).
//!
//! - From v3 the consumer's member id and generation are checked, so that one that was thrown out of
//!   its group cannot commit.
//! - The transaction's coordinator is asked whether the group's partition was added; from v5 it is
//!   added by that (KIP-890).
//!
//! Difference from Apache Kafka: an epoch that is too old is answered with INVALID_PRODUCER_EPOCH
//! before anything is asked of the coordinator.

use konbini_protocol::ResponseError::{
    self, ConcurrentTransactions, CoordinatorLoadInProgress, CoordinatorNotAvailable,
    InvalidGroupId, InvalidProducerEpoch, InvalidTxnState, NetworkException, NotCoordinator,
    ProducerFenced, TransactionAbortable,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use konbini_protocol::messages::{TopicName, TxnOffsetCommitRequest};

use super::{Answer, Context, attempt_or_park};
use crate::coordinator::{self, OFFSETS_TOPIC, offsets_partition};
use crate::group::txn_offset_commit_refused;
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Waiter, Watch};
use crate::transactions::verify;

/// From this version on the request adds the group's partition to the transaction.
const ADDS: i16 = 5;
/// From this version on clients know TRANSACTION_ABORTABLE.
const ABORTABLE: i16 = 4;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: TxnOffsetCommitRequest,
) -> Answer {
    let partition = match place(node, &request) {
        Ok(partition) => partition,
        Err(error) => return txn_offset_commit_refused(&request, error).into(),
    };
    let deadline = node.now + node.setting_ms("request.timeout.ms");
    let verification = begin(node, context.version, &request, partition, deadline);
    let operation = Commit {
        request,
        partition,
        verification,
        waiter: context.waiter,
        client_id: context.client_id.to_owned(),
        version: context.version,
        asked: false,
    };
    attempt_or_park(node, operation, deadline)
}

/// The group's partition, if it is here and the producer's epoch is not an old one.
fn place(node: &Node, request: &TxnOffsetCommitRequest) -> Result<TopicPartition, ResponseError> {
    let group = request.group_id.as_str();
    if group.is_empty() {
        return Err(InvalidGroupId);
    }
    let index = node.groups.coordinator.partition_for(group);
    let partition = offsets_partition(node, index).ok_or(CoordinatorNotAvailable)?;
    let leader = node
        .replicas
        .leader(partition)
        .map_err(|_| NotCoordinator)?;
    if !leader.has_enough_replicas() {
        return Err(CoordinatorNotAvailable);
    }
    let producer = leader.log().producer(request.producer_id.0);
    match producer {
        Some(known) if known.epoch > request.producer_epoch => Err(InvalidProducerEpoch),
        _ => Ok(partition),
    }
}

/// Asks the coordinator of the transaction, unless it is known to have the partition.
fn begin(
    node: &mut Node,
    version: i16,
    request: &TxnOffsetCommitRequest,
    partition: TopicPartition,
    deadline: i64,
) -> Option<u64> {
    let adds = version >= ADDS;
    if !adds && !node.setting_bool("transaction.partition.verification.enable") {
        return None;
    }
    let log = node.replicas.leader(partition).ok()?.log();
    if log.has_open_transaction(request.producer_id.0, request.producer_epoch) {
        return None;
    }
    let topic = AddPartitionsToTxnTopic::default()
        .with_name(TopicName(StrBytes::from_static_str(OFFSETS_TOPIC)))
        .with_partitions(vec![partition.index]);
    let transaction = AddPartitionsToTxnTransaction::default()
        .with_transactional_id(request.transactional_id.clone())
        .with_producer_id(request.producer_id)
        .with_producer_epoch(request.producer_epoch)
        .with_verify_only(!adds)
        .with_topics(vec![topic]);
    Some(verify::begin(node, transaction, vec![partition], deadline))
}

/// A commit that waits for the transaction's coordinator, then for its own records.
struct Commit {
    request: TxnOffsetCommitRequest,
    partition: TopicPartition,
    verification: Option<u64>,
    waiter: Waiter,
    client_id: String,
    version: i16,
    /// The group was asked; its answer comes from outside.
    asked: bool,
}

impl Commit {
    /// What the coordinator of the transaction said; `None` before it said anything.
    fn verdict(&self, node: &Node, expired: bool) -> Option<Result<(), ResponseError>> {
        let Some(id) = self.verification else {
            return Some(Ok(()));
        };
        let verifications = &node.transactions.verifications;
        let Some(codes) = verifications.codes(id) else {
            return expired.then_some(Err(CoordinatorNotAvailable));
        };
        let code = codes.values().find(|code| **code != 0);
        if let Some(error) = code.and_then(|code| ResponseError::try_from_code(*code)) {
            return Some(Err(self.error(error)));
        }
        let producer = self.request.producer_id.0;
        match verifications.holds(id, self.partition, producer) {
            true => Some(Ok(())),
            false => Some(Err(InvalidTxnState)),
        }
    }

    /// What clients of this API know.
    fn error(&self, error: ResponseError) -> ResponseError {
        match error {
            ConcurrentTransactions | NetworkException | NotCoordinator => CoordinatorLoadInProgress,
            ProducerFenced => InvalidProducerEpoch,
            TransactionAbortable if self.version < ABORTABLE => InvalidTxnState,
            other => other,
        }
    }
}

impl Operation for Commit {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        if self.asked {
            return Attempt::Wait(Vec::new());
        }
        let Some(verdict) = self.verdict(node, expired) else {
            let id = self.verification.unwrap_or_default();
            return Attempt::Wait(vec![Watch::Transaction(id)]);
        };
        if let Some(id) = self.verification {
            node.transactions.verifications.close(id);
        }
        // The partition may have got a newer epoch, or another leader, meanwhile.
        let may_go = verdict.and_then(|()| place(node, &self.request).map(|_| ()));
        if let Err(error) = may_go {
            return Attempt::Done(txn_offset_commit_refused(&self.request, error).into());
        }
        self.asked = true;
        let asked = coordinator::asked(node.now, self.waiter, &self.client_id, self.version);
        let request = &self.request;
        let answer = coordinator::ask_now(node, asked, |coordinator, asked, topics| {
            coordinator.txn_offset_commit(asked, request, topics)
        });
        answer.map_or(Attempt::Wait(Vec::new()), Attempt::Done)
    }
}
