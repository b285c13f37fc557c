//! ListGroups, versions 0 to 5: the groups that this broker coordinates; filters by state from v4
//! (KIP-518), by type from v5 (KIP-848).

use konbini_protocol::messages::ListGroupsRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: ListGroupsRequest) -> Answer {
    coordinator::ask(node, context, |groups, asked, _| {
        groups.list_groups(asked, &request)
    })
}
