//! From store operations to what a transaction writes. Pure: nothing here knows a browser.
//!
//! Appends that lie back to back become values of the sizes that [`super::cut`] explains. The
//! order between appends and deletions of a log is kept; a file's last content wins.

use super::catalog::{Catalog, Entry, LogAt, ValueAt};
use super::cut::{LARGE_VALUE_BYTES, cut};
use bytes::{Bytes, BytesMut};
use indexmap::IndexMap;
use konbini_log::StoreOp;
use konbini_protocol::crc32c::crc32c;
use std::collections::BTreeSet;

/// One write of a transaction, in the words of the object stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Into `data` and `index`.
    Value {
        at: ValueAt,
        bytes: Bytes,
        entry: Entry,
    },
    /// Into `index` alone: a value was cut short, or its neighbours were merged into it.
    Entry {
        at: ValueAt,
        entry: Entry,
    },
    /// From `data` and `index`.
    Drop(Range),
    File {
        log: LogAt,
        name: String,
        bytes: Bytes,
    },
    DropFile {
        log: LogAt,
        name: String,
    },
    DropFiles {
        log: LogAt,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    Log(LogAt),
    Segment(LogAt, i64),
    /// The values of the segment that begin at this position or behind it.
    From(ValueAt),
    One(ValueAt),
}

/// What one transaction does to the logs, and what to do afterwards.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub writes: Vec<Write>,
    /// Bytes of values and files.
    pub bytes: u64,
    /// Segments that were closed and still consist of small values.
    pub closed: Vec<(LogAt, i64)>,
}

/// Plans the operations, in order, and moves the catalog to the state after them.
pub fn plan(catalog: &mut Catalog, ops: impl IntoIterator<Item = (i32, StoreOp)>) -> Plan {
    let mut planner = Planner {
        catalog,
        plan: Plan::default(),
        runs: IndexMap::new(),
        files: IndexMap::new(),
    };
    for (node, op) in ops {
        planner.take(node, op);
    }
    planner.flush_all();
    planner.plan
}

/// Appends that lie back to back in one segment.
struct Run {
    position: u32,
    size: u32,
    pieces: Vec<Bytes>,
}

struct Planner<'a> {
    catalog: &'a mut Catalog,
    plan: Plan,
    runs: IndexMap<(LogAt, i64), Run>,
    /// `None` is a removal.
    files: IndexMap<(LogAt, String), Option<Bytes>>,
}

