//! `cargo xtask fuzz`: inputs that are nearly right, in great number. Whatever comes, nothing panics, nothing
//! asks for memory without bound, and everybody else is served on.
//!
//! ```text
//! corpus     what real clients sent, as hexadecimal text: the frames that inputs are made from
//! mutate     a seed and one of those → an input
//! target/    what is given the input, and what must hold afterwards
//! memory     the largest piece of memory that was asked for meanwhile
//! ```
//!
//! An input follows from its seed alone, so a seed that fails fails again. Exit codes: 0 all held, 1 something
//! failed, 2 wrong arguments.

mod corpus;
mod memory;
mod mutate;
mod target;

use clap::{Parser, ValueEnum};
use konbini_sim::dice::Dice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use target::Target;

/// Bytes of the largest piece of memory that an input of some kilobytes may lead to. The most is asked for by
/// a zstd frame that claims a wide window: its decoder allows 128 MiB, as Kafka's does.
const PIECE_BYTES_MAX: usize = 129 * 1024 * 1024;

#[derive(Parser)]
#[command(
    name = "konbini-fuzz",
    about = "Bytes that nobody should send, and disks that nobody should have"
)]
struct Args {
    /// Only this
    #[arg(long)]
    target: Option<Name>,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, for each target
    #[arg(long, default_value_t = 20_000)]
    runs: u64,
    /// Stop a target after so many seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Requests, at a broker
    Frames,
    /// Record batches, read and decompressed
    Batches,
    /// What lies on the disks of a cluster that starts: logs, offsets of groups, checkpoints
    Recovery,
    /// What is written there about groups, topics and brokers, in batches that are whole
    Metadata,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (mut held, mut failed) = (0, 0);
    for name in Name::value_variants() {
        if args.target.is_none_or(|only| only == *name) {
            let (passed, broken) = fuzz(*name, &args);
            println!("{name:?}: {passed} inputs held, {broken} failed");
            held += passed;
            failed += broken;
        }
    }
    println!("{held} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

fn fuzz(name: Name, args: &Args) -> (u64, u64) {
    let limit = Duration::from_secs(args.seconds);
    let begun = Instant::now();
    let (mut held, mut failed) = (0, 0);
    let mut target = made(name);
    for seed in args.seed..args.seed.saturating_add(args.runs) {
        if begun.elapsed() >= limit {
            break;
        }
        let outcome = try_one(&mut *target, seed);
        match outcome {
            Ok(()) => held += 1,
            Err(what) => {
                failed += 1;
                println!("{name:?} seed {seed}: {what}");
                println!("input: {}", corpus::hex(&target.input()));
                // What has broken once is not to be trusted.
                target = made(name);
            }
        }
    }
    (held, failed)
}

/// Gives a target the input of a seed; what does not hold.
fn try_one(target: &mut dyn Target, seed: u64) -> Result<(), String> {
    memory::forget();
    let mut dice = Dice::new(seed);
    let ran = catch_unwind(AssertUnwindSafe(|| target.run(&mut dice)));
    ran.unwrap_or_else(|_| Err("it panicked, see above".to_owned()))?;
    match memory::largest_piece() {
        largest if largest > PIECE_BYTES_MAX => Err(format!("{largest} bytes were asked for")),
        _ => Ok(()),
    }
}

fn made(name: Name) -> Box<dyn Target> {
    match name {
        Name::Frames => Box::new(target::frames::Frames::new()),
        Name::Batches => Box::new(target::batches::Batches::new()),
        Name::Recovery => Box::new(target::recovery::Recovery::new()),
        Name::Metadata => Box::new(target::metadata::Metadata::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    struct Does(fn() -> Result<(), String>);

    impl Target for Does {
        fn run(&mut self, _: &mut Dice) -> Result<(), String> {
            (self.0)()
        }

        fn input(&self) -> Bytes {
            Bytes::new()
        }
    }

    #[test]
    fn what_does_not_hold_is_told() {
        let check = |does: fn() -> Result<(), String>, expected: Result<(), &str>| {
            let outcome = try_one(&mut Does(does), 1);
            assert_eq!(outcome, expected.map_err(str::to_owned));
        };
        check(|| Ok(()), Ok(()));
        check(|| Err("no".to_owned()), Err("no"));
        check(|| panic!("on purpose"), Err("it panicked, see above"));
        let greedy = || {
            let bytes: Vec<u8> = std::hint::black_box(Vec::with_capacity(1 << 28));
            assert!(bytes.is_empty());
            Ok(())
        };
        check(greedy, Err("268435456 bytes were asked for"));
    }
}
