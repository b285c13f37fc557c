//! In one leader epoch, one broker leads a partition.

use std::collections::BTreeMap;

use konbini_broker::TopicPartition;

use super::{Invariant, Moment};

#[derive(Default)]
pub struct OneLeaderAnEpoch {
    /// Who led each partition in each epoch.
    leaders: BTreeMap<(TopicPartition, i32), i32>,
    /// The epoch that was seen last at each replica: nothing to check while it is the same.
    seen: BTreeMap<(i32, TopicPartition), i32>,
}

impl Invariant for OneLeaderAnEpoch {
    fn name(&self) -> &'static str {
        "one-leader-an-epoch"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let id = broker.node_id();
            for replica in broker.replicas() {
                let Some(epoch) = replica.leader_epoch() else {
                    continue;
                };
                let partition = replica.partition;
                if self.seen.insert((id, partition), epoch) == Some(epoch) {
                    continue;
                }
                let leader = *self.leaders.entry((partition, epoch)).or_insert(id);
                if leader != id {
                    let (topic, index) = (replica.topic(), partition.index);
                    return Err(format!(
                        "brokers {leader} and {id} led {topic}-{index} in epoch {epoch}"
                    ));
                }
            }
        }
        Ok(())
    }
}
