//! What a broker's disk holds, and how much of it would outlive a cut of that broker's power.
//!
//! Kafka does not wait for the disk: it appends to the system's page cache, and the system writes
//! back later. So a process that is killed loses nothing, and a machine that loses its power loses
//! what was not written back. Here, in virtual time:
//!
//! ```text
//! small files, the metadata log   flushed at once, as Kafka does
//! records of other logs           flushed when the first of these comes:
//!                                 30 s have passed (Linux's dirty_expire_centisecs)
//!                                 the topic's flush.ms have passed
//!                                 flush.messages records wait
//!                                 their segment is rolled, or the recovery point is moved, which
//!                                 the broker notes in a producer snapshot
//!                                 the broker stops by controlled shutdown
//! ```
//!
//! This is about one broker in a running cluster. When everything loses its power at once, as a
//! page does that is closed, the disks are the host's, which has stored every step before anybody
//! was told of it.
//!
//! The bytes themselves lie with the host; here are the sizes of segments and the small files.

use konbini_log::{DirImage, DiskImage, LogDir, StoreOp};
use std::collections::{BTreeMap, VecDeque};

/// Virtual ms after which the system has written back what was appended.
pub(crate) const WRITE_BACK_MS: i64 = 30_000;
/// What is appended within so many virtual ms is written back together.
const TOGETHER_MS: i64 = 1_000;
/// Where the metadata log lies.
pub(crate) const METADATA_DIR: &str = "__cluster_metadata-0";

/// A topic's `flush.ms` and `flush.messages`, where they are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlushConfig {
    pub(crate) ms: Option<i64>,
    pub(crate) messages: Option<u64>,
}

fn delete(image: &mut DirImage, segment: i64) {
    image.segments.remove(&segment);
    for suffix in ["index", "timeindex", "txnindex"] {
        image.files.remove(&format!("{segment:020}.{suffix}"));
    }
}

/// One broker's disk.
#[derive(Debug, Default)]
pub(crate) struct Platter {
    image: DiskImage,
    /// The newest segment of each log that was written to since the start.
    dirty: BTreeMap<LogDir, Dirty>,
}

#[derive(Debug)]
struct Dirty {
    segment: i64,
    /// Bytes of the segment that are written back.
    flushed: u32,
    /// What is on its way, oldest first.
    waiting: VecDeque<Waiting>,
    /// Records since Kafka itself flushed, where somebody counts them.
    records: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Virtual ms of being written back.
    due: i64,
    /// The bytes before this position.
    end: u32,
}

impl Platter {
    /// A disk as a host keeps it: all of it is written back.
    pub(crate) fn of(image: DiskImage) -> Platter {
        Platter {
            image,
            dirty: BTreeMap::new(),
        }
    }

    pub(crate) fn image(&self) -> &DiskImage {
        &self.image
    }

    /// Bytes of all `.log` files.
    pub(crate) fn log_bytes(&self) -> u64 {
        let dirs = self.image.dirs.values();
        let sizes = dirs.flat_map(|dir| dir.segments.values());
        sizes.map(|size| u64::from(*size)).sum()
    }

    /// Follows an operation. `records` is how many an append brings, 0 where nobody asks. Returns
    /// whether the settings want the log flushed now.
    pub(crate) fn apply(
        &mut self,
        now: i64,
        op: &StoreOp,
        flush: FlushConfig,
        records: u64,
    ) -> bool {
        match op {
            StoreOp::Append {
                dir,
                segment,
                position,
                bytes,
            } => {
                let end = position + u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                self.dir(dir).segments.insert(*segment, end);
                if dir.0 != METADATA_DIR {
                    let dirty = self.dirty_of(dir, *segment, *position);
                    return dirty.append(now, end, flush, records);
                }
            }
            StoreOp::Truncate { dir, segment, size } => {
                if let Some(end) = self.dir(dir).segments.get_mut(segment) {
                    *end = (*end).min(*size);
                }
                if let Some(dirty) = self.dirty.get_mut(dir)
                    && dirty.segment == *segment
                {
                    dirty.truncate(*size);
                }
            }
            StoreOp::DeleteSegment { dir, segment } => {
                delete(self.dir(dir), *segment);
                if self
                    .dirty
                    .get(dir)
                    .is_some_and(|dirty| dirty.segment == *segment)
                {
                    self.dirty.remove(dir);
                }
            }
            // Flushed before it takes the place of the old bytes.
            StoreOp::Replace {
                dir,
                segment,
                until,
                bytes,
            } => {
                let image = self.dir(dir);
                let others = image.segments.range(segment + 1..*until);
                for other in others.map(|(base, _)| *base).collect::<Vec<_>>() {
                    delete(image, other);
                }
                let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                image.segments.insert(*segment, size);
                for suffix in ["index", "timeindex"] {
                    image.files.remove(&format!("{segment:020}.{suffix}"));
                }
            }
            StoreOp::Put { dir, name, bytes } => {
                self.dir(dir).files.insert(name.clone(), bytes.clone());
                if name.ends_with(".snapshot") {
                    self.dirty.remove(dir);
                }
            }
            StoreOp::Remove { dir, name } => drop(self.dir(dir).files.remove(name)),
            StoreOp::DeleteDir { dir } => {
                self.image.dirs.remove(dir);
                self.dirty.remove(dir);
            }
        }
        false
    }

