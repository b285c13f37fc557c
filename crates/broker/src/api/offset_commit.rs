//! OffsetCommit, versions 2 to 9: where a group continues to read. v2 to v4 name a retention of their
//! own.
//!
//! Version 10 (topic ids) is not served: the codec does not have its request.

use konbini_protocol::messages::OffsetCommitRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: OffsetCommitRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.offset_commit(asked, &request, topics)
    })
}
