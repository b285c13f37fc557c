//! What a page asks for.

use super::Host;
use super::run::{Advance, By, Run};
use crate::inbox::{Input, PageId};
use crate::ports::{PortEnd, ToClient};
use bytes::Bytes;
use konbini_bridge::{Command, ProgramId, Refusal, Reply, Request};
use konbini_cluster::Inspected;
use konbini_log::{Load, LoadError};
use konbini_scenario::code::File;
use konbini_scenario::inspect::{Inspect, Inspection};
use konbini_scenario::{Action, Invalid, Recording};

/// Virtual ms that one command advances at the most: a day.
pub const ADVANCE_MS_MAX: u32 = 24 * 60 * 60 * 1_000;

impl Host {
    pub(super) async fn command(&mut self, page: PageId, request: Request, port: Option<PortEnd>) {
        let Request { id, command } = request;
        match command {
            Command::Open { recording, replace } => {
                self.open(page, id, *recording, replace).await;
            }
            Command::Restart(scenario) => {
                let recording = Recording::of(*scenario);
                self.restart(page, id, recording).await;
            }
            Command::Reset => self.reset(page, id).await,
            Command::Frame => self.frame(page),
            Command::Connect { host, port: number } => self.connect(page, id, &host, number, port),
            Command::Rerun(recording) => self.rerun(page, id, *recording).await,
            Command::BeginProgram {
                file,
                files,
                ordered,
            } => self.begin_program(page, id, (file, files, ordered), port),
            command if self.run.is_none() => {
                drop(command);
                self.answer(page, id, Err(refusal("not-open", "No run is open yet.")));
            }
            Command::Apply(action) => self.apply(page, id, *action),
            Command::Pause => {
                self.pace.pause();
                self.collect();
                self.answer(page, id, Ok(Reply::Done));
            }
            Command::Resume => self.resume(page, id).await,
            Command::Speed(thousandths) => {
                self.pace.set_speed(thousandths);
                self.answer(page, id, Ok(Reply::Done));
            }
            Command::Step => {
                self.pace.pause();
                self.queue_advance(page, id, By::Step);
            }
            Command::Advance(ms) => self.advance(page, id, ms),
            Command::Snapshot => {
                self.collect();
                if let Some(run) = &mut self.run {
                    let snapshot = Box::new(run.cluster.snapshot());
                    self.answer_committed(page, id, Ok(Reply::Snapshot(snapshot)));
                }
            }
            Command::SignalProgram { program, signal } => {
                if let Some(run) = self.run_of(page, program) {
                    run.programs.signal(program.number, signal, &run.cluster);
                }
                self.answer(page, id, Ok(Reply::Done));
            }
            Command::EndProgram { program, gone } => match self.run_of(page, program) {
                Some(run) => {
                    run.programs.kill(program.number, gone, &run.cluster);
                    run.endings.push((page, id, program.number));
                }
                None => self.answer(page, id, Ok(Reply::Done)),
            },
            Command::Inspect(inspect) => self.inspect(page, id, inspect),
            Command::Record { actions } => {
                if let Some(run) = &self.run {
                    let mut recording = run.cluster.recording();
                    recording.code.programs = run.programs.done().to_vec();
                    if !actions {
                        recording = Recording::of(recording.scenario);
                    }
                    let reply = Reply::Recording(Box::new(recording));
                    self.answer_committed(page, id, Ok(reply));
                }
            }
        }
    }

    fn apply(&mut self, page: PageId, id: u32, action: Action) {
        let Some(run) = &mut self.run else { return };
        match run.cluster.apply(action) {
            Ok(()) => {
                run.recorder.took_action(&run.cluster);
                self.answer_committed(page, id, Ok(Reply::Done));
            }
            Err(invalid) => self.answer(page, id, Err(refused(invalid))),
        }
    }

    /// Goes on; where storing had stopped, that is tried again first.
    async fn resume(&mut self, page: PageId, id: u32) {
        let limit = self.memory_bytes_max;
        let Some(run) = &self.run else { return };
        if run.memory_full {
            self.answer(page, id, Err(memory_full(limit)));
            return;
        }
        if self.storing_stopped {
            run.disk.retry().await;
            run.disk.settled().await;
            if let Some(failure) = run.disk.failure() {
                let refusal = refusal("storage", &format!("Still not stored: {}", failure.detail));
                self.answer(page, id, Err(refusal));
                return;
            }
        }
        self.pace.resume();
        self.answer(page, id, Ok(Reply::Done));
    }

