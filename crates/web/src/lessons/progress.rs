//! How far the reader has come in a lesson.

use super::{LESSONS, Marks, checks, lesson_of};
use crate::scenario::{Scenario, Snapshot};
use crate::state::Prediction;
use serde::{Deserialize, Serialize};

/// Where a visit left a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    lesson: usize,
    done: usize,
    prediction: Prediction,
    taken: bool,
    marks: Marks,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub lesson: usize,
    /// Whether the running scenario is this lesson's.
    pub on_stage: bool,
    /// Steps done, from the first.
    pub done: usize,
    /// The present step's button was pressed.
    pub taken: bool,
    pub prediction: Prediction,
    pub marks: Marks,
    /// The run was continued after a reload: what it counted and remembered began anew, its faults
    /// are still in force.
    pub resumed: bool,
    /// A step's actions were refused: the cluster is not where the lesson thinks it is.
    pub refused: bool,
    /// Lessons finished at some time, by their number.
    pub finished: Vec<usize>,
    /// Where the last visit stood.
    left_at: Option<Place>,
}

impl Progress {
    /// As remembered from an earlier visit: finished lessons as `0,2`.
    pub fn recalled(finished: &str) -> Progress {
        let numbers = finished.split(',').filter_map(|n| n.parse().ok());
        Progress {
            finished: numbers.filter(|n| *n < LESSONS.len()).collect(),
            ..Progress::default()
        }
    }

    /// With where the last visit stood, as [`Progress::place_words`] wrote it. Anything else is as none.
    #[must_use]
    pub fn left_at(mut self, place: &str) -> Progress {
        let place = serde_json::from_str::<Place>(place).ok();
        let known = |place: &Place| {
            let lesson = LESSONS.get(place.lesson);
            lesson.is_some_and(|lesson| place.done <= lesson.steps.len())
        };
        self.left_at = place.filter(known);
        self
    }

    /// Where the reader stands, as JSON; empty while the lesson's scenario does not run.
    pub fn place_words(&self) -> String {
        if !self.on_stage {
            return String::new();
        }
        let place = Place {
            lesson: self.lesson,
            done: self.done,
            prediction: self.prediction,
            taken: self.taken,
            marks: self.marks.clone(),
        };
        serde_json::to_string(&place).unwrap_or_default()
    }

    pub fn finished_words(&self) -> String {
        let words: Vec<String> = self.finished.iter().map(usize::to_string).collect();
        words.join(",")
    }

    /// Shows a lesson from its start.
    pub fn start(&mut self, lesson: usize) {
        let on_stage = self.on_stage && self.lesson == lesson;
        *self = Progress {
            lesson: lesson.min(LESSONS.len() - 1),
            on_stage,
            finished: std::mem::take(&mut self.finished),
            ..Progress::default()
        };
    }

    /// A scenario was opened: its lesson, if it is one's, begins, or goes on where the last visit
    /// left a run that was stored.
    pub fn opened(&mut self, scenario: &Scenario, resumed: bool) {
        let lesson = lesson_of(scenario);
        let left_at = self.left_at.take();
        self.start(lesson.unwrap_or(self.lesson));
        self.on_stage = lesson.is_some();
        self.resumed = resumed;
        if let Some(place) = left_at.filter(|place| resumed && lesson == Some(place.lesson)) {
            self.done = place.done;
            self.prediction = place.prediction;
            self.taken = place.taken;
            self.marks = place.marks.after_reload();
        }
    }

    /// The prediction stands once the step it is about was taken.
    pub fn predict(&mut self, option: usize) {
        let question = &LESSONS[self.lesson].question;
        let open = self.done < question.before || (self.done == question.before && !self.taken);
        if open && option < question.options.len() {
            self.prediction = Some(option);
        }
    }

    /// Whether the present step waits for a prediction.
    pub fn wants_prediction(&self) -> bool {
        self.done == LESSONS[self.lesson].question.before && self.prediction.is_none()
    }

    /// The button of `step` was pressed in this state.
    pub fn take(&mut self, step: usize, snapshot: &Snapshot) {
        if step == self.done {
            self.taken = true;
            self.marks = checks::marks(snapshot);
        }
    }

    /// What the button of `step` asked for was refused: it can be pressed again.
    pub fn untake(&mut self, step: usize) {
        if step == self.done {
            self.taken = false;
            self.refused = true;
        }
    }

    /// Whether the rest of the lesson may not come true in this run, so that beginning it anew
    /// should be offered.
    pub fn may_be_stranded(&self, snapshot: &Snapshot) -> bool {
        let broken = !snapshot.rules.is_empty()
            || snapshot.brokers.iter().any(|broker| broker.down.is_some());
        let under_way = self.on_stage && self.done < LESSONS[self.lesson].steps.len();
        under_way && (self.refused || self.resumed && (self.done > 0 || broken))
    }

    /// Ticks off the present step when the cluster has come there.
    pub fn observe(&mut self, snapshot: &Snapshot) {
        let lesson = &LESSONS[self.lesson];
        let Some(step) = lesson.steps.get(self.done) else {
            return;
        };
        let waits = step.button.is_some() && !self.taken;
        if !self.on_stage || waits || !(step.check)(snapshot, &self.marks) {
            return;
        }
        self.done += 1;
        self.taken = false;
        self.refused = false;
        self.marks = checks::marks(snapshot);
        if self.done == lesson.steps.len() && !self.finished.contains(&self.lesson) {
            self.finished.push(self.lesson);
        }
    }
}
