//! Records on their way into batches, batches on their way to a leader.

use std::collections::{BTreeMap, VecDeque};

use super::batch::{Batch, Pending};
use crate::TopicPartition;

#[derive(Debug)]
pub(super) struct Accumulator {
    batch_size: usize,
    linger_ms: i64,
    memory_limit: usize,
    memory_used: usize,
    next_batch: u64,
    queues: BTreeMap<TopicPartition, VecDeque<Batch>>,
    /// Batches on the wire, by id.
    in_flight: BTreeMap<u64, (TopicPartition, Batch)>,
}

impl Accumulator {
    pub(super) fn new(batch_size: usize, linger_ms: i64, memory_limit: usize) -> Accumulator {
        Accumulator {
            batch_size,
            linger_ms,
            memory_limit,
            memory_used: 0,
            next_batch: 0,
            queues: BTreeMap::new(),
            in_flight: BTreeMap::new(),
        }
    }

    /// Whether `buffer.memory` has room. A record in an empty buffer always fits: larger ones were
    /// refused before.
    pub(super) fn has_memory(&self, bytes: usize) -> bool {
        self.memory_used == 0 || self.memory_used + bytes <= self.memory_limit
    }

    /// Whether the partition's open batch takes the record.
    pub(super) fn open_batch_fits(&self, tp: &TopicPartition, bytes: usize) -> bool {
        let last = self.queues.get(tp).and_then(|queue| queue.back());
        last.is_some_and(|batch| batch.fits(bytes, self.batch_size))
    }

    pub(super) fn append(&mut self, now: i64, tp: TopicPartition, record: Pending) {
        self.memory_used += record.bytes;
        let queue = self.queues.entry(tp).or_default();
        if !queue
            .back()
            .is_some_and(|batch| batch.fits(record.bytes, self.batch_size))
        {
            queue.push_back(Batch::new(self.next_batch, now));
            self.next_batch += 1;
        }
        if let Some(batch) = queue.back_mut() {
            batch.push(record);
        }
    }

    /// Partitions with something waiting.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&TopicPartition, &Batch)> {
        self.queues
            .iter()
            .filter_map(|(tp, queue)| Some((tp, queue.front()?)))
    }

    /// When the partition's first batch may go: at once (`i64::MIN`) when it is full or `hurry`.
    pub(super) fn ready_at(&self, tp: &TopicPartition, hurry: bool) -> Option<i64> {
        let queue = self.queues.get(tp)?;
        let first = queue.front()?;
        if first.attempts > 0 {
            return Some(first.retry_at);
        }
        let full = queue.len() > 1 || first.bytes >= self.batch_size || first.closed;
        Some(if full || hurry {
            i64::MIN
        } else {
            first.created.saturating_add(self.linger_ms)
        })
    }

    pub(super) fn first_mut(&mut self, tp: &TopicPartition) -> Option<&mut Batch> {
        self.queues.get_mut(tp)?.front_mut()
    }

    /// Moves the partition's first batch to the wire.
    pub(super) fn take_off(&mut self, tp: &TopicPartition) -> Option<u64> {
        let batch = self.queues.get_mut(tp)?.pop_front()?;
        let id = batch.id;
        self.in_flight.insert(id, (tp.clone(), batch));
        Some(id)
    }

    /// Takes a batch from the wire; `None` when it was given up meanwhile.
    pub(super) fn land(&mut self, id: u64) -> Option<(TopicPartition, Batch)> {
        self.in_flight.remove(&id)
    }

    pub(super) fn is_on_wire(&self, tp: &TopicPartition) -> bool {
        self.in_flight.values().any(|(other, _)| other == tp)
    }

    /// Ids of batches on the wire that are older than `delivery.timeout.ms` allows.
    pub(super) fn overdue_on_wire(&self, created_until: i64) -> Vec<u64> {
        let all = self.in_flight.iter();
        all.filter(|(_, (_, batch))| batch.created <= created_until)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Takes a waiting batch that is older than that.
    pub(super) fn take_overdue(&mut self, created_until: i64) -> Option<(TopicPartition, Batch)> {
        let due = self.queues.iter().find(|(_, queue)| {
            queue
                .front()
                .is_some_and(|batch| batch.created <= created_until)
        });
        let tp = due?.0.clone();
        let batch = self.queues.get_mut(&tp)?.pop_front()?;
        Some((tp, batch))
    }

    /// Takes any waiting batch.
    pub(super) fn take_any(&mut self) -> Option<(TopicPartition, Batch)> {
        self.take_overdue(i64::MAX)
    }

    pub(super) fn on_wire(&self) -> Vec<u64> {
        self.in_flight.keys().copied().collect()
    }

    /// Puts a batch back to be sent again: before what was never sent, in sequence order.
    pub(super) fn put_back(&mut self, tp: &TopicPartition, batch: Batch) {
        let queue = self.queues.entry(tp.clone()).or_default();
        let place = match batch.sequence {
            None => 0,
            Some(own) => queue
                .iter()
                .position(|other| match other.sequence {
                    None => true,
                    Some(theirs) => precedes(own.base_sequence, theirs.base_sequence),
                })
                .unwrap_or(queue.len()),
        };
        queue.insert(place, batch);
    }

    /// Cuts a batch in parts and puts them back.
    pub(super) fn split(&mut self, batch: Batch) -> Vec<Batch> {
        let next_batch = &mut self.next_batch;
        batch.split(self.batch_size, || {
            *next_batch += 1;
            *next_batch - 1
        })
    }

    /// Gives memory back once a batch is over.
    pub(super) fn release(&mut self, batch: &Batch) {
        let bytes: usize = batch.records.iter().map(|record| record.bytes).sum();
        self.memory_used -= bytes;
    }

    /// Any unfinished batch by its id.
    pub(super) fn batch_mut(&mut self, tp: &TopicPartition, id: u64) -> Option<&mut Batch> {
        if self.in_flight.contains_key(&id) {
            return self.in_flight.get_mut(&id).map(|(_, batch)| batch);
        }
        self.queues
            .get_mut(tp)?
            .iter_mut()
            .find(|batch| batch.id == id)
    }

    /// The oldest record that is neither delivered nor given up.
    pub(super) fn oldest_record(&self) -> Option<u64> {
        let queued = self.queues.values().flatten();
        let all = queued.chain(self.in_flight.values().map(|(_, batch)| batch));
        all.filter_map(|batch| batch.records.iter().map(|record| record.id.0).min())
            .min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.queues.values().all(VecDeque::is_empty)
    }

    pub(super) fn memory_used(&self) -> usize {
        self.memory_used
    }

    /// When the oldest batch was begun.
    pub(super) fn oldest_created(&self) -> Option<i64> {
        let queued = self.queues.values().filter_map(|queue| queue.front());
        let all = queued.chain(self.in_flight.values().map(|(_, batch)| batch));
        all.map(|batch| batch.created).min()
    }
}

/// Whether one sequence number comes before another, across the wrap at the largest i32: numbers in
/// use are never far apart.
fn precedes(one: i32, other: i32) -> bool {
    let span = i64::from(i32::MAX) + 1;
    let ahead = (i64::from(other) - i64::from(one)).rem_euclid(span);
    ahead != 0 && ahead < span / 2
}
