//! The browser's disk: every broker's log directories in one IndexedDB database.
//!
//! A [`Store`] takes generations of store operations in order and says up to which generation the
//! disk has them. It recovers images of all disks from the index alone, and reads bytes back on
//! demand, checked. It knows nothing of the cluster, of time, or of what the bytes mean.
//!
//! Everything is written `strict`: what was committed survives a power cut.

pub mod catalog;
pub mod cut;
pub mod database;
pub mod failure;
pub mod load;
pub mod plan;
pub mod recover;
pub mod rollup;
mod row;
mod settle;
pub mod writer;

use crate::signal::{Condition, Signal};
use bytes::Bytes;
use catalog::{Catalog, LogAt};
use database::{Database, MetaWrite};
use failure::{FailureKind, StoreFailure};
use konbini_bridge::StorageView;
use konbini_log::{DiskImage, LoadError, StoreOp};
use load::Wanted;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use writer::{Generation, Transaction};

/// A handle; clones are the same store.
#[derive(Clone)]
pub struct Store {
    inner: Rc<Inner>,
}

pub(crate) struct Inner {
    database: RefCell<Option<Rc<Database>>>,
    state: RefCell<State>,
    /// Raised for the owner when a generation is committed or a transaction has failed.
    changed: Signal,
    settled: Condition,
}

#[derive(Default)]
struct State {
    catalog: Catalog,
    queue: VecDeque<Generation>,
    /// The transaction that is being written, or that has failed.
    current: Option<Rc<Transaction>>,
    submitted: u64,
    committed: u64,
    failure: Option<StoreFailure>,
    writing: bool,
    /// Closed segments that may be rolled up.
    closed: VecDeque<(LogAt, i64)>,
    rolling: bool,
    loads: u32,
    view: StorageView,
}

impl Store {
    /// `changed` is raised when a generation is committed or a transaction has failed.
    pub fn new(database: Database, catalog: Catalog, changed: Signal) -> Store {
        let mut state = State {
            closed: recover::scattered(&catalog).into(),
            catalog,
            ..State::default()
        };
        state.view.persistent = true;
        let inner = Rc::new(Inner {
            database: RefCell::new(Some(Rc::new(database))),
            state: RefCell::new(state),
            changed,
            settled: Condition::default(),
        });
        writer::start(&inner);
        Store { inner }
    }

    /// Queues a generation behind all earlier ones and returns its number. It is written with
    /// whatever else waits; [`Store::committed`] tells when the disk has it.
    pub fn submit(&self, ops: Vec<(i32, StoreOp)>, meta: Vec<MetaWrite>) -> u64 {
        let mut state = self.inner.state.borrow_mut();
        state.submitted += 1;
        let number = state.submitted;
        let bytes = ops.iter().map(|(_, op)| payload(op)).sum();
        state.queue.push_back(Generation {
            number,
            ops,
            meta,
            bytes,
        });
        drop(state);
        writer::start(&self.inner);
        number
    }

    /// The newest generation that was submitted.
    pub fn submitted(&self) -> u64 {
        self.inner.state.borrow().submitted
    }

    /// Up to this generation the disk has everything.
    pub fn committed(&self) -> u64 {
        self.inner.state.borrow().committed
    }

    /// Why writing has stopped; it goes on with [`Store::retry`].
    pub fn failure(&self) -> Option<StoreFailure> {
        self.inner.state.borrow().failure.clone()
    }

    pub fn view(&self) -> StorageView {
        let state = self.inner.state.borrow();
        let queued: u64 = state.queue.iter().map(|generation| generation.bytes).sum();
        let current = state.current.as_ref().map_or(0, |current| current.bytes);
        StorageView {
            pending_bytes: queued + current,
            ..state.view.clone()
        }
    }

    /// Tries the failed transaction again, over a new connection if it was not for lack of space.
    pub async fn retry(&self) {
        let Some(failure) = self.failure() else {
            return;
        };
        let database = self.inner.database();
        if failure.kind != FailureKind::Full
            && let Some(old) = database
        {
            old.close();
            match Database::open(old.name()).await {
                Ok(new) => *self.inner.database.borrow_mut() = Some(Rc::new(new)),
                Err(failure) => {
                    self.inner.state.borrow_mut().failure = Some(failure);
                    self.inner.changed.raise();
                    return;
                }
            }
        }
        self.inner.state.borrow_mut().failure = None;
        self.inner.settled.changed();
        writer::start(&self.inner);
    }

    /// Every broker's disk as it would be found after a power cut now; waits for what is submitted.
    ///
    /// # Errors
    /// They cannot be read. Writing stops as well, until [`Store::retry`].
    pub async fn images(&self) -> Result<BTreeMap<i32, DiskImage>, StoreFailure> {
        self.settled().await;
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let files = match self.inner.database() {
            Some(database) => recover::files(&database).await,
            None => Err(StoreFailure::new(
                FailureKind::Failed,
                "the database is closed",
            )),
        };
        match files {
            // The index that is held is exact now; on disk a roll-up may be rewriting it.
            Ok(files) => Ok(recover::disks(&self.inner.state.borrow().catalog, &files)),
            Err(failure) => {
                self.stop(failure.clone());
                Err(failure)
            }
        }
    }

    /// Nothing is written or read from here on, until a retry.
    fn stop(&self, failure: StoreFailure) {
        let mut state = self.inner.state.borrow_mut();
        state.failure.get_or_insert(failure);
        drop(state);
        self.inner.changed.raise();
        self.inner.settled.changed();
    }

