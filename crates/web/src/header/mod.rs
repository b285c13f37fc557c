//! The header: scenario, transport, clock, language, theme, share.

mod scenario_picker;
mod speed;
mod transport;

use crate::context::Ctx;
use crate::format::clock;
use crate::i18n::{code, header as t};
use crate::state::{Dialog, Msg, Theme, View};
use scenario_picker::ScenarioPicker;
pub use speed::SPEEDS;
use speed::speed;
pub use transport::toggle_pause;
use transport::transport;
use yew::prelude::*;

#[component]
pub fn Header() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let ui = &ctx.state.ui;
    let theme = match ui.theme {
        Theme::System => ctx.t(t::THEME_SYSTEM),
        Theme::Light => ctx.t(t::THEME_LIGHT),
        Theme::Dark => ctx.t(t::THEME_DARK),
    };
    let other = ui.lang.other();
    html! {
        <header class="top" aria-label={ctx.t(t::HEADER)}>
            <div class="logo"><Logo /><span>{ "Konbini" }</span></div>
            <ScenarioPicker />
            { transport(&ctx) }
            { speed(&ctx) }
            { virtual_clock(&ctx) }
            <span class="grow"></span>
            { view_switch(&ctx) }
            <div class="top-end">
                <button class="btn icon" onclick={ctx.on_dialog(Dialog::About)} title={ctx.t(t::ABOUT)} aria-label={ctx.t(t::ABOUT)}>{ "i" }</button>
                <button class="btn icon" onclick={ctx.on_dialog(Dialog::Help)} title={ctx.t(t::HELP)} aria-label={ctx.t(t::HELP)}>{ "?" }</button>
                <button class="btn icon" onclick={ctx.on(Msg::Theme(ui.theme.next()))} title={theme} aria-label={theme}>{ theme_icon(ui.theme) }</button>
                <button class="btn" lang={other.tag()} onclick={ctx.on(Msg::Lang(other))} aria-label={other.of(t::LANGUAGE)}>{ ctx.t(t::LANGUAGE_SHORT) }</button>
                <button class="btn primary" onclick={ctx.on_dialog(Dialog::Share)}>{ ctx.t(t::SHARE) }</button>
            </div>
        </header>
    }
}

/// The stage with guide and inspector, or code beside the stage.
fn view_switch(ctx: &Ctx) -> Html {
    let view = ctx.state.ui.view;
    let button = |which: View, word| {
        let on = view == which;
        html! {
            <button class={classes!(on.then_some("on"))} aria-pressed={on.to_string()} onclick={ctx.on(Msg::View(which))}>{ ctx.t(word) }</button>
        }
    };
    html! {
        <div class="seg views" role="group" aria-label={ctx.t(code::VIEW)}>
            { button(View::Stage, code::STAGE) }
            { button(View::Code, code::CODE) }
        </div>
    }
}

fn virtual_clock(ctx: &Ctx) -> Html {
    let (time, thousandths) = clock(ctx.state.snapshot().now);
    html! {
        <span class="clock" role="timer" aria-label={ctx.t(t::CLOCK)} aria-live="off">
            { time }<small>{ thousandths }</small>
            if ctx.state.frame.behind && !ctx.state.frame.paused {
                <em class="behind" title={ctx.t(t::BEHIND)}>{ "▲" }<span class="sr">{ ctx.t(t::BEHIND) }</span></em>
            }
        </span>
    }
}

fn theme_icon(theme: Theme) -> Html {
    let path = match theme {
        Theme::System => "M2 3.5h12v8H2z M6 14h4 M8 11.5V14",
        Theme::Light => {
            "M8 4.8a3.2 3.2 0 1 0 .01 0 M8 1v1.6 M8 13.4V15 M1 8h1.6 M13.4 8H15 M3.1 3.1l1.1 1.1 M11.8 11.8l1.1 1.1 M12.9 3.1l-1.1 1.1 M4.2 11.8l-1.1 1.1"
        }
        Theme::Dark => "M13.5 9.8A6 6 0 1 1 6.2 2.5a4.8 4.8 0 0 0 7.3 7.3z",
    };
    html! { <svg viewBox="0 0 16 16" class="glyph" aria-hidden="true"><path d={path} /></svg> }
}

/// The store: an awning over three parcels.
#[component]
pub fn Logo() -> Html {
    html! {
        <svg class="logo-mark" viewBox="0 0 26 26" aria-hidden="true">
            <rect x="2" y="10" width="22" height="14" rx="2.5" class="logo-wall" />
            <path d="M1 4h24v4a3 3 0 0 1-4.8 2.2A3 3 0 0 1 15.4 10 3 3 0 0 1 10.6 10 3 3 0 0 1 5.8 10.2 3 3 0 0 1 1 8z" class="logo-awning" />
            <path d="M5.8 4v6.2M15.4 4v6" stroke="#fff" stroke-width="2.2" opacity=".55" />
            <rect x="6" y="15" width="4" height="4" fill="#e4572e" />
            <rect x="11" y="15" width="4" height="4" fill="#c98a10" />
            <rect x="16" y="15" width="4" height="4" fill="#3566c9" />
        </svg>
    }
}
