//! One run from its plan to its verdict.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use konbini_cluster::{MemoryHost, Stopped};
use konbini_scenario::{Action, Scenario};

use crate::invariant::{Invariants, rest, set_up};
use crate::plan::{FAULTS_FROM_MS, PATIENCE_MS, Plan, QUIET_AT_MS};
use crate::violation::{Kind, Violation};

/// Steps of the virtual world that a run may take: a run that needs more goes in circles.
const STEPS_MAX: u64 = 3_000_000;
/// Virtual ms between two looks whether all has come to rest.
const LOOK_MS: i64 = 1_000;
/// Virtual ms that producers send once more, when all has come to rest.
const ONCE_MORE_MS: i64 = 5_000;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub hash: u64,
    pub steps: u64,
    /// Virtual ms from the stop of the producers to the rest.
    pub rested_after_ms: i64,
    pub violation: Option<Violation>,
}

thread_local! {
    /// Where this thread's last panic was, while a run listens.
    static PANICKED: RefCell<Option<String>> = const { RefCell::new(None) };
    static LISTENS: RefCell<bool> = const { RefCell::new(false) };
}

/// Lets runs tell where they panicked. A panic outside of a run is told as ever.
pub fn listen_to_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if LISTENS.with_borrow(|listens| *listens) {
            let place = info.location().map(ToString::to_string);
            PANICKED.set(place);
        } else {
            usual(info);
        }
    }));
}

/// Runs a plan; a panic in it is a violation too.
///
/// # Panics
/// The plan is not valid.
pub fn run(plan: &Plan) -> Outcome {
    run_with(plan, Invariants::of(plan), None)
}

/// Runs a plan with so many log bytes in memory, of all brokers together: what is read again comes
/// from the disks, and nothing else may differ.
///
/// # Panics
/// The plan is not valid.
pub fn run_in(plan: &Plan, limit_bytes: usize) -> Outcome {
    run_with(plan, Invariants::of(plan), Some(limit_bytes))
}

fn run_with(plan: &Plan, mut invariants: Invariants, limit_bytes: Option<usize>) -> Outcome {
    let mut host = match MemoryHost::start(&plan.recording, limit_bytes) {
        Ok(host) => host,
        Err(invalid) => panic!("seed {}: {}", plan.seed, invalid.message),
    };
    host.cluster.keep_acked();
    let mut rested_after_ms = 0;
    let scenario = &plan.recording.scenario;
    LISTENS.set(true);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        play(&mut host, &mut invariants, scenario)?;
        rested_after_ms = host.cluster.now() - QUIET_AT_MS;
        play_on(&mut host, &mut invariants, scenario)
    }));
    LISTENS.set(false);
    let violation = match ran {
        Ok(result) => result.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            let text = text.unwrap_or_else(|| "a panic".to_owned());
            let place = PANICKED.take().unwrap_or_else(|| "somewhere".to_owned());
            let what = format!("{text} ({place})");
            Some(violation(&host, Kind::Crash, "no-panic", what))
        }
    };
    Outcome {
        hash: host.cluster.trace_hash(),
        steps: host.cluster.steps(),
        rested_after_ms,
        violation,
    }
}

/// From nothing to rest.
fn play(
    host: &mut MemoryHost,
    invariants: &mut Invariants,
    scenario: &Scenario,
) -> Result<(), Violation> {
    run_until(host, invariants, FAULTS_FROM_MS)?;
    if let Some(missing) = set_up::missing(&mut host.cluster, scenario) {
        return Err(violation(host, Kind::Liveness, "is-set-up", missing));
    }
    run_until(host, invariants, QUIET_AT_MS)?;
    come_to_rest(host, invariants, scenario)
}

/// A cluster at rest works: producers send once more, and all of that arrives.
fn play_on(
    host: &mut MemoryHost,
    invariants: &mut Invariants,
    scenario: &Scenario,
) -> Result<(), Violation> {
    let before = rest::counts(&mut host.cluster);
    for producer in &scenario.producers {
        let name = producer.name.clone();
        apply(host, Action::StartProducer { name });
    }
    let until = host.cluster.now() + ONCE_MORE_MS;
    run_until(host, invariants, until)?;
    for producer in &scenario.producers {
        let name = producer.name.clone();
        apply(host, Action::StopProducer { name });
    }
    come_to_rest(host, invariants, scenario)?;
    let after = rest::counts(&mut host.cluster);
    match rest::idle(&before, &after) {
        Some(missing) => Err(violation(host, Kind::Liveness, "works-again", missing)),
        None => Ok(()),
    }
}

fn apply(host: &mut MemoryHost, action: Action) {
    let done = host.cluster.apply(action);
    done.expect("a producer of the scenario starts and stops");
}

fn come_to_rest(
    host: &mut MemoryHost,
    invariants: &mut Invariants,
    scenario: &Scenario,
) -> Result<(), Violation> {
    let mut at = host.cluster.now();
    let patience = at + PATIENCE_MS;
    while let Some(missing) = rest::missing(&mut host.cluster, scenario) {
        if at >= patience {
            return Err(violation(host, Kind::Liveness, "comes-to-rest", missing));
        }
        at += LOOK_MS;
        run_until(host, invariants, at)?;
    }
    invariants.check_at_rest(host)
}

fn run_until(
    host: &mut MemoryHost,
    invariants: &mut Invariants,
    until: i64,
) -> Result<(), Violation> {
    loop {
        let next = host.cluster.next_at().filter(|at| *at <= until);
        if next.is_none() && !host.cluster.is_dark() {
            host.run_until(until, STEPS_MAX)
                .map_err(|stopped| stopped_early(host, &stopped))?;
            return Ok(());
        }
        host.step()
            .map_err(|stopped| stopped_early(host, &stopped))?;
        // While bytes are wanted a step is not over: what its disk did not take is still to be told.
        if host.cluster.wanted_loads().next().is_none() {
            invariants.check(host)?;
        }
        if host.cluster.steps() > STEPS_MAX {
            let what = format!("{STEPS_MAX} steps were not enough");
            return Err(violation(host, Kind::Liveness, "no-busy-loop", what));
        }
    }
}

fn stopped_early(host: &MemoryHost, stopped: &Stopped) -> Violation {
    let kind = match stopped {
        Stopped::Disk(_) => Kind::Correctness,
        Stopped::Stuck { .. } => Kind::Liveness,
    };
    violation(host, kind, "goes-on", stopped.to_string())
}

fn violation(host: &MemoryHost, kind: Kind, invariant: &'static str, what: String) -> Violation {
    Violation {
        kind,
        invariant,
        at: host.cluster.now(),
        step: host.cluster.steps(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::{Invariant, Moment};

    struct Panics;

    impl Invariant for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }

        fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
            assert!(moment.cluster.steps() < 100, "too many steps");
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_told_with_its_place_and_step() {
        listen_to_panics();
        let outcome = run_with(&Plan::new(1), Invariants::only(Box::new(Panics)), None);
        let violation = outcome.violation.expect("it panics");
        assert_eq!((violation.kind, violation.step), (Kind::Crash, 100));
        assert!(violation.at > 0);
        let what = &violation.what;
        assert!(
            what.contains("too many steps (") && what.contains("run.rs:"),
            "{what}"
        );
    }
}
