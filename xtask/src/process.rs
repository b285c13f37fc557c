//! Running other programs: what is run is shown, and a failure names its command.

use crate::project;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to stop in order.
const STOP_WITHIN: Duration = Duration::from_secs(120);

/// A command at the project's root, without what `cargo run` put in the environment for this process:
/// another toolchain's cargo must not find this one's compiler or libraries.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project::root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(&name);
        }
    }
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        match foreign_library_paths(&paths) {
            Some(paths) => command.env("LD_LIBRARY_PATH", paths),
            None => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
    command
}

fn foreign_library_paths(paths: &OsString) -> Option<OsString> {
    let mut kept = std::env::split_paths(paths)
        .filter(|path| {
            !path.starts_with(project::root())
                && !path
                    .components()
                    .any(|part| part.as_os_str() == "toolchains")
        })
        .peekable();
    kept.peek()?;
    std::env::join_paths(kept).ok()
}

/// How a person would type it.
pub fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Runs with this process's output; fails if the program does.
pub fn run(command: &mut Command) -> Result<()> {
    println!("    $ {}", shown(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{}` cannot be started", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs, and ends the program once `limit` has passed.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    println!("    $ {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("`{}` cannot be started", shown(command)))?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("`{}` failed ({status})", shown(command));
        }
        if started.elapsed() > limit {
            child.kill().ok();
            child.wait().ok();
            bail!("`{}` took over {} s", shown(command), limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Asks a process to stop in order, and how it then ended; where there are no signals it just ends.
pub fn stop(child: &mut Child) -> Result<ExitStatus> {
    let asked = cfg!(unix) && {
        let mut kill = command("kill");
        kill.args(["-TERM", &child.id().to_string()]);
        kill.status()
            .context("no program to send a signal")?
            .success()
    };
    if !asked {
        child.kill()?;
    }
    let begun = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status),
            None if begun.elapsed() > STOP_WITHIN => {
                child.kill().ok();
                bail!("it did not stop within {} s", STOP_WITHIN.as_secs());
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// A program of this workspace, built as the tests build it: what they share is not built twice.
pub fn built(program: &str) -> Result<PathBuf> {
    let mut cargo = command("cargo");
    run(cargo.args(["build", "--quiet", "--workspace", "--bin", program]))?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    Ok(project::target().join("debug").join(name))
}

/// Standard output, or `None` when the program is absent or fails.
pub fn capture(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
