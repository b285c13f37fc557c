//! All shards of one node behind one door: finds the shard of a group, refuses what is not here, and
//! puts together the answers to requests that name several groups.

mod admin;
mod consumer;
mod membership;
mod offsets;
mod transactions;

pub use transactions::txn_offset_commit_refused;

use super::classic::{Outcome, Parked};
use super::config::GroupConfig;
use super::ids::Ids;
use super::image::Image;
use super::record::Record;
use super::shard::{Call, Shard};
use super::view::GroupView;
use super::{Append, Effects, Reply, RequestContext, Waiter, events, partition_for};
use kafka_protocol::ResponseError;
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::schema::SchemaError;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The topics that exist, as far as this node knows.
pub trait Topics {
    /// Number of partitions; `None` for an unknown topic.
    fn partition_count(&self, topic: &str) -> Option<i32>;

    /// `None` for an unknown topic.
    fn id(&self, topic: &str) -> Option<Uuid>;

    /// The names of all topics.
    fn names(&self) -> Vec<&str>;
}

/// The group coordinator of one node: a shard for each partition of `__consumer_offsets` it leads.
pub struct Coordinator {
    config: GroupConfig,
    ids: Ids,
    slots: BTreeMap<i32, Slot>,
}

enum Slot {
    /// The log is being read.
    Loading(Image),
    Active(Shard),
}

/// A request as handlers see it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub now: i64,
    pub waiter: Waiter,
    pub context: RequestContext<'a>,
}

impl Asked<'_> {
    fn parked(&self) -> Parked {
        Parked {
            waiter: self.waiter,
            api_version: self.context.api_version,
        }
    }

    fn answer(&self, effects: &mut Effects, response: ResponseKind, after: Vec<i32>) {
        effects.replies.push(Reply {
            waiter: self.waiter,
            response,
            after,
        });
    }
}

impl Coordinator {
    /// `seed` must differ between nodes and between boots of a node, or member ids repeat.
    pub fn new(config: GroupConfig, seed: u64) -> Coordinator {
        Coordinator {
            config,
            ids: Ids::new(seed),
            slots: BTreeMap::new(),
        }
    }

    /// How many partitions `__consumer_offsets` really has, once it exists.
    pub fn set_partition_count(&mut self, count: i32) {
        self.config.offsets_topic_partitions = count.max(1);
    }

    /// The partition of `__consumer_offsets` that holds a group.
    pub fn partition_for(&self, group: &str) -> i32 {
        partition_for(group, self.config.offsets_topic_partitions)
    }

    /// This node now leads a partition of `__consumer_offsets`; its records follow.
    pub fn begin_load(&mut self, partition: i32) {
        self.slots
            .insert(partition, Slot::Loading(Image::default()));
    }

    /// One record of a partition that loads, in log order. An error is a damaged log.
    /// `producer` is the id of whose transaction it belongs to.
    pub fn replay(
        &mut self,
        partition: i32,
        producer: Option<i64>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), SchemaError> {
        let record = Record::decode(key, value)?;
        if let (Some(Slot::Loading(image)), Some(record)) = (self.slots.get_mut(&partition), record)
        {
            match producer {
                Some(id) => image.replay_in_transaction(id, record),
                None => image.replay(record),
            }
        }
        Ok(())
    }

    /// The whole log has been replayed: the partition's groups are served from now on.
    pub fn finish_load(&mut self, now: i64, partition: i32, topics: &dyn Topics) -> Effects {
        let Some(Slot::Loading(image)) = self.slots.get_mut(&partition) else {
            return Effects::default();
        };
        let image = std::mem::take(image);
        let mut effects = Effects::default();
        let mut call = self.call(now);
        let shard = Shard::load(&mut call, image, topics);
        call.out
            .events
            .push(events::shard_loaded(partition, shard.groups().count()));
        let out = call.out;
        effects.add(partition, out);
        self.slots.insert(partition, Slot::Active(shard));
        effects
    }

    /// This node no longer leads a partition, or its log is offline: who waits is sent away.
    pub fn unload(&mut self, now: i64, partition: i32) -> Effects {
        let mut effects = Effects::default();
        if let Some(Slot::Active(shard)) = self.slots.remove(&partition) {
            let groups = shard.groups().count();
            let mut call = self.call(now);
            shard.unload(&mut call);
            call.out
                .events
                .push(events::shard_unloaded(partition, groups));
            effects.events = call.out.events;
            let replies = call.out.replies.into_iter();
            effects
                .replies
                .extend(replies.map(|(waiter, response)| Reply {
                    waiter,
                    response,
                    after: Vec::new(),
                }));
        }
        effects
    }

