//! Opening a run: the stored one after what was a power cut, or a new one; and deleting.

use super::Host;
use super::command::{refusal, refused};
use super::run::Run;
use crate::disk::Disk;
use crate::inbox::PageId;
use crate::pace::Pace;
use crate::programs::Programs;
use crate::recording::{Recorder, StoredRun};
use crate::store::Store;
use crate::store::catalog::{Catalog, LogAt};
use crate::store::database::{self, Database};
use crate::store::failure::{FailureKind, StoreFailure};
use crate::store::recover::{Recovered, recover};
use konbini_bridge::{Notice, Refusal, Reply};
use konbini_cluster::{Boot, Cluster};
use konbini_scenario::{Code, Recording};

/// What the browser's storage holds for us.
enum Found {
    Nothing(Database),
    Run(Box<Stored>),
    /// Something that must not be written over without being asked, or nothing that can be had.
    Unusable(Notice),
}

/// A stored run that can go on.
struct Stored {
    cluster: Cluster,
    disk: Disk,
    recorder: Recorder,
    programs: Programs,
    /// Logs with rows of the index that cannot be understood, and what they are.
    damaged: Vec<(LogAt, String)>,
}

impl Host {
    pub(super) async fn open(
        &mut self,
        page: PageId,
        id: u32,
        recording: Recording,
        replace: bool,
    ) {
        if replace {
            return self.restart(page, id, recording).await;
        }
        if let Some(run) = &self.run {
            let scenario = Box::new(run.cluster.scenario().clone());
            let resumed = true;
            self.answer_committed(page, id, Ok(Reply::Opened { resumed, scenario }));
            return;
        }
        let opened = match self.find().await {
            Found::Nothing(database) => {
                let disk = self.disk_of(database, Catalog::default());
                self.begin(recording, disk)
            }
            Found::Run(stored) => Ok(self.go_on(*stored)),
            Found::Unusable(notice) => {
                self.notify_all(&notice);
                self.begin(recording, Disk::in_memory())
            }
        };
        self.opened(page, id, opened);
    }

    /// Starts a recording from nothing, and its programs with it; what was stored is deleted.
    pub(super) async fn rerun(&mut self, page: PageId, id: u32, mut recording: Recording) {
        if let Err(invalid) = recording.validate() {
            self.answer(page, id, Err(refused(invalid)));
            return;
        }
        let steps = std::mem::take(&mut recording.code.programs);
        let runs = self.runs;
        self.restart(page, id, recording).await;
        if let Some(run) = &mut self.run
            && self.runs > runs
        {
            run.programs.repeat(steps, page);
        }
    }

    /// Starts a recording from nothing, without its programs; what was stored is deleted.
    pub(super) async fn restart(&mut self, page: PageId, id: u32, mut recording: Recording) {
        recording.code = Code::default();
        // Nothing is deleted for a recording that cannot run.
        if let Err(invalid) = recording.validate() {
            self.answer(page, id, Err(refused(invalid)));
            return;
        }
        let disk = match self.empty_disk().await {
            Ok(disk) => disk,
            Err(notice) => {
                self.notify_all(&notice);
                Disk::in_memory()
            }
        };
        let opened = self.begin(recording, disk);
        self.opened(page, id, opened);
    }

    /// Ends the run, deletes everything stored, and gives a disk for the next run.
    ///
    /// What could not be deleted is not written over: the notice says why the next lives in memory.
    async fn empty_disk(&mut self) -> Result<Disk, Notice> {
        let deleted = self.delete().await;
        if let Some(notice) = &self.unguarded {
            return Err(notice.clone());
        }
        if let Err(failure) = deleted {
            let detail = not_deleted(&failure).message;
            return Err(Notice::StorageDenied { detail });
        }
        let database = Database::open(&self.database).await.map_err(notice_of)?;
        Ok(self.disk_of(database, Catalog::default()))
    }

    pub(super) async fn reset(&mut self, page: PageId, id: u32) {
        let outcome = match self.delete().await {
            Ok(()) => Ok(Reply::Done),
            Err(failure) => Err(not_deleted(&failure)),
        };
        self.answer(page, id, outcome);
    }

    /// Ends the run and deletes everything stored.
    async fn delete(&mut self) -> Result<(), StoreFailure> {
        if let Some(mut run) = self.run.take() {
            run.disk.settled().await;
            self.release_all();
            self.refuse_waiting(&run);
            self.ports.end_all();
            run.programs.end_all();
            self.pages
                .values_mut()
                .for_each(|feed| *feed = Default::default());
            self.last_frame = None;
            self.storing_stopped = false;
            run.disk.delete().await?;
        }
        if self.unguarded.is_some() {
            return Ok(());
        }
        match database::delete(&self.database).await {
            // Where there is no storage there is nothing to delete.
            Err(failure) if failure.kind == FailureKind::Absent => Ok(()),
            other => other,
        }
    }

