//! DescribeGroups, versions 0 to 6: state, protocol, members and assignments. An unknown group is in state
//! Dead; from v6 it is the error GROUP_ID_NOT_FOUND as well (KIP-1043).

use konbini_protocol::messages::DescribeGroupsRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DescribeGroupsRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, _| {
        groups.describe_groups(asked, &request)
    })
}
