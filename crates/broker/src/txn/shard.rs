use std::collections::{BTreeMap, BTreeSet};

use super::config::TransactionConfig;
use super::record::Record;
use super::state::Transaction;
use super::{Append, Effects, Markers, events, transition};

/// Transactional ids by when something is to be done about them, ms.
type Deadlines = BTreeSet<(i64, String)>;

/// One partition of `__transaction_state` that this node leads: its transactional ids.
#[derive(Debug)]
pub struct Shard {
    partition: i32,
    /// Leader epoch of the partition: the coordinator's epoch in markers.
    epoch: i32,
    config: TransactionConfig,
    /// When it was loaded, ms: from then on checks are counted.
    loaded_ms: i64,
    transactions: BTreeMap<String, Transaction>,
    /// When open transactions are too old.
    timeouts: Deadlines,
    /// When ids without a transaction were unused for too long.
    expiries: Deadlines,
}

impl Shard {
    pub fn new(partition: i32, epoch: i32, config: TransactionConfig) -> Shard {
        Shard {
            partition,
            epoch,
            config,
            loaded_ms: 0,
            transactions: BTreeMap::new(),
            timeouts: Deadlines::new(),
            expiries: Deadlines::new(),
        }
    }

    /// Applies one record. This is the only way in which a transaction changes.
    pub fn replay(&mut self, record: Record) {
        let expiration = self.config.id_expiration_ms;
        let id = record.transactional_id;
        if let Some((id, before)) = self.transactions.remove_entry(&id) {
            if let Some(at) = before.times_out_at() {
                self.timeouts.remove(&(at, id.clone()));
            }
            if let Some(at) = before.expires_at(expiration) {
                self.expiries.remove(&(at, id));
            }
        }
        if let Some(value) = record.value {
            let timeout = value.times_out_at().map(|at| (at, id.clone()));
            let expiry = value.expires_at(expiration).map(|at| (at, id.clone()));
            self.timeouts.extend(timeout);
            self.expiries.extend(expiry);
            self.transactions.insert(id, value);
        }
    }

    /// The whole log has been replayed: what was decided is carried out.
    pub fn finish_load(&mut self, now: i64, effects: &mut Effects) {
        self.loaded_ms = now;
        let prepared: Vec<String> = self
            .transactions
            .iter()
            .filter(|(_, transaction)| transaction.state.prepared().is_some())
            .map(|(id, _)| id.clone())
            .collect();
        for id in prepared {
            self.send_markers(effects, &id);
        }
    }

    pub fn get(&self, id: &str) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    pub fn transactions(&self) -> impl Iterator<Item = (&str, &Transaction)> {
        self.transactions
            .iter()
            .map(|(id, value)| (id.as_str(), value))
    }

    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    pub fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Writes what an id is from now on.
    pub fn put(&mut self, effects: &mut Effects, id: &str, value: Option<Transaction>) {
        let record = Record {
            transactional_id: id.to_owned(),
            value,
        };
        effects.appends.push(Append {
            partition: self.partition,
            records: vec![record.encode()],
        });
        self.replay(record);
    }

    /// Writes how a transaction ends, and has its markers written once that is committed.
    pub fn prepare(&mut self, effects: &mut Effects, id: &str, next: Transaction) {
        effects.events.push(events::prepared(id, &next));
        self.put(effects, id, Some(next));
        self.send_markers(effects, id);
    }

    fn send_markers(&self, effects: &mut Effects, id: &str) {
        let Some(transaction) = self.transactions.get(id) else {
            return;
        };
        let Some(commit) = transaction.state.prepared() else {
            return;
        };
        effects.markers.push(Markers {
            partition: self.partition,
            transactional_id: id.to_owned(),
            producer_id: transaction.producer_id,
            producer_epoch: transaction.epoch,
            commit,
            coordinator_epoch: self.epoch,
            partitions: transaction.partitions.clone(),
        });
    }

    /// Every partition has its marker.
    pub fn complete(&mut self, effects: &mut Effects, now: i64, markers: &Markers) {
        let id = markers.transactional_id.as_str();
        let Some(current) = self.transactions.get(id) else {
            return;
        };
        let same = current.producer_id == markers.producer_id
            && current.epoch == markers.producer_epoch
            && current.state.prepared() == Some(markers.commit);
        if !same || markers.coordinator_epoch != self.epoch {
            return;
        }
        if let Some(next) = transition::complete(current, now) {
            effects.events.push(events::completed(id, &next));
            self.put(effects, id, Some(next));
        }
    }

    /// When something is to be done by time alone, ms. Checks come in intervals, as in Kafka.
    pub fn wake_at(&self) -> Option<i64> {
        let first = |deadlines: &Deadlines| deadlines.first().map(|(at, _)| *at);
        let abort = first(&self.timeouts);
        let expire = first(&self.expiries);
        let abort = abort.map(|at| self.check_at(self.config.abort_check_interval_ms, at));
        let expire = expire.map(|at| self.check_at(self.config.expiration_check_interval_ms, at));
        [abort, expire].into_iter().flatten().min()
    }

    /// The first check at or after `at`.
    fn check_at(&self, interval_ms: i64, at: i64) -> i64 {
        let since = at.saturating_sub(self.loaded_ms).max(1);
        let checks = (since - 1) / interval_ms + 1;
        let after = checks.saturating_mul(interval_ms);
        self.loaded_ms.saturating_add(after)
    }

    /// Aborts what took too long, and forgets ids that nobody uses.
    pub fn tick(&mut self, effects: &mut Effects, now: i64) {
        for id in self.due(&self.timeouts, self.config.abort_check_interval_ms, now) {
            if let Some(current) = self.transactions.get(&id) {
                let next = transition::fence(current, now);
                effects.events.push(events::timed_out(&id, current));
                self.prepare(effects, &id, next);
            }
        }
        for id in self.due(
            &self.expiries,
            self.config.expiration_check_interval_ms,
            now,
        ) {
            effects.events.push(events::expired(&id));
            self.put(effects, &id, None);
        }
    }

    fn due(&self, deadlines: &Deadlines, interval_ms: i64, now: i64) -> Vec<String> {
        let due = deadlines.iter();
        let due = due.take_while(|(at, _)| self.check_at(interval_ms, *at) <= now);
        due.map(|(_, id)| id.clone()).collect()
    }
}
