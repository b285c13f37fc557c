//! Where a run's disks are: in the browser's store, or, where that cannot be had, in memory.

use crate::store::Store;
use crate::store::database::MetaWrite;
use crate::store::failure::StoreFailure;
use crate::store::load::Wanted;
use bytes::Bytes;
use konbini_bridge::StorageView;
use konbini_cluster::VirtualDisks;
use konbini_log::{DiskImage, Load, LoadError, StoreOp};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes on the disks of a run that lives in memory, all brokers together, at the most.
pub const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A handle; clones are the same disk.
#[derive(Clone)]
pub enum Disk {
    Browser(Store),
    Memory(Rc<RefCell<MemoryDisks>>),
}

#[derive(Default)]
pub struct MemoryDisks {
    disks: VirtualDisks,
    generations: u64,
    /// As of the last generation.
    bytes: u64,
}

impl Disk {
    pub fn in_memory() -> Disk {
        Disk::Memory(Rc::default())
    }

    /// Takes a generation; its number is what everything that follows from it waits for.
    pub fn submit(&self, ops: Vec<(i32, StoreOp)>, meta: Vec<MetaWrite>) -> u64 {
        match self {
            Disk::Browser(store) => store.submit(ops, meta),
            Disk::Memory(memory) => {
                let mut memory = memory.borrow_mut();
                for (node, op) in ops {
                    if let Err(mismatch) = memory.disks.apply(node, op) {
                        // The log and its disk have come apart: a fault of ours, not the reader's.
                        panic!("{mismatch}");
                    }
                }
                memory.bytes = memory.disks.bytes();
                memory.generations += 1;
                memory.generations
            }
        }
    }

    pub fn submitted(&self) -> u64 {
        match self {
            Disk::Browser(store) => store.submitted(),
            Disk::Memory(memory) => memory.borrow().generations,
        }
    }

    pub fn committed(&self) -> u64 {
        match self {
            Disk::Browser(store) => store.committed(),
            Disk::Memory(memory) => memory.borrow().generations,
        }
    }

    /// Bytes that are kept in memory for want of another place.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Disk::Browser(_) => 0,
            Disk::Memory(memory) => memory.borrow().bytes,
        }
    }

    pub fn failure(&self) -> Option<StoreFailure> {
        match self {
            Disk::Browser(store) => store.failure(),
            Disk::Memory(_) => None,
        }
    }

    pub async fn retry(&self) {
        if let Disk::Browser(store) = self {
            store.retry().await;
        }
    }

    pub fn view(&self) -> StorageView {
        match self {
            Disk::Browser(store) => store.view(),
            Disk::Memory(_) => StorageView::default(),
        }
    }

    pub async fn load(&self, node: i32, load: &Load) -> Result<Bytes, LoadError> {
        match self {
            Disk::Browser(store) => store.load(Wanted::new(node, load)).await,
            Disk::Memory(memory) => memory.borrow().disks.load(node, load),
        }
    }

    /// What each broker finds after a power cut.
    pub async fn images(&self) -> Result<BTreeMap<i32, DiskImage>, StoreFailure> {
        match self {
            Disk::Browser(store) => store.images().await,
            Disk::Memory(memory) => Ok(memory.borrow().disks.images()),
        }
    }

    /// Waits until everything submitted is stored, or storing has stopped.
    pub async fn settled(&self) {
        if let Disk::Browser(store) = self {
            store.settled().await;
        }
    }

    /// Deletes all of it.
    pub async fn delete(self) -> Result<(), StoreFailure> {
        match self {
            Disk::Browser(store) => store.delete().await,
            Disk::Memory(_) => Ok(()),
        }
    }
}