    fn advance(&mut self, page: PageId, id: u32, ms: u32) {
        if ms > ADVANCE_MS_MAX {
            let message = format!("Cannot advance by {ms} ms; at most {ADVANCE_MS_MAX} at once.");
            self.answer(page, id, Err(refusal("out-of-range", &message)));
            return;
        }
        self.queue_advance(page, id, By::Ms(ms));
    }

    fn queue_advance(&mut self, page: PageId, id: u32, by: By) {
        let until = None;
        let advance = Advance {
            by,
            until,
            page,
            id,
        };
        if let Some(run) = &mut self.run {
            run.advances.push_back(advance);
        }
    }

    /// Looks, or has the bytes loaded that it takes.
    fn inspect(&mut self, page: PageId, id: u32, inspect: Inspect) {
        self.collect();
        let Some(run) = &mut self.run else { return };
        match run.cluster.inspect(&inspect) {
            Inspected::Answer(inspection) => {
                let reply = Reply::Inspection(Box::new(inspection));
                self.answer_committed(page, id, Ok(reply));
            }
            Inspected::Wanted { node, load } => {
                run.inspections.push((page, id, inspect));
                let number = self.runs;
                let (inbox, disk) = (self.inbox.clone(), run.disk.clone());
                wasm_bindgen_futures::spawn_local(async move {
                    let result = disk.load(node, &load).await;
                    inbox.push(Input::Lent {
                        run: number,
                        node,
                        load,
                        result,
                    });
                });
            }
        }
    }

    /// Bytes for the inspector have come: all inspections that wait look again.
    pub(super) fn lent(&mut self, node: i32, load: &Load, result: Result<Bytes, LoadError>) {
        let Some(run) = &mut self.run else { return };
        let waiting = std::mem::take(&mut run.inspections);
        if let Err(error) = &result {
            let why = format!("{} (broker {node}): {error}", load.dir);
            for (page, id, _) in waiting {
                let nothing = Inspection::Nothing { why: why.clone() };
                let reply = Reply::Inspection(Box::new(nothing));
                self.answer_committed(page, id, Ok(reply));
            }
            return;
        }
        run.cluster.lend(node, load, result);
        for (page, id, inspect) in waiting {
            self.inspect(page, id, inspect);
        }
    }

    /// The run, if this program is one of it and of that page.
    fn run_of(&mut self, page: PageId, program: ProgramId) -> Option<&mut Run> {
        let current = program.run == self.runs;
        let run = self.run.as_mut().filter(|_| current)?;
        let belongs = run.programs.belongs_to(program.number, page);
        belongs.then_some(run)
    }

    fn begin_program(
        &mut self,
        page: PageId,
        id: u32,
        what: (String, Vec<File>, bool),
        port: Option<PortEnd>,
    ) {
        let run = self.runs;
        let outcome = match (port, &mut self.run) {
            (None, _) => {
                let message = "A program needs a MessagePort, transferred with the request.";
                Err(refusal("no-port", message))
            }
            (Some(_), None) => Err(refusal("not-open", "No run is open yet.")),
            (Some(end), Some(open)) => {
                let number = open.programs.begin(end, page, what, &open.cluster);
                let program = |number| Reply::Program(ProgramId { run, number });
                number.map(program).map_err(refused)
            }
        };
        self.answer(page, id, outcome);
    }

    fn connect(&mut self, page: PageId, id: u32, host: &str, number: u16, port: Option<PortEnd>) {
        let Some(end) = port else {
            let message = "Connect needs a MessagePort, transferred with the request.";
            self.answer(page, id, Err(refusal("no-port", message)));
            return;
        };
        let Some(run) = &mut self.run else {
            end.send(ToClient::Error("ECONNREFUSED"));
            self.answer(page, id, Err(refusal("not-open", "No run is open yet.")));
            return;
        };
        match run.cluster.connect(host, number) {
            Ok(connection) => {
                self.ports.add(connection, end, page);
                self.answer(page, id, Ok(Reply::Done));
            }
            Err(refused) => {
                end.send(ToClient::Error("ECONNREFUSED"));
                let refusal = refusal("connection-refused", &refused.to_string());
                self.answer(page, id, Err(refusal));
            }
        }
    }
}

pub(super) fn refusal(code: &str, message: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// A run in memory cannot go on.
pub(super) fn memory_full(limit: u64) -> Refusal {
    let message = format!(
        "This run lives in memory, and its {limit} bytes there are used up. Keep it as a share link, or start over."
    );
    refusal("memory-full", &message)
}

pub(super) fn refused(invalid: Invalid) -> Refusal {
    Refusal {
        code: invalid.code.to_owned(),
        message: invalid.message,
    }
}
