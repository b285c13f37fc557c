//! A few seeds with the trace hashes that they reach: the same natively, in Node and in Chrome.
//!
//! `sample.txt` has a seed and a hash a line. When a change of the engine is meant to change runs,
//! `KONBINI_BLESS=1 cargo test -p konbini-sim` writes the new hashes.

use crate::plan::Plan;
use crate::run::run;

/// The lines of the file.
pub const SAMPLE: &str = include_str!("../sample.txt");

/// Seeds and hashes of a text like [`SAMPLE`].
///
/// # Panics
/// A line is no seed with a hash.
pub fn parse(text: &str) -> Vec<(u64, String)> {
    let line = |line: &str| {
        let (seed, hash) = line.split_once(' ').expect("a seed and a hash");
        (seed.parse().expect("a seed"), hash.to_owned())
    };
    text.lines().map(line).collect()
}

/// The hash that a seed reaches.
///
/// # Panics
/// An invariant does not hold.
pub fn hash_of(seed: u64) -> String {
    let outcome = run(&Plan::new(seed));
    assert_eq!(outcome.violation, None, "seed {seed}");
    format!("{:016x}", outcome.hash)
}
