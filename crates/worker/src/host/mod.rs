//! The host: gives a cluster time, disks and connections, and pages what they ask for.
//!
//! One task owns everything here. It takes what arrived, runs the cluster for a slice of at most
//! [`SLICE_MS`], hands what is to be stored to the disk, and gives the thread back.
//!
//! Output commit: whatever leaves (frames, replies that tell of the run, bytes through a port)
//! carries the generation that it depends on, and goes once the disk has that generation.

mod command;
mod open;
mod run;
mod tick;

use crate::clock::{Timer, Yielder, real_ms};
use crate::disk::MEMORY_BYTES_MAX;
use crate::feed::Feed;
use crate::inbox::{Inbox, Input, PageId};
use crate::pace::Pace;
use crate::ports::Ports;
use bytes::Bytes;
use konbini_bridge::{Frame, Notice, Refusal, Reply, StorageView, Update};
use konbini_cluster::{ExternalId, ExternalOutput};
use run::Run;
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use tick::Next;
use wasm_bindgen::JsValue;

/// Real ms that the cluster runs before the thread is given back.
pub const SLICE_MS: f64 = 8.0;
/// Log bytes that are kept in memory, unless [`Host::keep_at_most`] says otherwise.
pub const RESIDENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Real ms that the host sleeps at the most while a run goes on.
const SLEEP_MS_MAX: f64 = 1_000.0;

/// Sends an update to a page.
pub type Outlet = Box<dyn Fn(PageId, Update)>;

pub struct Host {
    inbox: Inbox,
    outlet: Outlet,
    yielder: Yielder,
    /// Name of the database.
    database: String,
    /// Why the database is not to be touched, where that is so.
    unguarded: Option<Notice>,
    resident_bytes_max: usize,
    memory_bytes_max: u64,
    pace: Pace,
    run: Option<Run>,
    /// Runs so far.
    runs: u32,
    pages: BTreeMap<PageId, Feed>,
    ports: Ports,
    outgoing: VecDeque<(u64, Outgoing)>,
    /// The newest frame that went out, for when none can be committed.
    last_frame: Option<Frame>,
    /// Whether the reader was told that storing has stopped.
    storing_stopped: bool,
}

/// What waits for its generation.
enum Outgoing {
    Frame(PageId, Box<Frame>),
    Reply(PageId, u32, Result<Reply, Refusal>),
    Port(ExternalId, ExternalOutput),
    Turn(u32, Bytes),
}

impl Host {
    /// # Errors
    /// The browser gives no `MessageChannel`.
    pub fn new(inbox: Inbox, database: &str, outlet: Outlet) -> Result<Host, JsValue> {
        Ok(Host {
            inbox,
            outlet,
            yielder: Yielder::new()?,
            database: database.to_owned(),
            unguarded: None,
            resident_bytes_max: RESIDENT_BYTES_MAX,
            memory_bytes_max: MEMORY_BYTES_MAX,
            pace: Pace::default(),
            run: None,
            runs: 0,
            pages: BTreeMap::new(),
            ports: Ports::default(),
            outgoing: VecDeque::new(),
            last_frame: None,
            storing_stopped: false,
        })
    }

    /// Sets how many log bytes stay in memory; those beyond come back from the store when needed.
    #[must_use]
    pub fn keep_at_most(mut self, bytes: usize) -> Host {
        self.resident_bytes_max = bytes;
        self
    }

    /// Sets how many bytes a run that lives in memory only may have on its disks there.
    #[must_use]
    pub fn live_in_at_most(mut self, bytes: u64) -> Host {
        self.memory_bytes_max = bytes;
        self
    }

    /// Nothing keeps another tab from writing to the same database, so this host leaves it alone:
    /// its runs live in memory.
    #[must_use]
    pub fn unguarded(mut self, detail: String) -> Host {
        self.unguarded = Some(Notice::StorageUnguarded { detail });
        self
    }

    /// Serves for as long as the worker lives.
    pub async fn serve(mut self) {
        loop {
            while let Some(input) = self.inbox.take() {
                self.take(input).await;
            }
            match self.tick().await {
                Next::Again => self.yielder.pause().await,
                Next::After(ms) => self.sleep(ms).await,
                Next::OnSignal => self.inbox.signal().wait().await,
            }
        }
    }

