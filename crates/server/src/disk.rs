//! One broker's log directory: store operations become changes of files, loads reads of them.

mod leftovers;
mod write_back;

use crate::options::Fsync;
use bytes::Bytes;
use konbini_log::checkpoint::{self, Offsets, RECOVERY_POINTS};
use konbini_log::{DirImage, DiskImage, Load, LoadError, LogDir, StoreOp};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use write_back::{Work, WriteBack};

/// Segment files that are kept open for appending.
pub const OPEN_FILES_MAX: usize = 512;
/// Where the metadata log lies; Kafka flushes each of its records.
const METADATA_DIR: &str = "__cluster_metadata-0";
/// What was known of the producers at an offset where a recovery can start.
const SNAPSHOT: &str = ".snapshot";
/// Marks a segment whose files are to go.
const DELETED: &str = ".deleted";
/// What a small file is written as until it is whole.
const HALF_WRITTEN: &str = "tmp";

/// Files of one broker.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    fsync: Fsync,
    open: BTreeMap<(LogDir, i64), File>,
    /// Segments that were written to and not flushed since.
    written: BTreeMap<LogDir, BTreeSet<i64>>,
    /// Logs that have to be flushed before anybody is told what is in them.
    due: BTreeSet<LogDir>,
    /// What this commit leaves to be done beside the engine, and the logs it flushes.
    behind: Work,
    /// Nothing of this commit may be done beside the engine.
    in_order: bool,
    /// What the file of recovery points says, once nothing is left to be done beside the engine.
    points: Bytes,
    /// Something could not be written or flushed.
    failed: bool,
    write_back: WriteBack,
}

