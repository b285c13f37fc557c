//! The same seed must give the same run, however little of the logs is in memory.

use crate::plan::Plan;
use crate::run::{Outcome, run_in};
use crate::violation::{Kind, Violation};

/// Names it among the invariants.
pub const INVARIANT: &str = "same-seed-same-run";
/// Log bytes in memory in the second run.
const LITTLE_BYTES: usize = 10_000;

/// Runs a plan again, with little memory; how that run is not the first one.
pub fn twice(plan: &Plan, first: &Outcome) -> Option<Violation> {
    let second = run_in(plan, LITTLE_BYTES);
    if let Some(violation) = second.violation {
        return Some(violation);
    }
    (second.hash != first.hash).then(|| Violation {
        kind: Kind::Correctness,
        invariant: INVARIANT,
        at: plan.recording.until,
        step: first.steps,
        what: format!("hashes {:016x} and {:016x}", first.hash, second.hash),
    })
}
