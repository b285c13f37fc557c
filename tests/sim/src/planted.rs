//! Proof that the invariants can fail: known bugs are planted, and each must be found.

use std::ops::ControlFlow;

use konbini_broker::plant::{Bug, plant};

use crate::plan::Plan;
use crate::pool::in_order;
use crate::run::run;
use crate::violation::Violation;

/// Seeds within which a planted bug must be found.
pub const SEEDS_MAX: u64 = 2_000;

/// Each bug with the invariant that it breaks: no other counts as having found it.
pub const BUGS: [(Bug, &str); 5] = [
    (Bug::AckBeforeReplication, "acked-is-there"),
    (Bug::HighWatermarkEarly, "committed-stays"),
    (Bug::TruncationSkipped, "committed-stays"),
    (Bug::VoteNotStored, "one-controller-an-epoch"),
    (Bug::FencingIgnored, "committed-stays"),
];

/// The first seed in which a bug breaks that invariant, and how.
pub fn find(bug: Bug, invariant: &str) -> Option<(u64, Violation)> {
    let with_bug = |seed| {
        plant(Some(bug));
        let violation = run(&Plan::new(seed)).violation;
        plant(None);
        violation.filter(|violation| violation.invariant == invariant)
    };
    let mut found = None;
    in_order(1..SEEDS_MAX + 1, with_bug, |seed, violation| {
        found = violation.map(|violation| (seed, violation));
        match found {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    });
    found
}
