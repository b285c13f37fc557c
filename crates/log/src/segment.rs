//! One segment: its bytes, its indexes, and what is known of its timestamps.

use bytes::Bytes;
use konbini_protocol::record::{BatchHeader, NO_TIMESTAMP};

use crate::config::LogConfig;
use crate::extents::{Extents, Located, Stop};
use crate::index::{OffsetIndex, TimeIndex, TransactionIndex};
use crate::store::{INDEX, LogDir, StoreOp, TIME_INDEX, TXN_INDEX, file_name};

#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub base_offset: i64,
    pub extents: Extents,
    pub offset_index: OffsetIndex,
    pub time_index: TimeIndex,
    pub txn_index: TransactionIndex,
    /// Largest timestamp (ms) of any batch, -1 while there is none, and its batch's last offset.
    pub max_timestamp: i64,
    pub offset_of_max_timestamp: i64,
    /// Timestamp (ms) of the first batch, from which `segment.ms` counts.
    pub rolling_timestamp: Option<i64>,
    /// When it was created or opened, ms.
    pub created: i64,
    bytes_since_index_entry: u32,
}

impl Segment {
    pub(crate) fn new(base_offset: i64, now: i64) -> Self {
        Self::with_extents(base_offset, Extents::default(), now)
    }

    pub(crate) fn with_extents(base_offset: i64, extents: Extents, now: i64) -> Self {
        Self {
            base_offset,
            extents,
            offset_index: OffsetIndex::new(base_offset),
            time_index: TimeIndex::new(base_offset),
            txn_index: TransactionIndex::default(),
            max_timestamp: NO_TIMESTAMP,
            offset_of_max_timestamp: base_offset,
            rolling_timestamp: None,
            created: now,
            bytes_since_index_entry: 0,
        }
    }

    pub(crate) fn size(&self) -> u32 {
        self.extents.size()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// Adds a batch at the end, with its index entries.
    pub(crate) fn append(
        &mut self,
        bytes: Bytes,
        header: &BatchHeader,
        config: &LogConfig,
        touched: u64,
    ) {
        let position = self.size();
        self.index_batch(position, header, config);
        self.extents.append(bytes, touched);
    }

    /// Takes a batch at `position` into the indexes, as appending it does.
    pub(crate) fn index_batch(&mut self, position: u32, header: &BatchHeader, config: &LogConfig) {
        if position == 0 {
            self.rolling_timestamp = Some(header.max_timestamp);
        }
        if header.max_timestamp > self.max_timestamp {
            self.max_timestamp = header.max_timestamp;
            self.offset_of_max_timestamp = header.last_offset();
        }
        if self.bytes_since_index_entry > config.index_interval_bytes {
            self.offset_index.append(header.last_offset(), position);
            self.time_index
                .maybe_append(self.max_timestamp, self.offset_of_max_timestamp);
            self.bytes_since_index_entry = 0;
        }
        self.bytes_since_index_entry += header.size() as u32;
    }

    /// Whether the segment must be closed before a batch of `bytes` with these offsets and
    /// timestamp is added.
    pub(crate) fn should_roll(
        &self,
        bytes: usize,
        last_offset: i64,
        max_timestamp: i64,
        now: i64,
        config: &LogConfig,
    ) -> bool {
        let full = self.size() as usize + bytes > config.segment_bytes as usize;
        let too_far = last_offset - self.base_offset > i64::from(i32::MAX);
        !self.is_empty()
            && (full
                || too_far
                || self.waited(max_timestamp, now)
                    > config.max_segment_ms() - config.segment_jitter_ms
                || self
                    .offset_index
                    .is_full(config.segment_index_bytes as usize)
                || self.time_index.is_full(config.segment_index_bytes as usize))
    }

    /// How old the segment is for `segment.ms`: by its records' timestamps if they have any.
    fn waited(&self, max_timestamp: i64, now: i64) -> i64 {
        match self.rolling_timestamp {
            Some(first) if first >= 0 => max_timestamp - first,
            _ => now - self.created,
        }
    }

    /// The time (ms) that decides about retention.
    pub(crate) fn largest_timestamp(&self) -> i64 {
        if self.max_timestamp >= 0 {
            self.max_timestamp
        } else {
            self.created
        }
    }

    /// Completes the time index: the segment gets no more batches.
    pub(crate) fn close(&mut self) {
        self.time_index
            .maybe_append(self.max_timestamp, self.offset_of_max_timestamp);
    }

    pub(crate) fn put_indexes(&self, dir: &LogDir, out: &mut Vec<StoreOp>) {
        let mut put = |suffix: &str, bytes: Bytes| {
            let name = file_name(self.base_offset, suffix);
            out.push(StoreOp::Put {
                dir: dir.clone(),
                name,
                bytes,
            });
        };
        put(INDEX, self.offset_index.to_bytes());
        put(TIME_INDEX, self.time_index.to_bytes());
    }

    /// Stores the aborted transactions, or removes the file when there are none any more.
    pub(crate) fn put_txn_index(&self, dir: &LogDir, out: &mut Vec<StoreOp>) {
        let (dir, name) = (dir.clone(), file_name(self.base_offset, TXN_INDEX));
        out.push(if self.txn_index.is_empty() {
            StoreOp::Remove { dir, name }
        } else {
            StoreOp::Put {
                dir,
                name,
                bytes: self.txn_index.to_bytes(),
            }
        });
    }

    pub(crate) fn index_bytes(&self) -> usize {
        8 * self.offset_index.len() + 12 * self.time_index.len()
    }

    /// The first batch whose last offset is at least `offset`, or `None` if there is none.
    pub(crate) fn find(&self, offset: i64) -> Result<Option<Located>, Stop> {
        let mut position = self.offset_index.lookup(offset);
        while position < self.size() {
            let header = self.extents.header_at(position)?;
            if header.last_offset() >= offset {
                return self.extents.batch_at(position).map(Some);
            }
            position += header.size() as u32;
        }
        Ok(None)
    }

    /// Cuts the indexes back to batches that start below `position` and prepares them for the
    /// batches from there on to be indexed again. Returns where to start doing that: a batch
    /// boundary at or below `position`.
    pub(crate) fn rewind_indexes(&mut self, position: u32) -> u32 {
        self.offset_index.truncate_to_position(position);
        self.bytes_since_index_entry = 0;
        let start = match self.offset_index.last() {
            Some((offset, start)) => {
                // The entry's own batch may be the one with the largest timestamp.
                self.time_index.truncate_to(offset + 1);
                start
            }
            None => {
                self.time_index = TimeIndex::new(self.base_offset);
                0
            }
        };
        (self.max_timestamp, self.offset_of_max_timestamp) = self
            .time_index
            .last()
            .unwrap_or((NO_TIMESTAMP, self.base_offset));
        start
    }
}
