//! The line to the worker: requests with ids that become futures, and updates handed on.
//!
//! At most one [`Command::Frame`] is outstanding; a page that draws slowly asks less often.

use crate::scenario::code::File;
use futures_channel::oneshot;
use js_sys::Array;
use konbini_bridge::{Command, Notice, Refusal, Reply, Request, Update};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType};

/// Where the page says its worker is; beside the page, whatever path it is served under.
const WORKER_META: &str = "meta[name=konbini-worker]";
const WORKER_URL: &str = "./konbini-worker_loader.js";

/// Real ms after which an unanswered question for a frame is asked again.
const FRAME_PATIENCE_MS: f64 = 1_000.0;

type Answer = Result<Reply, Refusal>;

type Unsent = Vec<(String, Option<MessagePort>)>;

/// Requests without an answer yet.
#[derive(Default)]
struct Waiting {
    by_id: BTreeMap<u32, oneshot::Sender<Answer>>,
    /// The worker has crashed and has not spoken since: nothing will be answered.
    gone: bool,
}

impl Waiting {
    /// Nobody waits for a worker that has crashed.
    fn crash(&mut self) {
        self.gone = true;
        for (_, waiter) in std::mem::take(&mut self.by_id) {
            let _ = waiter.send(Err(worker_gone()));
        }
    }

    fn settle(&mut self, id: u32, answer: Answer) {
        self.gone = false;
        if let Some(waiter) = self.by_id.remove(&id) {
            let _ = waiter.send(answer);
        }
    }

    /// The future of an answer; refused at once where none can come.
    fn wait(&mut self, id: u32) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        if self.gone {
            let _ = sender.send(Err(worker_gone()));
        } else {
            self.by_id.insert(id, sender);
        }
        receiver
    }
}

pub struct WorkerLink {
    worker: Worker,
    next_id: Cell<u32>,
    /// Requests made before the worker listened; none once it does.
    unsent: Rc<RefCell<Option<Unsent>>>,
    waiting: Rc<RefCell<Waiting>>,
    /// When the outstanding frame was asked for, in real ms.
    frame_asked: Rc<Cell<Option<f64>>>,
    _listeners: [Closure<dyn FnMut(JsValue)>; 2],
}

impl WorkerLink {
    /// Starts the worker. `on_update` is told all but replies; `on_failure` a script error.
    pub fn start(
        on_update: impl Fn(Update) + 'static,
        on_failure: impl Fn(String) + 'static,
    ) -> Result<WorkerLink, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&worker_url(), &options)?;
        let unsent = Rc::new(RefCell::new(Some(Unsent::new())));
        let waiting: Rc<RefCell<Waiting>> = Rc::default();
        let frame_asked = Rc::new(Cell::new(None));
        let on_message = {
            let (waiting, outstanding) = (waiting.clone(), frame_asked.clone());
            let (worker, unsent) = (worker.clone(), unsent.clone());
            Closure::new(move |event: JsValue| {
                let event: MessageEvent = event.unchecked_into();
                let text = event.data().as_string().unwrap_or_default();
                match Update::from_text(&text) {
                    Ok(Update::Ready) => {
                        for (message, port) in unsent.borrow_mut().take().unwrap_or_default() {
                            let _ = post(&worker, &message, port.as_ref());
                        }
                    }
                    Ok(Update::Reply { id, outcome }) => {
                        waiting.borrow_mut().settle(id, outcome);
                    }
                    Ok(update) => {
                        match &update {
                            Update::Frame(_) => {
                                outstanding.set(None);
                                waiting.borrow_mut().gone = false;
                            }
                            Update::Notice(Notice::Crashed { .. }) => waiting.borrow_mut().crash(),
                            _ => {}
                        }
                        on_update(update);
                    }
                    Err(error) => {
                        let error = error.to_string();
                        web_sys::console::error_2(&"unreadable update".into(), &error.into());
                    }
                }
            })
        };
        let on_error = {
            let waiting = waiting.clone();
            Closure::new(move |event: JsValue| {
                let message = js_sys::Reflect::get(&event, &"message".into());
                let text = message.ok().and_then(|m| m.as_string());
                waiting.borrow_mut().crash();
                on_failure(text.unwrap_or_else(|| "the worker could not be loaded".to_owned()));
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(WorkerLink {
            worker,
            next_id: Cell::new(1),
            unsent,
            waiting,
            frame_asked,
            _listeners: [on_message, on_error],
        })
    }

    /// Sends a command; the future is its reply.
    pub fn request(&self, command: Command) -> impl Future<Output = Answer> + 'static {
        self.send(command, None)
    }

    /// Opens a Kafka connection; its bytes go through `port`, which moves to the worker.
    pub fn connect(
        &self,
        host: String,
        port_number: u16,
        port: &MessagePort,
    ) -> impl Future<Output = Answer> + 'static {
        let command = Command::Connect {
            host,
            port: port_number,
        };
        self.send(command, Some(port))
    }

    /// Begins a program; its turns go through `port`, which moves to the worker.
    pub fn begin_program(
        &self,
        port: &MessagePort,
        file: String,
        files: Vec<File>,
        ordered: bool,
    ) -> impl Future<Output = Answer> + 'static {
        let command = Command::BeginProgram {
            file,
            files,
            ordered,
        };
        self.send(command, Some(port))
    }

    /// Asks for a frame at real time `now` (ms), unless one is still being made. A worker that
    /// has started another run meanwhile has forgotten the question: it is asked again.
    pub fn ask_frame(&self, now: f64) {
        if self
            .frame_asked
            .get()
            .is_some_and(|asked| now - asked < FRAME_PATIENCE_MS)
        {
            return;
        }
        self.frame_asked.set(Some(now));
        let id = self.take_id();
        if self.post(id, Command::Frame, None).is_err() {
            self.frame_asked.set(None);
        }
    }

    fn take_id(&self) -> u32 {
        let id = self.next_id.get();
        self.next_id.set(id.wrapping_add(1));
        id
    }

    fn send(
        &self,
        command: Command,
        port: Option<&MessagePort>,
    ) -> impl Future<Output = Answer> + 'static {
        let id = self.take_id();
        let receiver = self.waiting.borrow_mut().wait(id);
        if let Err(error) = self.post(id, command, port) {
            let failed = Err(refusal("not-sendable", &format!("{error:?}")));
            let waiter = self.waiting.borrow_mut().by_id.remove(&id);
            if let Some(waiter) = waiter {
                let _ = waiter.send(failed);
            }
        }
        async move { receiver.await.unwrap_or_else(|_| Err(worker_gone())) }
    }

    fn post(&self, id: u32, command: Command, port: Option<&MessagePort>) -> Result<(), JsValue> {
        let message = Request { id, command }.to_text();
        if let Some(unsent) = self.unsent.borrow_mut().as_mut() {
            unsent.push((message, port.cloned()));
            return Ok(());
        }
        post(&self.worker, &message, port)
    }
}

fn post(worker: &Worker, message: &str, port: Option<&MessagePort>) -> Result<(), JsValue> {
    let message = message.into();
    match port {
        None => worker.post_message(&message),
        Some(port) => worker.post_message_with_transfer(&message, &Array::of1(port)),
    }
}

fn worker_url() -> String {
    let meta = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector(WORKER_META).ok().flatten());
    let named = meta.and_then(|meta| meta.get_attribute("content"));
    named.unwrap_or_else(|| WORKER_URL.to_owned())
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn worker_gone() -> Refusal {
    refusal("worker-gone", "The worker has stopped.")
}

fn refusal(code: &str, message: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
