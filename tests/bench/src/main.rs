//! The core's benchmarks natively: one line of JSON a row on standard output.

use std::time::Instant;

fn main() {
    let start = Instant::now();
    let mut clock = || start.elapsed().as_secs_f64() * 1000.0;
    for row in konbini_bench::measure(&mut clock, "native") {
        println!("{row}");
    }
}
