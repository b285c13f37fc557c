//! The reader's programs, in step with the cluster.
//!
//! A program has something to do when it was told something or when its timer ends. At such a moment
//! it gets a turn, and the cluster goes no further until the program has reported what it did: so
//! that happens at that virtual moment, however long the program computes, and the same programs
//! begun at the same moments make the same run. Reports of one moment are performed in the order in
//! which the programs began, once all of them are there.
//!
//! What the reader does with a program (it begins, hears a signal, is killed) comes at such a moment
//! too, and is noted for a recording: `steps`. A recording that is repeated has its page asked for
//! each program when it should begin, and the cluster waits for it.
//!
//! A program that does not report in time falls out of step: the cluster goes on without it, and
//! what it reports later happens when it comes.

mod reader;
pub mod steps;
pub mod wire;

use crate::inbox::PageId;
use crate::ports::{PortEnd, PortId, ToClient};
use bytes::Bytes;
use konbini_bridge::Order;
use konbini_cluster::{Cluster, ExternalId, ExternalOutput};
use std::collections::{BTreeMap, BTreeSet};
use steps::Steps;
use wire::{Event, Operation, Report};

/// Programs at one time.
pub const PROGRAMS_MAX: usize = 16;
/// Real ms that the cluster waits for a report.
pub const PATIENCE_MS: f64 = 2_000.0;
/// Real ms that it waits for a program's worker to start.
pub const START_MS: f64 = 15_000.0;

/// A message for a program, and whether it tells of something that has to be stored first.
pub struct Turn {
    pub number: u32,
    pub message: Bytes,
    pub tells: bool,
}

#[derive(Default)]
pub struct Programs {
    programs: BTreeMap<u32, Program>,
    /// Programs so far in this run.
    numbers: u32,
    connections: BTreeMap<ExternalId, (u32, u32)>,
    steps: Steps,
    /// Who has a recording repeated, and what that page is to be told.
    orderer: Option<PageId>,
    orders: Vec<Order>,
}

struct Program {
    end: PortEnd,
    page: PageId,
    state: State,
    /// Its worker has spoken.
    started: bool,
    /// The reader has it killed.
    dying: bool,
    /// The last turn that it was given.
    turn: u32,
    /// Virtual ms of its next timer.
    wake_at: Option<i64>,
    events: Vec<Event>,
    /// Virtual ms at which it hears of the events.
    tell_at: Option<i64>,
    /// What it reported, until all of this moment have.
    report: Option<Report>,
    connections: BTreeMap<u32, ExternalId>,
    /// Those that a broker has accepted.
    opened: BTreeSet<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    /// It should begin since that real ms, but its worker has not said that it is there.
    Starting(f64),
    /// Has a turn, sent at that real ms; it may have to wait for the disk first.
    Busy(Option<f64>),
    OutOfStep,
}