    fn dir(&mut self, dir: &LogDir) -> &mut DirImage {
        if !self.image.dirs.contains_key(dir) {
            self.image.dirs.insert(dir.clone(), DirImage::default());
        }
        self.image.dirs.get_mut(dir).expect("it was just made")
    }

    /// The segment that is written to; rolling another one has flushed those before it.
    fn dirty_of(&mut self, dir: &LogDir, segment: i64, position: u32) -> &mut Dirty {
        let fresh = || Dirty {
            segment,
            flushed: position,
            waiting: VecDeque::new(),
            records: 0,
        };
        if !self.dirty.contains_key(dir) {
            self.dirty.insert(dir.clone(), fresh());
        }
        let dirty = self.dirty.get_mut(dir).expect("it was just made");
        if dirty.segment != segment {
            *dirty = fresh();
        }
        dirty
    }

    /// Everything is written back now.
    pub(crate) fn flush(&mut self) {
        self.dirty.clear();
    }

    /// Bytes that a cut of the power would lose now.
    pub(crate) fn unflushed_bytes(&self, now: i64) -> u64 {
        let losses = self.losses(now);
        losses.map(|(_, _, size, end)| u64::from(end - size)).sum()
    }

    /// Directory, segment, bytes of it that are written back, bytes that it has; those with a loss.
    fn losses(&self, now: i64) -> impl Iterator<Item = (&LogDir, i64, u32, u32)> {
        self.dirty.iter().filter_map(move |(dir, dirty)| {
            let end = *self.image.dirs.get(dir)?.segments.get(&dirty.segment)?;
            let size = dirty.flushed_at(now);
            (size < end).then_some((dir, dirty.segment, size, end))
        })
    }

    /// What a cut of the power does to the disk: operations for the host, which are followed here
    /// when they are applied.
    pub(crate) fn power_cut(&mut self, now: i64) -> Vec<StoreOp> {
        let losses = self.losses(now);
        let ops = losses.map(|(dir, segment, size, _)| StoreOp::Truncate {
            dir: dir.clone(),
            segment,
            size,
        });
        let ops = ops.collect();
        self.dirty.clear();
        ops
    }

    /// What empties the disk.
    pub(crate) fn wipe(&self) -> Vec<StoreOp> {
        let mut ops = Vec::new();
        for (dir, image) in &self.image.dirs {
            if dir.is_root() {
                ops.extend(image.files.keys().map(|name| StoreOp::Remove {
                    dir: dir.clone(),
                    name: name.clone(),
                }));
            } else {
                ops.push(StoreOp::DeleteDir { dir: dir.clone() });
            }
        }
        ops
    }
}

impl Dirty {
    /// Whether it is flushed at once.
    fn append(&mut self, now: i64, end: u32, flush: FlushConfig, records: u64) -> bool {
        self.settle(now);
        self.records += records;
        if flush.messages.is_some_and(|most| self.records >= most) || flush.ms == Some(0) {
            self.flush(end);
            return true;
        }
        let wait = flush.ms.map_or(WRITE_BACK_MS, |ms| ms.min(WRITE_BACK_MS));
        let due = now + wait;
        match self.waiting.back_mut() {
            Some(last) if last.due > due - TOGETHER_MS.min(wait) => last.end = end,
            _ => self.waiting.push_back(Waiting { due, end }),
        }
        false
    }

    fn flush(&mut self, end: u32) {
        self.flushed = end;
        self.waiting.clear();
        self.records = 0;
    }

    fn settle(&mut self, now: i64) {
        while let Some(first) = self.waiting.front()
            && first.due <= now
        {
            self.flushed = self.flushed.max(first.end);
            self.waiting.pop_front();
        }
    }

