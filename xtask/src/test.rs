//! `cargo xtask test`: check, native, simulated faults, Node, programs, Chrome, build, end to end.

use crate::stages::{Count, Stages};
use crate::{
    browser, build, check, conformance, harness, node, process, project, setup, sim, tools, wasm,
};
use anyhow::{Context, Result, bail};
use serde_json::Value;

#[derive(clap::Args)]
pub struct Args {
    /// Run one stage alone (e2e tests what dist/ holds: build first)
    #[arg(long)]
    only: Option<Stage>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Stage {
    Check,
    Native,
    Sim,
    Conformance,
    Node,
    Code,
    Chrome,
    Build,
    E2e,
}

/// How long a test program may run in a browser: a busy machine is not a failure, a hang is.
const PROGRAM_SECONDS: &str = "600";
/// How long the browser's driver may take to answer for the first time.
const DRIVER_SECONDS: &str = "60";

type Work = fn() -> Result<Count>;

const ORDER: [(Stage, &str, Work); 9] = [
    (Stage::Check, "check", check::stage),
    (Stage::Native, "native", native),
    (Stage::Sim, "sim", sim::stage),
    (Stage::Conformance, "conformance", conformance::stage),
    (Stage::Node, "node", in_node),
    (Stage::Code, "code", programs),
    (Stage::Chrome, "chrome", in_chrome),
    (Stage::Build, "build", built),
    (Stage::E2e, "e2e", end_to_end),
];

pub fn run(args: &Args) -> Result<()> {
    let mut stages = Stages::default();
    let chosen: Vec<_> = ORDER
        .iter()
        .filter(|(stage, ..)| args.only.is_none_or(|only| only == *stage))
        .collect();
    let mut ready = Ok(());
    stages.run("set-up", || {
        ready = provide(args.only);
        ready
            .as_ref()
            .map_or_else(|error| bail!("{error:#}"), |()| Ok(Count::default()))
    });
    if ready.is_ok() {
        for (_, name, work) in chosen {
            stages.run(name, work);
        }
    }
    stages.report();
    if !stages.total().failed.is_empty() {
        bail!("tests failed");
    }
    Ok(())
}

/// Installs what the chosen stages use.
fn provide(only: Option<Stage>) -> Result<()> {
    let any = |wanted: &[Stage]| only.is_none_or(|only| wanted.contains(&only));
    let mut needs = Vec::new();
    if any(&[Stage::Check, Stage::Node, Stage::Chrome, Stage::Build]) {
        needs.push(wasm::need());
    }
    if any(&[Stage::Node, Stage::Chrome, Stage::Build]) {
        needs.push(tools::wasm_bindgen()?);
    }
    if any(&[Stage::Build]) {
        needs.push(tools::trunk());
    }
    if any(&[
        Stage::Conformance,
        Stage::Node,
        Stage::Code,
        Stage::Build,
        Stage::E2e,
    ]) {
        needs.push(node::node());
    }
    if any(&[Stage::Conformance, Stage::Code, Stage::Build, Stage::E2e]) {
        needs.push(node::packages());
    }
    if any(&[Stage::Chrome, Stage::E2e]) {
        needs.push(browser::need_chrome());
    }
    if any(&[Stage::Chrome]) {
        needs.push(browser::need_driver());
    }
    setup::provide(&needs)
}

fn native() -> Result<Count> {
    let mut cargo = process::command("cargo");
    // The browser's packages too: what is pure in them is tested natively.
    cargo.args(["test", "--no-fail-fast", "--workspace"]);
    harness::cargo_test(&mut cargo)
}

fn in_node() -> Result<Count> {
    in_wasm(&mut |cargo| {
        cargo.env("WASM_BINDGEN_TEST_ONLY_NODE", "1");
        Ok(())
    })
}

/// What programs of the code view find in their worker, in Node; and the examples against the server.
fn programs() -> Result<Count> {
    let server = process::built("konbini")?;
    let folder = project::root().join("tests/code");
    let files = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let files = files.iter().map(std::fs::DirEntry::path);
    let mut node = process::command("node");
    node.args(["--test", "--test-reporter", "tap"]);
    node.env("KONBINI", server);
    node.args(files.filter(|path| path.to_string_lossy().ends_with(".test.mjs")));
    let output = node.output().context("node cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let line = |name: &str| text.lines().rev().find_map(|line| line.strip_prefix(name));
    let passed = line("# pass").context("Node's report has no count")?;
    let failed = text.lines().filter(|line| line.starts_with("not ok "));
    let mut count = Count {
        passed: passed.trim().parse()?,
        failed: failed.map(str::to_owned).collect(),
    };
    if !output.status.success() && count.failed.is_empty() {
        count.add(Count::failure(format!("node ended with {}", output.status)));
    }
    Ok(count)
}

fn in_chrome() -> Result<Count> {
    in_wasm(&mut |cargo| {
        cargo
            .env("WASM_BINDGEN_TEST_ONLY_WEB", "1")
            .env("WASM_BINDGEN_TEST_TIMEOUT", PROGRAM_SECONDS)
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_SECONDS);
        cargo.envs(browser::driver_environment()?);
        Ok(())
    })
}

fn in_wasm(place: &mut dyn FnMut(&mut std::process::Command) -> Result<()>) -> Result<Count> {
    let mut cargo = wasm::command("cargo")?;
    cargo.args(["test", "--no-fail-fast", "--target", wasm::TARGET]);
    for package in packages_with_wasm_tests()? {
        cargo.args(["-p", &package]);
    }
    cargo.env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
        "wasm-bindgen-test-runner",
    );
    place(&mut cargo)?;
    harness::cargo_test(&mut cargo)
}

