//! The table of APIs: key, versions served, when it may be served, handler. ApiVersions answers
//! from it and dispatch goes through it; there is no other list.
//!
//! Each API is one file, whose header lists its versions and where it differs from Apache Kafka.
//! Versions are those of Apache Kafka 4 as far as the kafka-protocol crate encodes them.

use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_protocol::messages::{ApiKey, RequestKind, ResponseKind};

use crate::node::Node;
use crate::purgatory::{Attempt, Operation, Waiter, Watch};

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod allocate_producer_ids;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod alter_user_scram_credentials;
mod api_versions;
pub(crate) mod assign_replicas_to_dirs;
mod begin_quorum_epoch;
mod broker_heartbeat;
mod broker_registration;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod create_acls;
mod create_delegation_token;
mod create_partitions;
mod create_topics;
mod delete_acls;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_delegation_token;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_transactions;
mod describe_user_scram_credentials;
mod elect_leaders;
mod end_quorum_epoch;
mod end_txn;
mod envelope;
mod expire_delegation_token;
mod fetch;
pub(crate) mod fetch_session;
mod fetch_snapshot;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod metadata;
mod named;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod renew_delegation_token;
mod sasl_authenticate;
mod sasl_handshake;
mod sync_group;
mod txn_offset_commit;
mod update_features;
mod vote;
mod write_txn_markers;

pub(crate) use api_versions::unsupported as unsupported_api_versions;
pub(crate) use find_coordinator::find_transaction_coordinator;

/// What a handler knows about the request besides its body.
pub(crate) struct Context<'a> {
    pub waiter: Waiter,
    pub conn: ConnId,
    pub version: i16,
    pub client_id: &'a str,
    /// Header and body as they came; what is forwarded to the controller.
    pub frame: &'a Bytes,
    /// The request came in an Envelope from another broker.
    pub forwarded: bool,
}

/// What a handler does with a request.
pub(crate) enum Answer {
    Respond(ResponseKind),
    /// The client wants no response (Produce with acks=0).
    Nothing,
    /// The connection is to be closed, for this reason.
    Close(String),
    /// Later, by an operation or by whoever keeps the waiter.
    Park {
        deadline: Option<i64>,
        watches: Vec<Watch>,
        operation: Option<Box<dyn Operation>>,
    },
}

impl<R: Into<ResponseKind>> From<R> for Answer {
    fn from(response: R) -> Answer {
        Answer::Respond(response.into())
    }
}

impl Answer {
    /// Parked without an operation: `Node::reply` with this request's waiter answers it.
    pub fn from_outside() -> Answer {
        Answer::Park {
            deadline: None,
            watches: Vec::new(),
            operation: None,
        }
    }
}

/// Tries an operation now and parks it when it has to wait.
pub(crate) fn attempt_or_park(
    node: &mut Node,
    mut operation: impl Operation + 'static,
    deadline: i64,
) -> Answer {
    match operation.attempt(node, deadline <= node.now) {
        Attempt::Done(response) => Answer::Respond(response),
        Attempt::Wait(watches) => Answer::Park {
            deadline: Some(deadline),
            watches,
            operation: Some(Box::new(operation)),
        },
    }
}

/// Which part of the node serves an API, and so from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// The broker: once it was unfenced for the first time.
    Broker,
    /// The voter of the metadata quorum: once the metadata log is recovered.
    Voter,
    /// The active controller, which says so if it is none: from then on too.
    Controller,
    /// Both have it; the request says whose it is.
    Either,
}

