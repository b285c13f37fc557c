//! Produce: good batches of every codec, and bad ones.

use super::{batch, batch_of, made, name, produce_request};
use crate::session::Session;
use bytes::Bytes;
use kafka_protocol::messages::*;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState};
use uuid::Uuid;

pub fn plain(session: &mut Session) {
    let id = made(session, "produced", 2, &[]);
    for version in 3..=12 {
        session.ask(
            "one batch",
            version,
            &produce_request("produced", 0, batch(&["a", "b"])),
        );
        session.ask(
            "an unknown topic",
            version,
            &produce_request("never-there", 0, batch(&["a"])),
        );
        session.ask(
            "an unknown partition",
            version,
            &produce_request("produced", 9, batch(&["a"])),
        );
    }
    for codec in Codec::ALL {
        let what = format!("{codec:?}");
        session.ask(
            &what,
            9,
            &produce_request("produced", 1, batch_of(codec, &["a", "b", "c"])),
        );
    }
    let mut by_id = produce_request("", 0, batch(&["a"]));
    by_id.topic_data[0].topic_id = id;
    session.ask("by id", 13, &by_id);
    by_id.topic_data[0].topic_id = Uuid::from_u128(7);
    session.ask("by an unknown id", 13, &by_id);
    session.ask(
        "acks 1",
        9,
        &produce_request("produced", 0, batch(&["a"])).with_acks(1),
    );
    session.ask(
        "acks 5",
        9,
        &produce_request("produced", 0, batch(&["a"])).with_acks(5),
    );
    session.ask(
        "nothing",
        9,
        &ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1000),
    );
    let mut none = produce_request("produced", 0, Bytes::new());
    session.ask("empty records", 9, &none);
    none.topic_data[0].partition_data[0].records = None;
    session.ask("null records", 9, &none);
    for topic in ["__consumer_offsets", "__cluster_metadata", "no spaces", ""] {
        session.ask(
            &format!("to \"{topic}\""),
            9,
            &produce_request(topic, 0, batch(&["a"])),
        );
    }
}

