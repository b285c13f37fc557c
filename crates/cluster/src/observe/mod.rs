//! What can be seen of a run. Nothing here changes it.

pub(crate) mod colour;
mod committed;
pub(crate) mod flight;
pub(crate) mod inspect;
pub(crate) mod rate;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod snapshot;
pub(crate) mod tail;
pub(crate) mod watch;
pub(crate) mod wire;

use konbini_log::StoreOp;
use tail::Tails;
use watch::Watch;

/// What is seen as it happens.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    pub(crate) watch: Watch,
    pub(crate) tails: Tails,
}

impl Observer {
    pub(crate) fn stored(&mut self, node: i32, op: &StoreOp) {
        self.tails.stored(node, op);
    }

    /// Connections are gone and logs may come back shorter; what was seen stays seen.
    pub(crate) fn power_out(&mut self) {
        self.tails.clear();
        self.watch.power_out();
    }
}
