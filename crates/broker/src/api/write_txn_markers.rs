//! WriteTxnMarkers, version 1: a transaction coordinator ends transactions in partitions of this broker.
//! Each gets a control batch; offsets of the transaction in `__consumer_offsets` are committed or
//! dropped by it. The answer comes once the markers are committed.
//!
//! Difference from Apache Kafka: anybody may ask, there is no authorizer.

use konbini_protocol::ResponseError::{self, RequestTimedOut};
use konbini_protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use konbini_protocol::messages::{ResponseKind, WriteTxnMarkersRequest, WriteTxnMarkersResponse};

use super::{Answer, Context, attempt_or_park};
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Watch};
use crate::replica::marker::{Marker, write};

pub(super) fn handle(
    node: &mut Node,
    _context: &Context<'_>,
    request: WriteTxnMarkersRequest,
) -> Answer {
    let mut waiting = Vec::new();
    let mut response = WriteTxnMarkersResponse::default();
    for marker in &request.markers {
        let what = Marker {
            producer_id: marker.producer_id.0,
            producer_epoch: marker.producer_epoch,
            commit: marker.transaction_result,
            coordinator_epoch: marker.coordinator_epoch,
        };
        let mut result = WritableTxnMarkerResult::default().with_producer_id(marker.producer_id);
        for topic in &marker.topics {
            let mut out = WritableTxnMarkerTopicResult::default().with_name(topic.name.clone());
            for index in &topic.partition_indexes {
                let answer =
                    WritableTxnMarkerPartitionResult::default().with_partition_index(*index);
                let place = [
                    response.markers.len(),
                    result.topics.len(),
                    out.partitions.len(),
                ];
                out.partitions
                    .push(match write(node, &topic.name, *index, what) {
                        Ok(at) => {
                            waiting.push(Waiting { place, at });
                            answer
                        }
                        Err(error) => answer.with_error_code(error.code()),
                    });
            }
            result.topics.push(out);
        }
        response.markers.push(result);
    }
    let deadline = node.now + node.setting_ms("request.timeout.ms");
    attempt_or_park(node, DelayedMarkers { waiting, response }, deadline)
}

/// Which result waits (marker, topic, partition), and for which offset of which partition.
struct Waiting {
    place: [usize; 3],
    at: (TopicPartition, i64),
}

/// An answer that waits until the high watermark of each partition has passed its marker.
struct DelayedMarkers {
    waiting: Vec<Waiting>,
    response: WriteTxnMarkersResponse,
}

impl DelayedMarkers {
    fn fail(&mut self, [marker, topic, partition]: [usize; 3], error: ResponseError) {
        let topics = &mut self.response.markers[marker].topics;
        topics[topic].partitions[partition].error_code = error.code();
    }
}

impl Operation for DelayedMarkers {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        let mut watches = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let (partition, offset) = waiting.at;
            match node.replicas.leader(partition) {
                Err(error) => self.fail(waiting.place, error),
                Ok(leader) if leader.high_watermark() >= offset => {}
                Ok(_) if expired => self.fail(waiting.place, RequestTimedOut),
                Ok(_) => {
                    watches.push(Watch::Committed(partition));
                    self.waiting.push(waiting);
                }
            }
        }
        match watches.is_empty() {
            true => Attempt::Done(ResponseKind::WriteTxnMarkers(std::mem::take(
                &mut self.response,
            ))),
            false => Attempt::Wait(watches),
        }
    }
}