impl Disk {
    /// The directory, made if it is not there, and what is in it. What was half done when a process
    /// was killed is finished or undone.
    pub fn open(root: &Path, fsync: Fsync) -> Result<(Disk, DiskImage)> {
        std::fs::create_dir_all(root)?;
        let mut image = DiskImage::default();
        image.dirs.insert(LogDir::root(), read_dir(root)?);
        for entry in std::fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir()
                && let Ok(name) = entry.file_name().into_string()
            {
                leftovers::finish(&entry.path())?;
                image.dirs.insert(LogDir(name), read_dir(&entry.path())?);
            }
        }
        let points = image.dirs[&LogDir::root()].files.get(RECOVERY_POINTS);
        let disk = Disk {
            root: root.to_owned(),
            fsync,
            open: BTreeMap::new(),
            written: unflushed(&image),
            due: BTreeSet::new(),
            behind: Work::default(),
            in_order: false,
            points: points.cloned().unwrap_or_default(),
            failed: false,
            write_back: WriteBack::start(root)?,
        };
        Ok((disk, image))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Begins a commit of these operations. Of one in which a log loses something nothing is left to be
    /// done later, and what tells of more than the log will have goes first: a process that is killed in
    /// its midst leaves nothing that tells of bytes that are gone.
    ///
    /// # Errors
    /// The recovery points cannot be written.
    pub fn begin<'a>(&mut self, ops: impl Iterator<Item = &'a StoreOp> + Clone) -> Result<()> {
        let cuts = ops.clone().any(cuts);
        self.in_order = self.fsync != Fsync::Kafka || cuts;
        if !self.in_order {
            return Ok(());
        }
        self.write_back.settle();
        if !cuts {
            return Ok(());
        }
        let mut points = None;
        for op in ops {
            match op {
                StoreOp::Remove { dir, name } if name.ends_with(SNAPSHOT) => {
                    unless_missing(std::fs::remove_file(self.path(dir).join(name)))?;
                }
                StoreOp::Put { dir, name, bytes } if dir.is_root() && name == RECOVERY_POINTS => {
                    points = Some(bytes);
                }
                _ => {}
            }
        }
        points.map_or(Ok(()), |points| self.lower_points(points))
    }

    /// Moves recovery points backwards that are to be, and none forwards yet.
    fn lower_points(&mut self, to: &Bytes) -> Result<()> {
        let file = self.root.join(RECOVERY_POINTS);
        if !self.write_back.is_trusted() {
            return unless_missing(std::fs::remove_file(file));
        }
        let (Ok(mut points), Ok(to)) = (checkpoint::decode(&self.points), checkpoint::decode(to))
        else {
            return Ok(());
        };
        let before = points.clone();
        points.retain(|dir, point| {
            let lower = to.get(dir).map(|to| *to.min(point));
            *point = lower.unwrap_or_default();
            lower.is_some()
        });
        if points != before {
            self.points = checkpoint::encode(&points);
            replace(&file, &self.points, self.fsync != Fsync::Never)?;
        }
        Ok(())
    }

    /// Carries out one operation. What it says is in the system's hands when it returns.
    pub fn apply(&mut self, op: &StoreOp) -> Result<()> {
        let done = self.carry_out(op);
        self.failed |= done.is_err();
        done
    }

    /// Whether everything could be written and flushed so far.
    pub fn is_whole(&self) -> bool {
        !self.failed
    }

    fn carry_out(&mut self, op: &StoreOp) -> Result<()> {
        match op {
            StoreOp::Append {
                dir,
                segment,
                position,
                bytes,
            } => self.append(dir, *segment, *position, bytes),
            StoreOp::Truncate { dir, segment, size } => {
                self.segment(dir, *segment)?.set_len(u64::from(*size))
            }
            StoreOp::DeleteSegment { dir, segment } => self.delete_segment(dir, *segment),
            StoreOp::Replace {
                dir,
                segment,
                until,
                bytes,
            } => self.replace(dir, *segment, *until, bytes),
            StoreOp::Put { dir, name, bytes } => self.put(dir, name, bytes),
            StoreOp::Remove { dir, name } if self.is_left(name) => {
                let place = (dir.clone(), name.clone());
                self.behind.files.push((place, None));
                Ok(())
            }
            StoreOp::Remove { dir, name } => {
                unless_missing(std::fs::remove_file(self.path(dir).join(name)))
            }
            StoreOp::DeleteDir { dir } => {
                self.open.retain(|(open, _), _| open != dir);
                self.written.remove(dir);
                unless_missing(std::fs::remove_dir_all(self.path(dir)))
            }
        }
    }

    /// A snapshot of the producers says that everything before it is on the disk, as a recovery point
    /// does.
    fn put(&mut self, dir: &LogDir, name: &str, bytes: &Bytes) -> Result<()> {
        if name == RECOVERY_POINTS {
            self.points = bytes.clone();
        }
        if self.is_left(name) {
            if name.ends_with(SNAPSHOT) {
                for base in self.written.remove(dir).unwrap_or_default() {
                    let of_segment = |suffix| (dir.clone(), format!("{base:020}.{suffix}"));
                    let files = ["log", "index", "timeindex"].map(of_segment);
                    self.behind.flush.extend(files);
                }
            }
            let place = (dir.clone(), name.to_owned());
            self.behind.files.push((place, Some(bytes.clone())));
            return Ok(());
        }
        if name.ends_with(SNAPSHOT) && self.fsync != Fsync::Never {
            self.flush_log(dir)?;
        }
        if tells_of_logs(name) && !self.write_back.is_trusted() {
            return Ok(());
        }
        let parent = self.path(dir);
        std::fs::create_dir_all(&parent)?;
        replace(&parent.join(name), bytes, self.flushes(name))
    }

    /// Whether that file is written beside the engine.
    fn is_left(&self, name: &str) -> bool {
        !self.in_order && tells_of_logs(name)
    }

    /// Whether a small file is flushed before anybody is told. An index is flushed with its segment, as
    /// in Kafka: until then a recovery makes it again.
    fn flushes(&self, name: &str) -> bool {
        match self.fsync {
            Fsync::Always => true,
            Fsync::Kafka => {
                self.in_order || !name.ends_with(".index") && !name.ends_with(".timeindex")
            }
            Fsync::Never => false,
        }
    }

    fn append(&mut self, dir: &LogDir, segment: i64, position: u32, bytes: &[u8]) -> Result<()> {
        let file = self.segment(dir, segment)?;
        file.seek(SeekFrom::Start(u64::from(position)))?;
        file.write_all(bytes)?;
        self.written.entry(dir.clone()).or_default().insert(segment);
        let at_once = match self.fsync {
            Fsync::Always => true,
            Fsync::Kafka => dir.0 == METADATA_DIR,
            Fsync::Never => false,
        };
        if at_once {
            self.due.insert(dir.clone());
        }
        Ok(())
    }

    /// A setting wants a log flushed before anybody is told what is in it.
    pub fn flush_soon(&mut self, dir: LogDir) {
        if self.fsync != Fsync::Never {
            self.due.insert(dir);
        }
    }

    /// Flushes what has to be before anybody is told. Returns the logs for which that failed, now or
    /// beside the engine.
    pub fn flush(&mut self) -> Vec<(LogDir, Error)> {
        let due = std::mem::take(&mut self.due);
        self.write_back.hand(std::mem::take(&mut self.behind));
        self.write_back.settle_logs(&due);
        let due = due.into_iter();
        let failed = due.filter_map(|dir| self.flush_log(&dir).err().map(|error| (dir, error)));
        let mut failed: Vec<_> = failed.collect();
        failed.extend(self.write_back.failures());
        self.failed |= !failed.is_empty();
        failed
    }

    fn flush_log(&mut self, dir: &LogDir) -> Result<()> {
        for segment in self.written.remove(dir).unwrap_or_default() {
            self.segment(dir, segment)?.sync_data()?;
        }
        Ok(())
    }

    /// Flushes everything, at the end. Returns the logs for which that failed.
    pub fn flush_all(&mut self) -> Vec<(LogDir, Error)> {
        if self.fsync != Fsync::Never {
            self.due.extend(self.written.keys().cloned());
        }
        self.write_back.settle();
        self.flush()
    }

    fn delete_segment(&mut self, dir: &LogDir, segment: i64) -> Result<()> {
        self.open.remove(&(dir.clone(), segment));
        if let Some(written) = self.written.get_mut(dir) {
            written.remove(&segment);
        }
        leftovers::delete_segment(&self.path(dir), segment)
    }

    /// Once the new bytes are all there, a process that is killed has them: [`leftovers`].
    fn replace(&mut self, dir: &LogDir, segment: i64, until: i64, bytes: &[u8]) -> Result<()> {
        self.open.remove(&(dir.clone(), segment));
        let parent = self.path(dir);
        leftovers::delete_indexes(&parent, segment)?;
        let path = parent.join(format!("{segment:020}.log"));
        let others = leftovers::segments(&parent, segment + 1..until)?;
        if others.is_empty() {
            return replace(&path, bytes, self.fsync != Fsync::Never);
        }
        let swap = parent.join(format!("{segment:020}.log{}", leftovers::SWAP));
        replace(&swap, bytes, self.fsync != Fsync::Never)?;
        for other in others {
            self.delete_segment(dir, other)?;
        }
        std::fs::rename(swap, path)
    }

    fn segment(&mut self, dir: &LogDir, segment: i64) -> Result<&mut File> {
        let key = (dir.clone(), segment);
        if !self.open.contains_key(&key) {
            if self.open.len() >= OPEN_FILES_MAX {
                self.open.pop_first();
            }
            let file = self.open_segment(dir, segment)?;
            self.open.insert(key.clone(), file);
        }
        Ok(self.open.get_mut(&key).expect("it was opened above"))
    }

    fn open_segment(&self, dir: &LogDir, segment: i64) -> Result<File> {
        let parent = self.path(dir);
        let path = parent.join(format!("{segment:020}.log"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::fs::create_dir_all(&parent)?;
                options.open(&path)
            }
            other => other,
        }
    }

    /// Reads bytes of a segment.
    pub fn load(&self, load: &Load) -> std::result::Result<Bytes, LoadError> {
        let path = self.path(&load.dir);
        let path = path.join(format!("{:020}.log", load.segment));
        let read = || -> Result<Vec<u8>> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(u64::from(load.position)))?;
            let mut bytes = vec![0; load.len as usize];
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Bytes::from(bytes)),
            Err(error) => Err(match error.kind() {
                ErrorKind::NotFound | ErrorKind::UnexpectedEof => LoadError::Missing,
                _ => LoadError::Failed(error.to_string()),
            }),
        }
    }

    fn path(&self, dir: &LogDir) -> PathBuf {
        self.root.join(&dir.0)
    }
}

