//! Records of `__consumer_offsets` in Kafka's own formats.
//!
//! ```text
//! OffsetCommitKey     version i16 (0, 1) | group string | topic string | partition i32
//! OffsetCommitValue   version i16 (0-3)  | offset i64 | leader epoch i32 (3+) | metadata string
//!                     | commit timestamp i64 | expire timestamp i64 (1 only)
//! GroupMetadataKey    version i16 (2)    | group string
//! GroupMetadataValue  version i16 (0-3)  | protocol type string | generation i32
//!                     | protocol string? | leader string? | current state timestamp i64 (2+)
//!                     | members i32 × ( member id string | group instance id string? (3+)
//!                       | client id string | client host string | rebalance timeout i32 (1+)
//!                       | session timeout i32 | subscription bytes | assignment bytes )
//! ```
//! A string has an i16 length, bytes and arrays an i32. Version 4 of both values is flexible: compact
//! lengths, and tagged fields after each struct. Written are key versions 1 and 2 and value version 3
//! (1 for an offset with an expiry of its own), as Apache Kafka 4 does; everything above is read. Records
//! of consumer groups are in [`super::consumer::record`].

use super::consumer::record::ConsumerRecord;
use super::image::{CommittedOffset, GroupMetadata, MemberMetadata};
use bytes::Bytes;
use konbini_protocol::schema::{Reader, SchemaError, Writer};

const OFFSET_KEY: i16 = 1;
const GROUP_KEY: i16 = 2;
const VALUE: i16 = 3;
/// The one version of OffsetCommitValue that has an expire timestamp.
const VALUE_WITH_EXPIRY: i16 = 1;
const FLEXIBLE_VALUE: i16 = 4;

type Result<T> = std::result::Result<T, SchemaError>;

/// One decoded record. No value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Offset {
        group: String,
        topic: String,
        partition: i32,
        value: Option<CommittedOffset>,
    },
    Group {
        group: String,
        value: Option<GroupMetadata>,
    },
    /// A group of the consumer protocol.
    Consumer {
        group: String,
        record: ConsumerRecord,
    },
}

impl Record {
    /// The bytes of key and value.
    pub fn encode(&self) -> (Bytes, Option<Bytes>) {
        let mut key = Writer::new();
        let value = match self {
            Record::Offset {
                group,
                topic,
                partition,
                value,
            } => {
                key.i16(OFFSET_KEY)
                    .string(group)
                    .string(topic)
                    .i32(*partition);
                value.as_ref().map(encode_offset)
            }
            Record::Group { group, value } => {
                key.i16(GROUP_KEY).string(group);
                value.as_ref().map(encode_group)
            }
            Record::Consumer { group, record } => return record.encode(group),
        };
        (key.finish(), value)
    }

    /// Reads one record of the log. `None` is a key of a newer Kafka or of another group type: it
    /// stays in the log and means nothing here.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Record>> {
        let mut key = Reader::new(Bytes::copy_from_slice(key));
        match key.i16()? {
            0 | OFFSET_KEY => Ok(Some(Record::Offset {
                group: key.string()?,
                topic: key.string()?,
                partition: key.i32()?,
                value: value.map(decode_offset).transpose()?,
            })),
            GROUP_KEY => Ok(Some(Record::Group {
                group: key.string()?,
                value: value.map(decode_group).transpose()?,
            })),
            version => {
                let decoded = ConsumerRecord::decode(version, &mut key, value)?;
                Ok(decoded.map(|(group, record)| Record::Consumer { group, record }))
            }
        }
    }
}

fn encode_offset(value: &CommittedOffset) -> Bytes {
    let mut out = Writer::new();
    match value.expire_timestamp {
        None => out.i16(VALUE).i64(value.offset).i32(value.leader_epoch),
        Some(_) => out.i16(VALUE_WITH_EXPIRY).i64(value.offset),
    };
    out.string(&value.metadata).i64(value.commit_timestamp);
    if let Some(expire) = value.expire_timestamp {
        out.i64(expire);
    }
    out.finish()
}

