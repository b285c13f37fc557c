//! Control records: written by brokers, never shown to consumers' users.
//!
//! ```text
//! key    version i16 (0) | type i16 (0 abort, 1 commit)
//! value  version i16 (0) | coordinator_epoch i32
//! ```

use bytes::Bytes;
use thiserror::Error;

use super::batch::NO_SEQUENCE;
use super::builder::{BatchBuilder, ProducerState};
use super::entry::Record;
use crate::compression::Codec;
use crate::schema::{Reader, SchemaError, Writer};

const VERSION: i16 = 0;
const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// What a control record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlRecord {
    /// A transaction of the batch's producer ended.
    EndTransaction {
        commit: bool,
        coordinator_epoch: i32,
    },
    /// Another kind (KRaft writes some); readers skip it.
    Other { kind: i16 },
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ControlRecordError {
    #[error("a control record has no {0}")]
    Missing(&'static str),
    #[error("control record: {0}")]
    Malformed(#[from] SchemaError),
}

impl ControlRecord {
    /// Reads a record of a control batch.
    pub fn decode(record: &Record) -> Result<Self, ControlRecordError> {
        let key = record
            .key
            .clone()
            .ok_or(ControlRecordError::Missing("key"))?;
        let mut key = Reader::new(key);
        let _version = key.i16()?;
        let kind = key.i16()?;
        if kind != ABORT && kind != COMMIT {
            return Ok(Self::Other { kind });
        }
        let value = record
            .value
            .clone()
            .ok_or(ControlRecordError::Missing("value"))?;
        let mut value = Reader::new(value);
        let _version = value.i16()?;
        let coordinator_epoch = value.i32()?;
        Ok(Self::EndTransaction {
            commit: kind == COMMIT,
            coordinator_epoch,
        })
    }
}

/// The control batch that ends a transaction in a partition. `now` in ms.
pub fn end_transaction_marker(
    producer_id: i64,
    producer_epoch: i16,
    commit: bool,
    coordinator_epoch: i32,
    now: i64,
) -> Bytes {
    let mut key = Writer::new();
    key.i16(VERSION).i16(if commit { COMMIT } else { ABORT });
    let mut value = Writer::new();
    value.i16(VERSION).i32(coordinator_epoch);
    let producer = ProducerState {
        id: producer_id,
        epoch: producer_epoch,
        base_sequence: NO_SEQUENCE,
    };
    let mut builder = BatchBuilder::new(Codec::None)
        .producer(producer)
        .transactional(true)
        .control(true);
    builder
        .append(now, Some(&key.finish()), Some(&value.finish()), &[])
        .expect("a marker is a few bytes");
    builder.build()
}