/// Whether an operation takes something from a log. A mark on a segment says that it is to go.
fn cuts(op: &StoreOp) -> bool {
    use StoreOp::{Append, DeleteDir, DeleteSegment, Put, Remove, Replace, Truncate};
    match op {
        Truncate { .. } | DeleteSegment { .. } | DeleteDir { .. } | Replace { .. } => true,
        Remove { dir, .. } => dir.is_root(),
        Put { name, .. } => name.ends_with(DELETED),
        Append { .. } => false,
    }
}

/// Whether a small file says how far logs reach.
fn tells_of_logs(name: &str) -> bool {
    name.ends_with(SNAPSHOT) || name == RECOVERY_POINTS
}

/// Segments that an earlier process may not have flushed: those that reach beyond the recovery point.
fn unflushed(image: &DiskImage) -> BTreeMap<LogDir, BTreeSet<i64>> {
    let points = image.dirs[&LogDir::root()].files.get(RECOVERY_POINTS);
    let points = points.and_then(|bytes| checkpoint::decode(bytes).ok());
    let points: Offsets = points.unwrap_or_default();
    let logs = image
        .dirs
        .iter()
        .filter(|(_, log)| !log.segments.is_empty());
    let of_log = |(dir, log): (&LogDir, &DirImage)| {
        let point = points.get(dir).copied().unwrap_or_default();
        let first = log.segments.range(..=point).next_back();
        let first = first.map_or(i64::MIN, |(base, _)| *base);
        let bases = log.segments.range(first..).map(|(base, _)| *base);
        (dir.clone(), bases.collect())
    };
    logs.map(of_log).collect()
}

