//! InitProducerId, versions 0 to 5: a producer id for an idempotent producer, or the producer id and
//! epoch that belong to a transactional id from now on.
//!
//! Ids come from blocks of 1,000 that the controller gives each broker. A producer without a
//! transactional id always gets a fresh id with epoch 0, whatever it had, as in Kafka.
//!
//! With a transactional id the epoch is one larger than before, so that every earlier producer of that
//! id is fenced. What the earlier one has open is aborted first: CONCURRENT_TRANSACTIONS until that is
//! done. A producer that goes on after an error says who it is (v3, KIP-360), and is fenced if somebody
//! else has taken over. PRODUCER_FENCED from v4, INVALID_PRODUCER_EPOCH before (KIP-588).

use konbini_protocol::ResponseError::{
    self, CoordinatorNotAvailable, InvalidRequest, RequestTimedOut,
};
use konbini_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProducerId, ResponseKind,
};

use super::{Answer, Context, attempt_or_park};
use crate::node::Node;
use crate::producer_ids;
use crate::purgatory::{Attempt, Operation, Watch};
use crate::transactions::{WithProducerId, check_replicas};

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: InitProducerIdRequest,
) -> Answer {
    // Who says which producer it was says in which epoch, and the other way round (KIP-360).
    let (known, in_epoch) = (request.producer_id.0 >= 0, request.producer_epoch >= 0);
    if known != in_epoch {
        return refused(InvalidRequest).into();
    }
    let deadline = node.now + node.setting_ms("request.timeout.ms");
    let Some(id) = request.transactional_id.as_ref().map(|id| id.to_string()) else {
        return attempt_or_park(node, WaitForId, deadline);
    };
    // Whether or not there is a coordinator to ask, as in Kafka.
    if id.is_empty() {
        return refused(InvalidRequest).into();
    }
    if let Err(error) = check_replicas(node, &id) {
        return refused(error).into();
    }
    let operation = WithProducerId {
        transactional_id: id,
        waiter: context.waiter,
        version: context.version,
        run: Some(Box::new(move |coordinator, asked, fresh| {
            coordinator.init_producer_id(asked, &request, fresh)
        })),
        refused: refused(CoordinatorNotAvailable).into(),
    };
    attempt_or_park(node, operation, deadline)
}

fn refused(error: ResponseError) -> InitProducerIdResponse {
    InitProducerIdResponse::default()
        .with_error_code(error.code())
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1)
}

/// Waits for a block from the controller.
struct WaitForId;

impl Operation for WaitForId {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        match producer_ids::take(node) {
            Some(id) => Attempt::Done(ResponseKind::InitProducerId(
                InitProducerIdResponse::default()
                    .with_producer_id(ProducerId(id))
                    .with_producer_epoch(0),
            )),
            None if expired => {
                Attempt::Done(ResponseKind::InitProducerId(refused(RequestTimedOut)))
            }
            None => Attempt::Wait(vec![Watch::ProducerIds]),
        }
    }
}
