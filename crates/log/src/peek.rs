//! Looking at a log without using it: for inspectors. What is in memory may change, nothing else.

use bytes::Bytes;

use crate::extents::Stop;
use crate::log::Log;
use crate::store::Load;

impl Log {
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// Where in its segment the batch lies that holds `offset`; `None` when there is none or its
    /// bytes are not in memory.
    pub fn position_of(&self, offset: i64) -> Option<u32> {
        let first = self
            .segments
            .range(..=offset)
            .next_back()
            .map_or(offset, |(base, _)| *base);
        let mut segments = self.segments.range(first..).map(|(_, segment)| segment);
        let found = segments.find_map(|segment| segment.find(offset).transpose())?;
        found.ok().map(|batch| batch.position)
    }

    /// All bytes of a segment in the pieces in which they are stored, or what must be loaded
    /// first; `None` when there is no such segment.
    pub fn segment_bytes(&mut self, base_offset: i64) -> Option<Result<Vec<Bytes>, Load>> {
        let touched = self.touched;
        let segment = self.segments.get_mut(&base_offset)?;
        let size = segment.size();
        match segment.extents.slice(0, size, touched) {
            Ok(pieces) => Some(Ok(pieces)),
            Err(cold) => self.resolve(base_offset, Stop::Cold(cold)).ok().map(Err),
        }
    }
}
