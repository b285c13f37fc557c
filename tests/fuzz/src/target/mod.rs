//! What is given inputs.

pub mod batches;
pub mod frames;
pub mod metadata;
pub mod recovery;

use bytes::Bytes;
use konbini_cluster::MemoryHost;
use konbini_scenario::{Recording, Scenario};
use konbini_sim::dice::Dice;

/// Steps of the virtual world that one run takes at the most.
const STEPS_MAX: u64 = 300_000;

/// A scenario of the page, run up to that virtual time.
fn host_of(scenario: Scenario, until_ms: i64) -> MemoryHost {
    let recording = Recording::of(scenario);
    let mut host = MemoryHost::start(&recording, None).expect("a scenario of the page");
    host.run_until(until_ms, STEPS_MAX).expect("it runs");
    host
}

pub trait Target {
    /// Makes an input, gives it, and says what does not hold.
    fn run(&mut self, dice: &mut Dice) -> Result<(), String>;

    /// The last one.
    fn input(&self) -> Bytes;
}
