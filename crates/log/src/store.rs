//! What a log asks of its host, as data.
//!
//! A host applies operations in order and may merge neighbouring appends. A producer snapshot and the
//! recovery points may come later than the rest, in their own order and never before the bytes that they
//! tell of; but what takes something from a log waits for them. It tells the outside of
//! a step's results only after that step's operations are stored. A load may ask for bytes of any
//! operation that was ever handed out: a host whose writes are still under way serves it after
//! them.
//!
//! Once an operation has failed, a host leaves out those that follow for the same directory, and for
//! the root, whose checkpoints tell of all of them, until it has said what failed.

use std::collections::BTreeMap;

use bytes::Bytes;
use thiserror::Error;

/// Digits of an offset in a file name.
const OFFSET_DIGITS: usize = 20;

/// Kafka's directory of one partition, `topic-partition`; [`LogDir::root`] is the broker's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogDir(pub String);

impl LogDir {
    pub fn new(topic: &str, partition: i32) -> Self {
        Self(format!("{topic}-{partition}"))
    }

    /// The directory above all partitions, where checkpoints lie.
    pub fn root() -> Self {
        Self::default()
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Topic and partition, or `None` for a name that is not of that form.
    pub fn topic_partition(&self) -> Option<(&str, i32)> {
        let (topic, partition) = self.0.rsplit_once('-')?;
        let partition = partition.parse().ok().filter(|p| *p >= 0)?;
        (!topic.is_empty()).then_some((topic, partition))
    }
}

impl std::fmt::Display for LogDir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One change to what is stored. Segments are named by their base offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOp {
    /// Bytes of a `.log` file, always at its end; `position` is where that end is.
    Append {
        dir: LogDir,
        segment: i64,
        position: u32,
        bytes: Bytes,
    },
    /// Keeps the first `size` bytes of a `.log` file.
    Truncate {
        dir: LogDir,
        segment: i64,
        size: u32,
    },
    /// Deletes a `.log` file with its `.index`, `.timeindex` and `.txnindex`; missing ones are no
    /// error. A host that cannot do that at once deletes the `.log` last.
    DeleteSegment { dir: LogDir, segment: i64 },
    /// Replaces closed segments by one at once, old or new and never in between: they were compacted.
    /// `segment` is the first of them and keeps its name; those behind it and below `until` go with
    /// their files. The `.index` and `.timeindex` of the first do not fit any more; they are deleted with
    /// the old bytes or before.
    Replace {
        dir: LogDir,
        segment: i64,
        until: i64,
        bytes: Bytes,
    },
    /// Replaces a small file at once: old or new, never in between.
    Put {
        dir: LogDir,
        name: String,
        bytes: Bytes,
    },
    /// Deletes a small file; a missing one is no error.
    Remove { dir: LogDir, name: String },
    /// Deletes a directory and everything in it.
    DeleteDir { dir: LogDir },
}

impl StoreOp {
    /// The directory that is changed.
    pub fn dir(&self) -> &LogDir {
        match self {
            StoreOp::Append { dir, .. }
            | StoreOp::Truncate { dir, .. }
            | StoreOp::DeleteSegment { dir, .. }
            | StoreOp::Replace { dir, .. }
            | StoreOp::Put { dir, .. }
            | StoreOp::Remove { dir, .. }
            | StoreOp::DeleteDir { dir } => dir,
        }
    }
}

/// Bytes of a `.log` file that are wanted in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    pub dir: LogDir,
    pub segment: i64,
    pub position: u32,
    pub len: u32,
}

/// Why a load gave no bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    #[error("the bytes are missing")]
    Missing,
    #[error("the bytes from position {position} on are damaged: {reason}")]
    Damaged { position: u32, reason: String },
    #[error("{0}")]
    Failed(String),
}

/// What a host finds of one directory. The bytes of `.log` files stay where they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirImage {
    /// Size in bytes of each `.log` file, by base offset.
    pub segments: BTreeMap<i64, u32>,
    /// All other files, by name.
    pub files: BTreeMap<String, Bytes>,
}

/// What a host finds of a whole disk, when a broker starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiskImage {
    pub dirs: BTreeMap<LogDir, DirImage>,
}

/// The name of a segment's file, for example `00000000000000000042.index`.
pub(crate) fn file_name(offset: i64, suffix: &str) -> String {
    format!("{offset:0width$}.{suffix}", width = OFFSET_DIGITS)
}

/// The offset in a file name with that suffix.
pub(crate) fn offset_of(name: &str, suffix: &str) -> Option<i64> {
    let stem = name.strip_suffix(suffix)?.strip_suffix('.')?;
    if stem.len() != OFFSET_DIGITS || !stem.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    stem.parse().ok()
}

pub(crate) const INDEX: &str = "index";
pub(crate) const TIME_INDEX: &str = "timeindex";
pub(crate) const TXN_INDEX: &str = "txnindex";
/// The segment was deleted, its files are still there. Kafka renames them all to `.deleted`; a store
/// here cannot rename.
pub(crate) const DELETED: &str = "log.deleted";
/// What such a file holds, by which a host can tell it from one that Kafka renamed.
pub const DELETED_MARK: &[u8] = b"deleted\n";
pub(crate) const SNAPSHOT: &str = "snapshot";
pub(crate) const EPOCHS: &str = "leader-epoch-checkpoint";
pub(crate) const METADATA: &str = "partition.metadata";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(file_name(42, INDEX), "00000000000000000042.index");
        assert_eq!(offset_of("00000000000000000042.index", INDEX), Some(42));
        assert_eq!(offset_of("00000000000000000042.timeindex", INDEX), None);
        assert_eq!(offset_of("0000000000000000004x.index", INDEX), None);
        assert_eq!(LogDir::new("a-b", 3).topic_partition(), Some(("a-b", 3)));
        assert_eq!(LogDir("test".to_owned()).topic_partition(), None);
        assert_eq!(
            LogDir("test--1".to_owned()).topic_partition(),
            Some(("test-", 1))
        );
        assert!(LogDir::root().is_root());
    }
}