type Handler = fn(&mut Node, &Context<'_>, RequestKind) -> Answer;

pub(crate) struct Api {
    pub key: ApiKey,
    pub min: i16,
    pub max: i16,
    pub gate: Gate,
    pub handle: Handler,
}

macro_rules! table {
    ($($gate:ident $key:ident $min:literal to $max:literal => $module:ident;)*) => {
        pub(crate) static TABLE: &[Api] = &[
            $(Api {
                key: ApiKey::$key,
                min: $min,
                max: $max,
                gate: Gate::$gate,
                handle: |node, context, request| match request {
                    RequestKind::$key(request) => $module::handle(node, context, request),
                    // The codec decodes the body of a key into that key's message.
                    _ => unreachable!("the body of {:?} is another message", ApiKey::$key),
                },
            },)*
        ];
    };
}

table! {
    Broker Produce 3 to 13 => produce;
    Either Fetch 4 to 18 => fetch;
    Broker ListOffsets 1 to 10 => list_offsets;
    Broker Metadata 0 to 13 => metadata;
    Broker OffsetCommit 2 to 9 => offset_commit;
    Broker OffsetFetch 1 to 9 => offset_fetch;
    Broker FindCoordinator 0 to 6 => find_coordinator;
    Broker JoinGroup 0 to 9 => join_group;
    Broker Heartbeat 0 to 4 => heartbeat;
    Broker LeaveGroup 0 to 5 => leave_group;
    Broker SyncGroup 0 to 5 => sync_group;
    Broker DescribeGroups 0 to 6 => describe_groups;
    Broker ListGroups 0 to 5 => list_groups;
    Broker SaslHandshake 0 to 1 => sasl_handshake;
    Broker ApiVersions 0 to 4 => api_versions;
    Broker CreateTopics 2 to 7 => create_topics;
    Broker DeleteTopics 1 to 6 => delete_topics;
    Broker DeleteRecords 0 to 2 => delete_records;
    Broker InitProducerId 0 to 5 => init_producer_id;
    Broker AddPartitionsToTxn 0 to 5 => add_partitions_to_txn;
    Broker AddOffsetsToTxn 0 to 4 => add_offsets_to_txn;
    Broker EndTxn 0 to 5 => end_txn;
    Broker WriteTxnMarkers 1 to 1 => write_txn_markers;
    Broker TxnOffsetCommit 0 to 5 => txn_offset_commit;
    Broker OffsetForLeaderEpoch 2 to 4 => offset_for_leader_epoch;
    Broker DescribeAcls 1 to 3 => describe_acls;
    Broker CreateAcls 1 to 3 => create_acls;
    Broker DeleteAcls 1 to 3 => delete_acls;
    Broker DescribeConfigs 1 to 4 => describe_configs;
    Broker AlterConfigs 0 to 2 => alter_configs;
    Broker AlterReplicaLogDirs 1 to 2 => alter_replica_log_dirs;
    Broker DescribeLogDirs 1 to 4 => describe_log_dirs;
    Broker SaslAuthenticate 0 to 2 => sasl_authenticate;
    Broker CreatePartitions 0 to 3 => create_partitions;
    Broker CreateDelegationToken 1 to 3 => create_delegation_token;
    Broker RenewDelegationToken 1 to 2 => renew_delegation_token;
    Broker ExpireDelegationToken 1 to 2 => expire_delegation_token;
    Broker DescribeDelegationToken 1 to 3 => describe_delegation_token;
    Broker DeleteGroups 0 to 2 => delete_groups;
    Broker ElectLeaders 0 to 2 => elect_leaders;
    Broker IncrementalAlterConfigs 0 to 1 => incremental_alter_configs;
    Broker AlterPartitionReassignments 0 to 1 => alter_partition_reassignments;
    Broker ListPartitionReassignments 0 to 0 => list_partition_reassignments;
    Broker OffsetDelete 0 to 0 => offset_delete;
    Broker DescribeClientQuotas 0 to 1 => describe_client_quotas;
    Broker AlterClientQuotas 0 to 1 => alter_client_quotas;
    Broker DescribeUserScramCredentials 0 to 0 => describe_user_scram_credentials;
    Broker AlterUserScramCredentials 0 to 0 => alter_user_scram_credentials;
    Controller AlterPartition 2 to 3 => alter_partition;
    Broker UpdateFeatures 0 to 2 => update_features;
    Voter Vote 0 to 2 => vote;
    Voter BeginQuorumEpoch 0 to 1 => begin_quorum_epoch;
    Voter EndQuorumEpoch 0 to 1 => end_quorum_epoch;
    Broker DescribeQuorum 0 to 2 => describe_quorum;
    Controller Envelope 0 to 0 => envelope;
    Voter FetchSnapshot 0 to 1 => fetch_snapshot;
    Broker DescribeCluster 0 to 2 => describe_cluster;
    Controller BrokerRegistration 0 to 4 => broker_registration;
    Controller BrokerHeartbeat 0 to 1 => broker_heartbeat;
    Controller AllocateProducerIds 0 to 0 => allocate_producer_ids;
    Broker ConsumerGroupHeartbeat 0 to 1 => consumer_group_heartbeat;
    Broker ConsumerGroupDescribe 0 to 1 => consumer_group_describe;
    Controller AssignReplicasToDirs 0 to 0 => assign_replicas_to_dirs;
    Broker DescribeProducers 0 to 0 => describe_producers;
    Broker DescribeTransactions 0 to 0 => describe_transactions;
    Broker ListTransactions 0 to 1 => list_transactions;
    Broker ListConfigResources 0 to 1 => list_config_resources;
    Broker DescribeTopicPartitions 0 to 0 => describe_topic_partitions;
}

pub(crate) fn find(key: i16) -> Option<&'static Api> {
    TABLE.iter().find(|api| api.key as i16 == key)
}

/// Whether the active controller decides what is answered: the answer waits for its records.
pub(crate) fn is_decided_by_controller(api: &Api) -> bool {
    // How the quorum is doing, its leader says even when nothing can be committed.
    let is_decision = api.key != ApiKey::DescribeQuorum;
    api.gate == Gate::Controller || crate::forward::is_forwardable(api.key) && is_decision
}

/// Whether a request to an API of [`Gate::Either`] is one for the voter.
pub(crate) fn is_for_voter(request: &RequestKind) -> bool {
    matches!(request, RequestKind::Fetch(request) if fetch::is_for_metadata(request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_in_the_table_can_be_encoded() {
        for api in TABLE {
            let versions = konbini_protocol::api::versions(api.key).expect("a row there");
            assert!(
                versions.min <= api.min && api.max <= versions.max,
                "{:?}",
                api.key
            );
            assert_eq!(TABLE.iter().filter(|other| other.key == api.key).count(), 1);
        }
    }
}
