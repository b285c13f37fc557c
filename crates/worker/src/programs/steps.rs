//! What readers do with programs: what was done, for a recording, and what is to come.
//!
//! A step that a reader takes is met by its program at the next virtual ms; one of a recording that
//! is repeated, at its own. Both wait here, and are performed when that moment has settled, before
//! programs get their turns: so a replay finds them at the same place.

use konbini_scenario::code::{File, Signal, Step, TimedStep, apply, changes};
use konbini_scenario::limit;
use konbini_scenario::validate::{History, Invalid};
use std::collections::VecDeque;

/// Steps for which there is always room: what is still done to programs that run.
const RESERVED: usize = 4 * super::PROGRAMS_MAX;

/// What is to be performed.
#[derive(Clone, Debug, PartialEq)]
pub enum ToDo {
    /// A program that is there, with all its files.
    Begin {
        number: u32,
        file: String,
        files: Vec<File>,
    },
    Signal {
        number: u32,
        signal: Signal,
    },
    Kill {
        number: u32,
    },
    /// A step of the recording; its programs are numbered as there.
    Planned(Step),
}

#[derive(Default)]
pub struct Steps {
    done: Vec<TimedStep>,
    history: History,
    to_come: VecDeque<(i64, ToDo)>,
    plan: Plan,
}

/// A recording that is repeated.
#[derive(Default)]
struct Plan {
    /// As they were when its last program began.
    files: Vec<File>,
    /// The numbers that its programs have here.
    numbers: Vec<u32>,
    /// Real ms since which one that should begin is waited for.
    asked: Option<f64>,
}

impl Steps {
    /// After a reload at that virtual ms: the page is gone, and all programs with it.
    pub fn resuming(done: Vec<TimedStep>, now: i64) -> Steps {
        let mut steps = Steps::default();
        let mut alive = Vec::new();
        for TimedStep { at, step } in done {
            match &step {
                Step::Begin { .. } => alive.push(steps.history.begun()),
                Step::Kill { program } => alive.retain(|one| one != program),
                Step::Signal { .. } => {}
            }
            steps.record(at, step);
        }
        for program in alive {
            steps.record(now, Step::Kill { program });
        }
        steps
    }

    pub fn done(&self) -> &[TimedStep] {
        &self.done
    }

    pub fn is_empty(&self) -> bool {
        self.to_come.is_empty()
    }

    /// Virtual ms of the next one; none while it waits for a program.
    pub fn next_at(&self) -> Option<i64> {
        let next = self.to_come.front().map(|(at, _)| *at);
        next.filter(|_| self.plan.asked.is_none())
    }

    /// Real ms since which the page was asked for a program.
    pub fn asked(&self) -> Option<f64> {
        self.plan.asked
    }

    /// Programs that a recording has for one who begins now; the first gets this number.
    pub fn begun(&self) -> u32 {
        self.history.begun()
    }

    pub fn repeat(&mut self, steps: Vec<TimedStep>) {
        let planned = steps.into_iter();
        self.to_come = planned.map(|s| (s.at, ToDo::Planned(s.step))).collect();
        self.plan = Plan::default();
    }

    /// No more of the recording is repeated; whether there was more.
    pub fn give_up(&mut self) -> bool {
        let before = self.to_come.len();
        self.to_come
            .retain(|(_, step)| !matches!(step, ToDo::Planned(_)));
        self.plan.asked = None;
        self.to_come.len() < before
    }

    /// Whether a program may begin with these files.
    ///
    /// # Errors
    /// The limits of a recording, or there is no such file.
    pub fn check(&self, file: &str, files: &[File]) -> Result<(), Invalid> {
        if self.done.len() + self.to_come.len() + RESERVED > limit::PROGRAM_STEPS_MAX {
            let most = "start the run over to go on";
            let was = "is one more than a recording holds";
            return Err(Invalid::new("too-long", "the program", was, most));
        }
        let step = self.begin_step(file, files);
        self.history.clone().take("code", &step)
    }

    /// Puts a reader's step where it belongs in time.
    pub fn put(&mut self, at: i64, step: ToDo) {
        let place = self.to_come.partition_point(|(other, _)| *other <= at);
        self.to_come.insert(place, (at, step));
    }

    /// The program that is waited for has come.
    pub fn came(&mut self, number: u32, file: String, files: Vec<File>) {
        self.plan.asked = None;
        self.plan.numbers.push(number);
        if let Some((_, step)) = self.to_come.front_mut() {
            let begin = ToDo::Begin {
                number,
                file,
                files,
            };
            *step = begin;
        }
    }

    /// The next step of that moment, with the numbers of here. A program of a recording that should
    /// begin stays the next, and is to be asked for.
    pub fn next(&mut self, now: i64, real: f64) -> Option<Next> {
        loop {
            self.next_at().filter(|at| *at <= now)?;
            let (_, step) = self.to_come.front()?;
            if let ToDo::Planned(Step::Begin { file, files }) = step {
                apply(&mut self.plan.files, files);
                self.plan.asked = Some(real);
                return Some(Next::Ask {
                    file: file.clone(),
                    files: self.plan.files.clone(),
                });
            }
            let (_, step) = self.to_come.pop_front()?;
            let ToDo::Planned(step) = step else {
                return Some(Next::Do {
                    step,
                    planned: false,
                });
            };
            // One that the recording says nothing of any more is passed over.
            if let Some(step) = self.plan.here(&step) {
                let planned = true;
                return Some(Next::Do { step, planned });
            }
        }
    }

    /// Notes that a step was performed.
    pub fn note(&mut self, at: i64, step: &ToDo) {
        let step = match step {
            ToDo::Begin { file, files, .. } => self.begin_step(file, files),
            ToDo::Signal { number, signal } => Step::Signal {
                program: *number,
                signal: *signal,
            },
            ToDo::Kill { number } => Step::Kill { program: *number },
            ToDo::Planned(_) => return,
        };
        self.record(at, step);
    }

    fn record(&mut self, at: i64, step: Step) {
        // It was checked when it was asked for, and there is room for it.
        let mut history = self.history.clone();
        if history.take("code", &step).is_ok() {
            self.history = history;
            self.done.push(TimedStep { at, step });
        }
    }

    fn begin_step(&self, file: &str, files: &[File]) -> Step {
        Step::Begin {
            file: file.to_owned(),
            files: changes(self.history.files(), files),
        }
    }
}

/// What happens next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    Do { step: ToDo, planned: bool },
    Ask { file: String, files: Vec<File> },
}

impl Plan {
    /// A step of the recording with the numbers of here.
    fn here(&self, step: &Step) -> Option<ToDo> {
        let number = |program: u32| self.numbers.get(program as usize).copied();
        match step {
            Step::Begin { .. } => None,
            Step::Signal { program, signal } => Some(ToDo::Signal {
                number: number(*program)?,
                signal: *signal,
            }),
            Step::Kill { program } => Some(ToDo::Kill {
                number: number(*program)?,
            }),
        }
    }
}