/// Those of the workspace that have wasm-bindgen-test as a dependency.
fn packages_with_wasm_tests() -> Result<Vec<String>> {
    let mut query = process::command("cargo");
    query.args(["metadata", "--no-deps", "--format-version", "1"]);
    let text = process::capture(&mut query).context("`cargo metadata` failed")?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let tests = |package: &&Value| {
        package["dependencies"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["name"] == "wasm-bindgen-test"))
    };
    let names = packages
        .iter()
        .filter(tests)
        .filter_map(|package| package["name"].as_str());
    Ok(names.map(str::to_owned).collect())
}

fn built() -> Result<Count> {
    build::site()?;
    Ok(Count {
        passed: 1,
        ..Count::default()
    })
}

fn end_to_end() -> Result<Count> {
    let report = project::root().join("target/e2e.json");
    std::fs::remove_file(&report).ok();
    let mut playwright = browser::playwright()?;
    playwright
        .args([
            "--config",
            "tests/e2e/playwright.config.js",
            "--reporter",
            "list,json",
        ])
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    let ended = process::run(&mut playwright);
    let Ok(text) = std::fs::read(&report) else {
        ended?;
        bail!("Playwright left no report");
    };
    let mut count = Count::default();
    let report: Value = serde_json::from_slice(&text)?;
    specs(&report, &mut count);
    if let Err(error) = ended
        && count.failed.is_empty()
    {
        count.add(Count::failure(format!("{error:#}")));
    }
    Ok(count)
}

/// Counts the tests in Playwright's report: suites of suites and of specs.
fn specs(suite: &Value, count: &mut Count) {
    let list = |name: &str| suite[name].as_array().into_iter().flatten();
    for inner in list("suites") {
        specs(inner, count);
    }
    for test in list("specs").flat_map(|spec| spec["tests"].as_array().into_iter().flatten()) {
        match test["status"].as_str() {
            Some("expected") => count.passed += 1,
            // A test that only passes at the second try is a failure.
            _ => count.add(Count::failure(suite["title"].as_str().unwrap_or_default())),
        }
    }
}
