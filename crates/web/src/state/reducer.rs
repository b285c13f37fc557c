//! Every change of the page's state.

use super::{
    AppState, Dialog, EVENTS_KEPT, Engine, FAILURES, GuideTab, Pane, REFUSALS_SHOWN, Selection,
    Tab, Theme, TimelineTab, View,
};
use crate::i18n::Lang;
use crate::scenario::{Flight, Recording, Scenario, TraceEvent};
use konbini_bridge::{Frame, Notice, Refusal};
use std::rc::Rc;

#[derive(Clone, Debug)]
pub enum Msg {
    /// The newest frame, with all flights and events since the last one that was reduced.
    Frame {
        frame: Rc<Frame>,
        flights: Vec<Flight>,
        events: Vec<TraceEvent>,
    },
    Opened {
        resumed: bool,
        scenario: Box<Scenario>,
    },
    /// A link or a file brought code: it is shown.
    Linked(Rc<Recording>),
    Notice(Notice),
    DismissNotice(usize),
    Refused(Refusal),
    DismissRefusal(usize),
    DismissFailure(usize),
    Select(Selection),
    Unselect,
    Tab(Tab),
    View(View),
    Pane(Pane),
    Guide(GuideTab),
    Timeline(TimelineTab),
    Dialog(Dialog),
    CloseDialog,
    Lang(Lang),
    Theme(Theme),
    ShowInternal(bool),
    /// Shows this lesson from its first step (its scenario has been started).
    Lesson(usize),
    Predict(usize),
    /// The button of this step was pressed.
    StepTaken(usize),
    /// What the button asked for was refused.
    StepRefused(usize),
}

impl AppState {
    /// The state after `msg`.
    #[must_use]
    pub fn after(&self, msg: Msg) -> AppState {
        let mut next = self.clone();
        next.version += 1;
        next.change(msg);
        next
    }

    fn change(&mut self, msg: Msg) {
        match msg {
            Msg::Frame {
                frame,
                flights,
                events,
            } => self.take_frame(frame, &flights, events),
            Msg::Opened { resumed, scenario } => self.opened(resumed, *scenario),
            Msg::Linked(recording) => {
                self.linked = Some(recording);
                self.ui.view = View::Code;
            }
            Msg::Notice(notice) => self.take_notice(notice),
            Msg::DismissNotice(at) => drop_at(&mut self.notices, at),
            Msg::Refused(refusal) => self.take_refusal(refusal),
            Msg::DismissRefusal(at) => drop_at(&mut self.refusals, at),
            Msg::DismissFailure(at) => drop_at(&mut self.failures, at),
            Msg::Select(selection) => self.select(selection),
            Msg::Unselect => self.ui.selection = None,
            Msg::Tab(tab) => self.ui.tab = tab,
            Msg::View(view) => self.ui.view = view,
            Msg::Pane(pane) => self.ui.pane = pane,
            Msg::Guide(tab) => self.ui.guide = tab,
            Msg::Timeline(tab) => self.ui.timeline = tab,
            Msg::Dialog(dialog) => self.ui.dialog = Some(dialog),
            Msg::CloseDialog => self.ui.dialog = None,
            Msg::Lang(lang) => self.ui.lang = lang,
            Msg::Theme(theme) => self.ui.theme = theme,
            Msg::ShowInternal(show) => self.ui.show_internal = show,
            Msg::Lesson(lesson) => self.lesson.start(lesson),
            Msg::Predict(option) => self.lesson.predict(option),
            Msg::StepTaken(step) => self.lesson.take(step, &self.frame.snapshot),
            Msg::StepRefused(step) => self.lesson.untake(step),
        }
    }

    fn take_frame(&mut self, frame: Rc<Frame>, flights: &[Flight], events: Vec<TraceEvent>) {
        let restarted = frame.snapshot.now < self.frame.snapshot.now;
        if restarted {
            self.events.clear();
            self.history = super::History::default();
            self.guests = super::Guests::default();
        }
        self.guests.observe(flights, frame.snapshot.now);
        self.history.mark(flights);
        self.history.observe(&frame.snapshot);
        let events = events.into_iter().map(Rc::new);
        for event in events {
            if FAILURES.contains(&event.event.code.as_ref()) {
                self.failures.push(event.clone());
            }
            self.events.push_back(event);
        }
        let many = self.failures.len().saturating_sub(REFUSALS_SHOWN);
        self.failures.drain(..many);
        while self.events.len() > EVENTS_KEPT {
            self.events.pop_front();
        }
        self.lesson.observe(&frame.snapshot);
        self.frame = frame;
        self.forget_what_is_gone();
    }

    /// A selected thing that no longer exists is no longer selected.
    fn forget_what_is_gone(&mut self) {
        let snapshot = &self.frame.snapshot;
        let there = match &self.ui.selection {
            None => return,
            Some(Selection::Broker(id)) => snapshot.brokers.iter().any(|b| b.id == *id),
            Some(Selection::Topic(name)) => super::topic_of(snapshot, name).is_some(),
            Some(Selection::Partition(name, p)) => super::leader_of(snapshot, name, *p).is_some(),
            Some(Selection::Producer(name)) => {
                snapshot.producers.iter().any(|p| p.spec.name == *name)
            }
            Some(Selection::Consumer(name)) => {
                snapshot.consumers.iter().any(|c| c.spec.name == *name)
            }
            Some(Selection::Group(id)) => {
                let known = snapshot.groups.iter().any(|g| g.id == *id);
                known || (snapshot.consumers.iter()).any(|c| c.spec.group.as_ref() == Some(id))
            }
            Some(Selection::Event(seq)) => self.events.iter().any(|event| event.seq == *seq),
        };
        if !there {
            self.ui.selection = None;
        }
    }

    fn opened(&mut self, resumed: bool, scenario: Scenario) {
        self.engine = Engine::Running;
        self.resumed = resumed;
        self.lesson.opened(&scenario, resumed);
        self.scenario = Rc::new(Some(scenario));
        self.events.clear();
        self.failures.clear();
        self.history = super::History::default();
        self.guests = super::Guests::default();
        self.ui.selection = None;
    }

    fn take_notice(&mut self, notice: Notice) {
        if matches!(notice, Notice::Crashed { .. }) {
            self.engine = Engine::Dead;
        }
        if notice == Notice::BecameOwner {
            self.notices.retain(|n| *n != Notice::OwnedByOtherTab);
        }
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    fn take_refusal(&mut self, refusal: Refusal) {
        self.refusals.retain(|shown| *shown != refusal);
        self.refusals.push(refusal);
        if self.refusals.len() > REFUSALS_SHOWN {
            self.refusals.remove(0);
        }
    }

    fn select(&mut self, selection: Selection) {
        let keeps_config = matches!(
            selection,
            Selection::Topic(_) | Selection::Partition(..) | Selection::Broker(_)
        );
        if self.ui.tab == Tab::Config && !keeps_config {
            self.ui.tab = Tab::Inspect;
        }
        self.ui.selection = Some(selection);
        self.ui.pane = Pane::Inspector;
    }
}

fn drop_at<T>(list: &mut Vec<T>, at: usize) {
    if at < list.len() {
        list.remove(at);
    }
}

impl yew::Reducible for AppState {
    type Action = Msg;

    fn reduce(self: Rc<Self>, msg: Msg) -> Rc<Self> {
        Rc::new(self.after(msg))
    }
}
