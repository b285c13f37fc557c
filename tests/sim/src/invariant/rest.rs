//! Whether a healed cluster has come to rest: everybody up, every partition led and fully in sync,
//! every log equal to the end, producers done, groups stable and without lag. And whether it works
//! then.

use std::collections::BTreeMap;

use konbini_broker::State;
use konbini_cluster::Cluster;
use konbini_scenario::{Scenario, Snapshot};

/// What is still to happen, or nothing.
pub fn missing(cluster: &mut Cluster, scenario: &Scenario) -> Option<String> {
    let snapshot = cluster.snapshot();
    brokers(cluster)
        .or_else(|| topics(&snapshot, scenario))
        .or_else(|| partitions(&snapshot))
        .or_else(|| producers(&snapshot))
        .or_else(|| groups(&snapshot))
}

fn brokers(cluster: &Cluster) -> Option<String> {
    let wanted = cluster.scenario().brokers as usize;
    let up = cluster.brokers().filter(|b| b.state() == State::Up).count();
    if up < wanted {
        return Some(format!("{up} of {wanted} brokers are up"));
    }
    let offsets: Vec<i64> = cluster.brokers().map(|b| b.metadata_offset()).collect();
    let first = offsets.first()?;
    (offsets.iter().any(|offset| offset != first))
        .then(|| format!("metadata offsets differ: {offsets:?}"))
}

/// A cluster that has nothing is at rest too.
fn topics(snapshot: &Snapshot, scenario: &Scenario) -> Option<String> {
    let there = |name: &str| snapshot.topics.iter().any(|topic| topic.name == name);
    let missing = scenario.topics.iter().find(|spec| !there(&spec.name))?;
    Some(format!("{} is not there", missing.name))
}

fn partitions(snapshot: &Snapshot) -> Option<String> {
    for topic in &snapshot.topics {
        for partition in &topic.partitions {
            let name = format!("{}-{}", topic.name, partition.partition);
            if partition.leader < 0 {
                return Some(format!("{name} has no leader"));
            }
            if partition.isr.len() < partition.replicas.len() {
                return Some(format!(
                    "{name} has {:?} in sync of {:?}",
                    partition.isr, partition.replicas
                ));
            }
            if topic.internal {
                // Groups go on committing, whether anything is new or not.
                continue;
            }
            let behind = partition.logs.iter().find(|log| {
                log.log_end != partition.log_end || log.high_watermark != partition.log_end
            });
            if let Some(log) = behind {
                return Some(format!(
                    "{name} on {} ends at {} with high watermark {}, its leader at {}",
                    log.broker, log.log_end, log.high_watermark, partition.log_end
                ));
            }
            if partition.logs.len() < partition.replicas.len() {
                return Some(format!("{name} has {} logs", partition.logs.len()));
            }
        }
    }
    None
}

fn producers(snapshot: &Snapshot) -> Option<String> {
    let waiting = snapshot.producers.iter().find(|p| p.waiting > 0)?;
    Some(format!(
        "{} waits for {} records",
        waiting.spec.name, waiting.waiting
    ))
}

fn groups(snapshot: &Snapshot) -> Option<String> {
    for consumer in &snapshot.consumers {
        let group = consumer.spec.group.as_deref().unwrap_or_default();
        let Some(view) = snapshot.groups.iter().find(|view| view.id == group) else {
            return Some(format!("{group} is not there"));
        };
        if view.state != "Stable" {
            return Some(format!("{group} is {}", view.state));
        }
        if let Some(offset) = view.offsets.iter().find(|offset| offset.lag > 0) {
            return Some(format!(
                "{group} has {} records of lag in {}-{}",
                offset.lag, offset.topic, offset.partition
            ));
        }
    }
    None
}

/// What producers sent, were told is stored, and gave up.
pub type Counts = BTreeMap<String, (u64, u64, u64)>;

pub fn counts(cluster: &mut Cluster) -> Counts {
    let producers = cluster.snapshot().producers.into_iter();
    producers
        .map(|view| (view.spec.name, (view.sent, view.acked, view.failed)))
        .collect()
}

/// A producer of which nothing was stored in between, or something was given up.
pub fn idle(before: &Counts, after: &Counts) -> Option<String> {
    after.iter().find_map(|(name, now)| {
        let was = before.get(name)?;
        let works = now.1 > was.1 && now.2 == was.2;
        (!works).then(|| format!("{name} went from (sent, acked, failed) {was:?} to {now:?}"))
    })
}
