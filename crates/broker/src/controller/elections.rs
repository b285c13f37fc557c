//! Elections that somebody asks for (ElectLeaders, KIP-460), and the balance of preferred leaders
//! that the controller keeps by itself.

use konbini_protocol::ResponseError::{
    self, ElectionNotNeeded, EligibleLeadersNotAvailable, PreferredLeaderNotAvailable,
};

use super::change::{Changes, Election, PartitionChange};
use super::{Refusal, leaders};
use crate::metadata::{self, NO_LEADER};
use crate::node::{Node, TopicPartition};

const MS_PER_SECOND: i64 = 1_000;

/// Elects a leader for one partition: its preferred one, or with `unclean` any that is alive.
pub(crate) fn elect(
    node: &mut Node,
    topic: &str,
    index: i32,
    unclean: bool,
) -> Result<(), Refusal> {
    let image = node.working_image();
    let unknown = Refusal::unknown_topic_or_partition;
    let topic = image.topic(topic).ok_or_else(unknown)?;
    let old = topic.partitions.get(&index).ok_or_else(unknown)?;
    let has_leader = old.leader != NO_LEADER && image.is_alive(old.leader);
    if unclean && has_leader {
        return Err(not_needed(
            "Leader election not needed: the partition has a leader.",
        ));
    }
    if !unclean && old.replicas.first() == Some(&old.leader) {
        return Err(not_needed(
            "Leader election not needed: the preferred leader leads.",
        ));
    }
    let mut change = PartitionChange::new(&node.config, image, topic, index, old);
    change.election = if unclean {
        Election::Unclean
    } else {
        Election::Preferred
    };
    let partition = TopicPartition {
        topic: topic.id,
        index,
    };
    let (before, preferred) = (old.leader, old.replicas.first().copied());
    let mut changes = Changes::default();
    change.add_to(&mut changes);
    metadata::commit(node, changes.records, changes.events);
    let leader = node.working_image().partition(partition).map(|s| s.leader);
    if unclean && leader == Some(before) {
        let message = "No replica of the partition is alive.";
        return Err(Refusal::new(EligibleLeadersNotAvailable, message));
    }
    if !unclean && leader != preferred {
        let message = "The preferred leader is not alive or not in sync.";
        return Err(Refusal::new(PreferredLeaderNotAvailable, message));
    }
    Ok(())
}

fn not_needed(message: &str) -> Refusal {
    Refusal::new(ElectionNotNeeded, message)
}

/// Whether a refusal only says that all is well.
pub(crate) fn is_not_needed(error: ResponseError) -> bool {
    error == ElectionNotNeeded
}

/// Gives leaderships back to preferred leaders, when it is time (`auto.leader.rebalance.enable`).
pub(crate) fn balance(node: &mut Node) {
    let Some(controller) = &mut node.controller else {
        return;
    };
    if controller.balance_at > node.now {
        return;
    }
    let interval = node.setting_number("leader.imbalance.check.interval.seconds");
    let at = node
        .now
        .saturating_add(interval.saturating_mul(MS_PER_SECOND));
    if let Some(controller) = &mut node.controller {
        controller.balance_at = at;
    }
    if node.setting_bool("auto.leader.rebalance.enable") {
        let (records, events) = leaders::preferred(&node.config, node.working_image());
        metadata::commit(node, records, events);
    }
}

pub(crate) fn wake_at(node: &Node) -> Option<i64> {
    node.controller
        .as_ref()
        .map(|controller| controller.balance_at)
}
