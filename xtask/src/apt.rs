//! Debian's packages, where there is apt-get and the right to use it.

use crate::{process, project};
use anyhow::{Result, bail};

/// Whether this machine installs software with apt-get.
pub fn available() -> bool {
    project::on_path(&["apt-get"]).is_some()
}

/// Whether dpkg has `package` fully installed.
pub fn installed(package: &str) -> bool {
    let mut query = process::command("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    process::capture(&mut query).as_deref() == Some("installed")
}

/// Installs those of `packages` that are missing.
pub fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!(
        "sudo apt-get update && sudo apt-get install --no-install-recommends {}",
        missing.join(" ")
    );
    if try_install(&missing).is_err() {
        bail!(
            "apt-get could not install {}. Run: {by_hand}",
            missing.join(", ")
        );
    }
    Ok(())
}

fn try_install(packages: &[&str]) -> Result<()> {
    process::run(as_root("apt-get").args(["update", "-q"]))?;
    process::run(
        as_root("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(packages),
    )
}

fn as_root(program: &str) -> std::process::Command {
    let is_root = process::capture(process::command("id").arg("-u")).as_deref() == Some("0");
    if is_root {
        return process::command(program);
    }
    // -n: a password prompt would hang where nobody is there to answer.
    let mut command = process::command("sudo");
    command.args(["-n", program]);
    command
}
