//! EndQuorumEpoch, versions 0 to 1 (KIP-595): the leader of the metadata quorum resigns.
//!
//! The quorum's engine answers; see the crate konbini-raft.

use konbini_protocol::messages::EndQuorumEpochRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::quorum;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: EndQuorumEpochRequest,
) -> Answer {
    quorum::ask(node, context, request.into())
}
