//! What was seen last at each replica of a running process, for what may only rise there.

use std::collections::BTreeMap;

use konbini_broker::metadata::METADATA_TOPIC_ID;
use konbini_broker::{Broker, TopicPartition};

use super::told::Told;

/// The log of the metadata, under the name that the quorum gives it.
pub const METADATA: TopicPartition = TopicPartition {
    topic: METADATA_TOPIC_ID,
    index: 0,
};

pub struct Seen<T> {
    last: BTreeMap<(i32, TopicPartition), T>,
    /// The process of each broker, and how many replicas it had.
    brokers: BTreeMap<i32, ((u32, u32), usize)>,
}

impl<T> Default for Seen<T> {
    fn default() -> Seen<T> {
        Seen {
            last: BTreeMap::new(),
            brokers: BTreeMap::new(),
        }
    }
}

impl<T> Seen<T> {
    /// To be called before a broker's replicas are looked at. A new process begins anew, and so does
    /// a replica that was moved away and comes back.
    pub fn begin(&mut self, told: &Told, broker: &Broker) {
        let id = broker.node_id();
        let now = (told.process_of(id), broker.replicas().count());
        let before = self.brokers.insert(id, now);
        if before == Some(now) {
            return;
        }
        let same_process = before.is_some_and(|before| before.0 == now.0);
        let mut here: Vec<TopicPartition> = broker.replicas().map(|it| it.partition).collect();
        here.push(METADATA);
        self.last
            .retain(|(of, partition), _| *of != id || (same_process && here.contains(partition)));
    }

    /// What was seen last.
    pub fn of(&mut self, broker: i32, partition: TopicPartition) -> Option<&mut T> {
        self.last.get_mut(&(broker, partition))
    }

    pub fn put(&mut self, broker: i32, partition: TopicPartition, value: T) {
        self.last.insert((broker, partition), value);
    }
}
