//! The guide on the left: lessons, and short reading on the ideas behind them.

pub mod focus;
mod lesson;
mod reading;

use crate::context::Ctx;
use crate::i18n::header as t;
use crate::state::{GuideTab, Msg};
use lesson::lesson;
use reading::reading;
use yew::prelude::*;

#[component]
pub fn Guide() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let tab = ctx.state.ui.guide;
    let head = |which: GuideTab, word| {
        html! {
            <button role="tab" aria-selected={(tab == which).to_string()} class={classes!((tab == which).then_some("on"))}
                onclick={ctx.on(Msg::Guide(which))}>{ ctx.t(word) }</button>
        }
    };
    html! {
        <aside class="guide" aria-label={ctx.t(t::GUIDE)} data-pane="guide">
            <div class="tabs" role="tablist" aria-label={ctx.t(t::GUIDE)}>
                { head(GuideTab::Lessons, t::LESSONS) }
                { head(GuideTab::Reading, t::READING) }
            </div>
            <div class="guide-body" role="tabpanel">
                { if tab == GuideTab::Lessons { lesson(&ctx) } else { reading(&ctx) } }
            </div>
        </aside>
    }
}
