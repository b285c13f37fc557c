//! What of the run itself is stored beside its disks: scenario, actions, and where the clock stood.
//!
//! ```text
//! "scenario"      the scenario, written once
//! "upcoming"      actions to come: a recording's own, written once, and anew when a person's has to
//!                 wait; the clock says how many, from the end, are still to come
//! ["action", n]   the n-th action that was done, written when it is
//! ["program", n]  the n-th thing that a reader did with programs, likewise
//! "clock"         {now, boot, upcoming, traceHash}, with every transaction of the run
//! ```
//!
//! The clock is stored at moments at which everything up to it has happened, so that a power cut
//! at that time is the same in any other run of the recording. Its boot is the one that finds it.

use crate::store::database::{MetaKey, MetaWrite, StoredMeta};
use konbini_cluster::Cluster;
use konbini_scenario::code::TimedStep;
use konbini_scenario::{Scenario, TimedAction};
use serde::{Deserialize, Serialize};

/// Real ms after which a clock that merely moved is stored.
const CLOCK_EVERY_MS: f64 = 1_000.0;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clock {
    now: i64,
    /// The boot that begins when this is found.
    boot: u32,
    /// Actions still to come.
    upcoming: usize,
    /// 16 hex digits.
    trace_hash: String,
}

/// A stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    pub scenario: Scenario,
    /// Done ones, then those still to come.
    pub actions: Vec<TimedAction>,
    pub done: usize,
    /// What readers did with programs.
    pub programs: Vec<TimedStep>,
    pub now: i64,
    /// The boot that begins now.
    pub boot: u32,
    pub trace_hash: Option<u64>,
}

impl StoredRun {
    /// `None` where nothing was ever stored.
    ///
    /// # Errors
    /// What is stored cannot be understood; a sentence says which part.
    pub fn parse(meta: &StoredMeta) -> Result<Option<StoredRun>, String> {
        let Some(scenario) = &meta.scenario else {
            return Ok(None);
        };
        let clock: Option<Clock> = meta
            .clock
            .as_ref()
            .map(|text| parse("the clock", text))
            .transpose()?;
        let (now, boot, left) = clock.as_ref().map_or((0, 1, usize::MAX), |clock| {
            (clock.now, clock.boot, clock.upcoming)
        });
        let trace_hash = clock
            .map(|clock| u64::from_str_radix(&clock.trace_hash, 16))
            .transpose()
            .map_err(|error| format!("the trace hash: {error}"))?;
        let done = meta.actions.iter().map(|text| parse("an action", text));
        let mut actions = done.collect::<Result<Vec<TimedAction>, String>>()?;
        let done = actions.len();
        if let Some(text) = &meta.upcoming {
            let upcoming: Vec<TimedAction> = parse("the actions to come", text)?;
            let past = upcoming.len().saturating_sub(left);
            actions.extend(upcoming.into_iter().skip(past));
        }
        let programs = meta.programs.iter();
        let programs = programs.map(|text| parse("what was done with a program", text));
        Ok(Some(StoredRun {
            programs: programs.collect::<Result<_, _>>()?,
            scenario: parse("the scenario", scenario)?,
            actions,
            done,
            now,
            boot,
            trace_hash,
        }))
    }
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{what}: {error}"))
}

/// Knows what is stored already, and so what is to be written next.
#[derive(Debug, Default)]
pub struct Recorder {
    scenario: bool,
    /// Whether what is to come is the end of what is stored as such.
    upcoming: bool,
    actions: usize,
    programs: usize,
    clock: Option<Clock>,
    clock_at: f64,
}

impl Recorder {
    /// For a run that was found on disk.
    pub fn resuming(stored: &StoredRun) -> Recorder {
        Recorder {
            scenario: true,
            upcoming: true,
            actions: stored.done,
            programs: stored.programs.len(),
            ..Recorder::default()
        }
    }

