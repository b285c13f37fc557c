//! Proof that the invariants can fail: known bugs are planted, and each must be found.

use konbini_broker::plant::{Bug, plant};

use crate::plan::Plan;
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
    plant(Some(bug));
    let found = (1..=SEEDS_MAX).find_map(|seed| {
        let violation = run(&Plan::new(seed)).violation?;
        (violation.invariant == invariant).then_some((seed, violation))
    });
    plant(None);
    found
}
