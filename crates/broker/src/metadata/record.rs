//! Records of `__cluster_metadata`, in Apache Kafka's own formats.
//!
//! ```text
//! record value:
//! +--------------------+-----------------+-----------------+------+
//! | frame version = 1  | api key         | version         | body |   all three unsigned varints
//! +--------------------+-----------------+-----------------+------+
//! ```
//! The schemas are those of Kafka's `metadata/src/main/resources/common/metadata/*.json`. All of
//! them are flexible in every version: compact strings and arrays, tagged fields at the end.
//! Written are the versions of metadata.version 4.0; read are all versions up to those. Fields
//! that nothing here uses yet are written as Kafka's defaults and skipped when read.

use bytes::Bytes;
use konbini_protocol::schema::{Reader, SchemaError, TaggedFields, Writer};
use uuid::Uuid;

/// The only frame version there is.
const FRAME_VERSION: u32 = 1;

/// The id that a replica's directory has when nobody assigned one (`DirectoryId.UNASSIGNED`).
const UNASSIGNED_DIRECTORY: Uuid = Uuid::from_u128(0);

const REGISTER_BROKER: u32 = 0;
const UNREGISTER_BROKER: u32 = 1;
const TOPIC: u32 = 2;
const PARTITION: u32 = 3;
const CONFIG: u32 = 4;
const PARTITION_CHANGE: u32 = 5;
const REMOVE_TOPIC: u32 = 9;
const FEATURE_LEVEL: u32 = 12;
const PRODUCER_IDS: u32 = 15;
const BROKER_REGISTRATION_CHANGE: u32 = 17;
const NO_OP: u32 = 20;
/// Where a controller listens. Kafka's own write it; here the configuration says so.
const REGISTER_CONTROLLER: u32 = 27;

/// What `PartitionChangeRecord.Leader` holds when the leader did not change.
const NO_LEADER_CHANGE: i32 = -2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    RegisterBroker(RegisterBrokerRecord),
    UnregisterBroker {
        broker_id: i32,
        broker_epoch: i64,
    },
    Topic {
        name: String,
        id: Uuid,
    },
    Partition(PartitionRecord),
    Config(ConfigRecord),
    PartitionChange(PartitionChangeRecord),
    RemoveTopic {
        id: Uuid,
    },
    FeatureLevel {
        name: String,
        level: i16,
    },
    ProducerIds {
        broker_id: i32,
        broker_epoch: i64,
        next_producer_id: i64,
    },
    BrokerRegistrationChange(BrokerRegistrationChangeRecord),
    NoOp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterBrokerRecord {
    pub broker_id: i32,
    pub incarnation_id: Uuid,
    pub broker_epoch: i64,
    /// The one listener, PLAINTEXT.
    pub host: String,
    pub port: u16,
    pub rack: Option<String>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
    pub log_dirs: Vec<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    pub partition_id: i32,
    pub topic_id: Uuid,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    /// Replicas that a reassignment takes away, and those that it brings (KIP-455).
    pub removing: Vec<i32>,
    pub adding: Vec<i32>,
    pub leader: i32,
    /// See [`PartitionImage::leader_is_recovering`](super::PartitionImage::leader_is_recovering).
    pub leader_is_recovering: bool,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
}

/// `None`: not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionChangeRecord {
    pub partition_id: i32,
    pub topic_id: Uuid,
    pub isr: Option<Vec<i32>>,
    pub leader: Option<i32>,
    pub replicas: Option<Vec<i32>>,
    pub removing: Option<Vec<i32>>,
    pub adding: Option<Vec<i32>>,
    pub leader_is_recovering: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRecord {
    pub resource_type: i8,
    pub resource_name: String,
    pub name: String,
    /// `None` takes the setting back to its default.
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationChangeRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
    /// `None`: not changed.
    pub fenced: Option<bool>,
    /// The broker is shutting down and takes no leadership any more; it never returns to false.
    pub in_controlled_shutdown: bool,
}

