//! A disk in memory: applies operations, serves loads. The contract of [`StoreOp`] in its plainest
//! form, for virtual machines and tests.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::store::{
    DirImage, DiskImage, INDEX, Load, LoadError, LogDir, StoreOp, TIME_INDEX, TXN_INDEX, file_name,
};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Dir {
    segments: BTreeMap<i64, Vec<u8>>,
    files: BTreeMap<String, Bytes>,
}

impl Dir {
    fn delete(&mut self, segment: i64) {
        self.segments.remove(&segment);
        for suffix in [INDEX, TIME_INDEX, TXN_INDEX] {
            self.files.remove(&file_name(segment, suffix));
        }
    }
}

/// The directories of one broker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryDisk {
    dirs: BTreeMap<LogDir, Dir>,
}

impl MemoryDisk {
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies one operation. An append anywhere but at the end is an error of the caller.
    pub fn apply(&mut self, op: StoreOp) -> Result<(), String> {
        match op {
            StoreOp::Append {
                dir,
                segment,
                position,
                bytes,
            } => {
                let log = self
                    .dirs
                    .entry(dir)
                    .or_default()
                    .segments
                    .entry(segment)
                    .or_default();
                if log.len() != position as usize {
                    let end = log.len();
                    return Err(format!(
                        "append at {position} of a segment that ends at {end}"
                    ));
                }
                log.extend_from_slice(&bytes);
            }
            StoreOp::Truncate { dir, segment, size } => {
                let dir = self.dirs.entry(dir).or_default();
                if let Some(log) = dir.segments.get_mut(&segment) {
                    log.truncate(size as usize);
                }
            }
            StoreOp::DeleteSegment { dir, segment } => {
                self.dirs.entry(dir).or_default().delete(segment);
            }
            StoreOp::Replace {
                dir,
                segment,
                until,
                bytes,
            } => {
                let dir = self.dirs.entry(dir).or_default();
                let others = dir.segments.range(segment + 1..until);
                for other in others.map(|(base, _)| *base).collect::<Vec<_>>() {
                    dir.delete(other);
                }
                dir.segments.insert(segment, bytes.to_vec());
                for suffix in [INDEX, TIME_INDEX] {
                    dir.files.remove(&file_name(segment, suffix));
                }
            }
            StoreOp::Put { dir, name, bytes } => {
                self.dirs.entry(dir).or_default().files.insert(name, bytes);
            }
            StoreOp::Remove { dir, name } => {
                self.dirs.entry(dir).or_default().files.remove(&name);
            }
            StoreOp::DeleteDir { dir } => {
                self.dirs.remove(&dir);
            }
        }
        Ok(())
    }

    /// Bytes of all segments and files.
    pub fn bytes(&self) -> u64 {
        let segments = self.dirs.values().flat_map(|dir| dir.segments.values());
        let files = self.dirs.values().flat_map(|dir| dir.files.values());
        let lengths = segments.map(Vec::len).chain(files.map(Bytes::len));
        lengths.map(|length| length as u64).sum()
    }

    /// Serves a load.
    pub fn load(&self, load: &Load) -> Result<Bytes, LoadError> {
        let log = self
            .dirs
            .get(&load.dir)
            .and_then(|dir| dir.segments.get(&load.segment));
        let (start, len) = (load.position as usize, load.len as usize);
        let bytes = log
            .and_then(|log| log.get(start..start + len))
            .ok_or(LoadError::Missing)?;
        Ok(Bytes::copy_from_slice(bytes))
    }

    /// What a broker finds when it starts.
    pub fn image(&self) -> DiskImage {
        let dirs = self.dirs.iter().map(|(name, dir)| {
            let segments = dir
                .segments
                .iter()
                .map(|(base, log)| (*base, log.len() as u32))
                .collect();
            (
                name.clone(),
                DirImage {
                    segments,
                    files: dir.files.clone(),
                },
            )
        });
        DiskImage {
            dirs: dirs.collect(),
        }
    }

    /// A segment's bytes, to look at or to damage.
    pub fn segment_mut(&mut self, dir: &LogDir, segment: i64) -> Option<&mut Vec<u8>> {
        self.dirs.get_mut(dir)?.segments.get_mut(&segment)
    }

    /// A small file's bytes, to look at or to damage.
    pub fn file_mut(&mut self, dir: &LogDir, name: &str) -> Option<&mut Bytes> {
        self.dirs.get_mut(dir)?.files.get_mut(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_is_kept_counts_once() {
        let dir = LogDir::new("t", 0);
        let append = |position, len: usize| StoreOp::Append {
            dir: dir.clone(),
            segment: 0,
            position,
            bytes: Bytes::from(vec![0; len]),
        };
        let put = |len: usize| StoreOp::Put {
            dir: dir.clone(),
            name: file_name(0, INDEX),
            bytes: Bytes::from(vec![0; len]),
        };
        let truncate = StoreOp::Truncate {
            dir: dir.clone(),
            segment: 0,
            size: 120,
        };
        let delete = StoreOp::DeleteSegment {
            dir: dir.clone(),
            segment: 0,
        };
        let mut disk = MemoryDisk::new();
        let ops = [
            (append(0, 100), 100),
            (append(100, 50), 150),
            (put(16), 166),
            (put(8), 158),
            (truncate, 128),
            (delete, 0),
        ];
        for (op, expect) in ops {
            disk.apply(op.clone()).expect("in order");
            assert_eq!(disk.bytes(), expect, "after {op:?}");
        }
    }
}
