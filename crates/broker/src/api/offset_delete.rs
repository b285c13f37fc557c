//! OffsetDelete, version 0: forgets committed offsets of topics that no member subscribes to (KIP-496).

use konbini_protocol::messages::OffsetDeleteRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: OffsetDeleteRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.offset_delete(asked, &request, topics)
    })
}
