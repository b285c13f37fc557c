//! Start over, pause or resume, step.

use crate::context::Ctx;
use crate::i18n::{fill, header as t};
use crate::state::{Engine, Then};
use konbini_bridge::Command;
use yew::prelude::*;

pub fn transport(ctx: &Ctx) -> Html {
    let ready = ctx.state.engine == Engine::Running;
    let paused = ctx.state.frame.paused;
    let word = ctx.t(if paused { t::RESUME } else { t::PAUSE });
    let toggle = {
        let ctx = ctx.clone();
        Callback::from(move |_: MouseEvent| toggle_pause(&ctx))
    };
    let step = {
        let ctx = ctx.clone();
        Callback::from(move |_: MouseEvent| ctx.command(Command::Step))
    };
    html! {
        <div class="seg" role="group" aria-label={ctx.t(t::TRANSPORT)}>
            { restart(ctx, ready) }
            <button class={classes!("wide", (!paused).then_some("on"))} onclick={toggle} disabled={!ready}>{ word }</button>
            <button onclick={step} disabled={!ready} title={ctx.t(t::STEP_LABEL)} aria-label={ctx.t(t::STEP_LABEL)}>
                { ctx.t(t::STEP) }<span aria-hidden="true">{ " ▸|" }</span>
            </button>
        </div>
    }
}

/// Pauses a running cluster, resumes a paused one.
pub fn toggle_pause(ctx: &Ctx) {
    ctx.command(if ctx.state.frame.paused {
        Command::Resume
    } else {
        Command::Pause
    });
}

fn restart(ctx: &Ctx, ready: bool) -> Html {
    let Some(scenario) = (*ctx.state.scenario).clone() else {
        return html! { <button disabled=true aria-label={ctx.t(t::RESTART)}>{ "↺" }</button> };
    };
    let name = crate::lessons::title_of(&scenario, ctx.lang());
    let body = fill(ctx.t(t::RESTART_BODY), &[("name", &name)]);
    let title = ctx.t(t::RESTART_ASK).to_owned();
    let ask = ctx.on_confirm(title, body, t::RESTART, Then::Restart(Box::new(scenario)));
    html! {
        <button onclick={ask} disabled={!ready} title={ctx.t(t::RESTART)} aria-label={ctx.t(t::RESTART)}>{ "↺" }</button>
    }
}