/// A batch with some of its bytes overwritten, and its CRC made to fit again or not.
fn patched(at: usize, bytes: &[u8], mend: bool) -> Bytes {
    let mut whole = batch(&["a", "b"]).to_vec();
    whole[at..at + bytes.len()].copy_from_slice(bytes);
    if mend {
        let crc = konbini_protocol::crc32c::crc32c(&whole[21..]);
        whole[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    whole.into()
}

pub fn bad_batches(session: &mut Session) {
    made(session, "bad", 1, &[("max.message.bytes", "1000")]);
    made(
        session,
        "bad-compacted",
        1,
        &[("cleanup.policy", "compact")],
    );
    made(
        session,
        "bad-times",
        1,
        &[("message.timestamp.before.max.ms", "1000")],
    );
    let large = "x".repeat(2000);
    let cut = batch(&["a", "b"]);
    let two: Bytes = [batch(&["a"]), batch(&["b"])].concat().into();
    let tail: Bytes = [&cut[..], &[1, 2, 3]].concat().into();
    let attributes = |bits: u8| patched(21, &[0, bits], true);
    for (what, records) in [
        ("a bad CRC", patched(17, &[1, 2, 3, 4], false)),
        ("a flipped bit", patched(60, &[0xff], false)),
        ("magic 1", patched(16, &[1], false)),
        ("magic 0", patched(16, &[0], false)),
        ("magic 3", patched(16, &[3], true)),
        (
            "a base offset",
            patched(0, &[0, 0, 0, 0, 0, 0, 0, 9], false),
        ),
        ("a leader epoch", patched(12, &[0, 0, 0, 9], false)),
        ("a length too small", patched(8, &[0, 0, 0, 3], false)),
        ("a length too large", patched(8, &[0, 0, 9, 0], false)),
        (
            "a negative length",
            patched(8, &[0xff, 0xff, 0xff, 0xff], false),
        ),
        ("too many records claimed", patched(57, &[0, 0, 0, 9], true)),
        ("too few records claimed", patched(57, &[0, 0, 0, 1], true)),
        ("no records claimed", patched(57, &[0, 0, 0, 0], true)),
        ("a wrong last offset", patched(23, &[0, 0, 0, 9], true)),
        (
            "a negative last offset",
            patched(23, &[0xff, 0xff, 0xff, 0xff], true),
        ),
        ("an unknown codec", attributes(7)),
        ("a codec that is not true", attributes(4)),
        ("a control batch", attributes(0x20)),
        ("a transactional batch without a producer", attributes(0x10)),
        ("log append time", attributes(0x08)),
        ("cut short", cut.slice(..cut.len() - 3)),
        ("a header alone", cut.slice(..61)),
        ("half a header", cut.slice(..20)),
        ("something behind it", tail),
        ("two batches", two),
        ("too large", batch(&[&large])),
        ("too large, compressed", batch_of(Codec::Gzip, &[&large])),
    ] {
        session.ask(what, 9, &produce_request("bad", 0, records));
    }
    for_the_topic(session, &large);
}

/// Good batches that their topic does not take.
fn for_the_topic(session: &mut Session, large: &str) {
    session.ask("too large", 3, &produce_request("bad", 0, batch(&[large])));
    let mut keyless = BatchBuilder::new(Codec::None);
    keyless
        .append(1000, None, Some(b"x"), &[])
        .expect("it is small");
    keyless
        .append(1000, Some(b"k"), Some(b"x"), &[])
        .expect("it is small");
    let keyless = produce_request("bad-compacted", 0, keyless.build());
    session.ask("no key on a compacted topic", 9, &keyless);
    session.ask(
        "too old",
        9,
        &produce_request("bad-times", 0, batch(&["a"])),
    );
    super::fetch::everything(session, "bad");
}

fn of(producer_id: i64, producer_epoch: i16, base_sequence: i32) -> ProducerState {
    ProducerState {
        id: producer_id,
        epoch: producer_epoch,
        base_sequence,
    }
}

pub fn idempotent(session: &mut Session) {
    made(session, "idempotent", 1, &[]);
    let request = InitProducerIdRequest::default().with_transactional_id(None);
    let request = request.with_transaction_timeout_ms(60_000);
    session.until(4, &request, |answer| answer.error_code == 0);
    session.sweep("InitProducerId", 0, 4, &request);
    let mut id = || {
        session
            .call(4, &request)
            .map_or(-1, |answer| answer.producer_id.0)
    };
    let (first, second) = (id(), id());
    let mut send = |what: &str, producer: ProducerState, count: usize| {
        let mut batch = BatchBuilder::new(Codec::None).producer(producer);
        for _ in 0..count {
            batch
                .append(1000, Some(b"k"), Some(b"v"), &[])
                .expect("it is small");
        }
        session.ask(what, 9, &produce_request("idempotent", 0, batch.build()));
    };
    send("the first", of(first, 0, 0), 2);
    send("the same again", of(first, 0, 0), 2);
    send("the next", of(first, 0, 2), 1);
    send("the one before", of(first, 0, 0), 2);
    send("a gap", of(first, 0, 9), 1);
    send("an overlap", of(first, 0, 2), 2);
    send("a new epoch in the middle", of(first, 1, 5), 1);
    send("a new epoch", of(first, 1, 0), 1);
    send("an old epoch", of(first, 0, 3), 1);
    send("an unknown producer in the middle", of(second, 0, 5), 1);
    send("a negative sequence", of(second, 0, -1), 1);
    send("a negative epoch", of(second, -1, 0), 1);
    let topic = DescribeProducersRequest::default().with_topics(vec![
        describe_producers_request::TopicRequest::default()
            .with_name(name("idempotent"))
            .with_partition_indexes(vec![0, 9]),
    ]);
    session.ask("DescribeProducers", 0, &topic);
}
