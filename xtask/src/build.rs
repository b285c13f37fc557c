//! `cargo xtask build`: the static site in dist/.

use crate::{node, process, project, setup, tools, wasm};
use anyhow::Result;
use std::path::Path;
use std::time::Instant;

pub fn run() -> Result<()> {
    setup::provide(&[
        wasm::need(),
        tools::trunk(),
        tools::wasm_bindgen()?,
        node::node(),
        node::packages(),
    ])?;
    site()
}

/// Builds dist/, everything it needs being there.
pub fn site() -> Result<()> {
    println!("Building the site into dist/");
    let started = Instant::now();
    let mut trunk = wasm::command("trunk")?;
    trunk.args(["build", "--release", "--dist", "dist"]);
    // Trunk reads NO_COLOR as a flag and stops at the usual value 1.
    trunk.env_remove("NO_COLOR");
    process::run(&mut trunk)?;
    println!(
        "dist/ is ready after {:.0} s: {} KiB",
        started.elapsed().as_secs_f64(),
        size(&project::root().join("dist"))? / 1024
    );
    Ok(())
}

/// Bytes of all files under `folder`.
fn size(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        total += match entry.file_type()?.is_dir() {
            true => size(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(total)
}
