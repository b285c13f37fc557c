//! Runs test programs, passes their output on as it comes, and counts from it.

use crate::process;
use crate::stages::Count;
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Runs a `cargo test`, adds up the summary lines of its test programs and keeps the names of what failed.
pub fn cargo_test(command: &mut Command) -> Result<Count> {
    println!("    $ {}", process::shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` cannot be started", process::shown(command)))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let mut out = std::io::stdout().lock();
        out.write_all(&line)?;
        out.write_all(b"\n")?;
        tally.read(&String::from_utf8_lossy(&line));
    }
    let mut count = tally.end();
    // What did not compile says nothing at all.
    if !child.wait()?.success() && count.failed.is_empty() {
        count.add(Count::failure(process::shown(command)));
    }
    Ok(count)
}

/// Reads what the test programs write, line by line.
#[derive(Default)]
struct Tally {
    count: Count,
    /// The program that has not written its result yet, by the last line of it that names a test.
    running: Option<String>,
}

impl Tally {
    fn read(&mut self, line: &str) {
        if line.starts_with("running ") {
            self.silence();
            self.running = Some(line.to_owned());
        } else if let Some(passed) = passed(line) {
            self.count.passed += passed;
            self.running = None;
        } else if let Some(test) = line.strip_prefix("test ") {
            self.running = Some(line.to_owned());
            if let Some((name, outcome)) = test.split_once(" ... ")
                && outcome.starts_with("FAIL")
            {
                self.count.add(Count::failure(name));
            }
        }
    }

    /// A program that crashed or never ended wrote no result.
    fn silence(&mut self) {
        if let Some(line) = self.running.take() {
            let failure = format!("a test program that wrote no result after `{line}`");
            self.count.add(Count::failure(failure));
        }
    }

    fn end(mut self) -> Count {
        self.silence();
        self.count
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; …`.
fn passed(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("test result: ")?;
    let (before, _) = rest.split_once(" passed")?;
    before.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs() {
        let check = |text: &str, passed: u64, failed: &[&str]| {
            let mut tally = Tally::default();
            text.lines().for_each(|line| tally.read(line));
            let count = tally.end();
            assert_eq!(count.passed, passed, "{text}");
            assert_eq!(count.failed, failed, "{text}");
        };
        check(
            "running 12 tests\ntest result: ok. 12 passed; 0 failed; 1 ignored; finished in 0.1s",
            12,
            &[],
        );
        check(
            "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\
             test result: FAILED. 1 passed; 1 failed",
            1,
            &["b"],
        );
        check("    test result: ok. 1 passed; 0 failed", 1, &[]);
        let silent = "a test program that wrote no result after `test a ... ok`";
        check(
            "running 2 tests\ntest a ... ok\nrunning 1 test\ntest result: ok. 1 passed",
            1,
            &[silent],
        );
        check("running 2 tests\ntest a ... ok", 0, &[silent]);
    }
}
