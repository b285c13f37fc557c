//! BrokerHeartbeat, versions 0 to 1 (KIP-631). Answered by the controller only.

use konbini_protocol::ResponseError::NotController;
use konbini_protocol::messages::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};

use super::{Answer, Context};
use crate::controller::brokers;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, _: &Context<'_>, request: BrokerHeartbeatRequest) -> Answer {
    if !node.is_controller() {
        return BrokerHeartbeatResponse::default()
            .with_error_code(NotController.code())
            .into();
    }
    brokers::heartbeat(node, &request).into()
}