impl Programs {
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.steps.is_empty()
    }

    pub fn by_port(&self, port: PortId) -> Option<u32> {
        let found = self.programs.iter().find(|(_, one)| one.end.id == port);
        found.map(|(&number, _)| number)
    }

    pub fn belongs_to(&self, number: u32, page: PageId) -> bool {
        self.programs
            .get(&number)
            .is_some_and(|one| one.page == page)
    }

    /// Virtual ms at which the next of them has something to do, or something is done to it.
    pub fn next_at(&self) -> Option<i64> {
        let idle = self.programs.values().filter(|one| one.is_idle());
        let due = idle.filter_map(Program::due_at);
        due.chain(self.steps.next_at()).min()
    }

    /// Whether none of them has anything to do, or to report, at this virtual ms.
    pub fn is_quiet(&self, now: i64) -> bool {
        let asked = self.steps.asked().is_some();
        !asked && !self.is_waited_for() && self.next_at().is_none_or(|at| at > now)
    }

    /// Gives a turn to all who have something to do now; the cluster must have settled.
    pub fn turns(&mut self, now: i64, real: f64) -> Vec<Turn> {
        let is_due = |one: &Program| one.is_idle() && one.due_at().is_some_and(|at| at <= now);
        let due = self.programs.iter_mut().filter(|(_, one)| is_due(one));
        let (there, missing): (Vec<_>, Vec<_>) = due.partition(|(_, one)| one.started);
        for (_, one) in missing {
            one.state = State::Starting(real);
        }
        there
            .into_iter()
            .map(|(&number, one)| {
                one.state = State::Busy(None);
                one.turn = one.turn.wrapping_add(1);
                one.wake_at = None;
                one.tell_at = None;
                let events = std::mem::take(&mut one.events);
                Turn {
                    number,
                    message: wire::write_turn(one.turn, now, &events),
                    tells: !events.is_empty(),
                }
            })
            .collect()
    }

    /// A turn leaves: its time counts from here.
    pub fn send(&mut self, number: u32, message: Bytes, real: f64) {
        if let Some(program) = self.programs.get_mut(&number) {
            program.state = State::Busy(Some(real));
            program.end.send(ToClient::Bytes(message));
        }
    }

    /// Real ms that the cluster has to wait for reports yet; none when it can go on. Those who take
    /// too long fall out of step.
    pub fn wait(&mut self, real: f64, cluster: &mut Cluster) -> Option<f64> {
        let asked = self.steps.asked().map(|since| since + START_MS - real);
        if asked.is_some_and(|left| left <= 0.0) {
            self.give_up();
        }
        for program in self.programs.values_mut() {
            if program.patience(real) <= 0.0 {
                program.state = State::OutOfStep;
            }
        }
        self.perform(cluster);
        let waited = self.programs.values().filter(|one| one.is_awaited());
        let left = waited.map(|one| one.patience(real));
        let asked = asked.filter(|left| *left > 0.0);
        left.chain(asked).min_by(f64::total_cmp)
    }

    /// What a program reported. Who writes nonsense is ended.
    pub fn report(&mut self, number: u32, bytes: Bytes, cluster: &mut Cluster) {
        let Some(program) = self.programs.get_mut(&number) else {
            return;
        };
        match wire::read_report(bytes) {
            Ok(report) => {
                program.started = true;
                // One that crossed with a turn is out of date, unless it is the last.
                if report.turn == program.turn || report.operations.contains(&Operation::Exit) {
                    program.reported(report);
                }
            }
            Err(_) => {
                program.end.send(ToClient::End);
                self.remove(number, cluster);
            }
        }
        self.perform(cluster);
    }

    /// Whether a connection is a program's, which then hears of it at its next turn.
    pub fn tell(&mut self, id: ExternalId, output: &ExternalOutput, now: i64) -> bool {
        let Some(&(number, conn)) = self.connections.get(&id) else {
            return false;
        };
        let Some(program) = self.programs.get_mut(&number) else {
            return true;
        };
        let event = match output {
            ExternalOutput::Connected => {
                program.opened.insert(conn);
                Event::Open(conn)
            }
            ExternalOutput::Received(bytes) => Event::Bytes(conn, bytes.clone()),
            ExternalOutput::Closed => {
                self.connections.remove(&id);
                program.connections.remove(&conn);
                if program.opened.remove(&conn) {
                    Event::End(conn)
                } else {
                    Event::Refused(conn)
                }
            }
        };
        program.tell(event, now);
        true
    }

    /// Ends a program: its connections close.
    pub fn remove(&mut self, number: u32, cluster: &mut Cluster) {
        let Some(program) = self.programs.remove(&number) else {
            return;
        };
        for id in program.connections.into_values() {
            self.connections.remove(&id);
            cluster.close(id);
        }
        self.perform(cluster);
    }

    /// The run is over.
    pub fn end_all(&mut self) {
        for program in std::mem::take(&mut self.programs).into_values() {
            program.end.send(ToClient::End);
        }
        self.connections.clear();
        self.steps = Steps::default();
    }

    fn is_waited_for(&self) -> bool {
        let mut all = self.programs.values();
        all.any(Program::is_awaited)
    }

    /// Performs the reports of this moment, once all of them are there.
    fn perform(&mut self, cluster: &mut Cluster) {
        if self.is_waited_for() {
            return;
        }
        let reported = self
            .programs
            .iter_mut()
            .filter_map(|(&number, one)| Some((number, one.report.take()?)));
        for (number, report) in reported.collect::<Vec<_>>() {
            if report.operations.contains(&Operation::Exit) {
                self.operate(number, report.operations, cluster);
                self.remove(number, cluster);
                continue;
            }
            self.operate(number, report.operations, cluster);
            if let Some(program) = self.programs.get_mut(&number) {
                program.state = State::Idle;
                // Never at the same moment again, or the clock would stand still.
                program.wake_at = report.wake_at.map(|at| at.max(cluster.now() + 1));
            }
        }
    }

    fn operate(&mut self, number: u32, operations: Vec<Operation>, cluster: &mut Cluster) {
        let Some(program) = self.programs.get_mut(&number) else {
            return;
        };
        for operation in operations {
            match operation {
                Operation::Dial { conn, host, port } => match cluster.connect(&host, port) {
                    Ok(id) if !program.connections.contains_key(&conn) => {
                        program.connections.insert(conn, id);
                        self.connections.insert(id, (number, conn));
                    }
                    Ok(id) => cluster.close(id),
                    Err(_) => program.tell(Event::Refused(conn), cluster.now() + 1),
                },
                Operation::Bytes(conn, bytes) => {
                    if let Some(&id) = program.connections.get(&conn) {
                        cluster.send(id, bytes);
                    }
                }
                Operation::End(conn) => {
                    if let Some(id) = program.connections.remove(&conn) {
                        self.connections.remove(&id);
                        program.opened.remove(&conn);
                        cluster.close(id);
                    }
                }
                Operation::Exit => return,
            }
        }
    }
}

impl Program {
    fn new(end: PortEnd, page: PageId) -> Program {
        Program {
            end,
            page,
            state: State::Idle,
            started: false,
            dying: false,
            turn: 0,
            wake_at: None,
            events: Vec::new(),
            tell_at: None,
            report: None,
            connections: BTreeMap::new(),
            opened: BTreeSet::new(),
        }
    }

    fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    fn due_at(&self) -> Option<i64> {
        [self.wake_at, self.tell_at].into_iter().flatten().min()
    }

    fn is_awaited(&self) -> bool {
        matches!(self.state, State::Busy(_) | State::Starting(_)) && self.report.is_none()
    }

    /// Real ms that it is waited for yet.
    fn patience(&self, real: f64) -> f64 {
        match self.state {
            State::Busy(Some(since)) => since + PATIENCE_MS - real,
            State::Starting(since) => since + START_MS - real,
            State::Busy(None) | State::Idle | State::OutOfStep => PATIENCE_MS,
        }
    }

    /// A second report before the first is performed: a signal came in between.
    fn reported(&mut self, report: Report) {
        match &mut self.report {
            Some(first) => {
                first.operations.extend(report.operations);
                first.wake_at = report.wake_at;
            }
            None => self.report = Some(report),
        }
    }

    fn tell(&mut self, event: Event, at: i64) {
        self.events.push(event);
        self.tell_at = Some(self.tell_at.map_or(at, |earlier| earlier.min(at)));
    }
}

#[cfg(test)]
mod tests;
