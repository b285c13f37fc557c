//! Code in links: what came with one, and what goes into one.
//!
//! Files of a link are shown beside the reader's own, which stay as they are; nothing of them runs
//! before the reader presses run. They are kept nowhere but in the link itself.

use super::desk::{Desk, DeskView, refusal};
use crate::context::Ctx;
use crate::i18n::{Lang, code as t, fill};
use crate::scenario::Recording;
use crate::scenario::code::{Code, changes};
use crate::state::{Confirm, Dialog, Msg, Then};
use konbini_bridge::{Order, Refusal};
use std::rc::Rc;
use yew::prelude::*;

/// Shows the code that came with a recording, which was opened without running it.
pub async fn receive(ctx: &Ctx, recording: Recording) {
    #[derive(serde::Serialize)]
    struct Came {
        files: Vec<crate::scenario::code::File>,
        programs: u32,
    }
    let came = Came {
        files: recording.code.all_files(),
        programs: programs_of(&recording),
    };
    ctx.send(Msg::Linked(Rc::new(recording)));
    // The view says why where it cannot be loaded.
    if let Ok(desk) = Desk::load(ctx).await {
        let text = serde_json::to_string(&came).unwrap_or_default();
        if let Err(error) = desk.call_now("receive", &[text.into()]) {
            ctx.send(Msg::Refused(refusal(&error)));
        }
    }
}

/// Does what a recording that is repeated wants.
///
/// # Errors
/// It cannot be done, and why.
pub async fn obey(order: Order) -> Result<(), Refusal> {
    if order == Order::GaveUp {
        return Err(Refusal {
            code: "replay-gave-up".to_owned(),
            message: "A program of the recording did not start in time: what follows in the recording is left out.".to_owned(),
        });
    }
    match Desk::loaded() {
        Some(desk) => desk.obey(&order).await,
        None => Ok(()),
    }
}

/// Adds the files of the code view to a recording, where there is more than everybody finds there.
///
/// # Errors
/// Programs have run, and the code view cannot be loaded.
pub async fn add_files(ctx: &Ctx, recording: &mut Recording) -> Result<(), Refusal> {
    let ran = !recording.code.programs.is_empty();
    let desk = match Desk::loaded() {
        None if !ran => return Ok(()),
        None => Desk::load(ctx).await.map_err(|error| refusal(&error))?,
        Some(desk) => desk,
    };
    let shared = desk.shared();
    if ran || shared.touched {
        recording.code.files = changes(&recording.code.all_files(), &shared.files);
    }
    Ok(())
}

/// The same files, as if nothing of them had run.
pub fn files_only(code: &Code) -> Code {
    Code {
        programs: Vec::new(),
        files: changes(&[], &code.all_files()),
    }
}

/// Programs that a recording begins.
pub fn programs_of(recording: &Recording) -> u32 {
    use crate::scenario::code::Step;
    let steps = recording.code.programs.iter();
    let begins = steps.filter(|timed| matches!(timed.step, Step::Begin { .. }));
    u32::try_from(begins.count()).unwrap_or(u32::MAX)
}

/// What the view says about the link's code.
pub fn banner(ctx: &Ctx, desk: &Desk, view: &DeskView) -> Html {
    let Some(linked) = &view.linked else {
        return html! {};
    };
    let to = |which: &'static str| {
        let (ctx, desk) = (ctx.clone(), desk.clone());
        Callback::from(move |_: MouseEvent| desk.act(&ctx, "use", vec![which.into()]))
    };
    if view.shown == "own" {
        return html! {
            <div class="linked">
                <p>{ ctx.t(t::OWN_SHOWN) }</p>
                <span class="linked-buttons">
                    <button class="btn small" onclick={to("link")}>{ ctx.t(t::SHOW_LINKED) }</button>
                </span>
            </div>
        };
    }
    let hint = match linked.programs {
        0 => String::new(),
        n => fill(ctx.t(t::RERUN_HINT), &[("n", &n)]),
    };
    html! {
        <div class="linked" role="status">
            <p><b>{ ctx.t(t::LINKED) }</b>{ between(ctx.lang()) }{ ctx.t(t::LINKED_KEPT) }{ between(ctx.lang()) }{ hint }</p>
            <span class="linked-buttons">
                if linked.programs > 0 {
                    <button class="btn primary small" onclick={rerun(ctx)}>{ ctx.t(t::RERUN) }</button>
                }
                <button class="btn small" onclick={keep(ctx, desk)}>{ ctx.t(t::KEEP) }</button>
                <button class="btn small" onclick={to("own")}>{ ctx.t(t::SHOW_OWN) }</button>
            </span>
        </div>
    }
}

/// Chinese sentences follow each other without a space.
fn between(lang: Lang) -> &'static str {
    match lang {
        Lang::En => " ",
        Lang::ZhTw => "",
    }
}

/// The link's own run is started over at once; another run only after the reader was asked.
fn rerun(ctx: &Ctx) -> Callback<MouseEvent> {
    let ctx = ctx.clone();
    Callback::from(move |_| {
        let Some(recording) = ctx.state.linked.clone() else {
            return;
        };
        if ctx.state.scenario.as_ref().as_ref() == Some(&recording.scenario) {
            let ctx = ctx.clone();
            wasm_bindgen_futures::spawn_local(async move {
                ctx.rerun(&recording).await;
            });
            return;
        }
        ctx.send(Msg::Dialog(Dialog::Confirm(Confirm {
            title: ctx.t(t::RERUN_ASK).to_owned(),
            body: ctx.t(t::RERUN_BODY).to_owned(),
            yes: ctx.t(t::RERUN).to_owned(),
            then: Then::Rerun(recording),
        })));
    })
}

/// Copies the link's files to the reader's own; those that differ are written over only when asked.
fn keep(ctx: &Ctx, desk: &Desk) -> Callback<MouseEvent> {
    let (ctx, desk) = (ctx.clone(), desk.clone());
    Callback::from(move |_| {
        let clashes = desk.clashes();
        let ask = fill(ctx.t(t::KEEP_ASK), &[("names", &clashes.join(", "))]);
        let window = web_sys::window();
        let sure = || window.is_some_and(|w| w.confirm_with_message(&ask).unwrap_or(false));
        if clashes.is_empty() || sure() {
            desk.act(&ctx, "keep", Vec::new());
        }
    })
}
