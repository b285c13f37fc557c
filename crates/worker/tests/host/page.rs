//! A page as the tests play it: it asks, and hears what comes.

use konbini_bridge::{Command, Frame, Notice, Refusal, Reply, Request, Update};
use konbini_scenario::{Recording, Scenario, Snapshot};
use konbini_worker::host::{Host, RESIDENT_BYTES_MAX};
use konbini_worker::inbox::{Inbox, Input, PageId};
use konbini_worker::ports::PortEnd;
use konbini_worker::signal::{Condition, Signal};
use konbini_worker::store::database;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

/// Virtual ms of a minute.
pub const MINUTE: u32 = 60_000;

#[derive(Clone, Default)]
pub struct Heard(Rc<Inner>);

#[derive(Default)]
struct Inner {
    replies: RefCell<BTreeMap<u32, Result<Reply, Refusal>>>,
    frames: RefCell<Vec<Frame>>,
    notices: RefCell<Vec<Notice>>,
    changed: Condition,
}

impl Heard {
    pub fn take(&self, update: Update) {
        match update {
            Update::Reply { id, outcome } => {
                self.0.replies.borrow_mut().insert(id, outcome);
            }
            Update::Frame(frame) => self.0.frames.borrow_mut().push(*frame),
            Update::Notice(notice) => self.0.notices.borrow_mut().push(notice),
            Update::Ready | Update::Order(_) => {}
        }
        self.0.changed.changed();
    }
}

pub struct Page {
    pub inbox: Inbox,
    pub heard: Heard,
    ids: Cell<u32>,
    gone: Signal,
}

impl Page {
    /// A page whose worker hosts over that database.
    pub fn host(name: &str) -> Page {
        Page::host_with(name, RESIDENT_BYTES_MAX)
    }

    /// The same, keeping no more log bytes than this in memory.
    pub fn host_with(name: &str, resident_bytes_max: usize) -> Page {
        Page::host_like(name, |host| host.keep_at_most(resident_bytes_max))
    }

    /// The same, with a host that is set up like this.
    pub fn host_like(name: &str, set_up: impl FnOnce(Host) -> Host) -> Page {
        let page = Page::without_host();
        let heard = page.heard.clone();
        let outlet = move |page, update| {
            assert_eq!(page, PageId::OWN);
            heard.take(update);
        };
        let host = Host::new(page.inbox.clone(), name, Box::new(outlet)).unwrap();
        page.spawn(set_up(host).serve());
        page
    }

    /// Nobody serves its inbox yet.
    pub fn without_host() -> Page {
        Page {
            inbox: Inbox::default(),
            heard: Heard::default(),
            ids: Cell::new(1),
            gone: Signal::default(),
        }
    }

    /// Runs a task until the page is closed.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let gone = self.gone.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let (mut task, mut gone) = (pin!(task), pin!(gone.wait()));
            poll_fn(|context| {
                let over = gone.as_mut().poll(context).is_ready();
                if over || task.as_mut().poll(context).is_ready() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        });
    }

    /// The same playground from nothing.
    pub async fn fresh(name: &str) -> Page {
        database::delete(name)
            .await
            .expect("the database can be deleted");
        Page::host(name)
    }

    /// The tab goes: its worker stops where it stands.
    pub fn close(self) {
        self.gone.raise();
    }

    pub fn post(&self, command: Command, port: Option<PortEnd>) -> u32 {
        let id = self.ids.replace(self.ids.get() + 1);
        self.inbox.push(Input::Request {
            page: PageId::OWN,
            request: Request { id, command },
            port,
        });
        id
    }

    pub async fn reply(&self, id: u32) -> Result<Reply, Refusal> {
        let inner = &self.heard.0;
        let there = || inner.replies.borrow().contains_key(&id);
        inner.changed.until(there).await;
        inner.replies.borrow_mut().remove(&id).unwrap()
    }

    pub async fn ask(&self, command: Command) -> Result<Reply, Refusal> {
        let id = self.post(command, None);
        self.reply(id).await
    }

    pub async fn done(&self, command: Command) {
        let what = format!("{command:?}");
        match self.ask(command).await {
            Ok(Reply::Done) => {}
            other => panic!("{what}: {other:?}"),
        }
    }

    /// Opens the stored run, or this scenario; whether it was stored. Pauses at once.
    pub async fn open(&self, scenario: Scenario) -> bool {
        let recording = Box::new(recording(scenario));
        let replace = false;
        let id = self.post(Command::Open { recording, replace }, None);
        let paused = self.post(Command::Pause, None);
        let opened = self.reply(id).await;
        self.reply(paused).await.unwrap();
        match opened {
            Ok(Reply::Opened { resumed, .. }) => resumed,
            other => panic!("{other:?}"),
        }
    }

    pub async fn snapshot(&self) -> Snapshot {
        match self.ask(Command::Snapshot).await {
            Ok(Reply::Snapshot(snapshot)) => *snapshot,
            other => panic!("{other:?}"),
        }
    }

    pub async fn frame(&self) -> Frame {
        let inner = &self.heard.0;
        let before = inner.frames.borrow().len();
        self.post(Command::Frame, None);
        inner
            .changed
            .until(|| inner.frames.borrow().len() > before)
            .await;
        inner.frames.borrow().last().cloned().unwrap()
    }

    /// Waits for a notice of this kind.
    pub async fn notice(&self, is: impl Fn(&Notice) -> bool) -> Notice {
        let inner = &self.heard.0;
        let find = || inner.notices.borrow().iter().position(&is);
        inner.changed.until(|| find().is_some()).await;
        let at = find().unwrap();
        inner.notices.borrow_mut().remove(at)
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.heard.0.notices.borrow().clone()
    }
}

pub fn recording(scenario: Scenario) -> Recording {
    Recording::of(scenario)
}

/// Records in a topic's partitions, by their leaders.
pub fn records(snapshot: &Snapshot, topic: &str) -> i64 {
    let topics = snapshot.topics.iter().filter(|view| view.name == topic);
    let partitions = topics.flat_map(|view| &view.partitions);
    partitions
        .map(|partition| partition.log_end - partition.log_start)
        .sum()
}
