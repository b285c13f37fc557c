//! An event: its sentence, who it happened to, and the setting that decided.

use super::parts::{head, pairs, text};
use crate::context::Ctx;
use crate::format::clock;
use crate::i18n::inspector as t;
use crate::state::{Selection, sides_of};
use crate::timeline::{because, sentence, who_words};
use yew::prelude::*;

pub fn event(ctx: &Ctx, seq: u64) -> Html {
    let Some(event) = ctx.state.events.iter().find(|event| event.seq == seq) else {
        return html! {};
    };
    let (time, thousandths) = clock(event.at);
    let mut rows = vec![
        (t::WHEN, text(time + &thousandths)),
        (t::WHO, text(who_words(&event.who))),
        (t::CODE, text(event.event.code.to_string())),
    ];
    if let Some(setting) = &event.event.setting {
        rows.push((t::DECIDED_BY, html! { <b>{ setting.to_string() }</b> }));
    }
    let args = event.event.args.iter();
    let sides = sides_of(event);
    html! {
        <div class="sec">
            { head(ctx, ctx.t(t::EVENT), html! {}) }
            <p class="sentence">{ sentence(ctx, event) }</p>
            if let Some(why) = because(ctx, event) { <p class="why-so">{ why }</p> }
            { pairs(ctx, rows) }
            if !sides.is_empty() {
                <div class="row" role="group" aria-label={ctx.t(t::ABOUT)}>{ for sides.into_iter().map(|side| way_to(ctx, side)) }</div>
            }
            <dl class="kv mono">{ for args.map(|(k, v)| html! { <><dt>{ k.to_string() }</dt><dd>{ v.to_string() }</dd></> }) }</dl>
        </div>
    }
}

/// A button to one of those whom the event is about.
fn way_to(ctx: &Ctx, side: Selection) -> Html {
    let word = match &side {
        Selection::Partition(topic, partition) => format!("{topic}-{partition}"),
        Selection::Broker(id) => format!("broker {id}"),
        _ => return html! {},
    };
    html! { <button class="btn small" onclick={ctx.on_select(side)}>{ word }</button> }
}
