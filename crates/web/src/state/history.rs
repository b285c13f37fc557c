//! Throughput and lag over virtual time, and the ticks of the produce lane.

use crate::scenario::snapshot::Who;
use crate::scenario::{Flight, Snapshot};
use std::collections::VecDeque;

/// Samples kept; one each [`SAMPLE_MS`] of virtual time, sparser when time runs fast.
pub const SAMPLES_KEPT: usize = 240;
/// Virtual ms between samples at the least.
pub const SAMPLE_MS: i64 = 250;
/// Ticks kept for the produce and fetch lanes.
pub const TICKS_KEPT: usize = 480;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: i64,
    /// Records acknowledged in the last whole virtual second, over all producers.
    pub produced: u32,
    /// Records handled in the last whole virtual second, over all consumers.
    pub consumed: u32,
    pub lag: i64,
}

/// Records that left a producer or reached a consumer, as one mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    pub at: i64,
    pub colour: u8,
    /// Towards a broker (produce) or away from it (fetch).
    pub produce: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub samples: VecDeque<Sample>,
    pub ticks: VecDeque<Tick>,
}

impl History {
    /// Takes a sample when it is time for one; time that went back starts a new history.
    pub fn observe(&mut self, snapshot: &Snapshot) {
        if let Some(last) = self.samples.back() {
            if snapshot.now < last.at {
                *self = History::default();
            } else if snapshot.now < last.at + SAMPLE_MS {
                return;
            }
        }
        let produced = snapshot.producers.iter().map(|p| p.per_second);
        let consumed = snapshot.consumers.iter().map(|c| c.per_second);
        self.samples.push_back(Sample {
            at: snapshot.now,
            produced: produced.fold(0, u32::saturating_add),
            consumed: consumed.fold(0, u32::saturating_add),
            lag: super::total_lag(snapshot),
        });
        while self.samples.len() > SAMPLES_KEPT {
            self.samples.pop_front();
        }
    }

    /// Marks what set out since the last frame.
    pub fn mark(&mut self, flights: &[Flight]) {
        for flight in flights {
            let produce = match (&flight.from, &flight.to) {
                (Who::Broker(_), Who::Broker(_)) => continue,
                (_, Who::Broker(_)) => true,
                _ => false,
            };
            self.ticks.push_back(Tick {
                at: if produce {
                    flight.depart
                } else {
                    flight.arrive
                },
                colour: flight.colours.first().copied().unwrap_or(0),
                produce,
            });
        }
        while self.ticks.len() > TICKS_KEPT {
            self.ticks.pop_front();
        }
    }
}
