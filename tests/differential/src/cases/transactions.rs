//! Transactions: their steps in order, out of order, and with wrong ids and epochs.

use super::{made, name, produce_request, text};
use crate::session::Session;
use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState};

/// A transactional producer.
#[derive(Clone, Copy)]
struct Own {
    id: i64,
    epoch: i16,
}

fn init(id: Option<&str>, timeout_ms: i32) -> InitProducerIdRequest {
    InitProducerIdRequest::default()
        .with_transactional_id(id.map(|id| text(id).into()))
        .with_transaction_timeout_ms(timeout_ms)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1)
}

fn begun(session: &mut Session, id: &str) -> Own {
    // This makes the coordinators' topic.
    let find = FindCoordinatorRequest::default()
        .with_key(text(id))
        .with_key_type(1);
    session.until(1, &find, |answer| answer.error_code == 0);
    let answer = session.until(4, &init(Some(id), 60_000), |answer| answer.error_code == 0);
    answer.map_or(Own { id: -1, epoch: -1 }, |answer| Own {
        id: answer.producer_id.0,
        epoch: answer.producer_epoch,
    })
}

fn add(id: &str, own: Own, topic: &str) -> AddPartitionsToTxnRequest {
    let topic = AddPartitionsToTxnTopic::default()
        .with_name(name(topic))
        .with_partitions(vec![0]);
    AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(text(id).into())
        .with_v3_and_below_producer_id(ProducerId(own.id))
        .with_v3_and_below_producer_epoch(own.epoch)
        .with_v3_and_below_topics(vec![topic])
}

fn end(id: &str, own: Own, commit: bool) -> EndTxnRequest {
    EndTxnRequest::default()
        .with_transactional_id(text(id).into())
        .with_producer_id(ProducerId(own.id))
        .with_producer_epoch(own.epoch)
        .with_committed(commit)
}

fn batch(own: Own, sequence: i32) -> Bytes {
    let producer = ProducerState {
        id: own.id,
        epoch: own.epoch,
        base_sequence: sequence,
    };
    let mut batch = BatchBuilder::new(Codec::None)
        .producer(producer)
        .transactional(true);
    batch
        .append(1_000_000, Some(b"k"), Some(b"v"), &[])
        .expect("it is small");
    batch.build()
}

fn send(id: &str, topic: &str, records: Bytes) -> ProduceRequest {
    produce_request(topic, 0, records).with_transactional_id(Some(text(id).into()))
}

fn offsets(id: &str, own: Own, group: &str) -> TxnOffsetCommitRequest {
    let partition = TxnOffsetCommitRequestPartition::default().with_committed_offset(5);
    let topic = TxnOffsetCommitRequestTopic::default()
        .with_name(name("paid"))
        .with_partitions(vec![partition]);
    TxnOffsetCommitRequest::default()
        .with_transactional_id(text(id).into())
        .with_group_id(text(group).into())
        .with_producer_id(ProducerId(own.id))
        .with_producer_epoch(own.epoch)
        .with_topics(vec![topic])
}

/// Waits until all markers of a transaction are written.
fn settle(session: &mut Session, id: &str) {
    let describe =
        DescribeTransactionsRequest::default().with_transactional_ids(vec![text(id).into()]);
    session.until(0, &describe, |answer| {
        let state = answer.transaction_states.first();
        let state = state.map(|state| state.transaction_state.as_str());
        matches!(state, Some("CompleteCommit" | "CompleteAbort"))
    });
}

pub fn plain(session: &mut Session) {
    made(session, "paid", 1, &[]);
    let own = begun(session, "payer");
    session.ask("add", 3, &add("payer", own, "paid"));
    session.ask("produce", 9, &send("payer", "paid", batch(own, 0)));
    let join = AddOffsetsToTxnRequest::default()
        .with_transactional_id(text("payer").into())
        .with_producer_id(ProducerId(own.id))
        .with_producer_epoch(own.epoch)
        .with_group_id(text("paying").into());
    session.ask("add offsets", 3, &join);
    session.ask("commit offsets", 3, &offsets("payer", own, "paying"));
    session.ask("commit", 3, &end("payer", own, true));
    settle(session, "payer");
    session.ask("commit again", 3, &end("payer", own, true));
    session.ask("abort what is committed", 3, &end("payer", own, false));
    for version in [3, 4, 5] {
        let own = begun(session, "payer");
        session.ask("add", 3, &add("payer", own, "paid"));
        session.ask("produce", 9, &send("payer", "paid", batch(own, 0)));
        session.ask("abort", version, &end("payer", own, false));
    }
    for version in 12..=12 {
        let own = begun(session, "payer");
        session.ask(
            "produce without adding",
            version,
            &send("payer", "paid", batch(own, 0)),
        );
        session.ask("commit in the second version", 5, &end("payer", own, true));
        settle(session, "payer");
        session.ask("commit with the old epoch", 5, &end("payer", own, true));
    }
    settle(session, "payer");
    super::fetch::everything(session, "paid");
}

