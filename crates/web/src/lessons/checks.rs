//! Questions that the lessons' checks ask the snapshot.

use super::Marks;
use super::replicas::{controller, epoch, leader, lost};
use crate::scenario::Snapshot;
use crate::scenario::snapshot::{ConsumerState, ConsumerView, GroupView};
use crate::state::leader_of;

pub const TOPIC: &str = "topic-test";
pub const GROUP: &str = "test-group";
pub const GROUP_2: &str = "test-group2";

pub fn marks(snapshot: &Snapshot) -> Marks {
    let consumers = snapshot.consumers.iter();
    Marks {
        now: snapshot.now,
        boot: snapshot.boot,
        generation: group(snapshot, GROUP).map_or(-1, |g| g.generation),
        committed: committed(snapshot, GROUP),
        consumed: consumers
            .map(|c| (c.spec.name.clone(), c.consumed))
            .collect(),
        log_end: log_end(snapshot),
        high_watermark: high_watermark(snapshot),
        leader: leader(snapshot),
        epoch: epoch(snapshot),
        acked: acked(snapshot),
        lost: lost(snapshot),
        controller: controller(snapshot),
    }
}

pub fn group<'a>(snapshot: &'a Snapshot, id: &str) -> Option<&'a GroupView> {
    snapshot.groups.iter().find(|group| group.id == id)
}

pub fn consumer<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a ConsumerView> {
    snapshot.consumers.iter().find(|c| c.spec.name == name)
}

pub fn acked(snapshot: &Snapshot) -> u64 {
    snapshot
        .producers
        .iter()
        .map(|producer| producer.acked)
        .sum()
}

pub fn log_end(snapshot: &Snapshot) -> i64 {
    leader_of(snapshot, TOPIC, 0).map_or(0, |partition| partition.log_end)
}

pub fn high_watermark(snapshot: &Snapshot) -> i64 {
    leader_of(snapshot, TOPIC, 0).map_or(0, |partition| partition.high_watermark)
}

/// What a group has committed for partition 0, or -1.
pub fn committed(snapshot: &Snapshot, id: &str) -> i64 {
    let offsets = group(snapshot, id).map(|g| g.offsets.iter());
    let mut first = offsets.into_iter().flatten();
    first
        .find(|offset| offset.partition == 0 && offset.topic == TOPIC)
        .map_or(-1, |offset| offset.committed)
}

/// Records of a group's lag, over all partitions.
pub fn lag(snapshot: &Snapshot, id: &str) -> i64 {
    let offsets = group(snapshot, id).map(|g| g.offsets.iter());
    offsets.into_iter().flatten().map(|offset| offset.lag).sum()
}

/// Whether the group is stable with this many members.
pub fn stable(snapshot: &Snapshot, id: &str, members: usize) -> bool {
    group(snapshot, id).is_some_and(|g| g.state == "Stable" && g.members.len() == members)
}

/// Partitions of the topic that a consumer owns.
pub fn owned(snapshot: &Snapshot, name: &str) -> usize {
    consumer(snapshot, name).map_or(0, |consumer| {
        let mine = |p: &&crate::scenario::snapshot::PartitionPosition| p.topic == TOPIC;
        consumer.owned.iter().filter(mine).count()
    })
}

pub fn state(snapshot: &Snapshot, name: &str) -> Option<ConsumerState> {
    consumer(snapshot, name).map(|consumer| consumer.state)
}

/// The position of a consumer in partition 0, or -1.
pub fn position(snapshot: &Snapshot, name: &str) -> i64 {
    let owned = consumer(snapshot, name).map(|c| c.owned.iter());
    let mut first = owned.into_iter().flatten();
    first
        .find(|owned| owned.topic == TOPIC && owned.partition == 0)
        .map_or(-1, |owned| owned.position)
}

/// Members of the group that own nothing, and those that own something.
pub fn hungry_and_fed(snapshot: &Snapshot, id: &str) -> (usize, usize) {
    let Some(group) = group(snapshot, id) else {
        return (0, 0);
    };
    let owns = |member: &&crate::scenario::snapshot::MemberView| {
        member
            .assignment
            .iter()
            .any(|(_, partitions)| !partitions.is_empty())
    };
    let fed = group.members.iter().filter(owns).count();
    (group.members.len() - fed, fed)
}

/// Records that a consumer has handled.
pub fn consumed(snapshot: &Snapshot, name: &str) -> u64 {
    consumer(snapshot, name).map_or(0, |consumer| consumer.consumed)
}
