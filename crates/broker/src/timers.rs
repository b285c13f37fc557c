//! Everything that happens by time alone, and when the next of it is due.

use crate::controller::{brokers, elections};
use crate::node::Node;
use crate::replica::{checkpoint_high_watermarks, compact, fetcher, isr, lost, retain};
use crate::{coordinator, dial, lifecycle, producer_ids, quorum, transactions};

pub(crate) fn wake_at(node: &Node) -> Option<i64> {
    if !node.lifecycle.is_recovered() {
        return None;
    }
    let sessions = node
        .controller
        .as_ref()
        .and_then(|_| brokers::next_session_end(node));
    let doomed = node.replicas.doomed.values().min().copied();
    [
        node.lifecycle.wake_at(),
        node.channels.wake_at(),
        node.quorum.wake_at(),
        node.producer_ids.wake_at(),
        sessions,
        doomed,
        node.replicas.next_retention_ms,
        node.replicas.next_checkpoint_ms,
        fetcher::wake_at(node),
        elections::wake_at(node),
        node.replicas.next_laggard_check_ms,
        node.replicas.proposals.wake_at(),
        node.replicas.lost.wake_at(),
        node.replicas.next_deletion_ms,
        node.replicas.next_producer_check_ms,
        node.replicas.compaction.next_ms,
        coordinator::wake_at(node),
        transactions::wake_at(node),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// Does what is due.
pub(crate) fn run(node: &mut Node) {
    if !node.lifecycle.is_recovered() {
        return;
    }
    quorum::tick(node);
    if node.controller.is_some() {
        brokers::check_sessions(node);
        elections::balance(node);
    }
    dial::check_timeouts(node);
    dial::follow_controller(node);
    lifecycle::tick(node);
    producer_ids::tick(node);
    retain::delete_doomed(node);
    run_replicas(node);
    coordinator::tick(node);
    transactions::tick(node);
    // Last: a step that waits for bytes goes on after everything else that is due now.
    compact::tick(node);
}

/// What is due for replicas: what goes, what is written down, who is asked.
fn run_replicas(node: &mut Node) {
    let now = node.now;
    let due = |at: Option<i64>| at.is_some_and(|at| at <= now);
    if due(node.replicas.next_retention_ms) {
        retain::check(node);
        let interval = node.setting_ms("log.retention.check.interval.ms");
        node.replicas.next_retention_ms = Some(now + interval);
    }
    if due(node.replicas.next_checkpoint_ms) {
        checkpoint_high_watermarks(node);
        let interval = node.setting_ms("replica.high.watermark.checkpoint.interval.ms");
        node.replicas.next_checkpoint_ms = Some(now + interval);
    }
    if due(node.replicas.next_deletion_ms) {
        retain::delete_segments(node);
    }
    if due(node.replicas.next_producer_check_ms) {
        retain::forget_producers(node);
    }
    isr::check_laggards(node);
    isr::send(node);
    lost::send(node);
    fetcher::tick(node);
}
