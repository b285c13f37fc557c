//! Stages of a test run: how long each took and what it counted.

use anyhow::Result;
use std::time::{Duration, Instant};

/// How many checks or tests held, and the names of those that did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: Vec<String>,
}

impl Count {
    /// One failure, of this name.
    pub fn failure(name: impl Into<String>) -> Count {
        Count {
            passed: 0,
            failed: vec![name.into()],
        }
    }

    pub fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
    }
}

struct Done {
    name: &'static str,
    took: Duration,
    count: Count,
}

#[derive(Default)]
pub struct Stages(Vec<Done>);

impl Stages {
    /// Runs one stage. One that breaks before it can count is one failure.
    pub fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result<Count>) {
        println!("\n==> {name}");
        let started = Instant::now();
        let count = work().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Count::failure(format!("{error:#}"))
        });
        let took = started.elapsed();
        println!("<== {name}: {:.0} s", took.as_secs_f64());
        self.0.push(Done { name, took, count });
    }

    pub fn total(&self) -> Count {
        let mut total = Count::default();
        self.0.iter().for_each(|done| total.add(done.count.clone()));
        total
    }

    /// The table of stages, then what failed, then the line that sums it up.
    pub fn report(&self) {
        println!();
        for Done { name, took, count } in &self.0 {
            let (passed, failed) = (count.passed, count.failed.len());
            let seconds = took.as_secs_f64();
            println!("{name:<10} {seconds:>6.0} s  {passed:>5} passed  {failed:>3} failed");
        }
        for Done { name, count, .. } in &self.0 {
            for failed in &count.failed {
                println!("failed in {name}: {failed}");
            }
        }
        let Count { passed, failed } = self.total();
        println!("{passed} passed, {} failed", failed.len());
    }
}
