//! Reading bytes back, with their checksums.

use super::catalog::{Catalog, Entry, LogAt, ValueAt};
use super::database::Database;
use super::failure::{FailureKind, StoreFailure};
use bytes::{Bytes, BytesMut};
use konbini_log::{Load, LoadError};
use konbini_protocol::crc32c::crc32c;

/// A stored value and what the index says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub at: ValueAt,
    pub entry: Entry,
}

/// A range of a segment's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub log: LogAt,
    pub segment: i64,
    pub from: u32,
    pub to: u32,
}

impl Wanted {
    pub fn new(node: i32, load: &Load) -> Wanted {
        Wanted {
            log: LogAt::new(node, &load.dir.0),
            segment: load.segment,
            from: load.position,
            to: load.position.saturating_add(load.len),
        }
    }

    /// The values that hold the range.
    pub fn pieces(&self, catalog: &Catalog) -> Vec<Piece> {
        let found = catalog.overlapping(&self.log, self.segment, self.from, self.to);
        let piece = |(position, entry)| Piece {
            at: ValueAt {
                log: self.log.clone(),
                segment: self.segment,
                position,
            },
            entry,
        };
        found.into_iter().map(piece).collect()
    }

    /// Puts the range together; a gap between the values is a missing value.
    pub fn join(&self, values: Vec<(Piece, Result<Bytes, LoadError>)>) -> Result<Bytes, LoadError> {
        let mut joined = BytesMut::with_capacity((self.to - self.from) as usize);
        let mut at = self.from;
        for (piece, value) in values {
            let position = piece.at.position;
            if position > at {
                return Err(LoadError::Missing);
            }
            let value = value?;
            let end = self.to.min(position + piece.entry.kept);
            // Two rows of a damaged index may overlap.
            if end <= at {
                continue;
            }
            joined.extend_from_slice(&value[(at - position) as usize..(end - position) as usize]);
            at = end;
        }
        if at < self.to {
            return Err(LoadError::Missing);
        }
        Ok(joined.freeze())
    }
}

/// Reads values, each checked against its entry. One that the browser fails to read is damaged if
/// this is done `again`, over a new connection; before that, the read as a whole has failed.
pub async fn read(
    database: &Database,
    pieces: &[Piece],
    again: bool,
) -> Result<Vec<Result<Bytes, LoadError>>, StoreFailure> {
    if pieces.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<ValueAt> = pieces.iter().map(|piece| piece.at.clone()).collect();
    let values = database.values(&keys).await?;
    let mut checked = Vec::with_capacity(pieces.len());
    for (piece, value) in pieces.iter().zip(values) {
        let position = piece.at.position;
        let one = match value {
            Ok(Some(bytes)) => check(piece, bytes),
            Ok(None) => Err(LoadError::Missing),
            // A new connection may do better; a transaction that was cut off says nothing of the value.
            Err(failure) if !again || failure.kind == FailureKind::Aborted => return Err(failure),
            Err(failure) => Err(LoadError::Damaged {
                position,
                reason: format!("the browser cannot read the value ({failure})"),
            }),
        };
        checked.push(one);
    }
    Ok(checked)
}

fn check(piece: &Piece, bytes: Vec<u8>) -> Result<Bytes, LoadError> {
    let damaged = |reason: String| {
        Err(LoadError::Damaged {
            position: piece.at.position,
            reason,
        })
    };
    if bytes.len() != piece.entry.len as usize {
        return damaged(format!(
            "the value has {} bytes in place of {}",
            bytes.len(),
            piece.entry.len
        ));
    }
    let crc = crc32c(&bytes);
    if crc != piece.entry.crc {
        return damaged(format!(
            "the value's CRC-32C is {crc:08x} in place of {:08x}",
            piece.entry.crc
        ));
    }
    Ok(Bytes::from(bytes))
}