/// Why a value is no metadata record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("a metadata record has no value")]
    NoValue,
    #[error("metadata frame version {0} is unknown")]
    FrameVersion(u32),
    #[error("metadata record type {key} version {version} is unknown")]
    Unknown { key: u32, version: u32 },
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl Record {
    /// The value of the record in the log; its key is null.
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::new();
        let (key, version) = self.key_and_version();
        out.unsigned_varint(FRAME_VERSION)
            .unsigned_varint(key)
            .unsigned_varint(version);
        match self {
            Record::RegisterBroker(record) => record.encode(&mut out),
            Record::UnregisterBroker {
                broker_id,
                broker_epoch,
            } => {
                out.i32(*broker_id).i64(*broker_epoch).no_tagged_fields();
            }
            Record::Topic { name, id } => {
                out.compact_string(name).uuid(*id).no_tagged_fields();
            }
            Record::Partition(record) => record.encode(&mut out),
            Record::Config(record) => record.encode(&mut out),
            Record::PartitionChange(record) => record.encode(&mut out),
            Record::RemoveTopic { id } => {
                out.uuid(*id).no_tagged_fields();
            }
            Record::FeatureLevel { name, level } => {
                out.compact_string(name).i16(*level).no_tagged_fields();
            }
            Record::ProducerIds {
                broker_id,
                broker_epoch,
                next_producer_id,
            } => {
                out.i32(*broker_id)
                    .i64(*broker_epoch)
                    .i64(*next_producer_id)
                    .no_tagged_fields();
            }
            Record::BrokerRegistrationChange(record) => record.encode(&mut out),
            Record::NoOp => {
                out.no_tagged_fields();
            }
        }
        out.finish()
    }

    fn key_and_version(&self) -> (u32, u32) {
        match self {
            Record::RegisterBroker(_) => (REGISTER_BROKER, 3),
            Record::UnregisterBroker { .. } => (UNREGISTER_BROKER, 0),
            Record::Topic { .. } => (TOPIC, 0),
            Record::Partition(_) => (PARTITION, 1),
            Record::Config(_) => (CONFIG, 0),
            Record::PartitionChange(_) => (PARTITION_CHANGE, 1),
            Record::RemoveTopic { .. } => (REMOVE_TOPIC, 0),
            Record::FeatureLevel { .. } => (FEATURE_LEVEL, 0),
            Record::ProducerIds { .. } => (PRODUCER_IDS, 0),
            Record::BrokerRegistrationChange(_) => (BROKER_REGISTRATION_CHANGE, 2),
            Record::NoOp => (NO_OP, 0),
        }
    }

    /// Reads the value of a record of the metadata log.
    pub fn decode(value: Option<Bytes>) -> Result<Record, RecordError> {
        let mut input = Reader::new(value.ok_or(RecordError::NoValue)?);
        let frame_version = input.unsigned_varint()?;
        if frame_version != FRAME_VERSION {
            return Err(RecordError::FrameVersion(frame_version));
        }
        let (key, version) = (input.unsigned_varint()?, input.unsigned_varint()?);
        let record = match (key, version) {
            (REGISTER_BROKER, 0..=3) => {
                Record::RegisterBroker(RegisterBrokerRecord::decode(&mut input, version)?)
            }
            (UNREGISTER_BROKER, 0) => Record::UnregisterBroker {
                broker_id: input.i32()?,
                broker_epoch: input.i64()?,
            },
            (TOPIC, 0) => Record::Topic {
                name: input.compact_string()?,
                id: input.uuid()?,
            },
            (PARTITION, 0..=2) => Record::Partition(PartitionRecord::decode(&mut input, version)?),
            (CONFIG, 0) => Record::Config(ConfigRecord::decode(&mut input)?),
            (PARTITION_CHANGE, 0..=2) => {
                Record::PartitionChange(PartitionChangeRecord::decode(&mut input)?)
            }
            (REMOVE_TOPIC, 0) => Record::RemoveTopic { id: input.uuid()? },
            (FEATURE_LEVEL, 0) => Record::FeatureLevel {
                name: input.compact_string()?,
                level: input.i16()?,
            },
            (PRODUCER_IDS, 0) => Record::ProducerIds {
                broker_id: input.i32()?,
                broker_epoch: input.i64()?,
                next_producer_id: input.i64()?,
            },
            (BROKER_REGISTRATION_CHANGE, 0..=2) => Record::BrokerRegistrationChange(
                BrokerRegistrationChangeRecord::decode(&mut input)?,
            ),
            (NO_OP, 0) | (REGISTER_CONTROLLER, 0) => Record::NoOp,
            (key, version) => return Err(RecordError::Unknown { key, version }),
        };
        Ok(record)
    }
}

fn ids(out: &mut Writer, ids: &[i32]) {
    out.compact_array(ids, |out, id| {
        out.i32(*id);
    });
}

fn read_ids(input: &mut Reader) -> Result<Vec<i32>, SchemaError> {
    Ok(input
        .compact_nullable_array(Reader::i32)?
        .unwrap_or_default())
}