impl Planner<'_> {
    fn take(&mut self, node: i32, op: StoreOp) {
        match op {
            StoreOp::Append {
                dir,
                segment,
                position,
                bytes,
            } => self.append(LogAt::new(node, &dir.0), segment, position, bytes),
            StoreOp::Truncate { dir, segment, size } => {
                self.truncate(LogAt::new(node, &dir.0), segment, size);
            }
            StoreOp::DeleteSegment { dir, segment } => {
                self.delete_segment(LogAt::new(node, &dir.0), segment);
            }
            // All of a transaction is there or nothing of it.
            StoreOp::Replace {
                dir,
                segment,
                until,
                bytes,
            } => {
                let log = LogAt::new(node, &dir.0);
                for other in self.segments(&log, segment + 1..until) {
                    self.delete_segment(log.clone(), other);
                }
                self.drop_bytes(&log, segment);
                self.drop_files(&log, &indexes_of(segment));
                self.append(log, segment, 0, bytes);
            }
            StoreOp::Put { dir, name, bytes } => {
                let log = LogAt::new(node, &dir.0);
                self.files.insert((log, name), Some(bytes));
            }
            StoreOp::Remove { dir, name } => {
                let log = LogAt::new(node, &dir.0);
                self.files.insert((log, name), None);
            }
            StoreOp::DeleteDir { dir } => self.delete_log(LogAt::new(node, &dir.0)),
        }
    }

    fn append(&mut self, log: LogAt, segment: i64, position: u32, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let key = (log, segment);
        if let Some(run) = self.runs.get_mut(&key) {
            if run.position + run.size == position {
                run.size += bytes.len() as u32;
                run.pieces.push(bytes);
                return;
            }
            self.flush_run(&key);
        }
        // Whatever a log overwrites it has given up.
        if self.catalog.size(&key.0, segment) > position {
            self.truncate(key.0.clone(), segment, position);
        }
        self.note_closed(&key.0, segment);
        let run = Run {
            position,
            size: bytes.len() as u32,
            pieces: vec![bytes],
        };
        self.runs.insert(key, run);
    }

    /// An append to a segment closes the one before it.
    fn note_closed(&mut self, log: &LogAt, segment: i64) {
        let in_runs = self
            .runs
            .keys()
            .filter(|(other, base)| other == log && *base < segment)
            .map(|&(_, base)| base)
            .max();
        let Some(closed) = self.catalog.segment_before(log, segment).max(in_runs) else {
            return;
        };
        let candidate = (log.clone(), closed);
        let first_append = self.catalog.size(log, segment) == 0;
        if first_append && !self.plan.closed.contains(&candidate) {
            self.plan.closed.push(candidate);
        }
    }

    fn truncate(&mut self, log: LogAt, segment: i64, size: u32) {
        self.flush_run(&(log.clone(), segment));
        if self.catalog.size(&log, segment) <= size {
            return;
        }
        let cut = self.catalog.truncate(&log, segment, size);
        let at = |position| ValueAt {
            log: log.clone(),
            segment,
            position,
        };
        self.plan.writes.push(Write::Drop(Range::From(at(size))));
        if let Some((position, entry)) = cut {
            let at = at(position);
            self.plan.writes.push(Write::Entry { at, entry });
        }
    }

    /// Base offsets of the segments that there are in a range of offsets.
    fn segments(&self, log: &LogAt, range: std::ops::Range<i64>) -> BTreeSet<i64> {
        let stored = self.catalog.logs().get(log);
        let stored = stored
            .into_iter()
            .flat_map(|entries| entries.segments.keys());
        let in_runs = self.runs.keys().filter(|(other, _)| other == log);
        let all = stored.chain(in_runs.map(|(_, base)| base)).copied();
        all.filter(|base| range.contains(base)).collect()
    }

    fn delete_segment(&mut self, log: LogAt, segment: i64) {
        self.drop_files(&log, &indexes_of(segment));
        self.drop_files(&log, &[format!("{segment:020}.txnindex")]);
        self.drop_bytes(&log, segment);
    }

    fn drop_files(&mut self, log: &LogAt, names: &[String]) {
        for name in names {
            let known = self.catalog.has_file(log, name);
            let key = (log.clone(), name.clone());
            if known {
                self.files.insert(key, None);
            } else {
                self.files.shift_remove(&key);
            }
        }
    }

    fn drop_bytes(&mut self, log: &LogAt, segment: i64) {
        // What was appended and deleted within one transaction need not be written.
        self.runs.shift_remove(&(log.clone(), segment));
        if self.catalog.segment(log, segment).is_some() {
            self.catalog.remove_segment(log, segment);
            self.plan.drop_values(log, Some(segment));
            let range = Range::Segment(log.clone(), segment);
            self.plan.writes.push(Write::Drop(range));
        }
    }

    fn delete_log(&mut self, log: LogAt) {
        self.runs.retain(|(other, _), _| *other != log);
        self.files.retain(|(other, _), _| *other != log);
        if self.catalog.logs().contains_key(&log) {
            self.catalog.remove_log(&log);
            self.plan.drop_values(&log, None);
            self.plan.writes.push(Write::Drop(Range::Log(log.clone())));
            self.plan.writes.push(Write::DropFiles { log });
        }
    }

    fn flush_run(&mut self, key: &(LogAt, i64)) {
        let Some(run) = self.runs.shift_remove(key) else {
            return;
        };
        let lengths: Vec<usize> = run.pieces.iter().map(Bytes::len).collect();
        let mut pieces = run.pieces.into_iter();
        let mut rest = Bytes::new();
        let mut position = run.position;
        for size in cut(&lengths) {
            let bytes = take_bytes(&mut rest, &mut pieces, size);
            let at = ValueAt {
                log: key.0.clone(),
                segment: key.1,
                position,
            };
            let entry = Entry {
                len: size as u32,
                crc: crc32c(&bytes),
                kept: size as u32,
            };
            position += size as u32;
            self.catalog.insert(at.clone(), entry);
            self.plan.bytes += size as u64;
            self.plan.writes.push(Write::Value { at, bytes, entry });
        }
    }

    fn flush_all(&mut self) {
        while let Some(key) = self.runs.first().map(|(key, _)| key.clone()) {
            self.flush_run(&key);
        }
        for ((log, name), content) in std::mem::take(&mut self.files) {
            match content {
                Some(bytes) => {
                    self.catalog.insert_file(log.clone(), name.clone());
                    self.plan.bytes += bytes.len() as u64;
                    self.plan.writes.push(Write::File { log, name, bytes });
                }
                None => {
                    self.catalog.remove_file(&log, &name);
                    self.plan.writes.push(Write::DropFile { log, name });
                }
            }
        }
        let catalog = &*self.catalog;
        self.plan
            .closed
            .retain(|(log, segment)| is_scattered(catalog, log, *segment));
    }
}

impl Plan {
    /// Takes back values that this same transaction would delete again.
    fn drop_values(&mut self, log: &LogAt, segment: Option<i64>) {
        let mut saved = 0;
        self.writes.retain(|write| match write {
            Write::Value { at, bytes, .. }
                if at.log == *log && segment.is_none_or(|segment| at.segment == segment) =>
            {
                saved += bytes.len() as u64;
                false
            }
            _ => true,
        });
        self.bytes -= saved;
        self.closed.retain(|(other, base)| {
            other != log || segment.is_some_and(|segment| segment != *base)
        });
    }
}

/// The files that fit only the bytes that a segment has.
fn indexes_of(segment: i64) -> [String; 2] {
    ["index", "timeindex"].map(|suffix| format!("{segment:020}.{suffix}"))
}

/// Whether a segment has two values or more that would be better off as one.
pub fn is_scattered(catalog: &Catalog, log: &LogAt, segment: i64) -> bool {
    let small = |entry: &&Entry| (entry.len as usize) < LARGE_VALUE_BYTES;
    catalog
        .segment(log, segment)
        .is_some_and(|values| values.values().filter(small).count() > 1)
}

/// The next `size` bytes of the pieces; copies only where they lie in several.
fn take_bytes(rest: &mut Bytes, pieces: &mut impl Iterator<Item = Bytes>, size: usize) -> Bytes {
    if rest.is_empty() {
        *rest = pieces.next().unwrap_or_default();
    }
    if rest.len() >= size {
        return rest.split_to(size);
    }
    let mut joined = BytesMut::with_capacity(size);
    while joined.len() < size {
        if rest.is_empty() {
            match pieces.next() {
                Some(piece) => *rest = piece,
                None => break,
            }
        }
        let wanted = (size - joined.len()).min(rest.len());
        joined.extend_from_slice(&rest.split_to(wanted));
    }
    joined.freeze()
}
