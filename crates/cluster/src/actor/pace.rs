//! When a producer actor makes its records.

use konbini_scenario::spec::Pace;

/// Ticks of a timer that was started at some moment; the first one is at once.
#[derive(Clone, Debug)]
pub(crate) struct Ticks {
    pace: Pace,
    start: i64,
    done: u64,
}

impl Ticks {
    pub(crate) fn new(pace: Pace, start: i64) -> Ticks {
        Ticks {
            pace,
            start,
            done: 0,
        }
    }

    /// When the next tick is due, in the ms that `start` counts in.
    pub(crate) fn next_at(&self) -> i64 {
        let done = i64::try_from(self.done).unwrap_or(i64::MAX);
        let after = match self.pace {
            Pace::EveryMs(ms) => done.saturating_mul(i64::from(ms)),
            Pace::PerSecond(n) => done.saturating_mul(1_000) / i64::from(n.max(1)),
        };
        self.start.saturating_add(after)
    }

    /// Leaves out the ticks that were due before now: nobody was there to hear them.
    pub(crate) fn skip_to(&mut self, now: i64) {
        let passed = u64::try_from(now - self.start).unwrap_or(0);
        let (ticks, ms) = match self.pace {
            Pace::EveryMs(ms) => (1, u64::from(ms.max(1))),
            Pace::PerSecond(n) => (u64::from(n), 1_000),
        };
        // The first tick that is not before now.
        self.done = self.done.max((passed * ticks).div_ceil(ms));
    }

    /// Whether a tick is due; counts it if so.
    pub(crate) fn take(&mut self, now: i64) -> bool {
        let due = self.next_at() <= now;
        if due {
            self.done += 1;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pace: Pace, until: i64, expect: usize) {
        let mut ticks = Ticks::new(pace, 100);
        let mut count = 0;
        for now in 100..=100 + until {
            while ticks.take(now) {
                count += 1;
            }
        }
        assert_eq!(count, expect, "{pace:?}");
    }

    #[test]
    fn ticks_are_counted_from_the_start() {
        check(Pace::EveryMs(2_000), 0, 1);
        check(Pace::EveryMs(2_000), 1_999, 1);
        check(Pace::EveryMs(2_000), 4_000, 3);
        check(Pace::PerSecond(3), 999, 3);
        check(Pace::PerSecond(3), 1_000, 4);
        check(Pace::PerSecond(10_000), 999, 10_000);
        check(Pace::PerSecond(10_000), 4_999, 50_000);
    }

    #[test]
    fn skipped_ticks_are_not_made_up_for() {
        let check = |pace, now, expect| {
            let mut ticks = Ticks::new(pace, 100);
            ticks.skip_to(now);
            assert_eq!(ticks.next_at(), expect, "{pace:?}");
        };
        check(Pace::EveryMs(2_000), 50, 100);
        check(Pace::EveryMs(2_000), 101, 2_100);
        check(Pace::EveryMs(2_000), 2_100, 2_100);
        check(Pace::PerSecond(3), 766, 766);
        check(Pace::PerSecond(3), 1_000, 1_100);
        check(Pace::PerSecond(3), 1_101, 1_433);
        check(Pace::PerSecond(10_000), 700, 700);
    }
}
