//! Seeds that found something once, by what it was.

use konbini_sim::plan::Plan;
use konbini_sim::run::run;
use konbini_sim::twice::twice;

fn holds(seed: u64) {
    let plan = Plan::new(seed);
    let outcome = run(&plan);
    assert_eq!(outcome.violation, None, "seed {seed}");
    assert_eq!(twice(&plan, &outcome), None, "seed {seed}");
}

/// The logs of a broker failed one by one, and while the first made it load bytes, the others.
#[test]
fn a_disk_fails_while_bytes_are_loaded() {
    for seed in [400, 1904, 4608, 4816] {
        holds(seed);
    }
}
