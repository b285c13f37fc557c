//! From a seed to a run: a random cluster, its topics and clients, and faults at random times; then
//! everything is healed, producers stop, and the cluster has to come to rest.
//!
//! ```text
//! 0 s        15 s                          75 s        95 s                    up to 395 s
//! | set-up   | faults, clients come and go | healed    | producers stop        | at rest
//! ```

mod faults;
mod heal;
mod scenario;

use konbini_scenario::{Cast, Recording, Scenario, TimedAction};

use crate::dice::Dice;

pub const FAULTS_FROM_MS: i64 = 15_000;
pub const HEALED_AT_MS: i64 = 75_000;
pub const QUIET_AT_MS: i64 = 95_000;
/// Virtual ms that a healed cluster may take to come to rest: some of Kafka's own timeouts one after
/// the other (`request.timeout.ms`, `delivery.timeout.ms`, retransmissions that were backed off).
pub const PATIENCE_MS: i64 = 300_000;

/// From this seed on segments are closed soon, and the coordinators' topics are compacted all the time.
pub const COMPACTING_FROM: u64 = 1 << 32;

/// What may happen to records in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Elections are clean, and what was flushed stays: nothing that was acknowledged may be lost.
    Strict,
    /// Out-of-sync replicas may lead: losses must be told.
    Unclean,
    /// Machines lose power with records that were not flushed: those may be gone, nothing else.
    Careless,
}

/// What a run is about.
#[derive(Clone, Copy, Debug)]
struct Traits {
    class: Class,
    brokers: i64,
    /// Machines may lose their power. Then nothing but a flush for each record keeps the promise
    /// that acks=all makes with clean elections.
    power: bool,
    /// Disks are replaced, one after the other, with nothing else broken meanwhile: a log that was
    /// wiped knows nothing, so any other loss at that time may be one too many.
    wipes: bool,
    compacts: bool,
}

impl Traits {
    fn roll(dice: &mut Dice, seed: u64) -> Traits {
        let class = match dice.between(0, 99) {
            0..=74 => Class::Strict,
            75..=92 => Class::Unclean,
            _ => Class::Careless,
        };
        let brokers = *dice.one_of(&[1, 2, 3, 3, 3, 3, 4, 5, 5]);
        let power = class == Class::Careless || dice.percent(40);
        let wipes = class == Class::Strict && brokers >= 3 && dice.percent(10);
        Traits {
            class,
            brokers,
            power,
            wipes,
            compacts: seed >= COMPACTING_FROM,
        }
    }

    /// Whether the brokers flush each record.
    fn flushes(self) -> bool {
        self.power && self.class != Class::Careless
    }
}

/// One run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub class: Class,
    /// What goes wrong, without what heals it.
    pub faults: Vec<TimedAction>,
    pub recording: Recording,
}

impl Plan {
    pub fn new(seed: u64) -> Plan {
        let mut dice = Dice::new(seed);
        let traits = Traits::roll(&mut dice, seed);
        let scenario = scenario::roll(&mut dice, seed, traits);
        let faults = faults::roll(&mut dice, &scenario, traits);
        Plan::with(seed, traits.class, scenario, faults)
    }

    /// The same run with other faults, healed as these need it.
    pub fn with_faults(&self, faults: Vec<TimedAction>) -> Plan {
        let scenario = self.recording.scenario.clone();
        Plan::with(self.seed, self.class, scenario, faults)
    }

    fn with(seed: u64, class: Class, scenario: Scenario, mut faults: Vec<TimedAction>) -> Plan {
        // Faults are drawn without looking at each other: what cannot be done then is left out.
        let cast = || match Cast::of(&scenario) {
            Ok(cast) => cast,
            Err(invalid) => panic!("seed {seed}: {}", invalid.message),
        };
        let mut on_stage = cast();
        faults.retain(|timed| on_stage.fold(&timed.action).is_ok());
        let mut actions = faults.clone();
        actions.extend(heal::of(&scenario));
        actions.sort_by_key(|timed| timed.at);
        let mut on_stage = cast();
        actions.retain(|timed| on_stage.fold(&timed.action).is_ok());
        let recording = Recording {
            actions,
            until: QUIET_AT_MS,
            ..Recording::of(scenario)
        };
        Plan {
            seed,
            class,
            faults,
            recording,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A fault that no plan has is a promise that nobody checks.
    #[test]
    fn every_kind_of_fault_occurs() {
        let mut kinds = BTreeSet::new();
        for seed in 1..=1_000 {
            for timed in Plan::new(seed).faults {
                let action = serde_json::to_value(&timed.action).unwrap();
                let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
                let mut kind = text(&action["do"]).unwrap();
                match &action["effect"] {
                    serde_json::Value::Null => {}
                    effect => {
                        let object = effect.as_object();
                        let name = object.and_then(|object| object.keys().next().cloned());
                        kind = name.or_else(|| text(effect)).unwrap();
                        let both = action["both-ways"].as_bool().unwrap();
                        kind += if both { " both ways" } else { " one way" };
                    }
                }
                if kind == "fail-disk" && action["topic"].is_null() {
                    kind += " whole";
                }
                if action["unclean"] == true {
                    kind += " unclean";
                }
                kinds.insert(kind);
            }
        }
        let found: Vec<String> = kinds.into_iter().collect();
        let expect = "crash-consumer, cut both ways, cut one way, cut-broker-power, \
            delay both ways, delay one way, drop both ways, drop one way, elect-leaders, \
            elect-leaders unclean, fail-disk, fail-disk whole, fill-disk, free-disk, kill-broker, \
            power-cut, reassign, remove-rule, skew-clock, slow-broker, start-broker, \
            start-consumer, stop-broker, stop-consumer, wipe-disk";
        assert_eq!(found.join(", "), expect);
    }
}
