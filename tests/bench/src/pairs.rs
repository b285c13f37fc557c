//! Two arms, measured in turns.

/// Milliseconds since some moment.
pub type Clock<'a> = &'a mut dyn FnMut() -> f64;

/// Times both arms are measured; odd, so that there is a middle. Many, because samples are short.
const ROUNDS: usize = 101;
/// A sample lasts at least this long, ms. Shorter than a scheduler's slice: on a busy machine most
/// samples are then undisturbed, and the median is one of those.
const SAMPLE_MS: f64 = 2.0;
/// Passes in one sample are at most this many.
const MAX_PASSES: u32 = 1 << 20;

/// One thing to measure. A pass does the same work each time and says how many bytes that was.
pub type Arm<'a> = &'a mut dyn FnMut() -> usize;

pub struct Measured {
    /// Speed of the first arm over the second's, median over the rounds.
    pub ratio: f64,
    /// MB/s (10^6 bytes) of the first arm, median over the rounds.
    pub ours: f64,
    pub raw: f64,
}

/// Measures both arms `ROUNDS` times; which of them begins alternates.
pub fn pairs(clock: Clock, ours: Arm, raw: Arm) -> Measured {
    let passes = (calibrate(clock, ours), calibrate(clock, raw));
    let mut speeds = Vec::new();
    for round in 0..ROUNDS {
        speeds.push(if round % 2 == 0 {
            let first = speed(clock, ours, passes.0);
            (first, speed(clock, raw, passes.1))
        } else {
            let first = speed(clock, raw, passes.1);
            (speed(clock, ours, passes.0), first)
        });
    }
    Measured {
        ratio: median(speeds.iter().map(|(ours, raw)| ours / raw)),
        ours: median(speeds.iter().map(|(ours, _)| *ours)),
        raw: median(speeds.iter().map(|(_, raw)| *raw)),
    }
}

/// How many passes a sample needs; also warms caches and compilers up.
fn calibrate(clock: Clock, arm: Arm) -> u32 {
    let mut passes = 1;
    loop {
        let start = clock();
        for _ in 0..passes {
            arm();
        }
        if clock() - start >= SAMPLE_MS || passes >= MAX_PASSES {
            return passes;
        }
        passes *= 2;
    }
}

/// MB/s over `passes` passes.
fn speed(clock: Clock, arm: Arm, passes: u32) -> f64 {
    let start = clock();
    let bytes: usize = (0..passes).map(|_| arm()).sum();
    bytes as f64 / 1000.0 / (clock() - start)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
