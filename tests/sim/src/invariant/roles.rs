//! The leader epoch in which a replica leads or follows never goes back while its process runs, and
//! nobody is in an epoch that was never decided.

use super::seen::Seen;
use super::{Invariant, Moment};

#[derive(Default)]
pub struct RoleEpochsRise {
    epochs: Seen<i32>,
}

impl Invariant for RoleEpochsRise {
    fn name(&self) -> &'static str {
        "role-epochs-rise"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let id = broker.node_id();
            self.epochs.begin(moment.told, broker);
            for replica in broker.replicas() {
                let follows = || Some(replica.follows()?.1);
                let Some(now) = replica.leader_epoch().or_else(follows) else {
                    continue;
                };
                let partition = replica.partition;
                let before = self.epochs.of(id, partition).copied();
                if before == Some(now) {
                    continue;
                }
                let name = || format!("{}-{}", replica.topic(), partition.index);
                if let Some(before) = before.filter(|before| *before > now) {
                    return Err(format!(
                        "broker {id} went from epoch {before} of {} to {now}",
                        name()
                    ));
                }
                let decided = broker.metadata().partition(partition);
                if let Some(decided) = decided.filter(|state| state.leader_epoch < now) {
                    return Err(format!(
                        "broker {id} is in epoch {now} of {}, its metadata in {}",
                        name(),
                        decided.leader_epoch
                    ));
                }
                self.epochs.put(id, partition, now);
            }
        }
        Ok(())
    }
}
