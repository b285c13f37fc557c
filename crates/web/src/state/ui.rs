//! What the reader has chosen: language, theme, what is selected, which dialog is open.

use crate::i18n::Lang;
use crate::scenario::{Action, Recording, Scenario};
use std::rc::Rc;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn name(self) -> &'static str {
        ["system", "light", "dark"][self as usize]
    }

    pub fn from_name(name: &str) -> Theme {
        match name {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }

    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }
}

/// What the inspector shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    Broker(i32),
    Topic(String),
    Partition(String, i32),
    Producer(String),
    Consumer(String),
    Group(String),
    /// An event by its sequence number.
    Event(u64),
}

/// A tab of the inspector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Inspect,
    Messages,
    Wire,
    Config,
}

/// What fills the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Stage,
    /// Editor and terminals, with the stage beside them.
    Code,
}

/// What a phone shows; wide screens show all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    Guide,
    #[default]
    Stage,
    Inspector,
    Timeline,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GuideTab {
    #[default]
    Lessons,
    Reading,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimelineTab {
    #[default]
    Lanes,
    List,
}

/// The option that the reader chose before a run.
pub type Prediction = Option<usize>;

/// What happens when a question is answered with yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    Act(Vec<Action>),
    Restart(Box<Scenario>),
    StartLesson(usize),
    OpenOver(Box<Recording>),
    /// Starts a recording over, with its programs.
    Rerun(Rc<Recording>),
    /// Runs so many virtual ms as fast as possible.
    Advance(u32),
    Reset,
}

/// A question before something that cannot be undone. Texts are already in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    pub title: String,
    pub body: String,
    pub yes: String,
    pub then: Then,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    NewTopic,
    /// More partitions for this topic.
    GrowTopic(String),
    NewProducer,
    EditProducer(String),
    NewConsumer {
        group: Option<String>,
    },
    EditConsumer(String),
    Send {
        producer: String,
    },
    ResetOffsets {
        group: String,
    },
    DeleteRecords {
        topic: String,
        partition: i32,
    },
    Confirm(Confirm),
    Share,
    Help,
    About,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ui {
    pub lang: Lang,
    pub theme: Theme,
    pub selection: Option<Selection>,
    pub tab: Tab,
    pub view: View,
    pub pane: Pane,
    pub guide: GuideTab,
    pub timeline: TimelineTab,
    pub dialog: Option<Dialog>,
    pub show_internal: bool,
}
