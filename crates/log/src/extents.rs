//! The bytes of one segment: pieces in memory and stretches that only the store has.
//!
//! Every piece starts and ends at a batch boundary, so a batch never lies in two. Neighbouring
//! cold stretches are one entry: a segment that is all cold costs a few words.

use bytes::Bytes;
use konbini_protocol::record::BatchHeader;

#[derive(Debug, Clone)]
struct Piece {
    position: u32,
    len: u32,
    /// `None`: only the store has it.
    bytes: Option<Bytes>,
    /// When it was last appended or read, counted in operations of the log.
    touched: u64,
}

impl Piece {
    fn end(&self) -> u32 {
        self.position + self.len
    }
}

/// A stretch that is not in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cold {
    pub position: u32,
    pub end: u32,
}

/// Why a batch cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    Cold(Cold),
    /// No batch starts there, so the index that led there is wrong: index files have no checksum.
    NoBatch {
        position: u32,
        reason: String,
    },
}

impl From<Cold> for Stop {
    fn from(cold: Cold) -> Self {
        Stop::Cold(cold)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Extents {
    /// In order, without gaps, from 0 to `size`.
    pieces: Vec<Piece>,
    size: u32,
    resident: usize,
}

/// A batch in the segment: where it starts, its header and its bytes.
pub(crate) struct Located {
    pub position: u32,
    pub header: BatchHeader,
    pub bytes: Bytes,
}

impl Extents {
    /// A segment of which nothing is in memory.
    pub(crate) fn cold(size: u32) -> Self {
        let mut out = Self {
            pieces: Vec::new(),
            size,
            resident: 0,
        };
        if size > 0 {
            out.pieces.push(Piece {
                position: 0,
                len: size,
                bytes: None,
                touched: 0,
            });
        }
        out
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    pub(crate) fn resident_bytes(&self) -> usize {
        self.resident
    }

    /// Adds whole batches at the end.
    pub(crate) fn append(&mut self, bytes: Bytes, touched: u64) {
        let len = bytes.len() as u32;
        self.resident += bytes.len();
        self.pieces.push(Piece {
            position: self.size,
            len,
            bytes: Some(bytes),
            touched,
        });
        self.size += len;
    }

    /// The piece that holds `position`, which must be below the size.
    fn piece_at(&self, position: u32) -> usize {
        self.pieces.partition_point(|piece| piece.end() <= position)
    }

    /// The header of the batch that starts at `position` (a batch boundary below the size).
    pub(crate) fn header_at(&self, position: u32) -> Result<BatchHeader, Stop> {
        let piece = &self.pieces[self.piece_at(position)];
        let Some(bytes) = &piece.bytes else {
            return Err(Stop::Cold(Cold {
                position,
                end: piece.end(),
            }));
        };
        let rest = &bytes[(position - piece.position) as usize..];
        match BatchHeader::parse(rest) {
            Ok(header) if header.size() <= rest.len() && header.base_offset >= 0 => Ok(header),
            Ok(_) => Err(Stop::NoBatch {
                position,
                reason: "its bytes are cut off".to_owned(),
            }),
            Err(error) => Err(Stop::NoBatch {
                position,
                reason: error.to_string(),
            }),
        }
    }

    /// The batch that starts at `position` (a batch boundary below the size).
    pub(crate) fn batch_at(&self, position: u32) -> Result<Located, Stop> {
        let header = self.header_at(position)?;
        let piece = &self.pieces[self.piece_at(position)];
        let start = (position - piece.position) as usize;
        match &piece.bytes {
            Some(bytes) => {
                let bytes = bytes.slice(start..start + header.size());
                Ok(Located {
                    position,
                    header,
                    bytes,
                })
            }
            None => Err(Stop::Cold(Cold {
                position,
                end: piece.end(),
            })),
        }
    }

    /// The bytes of `[from, to)` as the pieces hold them; marks them as used.
    pub(crate) fn slice(&mut self, from: u32, to: u32, touched: u64) -> Result<Vec<Bytes>, Cold> {
        let mut out = Vec::new();
        let mut at = from;
        while at < to {
            let i = self.piece_at(at);
            let piece = &mut self.pieces[i];
            let Some(bytes) = &piece.bytes else {
                return Err(Cold {
                    position: at,
                    end: piece.end(),
                });
            };
            let end = piece.end().min(to);
            out.push(bytes.slice((at - piece.position) as usize..(end - piece.position) as usize));
            piece.touched = touched;
            at = end;
        }
        Ok(out)
    }

    /// Puts bytes into a cold stretch. Bytes that are there already stay as they are.
    pub(crate) fn put(&mut self, position: u32, bytes: &Bytes, touched: u64) {
        let (mut at, end) = (position, (position + bytes.len() as u32).min(self.size));
        while at < end {
            let i = self.piece_at(at);
            let (start, stop) = (self.pieces[i].position, self.pieces[i].end());
            let upto = stop.min(end);
            if self.pieces[i].bytes.is_none() {
                let part = bytes.slice((at - position) as usize..(upto - position) as usize);
                self.resident += part.len();
                let filled = Piece {
                    position: at,
                    len: upto - at,
                    bytes: Some(part),
                    touched,
                };
                let cold = |from: u32, to: u32| {
                    (from < to).then_some(Piece {
                        position: from,
                        len: to - from,
                        bytes: None,
                        touched: 0,
                    })
                };
                let parts = [cold(start, at), Some(filled), cold(upto, stop)]
                    .into_iter()
                    .flatten();
                self.pieces.splice(i..=i, parts);
            }
            at = upto;
        }
    }

    /// Forgets everything from `size` (a batch boundary) on.
    pub(crate) fn truncate(&mut self, size: u32) {
        while let Some(last) = self.pieces.last_mut() {
            if last.end() <= size {
                break;
            }
            if last.position >= size {
                self.resident -= last.bytes.as_ref().map_or(0, Bytes::len);
                self.pieces.pop();
                continue;
            }
            last.len = size - last.position;
            if let Some(bytes) = &mut last.bytes {
                self.resident -= bytes.len() - last.len as usize;
                bytes.truncate(last.len as usize);
            }
        }
        self.size = self.size.min(size);
    }

    /// Time of last use and size of every piece in memory.
    pub(crate) fn residents(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        self.pieces
            .iter()
            .filter(|piece| piece.bytes.is_some())
            .map(|p| (p.touched, p.len as usize))
    }

    /// Drops pieces that were last used before or at `touched`, until `want` bytes are freed.
    /// Returns the bytes freed.
    pub(crate) fn evict(&mut self, touched: u64, want: usize) -> usize {
        let mut freed = 0;
        for piece in &mut self.pieces {
            if freed >= want {
                break;
            }
            if piece.touched <= touched && piece.bytes.take().is_some() {
                freed += piece.len as usize;
            }
        }
        if freed > 0 {
            self.resident -= freed;
            self.merge_cold();
        }
        freed
    }

    fn merge_cold(&mut self) {
        self.pieces.dedup_by(|next, before| {
            let merge = next.bytes.is_none() && before.bytes.is_none();
            if merge {
                before.len += next.len;
            }
            merge
        });
    }

    #[cfg(test)]
    pub(crate) fn pieces(&self) -> usize {
        self.pieces.len()
    }
}

#[cfg(test)]
mod tests;
