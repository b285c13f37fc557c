//! AddOffsetsToTxn, versions 0 to 4: a transaction is going to commit offsets of a group, so the
//! group's partition of `__consumer_offsets` gets a marker when it ends. Clients of
//! `transaction.version` 2 leave it out: TxnOffsetCommit adds the partition (KIP-890).
//!
//! PRODUCER_FENCED from v2, INVALID_PRODUCER_EPOCH before (KIP-588).

use konbini_protocol::ResponseError::CoordinatorNotAvailable;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};

use super::{Answer, Context};
use crate::coordinator::OFFSETS_TOPIC;
use crate::forward::auto_create;
use crate::node::Node;
use crate::transactions::{ask, check_replicas};

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: AddOffsetsToTxnRequest,
) -> Answer {
    let group = node
        .groups
        .coordinator
        .partition_for(request.group_id.as_str());
    let ready = match node.metadata.image.topic(OFFSETS_TOPIC) {
        Some(_) => check_replicas(node, request.transactional_id.as_str()),
        None => {
            auto_create(node, &StrBytes::from_static_str(OFFSETS_TOPIC).into());
            Err(CoordinatorNotAvailable)
        }
    };
    if let Err(error) = ready {
        return AddOffsetsToTxnResponse::default()
            .with_error_code(error.code())
            .into();
    }
    let partition = (OFFSETS_TOPIC.to_owned(), group);
    let answer = ask(
        node,
        context.waiter,
        context.version,
        |coordinator, asked, _| coordinator.add_offsets(asked, &request, partition),
    );
    answer.map_or_else(Answer::from_outside, Answer::Respond)
}
