//! What a producer with acks=all was told is stored, is there in the end, at the offset that it was
//! told; unless an unclean election was announced.

use std::collections::BTreeMap;

use konbini_scenario::spec::Acks;

use super::{Invariant, Moment};
use crate::plan::Plan;

pub struct AckedIsThere {
    /// Producers whose acknowledgement is a promise.
    producers: Vec<String>,
    /// Values by topic, partition and offset.
    promised: BTreeMap<(String, i32), BTreeMap<i64, String>>,
}

impl AckedIsThere {
    pub fn new(plan: &Plan) -> AckedIsThere {
        let producers = plan.recording.scenario.producers.iter();
        let all = producers.filter(|producer| producer.acks == Acks::All);
        AckedIsThere {
            producers: all.map(|producer| producer.name.clone()).collect(),
            promised: BTreeMap::new(),
        }
    }
}

impl Invariant for AckedIsThere {
    fn name(&self) -> &'static str {
        "acked-is-there"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for acked in moment.acked {
            if acked.base_offset < 0 || !self.producers.contains(&acked.producer) {
                continue;
            }
            if moment.told.lost(&acked.topic, acked.partition) {
                continue;
            }
            let place = (acked.topic.clone(), acked.partition);
            let promised = self.promised.entry(place).or_default();
            for (offset, record) in (acked.base_offset..).zip(&acked.records) {
                let value = format!("{} {}", acked.producer, record);
                if let Some(other) = promised.insert(offset, value.clone())
                    && other != value
                {
                    return Err(format!(
                        "{value:?} and {other:?} were both promised offset {offset} of {}-{}",
                        acked.topic, acked.partition
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_at_rest(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for ((topic, partition), promised) in &self.promised {
            if moment.told.lost(topic, *partition) {
                continue;
            }
            let found: BTreeMap<i64, String> = moment.led(topic, *partition)?.into_iter().collect();
            for (offset, value) in promised {
                if found.get(offset) != Some(value) {
                    return Err(format!(
                        "{value:?} was acknowledged at offset {offset} of {topic}-{partition}; there is {:?}",
                        found.get(offset)
                    ));
                }
            }
        }
        Ok(())
    }
}
