//! AlterPartitionReassignments, versions 0 to 1 (KIP-455, KIP-860): moves replicas to other brokers,
//! or takes a move back. Answered by the controller; other nodes forward it.

use konbini_protocol::ResponseError::InvalidReplicationFactor;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::alter_partition_reassignments_request::ReassignablePartition;
use konbini_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use konbini_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

use super::{Answer, Context};
use crate::controller::{Refusal, reassignments};
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: AlterPartitionReassignmentsRequest,
) -> Answer {
    if !node.is_controller() {
        let refused = |refusal: &Refusal| {
            let message = StrBytes::from_string(refusal.message.clone());
            AlterPartitionReassignmentsResponse::default()
                .with_error_code(refusal.error.code())
                .with_error_message(Some(message))
        };
        return forward::to_controller(node, context, request.timeout_ms, refused);
    }
    let may_change_factor = request.allow_replication_factor_change;
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions =
            partitions.map(|wanted| alter(node, context, &topic.name, wanted, may_change_factor));
        ReassignableTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    let topics = topics.collect();
    AlterPartitionReassignmentsResponse::default()
        .with_allow_replication_factor_change(may_change_factor)
        .with_error_message(None)
        .with_responses(topics)
        .into()
}

fn alter(
    node: &mut Node,
    context: &Context<'_>,
    topic: &str,
    wanted: &ReassignablePartition,
    may_change_factor: bool,
) -> ReassignablePartitionResponse {
    let index = wanted.partition_index;
    let target: Option<Vec<i32>> = wanted
        .replicas
        .as_ref()
        .map(|ids| ids.iter().map(|id| id.0).collect());
    let altered = check_factor(node, topic, index, target.as_deref(), may_change_factor)
        .and_then(|()| reassignments::alter(node, topic, index, target.as_deref()));
    let answer = ReassignablePartitionResponse::default().with_partition_index(index);
    match altered {
        Ok(()) => answer.with_error_message(None),
        Err(refusal) => {
            let subject = format!("{topic}-{index}");
            let api = "AlterPartitionReassignments";
            node.refused(api, context.client_id, &refusal, &subject);
            answer
                .with_error_code(refusal.error.code())
                .with_error_message(Some(StrBytes::from_string(refusal.message)))
        }
    }
}

fn check_factor(
    node: &Node,
    topic: &str,
    index: i32,
    target: Option<&[i32]>,
    may_change: bool,
) -> Result<(), Refusal> {
    let state = node.working_image().topic(topic);
    let state = state.and_then(|topic| topic.partitions.get(&index));
    match (state, target) {
        (Some(state), Some(target)) if !may_change => {
            // Of a move that is under way, what it leads to counts.
            let factor = state.replicas.len() - state.removing.len();
            if factor == target.len() {
                return Ok(());
            }
            let message = format!(
                "The replication factor would change from {factor} to {}, which the request does not allow.",
                target.len()
            );
            Err(Refusal::new(InvalidReplicationFactor, message))
        }
        _ => Ok(()),
    }
}
