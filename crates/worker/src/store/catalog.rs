//! What lies where: the index store's content, held in memory.
//!
//! The catalog changes when a transaction is planned, before it is committed; the writer repeats a
//! failed transaction until it is through, so the two cannot drift apart. It holds no record bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

/// One log directory of one broker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogAt {
    pub node: i32,
    pub dir: Rc<str>,
}

impl LogAt {
    pub fn new(node: i32, dir: &str) -> LogAt {
        LogAt {
            node,
            dir: dir.into(),
        }
    }
}

impl std::fmt::Display for LogAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "broker {}: {}", self.node, self.dir)
    }
}

/// The key of a value in `data` and of its entry in `index`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueAt {
    pub log: LogAt,
    /// Base offset of the segment.
    pub segment: i64,
    /// Byte position in the segment of the value's first byte.
    pub position: u32,
}

/// What the index says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Bytes of the stored value.
    pub len: u32,
    /// CRC-32C of the stored value, all of it.
    pub crc: u32,
    /// Bytes that still count: a truncation in the middle of a value does not rewrite it.
    pub kept: u32,
}

impl Entry {
    /// Stands for a segment without bytes; `data` has no value for it.
    pub const EMPTY: Entry = Entry {
        len: 0,
        crc: 0,
        kept: 0,
    };

    /// Stands for a value of which the index no longer says anything. Stored values are whole
    /// record batches, which are longer, so every load of it finds damage.
    pub const UNREADABLE: Entry = Entry {
        len: 1,
        crc: 0,
        kept: 1,
    };
}

/// The values of one segment by position.
pub type SegmentEntries = BTreeMap<u32, Entry>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEntries {
    pub segments: BTreeMap<i64, SegmentEntries>,
    pub files: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    logs: BTreeMap<LogAt, LogEntries>,
}

impl Catalog {
    pub fn logs(&self) -> &BTreeMap<LogAt, LogEntries> {
        &self.logs
    }

    pub fn insert(&mut self, at: ValueAt, entry: Entry) {
        let log = self.logs.entry(at.log).or_default();
        let segment = log.segments.entry(at.segment).or_default();
        segment.insert(at.position, entry);
    }

    pub fn insert_file(&mut self, log: LogAt, name: String) {
        self.logs.entry(log).or_default().files.insert(name);
    }

    pub fn has_file(&self, log: &LogAt, name: &str) -> bool {
        self.logs
            .get(log)
            .is_some_and(|entries| entries.files.contains(name))
    }

    pub fn remove_file(&mut self, log: &LogAt, name: &str) {
        self.change(log, |entries| {
            entries.files.remove(name);
        });
    }

    pub fn remove_log(&mut self, log: &LogAt) {
        self.logs.remove(log);
    }

    pub fn remove_segment(&mut self, log: &LogAt, segment: i64) {
        self.change(log, |entries| {
            entries.segments.remove(&segment);
        });
    }

    /// Forgets everything from `size` on. Answers the value that the cut goes through, shortened;
    /// a segment that loses everything keeps an empty value, so that it is still there.
    pub fn truncate(&mut self, log: &LogAt, segment: i64, size: u32) -> Option<(u32, Entry)> {
        let entries = self.logs.get_mut(log)?;
        let values = entries.segments.get_mut(&segment)?;
        values.split_off(&size);
        if values.is_empty() {
            values.insert(0, Entry::EMPTY);
            return Some((0, Entry::EMPTY));
        }
        let (&position, entry) = values.iter_mut().next_back()?;
        if position + entry.kept <= size {
            return None;
        }
        entry.kept = size - position;
        Some((position, *entry))
    }

    /// Bytes of a segment; zero when there is none.
    pub fn size(&self, log: &LogAt, segment: i64) -> u32 {
        self.segment(log, segment)
            .and_then(|values| values.iter().next_back())
            .map_or(0, |(&position, entry)| position + entry.kept)
    }

    pub fn segment(&self, log: &LogAt, segment: i64) -> Option<&SegmentEntries> {
        self.logs.get(log)?.segments.get(&segment)
    }

