//! How real time becomes virtual time. Pure: the real clock is handed in.
//!
//! A run never leaps: when the tab was frozen or the computer asleep, that time counts as a pause;
//! when the cluster cannot keep up with the speed asked for, it runs as fast as it can and says so.

/// Speeds in thousandths: 0.1× to 100×.
pub const SPEED_MIN: u32 = 100;
pub const SPEED_MAX: u32 = 100_000;
pub const SPEED_NORMAL: u32 = 1_000;

/// Real ms that a tick may come late before it counts as a freeze.
const FREEZE_MS: f64 = 2_000.0;
/// Real ms that a run may lag before what it lags is given up.
const LAG_MS: f64 = 200.0;
/// Real ms for which a lag is still shown after it was caught.
const BEHIND_SHOWN_MS: f64 = 1_000.0;

#[derive(Clone, Debug)]
pub struct Pace {
    /// Thousandths.
    speed: u32,
    paused: bool,
    /// A real and a virtual moment that were the same, both in ms.
    anchor: Option<(f64, i64)>,
    /// When the next tick was to come, at the latest.
    expected: f64,
    behind_until: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            speed: SPEED_NORMAL,
            paused: false,
            anchor: None,
            expected: f64::INFINITY,
            behind_until: f64::NEG_INFINITY,
        }
    }
}

impl Pace {
    pub fn speed(&self) -> u32 {
        self.speed
    }

    pub fn is_paused(&self) -> bool {
        self.paused
    }

    pub fn is_behind(&self, real: f64) -> bool {
        !self.paused && real < self.behind_until
    }

    pub fn set_speed(&mut self, thousandths: u32) {
        self.speed = thousandths.clamp(SPEED_MIN, SPEED_MAX);
        self.anchor = None;
    }

    pub fn pause(&mut self) {
        self.paused = true;
        self.anchor = None;
    }

    pub fn resume(&mut self) {
        self.paused = false;
        self.anchor = None;
    }

    /// From here on time counts anew: something else than the clock has moved the run, or held it.
    pub fn restart(&mut self) {
        self.anchor = None;
    }

    /// The virtual ms to run to at this real moment, given where the run stands.
    pub fn target(&mut self, real: f64, now: i64) -> i64 {
        if self.paused {
            return now;
        }
        if real > self.expected + FREEZE_MS {
            self.anchor = None;
        }
        self.expected = real;
        let (began, from) = *self.anchor.get_or_insert((real, now));
        from + self.virtual_ms(real - began)
    }

    /// After a slice: how far it came. Gives up what cannot be caught up.
    pub fn ran(&mut self, real: f64, now: i64) {
        self.expected = real;
        let Some((began, from)) = self.anchor else {
            return;
        };
        let lag = from + self.virtual_ms(real - began) - now;
        if lag > self.virtual_ms(LAG_MS).max(1) {
            self.anchor = Some((real, now));
            self.behind_until = real + BEHIND_SHOWN_MS;
        }
    }

    /// Real ms from here until that virtual moment; never more than `most`.
    pub fn wait(&mut self, real: f64, until: Option<i64>, most: f64) -> f64 {
        let wait = match (self.anchor, until) {
            (Some((began, from)), Some(until)) => {
                let due = began + (until - from) as f64 * 1_000.0 / f64::from(self.speed);
                (due - real).clamp(0.0, most)
            }
            _ => most,
        };
        self.expected = real + wait;
        wait
    }

    fn virtual_ms(&self, real_ms: f64) -> i64 {
        (real_ms * f64::from(self.speed) / 1_000.0) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_is_real_time_at_the_speed() {
        let check = |speed, real, expect| {
            let mut pace = Pace::default();
            pace.set_speed(speed);
            assert_eq!(
                pace.target(50.0, 7),
                7,
                "the first look only sets the anchor"
            );
            assert_eq!(pace.target(50.0 + real, 7), expect);
        };
        check(1_000, 100.0, 107);
        check(100, 100.0, 17);
        check(100_000, 100.0, 10_007);
        check(1, 100.0, 17);
    }

    #[test]
    fn a_pause_takes_no_time() {
        let mut pace = Pace::default();
        pace.target(0.0, 0);
        assert_eq!(pace.target(10.0, 0), 10);
        pace.pause();
        assert_eq!(pace.target(1_000.0, 10), 10);
        pace.resume();
        assert_eq!(pace.target(2_000.0, 10), 10);
        assert_eq!(pace.target(2_005.0, 10), 15);
    }

    #[test]
    fn a_freeze_is_a_pause() {
        let mut pace = Pace::default();
        pace.target(0.0, 0);
        let wait = pace.wait(0.0, Some(500), 1_000.0);
        assert_eq!(wait, 500.0);
        assert_eq!(pace.target(520.0, 0), 520, "late, but not frozen");
        pace.wait(520.0, Some(1_000), 1_000.0);
        assert_eq!(pace.target(60_000.0, 520), 520, "frozen for a minute");
        assert_eq!(pace.target(60_010.0, 520), 530);
    }

    #[test]
    fn what_cannot_be_caught_up_is_given_up_and_said() {
        let mut pace = Pace::default();
        pace.set_speed(100_000);
        pace.target(0.0, 0);
        pace.ran(8.0, 500);
        assert!(!pace.is_behind(8.0), "a slice's worth is no lag");
        pace.ran(300.0, 9_000);
        assert!(pace.is_behind(300.0));
        assert_eq!(pace.target(301.0, 9_000), 9_100, "goes on from where it is");
        assert!(!pace.is_behind(1_301.0));
    }
}
