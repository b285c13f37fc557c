//! Moving replicas from broker to broker (KIP-455): the new ones are added and catch up, then the
//! old ones go. Nothing is moved without the data.

use konbini_protocol::ResponseError::{InvalidReplicaAssignment, NoReassignmentInProgress};
use konbini_trace::Event;

use super::change::{Changes, PartitionChange, difference, list};
use super::{Refusal, topics};
use crate::metadata::{self, Image, PartitionImage};
use crate::node::Node;

/// Begins a move to `target`, or with `None` takes one back that is under way.
pub(crate) fn alter(
    node: &mut Node,
    topic: &str,
    index: i32,
    target: Option<&[i32]>,
) -> Result<(), Refusal> {
    let image = node.working_image();
    let unknown = Refusal::unknown_topic_or_partition;
    let topic = image.topic(topic).ok_or_else(unknown)?;
    let old = topic.partitions.get(&index).ok_or_else(unknown)?;
    let change = PartitionChange::new(&node.config, image, topic, index, old);
    let (change, event) = match target {
        Some(target) => {
            check_target(image, target)?;
            let change = begin(change, old, target);
            (
                change,
                Event::info("reassignment-started").with("to", list(target)),
            )
        }
        None if !old.is_reassigning() => {
            let message = "No reassignment is in progress for the partition.";
            return Err(Refusal::new(NoReassignmentInProgress, message));
        }
        None => {
            let change = take_back(change, old)?;
            (change, Event::info("reassignment-cancelled"))
        }
    };
    let event = event
        .with("topic", topic.name.as_str())
        .with("partition", index);
    let mut changes = Changes::default();
    changes.events.push(event);
    change.add_to(&mut changes);
    metadata::commit(node, changes.records, changes.events);
    Ok(())
}

fn check_target(image: &Image, target: &[i32]) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(InvalidReplicaAssignment, message));
    if target.is_empty() {
        return refuse(
            "The manual partition assignment includes an empty replica list.".to_owned(),
        );
    }
    topics::check_factor(target.len())?;
    for (i, id) in target.iter().enumerate() {
        if !image.brokers.contains_key(id) {
            return refuse(format!(
                "The manual partition assignment includes broker {id}, but no such broker is registered."
            ));
        }
        if target[..i].contains(id) {
            return refuse(format!(
                "The manual partition assignment includes the broker {id} more than once."
            ));
        }
    }
    Ok(())
}

/// From all replicas that there are now, those of a move that is under way included: who is in sync
/// stays until the new ones are.
pub(super) fn begin<'a>(
    change: PartitionChange<'a>,
    old: &PartitionImage,
    target: &[i32],
) -> PartitionChange<'a> {
    let removing = difference(&old.replicas, target);
    let adding = difference(target, &old.replicas);
    let mut replicas = target.to_vec();
    replicas.extend(&removing);
    change.reassign(replicas, removing, adding)
}

fn take_back<'a>(
    change: PartitionChange<'a>,
    old: &PartitionImage,
) -> Result<PartitionChange<'a>, Refusal> {
    let before = difference(&old.replicas, &old.adding);
    let isr = old.isr.iter().copied().filter(|id| before.contains(id));
    let isr: Vec<i32> = isr.collect();
    if isr.is_empty() {
        return Err(Refusal::new(
            InvalidReplicaAssignment,
            "No replica of before is in sync: taking the reassignment back would lose records.",
        ));
    }
    Ok(change.isr(isr).reassign(before, Vec::new(), Vec::new()))
}
