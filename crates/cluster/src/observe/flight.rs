//! Records on their way, as they are seen on the wire: Produce requests and Fetch responses.
//!
//! Counts are exact. Only so many flights of a virtual second are described; the records of the
//! others are counted as undrawn.

use super::colour;
use bytes::Bytes;
use konbini_protocol::record::{Batch, batches};
use konbini_scenario::Flight;
use konbini_scenario::snapshot::{FLIGHT_COLOURS, Who};

/// Flights described in one virtual second.
const FLIGHTS_PER_SECOND: u32 = 150;
/// Flights that wait for the host at the most.
const WAITING_FLIGHTS_MAX: usize = 3_000;

#[derive(Debug, Default)]
pub(crate) struct Flights {
    waiting: Vec<Flight>,
    /// Records of flights that were not described.
    undrawn: u64,
    second: i64,
    described: u32,
}

/// Where and when records travel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'a> {
    pub(crate) depart: i64,
    pub(crate) arrive: i64,
    pub(crate) from: &'a Who,
    pub(crate) to: &'a Who,
}

/// What travels: one partition's part of a request or response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    /// Records before this offset are carried along but not wanted (a fetch from the middle of a
    /// batch); `None` for a produce, whose records have no offsets yet.
    pub(crate) from_offset: Option<i64>,
    pub(crate) records: &'a Bytes,
}

impl Flights {
    pub(crate) fn add(&mut self, route: Route<'_>, load: Load<'_>) {
        let batches: Vec<Batch> = batches(load.records.clone())
            .map_while(Result::ok)
            .collect();
        let wanted = |batch: &Batch| wanted_records(batch, load.from_offset);
        let records: u32 = batches.iter().map(wanted).fold(0, u32::saturating_add);
        if records == 0 {
            return;
        }
        if !self.take_turn(route.depart) {
            self.undrawn += u64::from(records);
            return;
        }
        let first = batches.iter().find(|batch| wanted(batch) > 0);
        let offset = match (load.from_offset, first) {
            (Some(from), Some(batch)) => batch.header.base_offset.max(from),
            _ => -1,
        };
        self.waiting.push(Flight {
            depart: route.depart,
            arrive: route.arrive,
            from: route.from.clone(),
            to: route.to.clone(),
            topic: load.topic.to_owned(),
            partition: load.partition,
            offset,
            records,
            bytes: u32::try_from(load.records.len()).unwrap_or(u32::MAX),
            colours: colours(&batches, load.from_offset.unwrap_or(0)),
        });
    }

    fn take_turn(&mut self, now: i64) -> bool {
        let second = now.div_euclid(1_000);
        if second != self.second {
            self.second = second;
            self.described = 0;
        }
        let free = self.described < FLIGHTS_PER_SECOND && self.waiting.len() < WAITING_FLIGHTS_MAX;
        self.described += u32::from(free);
        free
    }

    pub(crate) fn take(&mut self) -> (Vec<Flight>, u64) {
        (
            std::mem::take(&mut self.waiting),
            std::mem::take(&mut self.undrawn),
        )
    }
}

/// Records of a batch from an offset on; control batches hold none that anybody sees.
fn wanted_records(batch: &Batch, from: Option<i64>) -> u32 {
    let header = &batch.header;
    if header.attributes.is_control() {
        return 0;
    }
    let before = match from {
        Some(from) => (from - header.base_offset).max(0),
        None => 0,
    };
    let left = i64::from(header.records_count).saturating_sub(before);
    u32::try_from(left.max(0)).unwrap_or(0)
}

fn colours(batches: &[Batch], from: i64) -> Vec<u8> {
    let mut colours = Vec::with_capacity(FLIGHT_COLOURS);
    for batch in batches {
        let room = FLIGHT_COLOURS - colours.len();
        if room == 0 {
            break;
        }
        let more = colour::of_batch(batch, from, room);
        colours.extend(more.into_iter().map(|(_, colour)| colour));
    }
    colours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::sample;

    fn fly(flights: &mut Flights, depart: i64, from_offset: Option<i64>, records: &Bytes) {
        let route = Route {
            depart,
            arrive: depart + 10,
            from: &Who::Producer("p".to_owned()),
            to: &Who::Broker(1),
        };
        let load = Load {
            topic: "t",
            partition: 0,
            from_offset,
            records,
        };
        flights.add(route, load);
    }

    #[test]
    fn counts_are_exact_when_drawing_is_not() {
        let batch = sample::batch(5, 10);
        let mut flights = Flights::default();
        for _ in 0..1_000 {
            fly(&mut flights, 0, None, &batch);
        }
        fly(&mut flights, 1_000, None, &batch);
        let (drawn, undrawn) = flights.take();
        assert_eq!(drawn.len(), FLIGHTS_PER_SECOND as usize + 1);
        let records: u64 = drawn.iter().map(|flight| u64::from(flight.records)).sum();
        assert_eq!(records + undrawn, 10_010);
        assert!(
            drawn
                .iter()
                .all(|flight| flight.colours.len() == 6 && flight.offset == -1)
        );
    }

    #[test]
    fn a_fetch_from_the_middle_of_a_batch() {
        let batch = sample::batch(5, 10);
        let mut flights = Flights::default();
        fly(&mut flights, 0, Some(12), &batch);
        fly(&mut flights, 0, Some(15), &batch);
        fly(&mut flights, 0, Some(0), &batch);
        let (drawn, _) = flights.take();
        let seen: Vec<_> = drawn
            .iter()
            .map(|flight| (flight.offset, flight.records, flight.colours.len()))
            .collect();
        assert_eq!(seen, [(12, 3, 3), (5, 10, 6)]);
    }

    #[test]
    fn broken_records_are_no_flight() {
        let mut flights = Flights::default();
        fly(&mut flights, 0, None, &Bytes::from_static(b"not a batch"));
        fly(&mut flights, 0, None, &Bytes::new());
        assert_eq!(flights.take(), (vec![], 0));
    }
}
