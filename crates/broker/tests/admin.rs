//! Topics and settings: what is taken, what is refused, and with which words.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn topic(named: &str, partitions: i32, factor: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(name(named))
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
}

fn with_config(topic: CreatableTopic, key: &str, value: &str) -> CreatableTopic {
    let config = CreatableTopicConfig::default()
        .with_name(text(key))
        .with_value(Some(text(value)));
    topic.with_configs(vec![config])
}

fn manual(named: &str, lists: &[&[i32]]) -> CreatableTopic {
    let assignments = lists.iter().enumerate().map(|(index, ids)| {
        CreatableReplicaAssignment::default()
            .with_partition_index(index as i32)
            .with_broker_ids(ids.iter().copied().map(BrokerId).collect())
    });
    topic(named, -1, -1).with_assignments(assignments.collect())
}

#[test]
fn what_cannot_be_created() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "a.b", 1);
    let cases = [
        (
            topic("a b", 1, 1),
            17,
            "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        ),
        (
            topic("", 1, 1),
            17,
            "Topic name is invalid: the empty string is not allowed",
        ),
        (topic("a.b", 1, 1), 36, "Topic 'a.b' already exists."),
        (
            topic("a_b", 1, 1),
            17,
            "Topic 'a_b' collides with existing topic: a.b",
        ),
        (
            topic("c", 0, 1),
            37,
            "Number of partitions was set to an invalid non-positive value.",
        ),
        (
            topic("c", 1, 0),
            38,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        ),
        (
            topic("c", 1, 3),
            38,
            "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered.",
        ),
        (
            topic("c", 1, 6),
            38,
            "Replication factor 6 is more than the 5 that a partition may have here.",
        ),
        (
            topic("c", 10_001, 1),
            44,
            "Excessively large number of partitions per request.",
        ),
        (
            with_config(topic("c", 1, 1), "nonsense", "1"),
            40,
            "Unknown topic config name: nonsense",
        ),
        (
            with_config(topic("c", 1, 1), "retention.ms", "-2"),
            40,
            "Invalid value \"-2\" for configuration retention.ms: allowed is at least -1",
        ),
        (
            manual("c", &[&[]]),
            39,
            "The manual partition assignment includes an empty replica list.",
        ),
        (
            manual("c", &[&[7]]),
            39,
            "The manual partition assignment includes broker 7, but no such broker is registered.",
        ),
        (
            manual("c", &[&[1, 1]]),
            39,
            "The manual partition assignment includes the broker 1 more than once.",
        ),
        (
            manual("c", &[&[1]]).with_num_partitions(1),
            42,
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        ),
        (
            topic("__cluster_metadata", 1, 1),
            42,
            "The metadata topic belongs to the controllers.",
        ),
    ];
    for (topic, error, message) in cases {
        let request = CreateTopicsRequest::default().with_topics(vec![topic.clone()]);
        let response = driver.call(client, 7, &request);
        let result = &response.topics[0];
        let said = result
            .error_message
            .as_ref()
            .map_or("", |text| text.as_str());
        assert_eq!(
            (result.error_code, said),
            (error, message),
            "{:?}",
            topic.name
        );
    }
    let twice =
        CreateTopicsRequest::default().with_topics(vec![topic("d", 1, 1), topic("d", 1, 1)]);
    let codes: Vec<i16> = driver
        .call(client, 7, &twice)
        .topics
        .iter()
        .map(|result| result.error_code)
        .collect();
    assert_eq!(codes, [42]);
    assert_eq!(driver.brokers[&1].metadata().topic_count(), 1);
}

#[test]
fn defaults_and_validation_only() {
    let mut driver = Driver::new(1, &[("num.partitions", "4")]);
    let client = driver.connect(1);
    let only = CreateTopicsRequest::default()
        .with_topics(vec![topic("a", -1, -1)])
        .with_validate_only(true);
    let response = driver.call(client, 7, &only);
    let result = &response.topics[0];
    assert_eq!((result.error_code, result.num_partitions), (0, 4));
    assert!(driver.brokers[&1].metadata().topic("a").is_none());
    let with = with_config(topic("a", -1, -1), "retention.ms", "5000");
    let really = CreateTopicsRequest::default().with_topics(vec![with]);
    let response = driver.call(client, 7, &really);
    let result = &response.topics[0];
    assert_eq!((result.num_partitions, result.replication_factor), (4, 1));
    let configs = result.configs.as_ref().expect("v5 lists the settings");
    let retention = configs
        .iter()
        .find(|config| config.name.as_str() == "retention.ms")
        .unwrap();
    assert_eq!(retention.value.as_ref().map(StrBytes::as_str), Some("5000"));
    assert_eq!(retention.config_source, 1);
    assert_eq!(
        driver.brokers[&1]
            .metadata()
            .topic("a")
            .unwrap()
            .partitions
            .len(),
        4
    );
    let manual = CreateTopicsRequest::default().with_topics(vec![manual("m", &[&[1], &[1]])]);
    assert_eq!(driver.call(client, 7, &manual).topics[0].num_partitions, 2);
}

