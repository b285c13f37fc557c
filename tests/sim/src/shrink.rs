//! From a run that fails to one with fewer actions that fails in the same way.

use std::ops::Range;

use crate::plan::Plan;
use crate::run::run;
use crate::violation::Violation;

/// Runs that a shrinking may take.
const RUNS_MAX: usize = 300;

/// Leaves out faults, first many at a time, then one by one, as long as the same invariant breaks.
/// Each shorter run is healed as it needs it: what does not come to rest then, was not left broken.
pub fn shrink(plan: &Plan, violation: &Violation) -> Plan {
    let mut best = plan.clone();
    let mut runs = 0;
    let mut chunk = best.faults.len().div_ceil(2);
    while chunk > 0 {
        let mut from = 0;
        while from < best.faults.len() && runs < RUNS_MAX {
            let to = best.faults.len().min(from + chunk);
            let shorter = without(&best, from..to);
            runs += 1;
            let same = |found: Violation| {
                (found.kind, found.invariant) == (violation.kind, violation.invariant)
            };
            if run(&shorter).violation.is_some_and(same) {
                best = shorter;
            } else {
                from = to;
            }
        }
        chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
    }
    best
}

fn without(plan: &Plan, left_out: Range<usize>) -> Plan {
    let mut faults = plan.faults.clone();
    faults.drain(left_out);
    plan.with_faults(faults)
}

#[cfg(test)]
mod tests {
    use konbini_scenario::Action;

    use super::*;

    /// Whoever is not started again by a fault is started by the healing.
    #[test]
    fn a_shorter_run_is_healed_as_it_needs_it() {
        let with_pair = |plan: &Plan| {
            let starts = |timed: &&konbini_scenario::TimedAction| {
                matches!(timed.action, Action::StartBroker { .. })
            };
            plan.faults.iter().find(starts).is_some()
        };
        let plans = (1..=200).map(Plan::new).filter(with_pair);
        let mut looked = 0;
        for plan in plans {
            for place in 0..plan.faults.len() {
                let shorter = without(&plan, place..place + 1);
                let ids = 1..=shorter.recording.scenario.brokers as i32;
                for id in ids {
                    let last =
                        shorter.recording.actions.iter().rev().find_map(|timed| {
                            match timed.action {
                                Action::StartBroker { broker } if broker == id => Some(true),
                                Action::KillBroker { broker } | Action::StopBroker { broker }
                                    if broker == id =>
                                {
                                    Some(false)
                                }
                                _ => None,
                            }
                        });
                    assert_ne!(last, Some(false), "broker {id} of {shorter:?}");
                    looked += 1;
                }
                assert!(shorter.recording.validate().is_ok());
            }
        }
        assert!(looked > 100);
    }
}
