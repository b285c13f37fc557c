//! Kafka's primitive encodings, for records that are written by brokers themselves:
//! `__consumer_offsets`, `__transaction_state`, `__cluster_metadata`. Their schemas live where the
//! records are used; this reads and writes the fields.
//!
//! All numbers are big-endian. Compact lengths are unsigned varints of the length plus one, zero
//! for null. See <https://kafka.apache.org/protocol#protocol_types>.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;
use uuid::Uuid;

/// Why a field cannot be read; `position` counts bytes from the start of the record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at byte {position}: {reason}")]
pub struct SchemaError {
    pub position: usize,
    pub reason: String,
}

type Result<T> = std::result::Result<T, SchemaError>;

/// Tagged fields by their tag. Unknown ones are kept.
pub type TaggedFields = BTreeMap<u32, Bytes>;

/// Reads fields one after another. Never panics; nothing is reserved for a claimed length.
#[derive(Debug, Clone)]
pub struct Reader {
    bytes: Bytes,
    position: usize,
}

macro_rules! fixed {
    ($($name:ident: $kind:ty;)*) => {
        $(
            pub fn $name(&mut self) -> Result<$kind> {
                const SIZE: usize = std::mem::size_of::<$kind>();
                let at = self.take(SIZE, stringify!($kind))?;
                let raw = self.bytes[at..].first_chunk::<SIZE>();
                Ok(<$kind>::from_be_bytes(*raw.expect("take checked the length")))
            }
        )*
    };
}

impl Reader {
    pub fn new(bytes: Bytes) -> Self {
        Self { bytes, position: 0 }
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    pub fn position(&self) -> usize {
        self.position
    }

    fn fail<T>(&self, reason: String) -> Result<T> {
        Err(SchemaError {
            position: self.position,
            reason,
        })
    }

    /// Moves past `count` bytes and returns where they start.
    fn take(&mut self, count: usize, what: &str) -> Result<usize> {
        if count > self.remaining() {
            let left = self.remaining();
            return self.fail(format!("{what} needs {count} bytes, {left} are left"));
        }
        let at = self.position;
        self.position += count;
        Ok(at)
    }

    fixed! {
        i8: i8;
        i16: i16;
        i32: i32;
        i64: i64;
        u8: u8;
        u16: u16;
        u32: u32;
        f64: f64;
    }

    /// One byte; anything but zero is true.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.u8()? != 0)
    }

    pub fn uuid(&mut self) -> Result<Uuid> {
        let at = self.take(16, "uuid")?;
        let raw = self.bytes[at..]
            .first_chunk()
            .expect("take checked the length");
        Ok(Uuid::from_bytes(*raw))
    }

    /// An unsigned varint of at most 32 bits.
    pub fn unsigned_varint(&mut self) -> Result<u32> {
        let value = self.varint_bits(5)?;
        u32::try_from(value).or_else(|_| self.fail("varint has more than 32 bits".to_owned()))
    }

    /// A zigzag varint of at most 32 bits.
    pub fn varint(&mut self) -> Result<i32> {
        let value = self.unsigned_varint()?;
        Ok((value >> 1) as i32 ^ -((value & 1) as i32))
    }

