//! ElectLeaders, versions 0 to 2 (KIP-183, KIP-460): elects the preferred leader of partitions, or with
//! election type 1 any replica that is alive. Answered by the controller; other nodes forward it.
//!
//! Without a list every partition is meant, and those that need no election are left out.

use konbini_protocol::ResponseError::InvalidRequest;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use konbini_protocol::messages::{ElectLeadersRequest, ElectLeadersResponse, TopicName};

use super::{Answer, Context};
use crate::controller::{Refusal, elections};
use crate::forward;
use crate::node::Node;

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ElectLeadersRequest,
) -> Answer {
    if !node.is_controller() {
        let refused = |refusal: &Refusal| {
            ElectLeadersResponse::default().with_error_code(refusal.error.code())
        };
        return forward::to_controller(node, context, request.timeout_ms, refused);
    }
    let unclean = match request.election_type {
        PREFERRED => false,
        UNCLEAN => true,
        _ => {
            return ElectLeadersResponse::default()
                .with_error_code(InvalidRequest.code())
                .into();
        }
    };
    let all = request.topic_partitions.is_none();
    let mut response = ElectLeadersResponse::default();
    for (topic, partitions) in wanted(node, &request) {
        let mut results = Vec::new();
        for index in partitions {
            let elected = elections::elect(node, &topic, index, unclean);
            let result = PartitionResult::default().with_partition_id(index);
            match elected {
                Ok(()) => results.push(result),
                Err(refusal) if all && elections::is_not_needed(refusal.error) => {}
                Err(refusal) => results.push(
                    result
                        .with_error_code(refusal.error.code())
                        .with_error_message(Some(StrBytes::from_string(refusal.message))),
                ),
            }
        }
        if !results.is_empty() {
            response.replica_election_results.push(
                ReplicaElectionResult::default()
                    .with_topic(topic)
                    .with_partition_result(results),
            );
        }
    }
    response.into()
}

fn wanted(node: &Node, request: &ElectLeadersRequest) -> Vec<(TopicName, Vec<i32>)> {
    match &request.topic_partitions {
        Some(topics) => {
            let topics = topics.iter();
            topics
                .map(|topic| (topic.topic.clone(), topic.partitions.clone()))
                .collect()
        }
        None => {
            let topics = node.working_image().topics();
            topics
                .map(|topic| {
                    let name = StrBytes::from_string(topic.name.clone());
                    (name.into(), topic.partitions.keys().copied().collect())
                })
                .collect()
        }
    }
}
