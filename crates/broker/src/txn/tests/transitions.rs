//! Every decision as a row: what the log says, what is asked, what comes of it.

use kafka_protocol::ResponseError::{
    self, ConcurrentTransactions, InvalidProducerIdMapping, InvalidTxnState, ProducerFenced,
};

use super::super::state::{NO_PRODUCER_ID, State, Transaction};
use super::super::transition::{self, Init, Producer};

const FRESH: i64 = 99;
const MAX: i16 = i16::MAX;

/// Producer 7, epoch 5, one before that, in partition a-0.
fn transaction(state: State) -> Transaction {
    let mut transaction = Transaction::new(7, 1_000, 10);
    transaction.state = state;
    transaction.epoch = 5;
    transaction.last_epoch = 4;
    if state != State::Empty {
        transaction.start_ms = 11;
    }
    if matches!(
        state,
        State::Ongoing | State::PrepareAbort | State::PrepareCommit
    ) {
        transaction.partitions.insert(("a".to_owned(), 0));
    }
    transaction
}

fn with_epoch(state: State, epoch: i16) -> Transaction {
    Transaction {
        epoch,
        last_epoch: epoch - 1,
        ..transaction(state)
    }
}

/// The id went from producer 6 to 7 when epochs ran out.
fn rotated(state: State) -> Transaction {
    Transaction {
        previous_producer_id: 6,
        epoch: 0,
        last_epoch: MAX - 1,
        ..transaction(state)
    }
}

/// What came out: state, producer id, epoch, next producer id; or why not.
type Outcome = Result<Option<(State, i64, i16, i64)>, ResponseError>;

fn outcome(next: Option<Transaction>) -> Option<(State, i64, i16, i64)> {
    next.map(|next| {
        (
            next.state,
            next.producer_id,
            next.epoch,
            next.next_producer_id,
        )
    })
}

#[test]
fn init_producer_id() {
    use State::*;
    let new = Transaction::new(7, 1_000, 10);
    let none = NO_PRODUCER_ID;
    let ready = |id, epoch| Ok(Some((Empty, id, epoch, none)));
    // Current, what the producer says of itself, outcome.
    type Row = (Transaction, Option<(i64, i16)>, Outcome);
    let rows: [Row; 19] = [
        (new.clone(), None, ready(7, 0)),
        (new, Some((3, 8)), ready(7, 0)),
        (transaction(Empty), None, ready(7, 6)),
        (transaction(CompleteCommit), None, ready(7, 6)),
        (transaction(CompleteAbort), Some((7, 5)), ready(7, 6)),
        // A retry of a bump whose answer got lost.
        (transaction(Empty), Some((7, 4)), ready(7, 5)),
        (transaction(Empty), Some((7, 3)), Err(ProducerFenced)),
        (transaction(Empty), Some((7, 6)), Err(ProducerFenced)),
        (transaction(Empty), Some((8, 5)), Err(ProducerFenced)),
        (
            transaction(PrepareCommit),
            None,
            Err(ConcurrentTransactions),
        ),
        (
            transaction(PrepareAbort),
            Some((7, 5)),
            Err(ConcurrentTransactions),
        ),
        (transaction(PrepareAbort), Some((8, 5)), Err(ProducerFenced)),
        (
            transaction(Ongoing),
            None,
            Ok(Some((PrepareAbort, 7, 6, none))),
        ),
        (
            with_epoch(Ongoing, MAX - 1),
            None,
            Ok(Some((PrepareAbort, 7, MAX, none))),
        ),
        (with_epoch(Empty, MAX - 2), None, ready(7, MAX - 1)),
        (with_epoch(Empty, MAX - 1), None, ready(FRESH, 0)),
        (with_epoch(CompleteAbort, MAX), None, ready(FRESH, 0)),
        (
            with_epoch(Empty, MAX - 1),
            Some((7, 3)),
            Err(ProducerFenced),
        ),
        (rotated(Empty), Some((6, MAX - 1)), ready(7, 0)),
    ];
    for (current, known, expected) in rows {
        let known = known.map(|(id, epoch)| Producer { id, epoch });
        let found = transition::init(&current, known, 2_000, 20, Some(FRESH));
        let found = found.map(|found| match found {
            Init::Ready(next) => {
                assert_eq!((next.timeout_ms, next.start_ms), (2_000, -1));
                assert!(next.partitions.is_empty());
                outcome(Some(next))
            }
            Init::AbortFirst(next) => {
                assert_eq!(next.partitions, current.partitions);
                outcome(Some(next))
            }
        });
        assert_eq!(found, expected, "{current:?} {known:?}");
    }
}

