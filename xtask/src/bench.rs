//! `cargo xtask bench`: ratios to raw loops measured in the same run, as a Markdown table.
//!
//! Each part prints a line of JSON a row: `{"name", "ratio", "aim", "better", "detail"}`. A missed
//! aim is a result, not a failure; a part that does not run is one.

use crate::beside::Beside;
use crate::{browser, build, java, node, process, project, server, setup, tools, wasm};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[derive(clap::Args)]
pub struct Args {
    /// Run one part alone
    #[arg(long)]
    only: Option<Part>,
    /// Measure what dist/ holds instead of building the site first
    #[arg(long)]
    as_built: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The core, compiled for this machine
    Native,
    /// The core, compiled as the site is, in Node
    Wasm,
    /// The site in headless Chrome: commits, fetches, frames, programs, size
    Browser,
    /// The server beside Apache Kafka, with its own client
    Kafka,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Better {
    More,
    Less,
}

/// One figure.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    ratio: f64,
    aim: Option<f64>,
    better: Better,
    detail: String,
}

pub fn run(args: &Args) -> Result<()> {
    let chosen: Vec<Part> = [Part::Native, Part::Wasm, Part::Browser, Part::Kafka]
        .into_iter()
        .filter(|part| args.only.is_none_or(|only| only == *part))
        .collect();
    provide(&chosen, args.as_built)?;
    let mut rows = Vec::new();
    let mut broken = Vec::new();
    for part in chosen {
        println!("\n==> {part:?}");
        let ended = match part {
            Part::Native => native(&mut rows),
            Part::Wasm => in_wasm(&mut rows),
            Part::Browser => in_browser(args.as_built, &mut rows),
            Part::Kafka => beside_kafka(&mut rows),
        };
        if let Err(error) = ended {
            broken.push(format!("{part:?}: {error:#}"));
        }
    }
    println!("\n{}", table(&rows));
    if !broken.is_empty() {
        bail!("not all was measured: {}", broken.join("; "));
    }
    Ok(())
}

fn provide(parts: &[Part], as_built: bool) -> Result<()> {
    let mut needs = Vec::new();
    if parts.contains(&Part::Wasm) || parts.contains(&Part::Browser) {
        needs.extend([wasm::need(), tools::wasm_bindgen()?, node::node()]);
    }
    if parts.contains(&Part::Browser) {
        needs.extend([node::packages(), browser::need_chrome()]);
        if !as_built {
            needs.push(tools::trunk());
        }
    }
    setup::provide(&needs)
}

fn native(rows: &mut Vec<Row>) -> Result<()> {
    let mut cargo = process::command("cargo");
    cargo.args(["run", "--release", "--quiet", "-p", "konbini-bench"]);
    measure(&mut cargo, rows)
}

/// The same optimisation and features as the site's own modules.
fn in_wasm(rows: &mut Vec<Row>) -> Result<()> {
    let mut cargo = wasm::command("cargo")?;
    cargo.args(["build", "--profile", "web", "--target", wasm::TARGET]);
    cargo.args(["-p", "konbini-bench", "--lib"]);
    process::run(&mut cargo)?;
    let target = project::root().join("target");
    let mut bindgen = wasm::command("wasm-bindgen")?;
    bindgen
        .args([
            "--target",
            "experimental-nodejs-module",
            "--out-dir",
            "target/bench-wasm",
        ])
        .arg(target.join(wasm::TARGET).join("web/konbini_bench.wasm"));
    process::run(&mut bindgen)?;
    let mut node = process::command("node");
    node.arg("tests/bench/node.mjs");
    measure(&mut node, rows)
}

fn in_browser(as_built: bool, rows: &mut Vec<Row>) -> Result<()> {
    if !as_built {
        build::site()?;
    }
    let mut node = process::command("node");
    node.arg("tests/bench/browser/run.js")
        .env("CHROME", browser::chrome().context("no Chrome")?)
        .env("KONBINI", server::release()?);
    measure(&mut node, rows)
}

/// Skipped on a machine that cannot install Apache Kafka.
fn beside_kafka(rows: &mut Vec<Row>) -> Result<()> {
    if let Err(error) = setup::provide(&java::needs()) {
        println!("    skipped: {error:#}");
        return Ok(());
    }
    java::compile()?;
    let beside = Beside::start()?;
    measure(&mut beside.client()?, rows)?;
    for row in beside.end()? {
        rows.push(serde_json::from_value(row)?);
    }
    Ok(())
}

/// Runs a part and collects its rows as they come.
fn measure(command: &mut Command, rows: &mut Vec<Row>) -> Result<()> {
    println!("    $ {}", process::shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` cannot be started", process::shown(command)))?;
    let output = child.stdout.take().context("no output to read")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        match serde_json::from_str::<Row>(&line) {
            Ok(row) => {
                println!("    {}: {}", row.name, figure(row.ratio));
                rows.push(row);
            }
            Err(_) => println!("    {line}"),
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status})", process::shown(command));
    }
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut text =
        String::from("| what | measured | aim | verdict | |\n| --- | ---: | ---: | --- | --- |");
    for row in rows {
        text.push_str(&format!(
            "\n| {} | {} | {} | {} | {} |",
            row.name,
            figure(row.ratio),
            aim(row),
            verdict(row),
            row.detail
        ));
    }
    text
}

fn aim(row: &Row) -> String {
    match (row.aim, row.better) {
        (None, _) => String::new(),
        (Some(aim), Better::More) => format!("≥ {aim}"),
        (Some(aim), Better::Less) => format!("≤ {aim}"),
    }
}

fn verdict(row: &Row) -> &'static str {
    let Some(aim) = row.aim else { return "" };
    let reached = match row.better {
        Better::More => row.ratio >= aim,
        Better::Less => row.ratio <= aim,
    };
    if reached { "reached" } else { "missed" }
}

/// Three digits are what such measurements are good for.
fn figure(ratio: f64) -> String {
    let digits = match ratio.abs() {
        r if r >= 100.0 => 0,
        r if r >= 10.0 => 1,
        r if r >= 1.0 => 2,
        _ => 3,
    };
    format!("{ratio:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_aim_is_said() {
        let check = |json: &str, expect: &str| {
            let row: Row = serde_json::from_str(json).unwrap();
            let text = table(&[row]);
            assert_eq!(text.lines().last(), Some(expect));
        };
        check(
            r#"{"name":"a","ratio":1.9,"aim":1.8,"better":"more","detail":"d"}"#,
            "| a | 1.90 | ≥ 1.8 | reached | d |",
        );
        check(
            r#"{"name":"a","ratio":0.7,"aim":0.8,"better":"more","detail":""}"#,
            "| a | 0.700 | ≥ 0.8 | missed |  |",
        );
        check(
            r#"{"name":"a","ratio":12.34,"aim":2,"better":"less","detail":""}"#,
            "| a | 12.3 | ≤ 2 | missed |  |",
        );
        check(
            r#"{"name":"a","ratio":123.4,"aim":null,"better":"more","detail":""}"#,
            "| a | 123 |  |  |  |",
        );
    }
}
