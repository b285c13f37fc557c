use kafka_protocol::ResponseError::{
    self, ConcurrentTransactions, InvalidProducerEpoch, InvalidProducerIdMapping, InvalidRequest,
    InvalidTransactionTimeout, InvalidTxnState, ProducerFenced, UnknownTopicOrPartition,
};

use super::super::State;
use super::harness::{Harness, START};

const NEW: (i64, i16) = (-1, -1);
/// Versions of AddPartitionsToTxn and EndTxn of a client without epoch bumps.
const OLD_ADD: i16 = 3;
const OLD_END: i16 = 4;
const BUMPING_END: i16 = 5;

#[test]
fn a_transaction_commits() {
    let mut it = Harness::new();
    let producer = it.init("t", NEW).unwrap();
    assert_eq!(producer, (100, 0));
    it.add("t", producer, "parcels", OLD_ADD).unwrap();
    it.add("t", producer, "letters", OLD_ADD).unwrap();
    assert_eq!(it.state("t"), State::Ongoing);
    assert_eq!(it.end("t", producer, true, OLD_END), Ok(producer));
    assert_eq!(it.state("t"), State::PrepareCommit);
    // Until the markers are written, nothing new begins.
    assert_eq!(
        it.add("t", producer, "parcels", OLD_ADD),
        Err(ConcurrentTransactions)
    );
    assert_eq!(it.init("t", NEW), Err(ConcurrentTransactions));
    let touched = [("letters".to_owned(), 0), ("parcels".to_owned(), 0)].into();
    assert_eq!(it.write_markers(), [(100, 0, true, touched)]);
    assert_eq!(it.state("t"), State::CompleteCommit);
    // The answer got lost and the client asks again.
    assert_eq!(it.end("t", producer, true, OLD_END), Ok(producer));
    assert_eq!(it.end("t", producer, false, OLD_END), Err(InvalidTxnState));
    it.add("t", producer, "parcels", OLD_ADD).unwrap();
    assert_eq!(it.state("t"), State::Ongoing);
}

#[test]
fn each_transaction_has_its_epoch_with_version_2() {
    let mut it = Harness::new();
    let first = it.init("t", NEW).unwrap();
    it.add("t", first, "parcels", OLD_ADD).unwrap();
    let second = it.end("t", first, true, BUMPING_END).unwrap();
    assert_eq!(second, (100, 1));
    assert_eq!(
        it.end("t", first, true, BUMPING_END),
        Err(ConcurrentTransactions)
    );
    // Markers carry the new epoch: what comes late of the old one is refused in the partition.
    assert_eq!(it.write_markers()[0].1, 1);
    assert_eq!(it.end("t", first, true, BUMPING_END), Ok(second));
    assert_eq!(it.add("t", first, "parcels", OLD_ADD), Err(ProducerFenced));
    let third = it.end("t", second, false, BUMPING_END).unwrap();
    assert_eq!(third, (100, 2));
    assert_eq!(it.write_markers(), [(100, 2, false, Default::default())]);
    assert_eq!(it.state("t"), State::CompleteAbort);
}

#[test]
fn a_second_producer_fences_the_first() {
    let mut it = Harness::new();
    let first = it.init("t", NEW).unwrap();
    it.add("t", first, "parcels", OLD_ADD).unwrap();
    assert_eq!(it.init("t", NEW), Err(ConcurrentTransactions));
    // The open transaction is aborted in an epoch that nobody has.
    assert_eq!(it.end("t", first, true, OLD_END), Err(ProducerFenced));
    let (id, epoch, commit, _) = it.write_markers().remove(0);
    assert_eq!((id, epoch, commit), (100, 1, false));
    let second = it.init("t", NEW).unwrap();
    assert_eq!(second, (100, 2));
    assert_eq!(it.add("t", first, "parcels", OLD_ADD), Err(ProducerFenced));
    // Clients from before KIP-588 know another word for it.
    assert_eq!(it.add("t", first, "parcels", 1), Err(InvalidProducerEpoch));
    assert_eq!(
        it.add("u", first, "parcels", OLD_ADD),
        Err(InvalidProducerIdMapping)
    );
    it.add("t", second, "parcels", OLD_ADD).unwrap();
}

