//! Clients from outside (`window.konbini.connect`, a socket), known by the records they move.
//!
//! The engine does not list them: one that has moved nothing for a while is no longer shown.

use crate::scenario::Flight;
use crate::scenario::snapshot::Who;
use std::collections::BTreeMap;

/// Virtual ms after its last record that a client is shown.
pub const SHOWN_MS: i64 = 60_000;
/// Clients shown at the most.
pub const GUESTS: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Virtual ms of its last record.
    pub seen: i64,
    /// It was first seen reading: it stands with the consumers, else with the producers.
    pub reads: bool,
}

/// By `client.id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guests(BTreeMap<String, Guest>);

impl Guests {
    pub fn observe(&mut self, flights: &[Flight], now: i64) {
        for flight in flights {
            let (name, reads) = match (&flight.from, &flight.to) {
                (Who::Client(name), _) => (name, false),
                (_, Who::Client(name)) => (name, true),
                _ => continue,
            };
            if let Some(guest) = self.0.get_mut(name) {
                guest.seen = guest.seen.max(flight.depart);
            } else if self.0.len() < GUESTS {
                let seen = flight.depart;
                self.0.insert(name.clone(), Guest { seen, reads });
            }
        }
        self.0.retain(|_, guest| now - guest.seen <= SHOWN_MS);
    }

    /// Those that read, or those that write, by name.
    pub fn of(&self, reads: bool) -> impl Iterator<Item = (&str, &Guest)> {
        let wanted = move |entry: &(&String, &Guest)| entry.1.reads == reads;
        let found = self.0.iter().filter(wanted);
        found.map(|(name, guest)| (name.as_str(), guest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(from: Who, to: Who, depart: i64) -> Flight {
        Flight {
            depart,
            arrive: depart + 2,
            from,
            to,
            topic: "t".into(),
            partition: 0,
            offset: -1,
            records: 1,
            bytes: 10,
            colours: vec![0],
        }
    }

    #[test]
    fn clients_stand_where_they_were_first_seen_and_leave_when_they_are_quiet() {
        let client = |name: &str| Who::Client(name.to_owned());
        let mut guests = Guests::default();
        let flights = [
            flight(client("writer"), Who::Broker(1), 100),
            flight(Who::Broker(1), client("reader"), 200),
            flight(Who::Broker(1), client("writer"), 300),
            flight(Who::Producer("p".into()), Who::Broker(1), 300),
        ];
        guests.observe(&flights, 300);
        let names = |guests: &Guests, reads| -> Vec<String> {
            guests.of(reads).map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!(names(&guests, false), ["writer"]);
        assert_eq!(names(&guests, true), ["reader"]);
        guests.observe(&[], 200 + SHOWN_MS + 1);
        assert_eq!(names(&guests, false), ["writer"], "it was seen at 300");
        assert!(names(&guests, true).is_empty());
    }

    #[test]
    fn no_more_than_can_be_shown() {
        let mut guests = Guests::default();
        let flights: Vec<Flight> = (0..50)
            .map(|n| flight(Who::Client(format!("c{n}")), Who::Broker(1), 5))
            .collect();
        guests.observe(&flights, 5);
        assert_eq!(guests.of(false).count(), GUESTS);
    }
}
