//! A run as the host has it: the cluster with its disk, and who waits for something of it.

use crate::clock::real_ms;
use crate::crash;
use crate::disk::Disk;
use crate::inbox::{Inbox, Input, PageId};
use crate::programs::Programs;
use crate::recording::Recorder;
use konbini_cluster::{Cluster, LoadId, Progress};
use konbini_log::{LogDir, StoreOp};
use konbini_scenario::inspect::Inspect;
use std::collections::{BTreeSet, VecDeque};

/// Steps between two looks at the real clock.
const STEPS_PER_LOOK: u64 = 128;
/// Steps after which a millisecond that does not end is cut in two.
const STEPS_PER_MS_MAX: u64 = 100_000;
/// New log bytes after which the run waits for the disk, so that old ones can leave memory: this
/// part of what may stay.
const UNEVICTED_PART_MAX: usize = 4;
/// New log bytes that are worth an eviction: this part of what may stay.
const UNEVICTED_PART_MIN: usize = 64;

/// A cluster with its disk.
pub(super) struct Run {
    pub(super) cluster: Cluster,
    pub(super) disk: Disk,
    pub(super) recorder: Recorder,
    /// Operations of a millisecond that is not over: they are stored when it is, so that what is
    /// on disk is always what a power cut leaves in a replay too.
    held: Vec<(i32, StoreOp)>,
    /// Loads that are under way.
    pub(super) loading: BTreeSet<(i32, LoadId)>,
    /// Bytes that may have become resident since the last eviction.
    pub(super) unevicted: u64,
    /// Logs whose damage was told.
    pub(super) damaged: BTreeSet<(i32, LogDir)>,
    /// Inspections that wait for loads.
    pub(super) inspections: Vec<(PageId, u32, Inspect)>,
    pub(super) advances: VecDeque<Advance>,
    pub(super) programs: Programs,
    /// Who waits until a program's worker is not needed any more: page, request, program.
    pub(super) endings: Vec<(PageId, u32, u32)>,
    /// It lives in memory and has used up what it may have there.
    pub(super) memory_full: bool,
}

/// An [`Advance`](konbini_bridge::Command::Advance) or a [`Step`](konbini_bridge::Command::Step)
/// that goes on, or waits for those before it.
pub(super) struct Advance {
    pub(super) by: By,
    /// Virtual ms; known when its turn has come.
    pub(super) until: Option<i64>,
    pub(super) page: PageId,
    pub(super) id: u32,
}

pub(super) enum By {
    /// Virtual ms.
    Ms(u32),
    /// To the next moment at which anything happens, and to the end of it.
    Step,
}

impl Run {
    pub(super) fn new(cluster: Cluster, disk: Disk, recorder: Recorder, programs: Programs) -> Run {
        Run {
            cluster,
            disk,
            recorder,
            held: Vec::new(),
            loading: BTreeSet::new(),
            unevicted: 0,
            damaged: BTreeSet::new(),
            inspections: Vec::new(),
            advances: VecDeque::new(),
            programs,
            endings: Vec::new(),
            memory_full: false,
        }
    }

    /// The generation that what is seen now depends on.
    pub(super) fn generation(&self) -> u64 {
        let owes = !self.held.is_empty() || self.lacks_actions();
        self.disk.submitted() + u64::from(owes)
    }

    fn lacks_actions(&self) -> bool {
        let programs = self.programs.done();
        self.recorder.lacks_actions(&self.cluster, programs)
    }

    /// Whether everything up to now has happened, with the power on: a paused run rests only there.
    pub(super) fn is_at_rest(&self) -> bool {
        let quiet = self.programs.is_quiet(self.cluster.now());
        quiet && self.cluster.is_settled() && !self.cluster.is_dark()
    }

    /// Virtual ms of the next thing to happen, in the cluster or in a program.
    pub(super) fn next_at(&self) -> Option<i64> {
        let both = [self.cluster.next_at(), self.programs.next_at()];
        both.into_iter().flatten().min()
    }

    /// Virtual ms that the first of those who wait to advance wants to see.
    pub(super) fn goal(&mut self) -> Option<i64> {
        let now = self.cluster.now();
        let next = self.next_at().unwrap_or(now);
        let advance = self.advances.front_mut()?;
        Some(*advance.until.get_or_insert(match advance.by {
            By::Ms(ms) => now + i64::from(ms),
            By::Step => next,
        }))
    }

