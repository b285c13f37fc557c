//! The suite `export`: what the page exports, on Apache Kafka. Its program is `tests/conformance/export`.

use crate::setup::Need;
use crate::{browser, build, java, node, process, project};
use anyhow::{Context, Result};
use std::process::Command;

pub fn needs() -> Vec<Need> {
    let mut needs = vec![node::node(), node::packages(), browser::need_chrome()];
    needs.extend(java::needs());
    needs
}

/// The program, with the page that it opens, the browser and Apache Kafka's jars.
pub fn program() -> Result<Command> {
    if !project::root().join("dist/index.html").is_file() {
        build::run()?;
    }
    let mut program = process::command("node");
    program
        .arg(project::root().join("tests/conformance/export/run.mjs"))
        .arg(project::target().join("export"))
        .env("CHROME", browser::chrome().context("no Chrome")?)
        .env("CLASSPATH", java::class_path()?);
    Ok(program)
}
