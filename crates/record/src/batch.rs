//! The header of a batch, and a run of batches cut into single ones.
//!
//! ```text
//!  0 base_offset             i64   first record's offset; set by the leader
//!  8 batch_length            i32   bytes after this field
//! 12 partition_leader_epoch  i32   set by the leader, not covered by the CRC
//! 16 magic                   i8    2
//! 17 crc                     u32   CRC-32C of everything from 21 on
//! 21 attributes              i16   codec 0-2, timestamp type 3, transactional 4, control 5,
//!                                  base_timestamp is the delete horizon 6
//! 23 last_offset_delta       i32   last record's offset - base_offset
//! 27 base_timestamp          i64   ms
//! 35 max_timestamp           i64   ms
//! 43 producer_id             i64   -1: none
//! 51 producer_epoch          i16
//! 53 base_sequence           i32
//! 57 records_count           i32
//! 61 records, compressed as one piece
//! ```

use bytes::Bytes;
use thiserror::Error;

use super::entry::Records;
use crate::compression::Codec;
use crate::crc32c::crc32c;

/// Bytes of a batch before its records.
pub const BATCH_HEADER_BYTES: usize = 61;
/// Bytes of base offset and batch length: what `batch_length` does not count.
pub const BATCH_OVERHEAD_BYTES: usize = 12;
/// The only message format there is.
pub const MAGIC: i8 = 2;
pub const NO_PRODUCER_ID: i64 = -1;
pub const NO_PRODUCER_EPOCH: i16 = -1;
pub const NO_SEQUENCE: i32 = -1;
pub const NO_PARTITION_LEADER_EPOCH: i32 = -1;
pub const NO_TIMESTAMP: i64 = -1;

pub(super) const LENGTH_AT: usize = 8;
pub(super) const EPOCH_AT: usize = 12;
pub(super) const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;
pub(super) const LAST_DELTA_AT: usize = 23;
pub(super) const BASE_TIMESTAMP_AT: usize = 27;
pub(super) const MAX_TIMESTAMP_AT: usize = 35;
pub(super) const PRODUCER_ID_AT: usize = 43;
pub(super) const PRODUCER_EPOCH_AT: usize = 51;
pub(super) const BASE_SEQUENCE_AT: usize = 53;
pub(super) const COUNT_AT: usize = 57;

/// What is wrong with a batch. Offsets are as the batch claims them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BatchError {
    /// Fewer bytes than a header, or than the length field says: normal at the end of a fetch.
    #[error("a batch needs {needed} bytes, {available} are there")]
    Incomplete { needed: usize, available: usize },
    #[error("batch at offset {base_offset} has length {length}, a header alone is longer")]
    BadLength { base_offset: i64, length: i32 },
    #[error("batch at offset {base_offset} has magic {magic}, only 2 is supported")]
    BadMagic { base_offset: i64, magic: i8 },
    #[error(
        "batch at offset {base_offset} has CRC {stored:#010x}, its bytes give {computed:#010x}"
    )]
    BadCrc {
        base_offset: i64,
        stored: u32,
        computed: u32,
    },
    #[error("batch at offset {base_offset} has codec {id}, which does not exist")]
    BadCodec { base_offset: i64, id: u8 },
    #[error(
        "batch at offset {base_offset} claims {count} records and last offset delta {last_delta}"
    )]
    BadCount {
        base_offset: i64,
        count: i32,
        last_delta: i32,
    },
}

/// What `message.timestamp.type` decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    #[default]
    CreateTime,
    LogAppendTime,
}

/// The attributes field, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes(pub i16);

const CODEC_MASK: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

impl Attributes {
    pub fn codec_id(self) -> u8 {
        (self.0 & CODEC_MASK) as u8
    }

    /// `None` for a codec that does not exist.
    pub fn codec(self) -> Option<Codec> {
        Codec::from_id(self.codec_id())
    }

    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    pub fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL != 0
    }

    pub fn is_control(self) -> bool {
        self.0 & CONTROL != 0
    }

    /// Whether `base_timestamp` is the time after which a compacted batch's tombstones may go.
    pub fn has_delete_horizon(self) -> bool {
        self.0 & DELETE_HORIZON != 0
    }

    pub fn with_codec(self, codec: Codec) -> Self {
        Self(self.0 & !CODEC_MASK | i16::from(codec.id()))
    }

    pub fn with_timestamp_type(self, kind: TimestampType) -> Self {
        self.with_bit(LOG_APPEND_TIME, kind == TimestampType::LogAppendTime)
    }

    pub fn with_transactional(self, on: bool) -> Self {
        self.with_bit(TRANSACTIONAL, on)
    }

    pub fn with_control(self, on: bool) -> Self {
        self.with_bit(CONTROL, on)
    }

    pub fn with_delete_horizon(self, on: bool) -> Self {
        self.with_bit(DELETE_HORIZON, on)
    }

    fn with_bit(self, bit: i16, on: bool) -> Self {
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }
}

/// The fields of a header. Times are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: i64,
    pub batch_length: i32,
    pub partition_leader_epoch: i32,
    pub magic: i8,
    pub crc: u32,
    pub attributes: Attributes,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub records_count: i32,
}

