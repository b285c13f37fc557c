//! The clock and the order of things: arrivals, then timers, then actions of the same millisecond.

use super::{Arrival, Cluster, Progress};
use crate::network::Endpoint;

/// What happens next.
enum Next {
    Arrival,
    Timer,
    Action,
}

impl Cluster {
    /// Runs until the virtual time is reached and everything up to it has happened, or `max_steps`
    /// steps are done. The clock moves to that time even when nothing happens at it.
    pub fn run_until(&mut self, virtual_ms: i64, max_steps: u64) -> Progress {
        for _ in 0..max_steps {
            match self.next() {
                Some((at, _)) if at <= virtual_ms => {}
                _ => return self.reach(virtual_ms),
            }
            match self.step() {
                Progress::Reached => {}
                other => return other,
            }
        }
        match self.next_at() {
            Some(at) if at <= virtual_ms => Progress::OutOfSteps,
            _ => self.reach(virtual_ms),
        }
    }

    fn reach(&mut self, virtual_ms: i64) -> Progress {
        match self.obstacle() {
            Some(obstacle) => obstacle,
            None => {
                self.now = self.now.max(virtual_ms);
                Progress::Reached
            }
        }
    }

    fn obstacle(&self) -> Option<Progress> {
        match (self.wanted.is_empty(), self.dark) {
            (false, _) => Some(Progress::Blocked),
            (true, true) => Some(Progress::Dark),
            (true, false) => None,
        }
    }

    /// Lets the next thing happen, and moves the clock to its time.
    pub fn step(&mut self) -> Progress {
        if let Some(obstacle) = self.obstacle() {
            return obstacle;
        }
        let Some((at, next)) = self.next() else {
            return Progress::Reached;
        };
        self.now = self.now.max(at);
        self.steps += 1;
        match next {
            Next::Arrival => {
                if let Some((_, arrival)) = self.arrivals.pop() {
                    self.arrive(arrival);
                }
            }
            Next::Timer => {
                if let Some((_, endpoint)) = self.wakes.pop() {
                    self.wake(endpoint);
                }
            }
            Next::Action => {
                if let Some(timed) = self.upcoming.pop_front() {
                    self.perform(timed);
                }
            }
        }
        self.settle();
        self.obstacle().unwrap_or(Progress::Reached)
    }

    /// Virtual time of the next thing to happen, if anything ever does.
    pub fn next_at(&self) -> Option<i64> {
        self.next().map(|(at, _)| at)
    }

    /// Whether everything up to the present millisecond has happened, as far as there is power.
    /// What is stored at such a moment is what a power cut at this time leaves in any other run of
    /// the same recording.
    pub fn is_settled(&self) -> bool {
        self.wanted.is_empty() && self.next_at().is_none_or(|at| at > self.now)
    }

    fn next(&self) -> Option<(i64, Next)> {
        if self.dark {
            return None;
        }
        let arrival = self.arrivals.next_at().map(|at| (at, Next::Arrival));
        let timer = self.wakes.next_at().map(|at| (at, Next::Timer));
        let action = self.upcoming.front();
        let action = action.map(|timed| (timed.at.max(self.now), Next::Action));
        // The first of equals wins.
        [arrival, timer, action]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Parcel(link, to, parcel) => self.deliver(link, to, parcel),
            Arrival::Resend(link, from) => self.resend(link, from),
        }
    }

    /// Sets an endpoint's timer to what it asks for, but never to a time that has passed: somebody
    /// who was just woken and asks to be woken at once waits for the next millisecond.
    pub(super) fn set_timer(&mut self, endpoint: Endpoint, wake_at: Option<i64>, woken: bool) {
        let earliest = self.now + i64::from(woken);
        let zero = match endpoint {
            Endpoint::Broker(id) => self.scenario.epoch_ms + self.stage.machines.of(id).skew_ms,
            Endpoint::Client(_) | Endpoint::External(_) => self.scenario.epoch_ms,
        };
        let at = wake_at.map(|unix| unix.saturating_sub(zero).max(earliest));
        self.wakes.set(endpoint, at);
    }
}
