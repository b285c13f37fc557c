//! Virtual disks: what brokers asked to be stored, in memory. For tests and for runs that need
//! not outlive their process; a browser or a server stores the same operations elsewhere.

use bytes::Bytes;
use konbini_log::{DiskImage, Load, LoadError, MemoryDisk, StoreOp};
use std::collections::BTreeMap;

/// The disks of all brokers, by node id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualDisks {
    disks: BTreeMap<i32, MemoryDisk>,
}

/// An operation that no log ever asks for: a disk and its broker have come apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the disk of broker {node}: {reason}")]
pub struct Mismatch {
    pub node: i32,
    pub reason: String,
}

impl VirtualDisks {
    /// Does one operation of a broker.
    pub fn apply(&mut self, node: i32, op: StoreOp) -> Result<(), Mismatch> {
        let disk = self.disks.entry(node).or_default();
        disk.apply(op).map_err(|reason| Mismatch { node, reason })
    }

    /// What each broker finds when it starts.
    pub fn images(&self) -> BTreeMap<i32, DiskImage> {
        let disks = self.disks.iter();
        disks.map(|(node, disk)| (*node, disk.image())).collect()
    }

    /// Bytes of all segments and files.
    pub fn bytes(&self) -> u64 {
        self.disks.values().map(MemoryDisk::bytes).sum()
    }

    pub fn load(&self, node: i32, load: &Load) -> Result<Bytes, LoadError> {
        let disk = self.disks.get(&node).ok_or(LoadError::Missing)?;
        disk.load(load)
    }
}
