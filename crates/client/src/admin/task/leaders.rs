//! ElectLeaders (KIP-183, KIP-460) and AlterPartitionReassignments (KIP-455).

use konbini_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use konbini_protocol::messages::elect_leaders_request::TopicPartitions;
use konbini_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, BrokerId,
    ElectLeadersRequest, ElectLeadersResponse,
};

use super::{Piece, Read, check, message, no_answer, text};
use crate::TopicPartition;

/// Kinds of election as numbers on the wire; version 0 knows the preferred one alone.
const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;
const ELECTION_TYPE_VERSION: i16 = 1;

pub(super) fn elect(
    tp: &TopicPartition,
    unclean: bool,
    timeout_ms: i32,
    version: i16,
) -> ElectLeadersRequest {
    let partitions = TopicPartitions::default()
        .with_topic(text(&tp.topic).into())
        .with_partitions(vec![tp.partition]);
    let request = ElectLeadersRequest::default()
        .with_topic_partitions(Some(vec![partitions]))
        .with_timeout_ms(timeout_ms);
    if version < ELECTION_TYPE_VERSION {
        return request;
    }
    request.with_election_type(if unclean { UNCLEAN } else { PREFERRED })
}

pub(super) fn elected(answer: &ElectLeadersResponse) -> Read {
    check(answer.error_code, None)?;
    let topics = answer.replica_election_results.iter();
    let told = topics.flat_map(|topic| &topic.partition_result).next();
    let told = told.ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    Ok(Piece::Done)
}

pub(super) fn reassign(
    tp: &TopicPartition,
    replicas: Option<&[i32]>,
    timeout_ms: i32,
) -> AlterPartitionReassignmentsRequest {
    let replicas = replicas.map(|ids| ids.iter().copied().map(BrokerId).collect());
    let partition = ReassignablePartition::default()
        .with_partition_index(tp.partition)
        .with_replicas(replicas);
    let topic = ReassignableTopic::default()
        .with_name(text(&tp.topic).into())
        .with_partitions(vec![partition]);
    AlterPartitionReassignmentsRequest::default()
        .with_timeout_ms(timeout_ms)
        .with_topics(vec![topic])
}

pub(super) fn reassigned(answer: &AlterPartitionReassignmentsResponse) -> Read {
    check(answer.error_code, message(&answer.error_message))?;
    let told = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let told = told.into_iter().next().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    Ok(Piece::Done)
}
