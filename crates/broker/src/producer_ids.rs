//! The block of producer ids that this broker gives out from.

use konbini_protocol::messages::{AllocateProducerIdsRequest, BrokerId, RequestKind};

use crate::channel::Purpose;
use crate::controller::producer_ids::{BLOCK_LEN, allocate};
use crate::node::Node;
use crate::purgatory::Watch;
use crate::quorum::{self, Then};

/// Version of AllocateProducerIds that brokers speak among themselves.
const VERSION: i16 = 0;
/// Pause before a refused request is made again, in ms.
const RETRY_MS: i64 = 500;

#[derive(Debug, Default)]
pub(crate) struct ProducerIds {
    next: i64,
    end: i64,
    /// The next block was asked for.
    asked: bool,
    /// Not before this time is the controller asked again, ms.
    ask_at: Option<i64>,
}

impl ProducerIds {
    pub fn wake_at(&self) -> Option<i64> {
        self.ask_at
    }
}

/// The next id, or `None` while a block is on its way.
pub(crate) fn take(node: &mut Node) -> Option<i64> {
    if node.producer_ids.next == node.producer_ids.end {
        refill(node);
    }
    let ids = &mut node.producer_ids;
    (ids.next < ids.end).then(|| {
        ids.next += 1;
        ids.next - 1
    })
}

fn refill(node: &mut Node) {
    let id = node.config.node_id;
    let Some(epoch) = node.lifecycle.broker_epoch() else {
        return;
    };
    if node.is_controller() && !node.producer_ids.asked {
        if let Ok(first) = allocate(node, id, epoch) {
            // Not before the block is committed: another controller might give it again.
            node.producer_ids.asked = true;
            quorum::after_commit(node, Then::ProducerIds(first, BLOCK_LEN));
        }
        return;
    }
    if !node.producer_ids.asked && node.producer_ids.ask_at.is_none() {
        node.producer_ids.asked = true;
        let request = AllocateProducerIdsRequest::default()
            .with_broker_id(BrokerId(id))
            .with_broker_epoch(epoch);
        let body = RequestKind::AllocateProducerIds(request);
        node.channels
            .forward
            .call(Purpose::ProducerIds, VERSION, &node.client_name, &body);
    }
}

/// A block came.
pub(crate) fn received(node: &mut Node, first: i64, len: i32) {
    node.producer_ids = ProducerIds {
        next: first,
        end: first + i64::from(len),
        asked: false,
        ask_at: None,
    };
    node.signal(Watch::ProducerIds);
}

/// The controller refused; whoever waits asks again after a pause.
pub(crate) fn refused(node: &mut Node) {
    node.producer_ids.asked = false;
    node.producer_ids.ask_at = Some(node.now + RETRY_MS);
}

/// Lets whoever waits ask again once the pause is over.
pub(crate) fn tick(node: &mut Node) {
    if node.producer_ids.ask_at.is_some_and(|at| at <= node.now) {
        node.producer_ids.ask_at = None;
        node.signal(Watch::ProducerIds);
    }
}

/// The connection broke; whoever waits asks again on the next one.
pub(crate) fn call_lost(node: &mut Node) {
    node.producer_ids.asked = false;
    node.signal(Watch::ProducerIds);
}