    /// A zigzag varint of at most 64 bits.
    pub fn varlong(&mut self) -> Result<i64> {
        let value = self.varint_bits(10)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn varint_bits(&mut self, max_bytes: usize) -> Result<u64> {
        let mut value = 0u64;
        for i in 0..max_bytes {
            let byte = self.u8()?;
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

    /// `count` bytes, without a copy.
    pub fn raw(&mut self, count: usize) -> Result<Bytes> {
        let at = self.take(count, "bytes")?;
        Ok(self.bytes.slice(at..at + count))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> Bytes {
        let out = self.bytes.slice(self.position..);
        self.position = self.bytes.len();
        out
    }

    fn length(&mut self, length: i64) -> Result<Option<usize>> {
        match length {
            -1 => Ok(None),
            n => match usize::try_from(n) {
                Ok(n) => Ok(Some(n)),
                Err(_) => self.fail(format!("length {n} is negative")),
            },
        }
    }

    fn compact_length(&mut self) -> Result<Option<usize>> {
        Ok((self.unsigned_varint()? as usize).checked_sub(1))
    }

    fn text(&mut self, length: Option<usize>) -> Result<Option<String>> {
        let Some(length) = length else {
            return Ok(None);
        };
        let raw = self.raw(length)?;
        match std::str::from_utf8(&raw) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => self.fail("string is not UTF-8".to_owned()),
        }
    }

    fn present<T>(&self, value: Option<T>, what: &str) -> Result<T> {
        match value {
            Some(value) => Ok(value),
            None => self.fail(format!("{what} must not be null")),
        }
    }

    pub fn nullable_string(&mut self) -> Result<Option<String>> {
        let length = self.i16()?;
        let length = self.length(length.into())?;
        self.text(length)
    }

    pub fn string(&mut self) -> Result<String> {
        let value = self.nullable_string()?;
        self.present(value, "string")
    }

    pub fn compact_nullable_string(&mut self) -> Result<Option<String>> {
        let length = self.compact_length()?;
        self.text(length)
    }

    pub fn compact_string(&mut self) -> Result<String> {
        let value = self.compact_nullable_string()?;
        self.present(value, "string")
    }

    pub fn nullable_bytes(&mut self) -> Result<Option<Bytes>> {
        let length = self.i32()?;
        let length = self.length(length.into())?;
        length.map(|n| self.raw(n)).transpose()
    }

    pub fn bytes(&mut self) -> Result<Bytes> {
        let value = self.nullable_bytes()?;
        self.present(value, "bytes")
    }

    pub fn compact_nullable_bytes(&mut self) -> Result<Option<Bytes>> {
        let length = self.compact_length()?;
        length.map(|n| self.raw(n)).transpose()
    }

    pub fn compact_bytes(&mut self) -> Result<Bytes> {
        let value = self.compact_nullable_bytes()?;
        self.present(value, "bytes")
    }

    /// An array with an i32 length. Every element must take at least one byte.
    pub fn array<T>(&mut self, element: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.i32()?;
        let length = self.length(length.into())?;
        let length = self.present(length, "array")?;
        self.elements(length, element)
    }

    /// An array with a compact length. Every element must take at least one byte.
    pub fn compact_array<T>(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let length = self.compact_nullable_array(element)?;
        self.present(length, "array")
    }

    /// Like [`Reader::compact_array`], null allowed.
    pub fn compact_nullable_array<T>(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        match self.compact_length()? {
            None => Ok(None),
            Some(length) => self.elements(length, element).map(Some),
        }
    }

    fn elements<T>(
        &mut self,
        length: usize,
        mut element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        if length > self.remaining() {
            let left = self.remaining();
            return self.fail(format!("an array of {length} elements in {left} bytes"));
        }
        let mut out = Vec::new();
        for _ in 0..length {
            out.push(element(self)?);
        }
        Ok(out)
    }

    /// The tag section that ends every structure of a flexible version.
    pub fn tagged_fields(&mut self) -> Result<TaggedFields> {
        let count = self.unsigned_varint()?;
        let mut out = TaggedFields::new();
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()?;
            out.insert(tag, self.raw(size as usize)?);
        }
        Ok(out)
    }
}

/// Writes fields one after another.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    out: BytesMut,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn finish(self) -> Bytes {
        self.out.freeze()
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub fn i8(&mut self, value: i8) -> &mut Self {
        self.out.put_i8(value);
        self
    }

    pub fn i16(&mut self, value: i16) -> &mut Self {
        self.out.put_i16(value);
        self
    }

    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.out.put_i32(value);
        self
    }

    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.out.put_i64(value);
        self
    }

    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.out.put_u8(value);
        self
    }

    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.out.put_u16(value);
        self
    }

    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.out.put_u32(value);
        self
    }

    pub fn f64(&mut self, value: f64) -> &mut Self {
        self.out.put_f64(value);
        self
    }

    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.u8(value.into())
    }

    pub fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.raw(value.as_bytes())
    }

    pub fn unsigned_varint(&mut self, value: u32) -> &mut Self {
        put_varint(&mut self.out, value.into());
        self
    }

    pub fn varint(&mut self, value: i32) -> &mut Self {
        self.unsigned_varint(((value << 1) ^ (value >> 31)) as u32)
    }

    pub fn varlong(&mut self, value: i64) -> &mut Self {
        put_varlong(&mut self.out, value);
        self
    }

    pub fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.out.put_slice(value);
        self
    }

    /// A string of at most 32,767 bytes.
    pub fn string(&mut self, value: &str) -> &mut Self {
        self.nullable_string(Some(value))
    }

    pub fn nullable_string(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            None => self.i16(-1),
            Some(text) => {
                debug_assert!(text.len() <= i16::MAX as usize);
                self.i16(text.len() as i16).raw(text.as_bytes())
            }
        }
    }

    pub fn compact_string(&mut self, value: &str) -> &mut Self {
        self.compact_nullable_bytes(Some(value.as_bytes()))
    }

    pub fn compact_nullable_string(&mut self, value: Option<&str>) -> &mut Self {
        self.compact_nullable_bytes(value.map(str::as_bytes))
    }

    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.nullable_bytes(Some(value))
    }

    pub fn nullable_bytes(&mut self, value: Option<&[u8]>) -> &mut Self {
        match value {
            None => self.i32(-1),
            Some(bytes) => self.i32(bytes.len() as i32).raw(bytes),
        }
    }

    pub fn compact_bytes(&mut self, value: &[u8]) -> &mut Self {
        self.compact_nullable_bytes(Some(value))
    }

    pub fn compact_nullable_bytes(&mut self, value: Option<&[u8]>) -> &mut Self {
        match value {
            None => self.unsigned_varint(0),
            Some(bytes) => self.unsigned_varint(bytes.len() as u32 + 1).raw(bytes),
        }
    }

    pub fn array<T>(&mut self, items: &[T], mut element: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.i32(items.len() as i32);
        items.iter().for_each(|item| element(self, item));
        self
    }

    pub fn compact_array<T>(
        &mut self,
        items: &[T],
        mut element: impl FnMut(&mut Self, &T),
    ) -> &mut Self {
        self.unsigned_varint(items.len() as u32 + 1);
        items.iter().for_each(|item| element(self, item));
        self
    }

    /// A null array with a compact length.
    pub fn compact_null_array(&mut self) -> &mut Self {
        self.unsigned_varint(0)
    }

    pub fn tagged_fields(&mut self, fields: &TaggedFields) -> &mut Self {
        self.unsigned_varint(fields.len() as u32);
        for (tag, value) in fields {
            self.unsigned_varint(*tag)
                .unsigned_varint(value.len() as u32)
                .raw(value);
        }
        self
    }

    /// The tag section of a structure without any.
    pub fn no_tagged_fields(&mut self) -> &mut Self {
        self.unsigned_varint(0)
    }
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

pub(crate) fn put_varlong(out: &mut BytesMut, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Bytes that [`put_varlong`] takes.
pub(crate) fn varlong_len(value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (zigzag | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests;
