//! A host in memory: the cluster on virtual disks. Tests run it, and whatever else needs no more.

use crate::{Boot, Cluster, Inspected, Mismatch, Progress, VirtualDisks};
use konbini_scenario::inspect::{Inspect, Inspection};
use konbini_scenario::{Invalid, Recording, TimedAction};

/// Steps between two looks at the disks.
const STEPS_PER_COMMIT: u64 = 2_000;

/// Loads in a row, without a step between them, at the most.
const LOADS_PER_STEP_MAX: u64 = 10_000;

/// A cluster and its disks.
pub struct MemoryHost {
    pub cluster: Cluster,
    disks: VirtualDisks,
    /// Log bytes kept in memory at the most; none means all.
    limit_bytes: Option<usize>,
}

/// Why a run in memory could not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    #[error(transparent)]
    Disk(#[from] Mismatch),
    #[error("nothing more than {steps} steps happened by {now} ms")]
    Stuck { steps: u64, now: i64 },
}

impl MemoryHost {
    /// Starts a recording from nothing. With a limit, log bytes leave memory after every step and
    /// come back from the disks when they are read.
    pub fn start(recording: &Recording, limit_bytes: Option<usize>) -> Result<MemoryHost, Invalid> {
        let boot = Boot {
            boot: 1,
            actions: &recording.actions,
            ..Boot::default()
        };
        Ok(MemoryHost {
            cluster: Cluster::new(recording.scenario.clone(), boot)?,
            disks: VirtualDisks::default(),
            limit_bytes,
        })
    }

    pub fn disks(&self) -> &VirtualDisks {
        &self.disks
    }

    /// The disks, for whoever damages them between two runs.
    pub fn disks_mut(&mut self) -> &mut VirtualDisks {
        &mut self.disks
    }

    /// Runs until the virtual time is reached; stores and loads what the brokers ask for.
    pub fn run_until(&mut self, virtual_ms: i64, max_steps: u64) -> Result<(), Stopped> {
        let start = self.cluster.steps();
        let mut loads = 0;
        let batch = match self.limit_bytes {
            Some(_) => 1,
            None => STEPS_PER_COMMIT,
        };
        loop {
            let progress = self.cluster.run_until(virtual_ms, batch);
            self.commit()?;
            match progress {
                Progress::Reached => return Ok(()),
                Progress::OutOfSteps => loads = 0,
                Progress::Blocked => {
                    self.load();
                    loads += 1;
                }
                Progress::Dark => self.cluster.power_on(self.disks.images()),
            }
            if self.cluster.steps() - start > max_steps || loads > LOADS_PER_STEP_MAX {
                return Err(Stopped::Stuck {
                    steps: max_steps,
                    now: self.cluster.now(),
                });
            }
        }
    }

    /// Lets one thing happen; stores and loads what the brokers ask for, and brings the power back.
    pub fn step(&mut self) -> Result<(), Stopped> {
        let progress = self.cluster.step();
        self.commit()?;
        match progress {
            Progress::Reached | Progress::OutOfSteps => {}
            Progress::Blocked => self.load(),
            Progress::Dark => self.cluster.power_on(self.disks.images()),
        }
        Ok(())
    }

    /// Kills the process and starts another: only the disks, the clock, the actions and the hash
    /// are left.
    pub fn restart(&mut self) -> Result<(), Invalid> {
        let recording = self.cluster.recording();
        let mut actions: Vec<TimedAction> = recording.actions;
        let done = actions.len();
        actions.extend(self.cluster.upcoming().cloned());
        let boot = Boot {
            now: self.cluster.now(),
            boot: self.cluster.next_boot(),
            disks: self.disks.images(),
            actions: &actions,
            done,
            trace_hash: Some(self.cluster.trace_hash()),
            ..Boot::default()
        };
        self.cluster = Cluster::new(recording.scenario, boot)?;
        Ok(())
    }

    /// Looks closely at one thing; what is needed from a disk is loaded.
    pub fn inspect(&mut self, what: &Inspect) -> Inspected {
        for _ in 0..LOADS_PER_STEP_MAX {
            match self.cluster.inspect(what) {
                Inspected::Wanted { node, load } => {
                    let result = self.disks.load(node, &load);
                    self.cluster.lend(node, &load, result);
                }
                answer => return answer,
            }
        }
        let why = "too-many-loads".to_owned();
        Inspected::Answer(Inspection::Nothing { why })
    }

    fn commit(&mut self) -> Result<(), Mismatch> {
        for (node, op) in self.cluster.take_store_ops() {
            self.disks.apply(node, op)?;
        }
        if let Some(limit) = self.limit_bytes {
            self.cluster.evict(limit);
        }
        Ok(())
    }

    fn load(&mut self) {
        let wanted: Vec<_> = self.cluster.wanted_loads().cloned().collect();
        for wanted in wanted {
            let result = self.disks.load(wanted.node, &wanted.load);
            self.cluster.loaded(wanted.node, wanted.id, result);
        }
    }
}
