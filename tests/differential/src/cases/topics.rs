//! CreateTopics, DeleteTopics, CreatePartitions, Metadata.

use super::{creatable, create_request, described, made, name};
use crate::session::Session;
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::CreatableReplicaAssignment;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::*;
use uuid::Uuid;

/// The settings of a new topic are another case.
fn ask(session: &mut Session, what: &str, version: i16, request: &CreateTopicsRequest) {
    session.ask_about(what, version, request, |answer| {
        for topic in &mut answer.topics {
            topic.configs = topic.configs.as_ref().map(|_| Vec::new());
        }
    });
}

pub fn create(session: &mut Session) {
    let long = "x".repeat(250);
    let one = |topic| create_request(vec![topic]);
    for version in 2..=7 {
        let topic = creatable(&format!("made-{version}"), 2, &[("retention.ms", "1000")]);
        ask(session, "a topic", version, &one(topic.clone()));
        ask(session, "the same again", version, &one(topic));
        ask(
            session,
            "a bad name",
            version,
            &one(creatable("no spaces", 1, &[])),
        );
        let dry = one(creatable("dry", 1, &[])).with_validate_only(true);
        ask(session, "validate only", version, &dry);
    }
    for (what, topic) in [
        ("an empty name", creatable("", 1, &[])),
        ("a name of dots", creatable("..", 1, &[])),
        ("a long name", creatable(&long, 1, &[])),
        (
            "the metadata topic",
            creatable("__cluster_metadata", 1, &[]),
        ),
        ("a name that collides", creatable("made.7", 1, &[])),
        ("no partitions", creatable("none", 0, &[])),
        ("-2 partitions", creatable("none", -2, &[])),
        (
            "the default number of partitions",
            creatable("default", -1, &[]).with_replication_factor(-1),
        ),
        (
            "too many replicas",
            creatable("none", 1, &[]).with_replication_factor(2),
        ),
        (
            "no replicas",
            creatable("none", 1, &[]).with_replication_factor(0),
        ),
        (
            "-2 replicas",
            creatable("none", 1, &[]).with_replication_factor(-2),
        ),
        (
            "an unknown config",
            creatable("none", 1, &[("no.such", "1")]),
        ),
        (
            "a bad config",
            creatable("none", 1, &[("retention.ms", "soon")]),
        ),
        (
            "a config out of range",
            creatable("none", 1, &[("min.insync.replicas", "0")]),
        ),
        (
            "a bad policy",
            creatable("none", 1, &[("cleanup.policy", "burn")]),
        ),
    ] {
        ask(session, what, 7, &one(topic));
    }
    assignments(session);
    let twice = vec![creatable("twice", 1, &[]), creatable("twice", 1, &[])];
    ask(session, "a name twice", 7, &create_request(twice));
    ask(session, "nothing", 7, &create_request(Vec::new()));
}

fn assignments(session: &mut Session) {
    let with = |all: &[(i32, &[i32])]| {
        let all = all.iter().map(|(partition, brokers)| {
            CreatableReplicaAssignment::default()
                .with_partition_index(*partition)
                .with_broker_ids(brokers.iter().map(|id| BrokerId(*id)).collect())
        });
        let topic = creatable("assigned", -1, &[]).with_replication_factor(-1);
        create_request(vec![topic.with_assignments(all.collect())]).with_validate_only(true)
    };
    ask(session, "assigned", 7, &with(&[(0, &[1]), (1, &[1])]));
    ask(session, "assigned to nobody", 7, &with(&[(0, &[])]));
    ask(session, "assigned to a stranger", 7, &with(&[(0, &[9])]));
    ask(session, "assigned twice to one", 7, &with(&[(0, &[1, 1])]));
    ask(
        session,
        "assigned with a gap",
        7,
        &with(&[(0, &[1]), (2, &[1])]),
    );
    ask(session, "assigned twice", 7, &with(&[(0, &[1]), (0, &[1])]));
    let mut both = with(&[(0, &[1])]);
    both.topics[0].num_partitions = 3;
    ask(session, "assigned and counted", 7, &both);
}

