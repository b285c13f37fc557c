//! Settings, reassignments, elections, security, the cluster itself.

use super::{made, name, text};
use crate::session::Session;
use kafka_protocol::messages::alter_configs_request as all_at_once;
use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::incremental_alter_configs_request as incremental;
use kafka_protocol::messages::*;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

fn describe(kind: i8, resource: &str, keys: Option<&[&str]>) -> DescribeConfigsRequest {
    let keys = keys.map(|keys| keys.iter().map(|key| text(key)).collect());
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(resource))
        .with_configuration_keys(keys);
    DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_synonyms(true)
}

/// Every setting of a resource, each as a step of its own.
fn each_config(session: &mut Session, what: &str, request: &DescribeConfigsRequest) {
    let Ok(answer) = session.call(4, request) else {
        return session.note(what, "no answer");
    };
    let mut all: Vec<_> = answer
        .results
        .into_iter()
        .flat_map(|each| each.configs)
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = all.iter().map(|config| config.name.as_str()).collect();
    session.note(&format!("{what}: names"), &names.join("\n"));
    for mut config in all {
        config.documentation = None;
        session.note(
            &format!("{what}: {}", config.name.as_str()),
            &format!("{config:#?}"),
        );
    }
}

/// Kafka's order is that of a hash table.
fn ask(session: &mut Session, what: &str, version: i16, request: &DescribeConfigsRequest) {
    session.ask_about(what, version, request, |answer| {
        for result in &mut answer.results {
            result.configs.sort_by(|a, b| a.name.cmp(&b.name));
        }
    });
}

pub fn configs(session: &mut Session) {
    made(session, "settings", 1, &[("retention.ms", "1000")]);
    each_config(session, "of a topic", &describe(TOPIC, "settings", None));
    for version in 1..=4 {
        ask(
            session,
            "one",
            version,
            &describe(TOPIC, "settings", Some(&["retention.ms"])),
        );
        ask(
            session,
            "an unknown one",
            version,
            &describe(TOPIC, "settings", Some(&["no.such"])),
        );
        ask(
            session,
            "of an unknown topic",
            version,
            &describe(TOPIC, "never-there", None),
        );
        ask(
            session,
            "of a bad name",
            version,
            &describe(TOPIC, "no spaces", None),
        );
        ask(
            session,
            "of another broker",
            version,
            &describe(BROKER, "9", None),
        );
        ask(
            session,
            "of no broker",
            version,
            &describe(BROKER, "one", None),
        );
        ask(session, "of a bad type", version, &describe(9, "x", None));
    }
    let some = [
        "node.id",
        "num.partitions",
        "log.retention.ms",
        "message.max.bytes",
        "min.insync.replicas",
    ];
    ask(
        session,
        "of the broker",
        4,
        &describe(BROKER, "1", Some(&some)),
    );
    ask(
        session,
        "of all brokers",
        4,
        &describe(BROKER, "", Some(&some)),
    );
}

fn change(
    kind: i8,
    resource: &str,
    key: &str,
    how: i8,
    value: Option<&str>,
) -> IncrementalAlterConfigsRequest {
    let config = incremental::AlterableConfig::default()
        .with_name(text(key))
        .with_config_operation(how)
        .with_value(value.map(text));
    let resource = incremental::AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(resource))
        .with_configs(vec![config]);
    IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
}

pub fn alter(session: &mut Session) {
    made(session, "altered", 1, &[]);
    let (set, delete, append, subtract) = (0, 1, 2, 3);
    for version in 0..=1 {
        for (what, request) in [
            (
                "set",
                change(TOPIC, "altered", "retention.ms", set, Some("5000")),
            ),
            (
                "set badly",
                change(TOPIC, "altered", "retention.ms", set, Some("soon")),
            ),
            (
                "set to nothing",
                change(TOPIC, "altered", "retention.ms", set, None),
            ),
            (
                "set an unknown one",
                change(TOPIC, "altered", "no.such", set, Some("1")),
            ),
            (
                "delete",
                change(TOPIC, "altered", "retention.ms", delete, None),
            ),
            (
                "delete an unknown one",
                change(TOPIC, "altered", "no.such", delete, None),
            ),
            (
                "append",
                change(TOPIC, "altered", "cleanup.policy", append, Some("compact")),
            ),
            (
                "append again",
                change(TOPIC, "altered", "cleanup.policy", append, Some("compact")),
            ),
            (
                "append badly",
                change(TOPIC, "altered", "cleanup.policy", append, Some("burn")),
            ),
            (
                "append to what is no list",
                change(TOPIC, "altered", "retention.ms", append, Some("1")),
            ),
            (
                "subtract",
                change(
                    TOPIC,
                    "altered",
                    "cleanup.policy",
                    subtract,
                    Some("compact"),
                ),
            ),
            (
                "a bad operation",
                change(TOPIC, "altered", "retention.ms", 9, Some("1")),
            ),
            (
                "of an unknown topic",
                change(TOPIC, "never-there", "retention.ms", set, Some("1")),
            ),
        ] {
            session.ask(what, version, &request);
        }
        alter_brokers(session, version);
    }
    twice(session);
    all_of_them(session);
}

