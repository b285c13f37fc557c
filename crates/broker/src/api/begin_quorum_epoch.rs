//! BeginQuorumEpoch, versions 0 to 1 (KIP-595): the leader of the metadata quorum announces itself.
//!
//! The quorum's engine answers; see the crate konbini-raft.

use konbini_protocol::messages::BeginQuorumEpochRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::quorum;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: BeginQuorumEpochRequest,
) -> Answer {
    quorum::ask(node, context, request.into())
}
