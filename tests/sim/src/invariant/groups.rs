//! Groups: a partition has one owner in a generation, and committed offsets do not go back on their
//! own.

use std::collections::BTreeMap;

use konbini_broker::OFFSETS_TOPIC;
use konbini_broker::group::Coordinator;

use super::{Invariant, Moment};

/// A group's generation as members were told. A coordinator may be ahead of what is committed, and
/// the next one may count that generation again: nobody was told of it.
type Generation = (String, i32);

#[derive(Default)]
pub struct OneOwnerAGeneration {
    owners: BTreeMap<Generation, BTreeMap<(String, i32), String>>,
}

impl Invariant for OneOwnerAGeneration {
    fn name(&self) -> &'static str {
        "one-owner-a-generation"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for holding in moment.cluster.holdings() {
            let generation = (holding.group.clone(), holding.generation);
            let owners = self.owners.entry(generation).or_default();
            for place in holding.owned {
                let (member, group) = (&holding.member_id, &holding.group);
                let owner = owners
                    .entry(place.clone())
                    .or_insert_with(|| member.clone());
                if owner != member {
                    return Err(format!(
                        "{owner} and {member} owned {place:?} in generation {} of {group}",
                        holding.generation
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Consumers here commit what they have handled, in order, and begin where the group stands: so a
/// committed offset that goes back, or is gone, was lost. Only a member that was put out and does not
/// know may commit an older one, and the coordinator refuses that.
#[derive(Default)]
pub struct OffsetsStay {
    committed: BTreeMap<(String, String, i32), i64>,
    /// By partition of `__consumer_offsets`: the leader epoch and the log end that were looked at last.
    looked: BTreeMap<i32, (i32, i64)>,
}

impl OffsetsStay {
    /// What a coordinator has for the groups of one partition.
    fn compare(&mut self, coordinator: &Coordinator, shard: i32) -> Result<(), String> {
        let mut now = BTreeMap::new();
        for group in coordinator
            .groups()
            .filter(|group| group.partition == shard)
        {
            for (topic, partition, offset) in group.offsets() {
                let place = (group.id().to_owned(), topic.to_owned(), partition);
                now.insert(place, offset.offset);
            }
        }
        for (place, before) in &self.committed {
            let found = now.get(place);
            let is_here = coordinator.partition_for(&place.0) == shard;
            if is_here && found.is_none_or(|found| found < before) {
                let (group, topic, partition) = place;
                return Err(format!(
                    "{group} went from {before} to {found:?} in {topic}-{partition}"
                ));
            }
        }
        self.committed.extend(now);
        Ok(())
    }
}

impl Invariant for OffsetsStay {
    fn name(&self) -> &'static str {
        "offsets-stay"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let coordinator = broker.groups();
            for shard in coordinator.partitions() {
                let replica = broker.replica(OFFSETS_TOPIC, shard);
                let leads = replica.and_then(|replica| Some((replica.leader_epoch()?, replica)));
                let Some((epoch, replica)) = leads else {
                    continue;
                };
                let end = replica.log().log_end_offset();
                // A coordinator is ahead of what is committed; one whose epoch is over knows less.
                let committed = replica.log().high_watermark() == end;
                let looked = self.looked.entry(shard).or_default();
                if committed && coordinator.image(shard).is_some() && (epoch, end) > *looked {
                    *looked = (epoch, end);
                    self.compare(coordinator, shard)?;
                }
            }
        }
        Ok(())
    }
}