fn alter_brokers(session: &mut Session, version: i16) {
    let (set, delete) = (0, 1);
    for (what, request) in [
        (
            "of a broker",
            change(BROKER, "1", "log.retention.ms", set, Some("600000")),
        ),
        (
            "of a broker, read only",
            change(BROKER, "1", "node.id", set, Some("7")),
        ),
        (
            "of a broker, badly",
            change(BROKER, "1", "log.retention.ms", set, Some("soon")),
        ),
        (
            "of another broker",
            change(BROKER, "9", "log.retention.ms", set, Some("600000")),
        ),
        (
            "of no broker",
            change(BROKER, "one", "log.retention.ms", set, Some("600000")),
        ),
        (
            "of all brokers",
            change(BROKER, "", "log.retention.ms", set, Some("600000")),
        ),
        (
            "of all brokers, back",
            change(BROKER, "", "log.retention.ms", delete, None),
        ),
        (
            "of a broker, back",
            change(BROKER, "1", "log.retention.ms", delete, None),
        ),
        ("of a bad type", change(9, "x", "y", set, Some("1"))),
    ] {
        session.ask(what, version, &request);
    }
}

fn twice(session: &mut Session) {
    let set = 0;
    let mut twice = change(TOPIC, "altered", "retention.ms", set, Some("1"));
    let config = twice.resources[0].configs[0].clone();
    twice.resources[0].configs.push(config);
    session.ask("a key twice", 1, &twice);
    let mut again = change(TOPIC, "altered", "retention.ms", set, Some("1"));
    again.resources.push(again.resources[0].clone());
    session.ask("a topic twice", 1, &again);
}

/// AlterConfigs, which replaces all settings.
fn all_of_them(session: &mut Session) {
    for version in 0..=2 {
        for (what, topic, key, value) in [
            ("all at once", "altered", "retention.ms", "7000"),
            ("all at once, badly", "altered", "retention.ms", "soon"),
            ("all at once, an unknown one", "altered", "no.such", "1"),
            (
                "all at once, of an unknown topic",
                "never-there",
                "retention.ms",
                "1",
            ),
        ] {
            let config = all_at_once::AlterableConfig::default()
                .with_name(text(key))
                .with_value(Some(text(value)));
            let resource = all_at_once::AlterConfigsResource::default()
                .with_resource_type(TOPIC)
                .with_resource_name(text(topic))
                .with_configs(vec![config]);
            session.ask(
                what,
                version,
                &AlterConfigsRequest::default().with_resources(vec![resource]),
            );
        }
    }
}

pub fn partitions(session: &mut Session) {
    made(session, "moved", 1, &[]);
    let reassign = |topic: &str, partition, replicas: Option<&[i32]>| {
        let replicas = replicas.map(|all| all.iter().map(|id| BrokerId(*id)).collect());
        let partition = ReassignablePartition::default()
            .with_partition_index(partition)
            .with_replicas(replicas);
        let topic = ReassignableTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        AlterPartitionReassignmentsRequest::default()
            .with_timeout_ms(10_000)
            .with_topics(vec![topic])
    };
    for version in 0..=1 {
        session.ask("to where it is", version, &reassign("moved", 0, Some(&[1])));
        session.ask("to a stranger", version, &reassign("moved", 0, Some(&[9])));
        session.ask("to nobody", version, &reassign("moved", 0, Some(&[])));
        session.ask(
            "twice to one",
            version,
            &reassign("moved", 0, Some(&[1, 1])),
        );
        session.ask(
            "to a negative broker",
            version,
            &reassign("moved", 0, Some(&[-1])),
        );
        session.ask(
            "cancel what is not there",
            version,
            &reassign("moved", 0, None),
        );
        session.ask(
            "of an unknown topic",
            version,
            &reassign("never-there", 0, Some(&[1])),
        );
        session.ask(
            "of an unknown partition",
            version,
            &reassign("moved", 9, Some(&[1])),
        );
    }
    session.ask(
        "list",
        0,
        &ListPartitionReassignmentsRequest::default()
            .with_topics(None)
            .with_timeout_ms(10_000),
    );
    elections(session);
    descriptions(session);
}

fn elections(session: &mut Session) {
    for version in 0..=2 {
        for (what, kind, topic, partition) in [
            ("elect", 0, "moved", 0),
            ("elect uncleanly", 1, "moved", 0),
            ("elect of a bad type", 9, "moved", 0),
            ("elect of an unknown topic", 0, "never-there", 0),
            ("elect of an unknown partition", 0, "moved", 9),
        ] {
            if kind != 0 && version == 0 {
                continue;
            }
            let topic = elect_leaders_request::TopicPartitions::default()
                .with_topic(name(topic))
                .with_partitions(vec![partition]);
            let request = ElectLeadersRequest::default()
                .with_election_type(kind)
                .with_timeout_ms(10_000)
                .with_topic_partitions(Some(vec![topic]));
            session.ask(what, version, &request);
        }
    }
}

