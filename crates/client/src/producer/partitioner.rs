//! Which partition a record goes to.

use std::collections::BTreeMap;

use konbini_protocol::murmur2::partition_for_key;

use super::config::Partitioner;
use crate::metadata::TopicInfo;
use crate::seed::Seed;

/// What a partitioner remembers of one topic.
#[derive(Debug, Default)]
struct Memory {
    sticky: Option<i32>,
    turn: u32,
}

#[derive(Debug)]
pub(super) struct Chooser {
    kind: Partitioner,
    topics: BTreeMap<String, Memory>,
}

/// The partitions with a leader, or all while none has one: records then wait for a leader.
fn available(topic: &TopicInfo) -> Vec<i32> {
    let with_leader = topic
        .partitions
        .iter()
        .enumerate()
        .filter(|(_, p)| p.leader.is_some());
    let with_leader: Vec<i32> = with_leader.map(|(i, _)| i as i32).collect();
    if with_leader.is_empty() {
        (0..topic.partitions.len() as i32).collect()
    } else {
        with_leader
    }
}

impl Chooser {
    pub(super) fn new(kind: Partitioner) -> Chooser {
        Chooser {
            kind,
            topics: BTreeMap::new(),
        }
    }

    /// The partition for a record without an explicit one. `fits` tells whether the open batch of
    /// a partition takes the record. The topic has at least one partition.
    pub(super) fn choose(
        &mut self,
        name: &str,
        topic: &TopicInfo,
        key: Option<&[u8]>,
        seed: &mut Seed,
        fits: impl Fn(i32) -> bool,
    ) -> i32 {
        let count = topic.partitions.len() as i32;
        if let Some(key) = key {
            return partition_for_key(key, count);
        }
        if !self.topics.contains_key(name) {
            self.topics.insert(name.to_owned(), Memory::default());
        }
        let Some(memory) = self.topics.get_mut(name) else {
            return 0;
        };
        match self.kind {
            Partitioner::RoundRobin => {
                let open = available(topic);
                let turn = memory.turn as usize;
                memory.turn = memory.turn.wrapping_add(1);
                open[turn % open.len()]
            }
            Partitioner::Default => match memory.sticky.filter(|p| *p < count && fits(*p)) {
                Some(partition) => partition,
                None => {
                    let next = draw(&available(topic), memory.sticky, seed);
                    memory.sticky = Some(next);
                    next
                }
            },
        }
    }
}

/// One of `open`, evenly, but another one than `last` where there is another.
fn draw(open: &[i32], last: Option<i32>, seed: &mut Seed) -> i32 {
    let others: Vec<i32> = open.iter().copied().filter(|p| Some(*p) != last).collect();
    let pool = if others.is_empty() { open } else { &others };
    pool[seed.below(pool.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::PartitionInfo;
    use uuid::Uuid;

    fn topic(leaders: &[Option<i32>]) -> TopicInfo {
        let partitions = leaders.iter().map(|leader| PartitionInfo {
            leader: *leader,
            leader_epoch: 0,
        });
        TopicInfo {
            id: Uuid::nil(),
            error: None,
            partitions: partitions.collect(),
        }
    }

    #[test]
    fn keys_go_where_java_puts_them() {
        // murmur2("21") = -973932308 and so on, sign bit off, modulo the count.
        let cases = [
            ("21", 12, (-973_932_308i32 & 0x7fff_ffff) % 12),
            ("foobar", 3, (-790_332_482i32 & 0x7fff_ffff) % 3),
            ("abc", 7, 479_470_107 % 7),
        ];
        let mut chooser = Chooser::new(Partitioner::Default);
        for (key, count, expect) in cases {
            let topic = topic(&vec![Some(1); count]);
            let got = chooser.choose("t", &topic, Some(key.as_bytes()), &mut Seed::new(1), |_| {
                true
            });
            assert_eq!(got, expect, "{key}");
        }
    }

    #[test]
    fn a_key_ignores_missing_leaders() {
        let all = topic(&[Some(1), Some(1), Some(1)]);
        let some = topic(&[None, Some(1), None]);
        let mut chooser = Chooser::new(Partitioner::RoundRobin);
        for key in ["a", "b", "c", "d"] {
            let mut go =
                |t| chooser.choose("t", t, Some(key.as_bytes()), &mut Seed::new(1), |_| true);
            assert_eq!(go(&all), go(&some));
        }
    }

    #[test]
    fn keyless_sticks_until_the_batch_is_done() {
        let topic = topic(&[Some(1), Some(2), Some(3)]);
        let mut chooser = Chooser::new(Partitioner::Default);
        let mut seed = Seed::new(3);
        let first = chooser.choose("t", &topic, None, &mut seed, |_| true);
        for _ in 0..10 {
            assert_eq!(
                chooser.choose("t", &topic, None, &mut seed, |_| true),
                first
            );
        }
        for _ in 0..10 {
            let before = chooser.choose("t", &topic, None, &mut seed, |_| true);
            let after = chooser.choose("t", &topic, None, &mut seed, |_| false);
            assert_ne!(before, after);
        }
    }

    #[test]
    fn keyless_turns_skip_partitions_without_a_leader() {
        let topic = topic(&[Some(1), None, Some(3)]);
        let mut chooser = Chooser::new(Partitioner::RoundRobin);
        let mut seed = Seed::new(3);
        let got: Vec<i32> = (0..5)
            .map(|_| chooser.choose("t", &topic, None, &mut seed, |_| true))
            .collect();
        assert_eq!(got, [0, 2, 0, 2, 0]);
    }
}