/// What lies in one directory.
fn read_dir(path: &Path) -> Result<DirImage> {
    let mut image = DirImage::default();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !entry.file_type()?.is_file() {
            continue;
        }
        if name.ends_with(&format!(".{HALF_WRITTEN}")) {
            std::fs::remove_file(entry.path())?;
            continue;
        }
        let base = name.strip_suffix(".log").and_then(|stem| stem.parse().ok());
        match base {
            Some(base) => {
                // No segment that a broker writes is larger; the rest of another one is not read.
                let size = u32::try_from(entry.metadata()?.len()).unwrap_or(u32::MAX);
                image.segments.insert(base, size);
            }
            None => {
                let bytes = std::fs::read(entry.path())?;
                image.files.insert(name, Bytes::from(bytes));
            }
        }
    }
    Ok(image)
}

/// Writes a file so that it is the old or the new one at any time.
pub fn replace(path: &Path, bytes: &[u8], flush: bool) -> Result<()> {
    let mut half = path.as_os_str().to_owned();
    half.push(".");
    half.push(HALF_WRITTEN);
    let mut file = File::create(&half)?;
    file.write_all(bytes)?;
    if flush {
        file.sync_data()?;
    }
    std::fs::rename(&half, path)
}

/// Nothing has to be done about a file that is not there.
pub fn unless_missing(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
