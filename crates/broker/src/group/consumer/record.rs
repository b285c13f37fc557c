//! Records of consumer groups in Kafka's own formats.
//!
//! ```text
//! key version
//!  3  ConsumerGroupMetadata                 group | epoch i32
//!  4  ConsumerGroupPartitionMetadata        group | topics × ( id uuid | name | partitions i32 | racks × … )
//!  5  ConsumerGroupMemberMetadata           group, member | instance? | rack? | client id | client host
//!                                           | topics × name | regex? | rebalance timeout i32 | assignor?
//!                                           | tag 0: session timeout i32, protocols × ( name | metadata )
//!  6  ConsumerGroupTargetAssignmentMetadata group | epoch i32
//!  7  ConsumerGroupTargetAssignmentMember   group, member | topics × ( id uuid | partitions × i32 )
//!  8  ConsumerGroupCurrentMemberAssignment  group, member | epoch i32 | previous epoch i32 | state i8
//!                                           | assigned × ( id | partitions ) | revoking × ( id | partitions )
//! 16  ConsumerGroupRegularExpression        group, expression | topics × name | version i64 | timestamp i64
//! ```
//! Keys are plain, with i16 lengths; values begin with version 0 and are flexible. The formats are those
//! of Apache Kafka 4.0. From 4.1 on Kafka writes a hash of the topics into ConsumerGroupMetadata in place
//! of ConsumerGroupPartitionMetadata (KIP-1101); it reads both, and so does this (the hash means
//! nothing here).

use super::{
    ClassicMember, CurrentAssignment, MemberMetadata, MemberState, Partitions, ResolvedRegex,
    TopicMetadata,
};
use bytes::Bytes;
use konbini_protocol::schema::{Reader, SchemaError, TaggedFields, Writer};
use std::collections::BTreeMap;
use uuid::Uuid;

const GROUP: i16 = 3;
const TOPICS: i16 = 4;
const MEMBER: i16 = 5;
const TARGET_EPOCH: i16 = 6;
const TARGET: i16 = 7;
const CURRENT: i16 = 8;
const REGEX: i16 = 16;
const VALUE: i16 = 0;
/// The tag of what a member of the classic protocol brought.
const CLASSIC: u32 = 0;

type Result<T> = std::result::Result<T, SchemaError>;

/// One decoded record of a consumer group. No value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerRecord {
    /// The group epoch. Its tombstone ends the group.
    Group(Option<i32>),
    Topics(Option<BTreeMap<String, TopicMetadata>>),
    Member {
        member: String,
        value: Option<MemberMetadata>,
    },
    TargetEpoch(Option<i32>),
    Target {
        member: String,
        value: Option<Partitions>,
    },
    Current {
        member: String,
        value: Option<CurrentAssignment>,
    },
    Regex {
        regex: String,
        value: Option<ResolvedRegex>,
    },
}

impl ConsumerRecord {
    pub fn is_tombstone(&self) -> bool {
        match self {
            ConsumerRecord::Group(epoch) | ConsumerRecord::TargetEpoch(epoch) => epoch.is_none(),
            ConsumerRecord::Topics(topics) => topics.is_none(),
            ConsumerRecord::Member { value, .. } => value.is_none(),
            ConsumerRecord::Target { value, .. } => value.is_none(),
            ConsumerRecord::Current { value, .. } => value.is_none(),
            ConsumerRecord::Regex { value, .. } => value.is_none(),
        }
    }

    /// The bytes of key and value.
    pub fn encode(&self, group: &str) -> (Bytes, Option<Bytes>) {
        let key = |version: i16, second: Option<&str>| {
            let mut key = Writer::new();
            key.i16(version).string(group);
            if let Some(second) = second {
                key.string(second);
            }
            key.finish()
        };
        match self {
            ConsumerRecord::Group(epoch) => (key(GROUP, None), epoch.map(encode_epoch)),
            ConsumerRecord::Topics(topics) => {
                (key(TOPICS, None), topics.as_ref().map(encode_topics))
            }
            ConsumerRecord::Member { member, value } => {
                (key(MEMBER, Some(member)), value.as_ref().map(encode_member))
            }
            ConsumerRecord::TargetEpoch(epoch) => {
                (key(TARGET_EPOCH, None), epoch.map(encode_epoch))
            }
            ConsumerRecord::Target { member, value } => {
                (key(TARGET, Some(member)), value.as_ref().map(encode_target))
            }
            ConsumerRecord::Current { member, value } => (
                key(CURRENT, Some(member)),
                value.as_ref().map(encode_current),
            ),
            ConsumerRecord::Regex { regex, value } => {
                (key(REGEX, Some(regex)), value.as_ref().map(encode_regex))
            }
        }
    }

