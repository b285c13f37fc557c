//! Stages of a test run: how long each took and what it counted.

use anyhow::Result;
use std::time::{Duration, Instant};

/// How many checks or tests held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl Count {
    pub fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
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
            Count {
                passed: 0,
                failed: 1,
            }
        });
        let took = started.elapsed();
        println!("<== {name}: {:.0} s", took.as_secs_f64());
        self.0.push(Done { name, took, count });
    }

    pub fn total(&self) -> Count {
        let mut total = Count::default();
        self.0.iter().for_each(|done| total.add(done.count));
        total
    }

    /// The table of stages, then the line that sums them.
    pub fn report(&self) {
        println!();
        for Done { name, took, count } in &self.0 {
            let Count { passed, failed } = count;
            let seconds = took.as_secs_f64();
            println!("{name:<10} {seconds:>6.0} s  {passed:>5} passed  {failed:>3} failed");
        }
        let Count { passed, failed } = self.total();
        println!("{passed} passed, {failed} failed");
    }
}
