//! Creating and deleting topics.

use konbini_log::config::definition;
use konbini_protocol::ResponseError::{
    self, InvalidConfig, InvalidPartitions, InvalidReplicaAssignment, InvalidReplicationFactor,
    InvalidRequest, InvalidTopicException, PolicyViolation, TopicAlreadyExists,
};
use konbini_protocol::messages::create_topics_request::CreatableTopic;
use konbini_trace::Event;
use uuid::Uuid;

use super::{MAX_PARTITIONS, MAX_TOPICS, Refusal, placement, topic_names};
use crate::metadata::{self, ConfigRecord, METADATA_TOPIC, PartitionRecord, Record, ResourceType};
use crate::node::Node;
use crate::settings::MAX_VALUE_BYTES;

/// Most replicas of a partition.
pub(crate) const MAX_REPLICATION_FACTOR: usize = 5;

/// A topic that was created, or would be.
#[derive(Debug)]
pub(crate) struct Created {
    pub id: Uuid,
    pub partitions: i32,
    pub replication_factor: i16,
    /// What the request set.
    pub configs: Vec<(String, String)>,
}

/// Creates a topic. With `validate_only` nothing is written and the id is nil.
pub(crate) fn create(
    node: &mut Node,
    topic: &CreatableTopic,
    validate_only: bool,
) -> Result<Created, Refusal> {
    let name = topic.name.as_str();
    check_name(node, name)?;
    let configs = check_configs(topic)?;
    let replicas = assign(node, topic)?;
    if node.working_image().topic_count() >= MAX_TOPICS
        || node.working_image().partition_count() + replicas.len() > MAX_PARTITIONS
    {
        return Err(Refusal::new(
            PolicyViolation,
            format!(
                "A cluster here has at most {MAX_TOPICS} topics and {MAX_PARTITIONS} partitions."
            ),
        ));
    }
    let created = Created {
        id: node.rng.uuid(),
        partitions: replicas.len() as i32,
        replication_factor: replicas.first().map_or(-1, |list| list.len() as i16),
        configs,
    };
    if !validate_only {
        let records = records(node, name, &created, &replicas);
        let event = Event::info("topic-created")
            .with("topic", name)
            .with("partitions", created.partitions)
            .with("replication-factor", i32::from(created.replication_factor));
        metadata::commit(node, records, vec![event]);
    }
    Ok(created)
}

fn check_name(node: &Node, name: &str) -> Result<(), Refusal> {
    topic_names::check(name).map_err(|message| Refusal::new(InvalidTopicException, message))?;
    if name == METADATA_TOPIC {
        return Err(Refusal::new(
            InvalidRequest,
            "The metadata topic belongs to the controllers.",
        ));
    }
    if node.working_image().topic(name).is_some() {
        return Err(Refusal::new(
            TopicAlreadyExists,
            format!("Topic '{name}' already exists."),
        ));
    }
    let other = node
        .working_image()
        .topics()
        .find(|other| topic_names::collide(&other.name, name));
    match other {
        Some(other) => Err(Refusal::new(
            InvalidTopicException,
            format!(
                "Topic '{name}' collides with existing topic: {}",
                other.name
            ),
        )),
        None => Ok(()),
    }
}

fn check_configs(topic: &CreatableTopic) -> Result<Vec<(String, String)>, Refusal> {
    let mut configs: Vec<(String, String)> = Vec::new();
    for config in &topic.configs {
        let name = config.name.as_str();
        let Some(value) = &config.value else {
            return Err(Refusal::new(
                InvalidConfig,
                format!("Null value not supported for topic configs: {name}"),
            ));
        };
        check_config(name, value)?;
        if configs.iter().any(|(other, _)| other == name) {
            return Err(Refusal::new(
                InvalidRequest,
                format!("Config {name} is given twice."),
            ));
        }
        configs.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(configs)
}

/// Whether a topic's setting exists and can have this value.
pub(super) fn check_config(name: &str, value: &str) -> Result<(), Refusal> {
    let Some(def) = definition(name) else {
        return Err(Refusal::new(
            InvalidConfig,
            format!("Unknown topic config name: {name}"),
        ));
    };
    if value.len() > MAX_VALUE_BYTES {
        let message = format!("The value of {name} is longer than {MAX_VALUE_BYTES} bytes.");
        return Err(Refusal::new(InvalidConfig, message));
    }
    match def.parse(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::new(InvalidConfig, error.to_string())),
    }
}

