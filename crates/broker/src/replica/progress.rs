//! How far a follower is, as its leader knows it from the follower's fetches.

/// A follower's position and since when it lags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// It has everything below; `None` before its first fetch in this leader's epoch.
    log_end: Option<i64>,
    /// Where its log begins; -1 before its first fetch.
    log_start: i64,
    /// When it last had all that there was, ms.
    caught_up_ms: i64,
    /// The boot of the follower that fetched last (KIP-903); -1 if it did not say.
    broker_epoch: i64,
    /// When its last fetch came, ms, and where the leader's log ended then.
    last_fetch_ms: i64,
    leader_end_then: i64,
}

impl Progress {
    /// Nothing is known yet. Who is in sync by the controller's word gets the time that a laggard
    /// gets; others have never caught up.
    pub fn unknown(in_sync: bool, now: i64) -> Progress {
        Progress {
            log_end: None,
            log_start: -1,
            caught_up_ms: if in_sync { now } else { i64::MIN },
            broker_epoch: -1,
            last_fetch_ms: i64::MIN,
            leader_end_then: -1,
        }
    }

    pub fn log_end(&self) -> Option<i64> {
        self.log_end
    }

    pub fn log_start(&self) -> i64 {
        self.log_start
    }

    /// Its log begins at this offset. Returns whether that is news.
    pub fn begins_at(&mut self, log_start: i64) -> bool {
        std::mem::replace(&mut self.log_start, log_start) != log_start
    }

    pub fn broker_epoch(&self) -> i64 {
        self.broker_epoch
    }

    /// A fetch came at `now`, ms, when the leader's log ended at `leader_end`. Who asks from
    /// `offset` on has caught up with what there is now, or with what there was at its fetch before.
    pub fn fetched(&mut self, offset: i64, broker_epoch: i64, leader_end: i64, now: i64) {
        if offset >= leader_end {
            self.caught_up_ms = self.caught_up_ms.max(now);
        } else if offset >= self.leader_end_then && self.leader_end_then >= 0 {
            self.caught_up_ms = self.caught_up_ms.max(self.last_fetch_ms);
        }
        self.log_end = Some(offset);
        self.broker_epoch = broker_epoch;
        self.last_fetch_ms = now;
        self.leader_end_then = leader_end;
    }

    /// Whether it has all, or had all within the last `lag_ms` (`replica.lag.time.max.ms`).
    pub fn is_caught_up(&self, leader_end: i64, now: i64, lag_ms: i64) -> bool {
        self.log_end == Some(leader_end) || now.saturating_sub(self.caught_up_ms) <= lag_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fetches as (ms, offset, leader's end); whether the follower is caught up at `at` within 10 ms.
    fn check(fetches: &[(i64, i64, i64)], at: i64, end: i64, expect: bool) {
        let mut progress = Progress::unknown(true, 0);
        for (now, offset, leader_end) in fetches {
            progress.fetched(*offset, 0, *leader_end, *now);
        }
        let found = progress.is_caught_up(end, at, 10);
        assert_eq!(found, expect, "{fetches:?} at {at}");
    }

    #[test]
    fn lag_is_the_time_since_all_was_there() {
        check(&[], 10, 5, true);
        check(&[], 11, 5, false);
        // It has everything, however long ago that was asked.
        check(&[(1, 5, 5)], 99, 5, true);
        check(&[(1, 5, 5)], 12, 6, false);
        // What it asks for now, the leader had at its fetch before: it keeps up.
        check(&[(20, 3, 8), (25, 8, 12)], 30, 15, true);
        check(&[(20, 3, 8), (25, 8, 12)], 31, 15, false);
        // A fetch alone is no proof.
        check(&[(20, 3, 8), (25, 4, 12)], 26, 15, false);
    }

    #[test]
    fn who_was_never_in_sync_is_not_caught_up() {
        let progress = Progress::unknown(false, 100);
        assert!(!progress.is_caught_up(0, 100, i64::MAX / 2));
    }
}
