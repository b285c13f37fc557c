//! What the cluster said of itself that the invariants go by.

use std::collections::{BTreeMap, BTreeSet};

use konbini_scenario::TraceEvent;
use konbini_scenario::snapshot::Who;
use konbini_trace::{Arg, Event};

#[derive(Default)]
pub struct Told {
    /// Partitions in which an out-of-sync replica was made leader: what is lost there was announced.
    unclean: BTreeSet<(String, i32)>,
    /// How often each broker's process started since the power is on, and how often the power came.
    starts: BTreeMap<i32, u32>,
    boots: u32,
}

impl Told {
    pub fn follow(&mut self, events: &[TraceEvent]) {
        for TraceEvent { who, event, .. } in events {
            match (&*event.code, who) {
                ("unclean-leader-elected", _) => self.unclean.extend(partition_of(event)),
                ("broker-started", Who::Broker(id)) => *self.starts.entry(*id).or_default() += 1,
                ("power-on", _) => self.boots += 1,
                _ => {}
            }
        }
    }

    /// Whether records of a partition may be gone because of an election that was said to be
    /// unclean.
    pub fn lost(&self, topic: &str, partition: i32) -> bool {
        // Most runs have none: no text is made for them.
        !self.unclean.is_empty() && self.unclean.contains(&(topic.to_owned(), partition))
    }

    /// A number of each process that a broker was.
    pub fn process_of(&self, broker: i32) -> (u32, u32) {
        let starts = self.starts.get(&broker).copied().unwrap_or(0);
        (self.boots, starts)
    }
}

/// The partition that an event is about.
pub fn partition_of(event: &Event) -> Option<(String, i32)> {
    let arg = |name: &str| {
        let found = event.args.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    };
    match (arg("topic")?, arg("partition")?) {
        (Arg::Text(topic), Arg::Int(index)) => Some((topic.clone(), i32::try_from(*index).ok()?)),
        _ => None,
    }
}
