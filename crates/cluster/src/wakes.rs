//! Who wants to be woken when. Timers fire after everything that arrives in the same millisecond.

use crate::network::Endpoint;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Wakes {
    order: BTreeSet<(i64, Endpoint)>,
    at: BTreeMap<Endpoint, i64>,
}

impl Wakes {
    /// Sets or clears the one timer of an endpoint, in virtual ms.
    pub(crate) fn set(&mut self, endpoint: Endpoint, at: Option<i64>) {
        let before = match at {
            Some(at) => self.at.insert(endpoint, at),
            None => self.at.remove(&endpoint),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, endpoint));
        }
        if let Some(at) = at {
            self.order.insert((at, endpoint));
        }
    }

    pub(crate) fn next_at(&self) -> Option<i64> {
        self.order.first().map(|(at, _)| *at)
    }

    pub(crate) fn pop(&mut self) -> Option<(i64, Endpoint)> {
        let (at, endpoint) = self.order.pop_first()?;
        self.at.remove(&endpoint);
        Some((at, endpoint))
    }

    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.at.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_timer_each() {
        let (a, b) = (Endpoint::Broker(1), Endpoint::Client(1));
        let mut wakes = Wakes::default();
        wakes.set(a, Some(5));
        wakes.set(b, Some(4));
        wakes.set(a, Some(3));
        wakes.set(a, Some(3));
        assert_eq!(wakes.pop(), Some((3, a)));
        wakes.set(b, None);
        assert_eq!((wakes.next_at(), wakes.pop()), (None, None));
    }
}
