//! A Rust toolchain that can compile for wasm32: the active one, or one made for this clone.
//!
//! Native work always uses the active toolchain. Only wasm builds get RUSTUP_TOOLCHAIN from here.

use crate::setup::Need;
use crate::{apt, process, project, sysroot, tools};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub const TARGET: &str = "wasm32-unknown-unknown";
/// A download that has not ended by then is given up for another way.
const TARGET_ADD_LIMIT: Duration = Duration::from_secs(180);

pub fn need() -> Need {
    Need {
        name: "Rust for wasm32".into(),
        present: Box::new(|| {
            if active_has_target() {
                Some("the active toolchain has it".into())
            } else {
                sysroot::version()
            }
        }),
        how: "adding the target with rustup, or building the standard library from Debian's source (2 min)",
        install: Box::new(install),
    }
}

/// Whether the active toolchain brings a standard library for wasm32.
pub fn active_has_target() -> bool {
    let mut query = process::command("rustc");
    query.args(["--print", "target-libdir", "--target", TARGET]);
    process::capture(&mut query).is_some_and(|folder| has_std(Path::new(&folder)))
}

/// Whether `folder` holds a compiled standard library.
pub fn has_std(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn install() -> Result<()> {
    if rustup_may_install() {
        let mut add = process::command("rustup");
        add.args(["target", "add", TARGET]);
        match process::run_within(&mut add, TARGET_ADD_LIMIT) {
            Ok(()) if active_has_target() => return Ok(()),
            Ok(()) => println!("    rustup added nothing that the active toolchain can use"),
            Err(error) => println!("    {error:#}"),
        }
    }
    if !apt::available() {
        bail!("run: rustup target add {TARGET}");
    }
    sysroot::install()
}

/// RUSTUP_AUTO_INSTALL=0 says that toolchains here are somebody's decision: leave them as they are.
fn rustup_may_install() -> bool {
    if project::on_path(&["rustup"]).is_none() {
        return false;
    }
    if std::env::var("RUSTUP_AUTO_INSTALL").is_ok_and(|value| value == "0") {
        println!("    RUSTUP_AUTO_INSTALL=0: rustup's toolchains stay as they are");
        return false;
    }
    true
}

/// A command that compiles for wasm32 and finds the project's tools first.
pub fn command(program: &str) -> Result<Command> {
    let mut command = process::command(program);
    command.env("PATH", tools::path()?);
    if !active_has_target() {
        command.env("RUSTUP_TOOLCHAIN", sysroot::folder());
    }
    Ok(command)
}
