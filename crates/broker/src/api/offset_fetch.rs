//! OffsetFetch, versions 1 to 9: committed offsets; -1 where there is none. No list of topics (v2+)
//! means all; from v8 several groups at once (KIP-709).
//!
//! `require_stable` (v7+) changes nothing as long as there are no transactions: no offset is pending.
//! The answer waits until the commits before it are committed. Version 10 (topic ids) is not served:
//! the codec does not have its request.

use konbini_protocol::messages::OffsetFetchRequest;

use super::{Answer, Context};
use crate::coordinator;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: OffsetFetchRequest,
) -> Answer {
    coordinator::ask(node, context, |groups, asked, _| {
        groups.offset_fetch(asked, &request)
    })
}
