//! DeleteRecords, versions 0 to 2: moves the log start offset of partitions up to an offset; -1
//! means the high watermark. Segments that lie below it as a whole are deleted.
//!
//! Followers delete when they learn of the new start by their next fetch. The answer waits for those
//! on live brokers, and tells the low watermark: the least of their log starts (KIP-107).

use konbini_protocol::ResponseError::{self, RequestTimedOut, UnknownTopicOrPartition};
use konbini_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use konbini_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse, ResponseKind};

use super::{Answer, Context, attempt_or_park};
use crate::controller::{Refusal, topic_names};
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Watch};
use crate::replica::retain;

/// The offset that means the high watermark.
const UP_TO_HIGH_WATERMARK: i64 = -1;
const NO_LOW_WATERMARK: i64 = -1;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DeleteRecordsRequest,
) -> Answer {
    let mut response = DeleteRecordsResponse::default();
    let mut waiting = Vec::new();
    for topic in &request.topics {
        let mut out = DeleteRecordsTopicResult::default().with_name(topic.name.clone());
        for asked in &topic.partitions {
            let mut result =
                DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
            match delete(node, &topic.name, asked.partition_index, asked.offset) {
                Ok(deleted) => waiting.push(Waiting {
                    topic: response.topics.len(),
                    partition: out.partitions.len(),
                    deleted,
                }),
                Err(error) => {
                    let refusal = Refusal::new(error, "");
                    node.refused("DeleteRecords", context.client_id, &refusal, &topic.name);
                    fail(&mut result, error);
                }
            }
            out.partitions.push(result);
        }
        response.topics.push(out);
    }
    let deadline = node.now + i64::from(request.timeout_ms.max(0));
    attempt_or_park(node, DelayedDelete { waiting, response }, deadline)
}

/// Up to where a partition's records were deleted here.
struct Deleted {
    partition: TopicPartition,
    offset: i64,
}

fn delete(node: &mut Node, topic: &str, index: i32, offset: i64) -> Result<Deleted, ResponseError> {
    let image = &node.metadata.image;
    let id = image.topic(topic).ok_or(UnknownTopicOrPartition)?.id;
    let partition = TopicPartition { topic: id, index };
    if image.partition(partition).is_none() {
        return Err(UnknownTopicOrPartition);
    }
    if topic_names::is_internal(topic) {
        return Err(ResponseError::InvalidTopicException);
    }
    let high_watermark = node.replicas.leader(partition)?.high_watermark();
    let offset = if offset == UP_TO_HIGH_WATERMARK {
        high_watermark
    } else {
        offset
    };
    if offset < 0 || offset > high_watermark {
        return Err(ResponseError::OffsetOutOfRange);
    }
    retain::delete_records(node, partition, offset)?;
    Ok(Deleted { partition, offset })
}

fn fail(result: &mut DeleteRecordsPartitionResult, error: ResponseError) {
    result.error_code = error.code();
    result.low_watermark = NO_LOW_WATERMARK;
}

/// An answer that waits until no live replica has what was deleted.
struct DelayedDelete {
    waiting: Vec<Waiting>,
    response: DeleteRecordsResponse,
}

/// Which result of the response waits.
struct Waiting {
    topic: usize,
    partition: usize,
    deleted: Deleted,
}

impl Operation for DelayedDelete {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        let image = &node.metadata.image;
        let mut still = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let Deleted { partition, offset } = waiting.deleted;
            let result = &mut self.response.topics[waiting.topic].partitions[waiting.partition];
            let low_watermark = node.replicas.leader(partition);
            match low_watermark.map(|leader| leader.low_watermark(|id| image.is_active(id))) {
                Err(error) => fail(result, error),
                Ok(low) if low >= offset => {
                    result.low_watermark = low;
                    result.error_code = 0;
                }
                Ok(low) => {
                    result.low_watermark = low;
                    result.error_code = RequestTimedOut.code();
                    still.push(waiting);
                }
            }
        }
        if still.is_empty() || expired {
            let response = std::mem::take(&mut self.response);
            return Attempt::Done(ResponseKind::DeleteRecords(response));
        }
        let watches = still.iter();
        let watches = watches.map(|waiting| Watch::LogStart(waiting.deleted.partition));
        let watches = watches.collect();
        self.waiting = still;
        Attempt::Wait(watches)
    }
}