#[test]
fn end_in_the_same_epoch() {
    use State::*;
    let none = NO_PRODUCER_ID;
    let rows: [(State, (i64, i16), bool, Outcome); 14] = [
        (Ongoing, (7, 5), true, Ok(Some((PrepareCommit, 7, 5, none)))),
        (Ongoing, (7, 5), false, Ok(Some((PrepareAbort, 7, 5, none)))),
        (Ongoing, (7, 4), true, Err(ProducerFenced)),
        (Ongoing, (7, 6), true, Err(ProducerFenced)),
        (Ongoing, (8, 5), true, Err(InvalidProducerIdMapping)),
        (Empty, (7, 5), true, Err(InvalidTxnState)),
        (Empty, (7, 5), false, Err(InvalidTxnState)),
        (PrepareCommit, (7, 5), true, Err(ConcurrentTransactions)),
        (PrepareCommit, (7, 5), false, Err(InvalidTxnState)),
        (PrepareAbort, (7, 5), true, Err(InvalidTxnState)),
        (CompleteCommit, (7, 5), true, Ok(None)),
        (CompleteCommit, (7, 5), false, Err(InvalidTxnState)),
        (CompleteAbort, (7, 5), false, Ok(None)),
        (CompleteAbort, (7, 5), true, Err(InvalidTxnState)),
    ];
    for (state, (id, epoch), commit, expected) in rows {
        let producer = Producer { id, epoch };
        let found = transition::end(&transaction(state), producer, commit, 0, 20, None);
        assert_eq!(
            found.map(outcome),
            expected,
            "{state:?} {producer:?} {commit}"
        );
    }
}

#[test]
fn end_with_a_bump() {
    use State::*;
    let none = NO_PRODUCER_ID;
    let at = transaction;
    let rows: [(Transaction, (i64, i16), bool, Outcome); 22] = [
        (
            at(Ongoing),
            (7, 5),
            true,
            Ok(Some((PrepareCommit, 7, 6, none))),
        ),
        (
            at(Ongoing),
            (7, 5),
            false,
            Ok(Some((PrepareAbort, 7, 6, none))),
        ),
        (at(Ongoing), (7, 4), true, Err(ProducerFenced)),
        (at(Ongoing), (8, 5), true, Err(InvalidProducerIdMapping)),
        // An abort without any partition bumps; a commit makes no sense.
        (
            at(Empty),
            (7, 5),
            false,
            Ok(Some((PrepareAbort, 7, 6, none))),
        ),
        (at(Empty), (7, 5), true, Err(InvalidTxnState)),
        (at(Empty), (7, 4), false, Err(ProducerFenced)),
        (
            at(CompleteCommit),
            (7, 5),
            false,
            Ok(Some((PrepareAbort, 7, 6, none))),
        ),
        (at(CompleteCommit), (7, 5), true, Err(InvalidTxnState)),
        (
            at(CompleteAbort),
            (7, 5),
            false,
            Ok(Some((PrepareAbort, 7, 6, none))),
        ),
        // Retries: the epoch was bumped already.
        (at(CompleteCommit), (7, 4), true, Ok(None)),
        (at(CompleteCommit), (7, 4), false, Err(InvalidTxnState)),
        (at(CompleteAbort), (7, 4), false, Ok(None)),
        (at(CompleteAbort), (7, 4), true, Err(InvalidTxnState)),
        (at(CompleteAbort), (7, 3), false, Err(ProducerFenced)),
        (at(PrepareCommit), (7, 4), true, Err(ConcurrentTransactions)),
        (at(PrepareCommit), (7, 5), true, Err(ProducerFenced)),
        (at(PrepareAbort), (7, 4), true, Err(InvalidTxnState)),
        // Epochs run out.
        (
            with_epoch(Ongoing, MAX - 1),
            (7, MAX - 1),
            true,
            Ok(Some((PrepareCommit, 7, MAX, FRESH))),
        ),
        (rotated(CompleteCommit), (6, MAX - 1), true, Ok(None)),
        (
            rotated(CompleteCommit),
            (6, MAX - 2),
            true,
            Err(InvalidProducerIdMapping),
        ),
        (rotated(Ongoing), (6, MAX - 1), true, Err(ProducerFenced)),
    ];
    for (current, (id, epoch), commit, expected) in rows {
        let producer = Producer { id, epoch };
        let found = transition::end(&current, producer, commit, 2, 20, Some(FRESH));
        assert_eq!(
            found.map(outcome),
            expected,
            "{current:?} {producer:?} {commit}"
        );
    }
}

