//! Record batches, message format v2: the bytes that a producer sends, a log stores and a consumer
//! gets. Parsing is by view: a batch is its bytes.
//!
//! Layout: <https://kafka.apache.org/documentation/#recordbatch>. Formats v0 and v1 do not exist
//! here, as in Apache Kafka 4.
//!
//! With them go their checksum, their codecs and the primitive encodings that they and Kafka's
//! internal records are made of: all that runs for every byte, and so is compiled for speed where
//! the rest of the page is compiled for size.

mod batch;
mod builder;
pub mod compression;
mod control;
pub mod crc32c;
mod entry;
mod patch;
mod recompress;
mod retain;
pub mod schema;
mod walk;

pub use batch::{
    Attributes, BATCH_HEADER_BYTES, BATCH_OVERHEAD_BYTES, Batch, BatchError, BatchHeader, Batches,
    MAGIC, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP,
    TimestampType, batches,
};
pub use builder::{BatchBuilder, ProducerState, RecordTooLarge, estimated_record_bytes};
pub use control::{ControlRecord, ControlRecordError, end_transaction_marker};
pub use entry::{Header, Record, RecordError, Records};
pub use patch::{
    set_base_offset, set_create_time, set_log_append_time, set_partition_leader_epoch,
};
pub use recompress::recompress;
pub use retain::retain;
pub use walk::{RecordMeta, walk};

#[cfg(test)]
mod tests;