fn encode_group(value: &GroupMetadata) -> Bytes {
    let mut out = Writer::new();
    out.i16(VALUE)
        .string(&value.protocol_type)
        .i32(value.generation)
        .nullable_string(value.protocol.as_deref())
        .nullable_string(value.leader.as_deref())
        .i64(value.current_state_timestamp)
        .array(&value.members, |out, member| {
            out.string(&member.member_id)
                .nullable_string(member.group_instance_id.as_deref())
                .string(&member.client_id)
                .string(&member.client_host)
                .i32(member.rebalance_timeout_ms)
                .i32(member.session_timeout_ms)
                .bytes(&member.subscription)
                .bytes(&member.assignment);
        });
    out.finish()
}

fn decode_offset(value: &[u8]) -> Result<CommittedOffset> {
    let mut value = Fields::open(value)?;
    let offset = value.reader.i64()?;
    let leader_epoch = if value.version >= 3 {
        value.reader.i32()?
    } else {
        -1
    };
    let metadata = value.string()?;
    let commit_timestamp = value.reader.i64()?;
    // -1 in version 1 means "as the broker's retention says".
    let expire = if value.version == VALUE_WITH_EXPIRY {
        value.reader.i64()?
    } else {
        -1
    };
    value.end()?;
    Ok(CommittedOffset {
        offset,
        leader_epoch,
        metadata,
        commit_timestamp,
        expire_timestamp: (expire >= 0).then_some(expire),
    })
}

fn decode_group(value: &[u8]) -> Result<GroupMetadata> {
    let mut value = Fields::open(value)?;
    let protocol_type = value.string()?;
    let generation = value.reader.i32()?;
    let protocol = value.nullable_string()?;
    let leader = value.nullable_string()?;
    let current_state_timestamp = if value.version >= 2 {
        value.reader.i64()?
    } else {
        -1
    };
    let version = value.version;
    let member = |reader: &mut Reader| decode_member(version, reader);
    let members = match value.flexible() {
        true => value.reader.compact_array(member)?,
        false => value.reader.array(member)?,
    };
    value.end()?;
    Ok(GroupMetadata {
        protocol_type,
        generation,
        protocol,
        leader,
        current_state_timestamp,
        members,
    })
}

fn decode_member(version: i16, reader: &mut Reader) -> Result<MemberMetadata> {
    // Fields own their reader; the array lends its own, so it is cloned (a cheap view) and put back.
    let mut value = Fields {
        version,
        reader: reader.clone(),
    };
    let member_id = value.string()?;
    let group_instance_id = if version >= 3 {
        value.nullable_string()?
    } else {
        None
    };
    let client_id = value.string()?;
    let client_host = value.string()?;
    let rebalance_timeout_ms = if version >= 1 {
        Some(value.reader.i32()?)
    } else {
        None
    };
    let session_timeout_ms = value.reader.i32()?;
    let member = MemberMetadata {
        member_id,
        group_instance_id,
        client_id,
        client_host,
        // Before version 1 the session timeout was the rebalance timeout.
        rebalance_timeout_ms: rebalance_timeout_ms.unwrap_or(session_timeout_ms),
        session_timeout_ms,
        subscription: value.bytes()?,
        assignment: value.bytes()?,
    };
    value.end()?;
    *reader = value.reader;
    Ok(member)
}

/// A reader that knows whether its version has compact lengths and tags.
struct Fields {
    version: i16,
    reader: Reader,
}

impl Fields {
    fn open(value: &[u8]) -> Result<Fields> {
        let mut reader = Reader::new(Bytes::copy_from_slice(value));
        let version = reader.i16()?;
        if !(0..=FLEXIBLE_VALUE).contains(&version) {
            return Err(SchemaError {
                position: 0,
                reason: format!("value version {version} is not known"),
            });
        }
        Ok(Fields { version, reader })
    }

    fn flexible(&self) -> bool {
        self.version >= FLEXIBLE_VALUE
    }

    fn string(&mut self) -> Result<String> {
        match self.flexible() {
            true => self.reader.compact_string(),
            false => self.reader.string(),
        }
    }

    fn nullable_string(&mut self) -> Result<Option<String>> {
        match self.flexible() {
            true => self.reader.compact_nullable_string(),
            false => self.reader.nullable_string(),
        }
    }

    fn bytes(&mut self) -> Result<Bytes> {
        match self.flexible() {
            true => self.reader.compact_bytes(),
            false => self.reader.bytes(),
        }
    }

    fn end(&mut self) -> Result<()> {
        if self.flexible() {
            self.reader.tagged_fields()?;
        }
        Ok(())
    }
}
