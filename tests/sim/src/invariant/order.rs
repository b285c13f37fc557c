//! An idempotent producer leaves no duplicate, no gap among what was acknowledged, and its order in
//! a partition.

use std::collections::BTreeMap;

use super::{Invariant, Moment};
use crate::plan::Plan;

pub struct NoDuplicateNoGap {
    idempotent: Vec<String>,
    /// Records that were acknowledged, by producer and place.
    acked: BTreeMap<(String, String, i32), Vec<u64>>,
    places: Vec<(String, i32)>,
}

impl NoDuplicateNoGap {
    pub fn new(plan: &Plan) -> NoDuplicateNoGap {
        let scenario = &plan.recording.scenario;
        let producers = scenario.producers.iter().filter(|p| p.idempotent);
        let topics = scenario.topics.iter();
        NoDuplicateNoGap {
            idempotent: producers.map(|producer| producer.name.clone()).collect(),
            acked: BTreeMap::new(),
            places: topics
                .flat_map(|topic| (0..topic.partitions).map(|n| (topic.name.clone(), n)))
                .collect(),
        }
    }
}

impl Invariant for NoDuplicateNoGap {
    fn name(&self) -> &'static str {
        "no-duplicate-no-gap"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for acked in moment.acked {
            if self.idempotent.contains(&acked.producer) {
                let place = (acked.producer.clone(), acked.topic.clone(), acked.partition);
                self.acked.entry(place).or_default().extend(&acked.records);
            }
        }
        Ok(())
    }

    fn check_at_rest(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for (topic, partition) in &self.places {
            if moment.told.lost(topic, *partition) {
                continue;
            }
            let values = moment.led(topic, *partition)?;
            for producer in &self.idempotent {
                let place = (producer.clone(), topic.clone(), *partition);
                let acked = self.acked.get(&place).map_or(&[][..], Vec::as_slice);
                let lives = moment.cluster.boot() as usize;
                compare(&numbers_of(&values, producer), acked, lives)
                    .map_err(|what| format!("{topic}-{partition} {what} of {producer}"))?;
            }
        }
        Ok(())
    }
}

/// A producer counts from 0 in each of its lives: it begins anew when the power comes back.
fn compare(numbers: &[u64], acked: &[u64], lives: usize) -> Result<(), String> {
    let mut back = numbers.windows(2).filter(|pair| pair[1] <= pair[0]);
    if let Some(pair) = back.nth(lives - 1) {
        return Err(format!("has record {} after record {}", pair[1], pair[0]));
    }
    match acked.iter().find(|number| !numbers.contains(number)) {
        Some(missing) => Err(format!("was told of record {missing}, and lacks it,")),
        None => Ok(()),
    }
}

fn numbers_of(values: &[(i64, String)], producer: &str) -> Vec<u64> {
    let own = values.iter().filter_map(|(_, value)| {
        let (name, number) = value.split_once(' ')?;
        (name == producer).then(|| number.parse().ok())?
    });
    own.collect()
}
