//! The log of a coordinator's partition: its records are appended here, and replayed when this node
//! begins to lead it.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_log::{AppendOrigin, ReadOutcome};
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{Batch, BatchBuilder, ProducerState, Record, batches};

use crate::LoadId;
use crate::node::{Node, TopicPartition};
use crate::replica::append::append;

/// Bytes of a partition that are replayed at a time.
const REPLAY_BYTES: usize = 1024 * 1024;

/// A partition whose records are being replayed.
#[derive(Debug)]
pub(crate) struct Replay {
    partition: TopicPartition,
    next_offset: i64,
    waits_for: Option<LoadId>,
}

/// How far a replay came.
pub(crate) enum Outcome {
    /// Bytes are being loaded.
    Wait(Replay),
    Done,
    /// This node does not lead the partition any more.
    NotLeader,
    Damaged(String),
}

/// Takes one record of that partition's index. The error says why nothing behind it can be trusted.
type Take = fn(&mut Node, i32, &Batch, &Record) -> Result<(), String>;

enum Step {
    Batches(Bytes),
    Wait,
    Done,
    NotLeader,
    Damaged(String),
}

impl Replay {
    /// From the start of the log; `None` if this node does not lead the partition.
    pub fn begin(node: &Node, partition: TopicPartition) -> Option<Replay> {
        let leader = node.replicas.leader(partition).ok()?;
        Some(Replay {
            partition,
            next_offset: leader.log().log_start_offset(),
            waits_for: None,
        })
    }

    /// Hands over records for as long as their bytes are in memory.
    pub fn run(mut self, node: &mut Node, take: Take) -> Outcome {
        loop {
            match self.next(node) {
                Step::Batches(bytes) => {
                    if let Err(reason) = take_all(node, self.partition.index, bytes, take) {
                        return Outcome::Damaged(reason);
                    }
                }
                Step::Wait => return Outcome::Wait(self),
                Step::Done => return Outcome::Done,
                Step::NotLeader => return Outcome::NotLeader,
                Step::Damaged(reason) => return Outcome::Damaged(reason),
            }
        }
    }

    fn next(&mut self, node: &mut Node) -> Step {
        let Ok(leader) = node.replicas.leader_mut(self.partition) else {
            return Step::NotLeader;
        };
        let end = leader.log.log_end_offset();
        if self.next_offset >= end {
            return Step::Done;
        }
        match leader.log.read(self.next_offset, REPLAY_BYTES, end, true) {
            ReadOutcome::Fetched(fetched) if fetched.size > 0 => {
                self.next_offset = fetched.next_offset;
                Step::Batches(fetched.concat())
            }
            ReadOutcome::Cold(wanted) => {
                self.waits_for = Some(node.loads.ask(wanted, &mut node.out));
                Step::Wait
            }
            ReadOutcome::Fetched(_) | ReadOutcome::OutOfRange { .. } => {
                Step::Damaged("the log has a gap".to_owned())
            }
            ReadOutcome::Offline { reason } => Step::Damaged(reason),
        }
    }
}

fn take_all(node: &mut Node, index: i32, bytes: Bytes, take: Take) -> Result<(), String> {
    for batch in batches(bytes) {
        let batch = batch.map_err(|error| error.to_string())?;
        for record in batch.records() {
            let record = record.map_err(|error| error.to_string())?;
            take(node, index, &batch, &record)?;
        }
    }
    Ok(())
}

/// The partitions that a coordinator replays, by index. They take turns when nothing else runs, so
/// that it makes no difference whether their bytes are in memory.
#[derive(Debug, Default)]
pub(crate) struct Replays(BTreeMap<i32, Replay>);

impl Replays {
    pub fn insert(&mut self, replay: Replay) {
        self.0.insert(replay.partition.index, replay);
    }

    pub fn forget(&mut self, index: i32) {
        self.0.remove(&index);
    }

    /// Bytes came: who waits for them can go on.
    pub fn loaded(&mut self, id: LoadId) {
        for replay in self.0.values_mut() {
            replay.waits_for = replay.waits_for.filter(|wanted| *wanted != id);
        }
    }

    /// Whether one can go on.
    pub fn is_due(&self) -> bool {
        self.0.values().any(|replay| replay.waits_for.is_none())
    }

    /// Takes out the first that can go on.
    pub fn take_due(&mut self) -> Option<(i32, Replay)> {
        let mut all = self.0.iter();
        let (index, _) = all.find(|(_, replay)| replay.waits_for.is_none())?;
        let index = *index;
        self.0.remove(&index).map(|replay| (index, replay))
    }
}

/// Key and value; no value is a tombstone.
pub(crate) type KeyValue = (Bytes, Option<Bytes>);

/// Appends records as batches that keep below `max.message.bytes`. Those of one request are one
/// batch, unless they are too many. Says why if that fails; some may be in the log then.
pub(crate) fn append_records(
    node: &mut Node,
    partition: TopicPartition,
    records: &[KeyValue],
    producer: Option<ProducerState>,
) -> Result<(), String> {
    let leader = node.replicas.leader(partition);
    let leader = leader.map_err(|error| error.to_string())?;
    let limit = usize::try_from(leader.log().config().max_message_bytes).unwrap_or(0);
    let empty = || {
        BatchBuilder::new(Codec::None)
            .producer(producer.unwrap_or(ProducerState::NONE))
            .transactional(producer.is_some())
    };
    let mut batch = empty();
    for (key, value) in records {
        let (key, value) = (Some(key.as_ref()), value.as_deref());
        if !batch.has_room_for(key, value, &[], limit) {
            append_batch(node, partition, std::mem::replace(&mut batch, empty()))?;
        }
        let added = batch.append(node.now, key, value, &[]);
        added.map_err(|error| error.to_string())?;
    }
    append_batch(node, partition, batch)
}

fn append_batch(
    node: &mut Node,
    partition: TopicPartition,
    batch: BatchBuilder,
) -> Result<(), String> {
    match append(node, partition, batch.build(), AppendOrigin::Coordinator) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(refusal.message.unwrap_or_default()),
    }
}
