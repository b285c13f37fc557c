//! `.txnindex`: the aborted transactions that ended in the segment, for read_committed.
//!
//! ```text
//! entry: version i16 (0) | producer_id i64 | first_offset i64 | last_offset i64
//!        | last_stable_offset i64                                34 bytes, by last_offset
//! ```

use bytes::Bytes;
use konbini_protocol::schema::{Reader, SchemaError, Writer};

const VERSION: i16 = 0;
const ENTRY_BYTES: usize = 34;

/// A transaction that was aborted: the records of this producer from `first_offset` to
/// `last_offset` (its marker) are not for read_committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    pub last_offset: i64,
    /// The last stable offset once this transaction had ended: where a search may stop.
    pub last_stable_offset: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TransactionIndex {
    entries: Vec<AbortedTransaction>,
}

impl TransactionIndex {
    pub(crate) fn from_bytes(bytes: &Bytes) -> Result<Self, String> {
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return Err(format!(
                "its size {} is not a multiple of {ENTRY_BYTES}",
                bytes.len()
            ));
        }
        let mut reader = Reader::new(bytes.clone());
        let mut index = Self::default();
        while reader.remaining() > 0 {
            let entry = Self::read(&mut reader).map_err(|e| e.to_string())?;
            let before = index.entries.last().map_or(-1, |e| e.last_offset);
            if entry.last_offset <= before || entry.first_offset > entry.last_offset {
                return Err(format!("entry {} is wrong", index.entries.len()));
            }
            index.entries.push(entry);
        }
        Ok(index)
    }

    fn read(reader: &mut Reader) -> Result<AbortedTransaction, SchemaError> {
        let position = reader.position();
        let version = reader.i16()?;
        if version != VERSION {
            return Err(SchemaError {
                position,
                reason: format!("version {version} is unknown"),
            });
        }
        Ok(AbortedTransaction {
            producer_id: reader.i64()?,
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            last_stable_offset: reader.i64()?,
        })
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut writer = Writer::new();
        for entry in &self.entries {
            writer
                .i16(VERSION)
                .i64(entry.producer_id)
                .i64(entry.first_offset)
                .i64(entry.last_offset)
                .i64(entry.last_stable_offset);
        }
        writer.finish()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn append(&mut self, entry: AbortedTransaction) {
        self.entries.push(entry);
    }

    /// Adds what a later segment knows. One that a kill left with both is not added again.
    pub(crate) fn extend(&mut self, later: &TransactionIndex) {
        let end = self.entries.last().map_or(-1, |entry| entry.last_offset);
        let new = later.entries.iter().filter(|entry| entry.last_offset > end);
        self.entries.extend(new);
    }

    /// Keeps the transactions that ended below `offset`; says whether any went.
    pub(crate) fn truncate_to(&mut self, offset: i64) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.last_offset < offset);
        self.entries.len() != before
    }

    /// Adds what a fetch of `[from, upper)` must know to `out`; true when no later segment has
    /// more.
    pub(crate) fn collect(&self, from: i64, upper: i64, out: &mut Vec<AbortedTransaction>) -> bool {
        for entry in &self.entries {
            if entry.last_offset >= from && entry.first_offset < upper {
                out.push(*entry);
            }
            if entry.last_stable_offset >= upper {
                return true;
            }
        }
        false
    }
}
