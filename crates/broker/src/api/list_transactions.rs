//! ListTransactions, versions 0 to 1: the transactional ids that this broker coordinates. From v1 only
//! those whose transaction has run for some time (KIP-994).
//!
//! Difference from Apache Kafka: no v2, whose pattern is a regular expression of RE2 (KIP-1152).

use konbini_protocol::messages::ListTransactionsRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::transactions::ask;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ListTransactionsRequest,
) -> Answer {
    let answer = ask(
        node,
        context.waiter,
        context.version,
        |coordinator, asked, _| coordinator.list(asked, &request),
    );
    answer.map_or_else(Answer::from_outside, Answer::Respond)
}