#[test]
fn add_and_verify() {
    use State::*;
    let a0 = ("a".to_owned(), 0);
    let b1 = ("b".to_owned(), 1);
    let own = (7, 5);
    // State, producer, then: start of the transaction and how many partitions it has.
    type Added = Result<Option<(i64, usize)>, ResponseError>;
    let rows: [(State, (i64, i16), Added); 9] = [
        (Empty, own, Ok(Some((20, 1)))),
        (CompleteCommit, own, Ok(Some((20, 1)))),
        (CompleteAbort, own, Ok(Some((20, 1)))),
        (Ongoing, own, Ok(Some((11, 2)))),
        (PrepareCommit, own, Err(ConcurrentTransactions)),
        (PrepareAbort, own, Err(ConcurrentTransactions)),
        (Ongoing, (7, 4), Err(ProducerFenced)),
        (Ongoing, (7, 6), Err(ProducerFenced)),
        (Ongoing, (8, 5), Err(InvalidProducerIdMapping)),
    ];
    for (state, (id, epoch), expected) in rows {
        let producer = Producer { id, epoch };
        let current = transaction(state);
        let added = transition::add(&current, producer, &[b1.clone()].into(), 2, 20);
        let added = added.map(|next| next.map(|next| (next.start_ms, next.partitions.len())));
        assert_eq!(added, expected, "{state:?} {producer:?}");
        let verified = transition::verify(&current, producer, &b1);
        let expected = expected.and(Err(ResponseError::TransactionAbortable));
        assert_eq!(verified, expected, "{state:?} {producer:?}");
    }
    let current = transaction(Ongoing);
    let producer = Producer { id: 7, epoch: 5 };
    let again = transition::add(&current, producer, &[a0.clone()].into(), 2, 20);
    assert_eq!(again, Ok(None));
    assert_eq!(transition::verify(&current, producer, &a0), Ok(()));
}

#[test]
fn completion() {
    use State::*;
    assert_eq!(transition::complete(&transaction(Ongoing), 20), None);
    let done = transition::complete(&transaction(PrepareCommit), 20).unwrap();
    assert_eq!(
        outcome(Some(done.clone())),
        Some((CompleteCommit, 7, 5, -1))
    );
    assert!(done.partitions.is_empty());
    let prepared = Transaction {
        next_producer_id: FRESH,
        epoch: MAX,
        ..transaction(PrepareAbort)
    };
    let next = transition::producer_after(&prepared);
    assert_eq!(
        next,
        Producer {
            id: FRESH,
            epoch: 0
        }
    );
    let done = transition::complete(&prepared, 20).unwrap();
    assert_eq!(
        outcome(Some(done.clone())),
        Some((CompleteAbort, FRESH, 0, -1))
    );
    assert_eq!(done.previous_producer_id, 7);
}
