//! When the worker itself fails: says where, so that the run can be looked at.

use konbini_cluster::Cluster;
use std::cell::Cell;

thread_local! {
    /// Seed, steps and virtual ms of the run at its last turn.
    static PLACE: Cell<(u64, u64, i64)> = const { Cell::new((0, 0, 0)) };
}

/// Notes where the run stands.
pub fn note(cluster: &Cluster) {
    PLACE.set((cluster.scenario().seed, cluster.steps(), cluster.now()));
}

/// Has `tell` called with message, seed and step when the worker panics.
pub fn install(tell: impl Fn(String) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |panic| {
        let (seed, steps, now) = PLACE.get();
        tell(format!("{panic} (seed {seed}, step {steps}, {now} ms)"));
    }));
}
