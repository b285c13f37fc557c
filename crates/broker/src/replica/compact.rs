//! Compaction of the logs here (`cleanup.policy=compact`). There is one cleaner, which takes the
//! dirtiest log first, a step at a time, and rests for `log.cleaner.backoff.ms` when none is dirty
//! enough. Replicas compact on their own, leaders or not, as in Kafka.

use std::cmp::Reverse;

use konbini_log::{CleanReport, CleanStep, Cleaner, Dirtiness};
use konbini_trace::Event;

use super::{change_log, went_offline};
use crate::node::{Node, TopicPartition};
use crate::{LoadId, Output};

/// How long a step takes, in ms: so that others get their turn between two.
const STEP_MS: i64 = 1;

#[derive(Debug, Default)]
pub(crate) struct Compaction {
    /// When there is something to do next.
    pub next_ms: Option<i64>,
    running: Option<Running>,
}

/// A cleaning under way.
#[derive(Debug)]
struct Running {
    partition: TopicPartition,
    cleaner: Cleaner,
    /// The setting that decided.
    because: &'static str,
    waits_for: Option<LoadId>,
}

impl Compaction {
    pub fn starting_at(now: i64) -> Compaction {
        Compaction {
            next_ms: Some(now),
            running: None,
        }
    }
}

/// Does one step, or looks for a log to clean.
pub(crate) fn tick(node: &mut Node) {
    let now = node.now;
    if node.replicas.compaction.next_ms.is_none_or(|at| at > now) {
        return;
    }
    node.replicas.compaction.next_ms = Some(now + STEP_MS);
    match node.replicas.compaction.running.take() {
        Some(running) => go_on(node, running),
        None => begin(node),
    }
}

/// Bytes that a cleaning waited for are there, or will not come: its step goes on at once, as it had
/// done with the bytes in memory.
pub(crate) fn loaded(node: &mut Node, id: LoadId) {
    let compaction = &mut node.replicas.compaction;
    let waits = |running: &mut Running| running.waits_for == Some(id);
    if let Some(mut running) = compaction.running.take_if(waits) {
        running.waits_for = None;
        compaction.next_ms = Some(node.now + STEP_MS);
        go_on(node, running);
    }
}

fn begin(node: &mut Node) {
    let now = node.now;
    let found = if node.setting_bool("log.cleaner.enable") {
        dirtiest(node)
    } else {
        None
    };
    let Some((partition, dirtiness)) = found else {
        let backoff = node.setting_ms("log.cleaner.backoff.ms").max(STEP_MS);
        node.replicas.compaction.next_ms = Some(now.saturating_add(backoff));
        return;
    };
    let buffer = node.setting_number("log.cleaner.dedupe.buffer.size");
    let buffer = u64::try_from(buffer).unwrap_or(0);
    note_gaps(node, partition);
    let log = node.replicas.partitions[&partition].log();
    node.replicas.compaction.running = Some(Running {
        partition,
        cleaner: log.clean(now, buffer),
        because: dirtiness.because,
        waits_for: None,
    });
}

fn dirtiest(node: &Node) -> Option<(TopicPartition, Dirtiness)> {
    let replicas = node.replicas.partitions.iter();
    let dirty = replicas
        .filter_map(|(partition, replica)| Some((*partition, replica.log().dirtiness(node.now)?)));
    dirty.min_by_key(|(_, dirtiness)| Reverse(dirtiness.permille))
}

fn go_on(node: &mut Node, mut running: Running) {
    let partition = running.partition;
    let Some(replica) = node.replicas.partitions.get(&partition) else {
        return;
    };
    // Where bytes lie that somebody waits for must not change.
    if node.loads.are_under_way(replica.log().dir()) {
        node.replicas.compaction.running = Some(running);
        return;
    }
    let topic = replica.topic.clone();
    let was_online = replica.log().is_online();
    let step = change_log(node, partition, |log, out| running.cleaner.step(log, out));
    match step {
        Some(CleanStep::More) => node.replicas.compaction.running = Some(running),
        Some(CleanStep::Cold(load)) => {
            running.waits_for = Some(node.loads.ask(load, &mut node.out));
            node.replicas.compaction.next_ms = None;
            node.replicas.compaction.running = Some(running);
        }
        Some(CleanStep::Done(report)) => {
            note_gaps(node, partition);
            say(node, partition, &topic, &report, running.because);
        }
        Some(CleanStep::Failed(reason)) => {
            let event = Event::warn("compaction-failed")
                .with("topic", topic.as_str())
                .with("partition", partition.index)
                .with("reason", reason);
            node.emit(event);
        }
        Some(CleanStep::GivenUp) if was_online && !is_online(node, partition) => {
            went_offline(node, partition);
        }
        Some(CleanStep::GivenUp) | None => {}
    }
}

fn is_online(node: &Node, partition: TopicPartition) -> bool {
    let replica = node.replicas.partitions.get(&partition);
    replica.is_some_and(|replica| replica.log().is_online())
}

/// Writes down how far a log was compacted (`cleaner-offset-checkpoint`). Once it may have gaps,
/// here or from its leader, a recovery has to know.
pub(crate) fn note_gaps(node: &mut Node, partition: TopicPartition) {
    let replicas = &mut node.replicas;
    let Some(replica) = replicas.partitions.get(&partition) else {
        return;
    };
    if !replica.log().config().cleanup_policy.compact {
        return;
    }
    let mut ops = Vec::new();
    replicas.checkpoints.observe(replica.log());
    replicas.checkpoints.flush(&mut ops);
    node.out.extend(ops.into_iter().map(Output::Store));
}

fn say(
    node: &mut Node,
    partition: TopicPartition,
    topic: &str,
    report: &CleanReport,
    because: &'static str,
) {
    let event = if report.records_removed > 0 {
        Event::info("log-compacted")
    } else {
        Event::detail("log-compacted")
    };
    let event = event
        .with("topic", topic)
        .with("partition", partition.index)
        .with("from", report.from)
        .with("to", report.to)
        .with("removed", report.records_removed as i64)
        .with("bytes-before", report.bytes_before as i64)
        .with("bytes-after", report.bytes_after as i64)
        .because_of(because);
    node.emit(event);
}
