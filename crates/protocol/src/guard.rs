//! Makes the kafka-protocol decoder safe for hostile bytes.
//!
//! Its array decoders reserve memory for as many elements as the length field claims, before they
//! read the first one: nine bytes could ask for gigabytes, or overflow the capacity and panic. The
//! decoders read through a trait, so this module stands between: a length that cannot be true never
//! reaches them.
//!
//! From a read of four bytes alone it cannot be told whether they are an array length, a bytes
//! length or a plain number such as a timeout. What the decoder does next tells bytes lengths: it
//! asks for exactly that many bytes. Numbers and arrays are told apart by decoding once with -2 in
//! their place: a number may be anything, an array refuses it. Only messages that hold a number
//! larger than they are long pay for the further passes.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::{ByteBuf, NotEnoughBytesError};

/// Most elements an array in a message may have. Kafka has no such limit; a cluster in a tab
/// has no use for more.
pub(crate) const MAX_ARRAY_ELEMENTS: usize = 65_536;

/// Bytes of the longest unsigned varint of 32 bits.
const MAX_VARINT_BYTES: usize = 5;

/// Handed to the decoder in place of a doubtful length: reserves one element.
const PROBE_LENGTH: i32 = 1;
/// Handed to the decoder in place of a doubtful number: every array and bytes decoder refuses it.
const REFUSED_LENGTH: i32 = -2;

/// Decodes a message from the start of `bytes`; returns it with the bytes after it.
pub fn decode<T: Decodable>(bytes: &Bytes, version: i16) -> Result<(T, Bytes), String> {
    let mut numbers = Vec::new();
    let first = pass::<T>(bytes, version, Pass::Probe, &mut numbers)?;
    if numbers.is_empty() {
        return Ok(first);
    }
    pass::<T>(bytes, version, Pass::Refuse, &mut numbers)
        .map_err(|e| format!("an array length is larger than the message or the limit of {MAX_ARRAY_ELEMENTS} elements ({e})"))?;
    pass::<T>(bytes, version, Pass::Accept, &mut numbers)
}

fn pass<T: Decodable>(
    bytes: &Bytes,
    version: i16,
    pass: Pass,
    numbers: &mut Vec<usize>,
) -> Result<(T, Bytes), String> {
    let mut buf = GuardedBuf {
        rest: bytes.clone(),
        len: bytes.len(),
        pass,
        numbers,
        doubt: Doubt::None,
        refused: false,
    };
    let decoded = T::decode(&mut buf, version);
    buf.settle();
    if buf.refused {
        return Err(format!(
            "an array has more than {MAX_ARRAY_ELEMENTS} elements"
        ));
    }
    let value = decoded.map_err(|e| e.to_string().trim().to_owned())?;
    Ok((value, buf.rest))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Doubtful lengths become [`PROBE_LENGTH`]; positions of numbers and arrays are noted.
    Probe,
    /// The noted positions become [`REFUSED_LENGTH`].
    Refuse,
    /// The noted positions are numbers and pass.
    Accept,
}

#[derive(Clone, Copy)]
enum Doubt {
    None,
    /// An i32 at this position was replaced by [`PROBE_LENGTH`].
    Int {
        position: usize,
        value: usize,
    },
    /// A varint was replaced by 2 (one element, or a tagged field of two bytes).
    Varint {
        value: usize,
    },
}

struct GuardedBuf<'a> {
    rest: Bytes,
    len: usize,
    pass: Pass,
    /// Positions (from the start) of four-byte values that are not lengths of bytes, ascending.
    numbers: &'a mut Vec<usize>,
    doubt: Doubt,
    refused: bool,
}

impl GuardedBuf<'_> {
    fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    /// The decoder went on without asking for bytes: the value in doubt was no length of bytes.
    fn settle(&mut self) {
        match std::mem::replace(&mut self.doubt, Doubt::None) {
            Doubt::None => {}
            Doubt::Int { position, .. } => {
                if self.pass == Pass::Probe {
                    self.numbers.push(position);
                }
            }
            // No message has a plain varint field, so this was an array or a tag section.
            Doubt::Varint { .. } => self.refused = true,
        }
    }

    /// The varint that starts at the current position, and its length.
    fn peek_varint(&self) -> (u64, usize) {
        let mut value = 0u64;
        let mut used = 0;
        for byte in self.rest.iter().take(MAX_VARINT_BYTES) {
            value |= u64::from(byte & 0x7f) << (7 * used);
            used += 1;
            if *byte < 0x80 {
                break;
            }
        }
        (value, used)
    }
}

impl Buf for GuardedBuf<'_> {
    fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.rest
    }

    fn advance(&mut self, count: usize) {
        self.settle();
        self.rest.advance(count);
    }

    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        self.settle();
        let Some(&byte) = self.rest.first() else {
            return Err(TryGetError {
                requested: 1,
                available: 0,
            });
        };
        if byte < 0x80 {
            self.rest.advance(1);
            return Ok(byte);
        }
        // Several bytes: a length or count (a boolean is 0 or 1).
        let (value, used) = self.peek_varint();
        let available = self.rest.len() - used;
        if value > available as u64 + 1 {
            return Err(TryGetError {
                requested: value as usize,
                available,
            });
        }
        if value as usize <= MAX_ARRAY_ELEMENTS {
            self.rest.advance(1);
            return Ok(byte);
        }
        self.rest.advance(used);
        self.doubt = Doubt::Varint {
            value: value as usize,
        };
        Ok(2)
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        self.settle();
        let Some(&raw) = self.rest.first_chunk::<4>() else {
            return Err(TryGetError {
                requested: 4,
                available: self.rest.len(),
            });
        };
        let position = self.position();
        self.rest.advance(4);
        let value = i32::from_be_bytes(raw);
        let limit = self.rest.len().min(MAX_ARRAY_ELEMENTS);
        if value <= 0 || value as usize <= limit {
            return Ok(value);
        }
        if self.pass != Pass::Probe && self.numbers.binary_search(&position).is_ok() {
            return Ok(if self.pass == Pass::Refuse {
                REFUSED_LENGTH
            } else {
                value
            });
        }
        self.doubt = Doubt::Int {
            position,
            value: value as usize,
        };
        Ok(PROBE_LENGTH)
    }
}

impl ByteBuf for GuardedBuf<'_> {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.rest.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.settle();
        self.rest.split_to(size)
    }

    fn try_get_bytes(&mut self, size: usize) -> Result<Bytes, NotEnoughBytesError> {
        let size = match (self.doubt, size) {
            (Doubt::Int { value, .. }, 1) => value,
            // A compact length counts itself in; the size of a tagged field does not.
            (Doubt::Varint { value }, 1) => value - 1,
            (Doubt::Varint { value }, 2) => value,
            _ => {
                self.settle();
                size
            }
        };
        self.doubt = Doubt::None;
        if size > self.rest.len() {
            return Err(NotEnoughBytesError);
        }
        Ok(self.rest.split_to(size))
    }
}

#[cfg(test)]
mod tests;
