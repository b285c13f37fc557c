//! DeleteGroups, versions 0 to 2: deletes empty groups with their offsets (KIP-229).

use konbini_protocol::messages::DeleteGroupsRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DeleteGroupsRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.delete_groups(asked, &request, topics)
    })
}
