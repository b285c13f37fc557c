//! `.index`: where in the segment an offset is, every `index.interval.bytes`.
//!
//! ```text
//! entry: relative_offset i32 (offset - base) | position i32     8 bytes, ascending
//! ```
//! An entry holds the last offset of a batch and the position where that batch starts.

use bytes::Bytes;

pub(crate) const ENTRY_BYTES: usize = 8;

/// A sparse map from offsets to byte positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetIndex {
    base: i64,
    bytes: Vec<u8>,
}

impl OffsetIndex {
    pub(crate) fn new(base: i64) -> Self {
        Self {
            base,
            bytes: Vec::new(),
        }
    }

    /// Takes a file's bytes, or says what cannot be true of them in a segment of `size` bytes.
    pub(crate) fn from_bytes(base: i64, bytes: &[u8], size: u32) -> Result<Self, String> {
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
        let mut previous = (base - 1, None);
        for i in 0..index.len() {
            let (offset, position) = index.entry(i);
            let ascends = previous.1.is_none_or(|before| position > before);
            if offset <= previous.0 || !ascends || position >= size {
                return Err(format!(
                    "entry {i} (offset {offset}, position {position}) is wrong"
                ));
            }
            previous = (offset, Some(position));
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

    /// Absolute offset and position of entry `i`.
    pub fn entry(&self, i: usize) -> (i64, u32) {
        let at = i * ENTRY_BYTES;
        let field = |at: usize| {
            u32::from_be_bytes(*self.bytes[at..].first_chunk().expect("an entry is 8 bytes"))
        };
        (self.base + i64::from(field(at)), field(at + 4))
    }

    pub fn last(&self) -> Option<(i64, u32)> {
        self.len().checked_sub(1).map(|i| self.entry(i))
    }

    /// The first entry for which `after` holds; entries must be partitioned by it.
    fn partition_point(&self, before: impl Fn((i64, u32)) -> bool) -> usize {
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

    /// The position to scan from to find `offset`: that of the last entry at or before it.
    pub fn lookup(&self, offset: i64) -> u32 {
        match self.partition_point(|(at, _)| at <= offset) {
            0 => 0,
            n => self.entry(n - 1).1,
        }
    }

    /// The last batch boundary in `(from, limit]` that is known, else the first one after.
    pub(crate) fn boundary(&self, from: u32, limit: u32) -> Option<u32> {
        let next = self.partition_point(|(_, position)| position <= limit);
        if next > 0 && self.entry(next - 1).1 > from {
            return Some(self.entry(next - 1).1);
        }
        (next < self.len()).then(|| self.entry(next).1)
    }

    pub(crate) fn append(&mut self, offset: i64, position: u32) {
        let relative = (offset - self.base) as u32;
        self.bytes.extend_from_slice(&relative.to_be_bytes());
        self.bytes.extend_from_slice(&position.to_be_bytes());
    }

    /// Keeps the entries below `offset`.
    pub(crate) fn truncate_to(&mut self, offset: i64) {
        let keep = self.partition_point(|(at, _)| at < offset);
        self.bytes.truncate(keep * ENTRY_BYTES);
    }

    /// Keeps the entries of batches that start below `position`.
    pub(crate) fn truncate_to_position(&mut self, position: u32) {
        let keep = self.partition_point(|(_, at)| at < position);
        self.bytes.truncate(keep * ENTRY_BYTES);
    }

    /// Whether `max_bytes` (`segment.index.bytes`) hold no more entry.
    pub(crate) fn is_full(&self, max_bytes: usize) -> bool {
        self.len() >= max_bytes / ENTRY_BYTES
    }
}
