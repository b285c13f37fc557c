//! JoinGroup, versions 0 to 9: a member asks to be part of the next generation. The answer waits until
//! the join phase ends.
//!
//! From v4 a dynamic member is first given an id (KIP-394); v5 has static members (KIP-345), v8 the
//! reason (KIP-800), v9 lets a returning static leader skip the assignment (KIP-814). In v0 the session
//! timeout is the rebalance timeout too.
//!
//! In a consumer group (KIP-848) a member that speaks this protocol is answered at once: the coordinator
//! assigns, the generation is the member's epoch, and there is no leader.
//!
//! Difference from Apache Kafka: when a member joins again while its first join still waits, on
//! another connection, the first is answered REBALANCE_IN_PROGRESS; Kafka leaves it unanswered.

use konbini_protocol::messages::JoinGroupRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: JoinGroupRequest) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.join_group(asked, &request, topics)
    })
}
