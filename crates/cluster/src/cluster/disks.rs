//! Between the brokers and whoever keeps their bytes.

use super::{Cluster, WantedLoad};
use crate::platter::FlushConfig;
use bytes::Bytes;
use konbini_broker::metadata::ResourceType;
use konbini_broker::{Broker, Input, LoadId};
use konbini_log::{LoadError, LogDir, StoreOp};
use konbini_protocol::record::batches;
use std::collections::BTreeSet;

impl Cluster {
    /// What brokers want stored, since the last call, in order. A host tells nobody outside what
    /// the cluster said in the meantime before these are stored.
    pub fn take_store_ops(&mut self) -> Vec<(i32, StoreOp)> {
        std::mem::take(&mut self.store_ops)
    }

    /// Logs that `flush.messages` or `log.flush.interval.messages` wants flushed to the disk itself,
    /// since the last call: a host with a disk does so before it tells anybody.
    pub fn take_flushes(&mut self) -> BTreeSet<(i32, LogDir)> {
        std::mem::take(&mut self.flushes)
    }

    /// Bytes that brokers need before anything goes on; the clock stands still meanwhile.
    pub fn wanted_loads(&self) -> impl Iterator<Item = &WantedLoad> {
        self.wanted.iter()
    }

    /// Hands in what a load gave. One that was not wanted is ignored.
    pub fn loaded(&mut self, node: i32, id: LoadId, result: Result<Bytes, LoadError>) {
        let place = self
            .wanted
            .iter()
            .position(|wanted| wanted.node == node && wanted.id == id);
        let Some(place) = place else { return };
        self.wanted.remove(place);
        self.hand_broker(node, Input::Loaded(id, result), false);
        self.hand_delayed(node);
        self.settle();
    }

    /// Forgets log bytes that are stored, until at most `limit_bytes` of all logs together are in
    /// memory. What is needed again is loaded again; nothing else changes.
    ///
    /// Does nothing while a load is wanted: what was loaded for a request must stay until it is
    /// answered.
    pub fn evict(&mut self, limit_bytes: usize) {
        if !self.wanted.is_empty() {
            return;
        }
        let mut brokers: Vec<&mut Broker> = self.brokers.values_mut().collect();
        brokers.sort_by_key(|broker| broker.resident_bytes());
        let mut left = limit_bytes;
        // The small ones first: what they do not need is there for the others.
        for (place, broker) in (1..=brokers.len()).rev().zip(brokers) {
            broker.evict(left / place);
            left = left.saturating_sub(broker.resident_bytes());
        }
    }

    /// The same for log bytes that were not used since the last call. Returns how many went.
    pub fn evict_unused(&mut self) -> usize {
        if !self.wanted.is_empty() {
            return 0;
        }
        self.brokers.values_mut().map(Broker::evict_unused).sum()
    }

    /// A broker's disk failed: that directory, or all of it, goes offline.
    pub fn store_failed(&mut self, node: i32, dir: Option<konbini_log::LogDir>, reason: String) {
        self.hand_broker(node, Input::StoreFailed { dir, reason }, false);
        self.settle();
    }

    /// Stores one operation of a broker.
    pub(super) fn store(&mut self, id: i32, op: StoreOp) {
        self.observer.stored(id, &op);
        let flush = self.flush_config(id, &op);
        let records = match (&op, flush.messages) {
            (StoreOp::Append { bytes, .. }, Some(_)) => count_records(bytes),
            _ => 0,
        };
        let platter = self.platters.entry(id).or_default();
        let flushes = platter.apply(self.now, &op, flush, records);
        if flushes {
            self.flushes.insert((id, op.dir().clone()));
        }
        self.store_ops.push((id, op));
    }

    /// What the settings of an append's topic say about flushing.
    fn flush_config(&self, id: i32, op: &StoreOp) -> FlushConfig {
        let StoreOp::Append { dir, .. } = op else {
            return FlushConfig::default();
        };
        let image = self.brokers.get(&id).map(Broker::metadata);
        let topic = dir.topic_partition().map(|(topic, _)| topic);
        let own = image.and_then(|image| image.configs(ResourceType::Topic, topic?));
        let set = |name: &str, default: &str| -> Option<i64> {
            let own = own.and_then(|own| own.get(name));
            let value = own.or_else(|| self.scenario.broker_configs.get(default))?;
            value.trim().parse().ok()
        };
        let messages = set("flush.messages", "log.flush.interval.messages");
        FlushConfig {
            ms: set("flush.ms", "log.flush.interval.ms").filter(|ms| *ms >= 0),
            messages: messages.and_then(|count| u64::try_from(count).ok()),
        }
    }

    /// Bytes of logs in memory.
    pub fn resident_bytes(&self) -> usize {
        self.brokers.values().map(Broker::resident_bytes).sum()
    }
}

fn count_records(bytes: &Bytes) -> u64 {
    let batches = batches(bytes.clone()).map_while(Result::ok);
    let counts = batches.map(|batch| u64::try_from(batch.header.records_count).unwrap_or(0));
    counts.sum()
}
