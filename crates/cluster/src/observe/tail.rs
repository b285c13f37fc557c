//! The newest records of every log, as colours: seen in the bytes that brokers store, so that
//! nothing is read for them. What is not looked at is not decoded.

use super::colour;
use konbini_log::{LogDir, StoreOp};
use konbini_protocol::record::{Batch, batches};
use konbini_scenario::snapshot::{TAIL_RECORDS, TailRecord};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Default)]
pub(crate) struct Tails {
    nodes: BTreeMap<i32, BTreeMap<LogDir, Tail>>,
}

#[derive(Debug, Default)]
struct Tail {
    /// Oldest first.
    known: VecDeque<TailRecord>,
    /// Stored since somebody looked; at least as many of the newest as make a tail.
    fresh: VecDeque<Batch>,
    fresh_records: usize,
}

impl Tails {
    pub(crate) fn stored(&mut self, node: i32, op: &StoreOp) {
        match op {
            StoreOp::Append { dir, bytes, .. } => {
                let drawn = |(topic, _): (&str, i32)| !topic.starts_with("__");
                if !dir.topic_partition().is_some_and(drawn) {
                    return;
                }
                let dirs = self.nodes.entry(node).or_default();
                if !dirs.contains_key(dir) {
                    dirs.insert(dir.clone(), Tail::default());
                }
                if let Some(tail) = dirs.get_mut(dir) {
                    tail.append(batches(bytes.clone()).map_while(Result::ok));
                }
            }
            // Which offsets go is not said here: better no tail than a wrong one.
            StoreOp::Truncate { dir, .. }
            | StoreOp::Replace { dir, .. }
            | StoreOp::DeleteDir { dir } => {
                if let Some(dirs) = self.nodes.get_mut(&node) {
                    dirs.remove(dir);
                }
            }
            StoreOp::DeleteSegment { .. } | StoreOp::Put { .. } | StoreOp::Remove { .. } => {}
        }
    }

    /// What was read for an empty tail, after a start.
    pub(crate) fn read(&mut self, node: i32, dir: &LogDir, found: impl Iterator<Item = Batch>) {
        let dirs = self.nodes.entry(node).or_default();
        dirs.entry(dir.clone()).or_default().append(found);
    }

    pub(crate) fn knows(&self, node: i32, dir: &LogDir) -> bool {
        let dirs = self.nodes.get(&node);
        dirs.is_some_and(|dirs| dirs.contains_key(dir))
    }

    /// The newest records of a log from `log_start` to below `log_end`, oldest first.
    pub(crate) fn of(
        &mut self,
        node: i32,
        dir: &LogDir,
        (log_start, log_end): (i64, i64),
    ) -> Vec<TailRecord> {
        let tail = self.nodes.get_mut(&node);
        let Some(tail) = tail.and_then(|dirs| dirs.get_mut(dir)) else {
            return Vec::new();
        };
        tail.decode();
        let within = |record: &&TailRecord| (log_start..log_end).contains(&record.offset);
        tail.known.iter().filter(within).copied().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
    }
}

impl Tail {
    fn append(&mut self, found: impl Iterator<Item = Batch>) {
        for batch in found.filter(|batch| !batch.header.attributes.is_control()) {
            self.fresh_records += count(&batch);
            self.fresh.push_back(batch);
        }
        while let Some(oldest) = self.fresh.front()
            && self.fresh_records - count(oldest) >= TAIL_RECORDS
        {
            self.fresh_records -= count(oldest);
            self.fresh.pop_front();
        }
    }

    fn decode(&mut self) {
        for batch in self.fresh.drain(..) {
            let last = batch.header.last_offset();
            let from = last.saturating_sub(TAIL_RECORDS as i64 - 1);
            let colours = colour::of_batch(&batch, from, TAIL_RECORDS);
            let records = colours
                .into_iter()
                .map(|(offset, colour)| TailRecord { offset, colour });
            self.known.extend(records);
        }
        self.fresh_records = 0;
        let surplus = self.known.len().saturating_sub(TAIL_RECORDS);
        self.known.drain(..surplus);
    }
}

fn count(batch: &Batch) -> usize {
    usize::try_from(batch.header.records_count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::sample;

    fn append(tails: &mut Tails, topic: &str, base_offset: i64, records: i32) {
        let op = StoreOp::Append {
            dir: LogDir::new(topic, 0),
            segment: 0,
            position: 0,
            bytes: sample::batch(base_offset, records),
        };
        tails.stored(1, &op);
    }

    fn offsets(tails: &mut Tails, topic: &str, range: (i64, i64)) -> Vec<i64> {
        let tail = tails.of(1, &LogDir::new(topic, 0), range);
        tail.iter().map(|record| record.offset).collect()
    }

    #[test]
    fn the_newest_are_kept() {
        let mut tails = Tails::default();
        append(&mut tails, "t", 0, 1);
        assert_eq!(offsets(&mut tails, "t", (0, 1)), [0]);
        append(&mut tails, "t", 1, 2);
        assert_eq!(offsets(&mut tails, "t", (0, 3)), [0, 1, 2]);
        append(&mut tails, "t", 3, 100);
        assert_eq!(
            offsets(&mut tails, "t", (0, 103)),
            (79..103).collect::<Vec<_>>()
        );
        for base in 0..1_000 {
            append(&mut tails, "t", 103 + base * 5, 5);
        }
        assert!(tails.nodes[&1][&LogDir::new("t", 0)].fresh.len() <= 5);
        let newest: Vec<i64> = (5_103 - 24..5_103).collect();
        assert_eq!(offsets(&mut tails, "t", (0, 5_103)), newest);
        assert_eq!(
            offsets(&mut tails, "t", (5_100, 5_103)),
            [5_100, 5_101, 5_102]
        );
    }

    #[test]
    fn what_is_gone_is_not_shown() {
        let mut tails = Tails::default();
        append(&mut tails, "t", 0, 3);
        let dir = LogDir::new("t", 0);
        tails.stored(
            1,
            &StoreOp::Truncate {
                dir,
                segment: 0,
                size: 0,
            },
        );
        assert_eq!(offsets(&mut tails, "t", (0, 9)), Vec::<i64>::new());
        append(&mut tails, "__consumer_offsets", 0, 3);
        assert_eq!(
            offsets(&mut tails, "__consumer_offsets", (0, 9)),
            Vec::<i64>::new()
        );
    }
}
