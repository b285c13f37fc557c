//! EndTxn, versions 0 to 5: commits or aborts a transaction. The answer comes once the decision is
//! committed; the markers are written after it, and the next transaction has to wait for them
//! (CONCURRENT_TRANSACTIONS).
//!
//! - From v5 the epoch is bumped with it and the answer names the epoch, and perhaps the producer id,
//!   of the next transaction (KIP-890). An abort is allowed then even if nothing was added.
//! - PRODUCER_FENCED from v2, INVALID_PRODUCER_EPOCH before (KIP-588).

use konbini_protocol::ResponseError::{self, CoordinatorNotAvailable};
use konbini_protocol::messages::{EndTxnRequest, EndTxnResponse, ProducerId};

use super::{Answer, Context, attempt_or_park};
use crate::node::Node;
use crate::transactions::{WithProducerId, check_replicas};

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: EndTxnRequest) -> Answer {
    let id = request.transactional_id.to_string();
    if let Err(error) = check_replicas(node, &id) {
        return refused(error).into();
    }
    let deadline = node.now + node.setting_ms("request.timeout.ms");
    let operation = WithProducerId {
        transactional_id: id,
        waiter: context.waiter,
        version: context.version,
        run: Some(Box::new(move |coordinator, asked, fresh| {
            coordinator.end_txn(asked, &request, fresh)
        })),
        refused: refused(CoordinatorNotAvailable).into(),
    };
    attempt_or_park(node, operation, deadline)
}

fn refused(error: ResponseError) -> EndTxnResponse {
    EndTxnResponse::default()
        .with_error_code(error.code())
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1)
}
