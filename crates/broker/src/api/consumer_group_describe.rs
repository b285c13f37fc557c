//! ConsumerGroupDescribe, versions 0 to 1: epochs, assignor, members, what they have and what they are
//! to have (KIP-848); from v1 which protocol a member speaks (KIP-1099). A group that is not here, or is
//! one of the classic protocol, is GROUP_ID_NOT_FOUND.

use konbini_protocol::messages::ConsumerGroupDescribeRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ConsumerGroupDescribeRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, _| {
        groups.consumer_group_describe(asked, &request)
    })
}
