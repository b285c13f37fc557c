//! What may become of a transactional id: every decision of the coordinator, as a function of what the
//! log says and what was asked. Nothing here changes anything.
//!
//! `transaction.version` 2 (KIP-890) bumps the epoch with every end of a transaction, so that nothing
//! of an earlier one can be taken for the next.

use std::collections::BTreeSet;

use kafka_protocol::ResponseError::{
    self, ConcurrentTransactions, InvalidProducerIdMapping, InvalidTxnState, ProducerFenced,
    TransactionAbortable,
};

use super::state::{NO_EPOCH, NO_PRODUCER_ID, NO_TIMESTAMP, State, Transaction, is_exhausted};

/// The `transaction.version` from which on each transaction has an epoch of its own.
pub const EPOCH_BUMPS: i16 = 2;

/// Who asks, as the producer says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    pub id: i64,
    pub epoch: i16,
}

/// What InitProducerId leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Init {
    /// The id is the producer's, with the epoch in there.
    Ready(Transaction),
    /// Its open transaction is aborted first, in an epoch that nobody is given.
    AbortFirst(Transaction),
}

/// InitProducerId. `known` is what a producer says that goes on after an error (KIP-360). `fresh` is a
/// producer id that nobody has; it is asked for by [`needs_producer_id`].
pub fn init(
    current: &Transaction,
    known: Option<Producer>,
    timeout_ms: i32,
    now: i64,
    fresh: Option<i64>,
) -> Result<Init, ResponseError> {
    let is_new = current.epoch == NO_EPOCH;
    let is_own = |known: Producer| {
        is_new
            || known.id == current.producer_id
            // Perhaps a retry of the bump that gave it the new producer id.
            || known.id == current.previous_producer_id && is_exhausted(known.epoch)
    };
    if !known.is_none_or(is_own) {
        return Err(ProducerFenced);
    }
    match current.state {
        State::PrepareCommit | State::PrepareAbort => return Err(ConcurrentTransactions),
        State::Ongoing => return Ok(Init::AbortFirst(fence(current, now))),
        State::Empty | State::CompleteCommit | State::CompleteAbort => {}
    }
    let mut next = Transaction {
        next_producer_id: NO_PRODUCER_ID,
        timeout_ms,
        state: State::Empty,
        partitions: BTreeSet::new(),
        start_ms: NO_TIMESTAMP,
        updated_ms: now,
        ..current.clone()
    };
    let is_current = known.is_none_or(|known| known.epoch == current.epoch);
    if current.is_epoch_exhausted() && is_current {
        next.previous_producer_id = current.producer_id;
        next.producer_id = fresh.ok_or(ConcurrentTransactions)?;
        next.epoch = 0;
        next.last_epoch = known.map_or(NO_EPOCH, |_| current.epoch);
        return Ok(Init::Ready(next));
    }
    match known {
        None => {
            next.epoch = current.epoch.saturating_add(1);
            next.last_epoch = NO_EPOCH;
        }
        Some(known) if is_new || known.epoch == current.epoch => {
            next.epoch = current.epoch.saturating_add(1);
            next.last_epoch = current.epoch;
        }
        // The bump was made, and its answer got lost.
        Some(known) if known.epoch == current.last_epoch => {}
        Some(_) => return Err(ProducerFenced),
    }
    Ok(Init::Ready(next))
}

/// Whether InitProducerId or EndTxn may have to give out another producer id.
pub fn needs_producer_id(current: Option<&Transaction>) -> bool {
    current.is_none_or(Transaction::is_epoch_exhausted)
}

/// Aborts an open transaction over its producer's head: from here on its epoch is too old.
pub fn fence(current: &Transaction, now: i64) -> Transaction {
    Transaction {
        epoch: current.epoch.saturating_add(1),
        last_epoch: NO_EPOCH,
        state: State::PrepareAbort,
        updated_ms: now,
        client_version: EPOCH_BUMPS,
        ..current.clone()
    }
}

/// AddPartitionsToTxn and AddOffsetsToTxn. `None`: they are in already.
pub fn add(
    current: &Transaction,
    producer: Producer,
    partitions: &BTreeSet<(String, i32)>,
    client_version: i16,
    now: i64,
) -> Result<Option<Transaction>, ResponseError> {
    check(current, producer)?;
    let ongoing = current.state == State::Ongoing;
    if ongoing && partitions.is_subset(&current.partitions) {
        return Ok(None);
    }
    Ok(Some(Transaction {
        state: State::Ongoing,
        partitions: current.partitions.union(partitions).cloned().collect(),
        start_ms: if ongoing { current.start_ms } else { now },
        updated_ms: now,
        client_version,
        ..current.clone()
    }))
}

/// Whether partitions are in a producer's transaction, one by one (KIP-890).
pub fn verify(
    current: &Transaction,
    producer: Producer,
    partition: &(String, i32),
) -> Result<(), ResponseError> {
    check(current, producer)?;
    match current.partitions.contains(partition) {
        true => Ok(()),
        false => Err(TransactionAbortable),
    }
}

