//! The quiet banner above the stage, and the voice for screen readers.

use crate::app::root::real_now;
use crate::context::Ctx;
use crate::dialogs::refusal_box;
use crate::i18n::{header, notices as t};
use crate::lessons::empty_playground;
use crate::scenario::TraceEvent;
use crate::state::{Engine, Msg, Then};
use crate::timeline::sentence;
use crate::trace::Level;
use konbini_bridge::Notice;
use yew::prelude::*;

#[component]
pub fn Notices() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let state = &ctx.state;
    let starting = state.engine == Engine::Starting;
    let quiet = state.notices.is_empty() && state.refusals.is_empty() && state.failures.is_empty();
    if !starting && quiet {
        return html! {};
    }
    html! {
        <div class="notices" role="status">
            if starting && state.notices.is_empty() { <p class="notice quiet">{ ctx.t(header::STARTING) }</p> }
            { for state.notices.iter().enumerate().map(|(i, n)| notice(&ctx, i, n)) }
            { for state.refusals.iter().enumerate().map(|(i, r)| html! {
                <div class="notice bad">
                    { refusal_box(&ctx, r) }
                    if r.code.starts_with("link-") { { offer_empty(&ctx) } }
                    { dismiss(&ctx, Msg::DismissRefusal(i)) }
                </div>
            }) }
            { for state.failures.iter().enumerate().map(|(i, event)| html! {
                <div class="notice bad">
                    <p class="notice-text">{ sentence(&ctx, event) }</p>
                    { dismiss(&ctx, Msg::DismissFailure(i)) }
                </div>
            }) }
        </div>
    }
}

fn notice(ctx: &Ctx, place: usize, notice: &Notice) -> Html {
    let loud = matches!(
        notice,
        Notice::Crashed { .. }
            | Notice::StorageFull { .. }
            | Notice::StorageFailed { .. }
            | Notice::StorageDamaged { .. }
            | Notice::StorageUnusable { .. }
            | Notice::MemoryFull { .. }
    );
    let reload = matches!(notice, Notice::Crashed { .. } | Notice::StorageNewer { .. });
    let on_reload = Callback::from(|_: MouseEvent| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    html! {
        <div class={classes!("notice", loud.then_some("bad"))}>
            <div class="notice-text">
                <p>{ t::words(ctx.lang(), notice) }</p>
                if let Some(detail) = t::detail(notice) {
                    <details><summary>{ ctx.t(t::DETAILS) }</summary><code lang="en">{ detail.to_owned() }</code></details>
                }
            </div>
            if reload { <button class="btn" onclick={on_reload}>{ ctx.t(t::RELOAD) }</button> }
            { dismiss(ctx, Msg::DismissNotice(place)) }
        </div>
    }
}

/// After a link that cannot be opened: the empty playground, where another run goes on. That run
/// is replaced only after the reader was asked.
fn offer_empty(ctx: &Ctx) -> Html {
    let empty = empty_playground();
    if ctx.state.engine != Engine::Running || ctx.state.scenario.as_ref().as_ref() == Some(&empty) {
        return html! {};
    }
    let ask = ctx.on_confirm(
        ctx.t(t::EMPTY_TITLE).to_owned(),
        ctx.t(t::EMPTY_BODY).to_owned(),
        t::EMPTY,
        Then::Restart(Box::new(empty)),
    );
    html! {
        <>
            <span class="soft">{ ctx.t(t::RUN_KEPT) }</span>
            <button class="btn" onclick={ask}>{ ctx.t(t::EMPTY) }</button>
        </>
    }
}

fn dismiss(ctx: &Ctx, msg: Msg) -> Html {
    html! {
        <button class="btn icon" aria-label={ctx.t(t::DISMISS)} onclick={ctx.on(msg)}>{ "✕" }</button>
    }
}

/// Real ms between two things said at the least.
const SAY_EVERY_MS: f64 = 4_000.0;

/// Says the newest event worth saying, no more often than a voice can follow.
#[component]
pub fn Announcer() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let said = use_mut_ref(|| (0_u64, f64::NEG_INFINITY, String::new()));
    let loud = |event: &&std::rc::Rc<TraceEvent>| event.event.level > Level::Detail;
    if let Some(newest) = ctx.state.events.iter().rev().find(loud) {
        let mut said = said.borrow_mut();
        if newest.seq != said.0 && real_now() - said.1 >= SAY_EVERY_MS {
            *said = (newest.seq, real_now(), sentence(&ctx, newest));
        }
    }
    let text = said.borrow().2.clone();
    html! { <div class="sr" aria-live="polite" aria-atomic="true">{ text }</div> }
}
