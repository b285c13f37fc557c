//! DescribeQuorum, versions 0 to 2 (KIP-595): who leads the metadata quorum and how far everybody
//! is. Answered by the leader; other nodes forward it.

use konbini_protocol::StrBytes;
use konbini_protocol::messages::{DescribeQuorumRequest, DescribeQuorumResponse};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DescribeQuorumRequest,
) -> Answer {
    match node.quorum.raft().filter(|raft| raft.is_leader()) {
        Some(raft) => raft.describe(&request, context.version).into(),
        None => forward::to_controller(node, context, forward::DEFAULT_TIMEOUT_MS, refused),
    }
}

fn refused(refusal: &Refusal) -> DescribeQuorumResponse {
    DescribeQuorumResponse::default()
        .with_error_code(refusal.error.code())
        .with_error_message(Some(StrBytes::from_string(refusal.message.clone())))
}
