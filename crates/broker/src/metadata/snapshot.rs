//! The image as records (KIP-630), and what a snapshot changes for a node that loads it.
//!
//! Difference from Apache Kafka: the log directories of brokers, which nothing here uses, are not
//! in it.

use bytes::{Bytes, BytesMut};

use super::{
    Change, ConfigRecord, Image, PartitionRecord, Record, RegisterBrokerRecord, ResourceType,
    batch_of,
};
use crate::node::TopicPartition;

/// Records of one batch of a snapshot, at most.
const BATCH_RECORDS: usize = 1_000;
/// No broker: the next producer id belongs to nobody yet.
const NOBODY: i32 = -1;

/// The whole image as batches of records, in the order in which they can be applied. `now` in ms.
pub(super) fn batches(image: &Image, now: i64) -> Bytes {
    let mut out = BytesMut::new();
    for records in records(image).chunks(BATCH_RECORDS) {
        out.extend_from_slice(&batch_of(records, now));
    }
    out.freeze()
}

fn records(image: &Image) -> Vec<Record> {
    let features = image.features.iter();
    let mut out: Vec<Record> = features
        .map(|(name, level)| Record::FeatureLevel {
            name: name.clone(),
            level: *level,
        })
        .collect();
    out.extend(image.brokers.values().map(|broker| {
        Record::RegisterBroker(RegisterBrokerRecord {
            broker_id: broker.id,
            incarnation_id: broker.incarnation,
            broker_epoch: broker.epoch,
            host: broker.host.clone(),
            port: broker.port,
            rack: broker.rack.clone(),
            fenced: broker.fenced,
            in_controlled_shutdown: broker.in_controlled_shutdown,
            log_dirs: Vec::new(),
        })
    }));
    for topic in image.topics() {
        out.push(Record::Topic {
            name: topic.name.clone(),
            id: topic.id,
        });
        out.extend(topic.partitions.iter().map(|(index, partition)| {
            Record::Partition(PartitionRecord {
                partition_id: *index,
                topic_id: topic.id,
                replicas: partition.replicas.clone(),
                isr: partition.isr.clone(),
                leader: partition.leader,
                leader_is_recovering: partition.leader_is_recovering,
                leader_epoch: partition.leader_epoch,
                partition_epoch: partition.partition_epoch,
                removing: partition.removing.clone(),
                adding: partition.adding.clone(),
            })
        }));
    }
    for ((resource, name), configs) in image.all_configs() {
        out.extend(configs.iter().map(|(key, value)| {
            Record::Config(ConfigRecord {
                resource_type: *resource as i8,
                resource_name: name.clone(),
                name: key.clone(),
                value: Some(value.clone()),
            })
        }));
    }
    out.push(Record::ProducerIds {
        broker_id: NOBODY,
        broker_epoch: i64::from(NOBODY),
        next_producer_id: image.next_producer_id,
    });
    out
}

/// What is different between two images. Settings are left out: they are all applied anew.
pub(super) fn changes(before: &Image, after: &Image) -> Vec<Change> {
    let gone = before
        .topics()
        .filter(|topic| after.topic_by_id(topic.id).is_none());
    let mut out: Vec<Change> = gone
        .map(|topic| Change::TopicDeleted {
            topic: topic.clone(),
        })
        .collect();
    for topic in after.topics() {
        if before.topic_by_id(topic.id).is_none() {
            out.push(Change::TopicCreated { id: topic.id });
        }
        for (index, state) in &topic.partitions {
            let partition = TopicPartition {
                topic: topic.id,
                index: *index,
            };
            let old = before.partition(partition);
            if old != Some(state) {
                let old = old.cloned();
                out.push(Change::Partition { partition, old });
            }
        }
    }
    let changed = after.brokers.values();
    let changed = changed.filter(|broker| before.brokers.get(&broker.id) != Some(broker));
    out.extend(changed.map(|broker| Change::Broker { id: broker.id }));
    out.push(Change::Config {
        resource: ResourceType::Broker,
        name: String::new(),
        key: String::new(),
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_protocol::record::batches as cut;
    use uuid::Uuid;

    fn image() -> Image {
        let topic = Uuid::from_u128(7);
        let config = |resource_type, resource_name: &str| {
            Record::Config(ConfigRecord {
                resource_type,
                resource_name: resource_name.to_owned(),
                name: "retention.ms".to_owned(),
                value: Some("5".to_owned()),
            })
        };
        let records = [
            Record::FeatureLevel {
                name: "metadata.version".to_owned(),
                level: 25,
            },
            Record::RegisterBroker(RegisterBrokerRecord {
                broker_id: 3,
                incarnation_id: Uuid::from_u128(9),
                broker_epoch: 4,
                host: "broker-3".to_owned(),
                port: 9092,
                rack: Some("r".to_owned()),
                fenced: true,
                in_controlled_shutdown: false,
                log_dirs: Vec::new(),
            }),
            Record::Topic {
                name: "parcels".to_owned(),
                id: topic,
            },
            Record::Partition(PartitionRecord {
                partition_id: 0,
                topic_id: topic,
                replicas: vec![3, 1],
                isr: vec![1],
                leader: 1,
                leader_is_recovering: true,
                leader_epoch: 6,
                partition_epoch: 8,
                removing: vec![1],
                adding: vec![3],
            }),
            config(2, "parcels"),
            config(4, ""),
            Record::ProducerIds {
                broker_id: 3,
                broker_epoch: 4,
                next_producer_id: 2_000,
            },
        ];
        let mut image = Image::default();
        for record in &records {
            image.apply(record).unwrap();
        }
        image
    }

    #[test]
    fn an_image_comes_back_from_its_snapshot() {
        let before = image();
        let mut after = Image::default();
        for batch in cut(batches(&before, 1)) {
            for record in super::super::records_of(&batch.unwrap(), 0).unwrap() {
                after.apply(&record).unwrap();
            }
        }
        assert_eq!(after, before);
    }

    #[test]
    fn changes_between_images() {
        let (empty, full) = (Image::default(), image());
        let kinds = |before: &Image, after: &Image| {
            let each = changes(before, after)
                .into_iter()
                .map(|change| match change {
                    Change::TopicCreated { .. } => "created",
                    Change::TopicDeleted { .. } => "deleted",
                    Change::Partition { .. } => "partition",
                    Change::Config { .. } => "config",
                    Change::Broker { .. } => "broker",
                    Change::Nothing => "nothing",
                });
            each.collect::<Vec<_>>()
        };
        assert_eq!(
            kinds(&empty, &full),
            ["created", "partition", "broker", "config"]
        );
        assert_eq!(kinds(&full, &empty), ["deleted", "config"]);
        assert_eq!(kinds(&full, &full), ["config"]);
    }
}
