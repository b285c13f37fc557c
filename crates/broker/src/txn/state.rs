use std::collections::BTreeSet;

pub const NO_PRODUCER_ID: i64 = -1;
pub const NO_EPOCH: i16 = -1;
pub const NO_TIMESTAMP: i64 = -1;

/// Where a transactional id stands. The numbers are those of TransactionLogValue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A producer has the id, and no transaction yet.
    Empty = 0,
    Ongoing = 1,
    /// Decided; markers are being written.
    PrepareCommit = 2,
    PrepareAbort = 3,
    /// Every partition has its marker.
    CompleteCommit = 4,
    CompleteAbort = 5,
}

impl State {
    pub const ALL: [State; 6] = [
        State::Empty,
        State::Ongoing,
        State::PrepareCommit,
        State::PrepareAbort,
        State::CompleteCommit,
        State::CompleteAbort,
    ];

    pub fn from_number(number: i8) -> Option<State> {
        State::ALL.into_iter().find(|state| *state as i8 == number)
    }

    /// As DescribeTransactions and ListTransactions write it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Ongoing => "Ongoing",
            State::PrepareCommit => "PrepareCommit",
            State::PrepareAbort => "PrepareAbort",
            State::CompleteCommit => "CompleteCommit",
            State::CompleteAbort => "CompleteAbort",
        }
    }

    /// The outcome whose markers are being written: true to commit.
    pub fn prepared(self) -> Option<bool> {
        match self {
            State::PrepareCommit => Some(true),
            State::PrepareAbort => Some(false),
            _ => None,
        }
    }
}

/// A transactional id with its producer and its last transaction (TransactionLogValue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    pub producer_id: i64,
    /// The producer id before its epochs ran out; -1 before that.
    pub previous_producer_id: i64,
    /// The producer id from completion on, when epochs run out with this transaction; else -1.
    pub next_producer_id: i64,
    /// -1 before the first InitProducerId is through.
    pub epoch: i16,
    /// The epoch before the last bump, if the producer asked for that bump itself; else -1. It is not
    /// written, as in Kafka: a retry of InitProducerId that spans a fail-over is fenced.
    pub last_epoch: i16,
    pub timeout_ms: i32,
    pub state: State,
    /// Topic and partition.
    pub partitions: BTreeSet<(String, i32)>,
    /// When its transaction began, ms; -1 before the first.
    pub start_ms: i64,
    /// ms
    pub updated_ms: i64,
    /// `transaction.version` that the client speaks.
    pub client_version: i16,
}

impl Transaction {
    /// A transactional id that nobody has used yet.
    pub fn new(producer_id: i64, timeout_ms: i32, now: i64) -> Transaction {
        Transaction {
            producer_id,
            previous_producer_id: NO_PRODUCER_ID,
            next_producer_id: NO_PRODUCER_ID,
            epoch: NO_EPOCH,
            last_epoch: NO_EPOCH,
            timeout_ms,
            state: State::Empty,
            partitions: BTreeSet::new(),
            start_ms: NO_TIMESTAMP,
            updated_ms: now,
            client_version: 0,
        }
    }

    /// Whether the next bump needs another producer id. The largest epoch is kept for fencing.
    pub fn is_epoch_exhausted(&self) -> bool {
        is_exhausted(self.epoch)
    }

    /// When its transaction is too old, ms.
    pub fn times_out_at(&self) -> Option<i64> {
        let start = (self.state == State::Ongoing).then_some(self.start_ms)?;
        Some(start.saturating_add(self.timeout_ms.into()))
    }

    /// When the id may be forgotten, ms: never while a transaction is under way.
    pub fn expires_at(&self, expiration_ms: i64) -> Option<i64> {
        let busy = matches!(
            self.state,
            State::Ongoing | State::PrepareCommit | State::PrepareAbort
        );
        (!busy).then(|| self.updated_ms.saturating_add(expiration_ms))
    }
}

pub fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}
