//! What must hold after every step, one invariant a file. Each keeps what it has to remember.

mod acked;
mod committed;
mod epochs;
mod groups;
mod leaders;
mod losses;
mod metadata;
mod order;
mod quorum;
pub mod rest;
mod roles;
mod seen;
pub mod set_up;
mod told;
mod watermarks;

use konbini_cluster::{Acked, Cluster, MemoryHost, VirtualDisks};
use konbini_scenario::TraceEvent;

use crate::batches;
use crate::plan::{Class, Plan};
use crate::violation::{Kind, Violation};
use told::Told;

/// A run at one moment.
pub struct Moment<'a> {
    pub cluster: &'a Cluster,
    pub disks: &'a VirtualDisks,
    /// What happened in the last step: what producers were told, and what was said.
    pub acked: &'a [Acked],
    pub events: &'a [TraceEvent],
    /// All that was said so far.
    pub told: &'a Told,
}

impl Moment<'_> {
    /// Offsets and values of a partition, as its leader's disk has them.
    fn led(&self, topic: &str, partition: i32) -> Result<Vec<(i64, String)>, String> {
        let mut brokers = self.cluster.brokers();
        let led = brokers.find_map(|broker| {
            let replica = broker.replica(topic, partition)?;
            replica.leader_epoch()?;
            Some((broker.node_id(), replica))
        });
        let Some((id, leader)) = led else {
            return Err(format!("{topic}-{partition} has no leader"));
        };
        batches::values(self.disks, id, leader.log())
    }
}

/// Something that must always hold.
pub trait Invariant {
    fn name(&self) -> &'static str;

    /// After a step. An error says what is wrong.
    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String>;

    /// When the cluster has come to rest.
    fn check_at_rest(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        let _ = moment;
        Ok(())
    }
}

/// All invariants of one run.
pub struct Invariants {
    all: Vec<Box<dyn Invariant>>,
    told: Told,
}

impl Invariants {
    pub fn of(plan: &Plan) -> Invariants {
        let mut all: Vec<Box<dyn Invariant>> = vec![
            Box::new(leaders::OneLeaderAnEpoch::default()),
            Box::new(epochs::EpochsOnlyRise::default()),
            Box::new(roles::RoleEpochsRise::default()),
            Box::new(metadata::ImagesAreEqual::default()),
            Box::new(quorum::OneControllerAnEpoch::default()),
        ];
        if plan.class != Class::Careless {
            all.push(Box::new(groups::OneOwnerAGeneration::default()));
            all.push(Box::new(committed::CommittedStays::default()));
            all.push(Box::new(watermarks::HighWatermarksRise::default()));
            all.push(Box::new(losses::LossesAreAnnounced));
            all.push(Box::new(acked::AckedIsThere::new(plan)));
            all.push(Box::new(order::NoDuplicateNoGap::new(plan)));
        }
        if plan.class == Class::Strict {
            // Elsewhere a consumer may find its records gone, and begins anew.
            all.push(Box::new(groups::OffsetsStay::default()));
        }
        Invariants {
            all,
            told: Told::default(),
        }
    }

    /// One alone, to see what becomes of what it says.
    #[cfg(test)]
    pub fn only(one: Box<dyn Invariant>) -> Invariants {
        Invariants {
            all: vec![one],
            told: Told::default(),
        }
    }

    /// After a step.
    pub fn check(&mut self, host: &mut MemoryHost) -> Result<(), Violation> {
        self.each(host, |invariant, moment| invariant.check(moment))
    }

    pub fn check_at_rest(&mut self, host: &mut MemoryHost) -> Result<(), Violation> {
        self.each(host, |invariant, moment| invariant.check_at_rest(moment))
    }

    fn each(
        &mut self,
        host: &mut MemoryHost,
        mut check: impl FnMut(&mut dyn Invariant, &Moment<'_>) -> Result<(), String>,
    ) -> Result<(), Violation> {
        let acked = host.cluster.take_acked();
        let events = host.cluster.take_events();
        self.told.follow(&events);
        let moment = Moment {
            cluster: &host.cluster,
            disks: host.disks(),
            acked: &acked,
            events: &events,
            told: &self.told,
        };
        for invariant in &mut self.all {
            check(invariant.as_mut(), &moment).map_err(|what| Violation {
                kind: Kind::Correctness,
                invariant: invariant.name(),
                at: host.cluster.now(),
                step: host.cluster.steps(),
                what,
            })?;
        }
        Ok(())
    }
}
