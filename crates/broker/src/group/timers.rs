use std::collections::{BTreeMap, BTreeSet};

/// What a timer of a shard is for. Setting one again replaces it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A group has waited long enough for members to join.
    Join(String),
    /// A group has waited long enough for members to ask for their assignment.
    Sync(String),
    /// A member (or a pending one) was silent for its session timeout.
    Heartbeat(String, String),
    /// A member of a consumer group had its rebalance timeout to give partitions up; one of the classic
    /// protocol in it, to join again or to sync.
    Rebalance(String, String),
    /// Offsets may have outlived `offsets.retention.minutes`.
    Expiry,
}

/// Deadlines of one shard, in the order in which they fall due; ties fall due in the order of [`Timer`].
#[derive(Debug, Default)]
pub struct Timers {
    deadlines: BTreeMap<Timer, i64>,
    queue: BTreeSet<(i64, Timer)>,
}

impl Timers {
    pub fn set(&mut self, timer: Timer, deadline: i64) {
        self.cancel(&timer);
        self.queue.insert((deadline, timer.clone()));
        self.deadlines.insert(timer, deadline);
    }

    pub fn cancel(&mut self, timer: &Timer) {
        if let Some((timer, deadline)) = self.deadlines.remove_entry(timer) {
            self.queue.remove(&(deadline, timer));
        }
    }

    pub fn deadline(&self, timer: &Timer) -> Option<i64> {
        self.deadlines.get(timer).copied()
    }

    pub fn next(&self) -> Option<i64> {
        self.queue.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the first timer that is due.
    pub fn pop(&mut self, now: i64) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.deadlines.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_again_replaces() {
        let mut timers = Timers::default();
        timers.set(Timer::Join("g".into()), 10);
        timers.set(Timer::Sync("g".into()), 20);
        timers.set(Timer::Join("g".into()), 30);
        assert_eq!(timers.next(), Some(20));
        assert_eq!(timers.pop(19), None);
        assert_eq!(timers.pop(30), Some(Timer::Sync("g".into())));
        timers.cancel(&Timer::Join("g".into()));
        assert_eq!(timers.pop(100), None);
        assert_eq!(timers.next(), None);
    }
}
