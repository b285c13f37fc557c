//! Python, and the clients that `tests/conformance/python/requirements.txt` pins.

use crate::setup::Need;
use crate::{process, project};
use anyhow::bail;
use std::path::PathBuf;

const REQUIREMENTS: &str = "tests/conformance/python/requirements.txt";
/// The system's own interpreter, which has no packages of this project.
const SYSTEMS_OWN: &str = "python3";

pub fn interpreter() -> Need {
    Need {
        name: "Python".into(),
        present: Box::new(|| {
            let said = process::capture(process::command(SYSTEMS_OWN).arg("--version"))?;
            said.split_whitespace().nth(1).map(str::to_owned)
        }),
        how: "looking for it",
        install: Box::new(|| bail!("install Python 3.10 or newer from https://www.python.org")),
    }
}

fn environment() -> PathBuf {
    project::tools().join("python")
}

/// The interpreter that has them.
pub fn python() -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment().join(folder).join("python")
}

/// The Python clients in an environment of their own.
pub fn packages() -> Need {
    let wanted = project::root().join(REQUIREMENTS);
    let stamp = environment().join("requirements.txt");
    let (from, to) = (wanted.clone(), stamp.clone());
    Need {
        name: "Python clients".into(),
        present: Box::new(move || {
            let same = std::fs::read(&wanted).ok()? == std::fs::read(&stamp).ok()?;
            same.then(|| "as requirements.txt says".into())
        }),
        how: "python3 -m venv, pip install",
        install: Box::new(move || {
            let place = environment();
            process::run(
                process::command(SYSTEMS_OWN)
                    .args(["-m", "venv"])
                    .arg(&place),
            )?;
            let mut pip = process::command(python());
            process::run(
                pip.args(["-m", "pip", "install", "--quiet", "-r"])
                    .arg(&from),
            )?;
            std::fs::copy(&from, &to)?;
            Ok(())
        }),
    }
}
