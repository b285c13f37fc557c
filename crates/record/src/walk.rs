//! Looks at every record of a batch without copying anything: what a leader checks before it
//! appends.

use super::batch::Batch;
use super::entry::{RecordError, payload};
use crate::compression::MAX_DECOMPRESSED_BYTES;
use crate::schema::SchemaError;

/// What a broker needs to know of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordMeta {
    /// Place in the batch, from 0.
    pub index: usize,
    /// Offset minus the batch's base offset.
    pub offset_delta: i32,
    /// ms, of the record itself (a batch with LogAppendTime overrides it).
    pub timestamp: i64,
    pub has_key: bool,
}

/// Calls `see` for each record in order. Checks the same as [`super::Records`], but for UTF-8 of
/// header keys.
pub fn walk(batch: &Batch, mut see: impl FnMut(RecordMeta)) -> Result<(), RecordError> {
    let payload = payload(batch, MAX_DECOMPRESSED_BYTES)?;
    let base_offset = batch.header.base_offset;
    let mut cursor = Cursor {
        bytes: &payload,
        at: 0,
    };
    for index in 0..batch.header.records_count.max(0) as usize {
        let meta = record(&mut cursor, index, batch.header.base_timestamp).map_err(|error| {
            RecordError::Malformed {
                base_offset,
                index,
                error,
            }
        })?;
        see(meta);
    }
    let found = cursor.remaining();
    if found > 0 {
        return Err(RecordError::Trailing { base_offset, found });
    }
    Ok(())
}

fn record(
    cursor: &mut Cursor<'_>,
    index: usize,
    base_timestamp: i64,
) -> Result<RecordMeta, SchemaError> {
    let length = cursor.varint()?;
    if length < 0 || length as usize > cursor.remaining() {
        return cursor.fail(format!("record length {length} does not fit"));
    }
    let end = cursor.at + length as usize;
    cursor.skip(1)?;
    let timestamp = base_timestamp.saturating_add(cursor.varlong()?);
    let offset_delta = cursor.varint()?;
    if offset_delta < 0 {
        return cursor.fail(format!("offset delta {offset_delta} is negative"));
    }
    let has_key = cursor.skip_nullable()?;
    cursor.skip_nullable()?;
    let headers = cursor.varint()?;
    if headers < 0 || headers as usize > cursor.remaining() / 2 {
        return cursor.fail(format!("header count {headers} does not fit"));
    }
    for _ in 0..headers {
        if !cursor.skip_nullable()? {
            return cursor.fail("a header key is null".to_owned());
        }
        cursor.skip_nullable()?;
    }
    if cursor.at != end {
        let used = length as i64 + cursor.at as i64 - end as i64;
        return cursor.fail(format!("record length is {length}, its fields take {used}"));
    }
    Ok(RecordMeta {
        index,
        offset_delta,
        timestamp,
        has_key,
    })
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn fail<T>(&self, reason: String) -> Result<T, SchemaError> {
        Err(SchemaError {
            position: self.at,
            reason,
        })
    }

    fn skip(&mut self, count: usize) -> Result<(), SchemaError> {
        if count > self.remaining() {
            let left = self.remaining();
            return self.fail(format!("bytes needs {count} bytes, {left} are left"));
        }
        self.at += count;
        Ok(())
    }

    /// Whether it was there.
    fn skip_nullable(&mut self) -> Result<bool, SchemaError> {
        match self.varint()? {
            -1 => Ok(false),
            length => match usize::try_from(length) {
                Ok(length) => self.skip(length).map(|()| true),
                Err(_) => self.fail(format!("length {length} is negative")),
            },
        }
    }

    fn varint(&mut self) -> Result<i32, SchemaError> {
        let raw = self.bits(5)?;
        match u32::try_from(raw) {
            Ok(raw) => Ok((raw >> 1) as i32 ^ -((raw & 1) as i32)),
            Err(_) => self.fail("varint has more than 32 bits".to_owned()),
        }
    }

    fn varlong(&mut self) -> Result<i64, SchemaError> {
        let raw = self.bits(10)?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    #[inline]
    fn bits(&mut self, max_bytes: usize) -> Result<u64, SchemaError> {
        let mut value = 0u64;
        for i in 0..max_bytes {
            let Some(&byte) = self.bytes.get(self.at) else {
                return self.fail("u8 needs 1 bytes, 0 are left".to_owned());
            };
            self.at += 1;
            let bits = u64::from(byte & 0x7f);
            if i == 9 && bits > 1 {
                return self.fail("varint has more than 64 bits".to_owned());
            }
            value |= bits << (7 * i);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.fail(format!("varint is longer than {max_bytes} bytes"))
    }
}
