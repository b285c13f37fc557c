//! Cutting off what the leader does not have.

use konbini_log::{LogState, Truncation};
use konbini_trace::Event;

use super::answer::follower;
use super::{follow, rest};
use crate::LoadId;
use crate::node::{Node, TopicPartition};
use crate::replica::{Role, change_log, went_offline};

/// The leader's log ends its epoch `epoch` at `end`; this log went on, or has other epochs.
pub(super) fn to_common_end(
    node: &mut Node,
    leader: i32,
    partition: TopicPartition,
    epoch: i32,
    end: i64,
) {
    if let Some(follower) = follower(node, partition) {
        let offset = follower.common_end(epoch, end);
        to(node, leader, partition, offset);
    }
}

/// Ends the log at `offset`, loading what that takes.
pub(super) fn to(node: &mut Node, leader: i32, partition: TopicPartition, offset: i64) {
    let now = node.now;
    let Some(committed) = follower(node, partition).map(|f| f.log().high_watermark()) else {
        return;
    };
    let done = change_log(node, partition, |log, out| {
        log.truncate_to(offset, now, out)
    });
    match done {
        Some(Truncation::Done { log_end, was }) => {
            if log_end < was {
                say(node, leader, partition, (was, log_end), committed);
            }
            set_truncating(node, partition, None);
            follow(node, partition, leader);
        }
        Some(Truncation::Cold(load)) => {
            let id = node.loads.ask(load, &mut node.out);
            set_truncating(node, partition, Some((id, offset)));
            rest(node, leader, partition);
        }
        Some(Truncation::Offline { .. }) => went_offline(node, partition),
        None => {}
    }
}

/// Bytes for a truncation have come.
pub(crate) fn loaded(node: &mut Node, id: LoadId) {
    let waiting = node
        .replicas
        .partitions
        .iter()
        .find_map(|(partition, replica)| {
            let Role::Follower(follower) = &replica.role else {
                return None;
            };
            let (wanted, offset) = follower.truncating?;
            (wanted == id).then_some((*partition, follower.leader(), offset))
        });
    if let Some((partition, leader, offset)) = waiting {
        set_truncating(node, partition, None);
        to(node, leader, partition, offset);
    }
}

fn set_truncating(node: &mut Node, partition: TopicPartition, wait: Option<(LoadId, i64)>) {
    if let Some(replica) = node.replicas.partitions.get_mut(&partition)
        && let Role::Follower(follower) = &mut replica.role
    {
        follower.truncating = wait;
    }
}

/// Empties the log: the leader has nothing any more of what would join it.
pub(super) fn start_at(node: &mut Node, leader: i32, partition: TopicPartition, offset: i64) {
    let now = node.now;
    let Some(log) = follower(node, partition).map(|follower| follower.log()) else {
        return;
    };
    let was = log.log_end_offset();
    change_log(node, partition, |log, out| {
        log.truncate_fully_and_start_at(offset, now, out);
    });
    if let Some(replica) = node.replicas.partitions.get(&partition) {
        if matches!(replica.log().state(), LogState::Offline { .. }) {
            return went_offline(node, partition);
        }
        let event = Event::warn("replica-started-over")
            .with("topic", replica.topic.as_str())
            .with("partition", partition.index)
            .with("leader", leader)
            .with("from", was)
            .with("to", offset);
        node.emit(event);
    }
    follow(node, partition, leader);
}

/// Says what vanished. Below the high watermark it was committed: only an unclean election, or a
/// disk that lost what it had, can bring that about.
fn say(
    node: &mut Node,
    leader: i32,
    partition: TopicPartition,
    (from, to): (i64, i64),
    committed: i64,
) {
    let Some(replica) = node.replicas.partitions.get(&partition) else {
        return;
    };
    let lost = to < committed;
    let event = if lost {
        Event::error("replica-truncated-committed").because_of("unclean.leader.election.enable")
    } else {
        Event::warn("replica-truncated")
    };
    let event = event
        .with("topic", replica.topic.as_str())
        .with("partition", partition.index)
        .with("leader", leader)
        .with("to", to)
        .with("last", from - 1)
        .with("records", from - to);
    node.emit(event);
}