    /// Reads what follows the version of a key, and the value: the group and its record. `None` is a
    /// key of another kind.
    pub fn decode(
        version: i16,
        key: &mut Reader,
        value: Option<&[u8]>,
    ) -> Result<Option<(String, ConsumerRecord)>> {
        if !matches!(version, GROUP..=CURRENT | REGEX) {
            return Ok(None);
        }
        let group = key.string()?;
        let second = match version {
            MEMBER | TARGET | CURRENT | REGEX => key.string()?,
            _ => String::new(),
        };
        let mut reader = value.map(open).transpose()?;
        let value = reader.as_mut();
        let record = match version {
            GROUP => ConsumerRecord::Group(value.map(Reader::i32).transpose()?),
            TOPICS => ConsumerRecord::Topics(value.map(decode_topics).transpose()?),
            MEMBER => ConsumerRecord::Member {
                member: second,
                value: value.map(decode_member).transpose()?,
            },
            TARGET_EPOCH => ConsumerRecord::TargetEpoch(value.map(Reader::i32).transpose()?),
            TARGET => ConsumerRecord::Target {
                member: second,
                value: value.map(decode_partitions).transpose()?,
            },
            CURRENT => ConsumerRecord::Current {
                member: second,
                value: value.map(decode_current).transpose()?,
            },
            _ => ConsumerRecord::Regex {
                regex: second,
                value: value.map(decode_regex).transpose()?,
            },
        };
        if let Some(mut reader) = reader {
            // A member's own tag is read with the member.
            if version != MEMBER {
                reader.tagged_fields()?;
            }
        }
        Ok(Some((group, record)))
    }
}

fn open(value: &[u8]) -> Result<Reader> {
    let mut reader = Reader::new(Bytes::copy_from_slice(value));
    match reader.i16()? {
        VALUE => Ok(reader),
        version => Err(SchemaError {
            position: 0,
            reason: format!("value version {version} is not known"),
        }),
    }
}

fn value() -> Writer {
    let mut out = Writer::new();
    out.i16(VALUE);
    out
}

fn encode_epoch(epoch: i32) -> Bytes {
    let mut out = value();
    out.i32(epoch).no_tagged_fields();
    out.finish()
}

fn encode_topics(topics: &BTreeMap<String, TopicMetadata>) -> Bytes {
    let mut out = value();
    let topics: Vec<_> = topics.iter().collect();
    out.compact_array(&topics, |out, (name, topic)| {
        // Racks are not looked at: an empty list says so.
        out.uuid(topic.id)
            .compact_string(name)
            .i32(topic.partitions)
            .compact_array::<()>(&[], |_, ()| {})
            .no_tagged_fields();
    })
    .no_tagged_fields();
    out.finish()
}

fn decode_topics(value: &mut Reader) -> Result<BTreeMap<String, TopicMetadata>> {
    let topics = value.compact_array(|value| {
        let id = value.uuid()?;
        let name = value.compact_string()?;
        let partitions = value.i32()?;
        value.compact_array(|value| {
            value.i32()?;
            value.compact_array(Reader::compact_string)?;
            value.tagged_fields()
        })?;
        value.tagged_fields()?;
        Ok((name, TopicMetadata { id, partitions }))
    })?;
    Ok(topics.into_iter().collect())
}

fn encode_member(member: &MemberMetadata) -> Bytes {
    let mut out = value();
    let topics: Vec<&String> = member.topics.iter().collect();
    out.compact_nullable_string(member.instance_id.as_deref())
        .compact_nullable_string(member.rack_id.as_deref())
        .compact_string(&member.client_id)
        .compact_string(&member.client_host)
        .compact_array(&topics, |out, name| _ = out.compact_string(name))
        .compact_nullable_string(member.regex.as_deref())
        .i32(member.rebalance_timeout_ms)
        .compact_nullable_string(member.assignor.as_deref());
    let mut tags = TaggedFields::new();
    if let Some(classic) = &member.classic {
        tags.insert(CLASSIC, encode_classic(classic));
    }
    out.tagged_fields(&tags);
    out.finish()
}

