//! What readers do with programs, live or as a recording has it.

use super::steps::{Next, Steps, ToDo};
use super::wire::Event;
use super::{PROGRAMS_MAX, Program, Programs, State};
use crate::inbox::PageId;
use crate::ports::PortEnd;
use konbini_bridge::Order;
use konbini_cluster::Cluster;
use konbini_scenario::code::{File, Signal, TimedStep};
use konbini_scenario::validate::Invalid;

impl Programs {
    /// Those of a run that was stored: none is left, but what was done is known.
    pub fn resuming(done: Vec<TimedStep>, now: i64) -> Programs {
        let steps = Steps::resuming(done, now);
        Programs {
            numbers: steps.begun(),
            steps,
            ..Programs::default()
        }
    }

    /// What readers have done so far.
    pub fn done(&self) -> &[TimedStep] {
        self.steps.done()
    }

    /// Repeats what a recording says, with programs of that page.
    pub fn repeat(&mut self, steps: Vec<TimedStep>, page: PageId) {
        self.steps.repeat(steps);
        self.orderer = Some(page);
    }

    /// What the page of a repeated recording is to be told.
    pub fn take_orders(&mut self) -> Option<(PageId, Vec<Order>)> {
        let orders = std::mem::take(&mut self.orders);
        self.orderer
            .filter(|_| !orders.is_empty())
            .zip(Some(orders))
    }

    /// A program that begins at the next virtual ms, or, `ordered`, at the one at which it is waited
    /// for; its number in this run.
    ///
    /// # Errors
    /// There are too many programs, or its files are not allowed.
    pub fn begin(
        &mut self,
        end: PortEnd,
        page: PageId,
        (file, files, ordered): (String, Vec<File>, bool),
        cluster: &Cluster,
    ) -> Result<u32, Invalid> {
        if self.programs.len() >= PROGRAMS_MAX {
            let most = format!("at most {PROGRAMS_MAX} run at one time: stop one of them first");
            return Err(Invalid::new(
                "too-many-programs",
                "the program",
                "is one too many",
                &most,
            ));
        }
        if ordered && (self.steps.asked().is_none() || self.orderer != Some(page)) {
            let why = "only what the recording waits for can be that";
            return Err(Invalid::new("not-ordered", "the program", "is late", why));
        }
        self.steps.check(&file, &files)?;
        let number = self.numbers;
        self.numbers += 1;
        self.programs.insert(number, Program::new(end, page));
        if ordered {
            self.steps.came(number, file, files);
        } else {
            let begin = ToDo::Begin {
                number,
                file,
                files,
            };
            self.steps.put(cluster.now() + 1, begin);
        }
        Ok(number)
    }

    /// A program hears a signal at the next virtual ms.
    pub fn signal(&mut self, number: u32, signal: Signal, cluster: &Cluster) {
        let signal = ToDo::Signal { number, signal };
        self.steps.put(cluster.now() + 1, signal);
    }

    /// A program ends at the next virtual ms. One that is `gone` is not waited for until then.
    pub fn kill(&mut self, number: u32, gone: bool, cluster: &Cluster) {
        let Some(program) = self.programs.get_mut(&number) else {
            return;
        };
        if gone {
            program.state = State::OutOfStep;
        }
        if !program.dying {
            program.dying = true;
            self.steps.put(cluster.now() + 1, ToDo::Kill { number });
        }
    }

    /// Whether a program's worker can go without anybody noticing: nothing is asked of it at this
    /// moment, which has settled.
    pub fn is_dispensable(&self, number: u32, now: i64) -> bool {
        let program = self.programs.get(&number);
        program.is_none_or(|one| match one.state {
            State::OutOfStep => true,
            State::Idle => one.due_at().is_none_or(|at| at > now),
            State::Busy(_) | State::Starting(_) => false,
        })
    }

    /// Performs what readers have done by this moment; the cluster must have settled. A program that
    /// should begin and is not there is asked for, and waited for.
    pub fn take_steps(&mut self, real: f64, cluster: &mut Cluster) {
        while let Some(next) = self.steps.next(cluster.now(), real) {
            match next {
                Next::Ask { file, files } => self.orders.push(Order::Begin { file, files }),
                Next::Do { step, planned } => self.step(&step, planned, cluster),
            }
        }
    }

    fn step(&mut self, step: &ToDo, planned: bool, cluster: &mut Cluster) {
        let now = cluster.now();
        let (number, event, order) = match step {
            ToDo::Begin { number, .. } => (*number, Some(begin_event(*number, cluster)), None),
            ToDo::Signal { number, signal } => {
                let (program, signal) = (*number, *signal);
                let order = Order::Signal { program, signal };
                (program, Some(Event::Signal(signal)), Some(order))
            }
            ToDo::Kill { number } => (*number, None, Some(Order::Kill { program: *number })),
            ToDo::Planned(_) => return,
        };
        // It may have ended by itself.
        let Some(program) = self.programs.get_mut(&number) else {
            return;
        };
        self.orders.extend(order.filter(|_| planned));
        match event {
            Some(event) => program.tell(event, now),
            None => self.remove(number, cluster),
        }
        self.steps.note(now, step);
    }

    pub(super) fn give_up(&mut self) {
        if self.steps.give_up() {
            self.orders.push(Order::GaveUp);
        }
    }

    /// Ends the programs of a page that is gone.
    pub fn remove_page(&mut self, page: PageId, cluster: &Cluster) {
        let of_page = self.programs.iter().filter(|(_, one)| one.page == page);
        let of_page: Vec<u32> = of_page.map(|(&number, _)| number).collect();
        for number in of_page {
            self.kill(number, true, cluster);
        }
        if self.orderer == Some(page) {
            self.orderer = None;
            self.give_up();
        }
    }
}

/// What a program is told first.
fn begin_event(number: u32, cluster: &Cluster) -> Event {
    let scenario = cluster.scenario();
    Event::Begin {
        seed: [scenario.seed as u32, (scenario.seed >> 32) as u32, number],
        epoch_ms: scenario.epoch_ms,
    }
}
