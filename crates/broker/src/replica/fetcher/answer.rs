//! What a leader answered a follower.

use bytes::Bytes;
use konbini_log::{AppendContext, AppendOrigin};
use konbini_protocol::ResponseError::{
    self, FetchSessionIdNotFound, FetchSessionTopicIdError, InvalidFetchSessionEpoch,
    OffsetOutOfRange,
};
use konbini_protocol::messages::FetchResponse;
use konbini_protocol::messages::fetch_response::PartitionData;
use konbini_trace::Event;

use super::{Position, lookup, moved, pause, rest, truncate};
use crate::node::{Node, TopicPartition};
use crate::purgatory::Watch;
use crate::replica::follower::Follower;
use crate::replica::{Role, change_log, went_offline};

pub(crate) fn answered(node: &mut Node, leader: i32, response: FetchResponse) {
    if !session_goes_on(node, leader, &response) {
        return;
    }
    for topic in response.responses {
        for data in topic.partitions {
            let partition = TopicPartition {
                topic: topic.topic_id,
                index: data.partition_index,
            };
            if is_current(node, leader, partition) {
                take(node, leader, partition, data);
            }
        }
    }
}

/// Whether the answer belongs to the session; if not, the next request opens one.
fn session_goes_on(node: &mut Node, leader: i32, response: &FetchResponse) -> bool {
    let Some(fetcher) = node.replicas.fetchers.get_mut(&leader) else {
        return false;
    };
    match ResponseError::try_from_code(response.error_code) {
        None => {}
        Some(FetchSessionIdNotFound | InvalidFetchSessionEpoch | FetchSessionTopicIdError) => {
            fetcher.start_session();
            return false;
        }
        Some(_) => {
            pause(node, leader);
            return false;
        }
    }
    fetcher.session.id = response.session_id;
    if response.session_id == 0 {
        // The leader keeps no session: every request names everything.
        fetcher.session.epoch = 0;
    } else {
        fetcher.session.epoch = fetcher.session.epoch.checked_add(1).unwrap_or(1);
    }
    true
}

/// Whether an answer is one to what this replica would ask now.
fn is_current(node: &Node, leader: i32, partition: TopicPartition) -> bool {
    let (Some(follower), Some(asked)) = (follower(node, partition), asked(node, leader, partition))
    else {
        return false;
    };
    let now = (follower.log().log_end_offset(), follower.epoch());
    follower.leader() == leader
        && (asked.offset, asked.epoch) == now
        && follower.truncating.is_none()
}

fn asked(node: &Node, leader: i32, partition: TopicPartition) -> Option<Position> {
    let fetcher = node.replicas.fetchers.get(&leader)?;
    fetcher.asked.get(&partition).copied()
}

pub(super) fn follower(node: &Node, partition: TopicPartition) -> Option<&Follower> {
    match &node.replicas.partitions.get(&partition)?.role {
        Role::Follower(follower) if follower.log().is_online() => Some(follower),
        _ => None,
    }
}

fn take(node: &mut Node, leader: i32, partition: TopicPartition, data: PartitionData) {
    match ResponseError::try_from_code(data.error_code) {
        None => {}
        Some(OffsetOutOfRange) => return lookup::begin(node, leader, partition),
        Some(error) => {
            refused(node, leader, partition, error);
            return rest(node, leader, partition);
        }
    }
    if data.diverging_epoch.end_offset >= 0 {
        let (epoch, end) = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
        return truncate::to_common_end(node, leader, partition, epoch, end);
    }
    let records = data.records.unwrap_or_default();
    if !records.is_empty() {
        if !append(node, partition, records) {
            return rest(node, leader, partition);
        }
        moved(node, leader, partition);
    }
    let committed = change_log(node, partition, |log, out| {
        let committed = data.high_watermark.min(log.log_end_offset());
        let grows = committed > log.high_watermark();
        if grows {
            log.set_high_watermark(committed);
        }
        // Records that the leader deleted are deleted here too.
        log.raise_log_start(data.log_start_offset.min(log.high_watermark()), out);
        grows
    });
    if committed == Some(true) {
        // Consumers may wait here too.
        node.signal(Watch::Committed(partition));
    }
    let start = follower(node, partition).map(|follower| follower.log().log_start_offset());
    if start != asked(node, leader, partition).map(|asked| asked.log_start) {
        // DeleteRecords waits until the leader knows.
        moved(node, leader, partition);
    }
}

fn append(node: &mut Node, partition: TopicPartition, records: Bytes) -> bool {
    let context = AppendContext {
        now: node.now,
        leader_epoch: -1,
        origin: AppendOrigin::Replication,
    };
    let appended = change_log(node, partition, |log, out| {
        log.append(records, &context, out)
    });
    match appended {
        Some(Ok(_)) => true,
        Some(Err(error)) => {
            let event = Event::error("replica-append-failed")
                .with("partition", partition.index)
                .with("reason", error.to_string());
            node.emit(event);
            if error.error == ResponseError::KafkaStorageError {
                went_offline(node, partition);
            }
            false
        }
        None => false,
    }
}

fn refused(node: &mut Node, leader: i32, partition: TopicPartition, error: ResponseError) {
    let Some(replica) = node.replicas.partitions.get(&partition) else {
        return;
    };
    let event = Event::detail("replica-fetch-refused")
        .with("topic", replica.topic.as_str())
        .with("partition", partition.index)
        .with("leader", leader)
        .with("error", konbini_protocol::error::name(error.code()));
    node.emit(event);
}
