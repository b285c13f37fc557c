//! What every view is handed: the state, and the ways to change something.

use crate::frame_loop::Live;
use crate::i18n::{Lang, Text};
use crate::scenario::{Action, Recording, Scenario};
use crate::state::{AppState, Confirm, Dialog, Msg, Selection, Then};
use crate::worker_link::WorkerLink;
use konbini_bridge::{Command, Refusal, Reply};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Clones are cheap. Equal when the state behind is the same.
#[derive(Clone)]
pub struct Ctx {
    /// Reads the newest state whenever it is asked, also in a callback made long ago.
    pub state: UseReducerHandle<AppState>,
    /// The version of the state when this was made: what makes two of them differ.
    pub version: u64,
    pub link: Rc<WorkerLink>,
    pub live: Rc<RefCell<Live>>,
}

impl PartialEq for Ctx {
    fn eq(&self, other: &Ctx) -> bool {
        self.version == other.version
    }
}

impl Ctx {
    pub fn lang(&self) -> Lang {
        self.state.ui.lang
    }

    pub fn t(&self, text: Text) -> &'static str {
        self.lang().of(text)
    }

    pub fn send(&self, msg: Msg) {
        self.state.dispatch(msg);
    }

    /// A click handler that changes the page's own state.
    pub fn on<E: 'static>(&self, msg: Msg) -> Callback<E> {
        let ctx = self.clone();
        Callback::from(move |_| ctx.send(msg.clone()))
    }

    pub fn on_select<E: 'static>(&self, selection: Selection) -> Callback<E> {
        self.on(Msg::Select(selection))
    }

    pub fn on_dialog<E: 'static>(&self, dialog: Dialog) -> Callback<E> {
        self.on(Msg::Dialog(dialog))
    }

    /// A click handler that applies one action.
    pub fn on_act<E: 'static>(&self, action: Action) -> Callback<E> {
        let ctx = self.clone();
        Callback::from(move |_| ctx.act(vec![action.clone()]))
    }

    /// A click handler that asks before it does something.
    pub fn on_confirm<E: 'static>(
        &self,
        title: String,
        body: String,
        yes: Text,
        then: Then,
    ) -> Callback<E> {
        self.on_dialog(Dialog::Confirm(Confirm {
            title,
            body,
            yes: self.t(yes).to_owned(),
            then,
        }))
    }

    /// Applies actions in order; stops at the first refusal and shows it.
    pub fn act(&self, actions: Vec<Action>) {
        let ctx = self.clone();
        spawn_local(async move {
            for action in actions {
                let command = Command::Apply(Box::new(action));
                if ctx.answer(command).await.is_none() {
                    break;
                }
            }
        });
    }

    /// Applies one action and tells the caller how it went.
    pub async fn try_act(&self, action: Action) -> Result<(), Refusal> {
        let reply = self.link.request(Command::Apply(Box::new(action))).await;
        reply.map(|_| ())
    }

    /// Sends a command whose reply only matters when it is a refusal.
    pub fn command(&self, command: Command) {
        self.live.borrow_mut().expect(&command);
        let ctx = self.clone();
        spawn_local(async move {
            ctx.answer(command).await;
        });
    }

    /// The reply; a refusal is shown and becomes none.
    pub async fn answer(&self, command: Command) -> Option<Reply> {
        match self.link.request(command).await {
            Ok(reply) => Some(reply),
            Err(refusal) => {
                self.send(Msg::Refused(refusal));
                None
            }
        }
    }

    /// Deletes the run and starts this scenario from nothing.
    pub async fn restart(&self, scenario: Scenario) -> bool {
        let restarted = self
            .answer(Command::Restart(Box::new(scenario.clone())))
            .await;
        if let Some(reply) = &restarted {
            let scenario = match reply {
                Reply::Opened { scenario, .. } => scenario.clone(),
                _ => Box::new(scenario),
            };
            self.live.borrow_mut().forget();
            self.send(Msg::Opened {
                resumed: false,
                scenario,
            });
        }
        restarted.is_some()
    }

    /// Deletes the run and starts this recording from nothing, with its programs at their moments.
    /// Whether it was started.
    pub async fn rerun(&self, recording: &Recording) -> bool {
        let desk = match crate::code::Desk::load(self).await {
            Ok(desk) => desk,
            Err(error) => {
                self.send(Msg::Refused(crate::code::refusal(&error)));
                return false;
            }
        };
        let _ = desk.call_now("clearAll", &[]);
        let command = Command::Rerun(Box::new(recording.clone()));
        let Some(Reply::Opened { resumed, scenario }) = self.answer(command).await else {
            return false;
        };
        self.live.borrow_mut().forget();
        self.send(Msg::Opened { resumed, scenario });
        true
    }

    /// Opens a recording (over a stored run when `replace`). Whether a stored run was continued;
    /// none when nothing was opened.
    pub async fn open(&self, recording: Recording, replace: bool) -> Option<bool> {
        let command = Command::Open {
            recording: Box::new(recording),
            replace,
        };
        match self.answer(command).await? {
            Reply::Opened { resumed, scenario } => {
                self.live.borrow_mut().forget();
                self.send(Msg::Opened { resumed, scenario });
                Some(resumed)
            }
            _ => None,
        }
    }
}