fn descriptions(session: &mut Session) {
    let topics = |names: &[&str]| {
        let topics = names
            .iter()
            .map(|topic| TopicRequest::default().with_name(name(topic)));
        DescribeTopicPartitionsRequest::default()
            .with_topics(topics.collect())
            .with_response_partition_limit(2000)
    };
    session.ask(
        "describe",
        0,
        &topics(&["moved", "never-there", "no spaces"]),
    );
    session.ask(
        "describe at most none",
        0,
        &topics(&["moved"]).with_response_partition_limit(0),
    );
    let cursor = Cursor::default()
        .with_topic_name(name("moved"))
        .with_partition_index(-1);
    session.ask(
        "describe from a bad place",
        0,
        &topics(&["moved"]).with_cursor(Some(cursor)),
    );
}

pub fn security(session: &mut Session) {
    let any = DescribeAclsRequest::default()
        .with_resource_type_filter(1)
        .with_pattern_type_filter(1)
        .with_operation(1)
        .with_permission_type(1);
    session.sweep("describe ACLs", 1, 3, &any);
    session.sweep("create ACLs", 1, 3, &CreateAclsRequest::default());
    let creation = create_acls_request::AclCreation::default()
        .with_resource_type(2)
        .with_resource_name(text("x"))
        .with_resource_pattern_type(3)
        .with_principal(text("User:x"))
        .with_host(text("*"))
        .with_operation(3)
        .with_permission_type(3);
    session.sweep(
        "create an ACL",
        1,
        3,
        &CreateAclsRequest::default().with_creations(vec![creation]),
    );
    let filter = delete_acls_request::DeleteAclsFilter::default()
        .with_resource_type_filter(1)
        .with_pattern_type_filter(1)
        .with_operation(1)
        .with_permission_type(1);
    session.sweep(
        "delete ACLs",
        1,
        3,
        &DeleteAclsRequest::default().with_filters(vec![filter]),
    );
    session.sweep(
        "describe quotas",
        0,
        1,
        &DescribeClientQuotasRequest::default(),
    );
    credentials(session);
}

fn credentials(session: &mut Session) {
    let user = describe_user_scram_credentials_request::UserName::default().with_name(text("x"));
    let users = DescribeUserScramCredentialsRequest::default();
    session.ask("describe credentials", 0, &users.clone().with_users(None));
    session.ask(
        "describe credentials of an unknown user",
        0,
        &users.with_users(Some(vec![user])),
    );
    session.sweep(
        "create a token",
        1,
        3,
        &CreateDelegationTokenRequest::default().with_max_lifetime_ms(-1),
    );
    session.sweep(
        "describe tokens",
        1,
        3,
        &DescribeDelegationTokenRequest::default().with_owners(None),
    );
    session.sweep(
        "renew a token",
        1,
        2,
        &RenewDelegationTokenRequest::default(),
    );
    session.sweep(
        "expire a token",
        1,
        2,
        &ExpireDelegationTokenRequest::default(),
    );
    session.sweep(
        "SASL handshake",
        0,
        1,
        &SaslHandshakeRequest::default().with_mechanism(text("PLAIN")),
    );
}

pub fn cluster(session: &mut Session) {
    session.sweep(
        "describe the cluster",
        0,
        2,
        &DescribeClusterRequest::default(),
    );
    session.ask(
        "describe the controllers",
        2,
        &DescribeClusterRequest::default().with_endpoint_type(2),
    );
    session.ask(
        "describe a bad type",
        2,
        &DescribeClusterRequest::default().with_endpoint_type(9),
    );
    let with = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    session.ask("describe with operations", 2, &with);
    made(session, "lies", 1, &[]);
    let topic = describe_log_dirs_request::DescribableLogDirTopic::default()
        .with_topic(name("lies"))
        .with_partitions(vec![0, 9]);
    session.sweep(
        "log directories",
        1,
        4,
        &DescribeLogDirsRequest::default().with_topics(Some(vec![topic])),
    );
    let partition = describe_quorum_request::PartitionData::default();
    let quorum = |topic: &str| {
        let topic = describe_quorum_request::TopicData::default()
            .with_topic_name(name(topic))
            .with_partitions(vec![partition.clone()]);
        DescribeQuorumRequest::default().with_topics(vec![topic])
    };
    session.sweep("the quorum of another topic", 0, 2, &quorum("lies"));
    let feature = |name: &str, level| {
        let update = update_features_request::FeatureUpdateKey::default()
            .with_feature(text(name))
            .with_max_version_level(level)
            .with_upgrade_type(1);
        UpdateFeaturesRequest::default()
            .with_feature_updates(vec![update])
            .with_timeout_ms(10_000)
            .with_validate_only(true)
    };
    session.ask("an unknown feature", 1, &feature("no.such", 1));
    session.ask("a version too high", 1, &feature("group.version", 99));
    session.ask("a negative version", 1, &feature("group.version", -1));
    session.ask(
        "move to an unknown directory",
        2,
        &AlterReplicaLogDirsRequest::default(),
    );
    let resources = ListConfigResourcesRequest::default();
    session.ask("metrics subscriptions", 0, &resources);
    session.ask(
        "resources of a bad type",
        1,
        &resources.with_resource_types(vec![9]),
    );
}