fn field<const N: usize>(bytes: &[u8; BATCH_HEADER_BYTES], at: usize) -> [u8; N] {
    *bytes[at..]
        .first_chunk()
        .expect("a field lies inside the header")
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; checks magic and the length field, nothing else.
    /// The batch itself may be incomplete.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        // Length and magic come first: an old or torn batch may be shorter than a header.
        let Some(start) = bytes.first_chunk::<{ MAGIC_AT + 1 }>() else {
            return Err(BatchError::Incomplete {
                needed: BATCH_HEADER_BYTES,
                available: bytes.len(),
            });
        };
        let base_offset =
            i64::from_be_bytes(*start.first_chunk().expect("a field lies inside the header"));
        let magic = start[MAGIC_AT] as i8;
        let length = i32::from_be_bytes(
            *start[LENGTH_AT..]
                .first_chunk()
                .expect("a field lies inside the header"),
        );
        if length < (BATCH_HEADER_BYTES - BATCH_OVERHEAD_BYTES) as i32 {
            return Err(BatchError::BadLength {
                base_offset,
                length,
            });
        }
        if magic != MAGIC {
            return Err(BatchError::BadMagic { base_offset, magic });
        }
        let Some(raw) = bytes.first_chunk::<BATCH_HEADER_BYTES>() else {
            return Err(BatchError::Incomplete {
                needed: BATCH_HEADER_BYTES,
                available: bytes.len(),
            });
        };
        Ok(Self {
            base_offset,
            batch_length: length,
            partition_leader_epoch: i32::from_be_bytes(field(raw, EPOCH_AT)),
            magic,
            crc: u32::from_be_bytes(field(raw, CRC_AT)),
            attributes: Attributes(i16::from_be_bytes(field(raw, ATTRIBUTES_AT))),
            last_offset_delta: i32::from_be_bytes(field(raw, LAST_DELTA_AT)),
            base_timestamp: i64::from_be_bytes(field(raw, BASE_TIMESTAMP_AT)),
            max_timestamp: i64::from_be_bytes(field(raw, MAX_TIMESTAMP_AT)),
            producer_id: i64::from_be_bytes(field(raw, PRODUCER_ID_AT)),
            producer_epoch: i16::from_be_bytes(field(raw, PRODUCER_EPOCH_AT)),
            base_sequence: i32::from_be_bytes(field(raw, BASE_SEQUENCE_AT)),
            records_count: i32::from_be_bytes(field(raw, COUNT_AT)),
        })
    }

    /// Bytes of the whole batch.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD_BYTES + self.batch_length as usize
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.last_offset_delta))
    }

    /// Offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    pub fn has_producer_id(&self) -> bool {
        self.producer_id > NO_PRODUCER_ID
    }

    /// Sequence number of the last record: counts from 0 again after the largest i32.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        let last = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        (last % (i64::from(i32::MAX) + 1)) as i32
    }
}

/// One whole batch: its bytes and its parsed header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub header: BatchHeader,
    pub bytes: Bytes,
}

impl Batch {
    /// Compares the stored CRC with the bytes.
    pub fn validate_crc(&self) -> Result<(), BatchError> {
        let computed = crc32c(&self.bytes[ATTRIBUTES_AT..]);
        if computed == self.header.crc {
            return Ok(());
        }
        Err(BatchError::BadCrc {
            base_offset: self.header.base_offset,
            stored: self.header.crc,
            computed,
        })
    }

    /// The codec, or an error for a number that names none.
    pub fn codec(&self) -> Result<Codec, BatchError> {
        let attributes = self.header.attributes;
        attributes.codec().ok_or(BatchError::BadCodec {
            base_offset: self.header.base_offset,
            id: attributes.codec_id(),
        })
    }

    /// The bytes after the header, compressed if the batch is.
    pub fn payload(&self) -> Bytes {
        self.bytes.slice(BATCH_HEADER_BYTES..)
    }

    /// The records, decompressed if needed.
    pub fn records(&self) -> Records {
        Records::of(self)
    }
}

/// Cuts a run of batches into single ones. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Batches {
    rest: Bytes,
    position: usize,
    failed: bool,
}

/// Iterates over the batches in `bytes`, without copies. Checks sizes, magic and counts; not the
/// CRC. A batch that is cut off at the end gives [`BatchError::Incomplete`].
pub fn batches(bytes: Bytes) -> Batches {
    Batches {
        rest: bytes,
        position: 0,
        failed: false,
    }
}

impl Batches {
    /// Bytes of the batches that came out so far: where the first bad one starts.
    pub fn position(&self) -> usize {
        self.position
    }

    fn take(&mut self) -> Result<Batch, BatchError> {
        let header = BatchHeader::parse(&self.rest)?;
        if header.size() > self.rest.len() {
            return Err(BatchError::Incomplete {
                needed: header.size(),
                available: self.rest.len(),
            });
        }
        let (count, last_delta) = (header.records_count, header.last_offset_delta);
        if count < 0 || last_delta < 0 || header.base_offset < 0 {
            return Err(BatchError::BadCount {
                base_offset: header.base_offset,
                count,
                last_delta,
            });
        }
        let bytes = self.rest.split_to(header.size());
        self.position += bytes.len();
        Ok(Batch { header, bytes })
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.rest.is_empty() {
            return None;
        }
        let item = self.take();
        self.failed = item.is_err();
        Some(item)
    }
}
