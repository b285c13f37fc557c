//! Size-prefixed frames: what travels on a Kafka connection, in both directions.
//!
//! ```text
//! +----------+----------------+
//! | size i32 | body (size B)  |   big-endian, size does not count itself
//! +----------+----------------+
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

/// Largest frame body accepted, in bytes: Kafka's default of `socket.request.max.bytes`.
pub const MAX_FRAME_BYTES: usize = 100 * 1024 * 1024;

/// Bytes of the size prefix.
const PREFIX_BYTES: usize = 4;

/// Why a connection's bytes cannot be cut into frames. The connection has to be closed: there is no
/// way to find the next frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("frame size {0} is negative")]
    Negative(i32),
    #[error("frame of {size} bytes is larger than the limit of {limit} bytes")]
    TooLarge { size: usize, limit: usize },
}

/// Cuts a connection's bytes into frames. Memory grows only with bytes that have arrived.
#[derive(Debug)]
pub struct FrameReader {
    /// Bytes as they came; frames inside are handed out without a copy.
    head: Bytes,
    /// Bytes of a frame that came in several pieces. Empty unless `head` is.
    partial: BytesMut,
    limit: usize,
}

impl Default for FrameReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameReader {
    /// A reader with the limit [`MAX_FRAME_BYTES`].
    pub fn new() -> Self {
        Self::with_limit(MAX_FRAME_BYTES)
    }

    /// A reader that refuses frame bodies over `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            head: Bytes::new(),
            partial: BytesMut::new(),
            limit,
        }
    }

    /// Adds bytes that arrived. Takes `Bytes` (not copied when a whole frame is inside) or
    /// anything that turns into it.
    pub fn push(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if self.head.is_empty() && self.partial.is_empty() {
            self.head = bytes;
            return;
        }
        if !self.head.is_empty() {
            self.partial.extend_from_slice(&self.head);
            self.head = Bytes::new();
        }
        self.partial.extend_from_slice(&bytes);
    }

    /// The body of the next frame, without its size prefix, or `None` until more bytes arrive.
    /// After an error the reader stays at the bad frame and returns the same error again.
    #[allow(clippy::should_implement_trait)] // An iterator would be fused on the first None.
    pub fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        let waiting: &[u8] = if self.head.is_empty() {
            &self.partial
        } else {
            &self.head
        };
        let Some(prefix) = waiting.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let size = i32::from_be_bytes(*prefix);
        let size = usize::try_from(size).map_err(|_| FrameError::Negative(size))?;
        if size > self.limit {
            return Err(FrameError::TooLarge {
                size,
                limit: self.limit,
            });
        }
        if waiting.len() - PREFIX_BYTES < size {
            return Ok(None);
        }
        let end = PREFIX_BYTES + size;
        let whole = if self.head.is_empty() {
            self.partial.split_to(end).freeze()
        } else {
            self.head.split_to(end)
        };
        Ok(Some(whole.slice(PREFIX_BYTES..)))
    }

    /// Bytes held for a frame that is not complete yet.
    pub fn pending_bytes(&self) -> usize {
        self.head.len() + self.partial.len()
    }
}

/// Puts the size prefix before `body`.
pub fn frame(body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(PREFIX_BYTES + body.len());
    out.put_i32(body.len() as i32);
    out.put_slice(body);
    out.freeze()
}

/// A buffer with room for the prefix, to be finished by [`end_frame`].
pub(crate) fn start_frame(body_capacity: usize) -> BytesMut {
    let mut out = BytesMut::with_capacity(PREFIX_BYTES + body_capacity);
    out.put_i32(0);
    out
}

/// Fills in the size of a frame begun by [`start_frame`].
pub(crate) fn end_frame(mut buf: BytesMut) -> Bytes {
    let size = (buf.len() - PREFIX_BYTES) as i32;
    buf[..PREFIX_BYTES].copy_from_slice(&size.to_be_bytes());
    buf.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_name_the_size() {
        let check = |bytes: [u8; 4], expect: FrameError| {
            let mut reader = FrameReader::with_limit(10);
            reader.push(bytes.to_vec());
            assert_eq!(reader.next(), Err(expect.clone()));
            assert_eq!(reader.next(), Err(expect));
        };
        check([0xff, 0xff, 0xff, 0xff], FrameError::Negative(-1));
        check(
            [0, 0, 0, 11],
            FrameError::TooLarge {
                size: 11,
                limit: 10,
            },
        );
        check(
            [0x7f, 0xff, 0xff, 0xff],
            FrameError::TooLarge {
                size: 0x7fff_ffff,
                limit: 10,
            },
        );
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut reader = FrameReader::new();
        reader.push(vec![0x06, 0x00, 0x00, 0x00, 1, 2, 3]);
        assert_eq!(reader.next(), Ok(None));
        assert_eq!(reader.pending_bytes(), 7);
        assert_eq!(reader.partial.capacity(), 0);
    }

    #[test]
    fn a_whole_frame_is_not_copied() {
        let bytes = frame(b"hello");
        let at = bytes[4..].as_ptr();
        let mut reader = FrameReader::new();
        reader.push(bytes);
        assert_eq!(reader.next().unwrap().unwrap().as_ptr(), at);
    }

    proptest! {
        #[test]
        fn any_cutting_gives_the_same_frames(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cuts in prop::collection::vec(1usize..30, 1..40),
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|b| frame(b).to_vec()).collect();
            let mut reader = FrameReader::new();
            let mut got = Vec::new();
            let (mut at, mut cut) = (0, cuts.iter().cycle());
            while at < stream.len() {
                let end = (at + cut.next().unwrap()).min(stream.len());
                reader.push(stream[at..end].to_vec());
                at = end;
                while let Some(body) = reader.next().unwrap() {
                    got.push(body.to_vec());
                }
            }
            prop_assert_eq!(got, bodies);
            prop_assert_eq!(reader.pending_bytes(), 0);
        }
    }
}
