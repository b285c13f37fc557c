//! What a broker tells of its directory, of settings and of features.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::update_features_request::FeatureUpdateKey;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

/// Topic, partition, size, lag.
type Described = (String, i32, i64, i64);

fn log_dir(
    driver: &mut Driver,
    client: ClientId,
    topics: Option<Vec<DescribableLogDirTopic>>,
) -> (String, Vec<Described>) {
    let request = DescribeLogDirsRequest::default().with_topics(topics);
    let mut response = driver.call(client, 4, &request);
    assert_eq!((response.error_code, response.results.len()), (0, 1));
    let dir = response.results.remove(0);
    assert_eq!(
        (dir.error_code, dir.total_bytes, dir.usable_bytes),
        (0, -1, -1)
    );
    let mut described = Vec::new();
    for topic in dir.topics {
        for partition in topic.partitions {
            let (size, lag) = (partition.partition_size, partition.offset_lag);
            described.push((topic.name.to_string(), partition.partition_index, size, lag));
        }
    }
    (dir.log_dir.to_string(), described)
}

#[test]
fn logs_are_listed_with_their_sizes() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    assert_eq!(
        log_dir(&mut driver, client, None),
        ("/var/lib/konbini".to_owned(), vec![])
    );
    create(&mut driver, client, "b", 2);
    create(&mut driver, client, "a", 1);
    let batch = records(&["x", "y"], driver.now);
    let size = batch.len() as i64;
    driver.call(client, 9, &produce_request("b", 1, 1, batch));
    let (_, described) = log_dir(&mut driver, client, None);
    let expected = [
        ("a".to_owned(), 0, 0, 0),
        ("b".to_owned(), 0, 0, 0),
        ("b".to_owned(), 1, size, 0),
    ];
    assert_eq!(described, expected);
    let some = DescribableLogDirTopic::default()
        .with_topic(name("b"))
        .with_partitions(vec![1, 7]);
    let (_, described) = log_dir(&mut driver, client, Some(vec![some]));
    assert_eq!(described, expected[2..]);
}

#[test]
fn a_replica_has_no_other_directory_to_go_to() {
    let mut driver = Driver::new(2, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "a", 2);
    let image = driver.brokers[&1].metadata();
    let led = |index: i32| image.topic("a").expect("it exists").partitions[&index].leader;
    let here = if led(0) == 1 { 0 } else { 1 };
    let cases = [
        ("/var/lib/konbini", "a", here, 0),
        ("/var/lib/konbini", "a", 1 - here, 9),
        ("/var/lib/konbini", "a", 2, 3),
        ("/var/lib/konbini", "nowhere", 0, 3),
        ("/var/lib", "a", here, 57),
        ("/tmp", "nowhere", 0, 57),
    ];
    for (dir, topic, partition, error) in cases {
        let topics = AlterReplicaLogDirTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        let dirs = AlterReplicaLogDir::default()
            .with_path(text(dir))
            .with_topics(vec![topics]);
        let request = AlterReplicaLogDirsRequest::default().with_dirs(vec![dirs]);
        let response = driver.call(client, 2, &request);
        let result = &response.results[0];
        assert_eq!(result.topic_name.as_str(), topic);
        let answer = &result.partitions[0];
        let found = (answer.partition_index, answer.error_code);
        assert_eq!(found, (partition, error), "{dir} {topic}");
    }
}

#[test]
fn resources_with_settings() {
    let mut driver = Driver::new(2, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "a", 1);
    let mut list = |version: i16, types: &[i8]| {
        let request = ListConfigResourcesRequest::default().with_resource_types(types.to_vec());
        let response = driver.call(client, version, &request);
        let listed = response.config_resources.iter();
        let listed: Vec<(i8, String)> = listed
            .map(|found| (found.resource_type, found.resource_name.to_string()))
            .collect();
        (response.error_code, listed)
    };
    let topic = (2, "a".to_owned());
    let brokers = [(4, "1".to_owned()), (4, "2".to_owned())];
    assert_eq!(list(0, &[]), (0, vec![]), "client metrics only");
    let all = [&[topic.clone()][..], &brokers].concat();
    assert_eq!(list(1, &[]), (0, all));
    assert_eq!(list(1, &[2]), (0, vec![topic]));
    assert_eq!(list(1, &[4, 16]), (0, brokers.to_vec()));
    assert_eq!(list(1, &[32]), (0, vec![]));
    assert_eq!(list(1, &[2, 3]), (35, vec![]));
}

#[test]
fn features_stay_at_their_level() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let finalized = driver.brokers[&1].metadata().features["metadata.version"];
    let update = |feature: &str, level: i16| {
        FeatureUpdateKey::default()
            .with_feature(text(feature))
            .with_max_version_level(level)
    };
    let same = update("metadata.version", finalized);
    let cases = [
        (vec![same.clone()], vec![0]),
        (vec![update("metadata.version", finalized + 1)], vec![95]),
        (vec![same.clone(), update("no.such", 1)], vec![0, 95]),
        (vec![same.clone(), same], vec![42, 42]),
    ];
    for (updates, errors) in cases {
        let request = UpdateFeaturesRequest::default().with_feature_updates(updates.clone());
        let response = driver.call(client, 1, &request);
        let codes: Vec<i16> = response.results.iter().map(|r| r.error_code).collect();
        assert_eq!((response.error_code, codes), (0, errors.clone()));
        let request = UpdateFeaturesRequest::default().with_feature_updates(updates);
        let response = driver.call(client, 2, &request);
        let first = errors.into_iter().find(|code| *code != 0).unwrap_or(0);
        assert_eq!((response.error_code, response.results.len()), (first, 0));
    }
}
