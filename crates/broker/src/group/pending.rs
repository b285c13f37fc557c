use super::image::CommittedOffset;
use std::collections::BTreeMap;

/// Group, topic, partition.
pub type Key = (String, String, i32);

/// Offsets that open transactions are going to commit, by producer id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingOffsets {
    by_producer: BTreeMap<i64, BTreeMap<Key, Pending>>,
    /// Counts records, to know which of two came later.
    order: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    offset: CommittedOffset,
    order: u64,
    /// Something later was committed: this one is not to replace it.
    superseded: bool,
}

impl PendingOffsets {
    pub fn add(&mut self, producer_id: i64, key: Key, offset: CommittedOffset) {
        self.order += 1;
        let pending = Pending {
            offset,
            order: self.order,
            superseded: false,
        };
        let of_producer = self.by_producer.entry(producer_id).or_default();
        of_producer.insert(key, pending);
    }

    /// An offset was committed without a transaction: what was pending before is older.
    pub fn supersede(&mut self, key: &Key) {
        self.supersede_before(key, u64::MAX);
    }

    fn supersede_before(&mut self, key: &Key, order: u64) {
        for offsets in self.by_producer.values_mut() {
            if let Some(pending) = offsets.get_mut(key)
                && pending.order < order
            {
                pending.superseded = true;
            }
        }
    }

    /// The offset is gone for good: with its group or its topic.
    pub fn remove(&mut self, key: &Key) {
        self.by_producer.retain(|_, offsets| {
            offsets.remove(key);
            !offsets.is_empty()
        });
    }

    /// A producer's transaction ended: returns what is committed with it.
    pub fn end(&mut self, producer_id: i64, commit: bool) -> Vec<(Key, CommittedOffset)> {
        let ended = self.by_producer.remove(&producer_id).unwrap_or_default();
        let mut committed = Vec::new();
        for (key, pending) in ended {
            if commit && !pending.superseded {
                self.supersede_before(&key, pending.order);
                committed.push((key, pending.offset));
            }
        }
        committed
    }

    /// Whether a transaction is about to commit that offset.
    pub fn has(&self, group: &str, topic: &str, partition: i32) -> bool {
        if self.by_producer.is_empty() {
            return false;
        }
        let key = (group.to_owned(), topic.to_owned(), partition);
        let mut all = self.by_producer.values();
        all.any(|offsets| offsets.contains_key(&key))
    }

    /// Every offset that is pending; one that several transactions have comes several times.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.by_producer.values().flat_map(BTreeMap::keys)
    }

    pub fn has_group(&self, group: &str) -> bool {
        self.keys().any(|key| key.0 == group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: i32) -> Key {
        ("g".to_owned(), "t".to_owned(), partition)
    }

    fn offset(offset: i64) -> CommittedOffset {
        CommittedOffset {
            offset,
            leader_epoch: -1,
            metadata: String::new(),
            commit_timestamp: 0,
            expire_timestamp: None,
        }
    }

    fn ended(pending: &mut PendingOffsets, producer_id: i64, commit: bool) -> Vec<(i32, i64)> {
        let committed = pending.end(producer_id, commit).into_iter();
        committed
            .map(|(key, offset)| (key.2, offset.offset))
            .collect()
    }

    #[test]
    fn the_end_of_a_transaction_decides() {
        let mut pending = PendingOffsets::default();
        pending.add(1, key(0), offset(10));
        pending.add(1, key(0), offset(11));
        pending.add(1, key(1), offset(5));
        pending.add(2, key(2), offset(7));
        assert!(pending.has("g", "t", 0) && !pending.has("h", "t", 0));
        assert_eq!(ended(&mut pending, 1, true), [(0, 11), (1, 5)]);
        assert!(!pending.has("g", "t", 0) && pending.has_group("g"));
        assert_eq!(ended(&mut pending, 2, false), []);
        assert_eq!(ended(&mut pending, 2, true), []);
        assert_eq!(pending.keys().count(), 0);
    }

    #[test]
    fn what_was_committed_later_stays() {
        let mut pending = PendingOffsets::default();
        pending.add(1, key(0), offset(10));
        pending.supersede(&key(0));
        pending.add(1, key(1), offset(5));
        assert_eq!(ended(&mut pending, 1, true), [(1, 5)]);
        pending.add(1, key(0), offset(10));
        pending.add(2, key(0), offset(20));
        assert_eq!(ended(&mut pending, 2, true), [(0, 20)]);
        assert_eq!(ended(&mut pending, 1, true), []);
        pending.add(1, key(0), offset(10));
        pending.remove(&key(0));
        assert_eq!(ended(&mut pending, 1, true), []);
    }
}
