//! AllocateProducerIds, version 0 (KIP-730): a block of producer ids for a broker. Answered by
//! the controller only.

use konbini_protocol::ResponseError::NotController;
use konbini_protocol::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, ProducerId,
};

use super::{Answer, Context};
use crate::controller::producer_ids::{self, BLOCK_LEN};
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    _: &Context<'_>,
    request: AllocateProducerIdsRequest,
) -> Answer {
    let response = AllocateProducerIdsResponse::default();
    if !node.is_controller() {
        return response.with_error_code(NotController.code()).into();
    }
    match producer_ids::allocate(node, request.broker_id.0, request.broker_epoch) {
        Ok(first) => response
            .with_producer_id_start(ProducerId(first))
            .with_producer_id_len(BLOCK_LEN)
            .into(),
        Err(error) => response.with_error_code(error.code()).into(),
    }
}
