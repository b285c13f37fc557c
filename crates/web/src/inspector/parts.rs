//! Small parts that the inspector's views share.

use crate::context::Ctx;
use crate::format::clock;
use crate::i18n::{Text, inspector as t};
use crate::scenario::TraceEvent;
use crate::state::{Msg, Selection};
use crate::timeline::sentence;
use crate::trace::Level;
use yew::prelude::*;

/// The title of what is selected, with chips and a way to unselect.
pub fn head(ctx: &Ctx, title: &str, chips: Html) -> Html {
    html! {
        <div class="sec-head">
            <h2>{ title }</h2>{ chips }
            <button class="mini end" aria-label={ctx.t(t::CLOSE)} onclick={ctx.on(Msg::Unselect)}>{ "✕" }</button>
        </div>
    }
}

/// Names and values, two columns.
pub fn pairs(ctx: &Ctx, rows: Vec<(Text, Html)>) -> Html {
    html! {
        <dl class="kv">
            { for rows.into_iter().map(|(name, value)| html! { <><dt>{ ctx.t(name) }</dt><dd>{ value }</dd></> }) }
        </dl>
    }
}

pub fn section(title: &str, inside: Html) -> Html {
    html! { <section class="sec"><h3>{ title }</h3>{ inside }</section> }
}

/// A table with its column heads; wide ones scroll in their own box.
pub fn table(heads: &[&str], rows: Vec<Html>) -> Html {
    html! {
        <div class="table-box"><table>
            <thead><tr>{ for heads.iter().map(|head| html! { <th scope="col">{ *head }</th> }) }</tr></thead>
            <tbody>{ for rows }</tbody>
        </table></div>
    }
}

pub fn text(value: impl Into<String>) -> Html {
    html! { { value.into() } }
}

/// Events shown of what is selected.
const LATEST: usize = 5;

/// The newest events about what is selected; nothing when there are none.
pub fn latest_events(ctx: &Ctx, is_about: impl Fn(&TraceEvent) -> bool) -> Html {
    let marked = |event: &&std::rc::Rc<TraceEvent>| event.event.level > Level::Detail;
    let newest = ctx.state.events.iter().rev().filter(marked);
    let rows: Vec<Html> = newest
        .filter(|event| is_about(event))
        .take(LATEST)
        .map(|event| {
            let level = format!("{:?}", event.event.level).to_lowercase();
            let (time, _) = clock(event.at);
            html! {
                <li key={event.seq}>
                    <button class={classes!("event-row", level)} onclick={ctx.on_select(Selection::Event(event.seq))}>
                        <code>{ time }</code><i aria-hidden="true"></i><span class="what">{ sentence(ctx, event) }</span>
                    </button>
                </li>
            }
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    section(
        ctx.t(t::LATEST_EVENTS),
        html! { <ul class="latest">{ for rows }</ul> },
    )
}
