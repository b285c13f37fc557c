//! Blocks of producer ids. An id is given once in the life of a cluster, so the log remembers how
//! far they are used up.

use konbini_protocol::ResponseError;

use crate::metadata::{self, Record};
use crate::node::Node;

/// Ids in a block, as in Kafka.
pub(crate) const BLOCK_LEN: i32 = 1_000;

/// Gives a broker the next block: its first id. The block has [`BLOCK_LEN`] ids.
pub(crate) fn allocate(node: &mut Node, broker: i32, epoch: i64) -> Result<i64, ResponseError> {
    let Some(registered) = node.working_image().brokers.get(&broker) else {
        return Err(ResponseError::BrokerIdNotRegistered);
    };
    if registered.epoch != epoch {
        return Err(ResponseError::StaleBrokerEpoch);
    }
    let first = node.working_image().next_producer_id;
    let next = first
        .checked_add(i64::from(BLOCK_LEN))
        .ok_or(ResponseError::UnknownServerError)?;
    let record = Record::ProducerIds {
        broker_id: broker,
        broker_epoch: epoch,
        next_producer_id: next,
    };
    metadata::commit(node, vec![record], Vec::new());
    Ok(first)
}
