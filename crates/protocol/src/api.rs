//! The APIs that are spoken here, by key: from the number on the wire to the type that decodes it.
//!
//! Every row costs the page some kilobytes, so the table holds what a broker or a built-in client
//! can say, not all that Kafka has. What a broker serves is the broker's own table. Of other APIs
//! the name is known and nothing else.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Encodable, Message, VersionRange};

use crate::guard;

pub use kafka_protocol::messages::ApiKey;

macro_rules! apis {
    ($($name:ident: $request:ident, $response:ident;)*) => {
        /// A request of an API in the table.
        #[derive(Debug, Clone, PartialEq)]
        pub enum RequestKind {
            $($name($request),)*
        }

        /// A response of an API in the table.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ResponseKind {
            $($name($response),)*
        }

        $(impl From<$request> for RequestKind {
            fn from(request: $request) -> RequestKind {
                RequestKind::$name(request)
            }
        }

        impl From<$response> for ResponseKind {
            fn from(response: $response) -> ResponseKind {
                ResponseKind::$name(response)
            }
        })*

        /// Decodes the body of a request. Bytes after it are ignored, as Kafka does.
        pub(crate) fn decode_request(
            key: ApiKey, version: i16, body: &Bytes,
        ) -> Result<RequestKind, String> {
            Ok(match key {
                $(ApiKey::$name => RequestKind::$name(guard::decode::<$request>(body, version)?.0),)*
                other => return Err(format!("{other:?} is not spoken here")),
            })
        }

        /// Decodes the body of a response to a request of that key and version.
        pub(crate) fn decode_response(
            key: ApiKey, version: i16, body: &Bytes,
        ) -> Result<ResponseKind, String> {
            Ok(match key {
                $(ApiKey::$name => ResponseKind::$name(guard::decode::<$response>(body, version)?.0),)*
                other => return Err(format!("{other:?} is not spoken here")),
            })
        }

        /// Encodes a request body; fails when a field that is set does not exist in that version.
        pub(crate) fn encode_request(
            request: &RequestKind, version: i16, out: &mut BytesMut,
        ) -> Result<(), String> {
            match request {
                $(RequestKind::$name(request) => request.encode(out, version),)*
            }
            .map_err(|e| e.to_string())
        }

        /// Encodes a response body; fails when a field that is set does not exist in that version.
        pub(crate) fn encode_response(
            response: &ResponseKind, version: i16, out: &mut BytesMut,
        ) -> Result<(), String> {
            match response {
                $(ResponseKind::$name(response) => response.encode(out, version),)*
            }
            .map_err(|e| e.to_string())
        }

        /// The versions that can be encoded and decoded; `None` for an API that is not in the table.
        /// `ApiKey::valid_versions` is wider: it counts versions in which only the response is known.
        pub fn versions(key: ApiKey) -> Option<VersionRange> {
            match key {
                $(ApiKey::$name => Some($request::VERSIONS.intersect(&$response::VERSIONS)),)*
                _ => None,
            }
        }

        /// The API that a request belongs to.
        pub fn key_of_request(request: &RequestKind) -> ApiKey {
            match request {
                $(RequestKind::$name(_) => ApiKey::$name,)*
            }
        }

        /// The API that a response belongs to.
        pub fn key_of_response(response: &ResponseKind) -> ApiKey {
            match response {
                $(ResponseKind::$name(_) => ApiKey::$name,)*
            }
        }
    };
}