    /// A person's action was taken; unless none are to come, it may be among those.
    pub fn took_action(&mut self, cluster: &Cluster) {
        self.upcoming &= cluster.upcoming().len() == 0;
    }

    /// Whether the run has actions, or programs something that was done to them, that are not handed
    /// over yet.
    pub fn lacks_actions(&self, cluster: &Cluster, programs: &[TimedStep]) -> bool {
        !self.upcoming || self.actions < cluster.done().len() || self.programs < programs.len()
    }

    /// What has changed since the last call. A clock that merely moved is left out for a while,
    /// unless `anyway`.
    pub fn changes(
        &mut self,
        cluster: &Cluster,
        programs: &[TimedStep],
        real: f64,
        anyway: bool,
    ) -> Vec<MetaWrite> {
        let mut writes = Vec::new();
        if !self.scenario {
            self.scenario = true;
            writes.push(write(MetaKey::Scenario, cluster.scenario()));
        }
        if !self.upcoming {
            self.upcoming = true;
            let upcoming: Vec<&TimedAction> = cluster.upcoming().collect();
            writes.push(write(MetaKey::Upcoming, &upcoming));
        }
        let done = cluster.done();
        for (number, timed) in done.iter().enumerate().skip(self.actions) {
            writes.push(write(MetaKey::Action(number as u32), timed));
        }
        self.actions = done.len();
        for (number, timed) in programs.iter().enumerate().skip(self.programs) {
            writes.push(write(MetaKey::Program(number as u32), timed));
        }
        self.programs = programs.len();
        let due = anyway || !writes.is_empty() || real - self.clock_at >= CLOCK_EVERY_MS;
        if !due {
            return writes;
        }
        let clock = Clock {
            now: cluster.now(),
            boot: cluster.next_boot(),
            upcoming: cluster.upcoming().len(),
            trace_hash: format!("{:016x}", cluster.trace_hash()),
        };
        if self.clock.as_ref() != Some(&clock) {
            writes.push(write(MetaKey::Clock, &clock));
            self.clock = Some(clock);
        }
        self.clock_at = real;
        writes
    }
}

