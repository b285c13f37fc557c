//! Flushes beside the engine. Where a recovery can start is written down only once everything before it
//! is on the disk itself, and nobody has to wait for that.
//!
//! ```text
//! Put t-0/…42.snapshot                   t-0's segments and indexes are flushed, then it is written
//! Put recovery-point-offset-checkpoint   written after that
//! Remove t-0/…17.snapshot                gone after that
//! ```
//! What comes while it flushes is put together: a disk that is slow is asked less often.

use super::{replace, unless_missing};
use bytes::Bytes;
use konbini_log::LogDir;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A directory and a name in it.
pub(super) type Place = (LogDir, String);

/// What is to be done: first the flushes, then the small files in their order.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Segments and their indexes.
    pub flush: BTreeSet<Place>,
    /// Bytes to be written and flushed; `None` for a file that goes.
    pub files: Vec<(Place, Option<Bytes>)>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Work,
    working: bool,
    over: bool,
    failures: Vec<(LogDir, Error)>,
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

    pub(super) fn hand(&self, work: Work) {
        let mut state = self.shared.lock();
        state.waiting.flush.extend(work.flush);
        state.waiting.files.extend(work.files);
        self.shared.changed.notify_all();
    }

    /// Waits until nothing is left to do.
    pub(super) fn settle(&self) {
        let mut state = self.shared.lock();
        while state.working || !state.waiting.files.is_empty() {
            state = self.shared.wait(state);
        }
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
    // After a failure nobody knows what the disk has: a recovery starts where it would before.
    let mut trusted = true;
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
        state.working = true;
        drop(state);
        let failures = match trusted {
            true => carry_out(work, root),
            false => Vec::new(),
        };
        trusted &= failures.is_empty();
        state = shared.lock();
        state.working = false;
        state.failures.extend(failures);
        shared.changed.notify_all();
    }
}

/// Returns what failed; the small files are left as they are when a flush does.
fn carry_out(work: Work, root: &Path) -> Vec<(LogDir, Error)> {
    let path = |(dir, name): &Place| root.join(&dir.0).join(name);
    let failed = |place: &Place, result: Result<()>| Some((place.0.clone(), result.err()?));
    let flushed = work.flush.iter();
    let failures: Vec<_> = flushed
        .filter_map(|place| failed(place, flush(&path(place))))
        .collect();
    if !failures.is_empty() {
        return failures;
    }
    // Of a file that was written twice the last one is enough.
    let last: BTreeMap<Place, usize> = (work.files.iter().enumerate())
        .map(|(at, (place, _))| (place.clone(), at))
        .collect();
    let files = work.files.iter().enumerate();
    let files = files.filter(|(at, (place, _))| last.get(place) == Some(at));
    files
        .filter_map(|(_, (place, bytes))| {
            let path = path(place);
            let done = match bytes {
                Some(bytes) => replace(&path, bytes, true),
                None => unless_missing(std::fs::remove_file(path)),
            };
            failed(place, done)
        })
        .collect()
}

/// Flushes a file, if it is still there.
fn flush(path: &PathBuf) -> Result<()> {
    let file = OpenOptions::new().write(true).open(path);
    unless_missing(file.and_then(|file| file.sync_data()))
}
