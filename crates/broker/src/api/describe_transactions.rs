//! DescribeTransactions, version 0: what a coordinator knows of transactional ids, as
//! `kafka-transactions.sh describe` shows it.

use konbini_protocol::messages::DescribeTransactionsRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::transactions::ask;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DescribeTransactionsRequest,
) -> Answer {
    let answer = ask(
        node,
        context.waiter,
        context.version,
        |coordinator, asked, _| coordinator.describe(asked, &request),
    );
    answer.map_or_else(Answer::from_outside, Answer::Respond)
}
