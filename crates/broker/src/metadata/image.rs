//! What the metadata log says when it is replayed up to an offset: brokers, topics, partitions,
//! configs. Every node holds one; only [`Image::apply`] changes it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::record::{
    BrokerRegistrationChangeRecord, ConfigRecord, PartitionChangeRecord, PartitionRecord, Record,
    RegisterBrokerRecord,
};
use crate::node::TopicPartition;

/// The leader of a partition that has none.
pub const NO_LEADER: i32 = -1;

/// A kind of thing that has configs, with Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceType {
    Topic = 2,
    Broker = 4,
    Group = 32,
}

impl ResourceType {
    pub fn from_code(code: i8) -> Option<ResourceType> {
        match code {
            2 => Some(ResourceType::Topic),
            4 => Some(ResourceType::Broker),
            32 => Some(ResourceType::Group),
            _ => None,
        }
    }
}

/// A broker that registered with the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerImage {
    pub id: i32,
    /// Offset of the registration in the metadata log.
    pub epoch: i64,
    pub incarnation: Uuid,
    pub host: String,
    pub port: u16,
    pub rack: Option<String>,
    /// A fenced broker leads nothing and is not shown to clients.
    pub fenced: bool,
    /// It is shutting down: it gives its leaderships away and gets none.
    pub in_controlled_shutdown: bool,
}

/// One partition as the controller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionImage {
    /// Preferred leader first.
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    /// [`NO_LEADER`] when no replica can lead.
    pub leader: i32,
    /// The leader was elected though it was not in sync, and has not said yet that it took over
    /// (KIP-704).
    pub leader_is_recovering: bool,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    /// Replicas that a reassignment takes away, and those that it brings (KIP-455). Both are among
    /// the replicas until it is done.
    pub removing: Vec<i32>,
    pub adding: Vec<i32>,
}

impl PartitionImage {
    /// Whether replicas are on the move.
    pub fn is_reassigning(&self) -> bool {
        !self.removing.is_empty() || !self.adding.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    pub id: Uuid,
    pub name: String,
    pub partitions: BTreeMap<i32, PartitionImage>,
}

/// What one record changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A partition is new or its state changed; the epoch it had before, if any.
    Partition {
        partition: TopicPartition,
        old: Option<PartitionImage>,
    },
    TopicCreated {
        id: Uuid,
    },
    TopicDeleted {
        topic: TopicImage,
    },
    Config {
        resource: ResourceType,
        name: String,
        key: String,
    },
    Broker {
        id: i32,
    },
    Nothing,
}

/// Why a record does not fit the image: the log is damaged or written by something newer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("record for unknown topic {0}")]
    UnknownTopic(Uuid),
    #[error("record for unknown partition {0} of topic {1}")]
    UnknownPartition(i32, String),
    #[error("record for unknown broker {0}")]
    UnknownBroker(i32),
    #[error("unknown resource type {0}")]
    UnknownResource(i8),
}

/// All metadata of the cluster as of one offset of the metadata log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    pub features: BTreeMap<String, i16>,
    pub brokers: BTreeMap<i32, BrokerImage>,
    topics: BTreeMap<Uuid, TopicImage>,
    names: BTreeMap<String, Uuid>,
    configs: BTreeMap<(ResourceType, String), BTreeMap<String, String>>,
    pub next_producer_id: i64,
}

impl Image {
    pub fn topic(&self, name: &str) -> Option<&TopicImage> {
        self.topics.get(self.names.get(name)?)
    }

    pub fn topic_by_id(&self, id: Uuid) -> Option<&TopicImage> {
        self.topics.get(&id)
    }

    /// All topics in the order of their names.
    pub fn topics(&self) -> impl Iterator<Item = &TopicImage> {
        self.names.values().filter_map(|id| self.topics.get(id))
    }

    pub fn topic_count(&self) -> usize {
        self.topics.len()
    }

    pub fn partition_count(&self) -> usize {
        self.topics
            .values()
            .map(|topic| topic.partitions.len())
            .sum()
    }

    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionImage> {
        self.topics
            .get(&partition.topic)?
            .partitions
            .get(&partition.index)
    }

    /// Settings that were given to a resource. The name is empty for the default of all brokers.
    pub fn configs(&self, resource: ResourceType, name: &str) -> Option<&BTreeMap<String, String>> {
        self.configs.get(&(resource, name.to_owned()))
    }

    /// Everything that is set, by resource.
    pub(super) fn all_configs(
        &self,
    ) -> impl Iterator<Item = (&(ResourceType, String), &BTreeMap<String, String>)> {
        self.configs.iter()
    }

    pub fn config(&self, resource: ResourceType, name: &str, key: &str) -> Option<&str> {
        self.configs(resource, name)?.get(key).map(String::as_str)
    }

    /// Brokers that are not fenced, by id.
    pub fn alive(&self) -> impl Iterator<Item = &BrokerImage> {
        self.brokers.values().filter(|broker| !broker.fenced)
    }

    /// Brokers that new partitions may be placed on.
    pub fn active(&self) -> impl Iterator<Item = &BrokerImage> {
        self.alive().filter(|broker| !broker.in_controlled_shutdown)
    }

    pub fn is_alive(&self, id: i32) -> bool {
        self.brokers.get(&id).is_some_and(|broker| !broker.fenced)
    }

