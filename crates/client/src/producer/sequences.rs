//! Idempotence (KIP-98, KIP-360): the producer's id and epoch, and for every partition the sequence
//! numbers in use. Java keeps this in `TransactionManager` and `TxnPartitionEntry`.

use std::collections::{BTreeMap, VecDeque};

use konbini_protocol::record::ProducerState;

use super::batch::{Batch, next_sequence};
use super::config::MAX_IDEMPOTENT_IN_FLIGHT;
use crate::TopicPartition;

/// A batch whose outcome is not known: on the wire, or waiting to be sent again.
#[derive(Debug, Clone)]
pub(super) struct Unfinished {
    pub(super) batch: u64,
    pub(super) base_sequence: i32,
    pub(super) count: i32,
}

#[derive(Debug, Default)]
struct Partition {
    /// Id and epoch that this partition's sequence numbers belong to.
    identity: Option<(i64, i16)>,
    next: i32,
    last_acked: Option<i32>,
    /// In sequence order.
    unfinished: VecDeque<Unfinished>,
    /// A batch was given up while it may have been written: nothing new until the rest is done.
    unresolved: bool,
    /// Its numbers start at 0 again under the next epoch.
    rewrite: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sequences {
    pub(super) identity: Option<(i64, i16)>,
    partitions: BTreeMap<TopicPartition, Partition>,
}

/// What became of a request for a new epoch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bump {
    Epoch(i16),
    /// Epochs are used up: a new id has to be asked for.
    NewId,
}

impl Sequences {
    /// Whether the queue's first batch may be sent now.
    pub(super) fn may_send(&self, tp: &TopicPartition, first: &Batch) -> bool {
        if self.identity.is_none() {
            return false;
        }
        let Some(partition) = self.partitions.get(tp) else {
            return true;
        };
        if partition.rewrite {
            return false;
        }
        match (&first.sequence, partition.unfinished.front()) {
            // What is sent again goes out in order.
            (Some(sequence), Some(oldest)) => sequence.base_sequence == oldest.base_sequence,
            (Some(_), None) => true,
            // A broker that does not know a producer takes any number for its first: if it refused
            // the first batch and then took the second, the first would come too late. So that one
            // goes alone. Java does not wait for it.
            (None, Some(_)) if partition.last_acked.is_none() => false,
            // A broker remembers no more batches than that. Java counts them for each connection
            // only, and may send one more to a new leader while the old one owes the answers.
            (None, Some(_)) if partition.unfinished.len() >= MAX_IDEMPOTENT_IN_FLIGHT => false,
            (None, Some(_)) => !partition.unresolved && partition.identity == self.identity,
            (None, None) => !partition.unresolved,
        }
    }

    /// Gives a batch that is sent for the first time its numbers.
    pub(super) fn assign(&mut self, tp: &TopicPartition, batch: &mut Batch) {
        let (Some(identity), None) = (self.identity, &batch.sequence) else {
            return;
        };
        let partition = self.partitions.entry(tp.clone()).or_default();
        if partition.identity != Some(identity) {
            // Nothing is unfinished here, or `may_send` had refused.
            partition.identity = Some(identity);
            partition.next = 0;
            partition.last_acked = None;
        }
        let (id, epoch) = identity;
        let state = ProducerState {
            id,
            epoch,
            base_sequence: partition.next,
        };
        batch.set_sequence(Some(state));
        partition.unfinished.push_back(Unfinished {
            batch: batch.id,
            base_sequence: partition.next,
            count: batch.count(),
        });
        partition.next = next_sequence(partition.next, batch.count());
    }

    /// The batch is delivered.
    pub(super) fn acked(&mut self, tp: &TopicPartition, batch: &Batch) {
        let Some(partition) = self.partitions.get_mut(tp) else {
            return;
        };
        let Some(sequence) = batch.sequence else {
            return;
        };
        if partition.identity == Some((sequence.id, sequence.epoch)) {
            partition.last_acked = Some(next_sequence(sequence.base_sequence, batch.count() - 1));
        }
        partition.unfinished.retain(|u| u.batch != batch.id);
    }

