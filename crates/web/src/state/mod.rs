//! All that the page shows, in one value, and the one reducer that changes it.
//!
//! Pure: no browser is touched here, so the tests run natively.

mod about;
mod guests;
mod history;
mod reducer;
mod select;
#[cfg(test)]
mod tests;
mod ui;

pub use about::{is_about_broker, is_about_partition, sides_of};
pub use guests::{Guest, Guests};
pub use history::{History, Sample, Tick};
pub use reducer::Msg;
pub use select::{
    committed_by_group, group_colour, in_sync, leader_of, places_of, replica_of, topic_of,
    visible_topics,
};
pub use ui::{
    Confirm, Dialog, GuideTab, Pane, Prediction, Selection, Tab, Theme, Then, TimelineTab, Ui, View,
};

use crate::lessons::Progress;
use crate::scenario::{Recording, Scenario, TraceEvent};
use konbini_bridge::{Frame, Notice, Refusal};
use std::collections::VecDeque;
use std::rc::Rc;

/// Events kept for the timeline and the list; older ones are gone from the page.
pub const EVENTS_KEPT: usize = 600;
/// Refusals shown at once.
pub const REFUSALS_SHOWN: usize = 3;

/// How far the worker has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Loading, or recovering what the disks hold.
    #[default]
    Starting,
    Running,
    /// Crashed; the notice says where.
    Dead,
}

#[derive(Clone, Debug, Default)]
pub struct AppState {
    /// Counts the changes; equal versions are equal states.
    pub version: u64,
    pub engine: Engine,
    /// Whether a stored run was continued.
    pub resumed: bool,
    pub scenario: Rc<Option<Scenario>>,
    pub frame: Rc<Frame>,
    /// Oldest first.
    pub events: VecDeque<Rc<TraceEvent>>,
    pub history: History,
    /// Clients from outside.
    pub guests: Guests,
    pub notices: Vec<Notice>,
    pub refusals: Vec<Refusal>,
    /// What brokers have answered to actions with an error, not yet dismissed.
    pub failures: Vec<Rc<TraceEvent>>,
    pub lesson: Progress,
    /// The recording with code that a link or a file brought.
    pub linked: Option<Rc<Recording>>,
    pub ui: Ui,
}

/// Events by which an action tells that it failed after it was taken on.
pub const FAILURES: &[&str] = &[
    "action-failed",
    "action-refused",
    "topic-not-created",
    "seek-refused",
];

impl PartialEq for AppState {
    fn eq(&self, other: &AppState) -> bool {
        self.version == other.version
    }
}

impl AppState {
    /// The state before the first frame.
    pub fn new(ui: Ui, lesson: Progress) -> AppState {
        AppState {
            ui,
            lesson,
            ..AppState::default()
        }
    }

    pub fn snapshot(&self) -> &crate::scenario::Snapshot {
        &self.frame.snapshot
    }

    /// Records that committed offsets are behind, over all groups.
    pub fn total_lag(&self) -> i64 {
        total_lag(self.snapshot())
    }
}

pub(crate) fn total_lag(snapshot: &crate::scenario::Snapshot) -> i64 {
    let offsets = snapshot.groups.iter().flat_map(|group| &group.offsets);
    offsets.map(|offset| offset.lag.max(0)).sum()
}
