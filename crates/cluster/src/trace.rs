//! What happened: events with their place in the run, and the running hash.
//!
//! The hash covers each action, each piece of bytes that arrived somewhere with its time, and
//! what came of it for the actors. It does not cover events, which only tell about those.

use crate::network::{Endpoint, LinkId};
use konbini_scenario::TraceEvent;
use konbini_scenario::snapshot::Who;
use konbini_trace::{Event, Level, TraceHash};

/// Events that wait for the host at the most; older details go first, then the oldest.
const WAITING_EVENTS_MAX: usize = 20_000;

#[derive(Debug)]
pub(crate) struct Trace {
    hash: TraceHash,
    is_hashing: bool,
    events: Vec<TraceEvent>,
    seq: u64,
}

impl Trace {
    pub(crate) fn new(hash: TraceHash) -> Trace {
        Trace {
            hash,
            is_hashing: true,
            events: Vec::new(),
            seq: 0,
        }
    }

    /// Keeps events only; the hash stays what it is at the start.
    pub(crate) fn without_hash() -> Trace {
        Trace {
            is_hashing: false,
            ..Trace::new(TraceHash::start(0))
        }
    }

    pub(crate) fn hash(&self) -> TraceHash {
        self.hash
    }

    pub(crate) fn event(&mut self, at: i64, who: Who, event: Event) {
        if self.events.len() >= WAITING_EVENTS_MAX {
            self.make_room();
        }
        let seq = self.seq;
        self.seq += 1;
        self.events.push(TraceEvent {
            at,
            seq,
            who,
            event,
        });
    }

    pub(crate) fn take_events(&mut self) -> Vec<TraceEvent> {
        std::mem::take(&mut self.events)
    }

    /// Nobody took the events for long: what matters least is forgotten.
    fn make_room(&mut self) {
        self.events
            .retain(|event| event.event.level > Level::Detail);
        let half = WAITING_EVENTS_MAX / 2;
        if self.events.len() > half {
            self.events.drain(..self.events.len() - half);
        }
    }

    /// Bytes arrived at an end of a connection.
    pub(crate) fn fold_arrival(&mut self, at: i64, to: Endpoint, link: LinkId, bytes: &[u8]) {
        self.fold_mark(Mark::Bytes, at, to, link);
        self.fold(bytes);
    }

    /// A connection was accepted, made, refused or closed at an end of it.
    pub(crate) fn fold_mark(&mut self, mark: Mark, at: i64, to: Endpoint, link: LinkId) {
        let number = i64::from_le_bytes(link.0.to_le_bytes());
        self.fold_ints(&[mark as i64, at, to.code(), number]);
    }

    /// What came of something for an actor, in numbers.
    pub(crate) fn fold_outcome(&mut self, at: i64, actor: Endpoint, outcome: [i64; 3]) {
        let [a, b, c] = outcome;
        self.fold_ints(&[Mark::Outcome as i64, at, actor.code(), a, b, c]);
    }

    /// An action, in the words of a recording.
    pub(crate) fn fold_action(&mut self, at: i64, action: &str) {
        self.fold_ints(&[Mark::Action as i64, at]);
        self.fold(action.as_bytes());
    }

    fn fold(&mut self, bytes: &[u8]) {
        if self.is_hashing {
            self.hash.fold(bytes);
        }
    }

    fn fold_ints(&mut self, ints: &[i64]) {
        let mut bytes = [0; 8 * 6];
        for (place, int) in bytes.chunks_exact_mut(8).zip(ints) {
            place.copy_from_slice(&int.to_le_bytes());
        }
        self.fold(&bytes[..8 * ints.len()]);
    }
}

/// What a folded number is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Bytes,
    Accepted,
    Connected,
    Refused,
    Closed,
    Outcome,
    Action,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_go_first_when_nobody_listens() {
        let mut trace = Trace::new(TraceHash::start(0));
        trace.event(0, Who::Admin, Event::error("lost"));
        for at in 0..30_000 {
            trace.event(at, Who::Cluster, Event::detail("tick"));
        }
        let events = trace.take_events();
        assert!(events.len() <= WAITING_EVENTS_MAX);
        assert_eq!(events[0].event.code, "lost");
        assert_eq!(events.last().map(|event| event.seq), Some(30_000));
    }
}