#[test]
fn partitions_are_added() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 2);
    let mut add = |count: i32, named: &str| {
        let topic = CreatePartitionsTopic::default()
            .with_name(name(named))
            .with_count(count)
            .with_assignments(None);
        let request = CreatePartitionsRequest::default().with_topics(vec![topic]);
        let response = driver.call(client, 3, &request);
        let result = &response.results[0];
        (
            result.error_code,
            result
                .error_message
                .as_ref()
                .map_or(String::new(), |m| m.to_string()),
        )
    };
    assert_eq!(add(4, "parcels"), (0, String::new()));
    assert_eq!(
        add(4, "parcels"),
        (37, "Topic already has 4 partition(s).".to_owned())
    );
    let fewer = "The topic parcels currently has 4 partition(s); 3 would not be an increase.";
    assert_eq!(add(3, "parcels"), (37, fewer.to_owned()));
    assert_eq!(add(3, "nowhere").0, 3);
}

fn describe(
    driver: &mut Driver,
    client: ClientId,
    kind: i8,
    named: &str,
    key: &str,
) -> DescribeConfigsResourceResult {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(named))
        .with_configuration_keys(Some(vec![text(key)]));
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_synonyms(true)
        .with_include_documentation(true);
    let response = driver.call(client, 4, &request);
    assert_eq!(response.results[0].error_code, 0);
    assert_eq!(response.results[0].configs.len(), 1, "{key}");
    response.results[0].configs[0].clone()
}

/// Sends one change; 0 set, 1 delete, 2 append, 3 subtract.
fn alter(
    driver: &mut Driver,
    client: ClientId,
    (kind, named): (i8, &str),
    (operation, key, value): (i8, &str, Option<&str>),
) -> (i16, String) {
    use kafka_protocol::messages::incremental_alter_configs_request as request;
    let config = request::AlterableConfig::default()
        .with_name(text(key))
        .with_config_operation(operation)
        .with_value(value.map(text));
    let resource = request::AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(named))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let response = driver.call(client, 1, &request);
    let result = &response.responses[0];
    (
        result.error_code,
        result
            .error_message
            .as_ref()
            .map_or(String::new(), |m| m.to_string()),
    )
}

#[test]
fn settings_of_a_topic() {
    let mut driver = Driver::new(1, &[("log.retention.hours", "1")]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let here = (TOPIC, "parcels");
    let value = |driver: &mut Driver, key: &str| {
        let found = describe(driver, client, TOPIC, "parcels", key);
        (
            found.value.map_or(String::new(), |value| value.to_string()),
            found.config_source,
        )
    };
    assert_eq!(
        value(&mut driver, "retention.ms"),
        ("3600000".to_owned(), 4)
    );
    assert_eq!(
        alter(&mut driver, client, here, (0, "retention.ms", Some("77"))).0,
        0
    );
    assert_eq!(value(&mut driver, "retention.ms"), ("77".to_owned(), 1));
    let log = driver.brokers[&1].replica("parcels", 0).unwrap().log();
    assert_eq!(log.config().retention_ms, 77);
    let synonyms = describe(&mut driver, client, TOPIC, "parcels", "retention.ms").synonyms;
    let names: Vec<&str> = synonyms
        .iter()
        .map(|synonym| synonym.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["retention.ms", "log.retention.hours", "log.retention.ms"]
    );
    assert_eq!(
        alter(&mut driver, client, here, (1, "retention.ms", None)).0,
        0
    );
    assert_eq!(
        value(&mut driver, "retention.ms"),
        ("3600000".to_owned(), 4)
    );

    assert_eq!(
        alter(
            &mut driver,
            client,
            here,
            (2, "cleanup.policy", Some("compact"))
        )
        .0,
        0
    );
    assert_eq!(value(&mut driver, "cleanup.policy").0, "delete,compact");
    assert_eq!(
        alter(
            &mut driver,
            client,
            here,
            (3, "cleanup.policy", Some("delete"))
        )
        .0,
        0
    );
    assert_eq!(value(&mut driver, "cleanup.policy").0, "compact");
    let refused = alter(&mut driver, client, here, (2, "retention.ms", Some("1")));
    let expected = "Can't APPEND to key retention.ms because its type is not LIST.";
    assert_eq!(refused, (40, expected.to_owned()));
    assert_eq!(
        alter(&mut driver, client, here, (0, "nonsense", Some("1"))).0,
        40
    );
    assert_eq!(
        alter(
            &mut driver,
            client,
            (TOPIC, "nowhere"),
            (0, "retention.ms", Some("1"))
        )
        .0,
        3
    );
    assert_eq!(
        alter(&mut driver, client, here, (7, "retention.ms", Some("1"))).0,
        42
    );
    let found = describe(&mut driver, client, TOPIC, "parcels", "retention.ms");
    assert!(found.documentation.is_some_and(|text| !text.is_empty()));
    assert_eq!(found.config_type, 5);
}

#[test]
fn alter_configs_puts_all_in_the_place_of_all() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create_with(
        &mut driver,
        client,
        "parcels",
        1,
        &[("retention.ms", "5"), ("segment.ms", "6")],
    );
    let config = AlterableConfig::default()
        .with_name(text("retention.bytes"))
        .with_value(Some(text("7")));
    let resource = AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text("parcels"))
        .with_configs(vec![config]);
    let request = AlterConfigsRequest::default().with_resources(vec![resource]);
    for validate_only in [true, false] {
        let request = request.clone().with_validate_only(validate_only);
        assert_eq!(driver.call(client, 1, &request).responses[0].error_code, 0);
        let source = describe(&mut driver, client, TOPIC, "parcels", "retention.ms").config_source;
        assert_eq!(source, if validate_only { 1 } else { 5 });
    }
    assert_eq!(
        describe(&mut driver, client, TOPIC, "parcels", "retention.bytes").config_source,
        1
    );
}