    /// Whether a broker may lead and be in sync: alive and not about to go.
    pub fn is_active(&self, id: i32) -> bool {
        let broker = self.brokers.get(&id);
        broker.is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// Applies one record of the log. Nothing is changed when it fails.
    pub fn apply(&mut self, record: &Record) -> Result<Change, ReplayError> {
        match record {
            Record::RegisterBroker(record) => Ok(self.register_broker(record)),
            Record::BrokerRegistrationChange(record) => self.change_broker(record),
            Record::UnregisterBroker { broker_id, .. } => {
                self.brokers.remove(broker_id);
                Ok(Change::Broker { id: *broker_id })
            }
            Record::Topic { name, id } => Ok(self.add_topic(name, *id)),
            Record::Partition(record) => self.add_partition(record),
            Record::PartitionChange(record) => self.change_partition(record),
            Record::RemoveTopic { id } => self.remove_topic(*id),
            Record::Config(record) => self.set_config(record),
            Record::FeatureLevel { name, level } => {
                self.features.insert(name.clone(), *level);
                Ok(Change::Nothing)
            }
            Record::ProducerIds {
                next_producer_id, ..
            } => {
                self.next_producer_id = *next_producer_id;
                Ok(Change::Nothing)
            }
            Record::NoOp => Ok(Change::Nothing),
        }
    }

    fn register_broker(&mut self, record: &RegisterBrokerRecord) -> Change {
        self.brokers.insert(
            record.broker_id,
            BrokerImage {
                id: record.broker_id,
                epoch: record.broker_epoch,
                incarnation: record.incarnation_id,
                host: record.host.clone(),
                port: record.port,
                rack: record.rack.clone(),
                fenced: record.fenced,
                in_controlled_shutdown: record.in_controlled_shutdown,
            },
        );
        Change::Broker {
            id: record.broker_id,
        }
    }

    fn change_broker(
        &mut self,
        record: &BrokerRegistrationChangeRecord,
    ) -> Result<Change, ReplayError> {
        let broker = self
            .brokers
            .get_mut(&record.broker_id)
            .ok_or(ReplayError::UnknownBroker(record.broker_id))?;
        if let Some(fenced) = record.fenced {
            broker.fenced = fenced;
        }
        broker.in_controlled_shutdown |= record.in_controlled_shutdown;
        Ok(Change::Broker {
            id: record.broker_id,
        })
    }

    fn add_topic(&mut self, name: &str, id: Uuid) -> Change {
        self.names.insert(name.to_owned(), id);
        let topic = TopicImage {
            id,
            name: name.to_owned(),
            partitions: BTreeMap::new(),
        };
        self.topics.insert(id, topic);
        Change::TopicCreated { id }
    }

    fn add_partition(&mut self, record: &PartitionRecord) -> Result<Change, ReplayError> {
        let topic = self
            .topics
            .get_mut(&record.topic_id)
            .ok_or(ReplayError::UnknownTopic(record.topic_id))?;
        let image = PartitionImage {
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            leader: record.leader,
            leader_is_recovering: record.leader_is_recovering,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            removing: record.removing.clone(),
            adding: record.adding.clone(),
        };
        let old = topic.partitions.insert(record.partition_id, image);
        let partition = TopicPartition {
            topic: record.topic_id,
            index: record.partition_id,
        };
        Ok(Change::Partition { partition, old })
    }

    /// As Kafka does: a new leader, or none, is a new leader epoch; any change is a new
    /// partition epoch.
    fn change_partition(&mut self, record: &PartitionChangeRecord) -> Result<Change, ReplayError> {
        let topic = self
            .topics
            .get_mut(&record.topic_id)
            .ok_or(ReplayError::UnknownTopic(record.topic_id))?;
        let Some(state) = topic.partitions.get_mut(&record.partition_id) else {
            return Err(ReplayError::UnknownPartition(
                record.partition_id,
                topic.name.clone(),
            ));
        };
        let old = state.clone();
        if let Some(isr) = &record.isr {
            state.isr = isr.clone();
        }
        let lists = [
            (&record.replicas, &mut state.replicas),
            (&record.removing, &mut state.removing),
            (&record.adding, &mut state.adding),
        ];
        for (new, list) in lists {
            if let Some(new) = new {
                list.clone_from(new);
            }
        }
        if let Some(is_recovering) = record.leader_is_recovering {
            state.leader_is_recovering = is_recovering;
        }
        if let Some(leader) = record.leader {
            state.leader = leader;
            state.leader_epoch += 1;
        }
        state.partition_epoch += 1;
        let partition = TopicPartition {
            topic: record.topic_id,
            index: record.partition_id,
        };
        Ok(Change::Partition {
            partition,
            old: Some(old),
        })
    }

    fn remove_topic(&mut self, id: Uuid) -> Result<Change, ReplayError> {
        let topic = self
            .topics
            .remove(&id)
            .ok_or(ReplayError::UnknownTopic(id))?;
        self.names.remove(&topic.name);
        self.configs
            .remove(&(ResourceType::Topic, topic.name.clone()));
        Ok(Change::TopicDeleted { topic })
    }

    fn set_config(&mut self, record: &ConfigRecord) -> Result<Change, ReplayError> {
        let resource = ResourceType::from_code(record.resource_type)
            .ok_or(ReplayError::UnknownResource(record.resource_type))?;
        let place = (resource, record.resource_name.clone());
        match &record.value {
            Some(value) => {
                self.configs
                    .entry(place)
                    .or_default()
                    .insert(record.name.clone(), value.clone());
            }
            None => {
                if let Some(configs) = self.configs.get_mut(&place) {
                    configs.remove(&record.name);
                    if configs.is_empty() {
                        self.configs.remove(&place);
                    }
                }
            }
        }
        Ok(Change::Config {
            resource,
            name: record.resource_name.clone(),
            key: record.name.clone(),
        })
    }
}
