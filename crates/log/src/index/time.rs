//! `.timeindex`: the largest timestamp up to an offset.
//!
//! ```text
//! entry: timestamp i64 (ms) | relative_offset i32 (offset - base)     12 bytes, ascending
//! ```
//! Everything in the segment before an entry's offset has at most its timestamp.

use bytes::Bytes;

pub(crate) const ENTRY_BYTES: usize = 12;

/// A sparse map from timestamps to offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeIndex {
    base: i64,
    bytes: Vec<u8>,
}

impl TimeIndex {
    pub(crate) fn new(base: i64) -> Self {
        Self {
            base,
            bytes: Vec::new(),
        }
    }

    /// Takes a file's bytes, or says what cannot be true of them.
    pub(crate) fn from_bytes(base: i64, bytes: &[u8]) -> Result<Self, String> {
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return Err(format!(
                "its size {} is not a multiple of {ENTRY_BYTES}",
                bytes.len()
            ));
        }
        let index = Self {
            base,
            bytes: bytes.to_vec(),
        };
        let mut previous: Option<(i64, i64)> = None;
        for i in 0..index.len() {
            let (timestamp, offset) = index.entry(i);
            let ascends =
                previous.is_none_or(|(time, before)| timestamp > time && offset >= before);
            if offset < base || !ascends {
                return Err(format!(
                    "entry {i} (timestamp {timestamp}, offset {offset}) is wrong"
                ));
            }
            previous = Some((timestamp, offset));
        }
        Ok(index)
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Bytes {
        Bytes::copy_from_slice(&self.bytes)
    }

    pub fn len(&self) -> usize {
        self.bytes.len() / ENTRY_BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Timestamp (ms) and absolute offset of entry `i`.
    pub fn entry(&self, i: usize) -> (i64, i64) {
        let at = i * ENTRY_BYTES;
        let timestamp = i64::from_be_bytes(
            *self.bytes[at..]
                .first_chunk()
                .expect("an entry is 12 bytes"),
        );
        let relative = u32::from_be_bytes(
            *self.bytes[at + 8..]
                .first_chunk()
                .expect("an entry is 12 bytes"),
        );
        (timestamp, self.base + i64::from(relative))
    }

    pub fn last(&self) -> Option<(i64, i64)> {
        self.len().checked_sub(1).map(|i| self.entry(i))
    }

    fn partition_point(&self, before: impl Fn((i64, i64)) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.entry(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The offset to search from for the first record with `timestamp` or later.
    pub fn lookup(&self, timestamp: i64) -> i64 {
        match self.partition_point(|(at, _)| at <= timestamp) {
            0 => self.base,
            n => self.entry(n - 1).1,
        }
    }

    /// Adds an entry if it says something new.
    pub(crate) fn maybe_append(&mut self, timestamp: i64, offset: i64) {
        if self.last().is_some_and(|(last, _)| timestamp <= last) || timestamp < 0 {
            return;
        }
        let relative = (offset - self.base) as u32;
        self.bytes.extend_from_slice(&timestamp.to_be_bytes());
        self.bytes.extend_from_slice(&relative.to_be_bytes());
    }

    /// Keeps the entries below `offset`.
    pub(crate) fn truncate_to(&mut self, offset: i64) {
        let keep = self.partition_point(|(_, at)| at < offset);
        self.bytes.truncate(keep * ENTRY_BYTES);
    }

    /// Whether `max_bytes` (`segment.index.bytes`) hold no more entry. One stays free for the
    /// entry that closes the segment.
    pub(crate) fn is_full(&self, max_bytes: usize) -> bool {
        self.len() + 1 >= max_bytes / ENTRY_BYTES
    }
}