    /// Whether the first of those who wait to advance has what it asked for, once the millisecond
    /// is over.
    pub(super) fn advance_ends(&self) -> bool {
        let until = self.advances.front().and_then(|advance| advance.until);
        until.is_some_and(|until| self.cluster.now() >= until)
    }

    /// Runs to the target, or until that real moment; then to the end of the millisecond.
    pub(super) fn slice(&mut self, target: i64, until: f64) -> Progress {
        if !self.programs.is_empty() {
            return self.slice_in_step(target, until);
        }
        loop {
            let progress = self.cluster.run_until(target, STEPS_PER_LOOK);
            crash::note(&self.cluster);
            if progress != Progress::OutOfSteps {
                return progress;
            }
            if real_ms() >= until {
                return match self.cluster.run_until(self.cluster.now(), STEPS_PER_MS_MAX) {
                    Progress::Reached => Progress::OutOfSteps,
                    other => other,
                };
            }
        }
    }

    /// The same, no further than to the first moment at which a program has something to do.
    fn slice_in_step(&mut self, target: i64, until: f64) -> Progress {
        let target = (self.programs.next_at()).map_or(target, |at| at.min(target));
        loop {
            let next = self.cluster.next_at().filter(|at| *at <= target);
            let progress = self
                .cluster
                .run_until(next.unwrap_or(target), STEPS_PER_MS_MAX);
            crash::note(&self.cluster);
            if progress != Progress::Reached || next.is_none() || self.cluster.has_external() {
                return progress;
            }
            if real_ms() >= until {
                return Progress::OutOfSteps;
            }
        }
    }

    /// Hands a generation to the disk, unless the present millisecond is not over.
    pub(super) fn store(&mut self) {
        for (node, op) in self.cluster.take_store_ops() {
            if let StoreOp::Append { bytes, .. } = &op {
                self.unevicted += bytes.len() as u64;
            }
            self.held.push((node, op));
        }
        if self.lacks_held_bytes() {
            // The load cannot be served otherwise, and the millisecond cannot end without it. The
            // clock that is stored stays where it is.
            let ops = std::mem::take(&mut self.held);
            self.disk.submit(ops, Vec::new());
            return;
        }
        if !self.cluster.is_settled() {
            return;
        }
        // Where an advance ends is told to whoever asked for it: a reload begins no earlier.
        let anyway = !self.held.is_empty() || self.advance_ends();
        let programs = self.programs.done();
        let meta = self
            .recorder
            .changes(&self.cluster, programs, real_ms(), anyway);
        if !self.held.is_empty() || !meta.is_empty() {
            let ops = std::mem::take(&mut self.held);
            self.disk.submit(ops, meta);
        }
    }

    /// Whether a load is wanted of a log with operations that the disk does not know yet: a broker
    /// that starts again reads what it appended in this very millisecond.
    fn lacks_held_bytes(&self) -> bool {
        let mut wanted = self.cluster.wanted_loads();
        wanted.any(|wanted| {
            let same =
                |(node, op): &(i32, StoreOp)| *node == wanted.node && *op.dir() == wanted.load.dir;
            self.held.iter().any(same)
        })
    }

    /// Starts the loads that the cluster waits for; whether there are any.
    pub(super) fn start_loads(&mut self, inbox: &Inbox, number: u32) -> bool {
        for wanted in self.cluster.wanted_loads() {
            if !self.loading.insert((wanted.node, wanted.id)) {
                continue;
            }
            let (inbox, disk, wanted) = (inbox.clone(), self.disk.clone(), wanted.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let result = disk.load(wanted.node, &wanted.load).await;
                inbox.push(Input::Loaded {
                    run: number,
                    node: wanted.node,
                    id: wanted.id,
                    result,
                });
            });
        }
        !self.loading.is_empty()
    }

    pub(super) fn is_stored(&self) -> bool {
        self.held.is_empty() && self.disk.committed() >= self.disk.submitted()
    }

    pub(super) fn waits_for_disk(&self, limit: usize) -> bool {
        let most = (limit / UNEVICTED_PART_MAX) as u64;
        self.unevicted >= most && !self.is_stored() && self.held.is_empty()
    }

    /// Lets log bytes leave memory, once there are new ones and all are stored.
    pub(super) fn evict(&mut self, limit: usize) {
        let least = (limit / UNEVICTED_PART_MIN) as u64;
        if self.unevicted >= least && self.is_stored() {
            self.cluster.evict(limit);
            self.unevicted = 0;
        }
    }
}
