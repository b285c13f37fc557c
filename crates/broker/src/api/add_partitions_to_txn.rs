//! AddPartitionsToTxn, versions 0 to 5: partitions that a transaction is going to write to, so that
//! they get a marker when it ends. The first one begins the transaction.
//!
//! - Up to v3 a client asks for its own transaction.
//! - From v4 on brokers ask, before a partition takes the first records of a transaction: whether the
//!   client has added it (`verify_only`), or to add it (KIP-890).
//! - If a partition does not exist, nothing is added: UNKNOWN_TOPIC_OR_PARTITION for it and
//!   OPERATION_NOT_ATTEMPTED for the others.
//! - PRODUCER_FENCED from v2, INVALID_PRODUCER_EPOCH before (KIP-588).
//!
//! Differences from Apache Kafka: a request that comes while the record of an earlier one is not
//! committed waits for it, where Kafka answers CONCURRENT_TRANSACTIONS. A transaction has at most
//! 4,000 partitions, then POLICY_VIOLATION.

use konbini_protocol::messages::AddPartitionsToTxnRequest;

use super::{Answer, Context};
use crate::node::Node;
use crate::transactions::ask;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: AddPartitionsToTxnRequest,
) -> Answer {
    let answer = ask(
        node,
        context.waiter,
        context.version,
        |coordinator, asked, topics| coordinator.add_partitions(asked, &request, topics),
    );
    answer.map_or_else(Answer::from_outside, Answer::Respond)
}
