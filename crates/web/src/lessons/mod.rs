//! Lessons as data: a scenario, steps whose actions a button applies, one question to predict,
//! and for every step a check that reads nothing but the cluster's snapshot.

mod checks;
mod eight;
mod eleven;
mod five;
mod four;
mod nine;
mod one;
mod progress;
mod replicas;
mod scenarios;
mod seven;
mod six;
mod ten;
#[cfg(test)]
mod tests;
mod three;
mod two;

pub use progress::Progress;
pub use scenarios::empty_playground;

use crate::i18n::{Lang, Text, header};
use crate::scenario::{Action, Scenario, Snapshot};
use serde::{Deserialize, Serialize};

/// What a lesson belongs to; lessons of a part stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Groups,
    Replication,
}

pub const PARTS: [(Part, Text); 2] = [
    (Part::Groups, header::PART_GROUPS),
    (Part::Replication, header::PART_REPLICATION),
];

pub struct Lesson {
    pub part: Part,
    pub title: Text,
    /// What its scenario is called in the list of scenarios.
    pub scenario_name: Text,
    pub intro: &'static [Text],
    pub scenario: fn() -> Scenario,
    pub steps: &'static [Step],
    pub question: Question,
    /// What to take away, shown when all is done.
    pub closing: Text,
}

pub struct Step {
    pub title: Text,
    pub text: Text,
    /// The word on the button; none when there is only something to watch.
    pub button: Option<Text>,
    /// What the button does, given the state it is pressed in.
    pub actions: fn(&Snapshot) -> Vec<Action>,
    /// Whether the cluster has come to where this step leads. What it asks for must last until the
    /// next button: at 100×, or from another window, minutes pass between two looks.
    pub check: fn(&Snapshot, &Marks) -> bool,
}

/// The question before one of the steps.
pub struct Question {
    /// The step that the answer shows.
    pub before: usize,
    pub ask: Text,
    pub options: &'static [Text],
    pub right: usize,
    /// Why it went as it did, for those who were right and those who were not.
    pub because: Text,
}

/// What a check must remember of the moment its step began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    pub now: i64,
    pub boot: u32,
    pub generation: i32,
    /// Committed offset of partition 0 by `test-group`, -1 when there is none.
    pub committed: i64,
    /// Records that each consumer had handled.
    pub consumed: Vec<(String, u64)>,
    /// Log end and high watermark of the leader of partition 0 of `topic-test`.
    pub log_end: i64,
    pub high_watermark: i64,
    /// Its leader and leader epoch; -1 when there was none.
    pub leader: i32,
    pub epoch: i32,
    /// Records that producers had acknowledged, and how many of them the leader did not have.
    pub acked: u64,
    pub lost: i64,
    /// The active controller, -1 when there was none.
    pub controller: i32,
}

impl Marks {
    /// The same in a run that was continued after a reload: what clients had counted, they count anew.
    #[must_use]
    pub fn after_reload(self) -> Marks {
        Marks {
            consumed: Vec::new(),
            acked: 0,
            ..self
        }
    }

    pub fn consumed(&self, name: &str) -> u64 {
        let mut all = self.consumed.iter();
        all.find(|(who, _)| who == name).map_or(0, |(_, n)| *n)
    }
}

pub static LESSONS: &[Lesson] = &[
    one::LESSON,
    two::LESSON,
    three::LESSON,
    four::LESSON,
    five::LESSON,
    six::LESSON,
    seven::LESSON,
    eight::LESSON,
    nine::LESSON,
    ten::LESSON,
    eleven::LESSON,
];

/// Lessons of a part, each with its number.
pub fn lessons_of(part: Part) -> impl Iterator<Item = (usize, &'static Lesson)> {
    let all = LESSONS.iter().enumerate();
    all.filter(move |(_, lesson)| lesson.part == part)
}

/// The lesson whose scenario this is.
pub fn lesson_of(scenario: &Scenario) -> Option<usize> {
    LESSONS
        .iter()
        .position(|lesson| (lesson.scenario)().name == scenario.name)
}

/// A scenario's name in the reader's language, where it comes with the page.
pub fn title_of(scenario: &Scenario, lang: Lang) -> String {
    if let Some(lesson) = lesson_of(scenario) {
        return lang.of(LESSONS[lesson].scenario_name).to_owned();
    }
    if scenario.name == empty_playground().name {
        return lang.of(header::EMPTY_PLAYGROUND).to_owned();
    }
    if scenario.name.is_empty() {
        return lang.of(header::NO_SCENARIO).to_owned();
    }
    scenario.name.clone()
}

/// For steps that only watch.
fn nothing(_: &Snapshot) -> Vec<Action> {
    Vec::new()
}
