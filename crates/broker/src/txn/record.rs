//! Records of `__transaction_state` in Kafka's own formats.
//!
//! ```text
//! TransactionLogKey    version i16 (0)   | transactional id string
//! TransactionLogValue  version i16 (0)   | producer id i64 | producer epoch i16 | timeout ms i32
//!                      | state i8 | partitions i32? × ( topic string | partition ids i32 × i32 )
//!                      | last update timestamp i64 | start timestamp i64
//! ```
//! Version 1 of the value is flexible: compact lengths, tagged fields after each struct. Tag 0 is the
//! previous producer id, 1 the next one, 2 the client's transaction version. Version 1 is written, as
//! Apache Kafka does from `transaction.version` 1 on; both are read.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use konbini_protocol::schema::{Reader, SchemaError, TaggedFields, Writer};

use super::state::{NO_EPOCH, NO_PRODUCER_ID, State, Transaction};

const KEY: i16 = 0;
const VALUE: i16 = 1;
const PREVIOUS_PRODUCER_ID: u32 = 0;
const NEXT_PRODUCER_ID: u32 = 1;
const CLIENT_VERSION: u32 = 2;

type Result<T> = std::result::Result<T, SchemaError>;

/// One decoded record. No value is a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub transactional_id: String,
    pub value: Option<Transaction>,
}

impl Record {
    /// The bytes of key and value.
    pub fn encode(&self) -> (Bytes, Option<Bytes>) {
        let mut key = Writer::new();
        key.i16(KEY).string(&self.transactional_id);
        (key.finish(), self.value.as_ref().map(encode_value))
    }

    /// Reads one record of the log. `None` is a key of a newer Kafka: it means nothing here.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Record>> {
        let mut key = Reader::new(Bytes::copy_from_slice(key));
        if key.i16()? != KEY {
            return Ok(None);
        }
        Ok(Some(Record {
            transactional_id: key.string()?,
            value: value.map(decode_value).transpose()?,
        }))
    }
}

/// Partition ids by topic, as values list them.
pub fn by_topic(partitions: &BTreeSet<(String, i32)>) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    topics
}

fn encode_value(value: &Transaction) -> Bytes {
    let mut out = Writer::new();
    out.i16(VALUE)
        .i64(value.producer_id)
        .i16(value.epoch)
        .i32(value.timeout_ms)
        .i8(value.state as i8);
    if value.state == State::Empty {
        out.compact_null_array();
    } else {
        let topics: Vec<_> = by_topic(&value.partitions).into_iter().collect();
        out.compact_array(&topics, |out, (topic, ids)| {
            out.compact_string(topic)
                .compact_array(ids, |out, id| {
                    out.i32(*id);
                })
                .no_tagged_fields();
        });
    }
    out.i64(value.updated_ms).i64(value.start_ms);
    let mut tags = TaggedFields::new();
    let ids = [
        (PREVIOUS_PRODUCER_ID, value.previous_producer_id),
        (NEXT_PRODUCER_ID, value.next_producer_id),
    ];
    for (tag, id) in ids.into_iter().filter(|(_, id)| *id != NO_PRODUCER_ID) {
        tags.insert(tag, Bytes::copy_from_slice(&id.to_be_bytes()));
    }
    if value.client_version != 0 {
        let bytes = Bytes::copy_from_slice(&value.client_version.to_be_bytes());
        tags.insert(CLIENT_VERSION, bytes);
    }
    out.tagged_fields(&tags);
    out.finish()
}

fn decode_value(value: &[u8]) -> Result<Transaction> {
    let mut reader = Reader::new(Bytes::copy_from_slice(value));
    let version = reader.i16()?;
    if !(0..=VALUE).contains(&version) {
        return refuse(0, format!("value version {version} is not known"));
    }
    let (producer_id, epoch, timeout_ms) = (reader.i64()?, reader.i16()?, reader.i32()?);
    let position = reader.position();
    let number = reader.i8()?;
    let Some(state) = State::from_number(number) else {
        return refuse(position, format!("{number} is no state of a transaction"));
    };
    let topics = match version {
        0 => old_partitions(&mut reader)?,
        _ => reader
            .compact_nullable_array(flexible_topic)?
            .unwrap_or_default(),
    };
    let each = topics.into_iter().flat_map(|(topic, ids)| {
        let ids = ids.into_iter();
        ids.map(move |id| (topic.clone(), id))
    });
    let partitions = each.collect();
    let (updated_ms, start_ms) = (reader.i64()?, reader.i64()?);
    let tags = match version {
        0 => TaggedFields::new(),
        _ => reader.tagged_fields()?,
    };
    let id = |tag: u32| match tags.get(&tag) {
        Some(bytes) => Reader::new(bytes.clone()).i64(),
        None => Ok(NO_PRODUCER_ID),
    };
    let client_version = match tags.get(&CLIENT_VERSION) {
        Some(bytes) => Reader::new(bytes.clone()).i16()?,
        None => 0,
    };
    Ok(Transaction {
        producer_id,
        previous_producer_id: id(PREVIOUS_PRODUCER_ID)?,
        next_producer_id: id(NEXT_PRODUCER_ID)?,
        epoch,
        last_epoch: NO_EPOCH,
        timeout_ms,
        state,
        partitions,
        start_ms,
        updated_ms,
        client_version,
    })
}

type Topic = (String, Vec<i32>);

/// The array of version 0, which may be null.
fn old_partitions(reader: &mut Reader) -> Result<Vec<Topic>> {
    let mut ahead = reader.clone();
    if ahead.i32()? == -1 {
        *reader = ahead;
        return Ok(Vec::new());
    }
    reader.array(|reader| Ok((reader.string()?, reader.array(Reader::i32)?)))
}

fn flexible_topic(reader: &mut Reader) -> Result<Topic> {
    let topic = (reader.compact_string()?, reader.compact_array(Reader::i32)?);
    reader.tagged_fields()?;
    Ok(topic)
}

fn refuse<T>(position: usize, reason: String) -> Result<T> {
    Err(SchemaError { position, reason })
}