    /// Waits for that long, or until something arrives.
    async fn sleep(&self, ms: f64) {
        let mut timer = pin!(Timer::new(ms.ceil() as i32));
        let mut signal = pin!(self.inbox.signal().wait());
        poll_fn(|context| {
            let raised = signal.as_mut().poll(context).is_ready();
            if raised || timer.as_mut().poll(context).is_ready() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    async fn take(&mut self, input: Input) {
        match input {
            Input::Request {
                page,
                request,
                port,
            } => {
                self.pages.entry(page).or_default();
                self.command(page, request, port).await;
            }
            Input::PageGone(page) => self.forget_page(page),
            Input::PortBytes(port, bytes) => {
                let Some(run) = &mut self.run else { return };
                if let Some(number) = run.programs.by_port(port) {
                    run.programs.report(number, bytes, &mut run.cluster);
                } else if let Some(id) = self.ports.connection(port) {
                    run.cluster.send(id, bytes);
                }
            }
            Input::PortEnded(port) => {
                let Some(run) = &mut self.run else { return };
                if let Some(number) = run.programs.by_port(port) {
                    run.programs.remove(number, &mut run.cluster);
                } else if let Some(id) = self.ports.connection(port) {
                    run.cluster.close(id);
                    self.ports.forget(id);
                }
            }
            // Bytes of a run that was deleted meanwhile are nothing to its successor.
            Input::Loaded { run, .. } | Input::Lent { run, .. } if run != self.runs => {}
            Input::Loaded {
                node, id, result, ..
            } => self.loaded(node, id, result),
            Input::Lent {
                node, load, result, ..
            } => self.lent(node, &load, result),
        }
    }

    fn forget_page(&mut self, page: PageId) {
        self.pages.remove(&page);
        if let Some(run) = &mut self.run {
            run.programs.remove_page(page, &run.cluster);
        }
        for id in self.ports.of_page(page) {
            if let Some(run) = &mut self.run {
                run.cluster.close(id);
            }
            self.ports.forget(id);
        }
    }

    /// Replies at once: the answer tells nothing that has to be stored first.
    fn answer(&self, page: PageId, id: u32, outcome: Result<Reply, Refusal>) {
        (self.outlet)(page, Update::Reply { id, outcome });
    }

    /// Replies when everything up to now is stored.
    fn answer_committed(&mut self, page: PageId, id: u32, outcome: Result<Reply, Refusal>) {
        self.collect();
        let generation = self.run.as_ref().map_or(0, Run::generation);
        let reply = Outgoing::Reply(page, id, outcome);
        self.outgoing.push_back((generation, reply));
    }

    fn notify_all(&self, notice: &Notice) {
        for &page in self.pages.keys() {
            (self.outlet)(page, Update::Notice(notice.clone()));
        }
    }

    fn storage(&self) -> StorageView {
        self.run
            .as_ref()
            .map_or_else(StorageView::default, |run| run.disk.view())
    }

    /// Lets everything go whose generation is stored.
    fn release(&mut self) {
        let committed = self
            .run
            .as_ref()
            .map_or(u64::MAX, |run| run.disk.committed());
        while let Some((generation, _)) = self.outgoing.front()
            && *generation <= committed
            && let Some((_, outgoing)) = self.outgoing.pop_front()
        {
            self.let_go(outgoing);
        }
    }

    fn let_go(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Frame(page, mut frame) => {
                frame.storage = self.storage();
                (self.outlet)(page, Update::Frame(frame.clone()));
                frame.flights.clear();
                frame.events.clear();
                frame.undrawn = 0;
                self.last_frame = Some(*frame);
            }
            Outgoing::Reply(page, id, outcome) => self.answer(page, id, outcome),
            Outgoing::Port(id, output) => self.ports.tell(id, output),
            Outgoing::Turn(number, message) => {
                if let Some(run) = &mut self.run {
                    run.programs.send(number, message, real_ms());
                }
            }
        }
    }

    /// Lets everything go, stored or not: the run it tells of is about to be deleted.
    fn release_all(&mut self) {
        while let Some((_, outgoing)) = self.outgoing.pop_front() {
            self.let_go(outgoing);
        }
    }

    /// Answers a page that asked for a frame.
    fn frame(&mut self, page: PageId) {
        let real = real_ms();
        let stopped = self.storing_stopped;
        if stopped || self.run.is_none() {
            // Nothing newer can be committed: what was, with how things stand.
            let mut frame = self.last_frame.clone().unwrap_or_default();
            frame.paused = true;
            frame.storage = self.storage();
            (self.outlet)(page, Update::Frame(Box::new(frame)));
            return;
        }
        self.collect();
        let Some(run) = &mut self.run else { return };
        let (events, flights, undrawn) = self.pages.entry(page).or_default().take();
        let frame = Frame {
            paused: self.pace.is_paused(),
            speed: self.pace.speed(),
            behind: self.pace.is_behind(real),
            snapshot: run.cluster.snapshot(),
            flights,
            undrawn,
            events,
            storage: StorageView::default(),
        };
        let frame = Outgoing::Frame(page, Box::new(frame));
        self.outgoing.push_back((run.generation(), frame));
    }
}
