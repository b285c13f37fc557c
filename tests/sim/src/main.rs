//! `cargo xtask sim`: runs seeds until they are used up or the time is over, and stops at the first
//! that fails.
//!
//! Exit codes: 0 all held, 2 wrong arguments, 3 crash, 4 liveness, 5 correctness.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use konbini_sim::plan::{COMPACTING_FROM, Plan};
use konbini_sim::planted;
use konbini_sim::pool::in_order;
use konbini_sim::run::{Outcome, listen_to_panics, run};
use konbini_sim::shrink::shrink;
use konbini_sim::twice::{INVARIANT, twice};
use konbini_sim::violation::{Kind, Violation};

/// Of so many seeds one runs twice, and both runs must have the same trace hash.
const TWICE_EVERY: u64 = 16;
/// Seeds between two lines that say how far it is.
const SAY_EVERY: u64 = 250;

#[derive(Parser)]
#[command(
    name = "konbini-sim",
    about = "Random clusters with random faults, checked after every step"
)]
struct Args {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seeds of runs that roll and compact segments all the time: the first is counted from their first
    #[arg(long)]
    compacting: bool,
    /// How many seeds
    #[arg(long, default_value_t = 200)]
    runs: u64,
    /// Stop after so many minutes
    #[arg(long)]
    minutes: Option<u64>,
    /// Go on after a failure, and count
    #[arg(long)]
    keep_going: bool,
    /// Plant known bugs instead, and see that each is found
    #[arg(long)]
    planted: bool,
    /// Do not look for a shorter run that fails too
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    // A panic of a run is a verdict, told with its seed and step.
    listen_to_panics();
    let args = Args::parse();
    let done = std::panic::catch_unwind(|| all_runs(&args));
    done.unwrap_or(ExitCode::from(Kind::Crash.exit_code()))
}

fn all_runs(args: &Args) -> ExitCode {
    if args.planted {
        return find_planted();
    }
    let started = Instant::now();
    let limit = args
        .minutes
        .map(|minutes| Duration::from_secs(minutes * 60));
    let (mut ran, mut steps, mut slowest, mut failed) = (0u64, 0u64, 0i64, Vec::new());
    let first = match args.compacting {
        true => args.seed.saturating_add(COMPACTING_FROM),
        false => args.seed,
    };
    let seeds = first..first.saturating_add(args.runs);
    in_order(seeds, verdict, |seed, outcome| {
        ran += 1;
        steps += outcome.steps;
        slowest = slowest.max(outcome.rested_after_ms);
        if let Some(violation) = outcome.violation {
            report(&Plan::new(seed), &violation, args.no_shrink);
            failed.push(violation.kind);
            if !args.keep_going {
                return ControlFlow::Break(());
            }
        }
        let seconds = started.elapsed().as_secs();
        if ran.is_multiple_of(SAY_EVERY) {
            let failed = failed.len();
            println!("{ran} seeds, {steps} steps, {failed} failed, {seconds} s");
        }
        match limit {
            Some(limit) if started.elapsed() >= limit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    let held = ran - failed.len() as u64;
    println!(
        "{steps} steps; the slowest cluster came to rest {slowest} ms after its producers stopped"
    );
    println!("{held} passed, {} failed", failed.len());
    let worst = failed.iter().map(|kind| kind.exit_code()).max();
    ExitCode::from(worst.unwrap_or(0))
}

/// Each planted bug must be found, or the invariants prove nothing.
fn find_planted() -> ExitCode {
    let mut missed = 0;
    for (bug, invariant) in planted::BUGS {
        match planted::find(bug, invariant) {
            Some((seed, violation)) => println!("{bug:?}: found by seed {seed}: {violation}"),
            None => {
                missed += 1;
                println!("{bug:?}: {invariant} held in {} seeds", planted::SEEDS_MAX);
            }
        }
    }
    println!("{} passed, {missed} failed", planted::BUGS.len() - missed);
    ExitCode::from(if missed == 0 {
        0
    } else {
        Kind::Correctness.exit_code()
    })
}

/// A seed's run, and for some seeds a second one.
fn verdict(seed: u64) -> Outcome {
    let plan = Plan::new(seed);
    let mut outcome = run(&plan);
    if outcome.violation.is_none() && seed.is_multiple_of(TWICE_EVERY) {
        outcome.violation = twice(&plan, &outcome);
    }
    outcome
}

fn report(plan: &Plan, violation: &Violation, no_shrink: bool) {
    let seed = plan.seed;
    println!("\nseed {seed} failed: {violation}");
    println!("again: cargo xtask sim --seed {seed} --runs 1");
    if no_shrink || violation.invariant == INVARIANT {
        return;
    }
    let shorter = shrink(plan, violation);
    let text = serde_json::to_string(&shorter.recording).unwrap_or_default();
    println!(
        "{} of {} actions are enough:",
        shorter.recording.actions.len(),
        plan.recording.actions.len()
    );
    println!("{text}\n");
}
