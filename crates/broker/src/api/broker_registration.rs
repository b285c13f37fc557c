//! BrokerRegistration, versions 0 to 4 (KIP-631): a broker tells the controller that it exists.
//! Answered by the controller only.

use konbini_protocol::ResponseError::NotController;
use konbini_protocol::messages::{BrokerRegistrationRequest, BrokerRegistrationResponse};

use super::{Answer, Context};
use crate::controller::brokers;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    _: &Context<'_>,
    request: BrokerRegistrationRequest,
) -> Answer {
    let response = BrokerRegistrationResponse::default();
    if !node.is_controller() {
        return response
            .with_error_code(NotController.code())
            .with_broker_epoch(-1)
            .into();
    }
    match brokers::register(node, &request) {
        Ok(epoch) => response.with_broker_epoch(epoch).into(),
        Err(error) => response
            .with_error_code(error.code())
            .with_broker_epoch(-1)
            .into(),
    }
}
