//! Records of the last whole virtual second.

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    second: i64,
    current: u32,
    last: u32,
}

impl Rate {
    /// `now` in virtual ms.
    pub(crate) fn add(&mut self, now: i64, count: u32) {
        self.turn(now);
        self.current = self.current.saturating_add(count);
    }

    pub(crate) fn last(&self, now: i64) -> u32 {
        let mut turned = *self;
        turned.turn(now);
        turned.last
    }

    fn turn(&mut self, now: i64) {
        let second = now.div_euclid(1_000);
        if second == self.second {
            return;
        }
        self.last = match second == self.second + 1 {
            true => self.current,
            false => 0,
        };
        self.second = second;
        self.current = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_count() {
        let mut rate = Rate::default();
        rate.add(0, 2);
        rate.add(999, 3);
        assert_eq!(rate.last(999), 0);
        assert_eq!(rate.last(1_000), 5);
        assert_eq!(rate.last(1_999), 5);
        assert_eq!(rate.last(2_000), 0);
        rate.add(5_500, 1);
        assert_eq!(rate.last(6_000), 1);
    }
}
