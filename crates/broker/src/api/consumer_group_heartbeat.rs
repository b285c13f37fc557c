//! ConsumerGroupHeartbeat, versions 0 to 1: all that a member of a consumer group says and is told
//! (KIP-848). It joins with epoch 0, leaves with -1 (for a while, as a static member, with -2), says
//! what changed, and is told its epoch and partitions. From v1 a member makes its id itself (KIP-1082)
//! and may subscribe by a regular expression.
//!
//! A classic group of consumers goes over to this protocol when a member joins that speaks it, and back
//! when the last one has gone (`group.consumer.migration.policy`); until then both kinds are members.
//!
//! Differences from Apache Kafka:
//! - A regular expression is looked up when it comes, not by a later heartbeat. Its syntax is that of
//!   the `regex-lite` crate, which lacks the Unicode classes of RE2/J.
//! - An id that the broker makes (v0) begins with the client id.
//! - Racks are kept and not looked at.
//! - A topic that changes is seen at the next heartbeat of any member.

use konbini_protocol::messages::ConsumerGroupHeartbeatRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ConsumerGroupHeartbeatRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.consumer_group_heartbeat(asked, &request, topics)
    })
}