impl RegisterBrokerRecord {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.broker_id)
            .bool(false)
            .uuid(self.incarnation_id)
            .i64(self.broker_epoch);
        out.compact_array(&[()], |out, ()| {
            out.compact_string("PLAINTEXT")
                .compact_string(&self.host)
                .u16(self.port);
            out.i16(0).no_tagged_fields();
        });
        // No features besides those that every Kafka 4 has.
        out.compact_array(&[] as &[()], |_, ()| {});
        out.compact_nullable_string(self.rack.as_deref())
            .bool(self.fenced)
            .bool(self.in_controlled_shutdown);
        let mut tagged = TaggedFields::new();
        if !self.log_dirs.is_empty() {
            let mut dirs = Writer::new();
            dirs.compact_array(&self.log_dirs, |out, id| {
                out.uuid(*id);
            });
            tagged.insert(0, dirs.finish());
        }
        out.tagged_fields(&tagged);
    }

    fn decode(input: &mut Reader, version: u32) -> Result<RegisterBrokerRecord, SchemaError> {
        let broker_id = input.i32()?;
        if version >= 2 {
            input.bool()?; // IsMigratingZkBroker
        }
        let incarnation_id = input.uuid()?;
        let broker_epoch = input.i64()?;
        let listeners = input.compact_array(|input| {
            input.compact_string()?;
            let place = (input.compact_string()?, input.u16()?);
            input.i16()?; // security protocol
            input.tagged_fields()?;
            Ok(place)
        })?;
        input.compact_array(|input| {
            input.compact_string()?;
            input.i16()?;
            input.i16()?;
            input.tagged_fields()
        })?;
        let rack = input.compact_nullable_string()?;
        let fenced = input.bool()?;
        let in_controlled_shutdown = version >= 1 && input.bool()?;
        let log_dirs = match input.tagged_fields()?.remove(&0) {
            Some(dirs) => Reader::new(dirs).compact_array(Reader::uuid)?,
            None => Vec::new(),
        };
        let (host, port) = listeners.into_iter().next().unwrap_or_default();
        Ok(RegisterBrokerRecord {
            broker_id,
            incarnation_id,
            broker_epoch,
            host,
            port,
            rack,
            fenced,
            in_controlled_shutdown,
            log_dirs,
        })
    }
}

/// The state of a leader's recovery (KIP-704) as a tag's value: 0 recovered, 1 recovering.
fn recovery_state(is_recovering: bool) -> Bytes {
    let mut value = Writer::new();
    value.i8(is_recovering.into());
    value.finish()
}

/// `None` where nothing is said, or what means no change.
fn read_recovery_state(value: Option<Bytes>) -> Result<Option<bool>, SchemaError> {
    let Some(value) = value else { return Ok(None) };
    let state = Reader::new(value).i8()?;
    Ok((state >= 0).then_some(state == 1))
}

impl PartitionRecord {
    const LEADER_RECOVERY_STATE_TAG: u32 = 0;

    fn encode(&self, out: &mut Writer) {
        out.i32(self.partition_id).uuid(self.topic_id);
        ids(out, &self.replicas);
        ids(out, &self.isr);
        ids(out, &self.removing);
        ids(out, &self.adding);
        out.i32(self.leader)
            .i32(self.leader_epoch)
            .i32(self.partition_epoch);
        out.compact_array(&self.replicas, |out, _| {
            out.uuid(UNASSIGNED_DIRECTORY);
        });
        let mut tagged = TaggedFields::new();
        if self.leader_is_recovering {
            tagged.insert(Self::LEADER_RECOVERY_STATE_TAG, recovery_state(true));
        }
        out.tagged_fields(&tagged);
    }

    fn decode(input: &mut Reader, version: u32) -> Result<PartitionRecord, SchemaError> {
        let partition_id = input.i32()?;
        let topic_id = input.uuid()?;
        let (replicas, isr) = (read_ids(input)?, read_ids(input)?);
        let (removing, adding) = (read_ids(input)?, read_ids(input)?);
        let (leader, leader_epoch, partition_epoch) = (input.i32()?, input.i32()?, input.i32()?);
        if version >= 1 {
            input.compact_array(Reader::uuid)?; // the log directory of each replica
        }
        let mut tagged = input.tagged_fields()?;
        let recovery_state = tagged.remove(&Self::LEADER_RECOVERY_STATE_TAG);
        Ok(PartitionRecord {
            partition_id,
            topic_id,
            replicas,
            isr,
            removing,
            adding,
            leader,
            leader_is_recovering: read_recovery_state(recovery_state)?.unwrap_or_default(),
            leader_epoch,
            partition_epoch,
        })
    }
}

impl ConfigRecord {
    fn encode(&self, out: &mut Writer) {
        out.i8(self.resource_type)
            .compact_string(&self.resource_name);
        out.compact_string(&self.name)
            .compact_nullable_string(self.value.as_deref());
        out.no_tagged_fields();
    }