apis! {
    Produce: ProduceRequest, ProduceResponse;
    Fetch: FetchRequest, FetchResponse;
    ListOffsets: ListOffsetsRequest, ListOffsetsResponse;
    Metadata: MetadataRequest, MetadataResponse;
    OffsetCommit: OffsetCommitRequest, OffsetCommitResponse;
    OffsetFetch: OffsetFetchRequest, OffsetFetchResponse;
    FindCoordinator: FindCoordinatorRequest, FindCoordinatorResponse;
    JoinGroup: JoinGroupRequest, JoinGroupResponse;
    Heartbeat: HeartbeatRequest, HeartbeatResponse;
    LeaveGroup: LeaveGroupRequest, LeaveGroupResponse;
    SyncGroup: SyncGroupRequest, SyncGroupResponse;
    DescribeGroups: DescribeGroupsRequest, DescribeGroupsResponse;
    ListGroups: ListGroupsRequest, ListGroupsResponse;
    SaslHandshake: SaslHandshakeRequest, SaslHandshakeResponse;
    ApiVersions: ApiVersionsRequest, ApiVersionsResponse;
    CreateTopics: CreateTopicsRequest, CreateTopicsResponse;
    DeleteTopics: DeleteTopicsRequest, DeleteTopicsResponse;
    DeleteRecords: DeleteRecordsRequest, DeleteRecordsResponse;
    InitProducerId: InitProducerIdRequest, InitProducerIdResponse;
    AddPartitionsToTxn: AddPartitionsToTxnRequest, AddPartitionsToTxnResponse;
    AddOffsetsToTxn: AddOffsetsToTxnRequest, AddOffsetsToTxnResponse;
    EndTxn: EndTxnRequest, EndTxnResponse;
    WriteTxnMarkers: WriteTxnMarkersRequest, WriteTxnMarkersResponse;
    TxnOffsetCommit: TxnOffsetCommitRequest, TxnOffsetCommitResponse;
    DescribeProducers: DescribeProducersRequest, DescribeProducersResponse;
    DescribeTransactions: DescribeTransactionsRequest, DescribeTransactionsResponse;
    ListTransactions: ListTransactionsRequest, ListTransactionsResponse;
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    DescribeAcls: DescribeAclsRequest, DescribeAclsResponse;
    CreateAcls: CreateAclsRequest, CreateAclsResponse;
    DeleteAcls: DeleteAclsRequest, DeleteAclsResponse;
    DescribeConfigs: DescribeConfigsRequest, DescribeConfigsResponse;
    AlterConfigs: AlterConfigsRequest, AlterConfigsResponse;
    AlterReplicaLogDirs: AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse;
    DescribeLogDirs: DescribeLogDirsRequest, DescribeLogDirsResponse;
    SaslAuthenticate: SaslAuthenticateRequest, SaslAuthenticateResponse;
    CreatePartitions: CreatePartitionsRequest, CreatePartitionsResponse;
    CreateDelegationToken: CreateDelegationTokenRequest, CreateDelegationTokenResponse;
    RenewDelegationToken: RenewDelegationTokenRequest, RenewDelegationTokenResponse;
    ExpireDelegationToken: ExpireDelegationTokenRequest, ExpireDelegationTokenResponse;
    DescribeDelegationToken: DescribeDelegationTokenRequest, DescribeDelegationTokenResponse;
    DeleteGroups: DeleteGroupsRequest, DeleteGroupsResponse;
    ElectLeaders: ElectLeadersRequest, ElectLeadersResponse;
    IncrementalAlterConfigs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    AlterPartitionReassignments: AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    ListPartitionReassignments: ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse;
    OffsetDelete: OffsetDeleteRequest, OffsetDeleteResponse;
    DescribeClientQuotas: DescribeClientQuotasRequest, DescribeClientQuotasResponse;
    AlterClientQuotas: AlterClientQuotasRequest, AlterClientQuotasResponse;
    DescribeUserScramCredentials: DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse;
    AlterUserScramCredentials: AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse;
    Vote: VoteRequest, VoteResponse;
    BeginQuorumEpoch: BeginQuorumEpochRequest, BeginQuorumEpochResponse;
    EndQuorumEpoch: EndQuorumEpochRequest, EndQuorumEpochResponse;
    DescribeQuorum: DescribeQuorumRequest, DescribeQuorumResponse;
    AlterPartition: AlterPartitionRequest, AlterPartitionResponse;
    UpdateFeatures: UpdateFeaturesRequest, UpdateFeaturesResponse;
    Envelope: EnvelopeRequest, EnvelopeResponse;
    FetchSnapshot: FetchSnapshotRequest, FetchSnapshotResponse;
    ConsumerGroupHeartbeat: ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse;
    ConsumerGroupDescribe: ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse;
    DescribeCluster: DescribeClusterRequest, DescribeClusterResponse;
    BrokerRegistration: BrokerRegistrationRequest, BrokerRegistrationResponse;
    BrokerHeartbeat: BrokerHeartbeatRequest, BrokerHeartbeatResponse;
    AllocateProducerIds: AllocateProducerIdsRequest, AllocateProducerIdsResponse;
    AssignReplicasToDirs: AssignReplicasToDirsRequest, AssignReplicasToDirsResponse;
    ListConfigResources: ListConfigResourcesRequest, ListConfigResourcesResponse;
    DescribeTopicPartitions: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse;
}

/// Kafka's name of an API key, or the number where there is none.
pub fn name(key: i16) -> String {
    match ApiKey::try_from(key) {
        Ok(key) => format!("{key:?}"),
        Err(()) => format!("API {key}"),
    }
}
