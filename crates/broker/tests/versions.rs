//! Every API in every version that ApiVersions lists.

mod driver;

use driver::requests::*;
use driver::{ClientId, Driver};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use konbini_protocol::api;
use konbini_protocol::messages::*;

fn ranges(driver: &mut Driver, client: ClientId) -> Vec<(ApiKey, i16, i16)> {
    let request = ApiVersionsRequest::default()
        .with_client_software_name("test".into())
        .with_client_software_version("1".into());
    let response = driver.call(client, 3, &request);
    assert_eq!(response.error_code, 0);
    let listed = response.api_keys.iter();
    listed
        .map(|api| {
            let key = ApiKey::try_from(api.api_key).expect("a key that Kafka has");
            (key, api.min_version, api.max_version)
        })
        .collect()
}

/// A request without content.
fn empty(key: ApiKey) -> RequestKind {
    macro_rules! of {
        ($($name:ident: $request:ident),* $(,)?) => {
            match key {
                // With the default, acks=0, there would be no answer.
                ApiKey::Produce => {
                    RequestKind::Produce(ProduceRequest::default().with_acks(1))
                }
                $(ApiKey::$name => RequestKind::$name($request::default()),)*
                other => panic!("add {other:?} to this test"),
            }
        };
    }
    of! {
        Fetch: FetchRequest, ListOffsets: ListOffsetsRequest,
        Metadata: MetadataRequest, ApiVersions: ApiVersionsRequest,
        FindCoordinator: FindCoordinatorRequest, JoinGroup: JoinGroupRequest,
        SyncGroup: SyncGroupRequest, Heartbeat: HeartbeatRequest, LeaveGroup: LeaveGroupRequest,
        OffsetCommit: OffsetCommitRequest, OffsetFetch: OffsetFetchRequest,
        OffsetDelete: OffsetDeleteRequest, DescribeGroups: DescribeGroupsRequest,
        ListGroups: ListGroupsRequest, DeleteGroups: DeleteGroupsRequest,
        CreateTopics: CreateTopicsRequest, DeleteTopics: DeleteTopicsRequest,
        DeleteRecords: DeleteRecordsRequest, InitProducerId: InitProducerIdRequest,
        OffsetForLeaderEpoch: OffsetForLeaderEpochRequest,
        DescribeConfigs: DescribeConfigsRequest, AlterConfigs: AlterConfigsRequest,
        CreatePartitions: CreatePartitionsRequest,
        IncrementalAlterConfigs: IncrementalAlterConfigsRequest, Envelope: EnvelopeRequest,
        DescribeCluster: DescribeClusterRequest, BrokerRegistration: BrokerRegistrationRequest,
        BrokerHeartbeat: BrokerHeartbeatRequest, AllocateProducerIds: AllocateProducerIdsRequest,
        DescribeTopicPartitions: DescribeTopicPartitionsRequest,
        ElectLeaders: ElectLeadersRequest, AlterPartition: AlterPartitionRequest,
        AlterPartitionReassignments: AlterPartitionReassignmentsRequest,
        ListPartitionReassignments: ListPartitionReassignmentsRequest,
        AssignReplicasToDirs: AssignReplicasToDirsRequest,
        Vote: VoteRequest, BeginQuorumEpoch: BeginQuorumEpochRequest,
        EndQuorumEpoch: EndQuorumEpochRequest, DescribeQuorum: DescribeQuorumRequest,
        FetchSnapshot: FetchSnapshotRequest, AddPartitionsToTxn: AddPartitionsToTxnRequest,
        AddOffsetsToTxn: AddOffsetsToTxnRequest, EndTxn: EndTxnRequest,
        WriteTxnMarkers: WriteTxnMarkersRequest, TxnOffsetCommit: TxnOffsetCommitRequest,
        DescribeProducers: DescribeProducersRequest, ListTransactions: ListTransactionsRequest,
        DescribeTransactions: DescribeTransactionsRequest,
        ConsumerGroupHeartbeat: ConsumerGroupHeartbeatRequest,
        ConsumerGroupDescribe: ConsumerGroupDescribeRequest,
        SaslHandshake: SaslHandshakeRequest,
        DescribeAcls: DescribeAclsRequest,
        CreateAcls: CreateAclsRequest,
        DeleteAcls: DeleteAclsRequest,
        AlterReplicaLogDirs: AlterReplicaLogDirsRequest,
        DescribeLogDirs: DescribeLogDirsRequest,
        SaslAuthenticate: SaslAuthenticateRequest,
        CreateDelegationToken: CreateDelegationTokenRequest,
        RenewDelegationToken: RenewDelegationTokenRequest,
        ExpireDelegationToken: ExpireDelegationTokenRequest,
        DescribeDelegationToken: DescribeDelegationTokenRequest,
        DescribeClientQuotas: DescribeClientQuotasRequest,
        AlterClientQuotas: AlterClientQuotasRequest,
        DescribeUserScramCredentials: DescribeUserScramCredentialsRequest,
        AlterUserScramCredentials: AlterUserScramCredentialsRequest,
        UpdateFeatures: UpdateFeaturesRequest,
        ListConfigResources: ListConfigResourcesRequest,
    }
}

