//! One turn of the host: run a slice, store what it changed, let go what is stored.

use super::command::memory_full;
use super::{Host, Outgoing, SLEEP_MS_MAX, SLICE_MS};
use crate::clock::real_ms;
use crate::inbox::PageId;
use crate::store::failure::FailureKind;
use konbini_bridge::{Notice, Reply, Update};
use konbini_cluster::{LoadId, Progress};
use konbini_log::LoadError;

/// Waiting for less is not worth a timer, which browsers stretch to 4 ms.
const TIMER_MS_MIN: f64 = 4.0;

/// When to take the next turn.
pub(super) enum Next {
    /// At once, after the browser's other tasks.
    Again,
    /// After so many real ms, or when something arrives.
    After(f64),
    /// When something arrives.
    OnSignal,
}

impl Host {
    pub(super) async fn tick(&mut self) -> Next {
        self.watch_disk();
        self.watch_memory();
        self.release();
        let Some(run) = &mut self.run else {
            return Next::OnSignal;
        };
        if self.storing_stopped {
            return Next::OnSignal;
        }
        let limit = self.resident_bytes_max;
        if run.start_loads(&self.inbox, self.runs) || run.waits_for_disk(limit) {
            self.pace.restart();
            return Next::OnSignal;
        }
        run.evict(limit);
        if let Some(ms) = self.programs_turn() {
            return Next::After(ms);
        }
        let Some(run) = &mut self.run else {
            return Next::OnSignal;
        };
        let goal = run.goal();
        if self.pace.is_paused() && goal.is_none() && run.is_at_rest() {
            return Next::OnSignal;
        }
        let real = real_ms();
        let now = run.cluster.now();
        let target = goal.unwrap_or_else(|| self.pace.target(real, now));
        let progress = run.slice(target, real + SLICE_MS);
        self.collect();
        self.finish_advances();
        self.release();
        self.after(progress, goal.is_some()).await
    }

    /// Gives programs their turns, when this moment has settled; real ms to wait for their reports.
    fn programs_turn(&mut self) -> Option<f64> {
        self.answer_endings();
        if self.run.as_ref()?.programs.is_empty() {
            return None;
        }
        // What a turn depends on has to be on its way to the disk.
        self.collect();
        let run = self.run.as_mut()?;
        let real = real_ms();
        if run.cluster.is_settled() && run.programs.wait(real, &mut run.cluster).is_none() {
            run.programs.take_steps(real, &mut run.cluster);
            let turns = match run.programs.wait(real, &mut run.cluster) {
                None => run.programs.turns(run.cluster.now(), real),
                // For a program that should begin at this moment.
                Some(_) => Vec::new(),
            };
            for turn in turns {
                if turn.tells {
                    let turn_out = Outgoing::Turn(turn.number, turn.message);
                    self.outgoing.push_back((run.generation(), turn_out));
                } else {
                    run.programs.send(turn.number, turn.message, real);
                }
            }
            self.release();
        }
        let run = self.run.as_mut()?;
        let wait = run.programs.wait(real, &mut run.cluster);
        if let Some((page, orders)) = run.programs.take_orders() {
            for order in orders {
                (self.outlet)(page, Update::Order(order));
            }
        }
        wait.map(|ms| ms.max(TIMER_MS_MIN))
    }

    /// Tells pages which workers nobody needs any more.
    fn answer_endings(&mut self) {
        let Some(run) = &mut self.run else { return };
        if !run.cluster.is_settled() {
            return;
        }
        let now = run.cluster.now();
        let (over, waiting) = std::mem::take(&mut run.endings)
            .into_iter()
            .partition(|(_, _, number)| run.programs.is_dispensable(*number, now));
        run.endings = waiting;
        let over: Vec<(PageId, u32, u32)> = over;
        for (page, id, _) in over {
            self.answer(page, id, Ok(Reply::Done));
        }
    }

