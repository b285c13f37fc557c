//! Builds a batch, for producers, coordinators and tests.

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::batch::{
    ATTRIBUTES_AT, Attributes, BASE_SEQUENCE_AT, BASE_TIMESTAMP_AT, BATCH_HEADER_BYTES,
    BATCH_OVERHEAD_BYTES, BatchHeader, COUNT_AT, CRC_AT, EPOCH_AT, LAST_DELTA_AT, LENGTH_AT, MAGIC,
    MAGIC_AT, MAX_TIMESTAMP_AT, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID,
    NO_SEQUENCE, NO_TIMESTAMP, PRODUCER_EPOCH_AT, PRODUCER_ID_AT, TimestampType,
};
use super::entry::{Fields, Header};
use crate::compression::{self, Codec, Compression};
use crate::crc32c::crc32c;

/// Most bytes that the uncompressed records of one batch may have: sizes are i32 on the wire.
const MAX_BATCH_BYTES: usize = i32::MAX as usize / 2;

/// Who produces a batch, for idempotence and transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerState {
    pub id: i64,
    pub epoch: i16,
    pub base_sequence: i32,
}

impl ProducerState {
    pub const NONE: Self = Self {
        id: NO_PRODUCER_ID,
        epoch: NO_PRODUCER_EPOCH,
        base_sequence: NO_SEQUENCE,
    };
}

/// A record does not fit into the batch's size field any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a batch cannot hold more than {MAX_BATCH_BYTES} bytes of records")]
pub struct RecordTooLarge;

/// Collects records; [`BatchBuilder::build`] makes the batch's bytes.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    compression: Compression,
    attributes: Attributes,
    base_offset: i64,
    partition_leader_epoch: i32,
    producer: ProducerState,
    base_timestamp: i64,
    max_timestamp: i64,
    log_append_time: Option<i64>,
    count: i32,
    last_delta: i32,
    /// Room for the header, then the records as they are written.
    buf: BytesMut,
}

impl BatchBuilder {
    pub fn new(compression: impl Into<Compression>) -> Self {
        let compression = compression.into();
        Self {
            compression,
            attributes: Attributes::default().with_codec(compression.codec),
            base_offset: 0,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer: ProducerState::NONE,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            log_append_time: None,
            count: 0,
            last_delta: -1,
            buf: BytesMut::zeroed(BATCH_HEADER_BYTES),
        }
    }

    /// A builder for what is left of a batch: its header without what records say.
    pub(super) fn like(header: &BatchHeader, codec: Codec) -> Self {
        let attributes = header.attributes.with_codec(codec);
        Self {
            attributes: attributes.with_delete_horizon(false),
            base_offset: header.base_offset,
            partition_leader_epoch: header.partition_leader_epoch,
            producer: ProducerState {
                id: header.producer_id,
                epoch: header.producer_epoch,
                base_sequence: header.base_sequence,
            },
            base_timestamp: header.base_timestamp,
            ..Self::new(codec)
        }
    }

    /// Timestamps are counted from this one (ms), as until it tombstones stay.
    pub(super) fn delete_horizon(mut self, horizon: i64) -> Self {
        self.attributes = self.attributes.with_delete_horizon(true);
        self.base_timestamp = horizon;
        self
    }

    /// Fixes the largest timestamp (ms), whatever the records say.
    pub(super) fn max_timestamp(mut self, timestamp: i64) -> Self {
        self.max_timestamp = timestamp;
        self
    }

    /// The batch spans offsets up to this delta, even if its last record is before it.
    pub(super) fn spanning(mut self, last_delta: i32) -> Self {
        self.last_delta = self.last_delta.max(last_delta);
        self
    }

    pub fn base_offset(mut self, offset: i64) -> Self {
        self.base_offset = offset;
        self
    }

    pub fn partition_leader_epoch(mut self, epoch: i32) -> Self {
        self.partition_leader_epoch = epoch;
        self
    }

    pub fn producer(mut self, producer: ProducerState) -> Self {
        self.producer = producer;
        self
    }

    pub fn transactional(mut self, on: bool) -> Self {
        self.attributes = self.attributes.with_transactional(on);
        self
    }

    pub fn control(mut self, on: bool) -> Self {
        self.attributes = self.attributes.with_control(on);
        self
    }

