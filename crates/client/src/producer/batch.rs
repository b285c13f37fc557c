//! Records of one partition that travel together.

use bytes::Bytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BATCH_HEADER_BYTES, BatchBuilder, Header, ProducerState};

use super::record::RecordId;

/// A record that has its place.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) id: RecordId,
    pub(super) timestamp: i64,
    pub(super) key: Option<Bytes>,
    pub(super) value: Option<Bytes>,
    pub(super) headers: Vec<Header>,
    /// An upper bound of its bytes.
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) struct Batch {
    pub(super) id: u64,
    pub(super) records: Vec<Pending>,
    /// Header and records before compression, at most.
    pub(super) bytes: usize,
    /// When its oldest record came: linger and the delivery timeout count from here.
    pub(super) created: i64,
    /// Times it was sent and failed.
    pub(super) attempts: u32,
    /// Not before this, after a failure.
    pub(super) retry_at: i64,
    /// Closed for more records.
    pub(super) closed: bool,
    /// Who produces it and its first sequence number; none until it is first sent.
    pub(super) sequence: Option<ProducerState>,
    encoded: Option<Bytes>,
}

impl Batch {
    pub(super) fn new(id: u64, created: i64) -> Batch {
        Batch {
            id,
            records: Vec::new(),
            bytes: BATCH_HEADER_BYTES,
            created,
            attempts: 0,
            retry_at: i64::MIN,
            closed: false,
            sequence: None,
            encoded: None,
        }
    }

    /// Whether a record of so many bytes keeps it within `batch_size`. The first always fits.
    pub(super) fn fits(&self, bytes: usize, batch_size: usize) -> bool {
        !self.closed && (self.records.is_empty() || self.bytes + bytes <= batch_size)
    }

    pub(super) fn push(&mut self, record: Pending) {
        self.bytes += record.bytes;
        self.records.push(record);
    }

    pub(super) fn set_sequence(&mut self, sequence: Option<ProducerState>) {
        if self.sequence != sequence {
            self.sequence = sequence;
            self.encoded = None;
        }
    }

    /// The batch's bytes; made once, and again only after its sequence changed.
    pub(super) fn encode(&mut self, codec: Codec) -> Bytes {
        self.closed = true;
        if let Some(bytes) = &self.encoded {
            return bytes.clone();
        }
        let mut builder = BatchBuilder::new(codec);
        if let Some(sequence) = self.sequence {
            builder.set_producer(sequence);
        }
        for record in &self.records {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let appended = builder.append(record.timestamp, key, value, &record.headers);
            // A record is at most max.request.size and a batch stops near batch.size.
            debug_assert!(appended.is_ok(), "a batch outgrew its size field");
        }
        let bytes = builder.build();
        self.encoded = Some(bytes.clone());
        bytes
    }

    /// Cuts it into smaller ones of at most `batch_size`, in order; their sequence numbers follow
    /// each other. `next_id` gives each its id.
    pub(super) fn split(self, batch_size: usize, mut next_id: impl FnMut() -> u64) -> Vec<Batch> {
        // At least in two, or a batch that was refused at batch_size would be refused for ever.
        let half = (self.bytes / 2).max(1);
        let limit = batch_size.min(half);
        let mut parts: Vec<Batch> = Vec::new();
        let mut sequence = self.sequence;
        for record in self.records {
            let full = parts
                .last()
                .is_none_or(|part| !part.fits(record.bytes, limit));
            if full {
                let mut part = Batch::new(next_id(), self.created);
                part.attempts = self.attempts;
                part.sequence = sequence;
                parts.push(part);
            }
            if let Some(state) = &mut sequence {
                state.base_sequence = next_sequence(state.base_sequence, 1);
            }
            if let Some(part) = parts.last_mut() {
                part.push(record);
            }
        }
        for part in &mut parts {
            part.closed = true;
        }
        parts
    }

    pub(super) fn ids(&self) -> Vec<RecordId> {
        self.records.iter().map(|record| record.id).collect()
    }

    pub(super) fn count(&self) -> i32 {
        self.records.len() as i32
    }
}

/// Sequence numbers count up to the largest i32 and start again at 0.
pub(super) fn next_sequence(sequence: i32, count: i32) -> i32 {
    let next = i64::from(sequence) + i64::from(count);
    next.rem_euclid(i64::from(i32::MAX) + 1) as i32
}