#[test]
fn settings_of_brokers() {
    let mut driver = Driver::new(2, &[]);
    let client = driver.connect(2);
    create(&mut driver, client, "parcels", 2);
    driver.run_for(100);
    // For all brokers, through the one that is not the controller.
    let all = (BROKER, "");
    assert_eq!(
        alter(
            &mut driver,
            client,
            all,
            (0, "log.retention.ms", Some("99"))
        )
        .0,
        0
    );
    driver.run_for(100);
    for id in [1, 2] {
        let client = driver.connect(id);
        let found = describe(&mut driver, client, TOPIC, "parcels", "retention.ms");
        assert_eq!(found.value.as_ref().map(StrBytes::as_str), Some("99"));
        assert_eq!(found.config_source, 3);
        let replicas: Vec<i64> = driver.brokers[&id]
            .replicas()
            .map(|replica| replica.log().config().retention_ms)
            .collect();
        assert_eq!(replicas, [99]);
    }
    assert_eq!(
        alter(&mut driver, client, all, (0, "num.partitions", Some("9"))).0,
        42
    );
    assert_eq!(
        alter(
            &mut driver,
            client,
            (BROKER, "x"),
            (0, "log.retention.ms", Some("9"))
        )
        .0,
        42
    );
    // A broker answers for itself only.
    let resource = DescribeConfigsResource::default()
        .with_resource_type(BROKER)
        .with_resource_name(text("1"))
        .with_configuration_keys(None);
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    assert_eq!(driver.call(client, 4, &request).results[0].error_code, 42);
    let other = driver.connect(1);
    let response = driver.call(other, 4, &request);
    assert_eq!(response.results[0].error_code, 0);
    assert!(response.results[0].configs.len() > 40);
}

#[test]
fn the_cluster_is_described() {
    let mut driver = Driver::new(2, &[]);
    let client = driver.connect(2);
    create(&mut driver, client, "a", 2);
    create(&mut driver, client, "b", 3);
    driver.run_for(100);
    let request = DescribeClusterRequest::default().with_endpoint_type(1);
    let response = driver.call(client, 1, &request);
    assert_eq!(response.cluster_id.as_str(), "konbini-test");
    assert_eq!(response.controller_id.0, driver.controller());
    assert_eq!(response.brokers.len(), 2);

    let mut request = DescribeTopicPartitionsRequest::default()
        .with_response_partition_limit(4)
        .with_cursor(None);
    let page = driver.call(client, 0, &request);
    let sizes: Vec<usize> = page
        .topics
        .iter()
        .map(|topic| topic.partitions.len())
        .collect();
    assert_eq!(sizes, [2, 2]);
    let next = page.next_cursor.expect("there is more");
    assert_eq!((next.topic_name.as_str(), next.partition_index), ("b", 2));
    request.cursor = Some(
        describe_topic_partitions_request::Cursor::default()
            .with_topic_name(next.topic_name)
            .with_partition_index(next.partition_index),
    );
    let page = driver.call(client, 0, &request);
    assert_eq!(page.topics.len(), 1);
    assert_eq!(page.topics[0].partitions.len(), 1);
    assert!(page.next_cursor.is_none());
}