/// The replicas of each partition: as the request says, or placed.
fn assign(node: &Node, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, Refusal> {
    if !topic.assignments.is_empty() {
        return assign_manually(node, topic);
    }
    let factor = match topic.replication_factor {
        -1 => node.setting_number("default.replication.factor"),
        factor if factor >= 1 => i64::from(factor),
        _ => {
            return Err(Refusal::new(
                InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.",
            ));
        }
    };
    let count = match topic.num_partitions {
        -1 => node.setting_number("num.partitions") as i32,
        count if count >= 1 => count,
        _ => {
            return Err(Refusal::new(
                InvalidPartitions,
                "Number of partitions was set to an invalid non-positive value.",
            ));
        }
    };
    check_partition_count(count)?;
    place(node, topic.name.as_str(), 0, count, factor as usize)
}

pub(super) fn check_partition_count(count: i32) -> Result<(), Refusal> {
    if count as usize > super::MAX_PARTITIONS_PER_REQUEST {
        return Err(Refusal::new(
            PolicyViolation,
            format!(
                "{count} partitions are more than the {} that one request may create.",
                super::MAX_PARTITIONS_PER_REQUEST
            ),
        ));
    }
    Ok(())
}

/// Places new partitions on brokers that are alive.
pub(super) fn place(
    node: &Node,
    topic: &str,
    first: i32,
    count: i32,
    factor: usize,
) -> Result<Vec<Vec<i32>>, Refusal> {
    check_factor(factor)?;
    let alive = node.working_image().active().count();
    if alive < factor {
        return Err(Refusal::new(
            InvalidReplicationFactor,
            format!(
                "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} cannot be reached because only {alive} broker(s) are registered."
            ),
        ));
    }
    Ok(placement::place(
        node.working_image(),
        node.config.seed,
        topic,
        first,
        count,
        factor,
    ))
}

pub(super) fn check_factor(factor: usize) -> Result<(), Refusal> {
    if factor > MAX_REPLICATION_FACTOR {
        return Err(Refusal::new(
            InvalidReplicationFactor,
            format!(
                "Replication factor {factor} is more than the {MAX_REPLICATION_FACTOR} that a partition may have here."
            ),
        ));
    }
    Ok(())
}

fn assign_manually(node: &Node, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, Refusal> {
    if topic.replication_factor != -1 {
        return Err(Refusal::new(
            InvalidRequest,
            "A manual partition assignment was specified, but replication factor was not set to -1.",
        ));
    }
    if topic.num_partitions != -1 {
        return Err(Refusal::new(
            InvalidRequest,
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        ));
    }
    check_partition_count(topic.assignments.len() as i32)?;
    let mut sorted: Vec<_> = topic.assignments.iter().collect();
    sorted.sort_by_key(|assignment| assignment.partition_index);
    let consecutive = sorted
        .iter()
        .enumerate()
        .all(|(i, assignment)| assignment.partition_index == i as i32);
    if !consecutive {
        return Err(Refusal::new(
            InvalidReplicaAssignment,
            "partitions should be a consecutive 0-based integer sequence",
        ));
    }
    let lists: Vec<Vec<i32>> = sorted
        .iter()
        .map(|assignment| assignment.broker_ids.iter().map(|id| id.0).collect())
        .collect();
    check_assignments(node, &lists)?;
    Ok(lists)
}

/// Checks replica lists that a request names itself.
pub(super) fn check_assignments(node: &Node, lists: &[Vec<i32>]) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(InvalidReplicaAssignment, message));
    for list in lists {
        if list.is_empty() {
            return refuse(
                "The manual partition assignment includes an empty replica list.".to_owned(),
            );
        }
        if list.len() != lists[0].len() {
            return refuse(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous partitions, which have {} replica(s).",
                list.len(),
                lists[0].len()
            ));
        }
        for (i, id) in list.iter().enumerate() {
            if !node.working_image().brokers.contains_key(id) {
                return refuse(format!(
                    "The manual partition assignment includes broker {id}, but no such broker is registered."
                ));
            }
            if list[..i].contains(id) {
                return refuse(format!(
                    "The manual partition assignment includes the broker {id} more than once."
                ));
            }
        }
        check_factor(list.len())?;
        if !list.iter().any(|id| node.working_image().is_active(*id)) {
            return refuse(
                "All brokers specified in the manual partition assignment for a partition are fenced or in controlled shutdown.".to_owned(),
            );
        }
    }
    Ok(())
}

fn records(node: &Node, name: &str, created: &Created, replicas: &[Vec<i32>]) -> Vec<Record> {
    let mut records = vec![Record::Topic {
        name: name.to_owned(),
        id: created.id,
    }];
    records.extend(created.configs.iter().map(|(key, value)| {
        Record::Config(ConfigRecord {
            resource_type: ResourceType::Topic as i8,
            resource_name: name.to_owned(),
            name: key.clone(),
            value: Some(value.clone()),
        })
    }));
    records.extend(
        replicas
            .iter()
            .enumerate()
            .map(|(index, list)| new_partition(node, created.id, index as i32, list)),
    );
    records
}

/// A new partition: led by its first replica that is alive, in sync are those that are alive.
pub(super) fn new_partition(node: &Node, topic: Uuid, index: i32, replicas: &[i32]) -> Record {
    let isr: Vec<i32> = replicas
        .iter()
        .copied()
        .filter(|id| node.working_image().is_active(*id))
        .collect();
    Record::Partition(PartitionRecord {
        partition_id: index,
        topic_id: topic,
        replicas: replicas.to_vec(),
        leader: isr[0],
        leader_is_recovering: false,
        isr,
        leader_epoch: 0,
        partition_epoch: 0,
        removing: Vec::new(),
        adding: Vec::new(),
    })
}

/// Deletes a topic; its logs go when the brokers hear of it.
pub(crate) fn delete(node: &mut Node, id: Uuid) -> Result<(), ResponseError> {
    let Some(topic) = node.working_image().topic_by_id(id) else {
        return Err(ResponseError::UnknownTopicId);
    };
    let event = Event::info("topic-deleted").with("topic", topic.name.as_str());
    metadata::commit(node, vec![Record::RemoveTopic { id }], vec![event]);
    Ok(())
}
