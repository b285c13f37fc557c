//! What one endpoint asked for in one step.

use konbini_client::{Output, Wire};
use konbini_trace::Event;

/// Collected until the step is over, and held while bytes of a log are being loaded: what a load
/// delays comes out in the same order as if it had not been needed.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    wires: Vec<Wire>,
    pub(crate) events: Vec<Event>,
    /// What came of something for an actor; folded into the trace hash.
    pub(crate) outcomes: Vec<[i64; 3]>,
    /// Records that a producer was told are stored.
    pub(crate) acked: Vec<Acked>,
    /// Some of it tells of what could not be stored.
    pub(crate) untrue: bool,
    /// The process ends after all of that.
    pub(crate) stopped: bool,
}

/// Records of one batch that a producer was told are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    pub producer: String,
    pub topic: String,
    pub partition: i32,
    /// Offset of the first; -1 where the broker did not say.
    pub base_offset: i64,
    /// The records by their number in the producer's life, from 0.
    pub records: Vec<u64>,
}

impl Outbox {
    pub(crate) fn wire(&mut self, wire: Wire) {
        self.wires.push(wire);
    }

    /// Takes what a client asks of its host and tells the timeline; what is for its application is
    /// given back.
    pub(crate) fn take<T>(&mut self, output: Output<T>) -> Option<T> {
        match output {
            Output::Wire(wire) => self.wire(wire),
            Output::Event(event) => self.events.push(event),
            Output::Told(told) => return Some(told),
        }
        None
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wires.is_empty()
            && self.events.is_empty()
            && self.outcomes.is_empty()
            && self.acked.is_empty()
            && !self.stopped
            && !self.untrue
    }

    /// In the order of connections, and on each in the order of asking.
    pub(crate) fn take_wires(&mut self) -> Vec<Wire> {
        let mut wires = std::mem::take(&mut self.wires);
        wires.sort_by_key(Wire::conn);
        wires
    }
}
