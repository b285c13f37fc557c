//! Reading a log for an inspector. What is in memory may change, nothing that a node does depends
//! on that.

use bytes::Bytes;
use konbini_log::{Load, Log, ReadOutcome};

use crate::Broker;
use crate::node::TopicPartition;

impl Broker {
    /// Batches of a replica from the one that holds `offset` on, up to the log's end and not only
    /// to the high watermark. `None` when this node has no such replica.
    pub fn peek(
        &mut self,
        topic: &str,
        index: i32,
        offset: i64,
        max_bytes: usize,
    ) -> Option<ReadOutcome> {
        let log = self.log_to_peek(topic, index)?;
        let upper = log.log_end_offset();
        Some(log.read(offset, max_bytes, upper, true))
    }

    /// All bytes of a segment, or what must be lent first.
    pub fn peek_segment(
        &mut self,
        topic: &str,
        index: i32,
        base_offset: i64,
    ) -> Option<Result<Vec<u8>, Load>> {
        let pieces = self.log_to_peek(topic, index)?.segment_bytes(base_offset)?;
        Some(pieces.map(|pieces| pieces.concat()))
    }

    /// Takes bytes that a peek wanted. Bytes that are damaged take the log offline, as they would
    /// when a fetch reads them.
    pub fn lend(&mut self, load: &Load, bytes: Bytes) {
        let partition = self.node.replicas.dirs.get(&load.dir).copied();
        if let Some(replica) = partition.and_then(|p| self.node.replicas.partitions.get_mut(&p)) {
            // The reason stays with the log, where every observer finds it.
            let _ = replica.log_mut().loaded(load, bytes);
        }
    }

    fn log_to_peek(&mut self, topic: &str, index: i32) -> Option<&mut Log> {
        let topic = self.node.metadata.image.topic(topic)?.id;
        let partition = TopicPartition { topic, index };
        let replica = self.node.replicas.partitions.get_mut(&partition)?;
        Some(replica.log_mut())
    }
}
