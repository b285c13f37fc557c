//! Konbini's set-up: installs what is missing, then serves, builds, checks and tests.
//!
//! It knows the tools, never the program: no crate of the workspace is a dependency.

mod apt;
mod bench;
mod beside;
mod browser;
mod build;
mod check;
mod conformance;
mod diff;
mod export;
mod fuzz;
mod harness;
mod java;
mod kafka;
mod node;
mod process;
mod project;
mod python;
mod serve;
mod server;
mod setup;
mod sim;
mod stages;
mod sysroot;
mod test;
mod tidy;
mod tools;
mod turns;
mod wasm;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set up, serve, build, check, test and measure Konbini"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, build, serve the page and rebuild on change
    Serve(serve::Args),
    /// Build the static site into dist/
    Build,
    /// Check format, lints and the repository's own rules
    Check,
    /// Check, then run every test: native, Node, headless Chrome, end to end
    Test(test::Args),
    /// Hunt for lost records: random clusters with random faults, checked after every step
    Sim(sim::Args),
    /// Run clients that nobody here wrote against the server
    Conformance(conformance::Args),
    /// Send the same requests to Apache Kafka and to Konbini, and compare the answers
    Diff(diff::Args),
    /// Give brokers, batches and disks what nobody should: nothing panics, no memory without bound
    Fuzz(fuzz::Args),
    /// Measure ratios to raw loops: the core natively and in wasm, the site in Chrome
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Build => build::run(),
        Command::Check => check::run(),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Sim(args) => {
            return sim::run(&args).unwrap_or_else(|error| {
                eprintln!("\nerror: {error:#}");
                ExitCode::FAILURE
            });
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
