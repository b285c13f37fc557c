//! Seeds on all cores. A run has one thread; runs know nothing of each other.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

/// Works on each seed and hands the results over in the order of the seeds, until it is told to break.
pub fn in_order<T: Send>(
    seeds: Range<u64>,
    work: impl Fn(u64) -> T + Sync,
    mut take: impl FnMut(u64, T) -> ControlFlow<()>,
) {
    let next = AtomicU64::new(seeds.start);
    let over = AtomicBool::new(false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let (results, done) = mpsc::channel();
        for _ in 0..cores {
            let (results, next, over, work) = (results.clone(), &next, &over, &work);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || results.send((seed, work(seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut due = seeds.start;
        for (seed, result) in done {
            early.insert(seed, result);
            while let Some(result) = early.remove(&due) {
                if take(due, result).is_break() {
                    over.store(true, Ordering::Relaxed);
                    return;
                }
                due += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_seeds() {
        let mut taken = Vec::new();
        let work = |seed: u64| seed * 2;
        in_order(5..50, work, |seed, result| {
            taken.push((seed, result));
            match seed {
                40 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        let expect: Vec<_> = (5..=40).map(|seed| (seed, seed * 2)).collect();
        assert_eq!(taken, expect);
    }
}
