//! FetchSnapshot, versions 0 to 1 (KIP-630): a piece of the leader's snapshot of the metadata log.
//!
//! The quorum's engine answers; see the crate konbini-raft.

use konbini_protocol::messages::FetchSnapshotRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::quorum;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: FetchSnapshotRequest,
) -> Answer {
    quorum::ask(node, context, request.into())
}