fn write(key: MetaKey, value: &impl Serialize) -> MetaWrite {
    MetaWrite {
        key,
        // Plain data with text keys: this cannot fail.
        json: serde_json::to_string(value).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_cluster::Boot;
    use konbini_scenario::code::Step;
    use konbini_scenario::{Action, catalogue};
    use std::collections::BTreeMap;

    const STEPS: u64 = 100_000;

    fn stop(name: &str) -> Action {
        let name = name.to_owned();
        Action::StopProducer { name }
    }

    fn timed(at: i64, action: Action) -> TimedAction {
        TimedAction { at, action }
    }

    /// A run with its recorder, and what that has had written.
    struct Recorded {
        cluster: Cluster,
        recorder: Recorder,
        actions: BTreeMap<u32, String>,
        programs: Vec<TimedStep>,
        meta: StoredMeta,
        /// Keys of the last writes.
        keys: Vec<MetaKey>,
    }

    impl Recorded {
        fn run(actions: &[TimedAction], until: i64) -> Recorded {
            let boot = Boot {
                boot: 1,
                actions,
                ..Boot::default()
            };
            let mut recorded = Recorded {
                cluster: Cluster::new(catalogue::first_light(), boot).expect("a valid run"),
                recorder: Recorder::default(),
                actions: BTreeMap::new(),
                programs: Vec::new(),
                meta: StoredMeta::default(),
                keys: Vec::new(),
            };
            recorded.cluster.run_until(until, STEPS);
            recorded
        }

        fn act(&mut self, action: Action) {
            self.cluster.apply(action).expect("a valid action");
            self.recorder.took_action(&self.cluster);
        }

        fn store(&mut self) -> StoredRun {
            self.keys.clear();
            let programs = self.programs.clone();
            let writes = self.recorder.changes(&self.cluster, &programs, 0.0, true);
            for MetaWrite { key, json } in writes {
                self.keys.push(key);
                match key {
                    MetaKey::Scenario => self.meta.scenario = Some(json),
                    MetaKey::Upcoming => self.meta.upcoming = Some(json),
                    MetaKey::Clock => self.meta.clock = Some(json),
                    MetaKey::Action(number) => drop(self.actions.insert(number, json)),
                    MetaKey::Program(number) => {
                        assert_eq!(number as usize, self.meta.programs.len(), "each once");
                        self.meta.programs.push(json);
                    }
                }
            }
            self.meta.actions = self.actions.values().cloned().collect();
            let stored = StoredRun::parse(&self.meta).expect("what was written can be read");
            stored.expect("something was written")
        }
    }

    #[test]
    fn what_waits_for_the_power_is_stored_as_to_come() {
        let mut run = Recorded::run(&[], 5_000);
        run.act(Action::PowerCut);
        run.act(stop("producer-1"));
        let stored = run.store();
        let cut = timed(5_000, Action::PowerCut);
        assert_eq!(stored.actions, [cut, timed(5_000, stop("producer-1"))]);
        assert_eq!((stored.done, stored.now), (1, 5_000));
        assert_eq!(stored.boot, 2, "the boot after the cut, not another");
        run.cluster.power_on(BTreeMap::new());
        run.cluster.run_until(5_000, STEPS);
        let stored = run.store();
        assert_eq!((stored.done, stored.actions.len(), stored.boot), (2, 2, 3));
    }

    #[test]
    fn an_action_is_lacking_until_it_is_handed_over() {
        let mut run = Recorded::run(&[], 5_000);
        run.store();
        assert!(!run.recorder.lacks_actions(&run.cluster, &run.programs));
        // To the middle of a millisecond.
        while run.cluster.is_settled() {
            run.cluster.step();
        }
        let now = run.cluster.now();
        run.act(stop("producer-1"));
        assert_eq!(run.cluster.upcoming().len(), 1);
        assert!(run.recorder.lacks_actions(&run.cluster, &run.programs));
        run.cluster.run_until(now, STEPS);
        assert!(run.recorder.lacks_actions(&run.cluster, &run.programs));
        let stored = run.store();
        assert_eq!(stored.actions, [timed(now, stop("producer-1"))]);
        assert_eq!(stored.done, 1);
        assert!(!run.recorder.lacks_actions(&run.cluster, &run.programs));
    }

    #[test]
    fn what_was_done_with_programs_is_written_once_and_found() {
        let step = |at| {
            let step = Step::Kill { program: 0 };
            TimedStep { at, step }
        };
        let mut run = Recorded::run(&[], 5_000);
        run.programs.push(step(4_000));
        assert!(run.recorder.lacks_actions(&run.cluster, &[step(4_000)]));
        assert_eq!(run.store().programs, [step(4_000)]);
        run.programs.push(step(5_000));
        let stored = run.store();
        assert_eq!(stored.programs, run.programs);
        // After a reload only what is new is written.
        run.recorder = Recorder::resuming(&stored);
        run.programs.push(step(6_000));
        assert_eq!(run.store().programs, run.programs);
    }

    #[test]
    fn a_recording_s_own_actions_are_written_once() {
        let own: Vec<TimedAction> = [1_000, 2_000, 3_000]
            .map(|at| timed(at, stop("producer-1")))
            .into();
        let mut run = Recorded::run(&own, 0);
        let stored = run.store();
        assert_eq!((stored.actions, stored.done), (own.clone(), 0));
        run.cluster.run_until(2_500, STEPS);
        let stored = run.store();
        assert_eq!((stored.actions, stored.done), (own.clone(), 2));
        assert!(!run.keys.contains(&MetaKey::Upcoming), "{:?}", run.keys);
        // A person's in between is found in its place.
        run.act(stop("producer-1"));
        let stored = run.store();
        let mut all = own;
        all.insert(2, timed(2_500, stop("producer-1")));
        assert_eq!((stored.actions, stored.done), (all, 3));
    }
}