#[test]
fn every_listed_version_is_answered() {
    let mut driver = Driver::new(2, &[]);
    for node in [1, 2] {
        let client = driver.connect(node);
        for (key, min, max) in ranges(&mut driver, client) {
            for version in min..=max {
                let response = driver.call_kind(client, version, &empty(key));
                let answered = response.map(|body| api::key_of_response(&body));
                assert_eq!(answered, Some(key), "{key:?} {version} on node {node}");
            }
        }
    }
}

/// kafkajs 2.2.4 speaks these at most; a minimum above one of them would lock it out.
#[test]
fn old_clients_find_a_version() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let ranges = ranges(&mut driver, client);
    let kafkajs = [
        (ApiKey::Produce, 7),
        (ApiKey::Fetch, 11),
        (ApiKey::ListOffsets, 3),
        (ApiKey::Metadata, 6),
        (ApiKey::ApiVersions, 2),
        (ApiKey::CreateTopics, 3),
        (ApiKey::DeleteTopics, 1),
        (ApiKey::DeleteRecords, 1),
        (ApiKey::InitProducerId, 1),
        (ApiKey::AddPartitionsToTxn, 1),
        (ApiKey::AddOffsetsToTxn, 1),
        (ApiKey::EndTxn, 1),
        (ApiKey::TxnOffsetCommit, 1),
        (ApiKey::DescribeConfigs, 2),
        (ApiKey::AlterConfigs, 1),
        (ApiKey::CreatePartitions, 1),
    ];
    for (key, most) in kafkajs {
        let found = ranges
            .iter()
            .find(|(other, ..)| *other == key)
            .expect("it is listed");
        assert!(
            (found.1..=found.2).contains(&most),
            "{key:?} {most}: {found:?}"
        );
    }
}

#[test]
fn records_travel_in_every_version() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let id = topic_id(&driver, "parcels");
    let mut expected: Vec<String> = Vec::new();
    for version in 3..=13 {
        let value = format!("v{version}");
        let data =
            PartitionProduceData::default().with_records(Some(records(&[&value], driver.now)));
        let mut topic = TopicProduceData::default().with_partition_data(vec![data]);
        if version >= 13 {
            topic.topic_id = id;
        } else {
            topic.name = name("parcels");
        }
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1_000)
            .with_topic_data(vec![topic]);
        let response = driver.call(client, version, &request);
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (0, expected.len() as i64)
        );
        expected.push(value);
    }
    for version in 4..=18 {
        let partition = FetchPartition::default().with_partition_max_bytes(1 << 20);
        let mut topic = FetchTopic::default().with_partitions(vec![partition]);
        if version >= 13 {
            topic.topic_id = id;
        } else {
            topic.topic = name("parcels");
        }
        let request = FetchRequest::default()
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        let response = driver.call(client, version, &request);
        assert_eq!(
            values(&response.responses[0].partitions[0]),
            expected,
            "version {version}"
        );
    }
}

#[test]
fn unknown_topic_ids_are_named_as_such() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    let partition = FetchPartition::default().with_partition_max_bytes(1);
    let topic = FetchTopic::default()
        .with_topic_id(uuid::Uuid::from_u128(77))
        .with_partitions(vec![partition]);
    let request = FetchRequest::default()
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    let response = driver.call(client, 16, &request);
    assert_eq!(response.responses[0].partitions[0].error_code, 100);
    let data = PartitionProduceData::default().with_records(Some(records(&["a"], driver.now)));
    let topic = TopicProduceData::default()
        .with_topic_id(uuid::Uuid::from_u128(77))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(1)
        .with_topic_data(vec![topic]);
    let response = driver.call(client, 13, &request);
    assert_eq!(response.responses[0].partition_responses[0].error_code, 100);
    assert_eq!(refused(&driver), format!("{}-0", uuid::Uuid::from_u128(77)));
}

#[test]
fn what_is_refused_by_id_is_called_by_its_name() {
    let mut driver = Driver::new(1, &[]);
    let client = driver.connect(1);
    create(&mut driver, client, "parcels", 1);
    let id = topic_id(&driver, "parcels");
    let data = PartitionProduceData::default().with_index(3);
    let topic = TopicProduceData::default()
        .with_topic_id(id)
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(1)
        .with_topic_data(vec![topic]);
    driver.call(client, 13, &request);
    assert_eq!(refused(&driver), "parcels-3");
}

fn topic_id(driver: &Driver, topic: &str) -> uuid::Uuid {
    let image = driver.brokers[&1].metadata();
    image.topic(topic).expect("it exists").id
}

/// What the last request was refused for.
fn refused(driver: &Driver) -> String {
    let mut events = driver.events.iter().rev();
    let found = events.find(|(_, event)| event.code == "request-refused");
    let (_, event) = found.expect("it is told of");
    event.arg("subject").expect("what").to_string()
}
