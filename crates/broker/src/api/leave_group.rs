//! LeaveGroup, versions 0 to 5: members leave at once instead of by time-out. Before v3 one member, from
//! v3 several, also by group instance id alone (KIP-345); from v5 with a reason (KIP-800).

use konbini_protocol::messages::LeaveGroupRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: LeaveGroupRequest) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.leave_group(asked, &request, topics)
    })
}
