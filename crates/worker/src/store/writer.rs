//! The one writer: everything that waits goes into one strict transaction, the next begins when it
//! completes (group commit). Between transactions, when nothing waits, closed segments are rolled up.
//!
//! A transaction that fails is kept and tried again when asked; nothing behind it is tried before.

use super::Inner;
use super::catalog::{Entry, LogAt, ValueAt};
use super::database::{Database, MetaWrite};
use super::failure::{FailureKind, StoreFailure};
use super::load::{self, Piece};
use super::plan::{self, Range, Write};
use super::rollup::{self, Rollup};
use crate::clock::real_ms;
use bytes::Bytes;
use konbini_log::StoreOp;
use konbini_protocol::crc32c::crc32c;
use std::rc::Rc;

/// Bytes after which a transaction takes no further generation.
pub const TRANSACTION_BYTES: u64 = 4 * 1024 * 1024;

/// What a slice of the run wants stored, and the number that its consequences wait for.
pub struct Generation {
    pub number: u64,
    pub ops: Vec<(i32, StoreOp)>,
    pub meta: Vec<MetaWrite>,
    pub bytes: u64,
}

/// A transaction, planned. It is written again unchanged if it fails.
pub struct Transaction {
    /// The newest generation in it.
    pub generation: u64,
    pub writes: Vec<Write>,
    pub meta: Vec<MetaWrite>,
    pub bytes: u64,
}

impl Transaction {
    /// The bytes of a value that this transaction is about to write.
    pub fn value(&self, wanted: &ValueAt) -> Option<Bytes> {
        self.writes.iter().rev().find_map(|write| match write {
            Write::Value { at, bytes, .. } if at == wanted => Some(bytes.clone()),
            _ => None,
        })
    }
}

/// Starts the writer unless it runs, or waits for a retry.
pub(super) fn start(inner: &Rc<Inner>) {
    let mut state = inner.state.borrow_mut();
    if state.writing || state.failure.is_some() {
        return;
    }
    state.writing = true;
    drop(state);
    wasm_bindgen_futures::spawn_local(run(inner.clone()));
}

async fn run(inner: Rc<Inner>) {
    loop {
        let Some(database) = inner.database() else {
            break;
        };
        if let Some(transaction) = next_transaction(&inner) {
            if !commit(&inner, &database, &transaction).await {
                break;
            }
        } else if let Some((log, segment)) = next_closed(&inner) {
            roll_up(&inner, &database, &log, segment).await;
        } else {
            break;
        }
    }
    inner.state.borrow_mut().writing = false;
    inner.settled.changed();
}

/// Plans everything that waits, up to the limit; after a failure, the same transaction again.
fn next_transaction(inner: &Inner) -> Option<Rc<Transaction>> {
    let mut state = inner.state.borrow_mut();
    if let Some(transaction) = &state.current {
        return Some(transaction.clone());
    }
    let (mut ops, mut meta) = (Vec::new(), Vec::new());
    let (mut bytes, mut generation) = (0, None);
    while bytes < TRANSACTION_BYTES
        && let Some(next) = state.queue.pop_front()
    {
        ops.extend(next.ops);
        meta.extend(next.meta);
        bytes += next.bytes;
        generation = Some(next.number);
    }
    let generation = generation?;
    let plan = plan::plan(&mut state.catalog, ops);
    state.closed.extend(plan.closed);
    let transaction = Rc::new(Transaction {
        generation,
        writes: plan.writes,
        meta: last_of_each(meta),
        bytes: plan.bytes,
    });
    state.current = Some(transaction.clone());
    Some(transaction)
}

/// Leaves out what a later write of the same key replaces.
fn last_of_each(meta: Vec<MetaWrite>) -> Vec<MetaWrite> {
    let mut last: Vec<MetaWrite> = Vec::with_capacity(meta.len());
    for write in meta {
        last.retain(|other| other.key != write.key);
        last.push(write);
    }
    last
}

