//! Everything is put right again, and producers stop.

use konbini_scenario::{Action, Scenario, TimedAction};

use super::{HEALED_AT_MS, QUIET_AT_MS};

/// Virtual ms from the healing until the first broker starts anew, from one to the next, and that
/// each is down.
const ROLL_AFTER_MS: i64 = 2_000;
const ROLL_EVERY_MS: i64 = 500;
const ROLL_DOWN_MS: i64 = 100;

/// What heals a cluster, whatever was done to it: what there is no need for is left out when it is
/// folded in. Who has a log that is offline starts anew: nothing else helps.
pub fn of(scenario: &Scenario) -> Vec<TimedAction> {
    let mut timed = Vec::new();
    let mut at = |at: i64, action: Action| timed.push(TimedAction { at, action });
    at(HEALED_AT_MS, Action::Heal);
    for broker in 1..=scenario.brokers as i32 {
        at(HEALED_AT_MS, Action::StartBroker { broker });
        at(HEALED_AT_MS, Action::FreeDisk { broker });
        at(HEALED_AT_MS, Action::SlowBroker { broker, ms: 0 });
        at(HEALED_AT_MS, Action::SkewClock { broker, ms: 0 });
        // One after the other, as an operator rolls a cluster.
        let rolls = HEALED_AT_MS + ROLL_AFTER_MS + i64::from(broker - 1) * ROLL_EVERY_MS;
        at(rolls, Action::KillBroker { broker });
        at(rolls + ROLL_DOWN_MS, Action::StartBroker { broker });
    }
    for consumer in &scenario.consumers {
        let name = consumer.name.clone();
        at(HEALED_AT_MS, Action::StartConsumer { name });
    }
    for producer in &scenario.producers {
        let name = producer.name.clone();
        at(QUIET_AT_MS, Action::StopProducer { name });
    }
    timed
}