    /// The newest segment of a log before this one.
    pub fn segment_before(&self, log: &LogAt, segment: i64) -> Option<i64> {
        let segments = &self.logs.get(log)?.segments;
        segments.range(..segment).next_back().map(|(&base, _)| base)
    }

    /// The values that hold bytes of `from..to`, in order, from the floor of `from` on.
    pub fn overlapping(&self, log: &LogAt, segment: i64, from: u32, to: u32) -> Vec<(u32, Entry)> {
        let Some(values) = self.segment(log, segment) else {
            return Vec::new();
        };
        let floor = values
            .range(..=from)
            .next_back()
            .map_or(from, |(&position, _)| position);
        values
            .range((Bound::Included(floor), Bound::Excluded(to)))
            .filter(|&(&position, entry)| position + entry.kept > from)
            .map(|(&position, &entry)| (position, entry))
            .collect()
    }

    /// Puts one value in the place of all that began within it.
    pub fn merge(&mut self, at: ValueAt, entry: Entry) {
        if let Some(log) = self.logs.get_mut(&at.log)
            && let Some(values) = log.segments.get_mut(&at.segment)
        {
            let end = at.position + entry.len;
            values.retain(|&position, _| position < at.position || position >= end);
        }
        self.insert(at, entry);
    }

    fn change(&mut self, log: &LogAt, change: impl FnOnce(&mut LogEntries)) {
        let Some(entries) = self.logs.get_mut(log) else {
            return;
        };
        change(entries);
        if entries.segments.is_empty() && entries.files.is_empty() {
            self.logs.remove(log);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(values: &[(u32, u32)]) -> (Catalog, LogAt) {
        let log = LogAt::new(1, "orders-0");
        let mut catalog = Catalog::default();
        for &(position, len) in values {
            let at = ValueAt {
                log: log.clone(),
                segment: 0,
                position,
            };
            let entry = Entry {
                len,
                crc: 0,
                kept: len,
            };
            catalog.insert(at, entry);
        }
        (catalog, log)
    }

    #[test]
    fn a_truncation_shortens_the_value_it_goes_through() {
        let check = |size, expect_cut: Option<(u32, u32)>, expect_size| {
            let (mut catalog, log) = catalog(&[(0, 100), (100, 50), (150, 10)]);
            let cut = catalog.truncate(&log, 0, size);
            assert_eq!(
                cut.map(|(position, entry)| (position, entry.kept)),
                expect_cut
            );
            assert_eq!(catalog.size(&log, 0), expect_size);
        };
        check(160, None, 160);
        check(155, Some((150, 5)), 155);
        check(150, None, 150);
        check(120, Some((100, 20)), 120);
        check(1, Some((0, 1)), 1);
        check(0, Some((0, 0)), 0);
    }

    #[test]
    fn an_empty_segment_is_there_and_an_empty_log_is_not() {
        let (mut catalog, log) = catalog(&[(0, 100)]);
        catalog.truncate(&log, 0, 0);
        assert!(catalog.segment(&log, 0).is_some());
        assert_eq!(catalog.overlapping(&log, 0, 0, 100), []);
        catalog.remove_segment(&log, 0);
        assert_eq!(catalog, Catalog::default());
    }

    #[test]
    fn overlapping_starts_at_the_floor_and_leaves_out_what_was_cut() {
        let (mut catalog, log) = catalog(&[(0, 100), (100, 50), (150, 10)]);
        let positions = |catalog: &Catalog, from, to| -> Vec<u32> {
            let found = catalog.overlapping(&log, 0, from, to);
            found.into_iter().map(|(position, _)| position).collect()
        };
        assert_eq!(positions(&catalog, 0, 1), [0]);
        assert_eq!(positions(&catalog, 99, 101), [0, 100]);
        assert_eq!(positions(&catalog, 100, 150), [100]);
        assert_eq!(positions(&catalog, 0, 160), [0, 100, 150]);
        assert_eq!(positions(&catalog, 160, 200), [] as [u32; 0]);
        catalog.truncate(&log, 0, 60);
        assert_eq!(positions(&catalog, 60, 90), [] as [u32; 0]);
    }
}
