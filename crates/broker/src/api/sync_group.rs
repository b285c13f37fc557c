//! SyncGroup, versions 0 to 5: the leader hands in the assignment, everybody gets theirs. Followers wait
//! for the leader; a member that the leader leaves out gets an empty assignment.

use konbini_protocol::messages::SyncGroupRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: SyncGroupRequest) -> Answer {
    coordinator::ask(node, context, |groups, asked, topics| {
        groups.sync_group(asked, &request, topics)
    })
}
