//! Flushes beside the engine. Where a recovery can start is written down only once everything before it
//! is on the disk itself, and nobody has to wait for that.
//!
//! ```text
//! Put t-0/…42.snapshot                   t-0's segments and indexes are flushed, then it is written
//! Put recovery-point-offset-checkpoint   written after that
//! Remove t-0/…17.snapshot                gone after that
//! ```
//! What comes while it flushes is put together: a disk that is slow is asked less often. After a failure
//! nobody knows what the disk has, and no small file is written any more: a recovery starts where it would
//! have before.

use super::{replace, unless_missing};
use bytes::Bytes;
use konbini_log::LogDir;
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A directory and a name in it.
pub(super) type Place = (LogDir, String);

/// Small files that may wait before the engine waits too.
const WAITING_MAX: usize = 10_000;

/// What is to be done: first the flushes, then the small files in their order, then those that go.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Segments and their indexes.
    pub flush: BTreeSet<Place>,
    /// Bytes to be written and flushed; `None` for a file that goes.
    pub files: Vec<(Place, Option<Bytes>)>,
}

impl Work {
    /// Of a file that is written twice the last one is enough.
    fn add(&mut self, later: Work) {
        let again: BTreeSet<&Place> = later.files.iter().map(|(place, _)| place).collect();
        self.files.retain(|(place, _)| !again.contains(place));
        self.flush.extend(later.flush);
        self.files.extend(later.files);
    }

    fn dirs(&self) -> impl Iterator<Item = &LogDir> {
        self.flush.iter().map(|(dir, _)| dir)
    }
}

#[derive(Debug)]
struct State {
    waiting: Work,
    /// Logs that are being flushed; `None` when nothing is done.
    working: Option<BTreeSet<LogDir>>,
    over: bool,
    trusted: bool,
    failures: Vec<(LogDir, Error)>,
}

impl Default for State {
    fn default() -> State {
        State {
            waiting: Work::default(),
            working: None,
            over: false,
            trusted: true,
            failures: Vec::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    /// Nobody panics while holding it, so what it holds is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let state = self.changed.wait(state);
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread, and what it has to do.
#[derive(Debug)]
pub(super) struct WriteBack {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl WriteBack {
    pub(super) fn start(root: &Path) -> Result<WriteBack> {
        let shared = Arc::new(Shared::default());
        let (own, root) = (Arc::clone(&shared), root.to_owned());
        let thread = std::thread::Builder::new().name("flush".to_owned());
        let thread = thread.spawn(move || run(&own, &root))?;
        Ok(WriteBack {
            shared,
            thread: Some(thread),
        })
    }

    /// Hands over what is to be done.
    pub(super) fn hand(&self, work: Work) {
        if work.files.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        state.waiting.add(work);
        let full = state.waiting.files.len() > WAITING_MAX;
        drop(state);
        self.shared.changed.notify_all();
        if full {
            self.settle();
        }
    }

    /// Waits until nothing is left to do.
    pub(super) fn settle(&self) {
        let mut state = self.shared.lock();
        while state.working.is_some() || !state.waiting.files.is_empty() {
            state = self.shared.wait(state);
        }
    }

    /// Waits until none of these logs is left to be flushed.
    pub(super) fn settle_logs(&self, dirs: &BTreeSet<LogDir>) {
        let state = self.shared.lock();
        let working = state.working.iter().flatten();
        let held = working
            .chain(state.waiting.dirs())
            .any(|dir| dirs.contains(dir));
        drop(state);
        if held {
            self.settle();
        }
    }

    /// Whether everything was flushed that was to be.
    pub(super) fn is_trusted(&self) -> bool {
        self.shared.lock().trusted
    }

    /// What could not be done, since the last call.
    pub(super) fn failures(&self) -> Vec<(LogDir, Error)> {
        std::mem::take(&mut self.shared.lock().failures)
    }
}

impl Drop for WriteBack {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn run(shared: &Shared, root: &Path) {
    let mut state = shared.lock();
    loop {
        if state.waiting.files.is_empty() {
            if state.over {
                return;
            }
            state = shared.wait(state);
            continue;
        }
        let work = std::mem::take(&mut state.waiting);
        state.working = Some(work.dirs().cloned().collect());
        let trusted = state.trusted;
        drop(state);
        let mut failures = flush_all(&work, root);
        if trusted && failures.is_empty() {
            failures = write_all(&work, root);
        }
        state = shared.lock();
        state.working = None;
        state.trusted &= failures.is_empty();
        state.failures.extend(failures);
        shared.changed.notify_all();
    }
}

/// Returns what failed.
fn flush_all(work: &Work, root: &Path) -> Vec<(LogDir, Error)> {
    let flushed = work.flush.iter();
    flushed
        .filter_map(|place| Some((place.0.clone(), flush(&path(root, place)).err()?)))
        .collect()
}

/// Writes the small files, then takes away those that go: what they told of is told by another by then.
fn write_all(work: &Work, root: &Path) -> Vec<(LogDir, Error)> {
    let write = |(place, bytes): &(Place, Option<Bytes>)| {
        let done = match bytes {
            Some(bytes) => replace(&path(root, place), bytes, true),
            None => unless_missing(std::fs::remove_file(path(root, place))),
        };
        Some((place.0.clone(), done.err()?))
    };
    let (written, gone): (Vec<_>, Vec<_>) = work.files.iter().partition(|(_, b)| b.is_some());
    written.into_iter().chain(gone).filter_map(write).collect()
}

fn path(root: &Path, (dir, name): &Place) -> PathBuf {
    root.join(&dir.0).join(name)
}

/// Flushes a file, if it is still there.
fn flush(path: &Path) -> Result<()> {
    let file = OpenOptions::new().write(true).open(path);
    unless_missing(file.and_then(|file| file.sync_data()))
}
