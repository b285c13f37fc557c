//! The inspector on the right: what is selected, its messages, its wire, its settings.

mod batch;
mod broker;
mod config;
mod consumer;
mod event;
mod group;
mod header_bytes;
mod inspection;
mod log;
mod messages;
mod overview;
mod partition;
mod parts;
mod producer;
mod topic;
mod wire;

use crate::context::Ctx;
use crate::i18n::{Text, inspector as t};
use crate::state::{Msg, Selection, Tab};
use yew::prelude::*;

#[component]
pub fn Inspector() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let tab = ctx.state.ui.tab;
    let head = |which: Tab, word: Text| {
        html! {
            <button role="tab" aria-selected={(tab == which).to_string()} class={classes!((tab == which).then_some("on"))}
                onclick={ctx.on(Msg::Tab(which))}>{ ctx.t(word) }</button>
        }
    };
    html! {
        <aside class="side" aria-label={ctx.t(t::INSPECTOR)} data-pane="inspector">
            <div class="tabs" role="tablist" aria-label={ctx.t(t::INSPECTOR)}>
                { head(Tab::Inspect, t::INSPECT) }
                { head(Tab::Messages, t::MESSAGES) }
                { head(Tab::Wire, t::WIRE) }
                { head(Tab::Config, t::CONFIG) }
            </div>
            <div class="side-body" role="tabpanel" tabindex="0">{ body(&ctx, tab) }</div>
        </aside>
    }
}

fn body(ctx: &Ctx, tab: Tab) -> Html {
    let selection = ctx.state.ui.selection.clone();
    match tab {
        Tab::Inspect => inspect(ctx, selection),
        Tab::Messages => html! { <messages::Messages /> },
        Tab::Wire => html! { <wire::Wire /> },
        Tab::Config => html! { <config::Config /> },
    }
}

fn inspect(ctx: &Ctx, selection: Option<Selection>) -> Html {
    match selection {
        None => overview::overview(ctx),
        Some(Selection::Broker(id)) => broker::broker(ctx, id),
        Some(Selection::Topic(name)) => topic::topic(ctx, &name),
        Some(Selection::Partition(topic, partition)) => {
            html! { <partition::Partition {topic} {partition} /> }
        }
        Some(Selection::Producer(name)) => producer::producer(ctx, &name),
        Some(Selection::Consumer(name)) => consumer::consumer(ctx, &name),
        Some(Selection::Group(id)) => group::group(ctx, &id),
        Some(Selection::Event(seq)) => event::event(ctx, seq),
    }
}
