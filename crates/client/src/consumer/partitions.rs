//! The partitions a consumer has, and where it stands in each.

use std::collections::{BTreeMap, VecDeque};

use super::record::ConsumedRecord;
use crate::TopicPartition;

/// `ListOffsets` timestamps that mean the two ends of a log.
pub(super) const EARLIEST: i64 = -2;
pub(super) const LATEST: i64 = -1;

/// What is known of where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// The group's committed offset has to be fetched.
    Unknown,
    /// `ListOffsets` has to be asked with this timestamp.
    Reset(i64),
    /// The next record to be handed out has this offset or a later one.
    At(i64),
    /// An error that only a seek ends.
    Stuck,
}

#[derive(Debug)]
pub(super) struct Assigned {
    pub(super) position: Position,
    /// Epoch of the leader that wrote the last record handed out; committed with the offset.
    pub(super) last_epoch: Option<i32>,
    pub(super) paused: bool,
    /// Fetched and not handed out.
    pub(super) buffer: VecDeque<ConsumedRecord>,
    /// Where to fetch on once the buffer is empty: compaction and control batches leave gaps.
    pub(super) after_buffer: i64,
    /// A request about the position is under way.
    pub(super) asking: bool,
    /// No request about it before this, after an error.
    pub(super) not_before: i64,
    pub(super) attempts: u32,
    pub(super) high_watermark: Option<i64>,
}

impl Assigned {
    fn new() -> Assigned {
        Assigned {
            position: Position::Unknown,
            last_epoch: None,
            paused: false,
            buffer: VecDeque::new(),
            after_buffer: 0,
            asking: false,
            not_before: i64::MIN,
            attempts: 0,
            high_watermark: None,
        }
    }

    /// Goes on at `offset`, forgetting what was fetched.
    pub(super) fn seek(&mut self, position: Position) {
        self.position = position;
        self.buffer.clear();
        self.asking = false;
        self.not_before = i64::MIN;
        self.attempts = 0;
        self.last_epoch = None;
    }

    /// The offset to fetch next, when something should be fetched.
    pub(super) fn fetchable(&self, now: i64) -> Option<i64> {
        match self.position {
            Position::At(offset)
                if !self.paused && self.buffer.is_empty() && now >= self.not_before =>
            {
                Some(offset)
            }
            _ => None,
        }
    }

    /// The committed-to-be offset: that of the next record to be handed out.
    pub(super) fn consumed(&self) -> Option<i64> {
        match self.position {
            Position::At(offset) => Some(offset),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Partitions {
    all: BTreeMap<TopicPartition, Assigned>,
    /// Those with a buffer, in order of arrival: handed out one after the other.
    ready: VecDeque<TopicPartition>,
}

impl Partitions {
    pub(super) fn names(&self) -> Vec<TopicPartition> {
        self.all.keys().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn get(&self, tp: &TopicPartition) -> Option<&Assigned> {
        self.all.get(tp)
    }

    pub(super) fn get_mut(&mut self, tp: &TopicPartition) -> Option<&mut Assigned> {
        self.all.get_mut(tp)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Assigned)> {
        self.all.iter()
    }

    pub(super) fn add(&mut self, tp: TopicPartition) -> &mut Assigned {
        self.all.entry(tp).or_insert_with(Assigned::new)
    }

    pub(super) fn remove(&mut self, tp: &TopicPartition) {
        self.all.remove(tp);
        self.ready.retain(|other| other != tp);
    }

    pub(super) fn clear(&mut self) -> Vec<TopicPartition> {
        self.ready.clear();
        std::mem::take(&mut self.all).into_keys().collect()
    }

    /// Puts fetched records where they wait to be handed out.
    pub(super) fn fill(
        &mut self,
        tp: &TopicPartition,
        records: VecDeque<ConsumedRecord>,
        after: i64,
    ) {
        let Some(assigned) = self.all.get_mut(tp) else {
            return;
        };
        assigned.after_buffer = after;
        if records.is_empty() {
            assigned.position = Position::At(after);
            return;
        }
        assigned.buffer = records;
        if !self.ready.contains(tp) {
            self.ready.push_back(tp.clone());
        }
    }

    /// Whether [`Self::take`] would give something.
    pub(super) fn has_records(&self) -> bool {
        let has = |tp: &TopicPartition| {
            self.all
                .get(tp)
                .is_some_and(|a| !a.paused && !a.buffer.is_empty())
        };
        self.ready.iter().any(has)
    }

    /// Hands out up to `max` records, a partition's fetched records after the other's, and moves
    /// positions past them.
    pub(super) fn take(&mut self, max: usize) -> Vec<ConsumedRecord> {
        let mut out = Vec::new();
        let mut keep = VecDeque::new();
        while let Some(tp) = self.ready.pop_front() {
            let Some(assigned) = self.all.get_mut(&tp) else {
                continue;
            };
            if assigned.paused || out.len() == max {
                keep.push_back(tp);
                continue;
            }
            let count = assigned.buffer.len().min(max - out.len());
            out.extend(assigned.buffer.drain(..count));
            if let Some(last) = out.last().filter(|_| count > 0) {
                assigned.last_epoch = Some(last.leader_epoch).filter(|epoch| *epoch >= 0);
                assigned.position = Position::At(last.offset + 1);
            }
            if assigned.buffer.is_empty() {
                if count > 0 {
                    assigned.position = Position::At(assigned.after_buffer);
                }
            } else {
                keep.push_back(tp);
            }
        }
        self.ready = keep;
        out
    }
}
