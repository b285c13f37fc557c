//! What is deleted from logs: by retention, by request, and the logs of topics that are gone.

use konbini_log::{DeleteReason, DeletedSegment, StoreOp};
use konbini_protocol::ResponseError::{self, NotLeaderOrFollower};
use konbini_trace::Event;

use super::change_log;
use crate::Output;
use crate::node::{Node, TopicPartition};

/// How long after the start retention is checked for the first time, in ms, as in Kafka.
pub(crate) const FIRST_CHECK_MS: i64 = 30_000;

/// Moves the log start up to `offset` and deletes what lies below as a whole.
pub(crate) fn delete_records(
    node: &mut Node,
    partition: TopicPartition,
    offset: i64,
) -> Result<i64, ResponseError> {
    let now = node.now;
    let changed = change_log(node, partition, |log, out| {
        let from = log.log_start_offset();
        let start = log.delete_records(offset, out)?;
        // What retention would delete goes at the next check, as in Kafka.
        let deleted = log.delete_passed_segments(now, out);
        Ok((from, start, deleted))
    });
    let (from, start, deleted) = match changed {
        Some(Ok(done)) => done,
        Some(Err(konbini_log::AppendError { error, .. })) => return Err(error),
        None => return Err(NotLeaderOrFollower),
    };
    note_deletion(node, partition);
    if start > from {
        say(node, partition, "DeleteRecords", from, start, deleted.len());
    }
    node.partition_changed(partition);
    Ok(start)
}

/// Checks the retention of every log.
pub(crate) fn check(node: &mut Node) {
    let now = node.now;
    let partitions: Vec<TopicPartition> = node.replicas.partitions.keys().copied().collect();
    for partition in partitions {
        let changed = change_log(node, partition, |log, out| {
            let from = log.log_start_offset();
            let deleted = log.enforce_retention(now, out);
            (from, log.log_start_offset(), deleted)
        });
        let Some((from, start, deleted)) = changed else {
            continue;
        };
        if deleted.is_empty() {
            continue;
        }
        note_deletion(node, partition);
        say(
            node,
            partition,
            setting(&deleted),
            from,
            start,
            deleted.len(),
        );
        node.partition_changed(partition);
    }
}

/// Forgets producers that were silent for `producer.id.expiration.ms`.
pub(crate) fn forget_producers(node: &mut Node) {
    let now = node.now;
    for replica in node.replicas.partitions.values_mut() {
        replica.log_mut().expire_producers(now);
    }
    plan_producer_check(node);
}

/// The next check comes after `producer.id.expiration.check.interval.ms`.
pub(crate) fn plan_producer_check(node: &mut Node) {
    let interval = node.setting_ms("producer.id.expiration.check.interval.ms");
    node.replicas.next_producer_check_ms = Some(node.now.saturating_add(interval));
}

/// Takes note of when the files of a partition's deleted segments go.
fn note_deletion(node: &mut Node, partition: TopicPartition) {
    let replicas = &mut node.replicas;
    let replica = replicas.partitions.get(&partition);
    let next = replica.and_then(|replica| replica.log().next_deletion());
    replicas.next_deletion_ms = [replicas.next_deletion_ms, next]
        .into_iter()
        .flatten()
        .min();
}

/// Deletes the files of segments that were deleted `file.delete.delay.ms` ago.
pub(crate) fn delete_segments(node: &mut Node) {
    let now = node.now;
    let partitions: Vec<TopicPartition> = node.replicas.partitions.keys().copied().collect();
    node.replicas.next_deletion_ms = None;
    for partition in partitions {
        change_log(node, partition, |log, out| log.delete_doomed(now, out));
        note_deletion(node, partition);
    }
}

fn setting(deleted: &[DeletedSegment]) -> &'static str {
    match deleted[0].reason {
        DeleteReason::Time => "retention.ms",
        DeleteReason::Size => "retention.bytes",
        DeleteReason::LogStart => "DeleteRecords",
    }
}

fn say(
    node: &mut Node,
    partition: TopicPartition,
    cause: &'static str,
    from: i64,
    to: i64,
    segments: usize,
) {
    let Some(replica) = node.replicas.partitions.get(&partition) else {
        return;
    };
    let mut event = Event::info("records-deleted")
        .with("topic", replica.topic.as_str())
        .with("partition", partition.index)
        .with("from", from)
        .with("to", to)
        .with("segments", segments as i64);
    if cause != "DeleteRecords" {
        event = event.because_of(cause);
    }
    node.emit(event);
}

/// Deletes the logs whose time has come.
pub(crate) fn delete_doomed(node: &mut Node) {
    let due: Vec<_> = node
        .replicas
        .doomed
        .iter()
        .filter(|(_, delete_at)| **delete_at <= node.now)
        .map(|(dir, _)| dir.clone())
        .collect();
    for dir in due {
        delete_now(node, &dir);
    }
}

/// Deletes a doomed log without waiting, because its directory is needed or its time has come.
pub(crate) fn delete_now(node: &mut Node, dir: &konbini_log::LogDir) {
    if node.replicas.doomed.remove(dir).is_none() {
        return;
    }
    let mut ops = vec![StoreOp::DeleteDir { dir: dir.clone() }];
    node.replicas.checkpoints.forget(dir);
    node.replicas.checkpoints.flush(&mut ops);
    node.out.extend(ops.into_iter().map(Output::Store));
    node.emit(Event::detail("log-deleted").with("dir", dir.to_string()));
}
