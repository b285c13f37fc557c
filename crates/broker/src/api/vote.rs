//! Vote, versions 0 to 2 (KIP-595, KIP-996): a candidate for the leadership of the metadata quorum asks
//! for this node's vote.
//!
//! The quorum's engine answers; see the crate konbini-raft.

use konbini_protocol::messages::VoteRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::quorum;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: VoteRequest) -> Answer {
    quorum::ask(node, context, request.into())
}