    /// Waits until everything submitted is on disk, or writing has stopped.
    pub async fn settled(&self) {
        let inner = &self.inner;
        inner
            .settled
            .until(|| {
                let state = inner.state.borrow();
                state.failure.is_some() || state.committed >= state.submitted
            })
            .await;
    }

    /// Waits until the writer has nothing left to do, roll-ups included, or writing has stopped.
    pub async fn idle(&self) {
        let inner = &self.inner;
        inner.settled.until(|| !inner.state.borrow().writing).await;
    }

    /// Reads a range of a segment. Should the browser fail to read, a new connection is tried; if
    /// that fails too, writing stops as well, and the read goes on with [`Store::retry`].
    pub async fn load(&self, wanted: Wanted) -> Result<Bytes, LoadError> {
        let inner = &self.inner;
        let asked_after = self.submitted();
        self.settled().await;
        loop {
            let loaded = match self.load_now(&wanted).await {
                Ok(loaded) => loaded,
                Err(failure) if inner.database().is_none() => {
                    return Err(LoadError::Failed(failure.to_string()));
                }
                Err(failure) => {
                    self.stop(failure);
                    let goes_on =
                        || inner.state.borrow().failure.is_none() || inner.database().is_none();
                    inner.settled.until(goes_on).await;
                    continue;
                }
            };
            if loaded != Err(LoadError::Missing) || self.committed() >= asked_after {
                return loaded;
            }
            // Writing has stopped, and the bytes wait behind the failed transaction.
            let goes_on =
                || inner.state.borrow().committed >= asked_after || inner.database().is_none();
            inner.settled.until(goes_on).await;
            if inner.database().is_none() {
                return loaded;
            }
        }
    }

    async fn load_now(&self, wanted: &Wanted) -> Result<Result<Bytes, LoadError>, StoreFailure> {
        let inner = &self.inner;
        inner.settled.until(|| !inner.state.borrow().rolling).await;
        inner.state.borrow_mut().loads += 1;
        let mut loaded = self.load_from(wanted, false).await;
        if loaded.is_err() {
            loaded = self.load_from(wanted, true).await;
        }
        inner.state.borrow_mut().loads -= 1;
        inner.settled.changed();
        loaded
    }

    async fn load_from(
        &self,
        wanted: &Wanted,
        again: bool,
    ) -> Result<Result<Bytes, LoadError>, StoreFailure> {
        let Some(mut database) = self.inner.database() else {
            return Err(StoreFailure::new(
                FailureKind::Aborted,
                "the database is closed",
            ));
        };
        if again {
            database = self.reopen(database).await?;
        }
        let (pieces, current) = {
            let state = self.inner.state.borrow();
            (wanted.pieces(&state.catalog), state.current.clone())
        };
        // What a failed transaction still holds is not on disk yet.
        let waiting = |piece: &load::Piece| current.as_ref()?.value(&piece.at);
        let (held, stored): (Vec<_>, Vec<_>) = pieces
            .into_iter()
            .map(|piece| (waiting(&piece), piece))
            .partition(|(bytes, _)| bytes.is_some());
        let stored: Vec<load::Piece> = stored.into_iter().map(|(_, piece)| piece).collect();
        let read = load::read(&database, &stored, again).await?;
        let held = held
            .into_iter()
            .filter_map(|(bytes, piece)| Some((piece, Ok(bytes?))));
        let mut values: Vec<_> = stored.into_iter().zip(read).chain(held).collect();
        values.sort_by_key(|(piece, _)| piece.at.position);
        Ok(wanted.join(values))
    }

    /// A connection in the place of this one, unless somebody has put one there already.
    async fn reopen(&self, failed: Rc<Database>) -> Result<Rc<Database>, StoreFailure> {
        let is_current = |current: &Option<Rc<Database>>| {
            current.as_ref().is_some_and(|one| Rc::ptr_eq(one, &failed))
        };
        if is_current(&self.inner.database()) {
            let new = Rc::new(Database::open(failed.name()).await?);
            let mut current = self.inner.database.borrow_mut();
            if is_current(&current) {
                failed.close();
                *current = Some(new);
            }
        }
        self.inner
            .database()
            .ok_or_else(|| StoreFailure::new(FailureKind::Aborted, "the database is closed"))
    }

    /// Closes the connection; what was not committed is lost, as if the tab had gone.
    pub fn close(&self) {
        if let Some(database) = self.inner.database.borrow_mut().take() {
            database.close();
        }
    }

    /// Deletes the database and everything in it. The store keeps nothing from here on.
    pub async fn delete(self) -> Result<(), StoreFailure> {
        let database = self.inner.database.borrow_mut().take();
        self.inner.state.borrow_mut().queue.clear();
        self.inner.settled.changed();
        self.inner
            .settled
            .until(|| {
                let state = self.inner.state.borrow();
                !state.writing && state.loads == 0
            })
            .await;
        match database {
            Some(database) => {
                database.close();
                database::delete(database.name()).await
            }
            None => Ok(()),
        }
    }
}

impl Inner {
    fn database(&self) -> Option<Rc<Database>> {
        self.database.borrow().clone()
    }
}

/// Bytes that an operation brings along.
fn payload(op: &StoreOp) -> u64 {
    match op {
        StoreOp::Append { bytes, .. }
        | StoreOp::Replace { bytes, .. }
        | StoreOp::Put { bytes, .. } => bytes.len() as u64,
        _ => 0,
    }
}
