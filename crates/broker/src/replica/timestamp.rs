//! Offsets by timestamp.

use konbini_log::TimestampLookup;
use konbini_protocol::ResponseError::{self, KafkaStorageError};

use super::read::Reader;
use crate::LoadId;
use crate::node::{Node, TopicPartition};

pub(crate) enum Found {
    At {
        timestamp: i64,
        offset: i64,
        epoch: i32,
    },
    Nothing,
    Loading(LoadId),
}

/// The first record at `timestamp` (ms) or later; without one, the record with the largest
/// timestamp. What the reader may not see yet is not found.
pub(crate) fn lookup(
    node: &mut Node,
    partition: TopicPartition,
    timestamp: Option<i64>,
    reader: Reader,
) -> Result<Found, ResponseError> {
    let leader = node.replicas.leader(partition)?;
    let end = leader.end_for(reader);
    let found = match timestamp {
        Some(timestamp) => leader.log().offset_for_timestamp(timestamp),
        None => leader.log().max_timestamp(),
    };
    match found {
        TimestampLookup::Found(found) if found.offset < end => Ok(Found::At {
            timestamp: found.timestamp,
            offset: found.offset,
            epoch: found.leader_epoch,
        }),
        TimestampLookup::Found(_) | TimestampLookup::NotFound => Ok(Found::Nothing),
        TimestampLookup::Cold(load) => Ok(Found::Loading(node.loads.ask(load, &mut node.out))),
        TimestampLookup::Offline { .. } => Err(KafkaStorageError),
    }
}
