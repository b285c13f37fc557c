//! Fetch, ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use super::{batch, made, name, produce_request};
use crate::session::Session;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::*;
use uuid::Uuid;

fn request(topic: &str, id: Uuid, partition: FetchPartition) -> FetchRequest {
    let topic = FetchTopic::default()
        .with_topic(name(topic))
        .with_topic_id(id)
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_max_wait_ms(0)
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}

fn from(offset: i64) -> FetchPartition {
    FetchPartition::default()
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20)
}

/// Compares all that partition 0 holds, byte for byte.
pub fn everything(session: &mut Session, topic: &str) {
    session.ask("all records", 11, &request(topic, Uuid::nil(), from(0)));
}

pub fn plain(session: &mut Session) {
    let id = made(session, "fetched", 1, &[]);
    for values in [&["a", "b"][..], &["c"], &["d", "e", "f"]] {
        session.ask("Produce", 9, &produce_request("fetched", 0, batch(values)));
    }
    for version in 4..=18 {
        let (topic, id) = if version < 13 {
            ("fetched", Uuid::nil())
        } else {
            ("", id)
        };
        session.ask("all", version, &request(topic, id, from(0)));
        session.ask(
            "from the middle of a batch",
            version,
            &request(topic, id, from(1)),
        );
        session.ask("at the end", version, &request(topic, id, from(6)));
        session.ask("past the end", version, &request(topic, id, from(7)));
        session.ask("before the start", version, &request(topic, id, from(-1)));
        session.ask(
            "one byte",
            version,
            &request(topic, id, from(0).with_partition_max_bytes(1)),
        );
        session.ask(
            "one byte of all",
            version,
            &request(topic, id, from(0)).with_max_bytes(1),
        );
        session.ask(
            "committed",
            version,
            &request(topic, id, from(0)).with_isolation_level(1),
        );
        session.ask(
            "no such partition",
            version,
            &request(topic, id, from(0).with_partition(9)),
        );
        epochs(session, version, topic, id);
        let unknown = Uuid::from_u128(7);
        if version < 13 {
            session.ask(
                "an unknown topic",
                version,
                &request("never-there", Uuid::nil(), from(0)),
            );
        } else {
            session.ask("an unknown topic", version, &request("", unknown, from(0)));
        }
    }
}

fn epochs(session: &mut Session, version: i16, topic: &str, id: Uuid) {
    if version >= 9 {
        session.ask(
            "an old epoch",
            version,
            &request(topic, id, from(0).with_current_leader_epoch(-1)),
        );
        session.ask(
            "a future epoch",
            version,
            &request(topic, id, from(0).with_current_leader_epoch(9)),
        );
    }
    if version >= 12 {
        session.ask(
            "of a diverging epoch",
            version,
            &request(topic, id, from(3).with_last_fetched_epoch(5)),
        );
        session.ask(
            "of the same epoch",
            version,
            &request(topic, id, from(3).with_last_fetched_epoch(0)),
        );
    }
}

pub fn sessions(session: &mut Session) {
    made(session, "sessions", 2, &[]);
    let both = || {
        let mut request = request("sessions", Uuid::nil(), from(0)).with_session_epoch(0);
        request.topics[0].partitions.push(from(0).with_partition(1));
        request
    };
    let Some(opened) = session.ask("open", 11, &both()) else {
        return;
    };
    let next = |epoch| {
        FetchRequest::default()
            .with_max_bytes(1 << 20)
            .with_session_id(opened.session_id)
            .with_session_epoch(epoch)
    };
    session.ask("nothing new", 11, &next(1));
    session.ask("Produce", 9, &produce_request("sessions", 1, batch(&["a"])));
    session.ask("something new", 11, &next(2));
    session.ask("a wrong epoch", 11, &next(7));
    let forgotten = ForgottenTopic::default()
        .with_topic(name("sessions"))
        .with_partitions(vec![1]);
    session.ask(
        "one forgotten",
        11,
        &next(3).with_forgotten_topics_data(vec![forgotten]),
    );
    session.ask("an unknown session", 11, &next(1).with_session_id(123_456));
    session.ask(
        "close",
        11,
        &both()
            .with_session_id(opened.session_id)
            .with_session_epoch(-1),
    );
    session.ask("a closed session", 11, &next(4));
}

