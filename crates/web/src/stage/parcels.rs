//! Records on their way, as parcels with a place for every moment. No browser is touched here.

use super::geometry::{Curve, Geometry, shelf_name};
use crate::scenario::Flight;
use crate::scenario::snapshot::Who;
use std::collections::VecDeque;

/// Key colours; a parcel of a flight without records of known colour has the first.
pub const COLOURS: usize = 6;
/// Parcels that are drawn at once at the most; beyond it the oldest flights are not drawn.
pub const PARCELS_DRAWN: usize = 4_000;
/// How far behind each other the parcels of one flight go, as a share of the way.
const GAP: f64 = 0.045;

struct Trip {
    /// Virtual ms.
    depart: f64,
    span: f64,
    from: String,
    to: String,
    colours: Vec<u8>,
    records: u32,
    /// From a leader to a follower.
    copy: bool,
    curve: Option<Curve>,
    /// Version of the geometry that `curve` was made from.
    measured: Option<u32>,
}

#[derive(Default)]
pub struct Parcels {
    trips: VecDeque<Trip>,
    drawn: usize,
}

/// What is to be drawn at one moment.
#[derive(Debug, Default, PartialEq)]
pub struct Drawn {
    /// Centres by colour.
    pub parcels: [Vec<(f64, f64)>; COLOURS],
    /// The same of what followers fetch.
    pub copies: [Vec<(f64, f64)>; COLOURS],
    /// Records of flights with more of them than parcels, beside their first parcel.
    pub counts: Vec<(f64, f64, u32)>,
}

impl Parcels {
    /// Adds flights. Each is drawn for `stretch` virtual ms at least; what a consumer fetched
    /// sets out `delay` later, when the shelves show it.
    pub fn take(&mut self, flights: &[Flight], stretch: f64, delay: f64) {
        for flight in flights {
            let (from, to) = (end(&flight.from, flight), end(&flight.to, flight));
            let away = matches!(flight.from, Who::Broker(_));
            let depart = flight.depart as f64 + if away { delay } else { 0.0 };
            let colours = if flight.colours.is_empty() {
                vec![0]
            } else {
                flight.colours.clone()
            };
            self.drawn += colours.len();
            self.trips.push_back(Trip {
                depart,
                span: ((flight.arrive - flight.depart) as f64)
                    .max(stretch)
                    .max(1.0),
                from,
                to,
                colours,
                records: flight.records,
                copy: away && matches!(flight.to, Who::Broker(_)),
                curve: None,
                measured: None,
            });
        }
        while self.drawn > PARCELS_DRAWN {
            let Some(trip) = self.trips.pop_front() else {
                break;
            };
            self.drawn -= trip.colours.len();
        }
    }

    pub fn drop_arrived(&mut self, now: f64) {
        self.trips.retain(|trip| {
            let train = 1.0 + GAP * trip.colours.len() as f64;
            now < trip.depart + trip.span * train
        });
        self.drawn = self.trips.iter().map(|trip| trip.colours.len()).sum();
    }

    pub fn is_empty(&self) -> bool {
        self.trips.is_empty()
    }

    pub fn len(&self) -> usize {
        self.drawn
    }

    /// Where every parcel is at `now`.
    pub fn place(&mut self, geometry: &Geometry, now: f64, out: &mut Drawn) {
        out.parcels.iter_mut().for_each(Vec::clear);
        out.copies.iter_mut().for_each(Vec::clear);
        out.counts.clear();
        for trip in &mut self.trips {
            if trip.measured != Some(geometry.version) {
                trip.measured = Some(geometry.version);
                trip.curve = geometry.route(&trip.from, &trip.to);
            }
            let Some(curve) = trip.curve else { continue };
            let head = (now - trip.depart) / trip.span;
            for (i, colour) in trip.colours.iter().enumerate() {
                let t = head - GAP * i as f64;
                if !(0.0..=1.0).contains(&t) {
                    continue;
                }
                let (x, y) = curve.at(ease(t));
                let drawn = if trip.copy {
                    &mut out.copies
                } else {
                    &mut out.parcels
                };
                drawn[usize::from(*colour) % COLOURS].push((x, y));
                if i == 0 && !trip.copy && trip.records as usize > trip.colours.len() {
                    out.counts.push((x, y, trip.records));
                }
            }
        }
    }

