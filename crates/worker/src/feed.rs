//! What happened since a page's last frame, kept within limits until it asks.

use konbini_scenario::{Flight, TraceEvent};
use std::collections::VecDeque;

/// Events that one frame brings at the most; older ones are left out.
pub const EVENTS_MAX: usize = 2_000;
/// Flights that one frame brings at the most.
pub const FLIGHTS_MAX: usize = 600;

#[derive(Debug, Default)]
pub struct Feed {
    events: VecDeque<TraceEvent>,
    flights: Vec<Flight>,
    /// Records of flights that were left out.
    undrawn: u64,
}

impl Feed {
    pub fn add(&mut self, events: &[TraceEvent], flights: &[Flight], undrawn: u64) {
        self.events.extend(events.iter().cloned());
        let surplus = self.events.len().saturating_sub(EVENTS_MAX);
        self.events.drain(..surplus);
        let room = FLIGHTS_MAX
            .saturating_sub(self.flights.len())
            .min(flights.len());
        let (drawn, left_out) = flights.split_at(room);
        self.flights.extend(drawn.iter().cloned());
        let left_out = left_out.iter().map(|flight| u64::from(flight.records));
        self.undrawn += undrawn + left_out.sum::<u64>();
    }

    /// Events, flights, and the records of flights that are not among them.
    pub fn take(&mut self) -> (Vec<TraceEvent>, Vec<Flight>, u64) {
        (
            std::mem::take(&mut self.events).into(),
            std::mem::take(&mut self.flights),
            std::mem::take(&mut self.undrawn),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_bridge::trace::Event;
    use konbini_scenario::snapshot::Who;

    fn flight(records: u32) -> Flight {
        Flight {
            depart: 0,
            arrive: 1,
            from: Who::Admin,
            to: Who::Broker(1),
            topic: "t".to_owned(),
            partition: 0,
            offset: -1,
            records,
            bytes: 0,
            colours: Vec::new(),
        }
    }

    fn event(seq: u64) -> TraceEvent {
        TraceEvent {
            at: 0,
            seq,
            who: Who::Cluster,
            event: Event::info("made-by-a-test"),
        }
    }

    #[test]
    fn every_record_is_drawn_or_counted() {
        let mut feed = Feed::default();
        let flights: Vec<Flight> = (1..=400).map(flight).collect();
        feed.add(&[], &flights, 7);
        feed.add(&[], &flights, 0);
        let (_, drawn, undrawn) = feed.take();
        assert_eq!(drawn.len(), FLIGHTS_MAX);
        let drawn: u64 = drawn.iter().map(|flight| u64::from(flight.records)).sum();
        assert_eq!(drawn + undrawn, 2 * (1..=400u64).sum::<u64>() + 7);
        assert_eq!(feed.take(), (Vec::new(), Vec::new(), 0));
    }

    #[test]
    fn the_newest_events_stay() {
        let mut feed = Feed::default();
        let events: Vec<TraceEvent> = (0..3_000).map(event).collect();
        feed.add(&events, &[], 0);
        let (events, ..) = feed.take();
        assert_eq!(events.len(), EVENTS_MAX);
        assert_eq!((events[0].seq, events[EVENTS_MAX - 1].seq), (1_000, 2_999));
    }
}
