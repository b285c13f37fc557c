//! The records inside a batch.
//!
//! ```text
//! length varint | attributes i8 (0) | timestamp_delta varlong | offset_delta varint
//! | key_length varint (-1: null), key | value_length varint (-1: null), value
//! | headers varint { key_length varint, key, value_length varint (-1: null), value }
//! ```

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::batch::{Batch, BatchError, TimestampType};
use crate::compression::{self, Codec, CompressionError, MAX_DECOMPRESSED_BYTES};
use crate::schema::{Reader, SchemaError, put_varlong, varlong_len};

/// A header of a record. Keys are not unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub key: String,
    pub value: Option<Bytes>,
}

/// One record with its absolute offset and timestamp (ms).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<Header>,
}

/// Why the records of a batch cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("batch at offset {base_offset}: {error}")]
    Compression {
        base_offset: i64,
        error: CompressionError,
    },
    #[error("record {index} of the batch at offset {base_offset}: {error}")]
    Malformed {
        base_offset: i64,
        index: usize,
        error: SchemaError,
    },
    #[error("batch at offset {base_offset} holds {found} bytes after its last record")]
    Trailing { base_offset: i64, found: usize },
}

/// Iterates over the records of a batch. Ends after the first error. Checks that the records are
/// as many as the header says and fill the batch.
#[derive(Debug)]
pub struct Records {
    base_offset: i64,
    base_timestamp: i64,
    /// Replaces each record's own timestamp (LogAppendTime).
    timestamp: Option<i64>,
    reader: Reader,
    count: usize,
    index: usize,
    failed: Option<RecordError>,
    done: bool,
}

impl Records {
    /// The records of `batch`, decompressed to at most [`MAX_DECOMPRESSED_BYTES`].
    pub fn of(batch: &Batch) -> Self {
        Self::with_limit(batch, MAX_DECOMPRESSED_BYTES)
    }

    /// The same with another limit, in bytes.
    pub fn with_limit(batch: &Batch, limit: usize) -> Self {
        let header = &batch.header;
        let (payload, failed) = match payload(batch, limit) {
            Ok(payload) => (payload, None),
            Err(error) => (Bytes::new(), Some(error)),
        };
        let stamped = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        Self {
            base_offset: header.base_offset,
            base_timestamp: header.base_timestamp,
            timestamp: stamped.then_some(header.max_timestamp),
            reader: Reader::new(payload),
            count: header.records_count.max(0) as usize,
            index: 0,
            failed,
            done: false,
        }
    }

    fn record(&mut self) -> Result<Record, SchemaError> {
        let reader = &mut self.reader;
        let length = reader.varint()?;
        let start = reader.position();
        let fail = |reason: String| {
            Err(SchemaError {
                position: start,
                reason,
            })
        };
        if length < 0 || length as usize > reader.remaining() {
            return fail(format!("record length {length} does not fit"));
        }
        reader.i8()?;
        let timestamp_delta = reader.varlong()?;
        let offset_delta = reader.varint()?;
        if offset_delta < 0 {
            return fail(format!("offset delta {offset_delta} is negative"));
        }
        let key = nullable(reader)?;
        let value = nullable(reader)?;
        let headers = headers(reader)?;
        if reader.position() - start != length as usize {
            let used = reader.position() - start;
            return fail(format!("record length is {length}, its fields take {used}"));
        }
        Ok(Record {
            offset: self.base_offset.saturating_add(offset_delta.into()),
            timestamp: self
                .timestamp
                .unwrap_or_else(|| self.base_timestamp.saturating_add(timestamp_delta)),
            key,
            value,
            headers,
        })
    }
}

impl Iterator for Records {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Some(Err(error));
        }
        let base_offset = self.base_offset;
        if self.index == self.count {
            self.done = true;
            let found = self.reader.remaining();
            return (found > 0).then_some(Err(RecordError::Trailing { base_offset, found }));
        }
        let index = self.index;
        self.index += 1;
        let record = self.record();
        self.done = record.is_err();
        Some(record.map_err(|error| RecordError::Malformed {
            base_offset,
            index,
            error,
        }))
    }
}

/// The records' bytes, decompressed.
pub(super) fn payload(batch: &Batch, limit: usize) -> Result<Bytes, RecordError> {
    let codec = batch.codec()?;
    if codec == Codec::None {
        return Ok(batch.payload());
    }
    compression::decompress(codec, &batch.payload(), limit)
        .map(Bytes::from)
        .map_err(|error| RecordError::Compression {
            base_offset: batch.header.base_offset,
            error,
        })
}

fn nullable(reader: &mut Reader) -> Result<Option<Bytes>, SchemaError> {
    match reader.varint()? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) => reader.raw(length).map(Some),
            Err(_) => Err(SchemaError {
                position: reader.position(),
                reason: format!("length {length} is negative"),
            }),
        },
    }
}

fn headers(reader: &mut Reader) -> Result<Vec<Header>, SchemaError> {
    let count = reader.varint()?;
    let fail = |reader: &Reader, reason: String| {
        Err(SchemaError {
            position: reader.position(),
            reason,
        })
    };
    // A header takes two bytes at least.
    if count < 0 || count as usize > reader.remaining() / 2 {
        return fail(reader, format!("header count {count} does not fit"));
    }
    let mut out = Vec::new();
    for _ in 0..count {
        let Some(key) = nullable(reader)? else {
            return fail(reader, "a header key is null".to_owned());
        };
        let Ok(key) = String::from_utf8(key.to_vec()) else {
            return fail(reader, "a header key is not UTF-8".to_owned());
        };
        out.push(Header {
            key,
            value: nullable(reader)?,
        });
    }
    Ok(out)
}

/// A record's fields as they are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [Header],
}

impl Fields<'_> {
    /// Bytes after the length field.
    fn body_len(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|h| nullable_len(Some(h.key.as_bytes())) + nullable_len(h.value.as_deref()))
            .sum();
        1 + varlong_len(self.timestamp_delta)
            + varlong_len(self.offset_delta.into())
            + nullable_len(self.key)
            + nullable_len(self.value)
            + varlong_len(self.headers.len() as i64)
            + headers
    }

    /// Bytes of the whole record.
    pub fn len(&self) -> usize {
        let body = self.body_len();
        varlong_len(body as i64) + body
    }

    pub fn put(&self, out: &mut BytesMut) {
        put_varlong(out, self.body_len() as i64);
        out.extend_from_slice(&[0]);
        put_varlong(out, self.timestamp_delta);
        put_varlong(out, self.offset_delta.into());
        put_nullable(out, self.key);
        put_nullable(out, self.value);
        put_varlong(out, self.headers.len() as i64);
        for header in self.headers {
            put_nullable(out, Some(header.key.as_bytes()));
            put_nullable(out, header.value.as_deref());
        }
    }
}

fn nullable_len(value: Option<&[u8]>) -> usize {
    match value {
        None => 1,
        Some(bytes) => varlong_len(bytes.len() as i64) + bytes.len(),
    }
}

fn put_nullable(out: &mut BytesMut, value: Option<&[u8]>) {
    match value {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_varlong(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}