fn check(current: &Transaction, producer: Producer) -> Result<(), ResponseError> {
    if producer.id != current.producer_id {
        Err(InvalidProducerIdMapping)
    } else if producer.epoch != current.epoch {
        Err(ProducerFenced)
    } else if current.state.prepared().is_some() {
        Err(ConcurrentTransactions)
    } else {
        Ok(())
    }
}

/// EndTxn of a client that speaks `client_version`. `None`: it was ended that way already.
pub fn end(
    current: &Transaction,
    producer: Producer,
    commit: bool,
    client_version: i16,
    now: i64,
    fresh: Option<i64>,
) -> Result<Option<Transaction>, ResponseError> {
    match client_version >= EPOCH_BUMPS {
        true => end_with_bump(current, producer, commit, client_version, now, fresh),
        false => end_in_same_epoch(current, producer, commit, client_version, now),
    }
}

fn end_in_same_epoch(
    current: &Transaction,
    producer: Producer,
    commit: bool,
    client_version: i16,
    now: i64,
) -> Result<Option<Transaction>, ResponseError> {
    if producer.id != current.producer_id {
        return Err(InvalidProducerIdMapping);
    }
    if producer.epoch != current.epoch {
        return Err(ProducerFenced);
    }
    match (current.state, commit) {
        (State::Ongoing, _) => Ok(Some(Transaction {
            state: prepared(commit),
            updated_ms: now,
            client_version,
            ..current.clone()
        })),
        (State::CompleteCommit, true) | (State::CompleteAbort, false) => Ok(None),
        (State::PrepareCommit, true) | (State::PrepareAbort, false) => Err(ConcurrentTransactions),
        _ => Err(InvalidTxnState),
    }
}

fn end_with_bump(
    current: &Transaction,
    producer: Producer,
    commit: bool,
    client_version: i16,
    now: i64,
    fresh: Option<i64>,
) -> Result<Option<Transaction>, ResponseError> {
    // The answer got lost: the producer still has the epoch, or the producer id, of before.
    let after_bump = producer.id == current.producer_id
        && i32::from(producer.epoch) + 1 == i32::from(current.epoch);
    let after_new_id = producer.id == current.previous_producer_id
        && producer.epoch == i16::MAX - 1
        && current.epoch == 0;
    if producer.id != current.producer_id && !after_new_id {
        return Err(InvalidProducerIdMapping);
    }
    let is_current = producer.epoch == current.epoch && !after_new_id;
    let retry = after_bump || after_new_id;
    let valid = match current.state {
        State::Empty | State::Ongoing => is_current,
        State::PrepareCommit | State::PrepareAbort => after_bump,
        State::CompleteCommit | State::CompleteAbort => is_current || retry,
    };
    if !valid {
        return Err(ProducerFenced);
    }
    match (current.state, commit) {
        (State::Ongoing, _) => {}
        (State::CompleteCommit, true) | (State::CompleteAbort, false) if retry => return Ok(None),
        (State::PrepareCommit, true) | (State::PrepareAbort, false) => {
            return Err(ConcurrentTransactions);
        }
        // An abort after an error is allowed even if nothing was added: the epoch is bumped.
        (State::Empty | State::CompleteCommit | State::CompleteAbort, false) if !retry => {}
        _ => return Err(InvalidTxnState),
    }
    let next_producer_id = match current.is_epoch_exhausted() {
        true => fresh.ok_or(ConcurrentTransactions)?,
        false => NO_PRODUCER_ID,
    };
    let ongoing = current.state == State::Ongoing;
    Ok(Some(Transaction {
        next_producer_id,
        epoch: current.epoch.saturating_add(1),
        last_epoch: current.epoch,
        state: prepared(commit),
        start_ms: if ongoing { current.start_ms } else { now },
        updated_ms: now,
        client_version,
        ..current.clone()
    }))
}

fn prepared(commit: bool) -> State {
    match commit {
        true => State::PrepareCommit,
        false => State::PrepareAbort,
    }
}

/// All markers are written. `None` for a transaction that is not being ended.
pub fn complete(current: &Transaction, now: i64) -> Option<Transaction> {
    let state = match current.state.prepared()? {
        true => State::CompleteCommit,
        false => State::CompleteAbort,
    };
    let mut next = Transaction {
        state,
        partitions: BTreeSet::new(),
        updated_ms: now,
        ..current.clone()
    };
    if current.next_producer_id != NO_PRODUCER_ID {
        // The producer sees its last epoch followed by 0 of another id.
        next.previous_producer_id = current.producer_id;
        next.producer_id = current.next_producer_id;
        next.next_producer_id = NO_PRODUCER_ID;
        next.epoch = 0;
    }
    Some(next)
}

/// The producer id and epoch that the next transaction has, once `ended` is complete.
pub fn producer_after(ended: &Transaction) -> Producer {
    match ended.next_producer_id {
        NO_PRODUCER_ID => Producer {
            id: ended.producer_id,
            epoch: ended.epoch,
        },
        id => Producer { id, epoch: 0 },
    }
}
