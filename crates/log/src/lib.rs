//! One partition's log with the storage semantics of Apache Kafka: segments, indexes, producer
//! state, leader epochs, retention, compaction, recovery.
//!
//! Nothing here does I/O. Changes come out as [`StoreOp`]s, bytes that are not in memory are asked
//! for as [`Load`]s, time is a number that is handed in. What the operations write is what Apache
//! Kafka has in the directory of a partition, byte for byte.
//!
//! Not here: replication (who may append what, and when the high watermark moves).

mod append;
pub mod checkpoint;
mod cleaner;
pub mod config;
mod disk;
mod epoch;
mod extents;
mod index;
mod log;
mod memory;
mod peek;
mod producer;
mod read;
mod recovery;
mod retention;
mod segment;
mod store;
mod timestamp;
mod truncate;
mod validate;

#[cfg(test)]
mod partition;

pub use append::{AppendContext, AppendError, AppendInfo, AppendOrigin, RecordRejection};
pub use checkpoint::RootCheckpoints;
pub use cleaner::{CleanReport, CleanStep, Cleaner, Dirtiness};
pub use config::{CleanupPolicy, ConfigError, LogConfig};
pub use disk::MemoryDisk;
pub use epoch::{EpochEntry, UNDEFINED_EPOCH, UNDEFINED_OFFSET};
pub use index::{AbortedTransaction, OffsetIndex, TimeIndex};
pub use log::{Log, LogState, RECOVERY_POINT_INTERVAL_BYTES, SegmentView};
pub use memory::LOAD_TARGET_BYTES;
pub use producer::{BatchMetadata, ProducerEntry};
pub use read::{Fetched, ReadOutcome};
pub use recovery::{Recovery, RecoveryOptions, RecoveryReport, Truncated};
pub use retention::{DeleteReason, DeletedSegment};
pub use store::{DELETED_MARK, DirImage, DiskImage, Load, LoadError, LogDir, StoreOp};
pub use timestamp::{TimestampLookup, TimestampedOffset};
pub use truncate::Truncation;
