//! Offsets by timestamp, for ListOffsets.

use konbini_protocol::record::{Batch, Record, TimestampType};

use crate::extents::Stop;
use crate::log::{Log, LogState};
use crate::segment::Segment;
use crate::store::Load;

/// A record found by its timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampedOffset {
    pub offset: i64,
    /// ms
    pub timestamp: i64,
    /// Epoch of the leader that appended it, -1 if not known.
    pub leader_epoch: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimestampLookup {
    Found(TimestampedOffset),
    NotFound,
    /// Bytes must be loaded first; then ask again.
    Cold(Load),
    /// KAFKA_STORAGE_ERROR
    Offline {
        reason: String,
    },
}

impl Log {
    /// The first record whose timestamp is `timestamp` (ms) or later.
    pub fn offset_for_timestamp(&self, timestamp: i64) -> TimestampLookup {
        if let LogState::Offline { reason } = &self.state {
            return TimestampLookup::Offline {
                reason: reason.clone(),
            };
        }
        for segment in self
            .segments
            .values()
            .filter(|s| s.max_timestamp >= timestamp)
        {
            match self.search(segment, timestamp) {
                Ok(Some(found)) => return TimestampLookup::Found(found),
                Ok(None) => {}
                Err(stop) => return self.wait_for(segment.base_offset, stop),
            }
        }
        TimestampLookup::NotFound
    }

    fn search(&self, segment: &Segment, timestamp: i64) -> Result<Option<TimestampedOffset>, Stop> {
        let from = segment.time_index.lookup(timestamp).max(self.log_start);
        let mut position = segment.offset_index.lookup(from);
        while position < segment.size() {
            let header = segment.extents.header_at(position)?;
            if header.max_timestamp >= timestamp && header.last_offset() >= self.log_start {
                let batch = segment.extents.batch_at(position)?;
                let found = first_record(
                    Batch {
                        header,
                        bytes: batch.bytes,
                    },
                    |record| record.timestamp >= timestamp && record.offset >= self.log_start,
                );
                if found.is_some() {
                    return Ok(found);
                }
            }
            position += header.size() as u32;
        }
        Ok(None)
    }

    /// The first record that has the largest timestamp of the log.
    pub fn max_timestamp(&self) -> TimestampLookup {
        if let LogState::Offline { reason } = &self.state {
            return TimestampLookup::Offline {
                reason: reason.clone(),
            };
        }
        let mut newest: Option<&Segment> = None;
        for segment in self.segments.values().filter(|s| s.max_timestamp >= 0) {
            if newest.is_none_or(|best| segment.max_timestamp > best.max_timestamp) {
                newest = Some(segment);
            }
        }
        let Some(segment) = newest else {
            return TimestampLookup::NotFound;
        };
        match segment.find(segment.offset_of_max_timestamp) {
            Ok(Some(batch)) => {
                let batch = Batch {
                    header: batch.header,
                    bytes: batch.bytes,
                };
                let largest = batch.header.max_timestamp;
                match first_record(batch, |record| record.timestamp == largest) {
                    Some(found) => TimestampLookup::Found(found),
                    None => TimestampLookup::NotFound,
                }
            }
            Ok(None) => TimestampLookup::NotFound,
            Err(stop) => self.wait_for(segment.base_offset, stop),
        }
    }

    fn wait_for(&self, segment: i64, stop: Stop) -> TimestampLookup {
        match self.resolve(segment, stop) {
            Ok(load) => TimestampLookup::Cold(load),
            Err(reason) => TimestampLookup::Offline { reason },
        }
    }
}

fn first_record(batch: Batch, matches: impl Fn(&Record) -> bool) -> Option<TimestampedOffset> {
    let leader_epoch = batch.header.partition_leader_epoch;
    if batch.header.attributes.timestamp_type() == TimestampType::LogAppendTime {
        // All records share the batch's time: no need to open it, unless its start is gone.
        let first = Record {
            offset: batch.header.base_offset,
            timestamp: batch.header.max_timestamp,
            key: None,
            value: None,
            headers: Vec::new(),
        };
        if matches(&first) {
            let (offset, timestamp) = (first.offset, first.timestamp);
            return Some(TimestampedOffset {
                offset,
                timestamp,
                leader_epoch,
            });
        }
    }
    let record = batch.records().map_while(Result::ok).find(matches)?;
    Some(TimestampedOffset {
        offset: record.offset,
        timestamp: record.timestamp,
        leader_epoch,
    })
}

#[cfg(test)]
mod tests;
