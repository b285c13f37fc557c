//! A question before something that cannot be undone.

use super::modal::Modal;
use crate::context::Ctx;
use crate::format::clock;
use crate::guide::focus;
use crate::i18n::{dialogs as t, fill};
use crate::lessons::LESSONS;
use crate::scenario::Recording;
use crate::state::{Confirm, Dialog, Msg, Then};
use konbini_bridge::Command;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub question: Confirm,
}

#[component]
pub fn ConfirmDialog(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let yes = {
        let (ctx, then) = (ctx.clone(), props.question.then.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            ctx.send(Msg::CloseDialog);
            go(&ctx, then.clone());
        })
    };
    html! {
        <Modal title={props.question.title.clone()}>
            <form onsubmit={yes}>
                <p class="modal-text">{ &props.question.body }</p>
                <footer class="modal-foot">
                    <button type="button" class="btn" onclick={ctx.on(Msg::CloseDialog)} autofocus=true>{ ctx.t(t::CANCEL) }</button>
                    <button type="submit" class="btn primary">{ &props.question.yes }</button>
                </footer>
            </form>
        </Modal>
    }
}

fn go(ctx: &Ctx, then: Then) {
    let ctx = ctx.clone();
    match then {
        Then::Act(actions) => ctx.act(actions),
        Then::Restart(scenario) => spawn_local(async move {
            ctx.restart(*scenario).await;
        }),
        Then::StartLesson(lesson) => spawn_local(async move {
            if let Some(found) = LESSONS.get(lesson) {
                ctx.restart((found.scenario)()).await;
                focus::to(focus::TITLE);
            }
        }),
        Then::OpenOver(recording) => spawn_local(async move {
            if ctx.open((*recording).clone(), true).await == Some(false) {
                opened(&ctx, *recording).await;
            }
        }),
        Then::Rerun(recording) => spawn_local(async move {
            ctx.rerun(&recording).await;
        }),
        Then::Advance(ms) => ctx.command(Command::Advance(ms)),
        Then::Reset => spawn_local(async move {
            if ctx.answer(Command::Reset).await.is_some() {
                ctx.restart((LESSONS[0].scenario)()).await;
            }
        }),
    }
}

/// A recording was opened, without its programs: its code is shown, or its midst offered.
pub async fn opened(ctx: &Ctx, recording: Recording) {
    let until = recording.until;
    let has_programs = !recording.code.programs.is_empty();
    if !recording.code.is_empty() {
        crate::code::receive(ctx, recording).await;
    }
    // Without the programs it would be another run that is brought there.
    if !has_programs {
        offer_fast_forward(ctx, until);
    }
}

/// Asks whether a run that was shared in its midst should be brought there at once.
fn offer_fast_forward(ctx: &Ctx, until: i64) {
    let Some(ms) = u32::try_from(until).ok().filter(|ms| *ms > 0) else {
        return;
    };
    let (time, _) = clock(until);
    ctx.send(Msg::Dialog(Dialog::Confirm(Confirm {
        title: ctx.t(t::FORWARD_TITLE).to_owned(),
        body: fill(ctx.t(t::FORWARD_BODY), &[("time", &time)]),
        yes: ctx.t(t::FORWARD_YES).to_owned(),
        then: Then::Advance(ms),
    })));
}