    fn flushed_at(&self, now: i64) -> u32 {
        let due = self.waiting.iter().filter(|waiting| waiting.due <= now);
        due.map(|waiting| waiting.end)
            .max()
            .unwrap_or(0)
            .max(self.flushed)
    }

    fn truncate(&mut self, size: u32) {
        self.flushed = self.flushed.min(size);
        for waiting in &mut self.waiting {
            waiting.end = waiting.end.min(size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn append(platter: &mut Platter, now: i64, segment: i64, position: u32, flush: FlushConfig) {
        let op = StoreOp::Append {
            dir: LogDir::new("t", 0),
            segment,
            position,
            bytes: Bytes::from(vec![0; 100]),
        };
        platter.apply(now, &op, flush, 1);
    }

    fn cut(mut platter: Platter, now: i64) -> Vec<(i64, u32)> {
        let unflushed = platter.unflushed_bytes(now);
        let before = platter.log_bytes();
        let ops = platter.power_cut(now);
        for op in &ops {
            platter.apply(now, op, FlushConfig::default(), 0);
        }
        assert_eq!(before - platter.log_bytes(), unflushed);
        let cuts = ops.into_iter().map(|op| match op {
            StoreOp::Truncate { segment, size, .. } => (segment, size),
            other => panic!("{other:?}"),
        });
        cuts.collect()
    }

    #[test]
    fn the_system_writes_back_after_30_s() {
        let filled = || {
            let mut platter = Platter::default();
            for (now, position) in [(0, 0), (900, 100), (5_000, 200)] {
                append(&mut platter, now, 0, position, FlushConfig::default());
            }
            platter
        };
        assert_eq!(cut(filled(), 29_999), [(0, 0)]);
        assert_eq!(cut(filled(), 30_000), [(0, 200)]);
        assert_eq!(cut(filled(), 34_999), [(0, 200)]);
        assert_eq!(cut(filled(), 35_000), []);
    }

    #[test]
    fn settings_flush_earlier() {
        let filled = |flush: FlushConfig| {
            let mut platter = Platter::default();
            for position in [0, 100, 200] {
                append(&mut platter, 0, 0, position, flush);
            }
            platter
        };
        let messages = FlushConfig {
            messages: Some(2),
            ms: None,
        };
        assert_eq!(cut(filled(messages), 0), [(0, 200)]);
        let ms = FlushConfig {
            messages: None,
            ms: Some(500),
        };
        assert_eq!(cut(filled(ms), 499), [(0, 0)]);
        assert_eq!(cut(filled(ms), 500), []);
        let at_once = FlushConfig {
            messages: None,
            ms: Some(0),
        };
        assert_eq!(cut(filled(at_once), 0), []);
    }

    #[test]
    fn rolling_and_the_recovery_point_flush() {
        let mut platter = Platter::default();
        append(&mut platter, 0, 0, 0, FlushConfig::default());
        append(&mut platter, 0, 7, 0, FlushConfig::default());
        append(&mut platter, 0, 7, 100, FlushConfig::default());
        let snapshot = StoreOp::Put {
            dir: LogDir::new("t", 0),
            name: format!("{:020}.snapshot", 9),
            bytes: Bytes::new(),
        };
        platter.apply(0, &snapshot, FlushConfig::default(), 0);
        append(&mut platter, 1, 7, 200, FlushConfig::default());
        assert_eq!(cut(platter, 1), [(7, 200)]);
    }

    #[test]
    fn a_log_that_is_cut_or_deleted_has_less_to_lose() {
        let mut platter = Platter::default();
        append(&mut platter, 0, 0, 0, FlushConfig::default());
        append(&mut platter, 0, 0, 100, FlushConfig::default());
        let dir = LogDir::new("t", 0);
        let truncate = StoreOp::Truncate {
            dir: dir.clone(),
            segment: 0,
            size: 150,
        };
        platter.apply(0, &truncate, FlushConfig::default(), 0);
        assert_eq!(platter.unflushed_bytes(0), 150);
        for op in platter.wipe() {
            platter.apply(0, &op, FlushConfig::default(), 0);
        }
        assert_eq!((platter.unflushed_bytes(0), platter.log_bytes()), (0, 0));
        assert!(platter.image().dirs.is_empty());
    }

    #[test]
    fn the_metadata_log_is_flushed_at_once() {
        let mut platter = Platter::default();
        let op = StoreOp::Append {
            dir: LogDir("__cluster_metadata-0".to_owned()),
            segment: 0,
            position: 0,
            bytes: Bytes::from_static(b"x"),
        };
        platter.apply(0, &op, FlushConfig::default(), 0);
        assert_eq!(cut(platter, 0), []);
    }
}
