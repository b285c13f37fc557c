//! Programs built from crates.io into `.tools/`: trunk and wasm-bindgen.

use crate::setup::Need;
use crate::{process, project};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::PathBuf;

/// The bundler. Its TLS is left out: it only needs that to download tools, which are here already.
pub const TRUNK: &str = "0.21.14";

pub fn trunk() -> Need {
    Need {
        name: format!("trunk {TRUNK}"),
        present: Box::new(|| {
            present("trunk", TRUNK)?;
            launcher_present().then(|| ".tools/bin/trunk".into())
        }),
        how: "building it from crates.io (about 5 min on two cores)",
        install: Box::new(|| {
            if present("trunk", TRUNK).is_none() {
                install("trunk", TRUNK, &["--locked", "--no-default-features"])?;
            }
            write_launcher()
        }),
    }
}

/// wasm-bindgen and its test runner, always of the version that Cargo.lock has.
pub fn wasm_bindgen() -> Result<Need> {
    let version = project::locked_version("wasm-bindgen")?;
    let wanted = version.clone();
    Ok(Need {
        name: format!("wasm-bindgen {version}"),
        present: Box::new(move || {
            present("wasm-bindgen", &wanted).map(|_| ".tools/cargo/bin/wasm-bindgen".into())
        }),
        how: "building it from crates.io (about 3 min on two cores)",
        // Not --locked: its lock file names a version that not every mirror carries.
        install: Box::new(move || {
            install("wasm-bindgen-cli", &version, &["--no-default-features"])
        }),
    })
}

fn binaries() -> PathBuf {
    project::tools().join("cargo/bin")
}

/// PATH with the project's tools in front.
pub fn path() -> Result<OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = [binaries(), project::root().join("node_modules/.bin")];
    let all = folders.into_iter().chain(std::env::split_paths(&old));
    std::env::join_paths(all).context("PATH holds a name that cannot be joined")
}

fn present(program: &str, version: &str) -> Option<String> {
    let said = process::capture(process::command(binaries().join(program)).arg("--version"))?;
    (said.split_whitespace().nth(1) == Some(version)).then_some(said)
}

/// `cargo install` with a quick compile: these run for seconds, so their speed hardly matters.
fn install(krate: &str, version: &str, flags: &[&str]) -> Result<()> {
    let mut install = process::command("cargo");
    install
        .args(["install", krate, "--version", version, "--force", "--root"])
        .arg(project::tools().join("cargo"))
        .arg("--target-dir")
        .arg(project::tools().join("build"))
        .args(flags)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    process::run(&mut install)?;
    std::fs::remove_dir_all(project::tools().join("build")).ok();
    Ok(())
}

/// `.tools/bin/trunk` is what a person runs: trunk with the toolchain and tools of this project, so
/// that `trunk serve` needs no variables set.
fn launcher() -> PathBuf {
    project::tools().join("bin/trunk")
}

fn launcher_text() -> String {
    let toolchain = crate::sysroot::folder();
    format!(
        "#!/bin/sh\n# Written by cargo xtask: trunk with this project's toolchain and tools.\n\
         PATH=\"{bin}:{node}:$PATH\"\nexport PATH\n\
         if [ -x \"{toolchain}/bin/rustc\" ]; then RUSTUP_TOOLCHAIN=\"{toolchain}\"; export RUSTUP_TOOLCHAIN; fi\n\
         exec \"{bin}/trunk\" \"$@\"\n",
        bin = binaries().display(),
        node = project::root().join("node_modules/.bin").display(),
        toolchain = toolchain.display(),
    )
}

#[cfg(unix)]
fn launcher_present() -> bool {
    std::fs::read_to_string(launcher()).is_ok_and(|text| text == launcher_text())
}

#[cfg(unix)]
fn write_launcher() -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let path = launcher();
    std::fs::create_dir_all(project::tools().join("bin"))?;
    std::fs::write(&path, launcher_text())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[cfg(not(unix))]
fn launcher_present() -> bool {
    true
}

#[cfg(not(unix))]
fn write_launcher() -> Result<()> {
    Ok(())
}
