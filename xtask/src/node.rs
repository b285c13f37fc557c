//! Node and the npm packages that package-lock.json pins.

use crate::setup::Need;
use crate::{process, project};
use anyhow::bail;
use std::path::PathBuf;

pub fn node() -> Need {
    Need {
        name: "Node 20 or newer".into(),
        present: Box::new(|| {
            let version = process::capture(process::command("node").arg("--version"))?;
            let major: u32 = version
                .trim_start_matches('v')
                .split('.')
                .next()?
                .parse()
                .ok()?;
            (major >= 20).then_some(version)
        }),
        how: "looking for it",
        install: Box::new(|| bail!("install Node 20 or newer from https://nodejs.org")),
    }
}

pub fn packages() -> Need {
    Need {
        name: "npm packages".into(),
        present: Box::new(|| {
            let wanted = std::fs::read(project::root().join("package-lock.json")).ok()?;
            let there = std::fs::read(stamp()).ok()?;
            (wanted == there).then(|| "as package-lock.json says".into())
        }),
        how: "npm ci",
        install: Box::new(|| {
            let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
            process::run(process::command(npm).args(["ci", "--no-audit", "--no-fund"]))?;
            std::fs::copy(project::root().join("package-lock.json"), stamp())?;
            Ok(())
        }),
    }
}

/// A copy of the lock file that node_modules was installed from.
fn stamp() -> PathBuf {
    project::root().join("node_modules/.installed-lock.json")
}
