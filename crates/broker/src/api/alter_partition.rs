//! AlterPartition, versions 2 to 3 (KIP-497, KIP-903): a leader proposes who is in sync. Answered by
//! the controller only.

use konbini_protocol::ResponseError::NotController;
use konbini_protocol::messages::{AlterPartitionRequest, AlterPartitionResponse};

use super::{Answer, Context};
use crate::controller::isr;
use crate::node::Node;

pub(super) fn handle(node: &mut Node, _: &Context<'_>, request: AlterPartitionRequest) -> Answer {
    if !node.is_controller() {
        return AlterPartitionResponse::default()
            .with_error_code(NotController.code())
            .into();
    }
    isr::alter(node, &request).into()
}
