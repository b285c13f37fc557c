//! Which bytes are in memory: dropping the coldest, asking for what is missing, taking it back.

use bytes::Bytes;
use konbini_protocol::record::batches;

use crate::extents::{Cold, Stop};
use crate::log::Log;
use crate::segment::Segment;
use crate::store::{Load, LoadError};

/// Bytes that a load asks for; more if a batch is larger.
pub const LOAD_TARGET_BYTES: u32 = 1024 * 1024;

impl Log {
    /// Bytes of segments in memory.
    pub fn resident_bytes(&self) -> usize {
        self.segments
            .values()
            .map(|segment| segment.extents.resident_bytes())
            .sum()
    }

    /// Drops the least recently used bytes from memory until at least `bytes` are freed or none is
    /// left. Returns how many were. Everything handed out as an append can be dropped: see
    /// [`crate::StoreOp`].
    pub fn evict(&mut self, bytes: usize) -> usize {
        let mut pieces: Vec<(u64, usize)> = self
            .segments
            .values()
            .flat_map(|segment| segment.extents.residents())
            .collect();
        pieces.sort_unstable();
        let (mut sum, mut limit) = (0, 0);
        for (touched, len) in pieces {
            if sum >= bytes {
                break;
            }
            sum += len;
            limit = touched;
        }
        let mut freed = 0;
        for segment in self.segments.values_mut() {
            freed += segment.extents.evict(limit, bytes.saturating_sub(freed));
        }
        freed
    }

    /// Drops from memory what was not used since the last call. Returns how many bytes were dropped.
    pub fn evict_unused(&mut self) -> usize {
        let before = std::mem::replace(&mut self.swept, self.touched);
        let segments = self.segments.values_mut();
        segments
            .map(|segment| segment.extents.evict(before, usize::MAX))
            .sum()
    }

    /// Takes bytes that were asked for, after checking every batch in them. Bytes that are not
    /// what was stored take the log offline; the error says why.
    pub fn loaded(&mut self, load: &Load, bytes: Bytes) -> Result<(), String> {
        self.touched += 1;
        let touched = self.touched;
        if !self.still_has(load) {
            return Ok(());
        }
        if let Err(reason) = self.check(load, &bytes) {
            let reason = format!(
                "{} segment {} position {}: {reason}",
                load.dir, load.segment, load.position
            );
            self.fail(reason.clone());
            return Err(reason);
        }
        if let Some(segment) = self.segments.get_mut(&load.segment) {
            segment.extents.put(load.position, &bytes, touched);
        }
        Ok(())
    }

    /// Whether what a load asked for was not deleted or cut off while it was under way.
    fn still_has(&self, load: &Load) -> bool {
        let end = load.position.saturating_add(load.len);
        let segment = self.segments.get(&load.segment);
        segment.is_some_and(|segment| segment.size() >= end)
    }

    /// Whether the bytes are what was asked for: whole batches of that segment with right CRCs.
    fn check(&self, load: &Load, bytes: &Bytes) -> Result<(), String> {
        if bytes.len() != load.len as usize {
            return Err(format!(
                "{} bytes came, {} were stored",
                bytes.len(),
                load.len
            ));
        }
        let mut next = load.segment;
        for batch in batches(bytes.clone()) {
            let batch = batch.map_err(|e| e.to_string())?;
            batch.validate_crc().map_err(|e| e.to_string())?;
            let base = batch.header.base_offset;
            if base < next || batch.header.next_offset() > self.log_end {
                return Err(format!("a batch at offset {base} is out of order"));
            }
            self.check_epoch(&batch.header)?;
            next = batch.header.next_offset();
        }
        Ok(())
    }

    /// A load gave no bytes: takes the log offline, if it should have them.
    pub fn load_failed(&mut self, load: &Load, error: &LoadError) {
        if !self.still_has(load) {
            return;
        }
        let (dir, segment, position) = (&load.dir, load.segment, load.position);
        self.fail(format!(
            "{dir} segment {segment} position {position}: {error}"
        ));
    }

    /// What to do about a batch that cannot be looked at: load it, or take the log offline.
    pub(crate) fn stopped(&mut self, segment: i64, stop: Stop) -> Result<Load, String> {
        let found = self.resolve(segment, stop);
        if let Err(reason) = &found {
            self.fail(reason.clone());
        }
        found
    }

    /// The same without changing anything.
    pub(crate) fn resolve(&self, segment: i64, stop: Stop) -> Result<Load, String> {
        match stop {
            Stop::Cold(cold) => Ok(self.load(&self.segments[&segment], cold)),
            Stop::NoBatch { position, reason } => Err(format!(
                "{} segment {segment} position {position}: the index points there, but no batch starts there: {reason}",
                self.dir
            )),
        }
    }

    /// Asks for a cold stretch from its start, up to a known batch boundary.
    fn load(&self, segment: &Segment, cold: Cold) -> Load {
        let limit = cold.position.saturating_add(LOAD_TARGET_BYTES);
        let end = if limit >= cold.end {
            cold.end
        } else {
            let boundary = segment.offset_index.boundary(cold.position, limit);
            boundary.unwrap_or(cold.end).min(cold.end)
        };
        Load {
            dir: self.dir.clone(),
            segment: segment.base_offset,
            position: cold.position,
            len: end - cold.position,
        }
    }
}

#[cfg(test)]
mod tests;
