//! A wasm32 toolchain from Debian's packages, for machines where rustup cannot download.
//!
//! Debian ships a recent compiler and the standard library's source, but no compiled wasm32 library.
//! The folder made here points at Debian's compiler and holds that library, so nothing is written
//! into /usr or rustup's home. RUSTUP_TOOLCHAIN takes the folder's path.
//!
//! ```text
//! .tools/wasm-toolchain/
//!   bin/{rustc,rustdoc}   scripts: /usr/bin/rustc with --sysroot set to this folder
//!   bin/cargo             -> /usr/bin/cargo
//!   lib/rustlib/{src,etc,HOST}            -> /usr/lib/rustlib/…
//!   lib/rustlib/wasm32-unknown-unknown/   compiled once
//!   built-with            the `rustc -vV` it was compiled with
//! ```

use crate::wasm::{self, TARGET};
use crate::{apt, process, project};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev",
    "rust-web-llvm",
];
const COMPILER: &str = "/usr/bin/rustc";

/// The toolchain's folder, a value for RUSTUP_TOOLCHAIN.
pub fn folder() -> PathBuf {
    project::tools().join("wasm-toolchain")
}

/// Says which compiler it is, if the library is there and was compiled by the compiler of today.
pub fn version() -> Option<String> {
    let compiler = compiler_version()?;
    let built_with = fs::read_to_string(folder().join("built-with")).ok()?;
    let usable = built_with == compiler && wasm::has_std(&library());
    usable.then(|| format!("Debian's {}", compiler.lines().next().unwrap_or_default()))
}

fn compiler_version() -> Option<String> {
    process::capture(process::command(COMPILER).arg("-vV"))
}

fn library() -> PathBuf {
    folder().join("lib/rustlib").join(TARGET).join("lib")
}

pub fn install() -> Result<()> {
    apt::install(&PACKAGES)?;
    // The linker's package carries LLVM's number; the link names the one that fits.
    let linker = fs::read_link("/usr/bin/rust-lld").context("rust-web-llvm has no rust-lld")?;
    let linker = linker
        .file_name()
        .and_then(|name| name.to_str())
        .context("rust-lld points nowhere")?
        .to_owned();
    apt::install(&[&linker])?;
    let compiler = compiler_version().context("/usr/bin/rustc does not run")?;
    if folder().exists() {
        fs::remove_dir_all(folder())?;
    }
    lay_out(&compiler)?;
    build_std()?;
    fs::write(folder().join("built-with"), compiler)?;
    Ok(())
}

#[cfg(unix)]
fn lay_out(compiler: &str) -> Result<()> {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let host = compiler
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("`rustc -vV` names no host")?;
    let bin = folder().join("bin");
    fs::create_dir_all(&bin)?;
    fs::create_dir_all(library())?;
    for program in ["rustc", "rustdoc"] {
        let script = format!(
            "#!/bin/sh\nexec /usr/bin/{program} --sysroot \"{}\" \"$@\"\n",
            folder().display()
        );
        let path = bin.join(program);
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    symlink("/usr/bin/cargo", bin.join("cargo"))?;
    for part in ["src", "etc", host] {
        symlink(
            Path::new("/usr/lib/rustlib").join(part),
            folder().join("lib/rustlib").join(part),
        )?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn lay_out(_compiler: &str) -> Result<()> {
    bail!("run: rustup target add {TARGET}")
}

/// Compiles std for wasm32 in an empty crate and keeps its libraries.
fn build_std() -> Result<()> {
    let work = project::tools().join("std-build");
    fs::create_dir_all(work.join("src"))?;
    fs::write(work.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"konbini-std\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(work.join("Cargo.toml"), manifest)?;
    let mut build = process::command("cargo");
    build
        .current_dir(&work)
        .env("RUSTUP_TOOLCHAIN", folder())
        .env("RUSTC_BOOTSTRAP", "1")
        // Without bitcode the library cannot take part in link time optimisation.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--target-dir",
            "target",
        ])
        // `test` is what wasm-bindgen's test harness links.
        .arg("-Zbuild-std=std,panic_abort,test");
    process::run(&mut build)?;
    let built = work.join("target").join(TARGET).join("release/deps");
    let mut copied = 0;
    for entry in fs::read_dir(&built)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libkonbini_std") {
            fs::copy(entry.path(), library().join(name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("no library in {}", built.display());
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}