    /// Partitions that this node serves or loads.
    pub fn partitions(&self) -> impl Iterator<Item = i32> {
        self.slots.keys().copied()
    }

    fn call(&mut self, now: i64) -> Call<'_> {
        Call {
            now,
            config: &self.config,
            ids: &mut self.ids,
            out: Outcome::default(),
        }
    }

    /// Runs one call in the shard of a group and collects what came of it.
    fn in_shard<R>(
        &mut self,
        now: i64,
        group: &str,
        effects: &mut Effects,
        run: impl FnOnce(&mut Shard, &mut Call<'_>) -> R,
    ) -> Result<(R, i32), ResponseError> {
        let partition = self.partition_for(group);
        let shard = match self.slots.get_mut(&partition) {
            None => return Err(ResponseError::NotCoordinator),
            Some(Slot::Loading(_)) => return Err(ResponseError::CoordinatorLoadInProgress),
            Some(Slot::Active(shard)) => shard,
        };
        let mut call = Call {
            now,
            config: &self.config,
            ids: &mut self.ids,
            out: Outcome::default(),
        };
        let result = run(shard, &mut call);
        effects.add(partition, call.out);
        Ok((result, partition))
    }

    fn shard(&self, group: &str) -> Result<(&Shard, i32), ResponseError> {
        let partition = self.partition_for(group);
        match self.slots.get(&partition) {
            None => Err(ResponseError::NotCoordinator),
            Some(Slot::Loading(_)) => Err(ResponseError::CoordinatorLoadInProgress),
            Some(Slot::Active(shard)) => Ok((shard, partition)),
        }
    }

    /// Drops the offsets of deleted topics in all shards.
    pub fn topics_deleted(&mut self, now: i64, topics: &[String]) -> Effects {
        let topics = topics.iter().map(String::as_str).collect();
        self.in_all(
            now,
            |_| true,
            |shard, call| shard.topics_deleted(call, &topics),
        )
    }

    /// When [`Coordinator::tick`] wants to be called next, milliseconds.
    pub fn wake_at(&self) -> Option<i64> {
        self.slots.values().filter_map(Slot::wake_at).min()
    }

    /// Does what is due: sessions, joins, retention.
    pub fn tick(&mut self, now: i64, topics: &dyn Topics) -> Effects {
        let due = |shard: &Shard| shard.wake_at().is_some_and(|at| at <= now);
        self.in_all(now, due, |shard, call| shard.tick(call, topics))
    }

    fn in_all(
        &mut self,
        now: i64,
        filter: impl Fn(&Shard) -> bool,
        mut run: impl FnMut(&mut Shard, &mut Call<'_>),
    ) -> Effects {
        let mut effects = Effects::default();
        for (partition, slot) in &mut self.slots {
            let Slot::Active(shard) = slot else { continue };
            if !filter(shard) {
                continue;
            }
            let mut call = Call {
                now,
                config: &self.config,
                ids: &mut self.ids,
                out: Outcome::default(),
            };
            run(shard, &mut call);
            effects.add(*partition, call.out);
        }
        effects
    }

    /// All groups of this node, by partition and name.
    pub fn groups(&self) -> impl Iterator<Item = GroupView<'_>> {
        let active = self
            .slots
            .iter()
            .filter_map(|(partition, slot)| match slot {
                Slot::Active(shard) => Some((*partition, shard)),
                Slot::Loading(_) => None,
            });
        active.flat_map(|(partition, shard)| {
            let groups = shard.groups();
            let default_assignor = self.config.default_assignor();
            groups.map(move |group| GroupView {
                partition,
                group,
                shard,
                default_assignor,
            })
        })
    }

    /// The hard state of a partition that this node serves.
    pub fn image(&self, partition: i32) -> Option<&Image> {
        match self.slots.get(&partition)? {
            Slot::Loading(_) => None,
            Slot::Active(shard) => Some(shard.image()),
        }
    }
}

impl Slot {
    fn wake_at(&self) -> Option<i64> {
        match self {
            Slot::Loading(_) => None,
            Slot::Active(shard) => shard.wake_at(),
        }
    }
}

impl Effects {
    fn add(&mut self, partition: i32, out: Outcome) {
        if !out.records.is_empty() {
            let records = out.records.iter().map(Record::encode).collect();
            self.appends.push(Append {
                partition,
                records,
                producer: None,
            });
        }
        self.replies
            .extend(out.replies.into_iter().map(|(waiter, response)| Reply {
                waiter,
                response,
                after: vec![partition],
            }));
        self.events.extend(out.events);
    }
}