    /// The batch is given up. When it was surely not written (`certain`), later numbers close the
    /// gap; the changed batches are returned with their new first numbers.
    pub(super) fn failed(
        &mut self,
        tp: &TopicPartition,
        batch: &Batch,
        certain: bool,
    ) -> Vec<(u64, i32)> {
        let Some(partition) = self.partitions.get_mut(tp) else {
            return Vec::new();
        };
        let place = partition
            .unfinished
            .iter()
            .position(|u| u.batch == batch.id);
        let Some(place) = place else {
            return Vec::new();
        };
        partition.unfinished.remove(place);
        if !certain {
            partition.unresolved = true;
            return Vec::new();
        }
        let count = batch.count();
        partition.next = next_sequence(partition.next, -count);
        let later = partition.unfinished.iter_mut().skip(place);
        let moved = later.map(|u| {
            u.base_sequence = next_sequence(u.base_sequence, -count);
            (u.batch, u.base_sequence)
        });
        moved.collect()
    }

    /// A batch was cut into parts: they take over its numbers.
    pub(super) fn split(&mut self, tp: &TopicPartition, batch: u64, parts: &[Batch]) {
        let Some(partition) = self.partitions.get_mut(tp) else {
            return;
        };
        let Some(place) = partition.unfinished.iter().position(|u| u.batch == batch) else {
            return;
        };
        partition.unfinished.remove(place);
        for (i, part) in parts.iter().enumerate() {
            let Some(sequence) = part.sequence else {
                continue;
            };
            let unfinished = Unfinished {
                batch: part.id,
                base_sequence: sequence.base_sequence,
                count: part.count(),
            };
            partition.unfinished.insert(place + i, unfinished);
        }
    }

    /// Whether an OUT_OF_ORDER_SEQUENCE_NUMBER only says that an earlier batch failed.
    pub(super) fn waits_for_earlier(&self, tp: &TopicPartition, batch: &Batch) -> bool {
        let Some(partition) = self.partitions.get(tp) else {
            return false;
        };
        let Some(sequence) = batch.sequence else {
            return false;
        };
        let expected = partition
            .last_acked
            .map_or(0, |last| next_sequence(last, 1));
        !partition.unresolved && sequence.base_sequence != expected
    }

    /// This partition's numbers have to start again under a new epoch.
    pub(super) fn want_rewrite(&mut self, tp: &TopicPartition) {
        if let Some(partition) = self.partitions.get_mut(tp) {
            partition.rewrite = true;
        }
    }

    /// Looks whether partitions with a lost batch have come to rest: the gap is then either
    /// closed, or needs a new epoch.
    pub(super) fn resolve(&mut self) {
        for partition in self.partitions.values_mut() {
            if !partition.unresolved || !partition.unfinished.is_empty() {
                continue;
            }
            let reached = partition
                .last_acked
                .map_or(0, |last| next_sequence(last, 1));
            partition.unresolved = false;
            if reached != partition.next {
                partition.rewrite = true;
            }
        }
    }

    /// Partitions whose numbers have to start again.
    pub(super) fn rewrites(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions
            .iter()
            .filter(|(_, p)| p.rewrite)
            .map(|(tp, _)| tp)
    }

    /// Takes the next epoch for the given partitions, none of whose batches are on the wire.
    /// Returns what happened and the unfinished batches with their new numbers.
    pub(super) fn bump(&mut self, tps: &[TopicPartition]) -> (Bump, Vec<(u64, ProducerState)>) {
        let bumped = self
            .identity
            .and_then(|(id, epoch)| Some((id, epoch.checked_add(1)?)));
        self.identity = bumped;
        let mut changed = Vec::new();
        for tp in tps {
            let Some(partition) = self.partitions.get_mut(tp) else {
                continue;
            };
            partition.rewrite = bumped.is_none();
            let Some((id, epoch)) = bumped else { continue };
            partition.identity = bumped;
            partition.unresolved = false;
            partition.last_acked = None;
            partition.next = 0;
            for unfinished in &mut partition.unfinished {
                let base_sequence = partition.next;
                unfinished.base_sequence = base_sequence;
                changed.push((
                    unfinished.batch,
                    ProducerState {
                        id,
                        epoch,
                        base_sequence,
                    },
                ));
                partition.next = next_sequence(partition.next, unfinished.count);
            }
        }
        let outcome = bumped.map_or(Bump::NewId, |(_, epoch)| Bump::Epoch(epoch));
        (outcome, changed)
    }

    /// A fresh id came. Partitions that waited for one are renumbered by [`Self::bump`]'s rules.
    pub(super) fn set_identity(&mut self, id: i64, epoch: i16) {
        self.identity = Some((id, epoch));
    }
}
