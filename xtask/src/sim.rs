//! `cargo xtask sim`: random clusters with random faults, in `tests/sim`.

use crate::process;
use crate::stages::Count;
use anyhow::{Context, Result};
use std::process::{ExitCode, Stdio};

/// Seeds that `cargo xtask test` runs, and as many more that compact.
const TEST_RUNS: u64 = 300;
const COMPACTING_RUNS: u64 = 60;

#[derive(clap::Args)]
pub struct Args {
    /// Passed on: `--seed N`, `--runs N`, `--minutes M`, `--keep-going`; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Runs the simulator; its exit code tells crash (3), liveness (4) and correctness (5) apart.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut sim = process::command(process::built("konbini-sim")?);
    sim.args(&args.rest);
    println!("    $ {}", process::shown(&sim));
    let status = sim.status().context("it cannot be started")?;
    Ok(ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}

/// A stage of `cargo xtask test`: seeds as they are, then seeds with known bugs planted.
pub fn stage() -> Result<Count> {
    let mut count = counted(&["--runs", &TEST_RUNS.to_string(), "--keep-going"])?;
    let runs = COMPACTING_RUNS.to_string();
    count.add(counted(&["--compacting", "--runs", &runs, "--keep-going"])?);
    count.add(counted(&["--planted"])?);
    Ok(count)
}

/// Runs the simulator and reads its last line, `N passed, N failed`.
fn counted(arguments: &[&str]) -> Result<Count> {
    let mut sim = process::command(process::built("konbini-sim")?);
    sim.args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    println!("    $ {}", process::shown(&sim));
    let output = sim.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let last = text.lines().rev().find(|line| line.contains(" passed, "));
    let passed = last
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .context("the simulator ended without a count")?;
    // Each failing seed is named by the command that runs it again, each bug that was missed by its line.
    let mut failed: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("again: ") || line.contains(" held in "))
        .map(str::to_owned)
        .collect();
    if !output.status.success() && failed.is_empty() {
        failed.push(format!("the simulator ended with {}", output.status));
    }
    Ok(Count { passed, failed })
}