    fn decode(input: &mut Reader) -> Result<ConfigRecord, SchemaError> {
        Ok(ConfigRecord {
            resource_type: input.i8()?,
            resource_name: input.compact_string()?,
            name: input.compact_string()?,
            value: input.compact_nullable_string()?,
        })
    }
}

impl PartitionChangeRecord {
    const ISR_TAG: u32 = 0;
    const LEADER_TAG: u32 = 1;
    const REPLICAS_TAG: u32 = 2;
    const REMOVING_TAG: u32 = 3;
    const ADDING_TAG: u32 = 4;
    const LEADER_RECOVERY_STATE_TAG: u32 = 5;

    fn encode(&self, out: &mut Writer) {
        out.i32(self.partition_id).uuid(self.topic_id);
        let mut tagged = TaggedFields::new();
        let mut add = |tag: u32, fill: &dyn Fn(&mut Writer)| {
            let mut value = Writer::new();
            fill(&mut value);
            tagged.insert(tag, value.finish());
        };
        if let Some(isr) = &self.isr {
            add(Self::ISR_TAG, &|out| ids(out, isr));
        }
        if let Some(leader) = self.leader {
            add(Self::LEADER_TAG, &|out| {
                out.i32(leader);
            });
        }
        let lists = [
            (Self::REPLICAS_TAG, &self.replicas),
            (Self::REMOVING_TAG, &self.removing),
            (Self::ADDING_TAG, &self.adding),
        ];
        for (tag, list) in lists {
            if let Some(list) = list {
                add(tag, &|out| ids(out, list));
            }
        }
        if let Some(is_recovering) = self.leader_is_recovering {
            tagged.insert(
                Self::LEADER_RECOVERY_STATE_TAG,
                recovery_state(is_recovering),
            );
        }
        out.tagged_fields(&tagged);
    }

    fn decode(input: &mut Reader) -> Result<PartitionChangeRecord, SchemaError> {
        let mut record = PartitionChangeRecord {
            partition_id: input.i32()?,
            topic_id: input.uuid()?,
            ..PartitionChangeRecord::default()
        };
        let mut tagged = input.tagged_fields()?;
        if let Some(isr) = tagged.remove(&Self::ISR_TAG) {
            record.isr = Reader::new(isr).compact_nullable_array(Reader::i32)?;
        }
        if let Some(leader) = tagged.remove(&Self::LEADER_TAG) {
            record.leader = Some(Reader::new(leader).i32()?).filter(|id| *id != NO_LEADER_CHANGE);
        }
        let lists = [
            (Self::REPLICAS_TAG, &mut record.replicas),
            (Self::REMOVING_TAG, &mut record.removing),
            (Self::ADDING_TAG, &mut record.adding),
        ];
        for (tag, list) in lists {
            if let Some(value) = tagged.remove(&tag) {
                *list = Reader::new(value).compact_nullable_array(Reader::i32)?;
            }
        }
        let recovery_state = tagged.remove(&Self::LEADER_RECOVERY_STATE_TAG);
        record.leader_is_recovering = read_recovery_state(recovery_state)?;
        Ok(record)
    }
}

impl BrokerRegistrationChangeRecord {
    const FENCED_TAG: u32 = 0;
    const IN_CONTROLLED_SHUTDOWN_TAG: u32 = 1;

    fn encode(&self, out: &mut Writer) {
        out.i32(self.broker_id).i64(self.broker_epoch);
        let mut tagged = TaggedFields::new();
        if let Some(fenced) = self.fenced {
            let mut value = Writer::new();
            value.i8(if fenced { 1 } else { -1 });
            tagged.insert(Self::FENCED_TAG, value.finish());
        }
        if self.in_controlled_shutdown {
            let mut value = Writer::new();
            value.i8(1);
            tagged.insert(Self::IN_CONTROLLED_SHUTDOWN_TAG, value.finish());
        }
        out.tagged_fields(&tagged);
    }

    fn decode(input: &mut Reader) -> Result<BrokerRegistrationChangeRecord, SchemaError> {
        let (broker_id, broker_epoch) = (input.i32()?, input.i64()?);
        let mut tagged = input.tagged_fields()?;
        let fenced = match tagged.remove(&Self::FENCED_TAG) {
            Some(value) => match Reader::new(value).i8()? {
                0 => None,
                code => Some(code > 0),
            },
            None => None,
        };
        let in_controlled_shutdown = match tagged.remove(&Self::IN_CONTROLLED_SHUTDOWN_TAG) {
            Some(value) => Reader::new(value).i8()? > 0,
            None => false,
        };
        Ok(BrokerRegistrationChangeRecord {
            broker_id,
            broker_epoch,
            fenced,
            in_controlled_shutdown,
        })
    }
}

#[cfg(test)]
mod tests;
