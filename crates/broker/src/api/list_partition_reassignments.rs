//! ListPartitionReassignments, version 0 (KIP-455): replicas that are on the move. Answered by the
//! controller; other nodes forward it.

use konbini_protocol::StrBytes;
use konbini_protocol::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use konbini_protocol::messages::{
    BrokerId, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ListPartitionReassignmentsRequest,
) -> Answer {
    if !node.is_controller() {
        let refused = |refusal: &Refusal| {
            let message = StrBytes::from_string(refusal.message.clone());
            ListPartitionReassignmentsResponse::default()
                .with_error_code(refusal.error.code())
                .with_error_message(Some(message))
        };
        return forward::to_controller(node, context, request.timeout_ms, refused);
    }
    let is_asked = |topic: &str, index: i32| match &request.topics {
        None => true,
        Some(topics) => topics
            .iter()
            .any(|asked| asked.name.as_str() == topic && asked.partition_indexes.contains(&index)),
    };
    let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
    let mut response = ListPartitionReassignmentsResponse::default().with_error_message(None);
    for topic in node.working_image().topics() {
        let moving = topic.partitions.iter();
        let moving = moving
            .filter(|(index, state)| state.is_reassigning() && is_asked(&topic.name, **index));
        let partitions: Vec<_> = moving
            .map(|(index, state)| {
                OngoingPartitionReassignment::default()
                    .with_partition_index(*index)
                    .with_replicas(ids(&state.replicas))
                    .with_adding_replicas(ids(&state.adding))
                    .with_removing_replicas(ids(&state.removing))
            })
            .collect();
        if !partitions.is_empty() {
            let name = StrBytes::from_string(topic.name.clone());
            response.topics.push(
                OngoingTopicReassignment::default()
                    .with_name(name.into())
                    .with_partitions(partitions),
            );
        }
    }
    response.into()
}