/// Asks partition 0 in v4; 1 is a wrong epoch.
pub fn offsets_request(topic: &str, epoch: i32, timestamp: i64) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition::default()
        .with_current_leader_epoch(epoch)
        .with_timestamp(timestamp);
    let topic = ListOffsetsTopic::default()
        .with_name(name(topic))
        .with_partitions(vec![partition]);
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![topic])
}

pub fn list_offsets(session: &mut Session) {
    made(session, "listed", 1, &[]);
    session.ask("of an empty log", 7, &offsets_request("listed", -1, -3));
    session.ask(
        "Produce",
        9,
        &produce_request("listed", 0, batch(&["a", "b", "c"])),
    );
    for version in 1..=10 {
        for timestamp in [-1, -2, 0, 1_001_500, 2_000_000_000_000] {
            session.ask(
                &format!("{timestamp}"),
                version,
                &offsets_request("listed", -1, timestamp),
            );
        }
        for timestamp in [-3, -4, -5, -9] {
            session.ask(
                &format!("{timestamp}"),
                version,
                &offsets_request("listed", -1, timestamp),
            );
        }
        session.ask(
            "of an unknown topic",
            version,
            &offsets_request("never-there", -1, -1),
        );
        if version >= 4 {
            session.ask("a future epoch", version, &offsets_request("listed", 9, -1));
        }
    }
    let mut twice = offsets_request("listed", -1, -1);
    let partition = twice.topics[0].partitions[0].clone();
    twice.topics[0].partitions.push(partition);
    session.ask("a partition twice", 7, &twice);
    session.ask(
        "by a follower",
        7,
        &offsets_request("listed", -1, -1).with_replica_id(BrokerId(1)),
    );
}

pub fn leader_epochs(session: &mut Session) {
    made(session, "epochs", 1, &[]);
    session.ask(
        "Produce",
        9,
        &produce_request("epochs", 0, batch(&["a", "b"])),
    );
    for version in 2..=4 {
        for (what, topic, partition, current, epoch) in [
            ("of the epoch", "epochs", 0, -1, 0),
            ("of a future epoch", "epochs", 0, -1, 5),
            ("of no epoch", "epochs", 0, -1, -1),
            ("in a wrong epoch", "epochs", 0, 9, 0),
            ("of an unknown partition", "epochs", 9, -1, 0),
            ("of an unknown topic", "never-there", 0, -1, 0),
        ] {
            let partition = OffsetForLeaderPartition::default()
                .with_partition(partition)
                .with_current_leader_epoch(current)
                .with_leader_epoch(epoch);
            let topic = OffsetForLeaderTopic::default()
                .with_topic(name(topic))
                .with_partitions(vec![partition]);
            let request = OffsetForLeaderEpochRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_topics(vec![topic]);
            session.ask(what, version, &request);
        }
    }
}

pub fn delete_records(session: &mut Session) {
    made(session, "shortened", 1, &[]);
    session.ask(
        "Produce",
        9,
        &produce_request("shortened", 0, batch(&["a", "b", "c"])),
    );
    let to = |topic: &str, partition, offset| {
        let partition = DeleteRecordsPartition::default()
            .with_partition_index(partition)
            .with_offset(offset);
        let topic = DeleteRecordsTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        DeleteRecordsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(10_000)
    };
    for version in 0..=2 {
        session.ask("to 1", version, &to("shortened", 0, 1));
        session.ask("past the end", version, &to("shortened", 0, 9));
        session.ask("to -2", version, &to("shortened", 0, -2));
        session.ask("of an unknown partition", version, &to("shortened", 9, 1));
        session.ask("of an unknown topic", version, &to("never-there", 0, 1));
    }
    session.ask("of an internal topic", 2, &to("__consumer_offsets", 0, 0));
    session.ask("to the high watermark", 2, &to("shortened", 0, -1));
    session.ask("earliest", 7, &offsets_request("shortened", -1, -2));
    everything(session, "shortened");
}