#[test]
fn a_new_coordinator_ends_what_was_decided() {
    let mut it = Harness::new();
    let commits = it.init("commits", NEW).unwrap();
    let aborts = it.init("aborts", NEW).unwrap();
    let open = it.init("open", NEW).unwrap();
    for (id, producer) in [("commits", commits), ("aborts", aborts), ("open", open)] {
        it.add(id, producer, "parcels", OLD_ADD).unwrap();
    }
    it.end("commits", commits, true, OLD_END).unwrap();
    it.end("aborts", aborts, false, OLD_END).unwrap();
    let lost = it.markers.clone();
    it.fail_over();
    // What the earlier coordinator still hears of its markers says nothing now.
    for markers in &lost {
        assert!(it.coordinator.markers_written(it.now, markers).is_empty());
    }
    let mut sent: Vec<(i64, bool)> = it
        .markers
        .iter()
        .map(|m| (m.producer_id, m.commit))
        .collect();
    sent.sort_unstable();
    assert_eq!(sent, [(commits.0, true), (aborts.0, false)]);
    assert!(it.markers.iter().all(|m| m.coordinator_epoch == 2));
    it.write_markers();
    assert_eq!(it.state("commits"), State::CompleteCommit);
    assert_eq!(it.state("aborts"), State::CompleteAbort);
    assert_eq!(it.state("open"), State::Ongoing);
    it.fail_over();
    assert!(it.markers.is_empty());
    assert_eq!(it.end("open", open, true, OLD_END), Ok(open));
}

#[test]
fn what_takes_too_long_is_aborted() {
    let mut it = Harness::new();
    let producer = it.init_with_timeout("t", NEW, 25_000).unwrap();
    it.now += 1;
    it.add("t", producer, "parcels", OLD_ADD).unwrap();
    it.wake();
    // Looked at every 10 s: 25,001 ms after the start is 30 s.
    assert_eq!(it.now, START + 30_000);
    assert_eq!(it.state("t"), State::PrepareAbort);
    assert!(it.events.iter().any(|code| code == "transaction-timed-out"));
    assert_eq!(it.end("t", producer, true, OLD_END), Err(ProducerFenced));
    it.write_markers();
    assert_eq!(it.state("t"), State::CompleteAbort);
    assert_eq!(it.init("t", producer), Err(ProducerFenced));
    assert_eq!(it.init("t", NEW), Ok((100, 2)));
}

#[test]
fn ids_that_nobody_uses_are_forgotten() {
    let mut it = Harness::new();
    it.init("t", NEW).unwrap();
    it.wake();
    assert_eq!(it.now, START + 604_800_000);
    assert_eq!(it.coordinator.transactions().count(), 0);
    assert_eq!(it.coordinator.wake_at(), None);
    it.fail_over();
    assert_eq!(it.coordinator.transactions().count(), 0);
}

#[test]
fn a_producer_goes_on_after_an_error() {
    let mut it = Harness::new();
    let first = it.init("t", NEW).unwrap();
    let second = it.init("t", first).unwrap();
    assert_eq!(second, (100, 1));
    // The answer got lost.
    assert_eq!(it.init("t", first), Ok(second));
    assert_eq!(it.init("t", second), Ok((100, 2)));
    assert_eq!(it.init("t", first), Err(ProducerFenced));
}

#[test]
fn epochs_run_out() {
    let mut it = Harness::new();
    let mut producer = it.init("t", NEW).unwrap();
    while producer.1 < i16::MAX - 1 {
        producer = it.init("t", producer).unwrap();
    }
    it.add("t", producer, "parcels", OLD_ADD).unwrap();
    let next = it.end("t", producer, true, BUMPING_END).unwrap();
    assert_eq!(next, (101, 0));
    assert_eq!(it.write_markers()[0].1, i16::MAX);
    assert_eq!(it.end("t", producer, true, BUMPING_END), Ok(next));
    it.add("t", next, "parcels", OLD_ADD).unwrap();
    assert_eq!(it.transaction("t").previous_producer_id, 100);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut it = Harness::new();
    let timeouts: [(i32, Result<(), ResponseError>); 4] = [
        (0, Err(InvalidTransactionTimeout)),
        (-1, Err(InvalidTransactionTimeout)),
        (900_001, Err(InvalidTransactionTimeout)),
        (900_000, Ok(())),
    ];
    for (timeout_ms, expected) in timeouts {
        let found = it.init_with_timeout("t", NEW, timeout_ms).map(|_| ());
        assert_eq!(found, expected, "{timeout_ms}");
    }
    assert_eq!(it.init("", NEW), Err(InvalidRequest));
    let (long, too_long) = ("t".repeat(32_767), "t".repeat(32_768));
    assert!(it.init(&long, NEW).is_ok());
    assert_eq!(it.init(&too_long, NEW), Err(InvalidRequest));
    let own = (it.transaction("t").producer_id, 0);
    let unknown = it.add("t", own, "nowhere", OLD_ADD);
    assert_eq!(unknown, Err(UnknownTopicOrPartition));
    assert_eq!(it.state("t"), State::Empty);
    assert_eq!(it.init("u", (-1, 3)), Err(InvalidRequest));
    assert_eq!(it.add("", (1, 1), "parcels", OLD_ADD), Err(InvalidRequest));
    assert_eq!(
        it.end("nobody", (1, 1), true, OLD_END),
        Err(InvalidProducerIdMapping)
    );
}