    /// Stamps the batch with the broker's time (ms) in place of the records' own.
    pub fn log_append_time(mut self, now: i64) -> Self {
        self.attributes = self
            .attributes
            .with_timestamp_type(TimestampType::LogAppendTime);
        self.log_append_time = Some(now);
        self
    }

    /// Sets the producer of a builder that is filled already: sequences are known when it is sent.
    pub fn set_producer(&mut self, producer: ProducerState) {
        self.producer = producer;
    }

    /// Adds a record with the next offset. `timestamp` in ms.
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) -> Result<(), RecordTooLarge> {
        self.append_at(self.last_delta + 1, timestamp, key, value, headers)
    }

    /// Adds a record at `base_offset + offset_delta`; deltas must ascend (compaction leaves gaps).
    pub fn append_at(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) -> Result<(), RecordTooLarge> {
        debug_assert!(offset_delta > self.last_delta);
        if self.count == 0 && !self.attributes.has_delete_horizon() {
            self.base_timestamp = timestamp;
        }
        let fields = Fields {
            timestamp_delta: timestamp.wrapping_sub(self.base_timestamp),
            offset_delta,
            key,
            value,
            headers,
        };
        if self.buf.len() + fields.len() > MAX_BATCH_BYTES {
            return Err(RecordTooLarge);
        }
        fields.put(&mut self.buf);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_delta = offset_delta;
        self.count += 1;
        Ok(())
    }

    pub fn records_count(&self) -> i32 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the batch if it were not compressed: what `batch.size` is compared with.
    pub fn uncompressed_bytes(&self) -> usize {
        self.buf.len()
    }

    /// Whether a record keeps the uncompressed batch within `batch_size` bytes. The first record
    /// always fits, as in Kafka.
    pub fn has_room_for(
        &self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
        batch_size: usize,
    ) -> bool {
        self.count == 0
            || self.buf.len() + estimated_record_bytes(key, value, headers) <= batch_size
    }

    /// The batch's bytes. An empty builder gives a batch without records, as compaction leaves them.
    pub fn build(self) -> Bytes {
        let mut out = if self.compression.codec == Codec::None {
            self.buf
        } else {
            let packed = compression::compress(self.compression, &self.buf[BATCH_HEADER_BYTES..]);
            let mut out = BytesMut::with_capacity(BATCH_HEADER_BYTES + packed.len());
            out.extend_from_slice(&self.buf[..BATCH_HEADER_BYTES]);
            out.extend_from_slice(&packed);
            out
        };
        let length = (out.len() - BATCH_OVERHEAD_BYTES) as i32;
        let max_timestamp = self.log_append_time.unwrap_or(self.max_timestamp);
        put(&mut out, 0, &self.base_offset.to_be_bytes());
        put(&mut out, LENGTH_AT, &length.to_be_bytes());
        put(
            &mut out,
            EPOCH_AT,
            &self.partition_leader_epoch.to_be_bytes(),
        );
        put(&mut out, MAGIC_AT, &MAGIC.to_be_bytes());
        put(&mut out, ATTRIBUTES_AT, &self.attributes.0.to_be_bytes());
        put(
            &mut out,
            LAST_DELTA_AT,
            &self.last_delta.max(0).to_be_bytes(),
        );
        put(
            &mut out,
            BASE_TIMESTAMP_AT,
            &self.base_timestamp.to_be_bytes(),
        );
        put(&mut out, MAX_TIMESTAMP_AT, &max_timestamp.to_be_bytes());
        put(&mut out, PRODUCER_ID_AT, &self.producer.id.to_be_bytes());
        put(
            &mut out,
            PRODUCER_EPOCH_AT,
            &self.producer.epoch.to_be_bytes(),
        );
        put(
            &mut out,
            BASE_SEQUENCE_AT,
            &self.producer.base_sequence.to_be_bytes(),
        );
        put(&mut out, COUNT_AT, &self.count.to_be_bytes());
        let crc = crc32c(&out[ATTRIBUTES_AT..]);
        put(&mut out, CRC_AT, &crc.to_be_bytes());
        out.freeze()
    }
}

fn put(out: &mut BytesMut, at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

/// An upper bound of the bytes a record takes in a batch of fewer than 2^31 records.
pub fn estimated_record_bytes(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[Header],
) -> usize {
    // The longest deltas that can occur.
    Fields {
        timestamp_delta: i64::MIN,
        offset_delta: i32::MAX,
        key,
        value,
        headers,
    }
    .len()
}
