//! Who leads a partition when brokers come and go.

use konbini_trace::Event;

use super::change::{Changes, Election, PartitionChange};
use crate::config::BrokerConfig;
use crate::metadata::{Image, NO_LEADER, Record};

/// Records that take every leadership and in-sync place from a broker that is fenced or about to
/// go; `cause` is the setting that decided that.
pub(super) fn without_broker(
    config: &BrokerConfig,
    image: &Image,
    id: i32,
    cause: Option<&'static str>,
) -> (Vec<Record>, Vec<Event>) {
    let mut changes = Changes::default();
    for topic in image.topics() {
        for (index, partition) in &topic.partitions {
            if partition.isr.contains(&id) || partition.leader == id {
                let mut change = PartitionChange::new(config, image, topic, *index, partition);
                change.cause = cause;
                change.without(id).add_to(&mut changes);
            }
        }
    }
    (changes.records, changes.events)
}

/// Records that give partitions without a leader to a broker that is alive again, where it may.
pub(super) fn with_broker(
    config: &BrokerConfig,
    image: &Image,
    id: i32,
) -> (Vec<Record>, Vec<Event>) {
    leaderless(config, image, |replicas| replicas.contains(&id))
}

/// Records that elect leaders for partitions that have none and whose replicas are asked about.
pub(super) fn leaderless(
    config: &BrokerConfig,
    image: &Image,
    wanted: impl Fn(&[i32]) -> bool,
) -> (Vec<Record>, Vec<Event>) {
    let mut changes = Changes::default();
    for topic in image.topics() {
        for (index, partition) in &topic.partitions {
            if partition.leader == NO_LEADER && wanted(&partition.replicas) {
                PartitionChange::new(config, image, topic, *index, partition).add_to(&mut changes);
            }
        }
    }
    (changes.records, changes.events)
}

/// Records that give leadership back to preferred leaders: the first replica of each partition, if
/// it is alive and in sync.
pub(super) fn preferred(config: &BrokerConfig, image: &Image) -> (Vec<Record>, Vec<Event>) {
    let mut changes = Changes::default();
    for topic in image.topics() {
        for (index, partition) in &topic.partitions {
            if partition.replicas.first() == Some(&partition.leader) {
                continue;
            }
            let mut change = PartitionChange::new(config, image, topic, *index, partition);
            change.election = Election::Preferred;
            change.cause = Some("auto.leader.rebalance.enable");
            change.add_to(&mut changes);
        }
    }
    (changes.records, changes.events)
}