pub fn delete(session: &mut Session) {
    for version in 1..=5 {
        made(session, "gone", 1, &[]);
        let request = DeleteTopicsRequest::default()
            .with_topic_names(vec![name("gone"), name("never-there")])
            .with_timeout_ms(10_000);
        // Kafka's order is that of a hash table.
        session.ask_about("by name", version, &request, |answer| {
            answer.responses.sort_by(|a, b| a.name.cmp(&b.name));
        });
        session.until(12, &described(&["gone"]), |answer| {
            answer.topics[0].error_code == 3
        });
    }
    let id = made(session, "gone-by-id", 1, &[]);
    let by = |state| {
        DeleteTopicsRequest::default()
            .with_topics(vec![state])
            .with_timeout_ms(10_000)
    };
    let state = DeleteTopicState::default;
    session.ask(
        "by an unknown id",
        6,
        &by(state().with_name(None).with_topic_id(Uuid::from_u128(7))),
    );
    session.ask(
        "by id and name",
        6,
        &by(state()
            .with_name(Some(name("gone-by-id")))
            .with_topic_id(id)),
    );
    session.ask("by nothing", 6, &by(state().with_name(None)));
    session.ask("by id", 6, &by(state().with_name(None).with_topic_id(id)));
    session.ask(
        "by an unknown name",
        6,
        &by(state().with_name(Some(name("never-there")))),
    );
}

pub fn partitions(session: &mut Session) {
    made(session, "more", 2, &[]);
    let to = |topic: &str, count| {
        let topic = CreatePartitionsTopic::default()
            .with_name(name(topic))
            .with_count(count);
        CreatePartitionsRequest::default()
            .with_topics(vec![topic.with_assignments(None)])
            .with_timeout_ms(10_000)
    };
    session.ask("fewer", 3, &to("more", 1));
    session.ask("as many", 3, &to("more", 2));
    session.ask("a negative number", 3, &to("more", -1));
    session.ask("of an unknown topic", 3, &to("never-there", 3));
    session.ask("validate only", 3, &to("more", 3).with_validate_only(true));
    let assigned = |brokers: &[i32]| {
        let mut request = to("more", 3).with_validate_only(true);
        let brokers = brokers.iter().map(|id| BrokerId(*id)).collect();
        let assignment = CreatePartitionsAssignment::default().with_broker_ids(brokers);
        request.topics[0].assignments = Some(vec![assignment]);
        request
    };
    session.ask("assigned", 3, &assigned(&[1]));
    session.ask("assigned to a stranger", 3, &assigned(&[9]));
    session.ask("assigned to nobody", 3, &assigned(&[]));
    let mut many = assigned(&[1]);
    many.topics[0].count = 5;
    session.ask("too few assignments", 3, &many);
    let mut twice = to("more", 3);
    twice.topics.push(twice.topics[0].clone());
    session.ask("a topic twice", 3, &twice);
    for version in 0..=3 {
        session.ask("one more", version, &to("more", 3 + i32::from(version)));
    }
}

pub fn metadata(session: &mut Session) {
    let id = made(session, "known", 2, &[]);
    for version in 0..=13 {
        session.ask(
            "of a topic",
            version,
            &described(&["known"]).with_allow_auto_topic_creation(true),
        );
        if version >= 4 {
            session.ask("of an unknown topic", version, &described(&["never-there"]));
            session.ask(
                "of bad names",
                version,
                &described(&["no spaces", "..", ""]),
            );
        }
        if version >= 1 {
            session.ask("of no topic", version, &described(&[]));
        }
    }
    for version in 12..=13 {
        let by = |topic: MetadataRequestTopic| {
            MetadataRequest::default()
                .with_topics(Some(vec![topic]))
                .with_allow_auto_topic_creation(false)
        };
        let topic = MetadataRequestTopic::default;
        session.ask(
            "by id",
            version,
            &by(topic().with_name(None).with_topic_id(id)),
        );
        let unknown = topic().with_name(None).with_topic_id(Uuid::from_u128(7));
        session.ask("by an unknown id", version, &by(unknown));
        session.ask(
            "by id and name",
            version,
            &by(topic().with_name(Some(name("known"))).with_topic_id(id)),
        );
    }
    let operations = described(&["known"]).with_include_topic_authorized_operations(true);
    session.ask("with operations", 12, &operations);
    session.ask(
        "auto create",
        12,
        &described(&["auto"]).with_allow_auto_topic_creation(true),
    );
    let made = session.until(12, &described(&["auto"]), |answer| {
        answer.topics[0].error_code == 0
    });
    session.note(
        "auto created",
        &format!("{:?}", made.map(|answer| answer.topics[0].partitions.len())),
    );
}
