//! Records of transactions: the transaction's coordinator is asked before a partition takes the first
//! of them. A partition in which the producer's transaction is open already asks nobody.

use std::collections::BTreeMap;

use konbini_protocol::ResponseError::{
    self, ConcurrentTransactions, CoordinatorLoadInProgress, CoordinatorNotAvailable,
    InvalidProducerEpoch, InvalidTxnState, NetworkException, NotCoordinator, NotEnoughReplicas,
    ProducerFenced, TransactionAbortable, TransactionalIdAuthorizationFailed,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use konbini_protocol::messages::produce_request::PartitionProduceData;
use konbini_protocol::messages::{ProducerId, ResponseKind, TopicName};
use konbini_protocol::record::BatchHeader;

use super::{DelayedProduce, Place, Produce, find, produce_all, waits_for_replicas};
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Watch};
use crate::replica::append::AppendRefusal;
use crate::transactions::verify;

/// From this version on, records add their partition to the transaction.
const ADDS: i16 = 12;
/// From this version on, clients know TRANSACTION_ABORTABLE.
const ABORTABLE: i16 = 11;

/// What the coordinator was asked about.
pub(super) struct Verification {
    pub id: u64,
    /// Partitions with the names under which they were asked for.
    partitions: BTreeMap<TopicPartition, (String, i32)>,
}

/// The header of a transactional batch.
fn transactional(data: &PartitionProduceData) -> Option<BatchHeader> {
    let header = BatchHeader::parse(data.records.as_deref()?).ok()?;
    header.attributes.is_transactional().then_some(header)
}

/// Asks the coordinator about the partitions that need it; `None` if none does.
pub(super) fn begin(
    node: &mut Node,
    job: &Produce,
    deadline: i64,
) -> Result<Option<Verification>, ResponseError> {
    let topics = &job.request.topic_data;
    let mut batches = topics.iter().flat_map(|topic| &topic.partition_data);
    let Some(first) = batches.find_map(transactional) else {
        return Ok(None);
    };
    let Some(id) = job.request.transactional_id.clone() else {
        return Err(TransactionalIdAuthorizationFailed);
    };
    let adds = job.version >= ADDS;
    if !adds && !node.setting_bool("transaction.partition.verification.enable") {
        return Ok(None);
    }
    let partitions = unverified(node, job);
    if partitions.is_empty() {
        return Ok(None);
    }
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, index) in partitions.values() {
        topics.entry(topic).or_default().push(*index);
    }
    let topics = topics.into_iter().map(|(topic, indexes)| {
        AddPartitionsToTxnTopic::default()
            .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
            .with_partitions(indexes)
    });
    let transaction = AddPartitionsToTxnTransaction::default()
        .with_transactional_id(id)
        .with_producer_id(ProducerId(first.producer_id))
        .with_producer_epoch(first.producer_epoch)
        .with_verify_only(!adds)
        .with_topics(topics.collect());
    let places = partitions.keys().copied().collect();
    let id = verify::begin(node, transaction, places, deadline);
    Ok(Some(Verification { id, partitions }))
}

/// Partitions here that get a batch of a transaction that is not open there.
fn unverified(node: &Node, job: &Produce) -> BTreeMap<TopicPartition, (String, i32)> {
    let mut out = BTreeMap::new();
    for topic in &job.request.topic_data {
        for data in &topic.partition_data {
            let found = find(node, job, topic, data.index);
            let (Ok(partition), Some(header)) = (found, transactional(data)) else {
                continue;
            };
            let Ok(leader) = node.replicas.leader(partition) else {
                continue;
            };
            let (id, epoch) = (header.producer_id, header.producer_epoch);
            if leader.log().has_open_transaction(id, epoch) {
                continue;
            }
            if let Some(topic) = node.metadata.image.topic_by_id(partition.topic) {
                out.insert(partition, (topic.name.clone(), data.index));
            }
        }
    }
    out
}

/// A produce that waits for the transaction's coordinator, then as any other for the replicas.
pub(super) struct VerifiedProduce {
    job: Produce,
    verification: Verification,
    appended: Option<DelayedProduce>,
}

impl VerifiedProduce {
    pub fn new(job: Produce, verification: Verification) -> VerifiedProduce {
        VerifiedProduce {
            job,
            verification,
            appended: None,
        }
    }

    /// Whether a partition may take its batch, by what the coordinator said.
    fn check(
        &self,
        node: &Node,
        codes: &verify::Codes,
        place: Place<'_>,
    ) -> Result<(), AppendRefusal> {
        let Some(name) = self.verification.partitions.get(&place.partition) else {
            return Ok(());
        };
        let code = codes.get(name).copied();
        let code = code.unwrap_or(CoordinatorNotAvailable.code());
        if let Some(error) = ResponseError::try_from_code(code) {
            return Err(refusal(error, self.job.version));
        }
        let id = transactional(place.data).map_or(-1, |header| header.producer_id);
        let verifications = &node.transactions.verifications;
        match verifications.holds(self.verification.id, place.partition, id) {
            true => Ok(()),
            false => Err(refusal(InvalidTxnState, self.job.version)),
        }
    }
}

/// What producers of that version know.
fn refusal(error: ResponseError, version: i16) -> AppendRefusal {
    let known = match error {
        ProducerFenced => InvalidProducerEpoch,
        TransactionAbortable if version < ABORTABLE => InvalidTxnState,
        // Producers try again.
        ConcurrentTransactions
        | NetworkException
        | CoordinatorLoadInProgress
        | CoordinatorNotAvailable
        | NotCoordinator => NotEnoughReplicas,
        other => other,
    };
    let name = konbini_protocol::error::name(error.code());
    let message = match known {
        NotEnoughReplicas => format!("the transaction's coordinator could not be asked: {name}"),
        _ => format!("the partition is not in the producer's transaction: {name}"),
    };
    AppendRefusal {
        message: Some(message),
        ..AppendRefusal::from(known)
    }
}

impl Operation for VerifiedProduce {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        if let Some(appended) = &mut self.appended {
            return appended.attempt(node, expired);
        }
        let id = self.verification.id;
        let codes = match node.transactions.verifications.codes(id) {
            Some(codes) => codes.clone(),
            None if !expired => return Attempt::Wait(vec![Watch::Transaction(id)]),
            None => verify::Codes::new(),
        };
        let check = |node: &mut Node, place: Place<'_>| self.check(node, &codes, place);
        let (response, waiting) = produce_all(node, &self.job, &check);
        node.transactions.verifications.close(id);
        if waiting.is_empty() || !waits_for_replicas(&self.job) {
            return Attempt::Done(ResponseKind::Produce(response));
        }
        let mut appended = DelayedProduce { waiting, response };
        let attempt = appended.attempt(node, expired);
        self.appended = Some(appended);
        attempt
    }
}
