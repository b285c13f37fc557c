//! All shards of one node behind one door: finds the shard of a transactional id, refuses what is not
//! here, and puts the answers together.

mod partitions;
mod producers;

use std::collections::BTreeMap;

use kafka_protocol::ResponseError::{
    self, CoordinatorLoadInProgress, InvalidProducerEpoch, NotCoordinator, ProducerFenced,
};
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::schema::SchemaError;

use super::config::TransactionConfig;
use super::record::Record;
use super::shard::Shard;
use super::state::Transaction;
use super::{Effects, Markers, Reply, Waiter, events};
use crate::group::partition_for;

/// From this version of most APIs on, PRODUCER_FENCED is an error of its own (KIP-588).
const TXN_FENCED: i16 = 2;

/// The transaction coordinator of one node: a shard for each partition of `__transaction_state` it leads.
pub struct Coordinator {
    config: TransactionConfig,
    slots: BTreeMap<i32, Slot>,
}

pub(super) enum Slot {
    /// The log is being read.
    Loading(Shard),
    Active(Shard),
}

/// A request as handlers see it.
#[derive(Clone, Copy)]
pub struct Asked {
    pub now: i64,
    pub waiter: Waiter,
    pub version: i16,
}

impl Asked {
    pub(super) fn answer(&self, effects: &mut Effects, response: ResponseKind, after: Vec<i32>) {
        effects.replies.push(Reply {
            waiter: self.waiter,
            response,
            after,
        });
    }

    /// What older clients are told in place of PRODUCER_FENCED.
    fn error(&self, error: ResponseError, fenced_from: i16) -> i16 {
        match error {
            ProducerFenced if self.version < fenced_from => InvalidProducerEpoch.code(),
            error => error.code(),
        }
    }
}

impl Coordinator {
    pub fn new(config: TransactionConfig) -> Coordinator {
        Coordinator {
            config,
            slots: BTreeMap::new(),
        }
    }

    /// How many partitions `__transaction_state` really has, once it exists.
    pub fn set_partition_count(&mut self, count: i32) {
        self.config.partitions = count.max(1);
    }

    /// The partition of `__transaction_state` that holds a transactional id.
    pub fn partition_for(&self, transactional_id: &str) -> i32 {
        partition_for(transactional_id, self.config.partitions)
    }

    /// This node now leads a partition of `__transaction_state` in that epoch; its records follow.
    pub fn begin_load(&mut self, partition: i32, epoch: i32) {
        let shard = Shard::new(partition, epoch, self.config.clone());
        self.slots.insert(partition, Slot::Loading(shard));
    }

    /// One record of a partition that loads, in log order. An error is a record that cannot be read.
    pub fn replay(
        &mut self,
        partition: i32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), SchemaError> {
        let record = Record::decode(key, value)?;
        if let (Some(Slot::Loading(shard)), Some(record)) = (self.slots.get_mut(&partition), record)
        {
            shard.replay(record);
        }
        Ok(())
    }

    /// The whole log has been replayed: what was decided before goes on, and the ids are served.
    pub fn finish_load(&mut self, now: i64, partition: i32) -> Effects {
        let mut effects = Effects::default();
        if let Some(Slot::Loading(mut shard)) = self.slots.remove(&partition) {
            shard.finish_load(now, &mut effects);
            let event = events::loaded(partition, shard.len(), shard.epoch());
            effects.events.push(event);
            self.slots.insert(partition, Slot::Active(shard));
        }
        effects
    }

    /// This node no longer leads a partition, or its log is offline.
    pub fn unload(&mut self, partition: i32) -> Effects {
        let mut effects = Effects::default();
        if let Some(Slot::Active(shard)) = self.slots.remove(&partition) {
            effects
                .events
                .push(events::unloaded(partition, shard.len()));
        }
        effects
    }

    pub(super) fn shard(&self, id: &str) -> Result<(&Shard, i32), ResponseError> {
        let partition = self.partition_for(id);
        match self.slots.get(&partition) {
            None => Err(NotCoordinator),
            Some(Slot::Loading(_)) => Err(CoordinatorLoadInProgress),
            Some(Slot::Active(shard)) => Ok((shard, partition)),
        }
    }

    fn shard_mut(&mut self, id: &str) -> Result<(&mut Shard, i32), ResponseError> {
        let partition = self.partition_for(id);
        match self.slots.get_mut(&partition) {
            None => Err(NotCoordinator),
            Some(Slot::Loading(_)) => Err(CoordinatorLoadInProgress),
            Some(Slot::Active(shard)) => Ok((shard, partition)),
        }
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (i32, &Slot)> {
        self.slots
            .iter()
            .map(|(partition, slot)| (*partition, slot))
    }

    /// All transactional ids of this node with what their partitions say.
    pub fn transactions(&self) -> impl Iterator<Item = (&str, &Transaction)> {
        let active = self.slots.values().filter_map(|slot| match slot {
            Slot::Active(shard) => Some(shard),
            Slot::Loading(_) => None,
        });
        active.flat_map(Shard::transactions)
    }

    /// Every partition of a transaction has its marker, or is gone.
    pub fn markers_written(&mut self, now: i64, markers: &Markers) -> Effects {
        let mut effects = Effects::default();
        if let Some(Slot::Active(shard)) = self.slots.get_mut(&markers.partition) {
            shard.complete(&mut effects, now, markers);
        }
        effects
    }

    /// When [`Coordinator::tick`] wants to be called next, ms.
    pub fn wake_at(&self) -> Option<i64> {
        let shards = self.slots.values().filter_map(|slot| match slot {
            Slot::Active(shard) => shard.wake_at(),
            Slot::Loading(_) => None,
        });
        shards.min()
    }

    /// Does what is due: transactions that took too long, ids that nobody uses.
    pub fn tick(&mut self, now: i64) -> Effects {
        let mut effects = Effects::default();
        for slot in self.slots.values_mut() {
            if let Slot::Active(shard) = slot {
                shard.tick(&mut effects, now);
            }
        }
        effects
    }
}
