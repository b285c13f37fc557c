//! Leader epochs and partition epochs never go back, at a replica and in the metadata.

use std::collections::BTreeMap;

use konbini_broker::TopicPartition;

use super::{Invariant, Moment};

/// What one broker's metadata said last.
#[derive(Default)]
struct Seen {
    offset: i64,
    /// Leader epoch and partition epoch.
    epochs: BTreeMap<TopicPartition, (i32, i32)>,
}

#[derive(Default)]
pub struct EpochsOnlyRise {
    brokers: BTreeMap<i32, Seen>,
}

impl Invariant for EpochsOnlyRise {
    fn name(&self) -> &'static str {
        "epochs-only-rise"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let (id, offset) = (broker.node_id(), broker.metadata_offset());
            let seen = self.brokers.entry(id).or_default();
            if seen.offset == offset {
                continue;
            }
            if offset < seen.offset {
                // It started again, or its log was cut: it replays from the beginning.
                seen.epochs.clear();
            }
            seen.offset = offset;
            for topic in broker.metadata().topics() {
                for (index, state) in &topic.partitions {
                    let partition = TopicPartition {
                        topic: topic.id,
                        index: *index,
                    };
                    let now = (state.leader_epoch, state.partition_epoch);
                    let before = seen.epochs.insert(partition, now).unwrap_or(now);
                    if now.0 < before.0 || now.1 < before.1 {
                        return Err(format!(
                            "broker {id} went from epochs {before:?} of {}-{index} to {now:?}",
                            topic.name
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}
