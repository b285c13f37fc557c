//! Chrome or Chromium with its driver, for headless tests.

use crate::setup::Need;
use crate::{apt, process, project};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

const NAMES: [&str; 4] = [
    "chromium",
    "google-chrome",
    "google-chrome-stable",
    "chromium-browser",
];
const PLACES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
/// Quiet and without a display; a container has no user namespaces for the sandbox.
const ARGUMENTS: [&str; 7] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The browser: CHROME, or the first that is found.
pub fn chrome() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHROME") {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    project::on_path(&NAMES)
        .or_else(|| PLACES.iter().map(PathBuf::from).find(|path| path.is_file()))
}

/// The driver: CHROMEDRIVER, or chromedriver on PATH.
fn driver() -> Option<PathBuf> {
    match std::env::var_os("CHROMEDRIVER") {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => project::on_path(&["chromedriver"]),
    }
}

pub fn need_chrome() -> Need {
    Need {
        name: "Chrome or Chromium".into(),
        present: Box::new(|| chrome().map(|path| path.display().to_string())),
        how: "installing Debian's chromium",
        install: Box::new(|| install("chromium", "set CHROME to the browser's path")),
    }
}

pub fn need_driver() -> Need {
    Need {
        name: "chromedriver".into(),
        present: Box::new(|| driver().map(|path| path.display().to_string())),
        how: "installing Debian's chromium-driver",
        install: Box::new(|| {
            install(
                "chromium-driver",
                "set CHROMEDRIVER to the path of the one for your Chrome",
            )
        }),
    }
}

fn install(package: &str, otherwise: &str) -> Result<()> {
    if !apt::available() {
        bail!(
            "install it from https://googlechromelabs.github.io/chrome-for-testing/ and {otherwise}"
        );
    }
    apt::install(&[package])
}

/// Environment for wasm-bindgen's test runner: the driver, and a file of the browser's capabilities.
pub fn driver_environment() -> Result<[(&'static str, PathBuf); 2]> {
    let chrome = chrome().context("no Chrome")?;
    let driver = driver().context("no chromedriver")?;
    let capabilities = serde_json::json!({
        "goog:chromeOptions": { "binary": chrome, "args": ARGUMENTS }
    });
    let file = project::root().join("target/webdriver.json");
    std::fs::create_dir_all(project::root().join("target"))?;
    std::fs::write(&file, serde_json::to_vec_pretty(&capabilities)?)?;
    Ok([
        ("CHROMEDRIVER", driver),
        ("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file),
    ])
}

/// A Playwright run with the browser found here.
pub fn playwright() -> Result<std::process::Command> {
    let mut node = process::command("node");
    node.env("CHROME", chrome().context("no Chrome")?)
        .args(["node_modules/@playwright/test/cli.js", "test"]);
    Ok(node)
}