    /// What clients send and fetch that is on its way: where it starts and where it goes (for
    /// reduced motion). Followers fetch all the time: their lines would be the loudest.
    pub fn on_the_way(&self, now: f64) -> impl Iterator<Item = (&str, &str)> {
        let under_way = move |trip: &&Trip| now >= trip.depart && !trip.copy;
        self.trips
            .iter()
            .filter(under_way)
            .map(|trip| (trip.from.as_str(), trip.to.as_str()))
    }
}

/// Slow at both ends, so that setting out and arriving can be seen.
fn ease(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}

/// The name of a flight's end on the stage.
fn end(who: &Who, flight: &Flight) -> String {
    match who {
        Who::Broker(id) => {
            let name = shelf_name(*id, &flight.topic, flight.partition);
            format!("shelf:{name}")
        }
        Who::Producer(name) => format!("producer:{name}"),
        Who::Consumer(name) => format!("consumer:{name}"),
        Who::Client(name) => format!("client:{name}"),
        Who::Admin | Who::Cluster => "admin".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Rect;
    use super::*;

    fn flight(colours: Vec<u8>, records: u32) -> Flight {
        Flight {
            depart: 100,
            arrive: 102,
            from: Who::Producer("orders".into()),
            to: Who::Broker(1),
            topic: "t".into(),
            partition: 0,
            offset: -1,
            records,
            bytes: 10,
            colours,
        }
    }

    fn geometry() -> Geometry {
        let mut geometry = Geometry::default();
        let rect = |x| Rect {
            x,
            y: 0.0,
            w: 10.0,
            h: 10.0,
        };
        geometry.anchors.insert("producer:orders".into(), rect(0.0));
        geometry.anchors.insert("shelf:1:t/0".into(), rect(110.0));
        let below = Rect {
            y: 100.0,
            ..rect(110.0)
        };
        geometry.anchors.insert("shelf:2:t/0".into(), below);
        geometry
    }

    #[test]
    fn a_parcel_goes_from_wall_to_wall_and_is_gone() {
        let mut parcels = Parcels::default();
        parcels.take(&[flight(vec![3], 1)], 400.0, 0.0);
        let mut drawn = Drawn::default();
        parcels.place(&geometry(), 100.0, &mut drawn);
        assert_eq!(drawn.parcels[3], [(10.0, 5.0)]);
        parcels.place(&geometry(), 300.0, &mut drawn);
        assert_eq!(drawn.parcels[3], [(60.0, 5.0)]);
        parcels.drop_arrived(600.0);
        assert!(parcels.is_empty());
    }

    #[test]
    fn what_a_follower_fetches_is_drawn_apart() {
        let mut parcels = Parcels::default();
        let copy = Flight {
            from: Who::Broker(1),
            to: Who::Broker(2),
            ..flight(vec![2], 9)
        };
        parcels.take(&[copy], 400.0, 0.0);
        let mut drawn = Drawn::default();
        parcels.place(&geometry(), 500.0, &mut drawn);
        assert_eq!(drawn.copies[2], [(110.0, 105.0)]);
        assert_eq!(parcels.on_the_way(500.0).count(), 0, "lines are not lit");
        assert!(drawn.parcels.iter().all(Vec::is_empty) && drawn.counts.is_empty());
    }

    #[test]
    fn more_records_than_parcels_are_counted() {
        let mut parcels = Parcels::default();
        parcels.take(&[flight(vec![0, 1], 500)], 400.0, 0.0);
        let mut drawn = Drawn::default();
        parcels.place(&geometry(), 200.0, &mut drawn);
        assert_eq!(drawn.counts.len(), 1);
        assert_eq!(drawn.counts[0].2, 500);
    }

    #[test]
    fn too_many_parcels_drop_the_oldest() {
        let mut parcels = Parcels::default();
        let flights: Vec<Flight> = (0..1000).map(|_| flight(vec![0; 6], 6)).collect();
        parcels.take(&flights, 400.0, 0.0);
        assert!(parcels.len() <= PARCELS_DRAWN);
        assert!(parcels.len() > PARCELS_DRAWN - 7);
    }
}
