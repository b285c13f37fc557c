//! The log of a coordinator's partition: its records are appended here, and replayed when this node
//! begins to lead it.

use bytes::Bytes;
use konbini_log::{AppendOrigin, ReadOutcome};
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ProducerState};

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

/// What comes next of a replay.
pub(crate) enum Step {
    Batches(Bytes),
    /// Bytes are being loaded.
    Wait,
    Done,
    /// This node does not lead the partition any more.
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

    pub fn waits_for(&self, id: LoadId) -> bool {
        self.waits_for == Some(id)
    }

    pub fn next(&mut self, node: &mut Node) -> Step {
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