/// A nullable structure: one byte says that it is there.
fn encode_classic(classic: &ClassicMember) -> Bytes {
    let mut out = Writer::new();
    out.i8(1)
        .i32(classic.session_timeout_ms)
        .compact_array(&classic.protocols, |out, (name, metadata)| {
            out.compact_string(name)
                .compact_bytes(metadata)
                .no_tagged_fields();
        })
        .no_tagged_fields();
    out.finish()
}

fn decode_member(value: &mut Reader) -> Result<MemberMetadata> {
    let mut member = MemberMetadata {
        instance_id: value.compact_nullable_string()?,
        rack_id: value.compact_nullable_string()?,
        client_id: value.compact_string()?,
        client_host: value.compact_string()?,
        topics: value
            .compact_array(Reader::compact_string)?
            .into_iter()
            .collect(),
        regex: value
            .compact_nullable_string()?
            .filter(|regex| !regex.is_empty()),
        rebalance_timeout_ms: value.i32()?,
        assignor: value.compact_nullable_string()?,
        classic: None,
    };
    if let Some(classic) = value.tagged_fields()?.remove(&CLASSIC) {
        member.classic = decode_classic(classic)?;
    }
    Ok(member)
}

fn decode_classic(bytes: Bytes) -> Result<Option<ClassicMember>> {
    let mut value = Reader::new(bytes);
    if value.i8()? < 0 {
        return Ok(None);
    }
    let classic = ClassicMember {
        session_timeout_ms: value.i32()?,
        protocols: value.compact_array(|value| {
            let protocol = (value.compact_string()?, value.compact_bytes()?);
            value.tagged_fields()?;
            Ok(protocol)
        })?,
    };
    value.tagged_fields()?;
    Ok(Some(classic))
}

fn encode_target(partitions: &Partitions) -> Bytes {
    let mut out = value();
    put_partitions(&mut out, partitions);
    out.no_tagged_fields();
    out.finish()
}

fn encode_current(current: &CurrentAssignment) -> Bytes {
    let mut out = value();
    out.i32(current.epoch)
        .i32(current.previous_epoch)
        .i8(current.state as i8);
    put_partitions(&mut out, &current.assigned);
    put_partitions(&mut out, &current.revoking);
    out.no_tagged_fields();
    out.finish()
}

fn decode_current(value: &mut Reader) -> Result<CurrentAssignment> {
    let (epoch, previous_epoch, code) = (value.i32()?, value.i32()?, value.i8()?);
    let Some(state) = MemberState::from_code(code) else {
        return Err(SchemaError {
            position: value.position(),
            reason: format!("member state {code} is not known"),
        });
    };
    Ok(CurrentAssignment {
        epoch,
        previous_epoch,
        state,
        assigned: decode_partitions(value)?,
        revoking: decode_partitions(value)?,
    })
}

fn put_partitions(out: &mut Writer, partitions: &Partitions) {
    let topics: Vec<(Uuid, Vec<i32>)> = by_topic(partitions).into_iter().collect();
    out.compact_array(&topics, |out, (id, partitions)| {
        out.uuid(*id)
            .compact_array(partitions, |out, partition| _ = out.i32(*partition))
            .no_tagged_fields();
    });
}

/// Partitions as answers and records list them.
pub fn by_topic(partitions: &Partitions) -> BTreeMap<Uuid, Vec<i32>> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(*topic).or_default().push(*partition);
    }
    topics
}

fn decode_partitions(value: &mut Reader) -> Result<Partitions> {
    let topics = value.compact_array(|value| {
        let id = value.uuid()?;
        let partitions = value.compact_array(Reader::i32)?;
        value.tagged_fields()?;
        Ok((id, partitions))
    })?;
    let each = topics.into_iter().flat_map(|(id, partitions)| {
        let partitions = partitions.into_iter();
        partitions.map(move |partition| (id, partition))
    });
    Ok(each.collect())
}

fn encode_regex(resolved: &ResolvedRegex) -> Bytes {
    let mut out = value();
    let topics: Vec<&String> = resolved.topics.iter().collect();
    out.compact_array(&topics, |out, name| _ = out.compact_string(name))
        .i64(resolved.version)
        .i64(resolved.timestamp)
        .no_tagged_fields();
    out.finish()
}

fn decode_regex(value: &mut Reader) -> Result<ResolvedRegex> {
    Ok(ResolvedRegex {
        topics: value
            .compact_array(Reader::compact_string)?
            .into_iter()
            .collect(),
        version: value.i64()?,
        timestamp: value.i64()?,
    })
}

#[cfg(test)]
mod tests;