    async fn after(&mut self, progress: Progress, advancing: bool) -> Next {
        let Some(run) = &mut self.run else {
            return Next::OnSignal;
        };
        let (real, now) = (real_ms(), run.cluster.now());
        if advancing {
            self.pace.restart();
        } else {
            self.pace.ran(real, now);
        }
        match progress {
            Progress::Dark => {
                self.power_on().await;
                Next::Again
            }
            Progress::Blocked | Progress::OutOfSteps => Next::Again,
            Progress::Reached if !run.advances.is_empty() => Next::Again,
            Progress::Reached if !run.programs.is_quiet(now) => Next::Again,
            Progress::Reached => {
                let wait = self.pace.wait(real, run.next_at(), SLEEP_MS_MAX);
                // Code that talks to a broker waits for each answer, so it is worth the turns.
                if wait < TIMER_MS_MIN && !self.ports.is_empty() {
                    Next::Again
                } else {
                    Next::After(wait.max(TIMER_MS_MIN))
                }
            }
        }
    }

    /// Brings the power back with what the disks kept.
    pub(super) async fn power_on(&mut self) {
        let Some(run) = &mut self.run else { return };
        // Where they cannot be read storing has stopped: the next turn says so, and it stays dark
        // until that goes on.
        if let Ok(images) = run.disk.images().await {
            run.cluster.power_on(images);
            self.collect();
        }
        self.pace.restart();
    }

    /// Takes everything out of the cluster; hands to the disk what is to be stored.
    pub(super) fn collect(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.store();
        let generation = run.generation();
        for (id, output) in run.cluster.take_external() {
            if run.programs.tell(id, &output, run.cluster.now()) {
                continue;
            }
            let output = Outgoing::Port(id, output);
            self.outgoing.push_back((generation, output));
        }
        let events = run.cluster.take_events();
        let (flights, undrawn) = run.cluster.take_flights();
        for feed in self.pages.values_mut() {
            feed.add(&events, &flights, undrawn);
        }
    }

    fn finish_advances(&mut self) {
        while let Some(run) = &mut self.run
            && run.advance_ends()
            && run.is_at_rest()
            && let Some(advance) = run.advances.pop_front()
        {
            self.answer_committed(advance.page, advance.id, Ok(Reply::Done));
        }
    }

    /// Tells the reader when storing stops and when it goes on.
    fn watch_disk(&mut self) {
        let Some(run) = &self.run else { return };
        let failure = run.disk.failure();
        match (failure, self.storing_stopped) {
            (Some(failure), false) => {
                self.storing_stopped = true;
                self.pace.pause();
                let detail = failure.detail;
                self.notify_all(&match failure.kind {
                    FailureKind::Full => Notice::StorageFull { detail },
                    _ => Notice::StorageFailed { detail },
                });
            }
            (None, true) if run.disk.committed() >= run.disk.submitted() => {
                self.storing_stopped = false;
                self.pace.resume();
                self.notify_all(&Notice::StorageRecovered);
            }
            _ => {}
        }
    }

    /// A run in memory that has used up what it may have goes no further: pauses, tells the reader,
    /// and refuses those who wait for more.
    fn watch_memory(&mut self) {
        let limit = self.memory_bytes_max;
        let Some(run) = &mut self.run else { return };
        if run.disk.memory_bytes() < limit {
            return;
        }
        let told = std::mem::replace(&mut run.memory_full, true);
        let waiting = std::mem::take(&mut run.advances);
        self.pace.pause();
        for advance in waiting {
            self.answer(advance.page, advance.id, Err(memory_full(limit)));
        }
        if !told {
            let limit_bytes = limit;
            self.notify_all(&Notice::MemoryFull { limit_bytes });
        }
    }

    pub(super) fn loaded(
        &mut self,
        node: i32,
        id: LoadId,
        result: Result<bytes::Bytes, LoadError>,
    ) {
        let Some(run) = &mut self.run else { return };
        if !run.loading.remove(&(node, id)) {
            return;
        }
        let wanted = run
            .cluster
            .wanted_loads()
            .find(|one| one.node == node && one.id == id);
        let dir = wanted.map(|wanted| wanted.load.dir.clone());
        run.unevicted += result.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let failed = result.as_ref().err().map(LoadError::to_string);
        run.cluster.loaded(node, id, result);
        if let (Some(dir), Some(detail)) = (dir, failed)
            && run.damaged.insert((node, dir.clone()))
        {
            let log = format!("{dir} (broker {node})");
            self.notify_all(&Notice::StorageDamaged { log, detail });
        }
        self.collect();
    }
}
