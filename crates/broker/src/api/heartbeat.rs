//! Heartbeat, versions 0 to 4: a member is alive; the answer REBALANCE_IN_PROGRESS tells it to join again.

use konbini_protocol::messages::HeartbeatRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: HeartbeatRequest) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.heartbeat(asked, &request, topics)
    })
}