    /// Nobody waits for ever for a run that is gone.
    fn refuse_waiting(&self, run: &Run) {
        let inspections = run.inspections.iter().map(|&(page, id, _)| (page, id));
        let advances = run
            .advances
            .iter()
            .map(|advance| (advance.page, advance.id));
        for &(page, id, _) in &run.endings {
            self.answer(page, id, Ok(Reply::Done));
        }
        for (page, id) in inspections.chain(advances) {
            let message = "The run was started over before it could answer.";
            self.answer(page, id, Err(refusal("run-replaced", message)));
        }
    }

    async fn find(&self) -> Found {
        if let Some(notice) = &self.unguarded {
            return Found::Unusable(notice.clone());
        }
        let database = match Database::open(&self.database).await {
            Ok(database) => database,
            Err(failure) => return Found::Unusable(notice_of(failure)),
        };
        let stored = match recover(&database).await {
            Ok(recovered) => self.stored(database, recovered),
            Err(failure) => Err(format!("the index: {failure}")),
        };
        stored.unwrap_or_else(|detail| Found::Unusable(Notice::StorageUnusable { detail }))
    }

    /// # Errors
    /// What is stored cannot be used; a sentence says why.
    fn stored(&self, database: Database, recovered: Recovered) -> Result<Found, String> {
        let Some(stored) = StoredRun::parse(&recovered.meta)? else {
            return Ok(Found::Nothing(database));
        };
        let recorder = Recorder::resuming(&stored);
        let programs = Programs::resuming(stored.programs, stored.now);
        let boot = Boot {
            now: stored.now,
            boot: stored.boot,
            disks: recovered.disks(),
            actions: &stored.actions,
            done: stored.done,
            trace_hash: stored.trace_hash,
            ..Boot::default()
        };
        // A row that may be of any log leaves none of them known to be whole.
        let damaged = recovered.unreadable.into_iter();
        let damaged =
            damaged.map(|(log, detail)| log.map(|log| (log, detail.clone())).ok_or(detail));
        let damaged = damaged.collect::<Result<Vec<_>, String>>()?;
        let cluster = Cluster::new(stored.scenario, boot).map_err(|invalid| invalid.message)?;
        Ok(Found::Run(Box::new(Stored {
            cluster,
            disk: self.disk_of(database, recovered.catalog),
            recorder,
            programs,
            damaged,
        })))
    }

    fn disk_of(&self, database: Database, catalog: Catalog) -> Disk {
        let signal = self.inbox.signal().clone();
        Disk::Browser(Store::new(database, catalog, signal))
    }

    fn begin(&mut self, recording: Recording, disk: Disk) -> Result<bool, Refusal> {
        let boot = Boot {
            boot: 1,
            actions: &recording.actions,
            ..Boot::default()
        };
        let cluster = Cluster::new(recording.scenario, boot).map_err(refused)?;
        self.runs += 1;
        self.run = Some(Run::new(
            cluster,
            disk,
            Recorder::default(),
            Programs::default(),
        ));
        Ok(false)
    }

    fn go_on(&mut self, stored: Stored) -> bool {
        for (log, detail) in stored.damaged {
            let log = format!("{} (broker {})", log.dir, log.node);
            self.notify_all(&Notice::StorageDamaged { log, detail });
        }
        self.runs += 1;
        let Stored {
            cluster,
            disk,
            recorder,
            programs,
            ..
        } = stored;
        self.run = Some(Run::new(cluster, disk, recorder, programs));
        true
    }

    fn opened(&mut self, page: PageId, id: u32, opened: Result<bool, Refusal>) {
        let speed = self.pace.speed();
        self.pace = Pace::default();
        self.pace.set_speed(speed);
        self.collect();
        match (opened, &self.run) {
            (Ok(resumed), Some(run)) => {
                let scenario = Box::new(run.cluster.scenario().clone());
                self.answer_committed(page, id, Ok(Reply::Opened { resumed, scenario }));
            }
            (Err(refusal), _) => self.answer(page, id, Err(refusal)),
            (Ok(_), None) => {}
        }
    }
}

/// Why a run lives in memory.
fn notice_of(failure: StoreFailure) -> Notice {
    let detail = failure.detail;
    match failure.kind {
        FailureKind::Newer => Notice::StorageNewer { detail },
        _ => Notice::StorageDenied { detail },
    }
}

fn not_deleted(failure: &StoreFailure) -> Refusal {
    let message = format!("What is stored could not be deleted: {}", failure.detail);
    refusal("storage", &message)
}
