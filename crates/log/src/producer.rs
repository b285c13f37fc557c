//! What a partition remembers of its producers: for idempotence the last batches of each, for
//! transactions what is open.

mod snapshot;

use std::collections::{BTreeMap, VecDeque};

use konbini_protocol::ResponseError;
use konbini_protocol::record::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE};

pub(crate) use snapshot::{decode, encode};

/// Batches of a producer that are remembered: what it may have in flight.
const REMEMBERED_BATCHES: usize = 5;

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMetadata {
    pub last_sequence: i32,
    pub last_offset: i64,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// ms
    pub timestamp: i64,
}

impl BatchMetadata {
    fn first_sequence(&self) -> i32 {
        // Sequences count from 0 again after the largest i32.
        let first = i64::from(self.last_sequence) - i64::from(self.offset_delta);
        if first >= 0 {
            first as i32
        } else {
            (first + i64::from(i32::MAX) + 1) as i32
        }
    }

    pub fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// A producer as the partition knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerEntry {
    pub producer_id: i64,
    pub epoch: i16,
    /// Epoch of the transaction coordinator that wrote its last marker, -1 before.
    pub coordinator_epoch: i32,
    /// ms
    pub last_timestamp: i64,
    /// The last batches, oldest first.
    pub batches: VecDeque<BatchMetadata>,
    /// Where its open transaction starts.
    pub transaction_start: Option<i64>,
}

impl ProducerEntry {
    fn new(producer_id: i64) -> Self {
        Self {
            producer_id,
            epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: -1,
            batches: VecDeque::new(),
            transaction_start: None,
        }
    }

    /// -1 before the first batch.
    pub fn last_sequence(&self) -> i32 {
        self.batches
            .back()
            .map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    fn advance_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.batches.clear();
            self.epoch = epoch;
        }
    }
}

/// What to do with a batch of a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sequenced {
    New,
    /// It is in the log already.
    Duplicate(BatchMetadata),
}

/// A transaction's stretch; `last_offset` is its marker once it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Transaction {
    producer_id: i64,
    last_offset: Option<i64>,
}

/// A transaction that has just ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndedTransaction {
    pub producer_id: i64,
    pub first_offset: i64,
    pub last_offset: i64,
    pub committed: bool,
}

/// What the marker in a control batch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    pub commit: bool,
    pub coordinator_epoch: i32,
}

/// Why a batch is refused.
pub(crate) type Refusal = (ResponseError, String);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Producers {
    entries: BTreeMap<i64, ProducerEntry>,
    /// Open transactions by first offset.
    open: BTreeMap<i64, Transaction>,
    /// Ended ones whose marker is not below the high watermark yet.
    unreplicated: BTreeMap<i64, Transaction>,
}

impl Producers {
    pub(crate) fn entries(&self) -> impl Iterator<Item = &ProducerEntry> {
        self.entries.values()
    }

    pub(crate) fn entry(&self, id: i64) -> Option<&ProducerEntry> {
        self.entries.get(&id)
    }

    /// What a snapshot says. Nobody is forgotten here: see [`Producers::expire`].
    pub(crate) fn from_entries(entries: Vec<ProducerEntry>) -> Self {
        let mut out = Self::default();
        for entry in entries {
            if let Some(start) = entry.transaction_start {
                let open = Transaction {
                    producer_id: entry.producer_id,
                    last_offset: None,
                };
                out.open.insert(start, open);
            }
            out.entries.insert(entry.producer_id, entry);
        }
        out
    }

    /// Forgets producers that were idle for `expiration` ms and have no open transaction.
    pub(crate) fn expire(&mut self, now: i64, expiration: i64) {
        self.entries.retain(|_, entry| {
            entry.transaction_start.is_some()
                || now.saturating_sub(entry.last_timestamp) < expiration
        });
    }

    /// Checks a data batch from a client against what is known of its producer.
    pub(crate) fn check(&self, header: &BatchHeader) -> Result<Sequenced, Refusal> {
        let unknown = ProducerEntry::new(header.producer_id);
        let entry = self.entries.get(&header.producer_id).unwrap_or(&unknown);
        if header.producer_epoch == entry.epoch {
            let duplicate = entry.batches.iter().find(|batch| {
                batch.first_sequence() == header.base_sequence
                    && batch.last_sequence == header.last_sequence()
            });
            if let Some(batch) = duplicate {
                return Ok(Sequenced::Duplicate(*batch));
            }
        }
        self.check_epoch(entry, header)?;
        check_sequence(entry, header)?;
        if entry.transaction_start.is_some() && !header.attributes.is_transactional() {
            return Err((
                ResponseError::InvalidTxnState,
                format!(
                    "producer {} has an open transaction, but the batch is not transactional",
                    header.producer_id
                ),
            ));
        }
        Ok(Sequenced::New)
    }

