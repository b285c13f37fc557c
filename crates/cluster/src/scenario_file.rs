//! Scenario files: a run with what is expected of it, as data.
//!
//! The same file runs natively, in Node and in a browser, and all three must reach the hash that
//! is written in it. `tests/scenarios/` holds them; its README describes the format.

use crate::memory::MemoryHost;
use crate::query::{meets, query};
use konbini_scenario::{Recording, Scenario, TimedAction, catalogue};
use serde::Deserialize;
use serde_json::Value;

/// Steps of one file at the most.
const STEPS_MAX: u64 = 5_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the run shows, in a sentence.
    #[allow(dead_code)] // For the reader of the file.
    about: String,
    start: Start,
    #[serde(default)]
    actions: Vec<TimedAction>,
    expect: Vec<Expectation>,
    /// How long the run is, in virtual ms.
    until: i64,
    /// The trace hash at the end, 16 hex digits.
    hash: String,
}

/// Where a run starts from.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Start {
    /// A scenario of the catalogue, by id.
    Catalogue(String),
    Scenario(Box<Scenario>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    /// Virtual ms.
    at: i64,
    /// A path into the snapshot.
    query: String,
    is: Value,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// 16 hex digits.
    pub hash: String,
    /// The hash that the file expects.
    pub expected_hash: String,
    /// Expectations that were met.
    pub checks: usize,
    pub steps: u64,
    /// Virtual ms.
    pub now: i64,
}

/// Runs a scenario file in memory and checks its expectations. The hash is left to the caller:
/// compare [`Report::hash`] with [`Report::expected_hash`].
///
/// # Errors
/// The file is not a scenario file, or an expectation is not met: a sentence that says which.
pub fn run_scenario_file(text: &str) -> Result<Report, String> {
    run_limited(text, None)
}

/// The same with a limit for log bytes in memory, which must not change anything.
pub fn run_limited(text: &str, limit_bytes: Option<usize>) -> Result<Report, String> {
    let file: File = serde_json::from_str(text).map_err(|e| format!("not a scenario file: {e}"))?;
    let recording = file.recording()?;
    let mut host = MemoryHost::start(&recording, limit_bytes).map_err(|e| e.to_string())?;
    let mut expectations: Vec<&Expectation> = file.expect.iter().collect();
    expectations.sort_by_key(|expectation| expectation.at);
    let mut checks = 0;
    for expectation in expectations {
        run(&mut host, expectation.at)?;
        expectation.check(&mut host)?;
        checks += 1;
    }
    run(&mut host, file.until)?;
    Ok(Report {
        hash: format!("{:016x}", host.cluster.trace_hash()),
        expected_hash: file.hash,
        checks,
        steps: host.cluster.steps(),
        now: host.cluster.now(),
    })
}

fn run(host: &mut MemoryHost, until: i64) -> Result<(), String> {
    host.run_until(until, STEPS_MAX).map_err(|e| e.to_string())
}

impl File {
    fn recording(&self) -> Result<Recording, String> {
        let scenario = match &self.start {
            Start::Catalogue(id) => {
                catalogue::find(id).ok_or_else(|| format!("the catalogue has no {id:?}"))?
            }
            Start::Scenario(scenario) => (**scenario).clone(),
        };
        Ok(Recording {
            actions: self.actions.clone(),
            until: self.until,
            ..Recording::of(scenario)
        })
    }
}

impl Expectation {
    fn check(&self, host: &mut MemoryHost) -> Result<(), String> {
        let snapshot = serde_json::to_value(host.cluster.snapshot()).map_err(|e| e.to_string())?;
        let found = query(&snapshot, &self.query)?;
        if meets(&found, &self.is) {
            return Ok(());
        }
        Err(format!(
            "at {} ms, {} is {found}, not {}",
            self.at, self.query, self.is
        ))
    }
}
