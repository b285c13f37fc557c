//! Adding partitions to a topic.

use konbini_protocol::ResponseError::{
    InvalidPartitions, InvalidReplicaAssignment, PolicyViolation,
};
use konbini_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use konbini_trace::Event;

use super::topics::{check_assignments, check_partition_count, new_partition, place};
use super::{MAX_PARTITIONS, Refusal};
use crate::metadata::{self, Record};
use crate::node::Node;

/// Raises the number of partitions of a topic to `request.count`.
pub(crate) fn create(
    node: &mut Node,
    request: &CreatePartitionsTopic,
    validate_only: bool,
) -> Result<(), Refusal> {
    let name = request.name.as_str();
    let topic = node.working_image().topic(name);
    let topic = topic.ok_or_else(Refusal::unknown_topic_or_partition)?;
    let (id, current) = (topic.id, topic.partitions.len() as i32);
    let factor = topic
        .partitions
        .values()
        .next()
        .map_or(1, |partition| partition.replicas.len());
    let added = check_count(name, current, request.count)?;
    if node.working_image().partition_count() + added as usize > MAX_PARTITIONS {
        return Err(Refusal::new(
            PolicyViolation,
            format!("A cluster here has at most {MAX_PARTITIONS} partitions."),
        ));
    }
    let lists = match &request.assignments {
        None => place(node, name, current, added, factor)?,
        Some(assignments) => {
            if assignments.len() as i32 != added {
                return Err(Refusal::new(
                    InvalidReplicaAssignment,
                    format!(
                        "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
                        assignments.len()
                    ),
                ));
            }
            let lists: Vec<Vec<i32>> = assignments
                .iter()
                .map(|assignment| assignment.broker_ids.iter().map(|id| id.0).collect())
                .collect();
            check_assignments(node, &lists)?;
            lists
        }
    };
    if validate_only {
        return Ok(());
    }
    let records: Vec<Record> = lists
        .iter()
        .enumerate()
        .map(|(i, list)| new_partition(node, id, current + i as i32, list))
        .collect();
    let event = Event::info("partitions-added")
        .with("topic", name)
        .with("from", current)
        .with("to", request.count);
    metadata::commit(node, records, vec![event]);
    Ok(())
}

fn check_count(name: &str, current: i32, count: i32) -> Result<i32, Refusal> {
    if count == current {
        return Err(Refusal::new(
            InvalidPartitions,
            format!("Topic already has {current} partition(s)."),
        ));
    }
    if count < current {
        return Err(Refusal::new(
            InvalidPartitions,
            format!(
                "The topic {name} currently has {current} partition(s); {count} would not be an increase."
            ),
        ));
    }
    let added = count - current;
    check_partition_count(added)?;
    Ok(added)
}