    /// Checks a marker from a transaction coordinator.
    pub(crate) fn check_marker(&self, header: &BatchHeader, marker: Marker) -> Result<(), Refusal> {
        let Some(entry) = self.entries.get(&header.producer_id) else {
            return Ok(());
        };
        self.check_epoch(entry, header)?;
        if marker.coordinator_epoch < entry.coordinator_epoch {
            return Err((
                ResponseError::TransactionCoordinatorFenced,
                format!(
                    "coordinator epoch {} is older than {}",
                    marker.coordinator_epoch, entry.coordinator_epoch
                ),
            ));
        }
        Ok(())
    }

    fn check_epoch(&self, entry: &ProducerEntry, header: &BatchHeader) -> Result<(), Refusal> {
        if header.producer_epoch >= entry.epoch {
            return Ok(());
        }
        Err((
            ResponseError::InvalidProducerEpoch,
            format!(
                "producer {} has epoch {} here, the batch has {}",
                header.producer_id, entry.epoch, header.producer_epoch
            ),
        ))
    }

    /// Takes a batch that was appended into account. `marker` is what a control batch says.
    pub(crate) fn apply(
        &mut self,
        header: &BatchHeader,
        marker: Option<Marker>,
    ) -> Option<EndedTransaction> {
        if !header.has_producer_id() {
            return None;
        }
        let id = header.producer_id;
        let entry = self
            .entries
            .entry(id)
            .or_insert_with(|| ProducerEntry::new(id));
        entry.advance_epoch(header.producer_epoch);
        entry.last_timestamp = header.max_timestamp;
        if header.attributes.is_control() {
            let marker = marker?;
            entry.coordinator_epoch = marker.coordinator_epoch;
            let first_offset = entry.transaction_start.take()?;
            self.open.remove(&first_offset);
            let last_offset = header.last_offset();
            let ended = Transaction {
                producer_id: id,
                last_offset: Some(last_offset),
            };
            self.unreplicated.insert(first_offset, ended);
            let committed = marker.commit;
            return Some(EndedTransaction {
                producer_id: id,
                first_offset,
                last_offset,
                committed,
            });
        }
        if entry.batches.len() == REMEMBERED_BATCHES {
            entry.batches.pop_front();
        }
        entry.batches.push_back(BatchMetadata {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        });
        if header.attributes.is_transactional() && entry.transaction_start.is_none() {
            entry.transaction_start = Some(header.base_offset);
            self.open.insert(
                header.base_offset,
                Transaction {
                    producer_id: id,
                    last_offset: None,
                },
            );
        }
        None
    }

    /// First offset of any transaction that is open, or ended above the high watermark.
    pub(crate) fn first_unstable_offset(&self) -> Option<i64> {
        let first = |all: &BTreeMap<i64, Transaction>| all.keys().next().copied();
        match (first(&self.open), first(&self.unreplicated)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The last stable offset right after `ended`.
    pub(crate) fn stable_after(&self, ended: &EndedTransaction) -> i64 {
        self.open
            .keys()
            .next()
            .copied()
            .unwrap_or(ended.last_offset + 1)
    }

    pub(crate) fn on_high_watermark(&mut self, high_watermark: i64) {
        self.unreplicated
            .retain(|_, ended| ended.last_offset.is_some_and(|last| last >= high_watermark));
    }

    /// Forgets transactions of which nothing is left.
    pub(crate) fn on_log_start(&mut self, log_start: i64) {
        self.unreplicated
            .retain(|_, ended| ended.last_offset.is_none_or(|last| last >= log_start));
    }
}

fn check_sequence(entry: &ProducerEntry, header: &BatchHeader) -> Result<(), Refusal> {
    let (last, next) = (entry.last_sequence(), header.base_sequence);
    let ok = if header.producer_epoch != entry.epoch {
        // A new epoch starts at 0; of a producer that is not known any sequence may be the first.
        next == 0 || entry.epoch == NO_PRODUCER_EPOCH
    } else {
        next == last.wrapping_add(1) || (next == 0 && last == i32::MAX)
    };
    if ok {
        return Ok(());
    }
    Err((
        ResponseError::OutOfOrderSequenceNumber,
        format!(
            "producer {} epoch {}: the batch starts at sequence {next}, the last one here is {last}",
            header.producer_id, header.producer_epoch
        ),
    ))
}

#[cfg(test)]
mod tests;
