//! Questions that several views ask the snapshot.

use crate::scenario::Snapshot;
use crate::scenario::snapshot::{PartitionView, ReplicaView, TopicView};

pub fn topic_of<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a TopicView> {
    snapshot.topics.iter().find(|topic| topic.name == name)
}

/// A partition, as its leader and the controller have it.
pub fn leader_of<'a>(
    snapshot: &'a Snapshot,
    topic: &str,
    partition: i32,
) -> Option<&'a PartitionView> {
    let view = topic_of(snapshot, topic)?;
    view.partitions.iter().find(|p| p.partition == partition)
}

/// A broker's own log of a partition; none while the broker is down.
pub fn replica_of(partition: &PartitionView, broker: i32) -> Option<&ReplicaView> {
    partition.logs.iter().find(|log| log.broker == broker)
}

/// Whether a broker is in a partition's ISR; not known before the quorum says what is committed.
pub fn in_sync(partition: &PartitionView, broker: i32) -> Option<bool> {
    let known = partition.leader_epoch >= 0;
    known.then(|| partition.isr.contains(&broker))
}

/// Partitions that a broker leads and those that it follows in, internal topics not counted.
pub fn places_of(snapshot: &Snapshot, broker: i32) -> (usize, usize) {
    let topics = snapshot.topics.iter().filter(|topic| !topic.internal);
    let here = topics
        .flat_map(|topic| &topic.partitions)
        .filter(|partition| partition.replicas.contains(&broker));
    here.fold((0, 0), |(leads, follows), partition| {
        if partition.leader == broker {
            (leads + 1, follows)
        } else {
            (leads, follows + 1)
        }
    })
}

/// Topics that the stage shows, in name order.
pub fn visible_topics(snapshot: &Snapshot, internal: bool) -> Vec<&TopicView> {
    let shown = |topic: &&TopicView| internal || !topic.internal;
    let mut topics: Vec<&TopicView> = snapshot.topics.iter().filter(shown).collect();
    topics.sort_by(|a, b| (a.internal, &a.name).cmp(&(b.internal, &b.name)));
    topics
}

/// The colour index of a group: its place among all groups.
pub fn group_colour(snapshot: &Snapshot, group: &str) -> usize {
    let place = snapshot.groups.iter().position(|g| g.id == group);
    place.unwrap_or(snapshot.groups.len())
}

/// Committed offsets of a partition, each with the colour index of its group.
pub fn committed_by_group(snapshot: &Snapshot, topic: &str, partition: i32) -> Vec<(usize, i64)> {
    let groups = snapshot.groups.iter().enumerate();
    groups
        .filter_map(|(colour, group)| {
            let found = group.offsets.iter().find(|offset| {
                offset.partition == partition && offset.topic == topic && offset.committed >= 0
            });
            found.map(|offset| (colour, offset.committed))
        })
        .collect()
}
