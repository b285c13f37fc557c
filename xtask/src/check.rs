//! `cargo xtask check`: format, lints and the tidy rules.

use crate::stages::{Count, Stages};
use crate::{conformance, process, setup, tidy, wasm};
use anyhow::{Result, bail};
use std::process::Command;

/// Packages that run in a browser only.
const WASM_ONLY: [&str; 2] = ["konbini-web", "konbini-worker"];

pub fn run() -> Result<()> {
    setup::provide(&[wasm::need()])?;
    let mut stages = Stages::default();
    stages.run("check", stage);
    stages.report();
    if !stages.total().failed.is_empty() {
        bail!("the check failed");
    }
    Ok(())
}

/// Every part runs, so that one report names all that is wrong.
pub fn stage() -> Result<Count> {
    let parts: [fn() -> Result<()>; 4] = [format, native_lints, wasm_lints, tidy::check];
    let mut count = Count::default();
    for part in parts {
        match part() {
            Ok(()) => count.passed += 1,
            Err(error) => {
                eprintln!("error: {error:#}");
                count.add(Count::failure(format!("{error:#}")));
            }
        }
    }
    Ok(count)
}

fn format() -> Result<()> {
    process::run(process::command("cargo").args(["fmt", "--all", "--check"]))?;
    let mut apart = process::command("cargo");
    apart.args(["fmt", "--check", "--manifest-path"]);
    process::run(apart.arg(conformance::rust_manifest()))
}

fn native_lints() -> Result<()> {
    let mut clippy = clippy(process::command("cargo"));
    clippy.arg("--workspace");
    for package in WASM_ONLY {
        clippy.args(["--exclude", package]);
    }
    process::run(clippy.args(["--", "-D", "warnings"]))
}

fn wasm_lints() -> Result<()> {
    if wasm::active_has_target() {
        let mut clippy = clippy(wasm::command("cargo")?);
        clippy.args(["--target", wasm::TARGET]);
        packages(&mut clippy);
        return process::run(clippy.args(["--", "-D", "warnings"]));
    }
    // Debian's compiler comes without clippy. These packages compile natively too, which is enough to
    // lint them; what only wasm32 sees is then compiled with warnings denied.
    let mut clippy = clippy(process::command("cargo"));
    packages(&mut clippy);
    process::run(clippy.args(["--", "-D", "warnings"]))?;
    let mut check = wasm::command("cargo")?;
    check.args(["check", "--all-targets", "--target", wasm::TARGET]);
    packages(&mut check);
    deny_warnings(&mut check)
}

fn clippy(mut cargo: Command) -> Command {
    cargo.args(["clippy", "--all-targets"]);
    cargo
}

fn packages(cargo: &mut Command) {
    for package in WASM_ONLY {
        cargo.args(["-p", package]);
    }
}

/// Fails on any warning in this workspace. RUSTFLAGS would do it too, and recompile every dependency.
fn deny_warnings(cargo: &mut Command) -> Result<()> {
    println!("    $ {} (warnings denied)", process::shown(cargo));
    let output = cargo.output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    eprint!("{text}");
    if !output.status.success() {
        bail!("`{}` failed", process::shown(cargo));
    }
    // Cargo sums up per package, also for what it did not recompile: "warning: `x` (lib) generated 2 warnings".
    if let Some(line) = text
        .lines()
        .find(|line| line.contains(" generated ") && line.contains(" warning"))
    {
        bail!("{line}");
    }
    Ok(())
}
