//! `cargo xtask fuzz`: inputs that are nearly right, in `tests/fuzz`.

use crate::process;
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Passed on: `--target frames|batches|recovery|metadata`, `--seed N`, `--runs N`, `--seconds S`; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub fn run(args: &Args) -> Result<()> {
    process::run(process::command(process::built("konbini-fuzz")?).args(&args.rest))
}