pub fn refusals(session: &mut Session) {
    made(session, "refused", 1, &[]);
    let own = begun(session, "refuser");
    for version in 0..=5 {
        session.ask("init with an empty id", version, &init(Some(""), 60_000));
        session.ask("init with no time", version, &init(Some("timeless"), 0));
        session.ask(
            "init with too much time",
            version,
            &init(Some("timeless"), i32::MAX),
        );
        session.ask(
            "init with less than no time",
            version,
            &init(Some("timeless"), -1),
        );
    }
    for version in 3..=5 {
        session.ask(
            "init of another producer",
            version,
            &init(Some("refuser"), 60_000)
                .with_producer_id(ProducerId(own.id + 999))
                .with_producer_epoch(0),
        );
        session.ask(
            "init with an id alone",
            version,
            &init(Some("refuser"), 60_000).with_producer_id(ProducerId(own.id)),
        );
        session.ask(
            "init with an epoch alone",
            version,
            &init(Some("refuser"), 60_000).with_producer_epoch(3),
        );
    }
    wrong_producers(session);
    without_adding(session);
}

/// With ids and epochs of nobody, or of before.
fn wrong_producers(session: &mut Session) {
    let own = begun(session, "refuser");
    let (old, stranger) = (
        Own {
            epoch: own.epoch - 1,
            ..own
        },
        Own {
            id: own.id + 999,
            ..own
        },
    );
    let future = Own {
        epoch: own.epoch + 1,
        ..own
    };
    for version in 0..=3 {
        session.ask(
            "add to an unknown id",
            version,
            &add("never-there", own, "refused"),
        );
        session.ask(
            "add of a stranger",
            version,
            &add("refuser", stranger, "refused"),
        );
        session.ask(
            "add of an old epoch",
            version,
            &add("refuser", old, "refused"),
        );
        session.ask(
            "add of a future epoch",
            version,
            &add("refuser", future, "refused"),
        );
        session.ask(
            "add of an unknown topic",
            version,
            &add("refuser", own, "never-there"),
        );
    }
    for version in 4..=5 {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(name("refused"))
            .with_partitions(vec![0]);
        let one = AddPartitionsToTxnTransaction::default()
            .with_transactional_id(text("refuser").into())
            .with_producer_id(ProducerId(own.id))
            .with_producer_epoch(own.epoch)
            .with_verify_only(true)
            .with_topics(vec![topic]);
        session.ask(
            "verify",
            version,
            &AddPartitionsToTxnRequest::default().with_transactions(vec![one]),
        );
    }
    wrong_ends(session, own, old, stranger);
}

fn wrong_ends(session: &mut Session, own: Own, old: Own, stranger: Own) {
    for version in 0..=5 {
        session.ask("end of nothing", version, &end("refuser", own, true));
        session.ask(
            "end of an unknown id",
            version,
            &end("never-there", own, true),
        );
        session.ask(
            "end of a stranger",
            version,
            &end("refuser", stranger, true),
        );
        session.ask("end of an old epoch", version, &end("refuser", old, true));
    }
    for version in 0..=4 {
        session.ask(
            "offsets of a stranger",
            version,
            &offsets("refuser", stranger, "refusing"),
        );
        session.ask(
            "offsets without a group",
            version,
            &offsets("refuser", own, ""),
        );
    }
}

fn without_adding(session: &mut Session) {
    let own = begun(session, "refuser");
    session.ask(
        "produce without adding",
        9,
        &send("refuser", "refused", batch(own, 0)),
    );
    session.ask(
        "produce with another id",
        9,
        &send("never-there", "refused", batch(own, 0)),
    );
    session.ask(
        "produce with no id",
        9,
        &produce_request("refused", 0, batch(own, 0)),
    );
    super::fetch::everything(session, "refused");
}

pub fn administration(session: &mut Session) {
    made(session, "hanging", 1, &[]);
    let own = begun(session, "hanger");
    session.ask("add", 3, &add("hanger", own, "hanging"));
    session.ask("produce", 9, &send("hanger", "hanging", batch(own, 0)));
    let describe = |id: &str| {
        DescribeTransactionsRequest::default().with_transactional_ids(vec![text(id).into()])
    };
    session.ask("describe", 0, &describe("hanger"));
    session.ask("describe an unknown one", 0, &describe("never-there"));
    session.ask("describe no id", 0, &describe(""));
    let list = ListTransactionsRequest::default().with_duration_filter(-1);
    let only = |states: &[&str]| {
        list.clone()
            .with_state_filters(states.iter().map(|state| text(state)).collect())
    };
    session.ask("list what goes on", 1, &only(&["Ongoing"]));
    session.ask("list an unknown state", 1, &only(&["Nonsense"]));
    session.ask(
        "list of a producer",
        1,
        &list
            .clone()
            .with_producer_id_filters(vec![ProducerId(own.id)]),
    );
    let producers = DescribeProducersRequest::default().with_topics(vec![
        describe_producers_request::TopicRequest::default()
            .with_name(name("hanging"))
            .with_partition_indexes(vec![0]),
    ]);
    session.ask("producers", 0, &producers);
    let marker = |epoch, coordinator| {
        let topic = write_txn_markers_request::WritableTxnMarkerTopic::default()
            .with_name(name("hanging"))
            .with_partition_indexes(vec![0]);
        let marker = write_txn_markers_request::WritableTxnMarker::default()
            .with_producer_id(ProducerId(own.id))
            .with_producer_epoch(epoch)
            .with_coordinator_epoch(coordinator)
            .with_topics(vec![topic]);
        WriteTxnMarkersRequest::default().with_markers(vec![marker])
    };
    session.ask("a marker", 1, &marker(own.epoch, 0));
    session.ask("a marker of an old epoch", 1, &marker(own.epoch - 1, 0));
    session.ask("a marker of an old coordinator", 1, &marker(own.epoch, -1));
}