/// Whether it is through; if not, the failure has been noted and the transaction kept.
async fn commit(inner: &Rc<Inner>, database: &Database, transaction: &Transaction) -> bool {
    let begun = real_ms();
    let empty = transaction.writes.is_empty() && transaction.meta.is_empty();
    let result = if empty {
        Ok(())
    } else {
        database.write(&transaction.writes, &transaction.meta).await
    };
    let mut state = inner.state.borrow_mut();
    let through = match result {
        Ok(()) => {
            state.current = None;
            state.committed = transaction.generation;
            if !empty {
                state.view.commits += 1;
                state.view.committed_bytes += transaction.bytes;
                state.view.last_commit_ms = (real_ms() - begun).max(0.0) as u32;
            }
            true
        }
        Err(failure) => {
            state.failure = Some(failure);
            false
        }
    };
    drop(state);
    inner.changed.raise();
    inner.settled.changed();
    through
}

fn next_closed(inner: &Inner) -> Option<(LogAt, i64)> {
    inner.state.borrow_mut().closed.pop_front()
}

/// Rewrites a closed segment's small values, a transaction at a time, as long as nothing waits.
///
/// A value that cannot be read stays as it is, for the load that needs it to report; so does
/// everything when the disk is full.
async fn roll_up(inner: &Rc<Inner>, database: &Database, log: &LogAt, segment: i64) {
    let mut from = 0;
    loop {
        if !inner.state.borrow().queue.is_empty() {
            // Appends go first; the rest of this segment comes after them.
            inner
                .state
                .borrow_mut()
                .closed
                .push_front((log.clone(), segment));
            return;
        }
        let next = rollup::next(&inner.state.borrow().catalog, log, segment, from);
        let Some(rollup) = next else { return };
        inner
            .settled
            .until(|| inner.state.borrow().loads == 0)
            .await;
        // Loads stay away while values move.
        inner.state.borrow_mut().rolling = true;
        let rewritten = rewrite(inner, database, &rollup).await;
        inner.state.borrow_mut().rolling = false;
        inner.settled.changed();
        match rewritten {
            Ok(()) => from = rollup.position,
            Err(failure) if failure.kind == FailureKind::Full => return,
            Err(_) => {
                let last = rollup.values.last().map(|&(position, _)| position);
                from = last.unwrap_or(rollup.position) + 1;
            }
        }
    }
}

async fn rewrite(
    inner: &Rc<Inner>,
    database: &Database,
    rollup: &Rollup,
) -> Result<(), StoreFailure> {
    let at = |position| ValueAt {
        log: rollup.log.clone(),
        segment: rollup.segment,
        position,
    };
    let pieces: Vec<Piece> = rollup
        .values
        .iter()
        .map(|&(position, entry)| Piece {
            at: at(position),
            entry,
        })
        .collect();
    let mut joined = Vec::new();
    for (piece, read) in pieces
        .iter()
        .zip(load::read(database, &pieces, true).await?)
    {
        let bytes =
            read.map_err(|error| StoreFailure::new(FailureKind::Failed, error.to_string()))?;
        joined.extend_from_slice(&bytes[..piece.entry.kept as usize]);
    }
    let mut rest = Bytes::from(joined);
    let mut writes: Vec<Write> = pieces
        .into_iter()
        .map(|piece| Write::Drop(Range::One(piece.at)))
        .collect();
    let mut position = rollup.position;
    let mut merged = Vec::new();
    for &size in &rollup.sizes {
        let bytes = rest.split_to(size);
        let len = size as u32;
        let entry = Entry {
            len,
            crc: crc32c(&bytes),
            kept: len,
        };
        merged.push((at(position), entry));
        writes.push(Write::Value {
            at: at(position),
            bytes,
            entry,
        });
        position += len;
    }
    database.write(&writes, &[]).await?;
    let mut state = inner.state.borrow_mut();
    for (at, entry) in merged {
        state.catalog.merge(at, entry);
    }
    Ok(())
}
