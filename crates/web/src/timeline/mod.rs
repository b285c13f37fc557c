//! The timeline below the stage: lanes of events, throughput and lag over virtual time.

mod lanes;
mod list;
mod spark;
mod width;

use crate::context::Ctx;
use crate::format::count;
use crate::i18n::{fill, timeline as t};
use crate::state::{Msg, TimelineTab};
use lanes::Lanes;
use list::event_list;
use yew::prelude::*;

pub use list::{because, sentence, who_words};

#[component]
pub fn Timeline() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let tab = ctx.state.ui.timeline;
    let head = |which: TimelineTab, word| {
        html! {
            <button role="tab" aria-selected={(tab == which).to_string()} class={classes!((tab == which).then_some("on"))}
                onclick={ctx.on(Msg::Timeline(which))}>{ ctx.t(word) }</button>
        }
    };
    html! {
        <footer class="timeline" aria-label={ctx.t(t::TIMELINE)} role="region" data-pane="timeline">
            <div class="time-head">
                <h2>{ ctx.t(t::TIMELINE) }</h2>
                <div class="time-tabs" role="tablist" aria-label={ctx.t(t::TIMELINE)}>
                    { head(TimelineTab::Lanes, t::EVENTS) }
                    { head(TimelineTab::List, t::LIST) }
                </div>
                { figures(&ctx) }
            </div>
            if tab == TimelineTab::Lanes { <Lanes /> } else { { event_list(&ctx) } }
        </footer>
    }
}

fn figures(ctx: &Ctx) -> Html {
    let last = ctx.state.history.samples.back();
    let (produced, consumed) = last.map_or((0, 0), |s| (s.produced, s.consumed));
    let lag = ctx.state.total_lag();
    html! {
        <p class="figures">
            <span class="in">{ fill(ctx.t(t::PRODUCED_NOW), &[("n", &count(produced.into()))]) }</span>
            <span class="out">{ fill(ctx.t(t::CONSUMED_NOW), &[("n", &count(consumed.into()))]) }</span>
            <span class="lag">{ fill(ctx.t(t::LAG_NOW), &[("n", &count(lag.unsigned_abs()))]) }</span>
        </p>
    }
}
