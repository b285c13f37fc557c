//! The wire: requests and responses as they crossed it, decoded.

use super::inspection::use_inspection;
use crate::context::Ctx;
use crate::format::{bytes, clock, span};
use crate::i18n::{fill, inspector as t};
use crate::scenario::inspect::{Exchange, Inspect, Inspection};
use crate::scenario::snapshot::Who;
use crate::state::Selection;
use crate::timeline::who_words;
use yew::prelude::*;

/// Exchanges shown.
const SHOWN: u32 = 40;
/// Virtual ms between two looks at 1×.
const LOOK_EVERY_MS: i64 = 500;

#[component]
pub fn Wire() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let held = use_state(|| None::<i64>);
    let who = match ctx.state.ui.selection.clone() {
        Some(Selection::Broker(id)) => Who::Broker(id),
        Some(Selection::Producer(name)) => Who::Producer(name),
        Some(Selection::Consumer(name)) => Who::Consumer(name),
        _ => Who::Cluster,
    };
    let speed = i64::from(ctx.state.frame.speed.max(100));
    let every = (LOOK_EVERY_MS * speed / 1000).max(1);
    let refresh = held.unwrap_or(ctx.state.snapshot().now / every);
    let looked = use_inspection(
        Some(Inspect::Wire {
            who: who.clone(),
            count: SHOWN,
        }),
        refresh,
    );
    let hold = {
        let held = held.clone();
        Callback::from(move |_: Event| held.set(if held.is_some() { None } else { Some(refresh) }))
    };
    let title = fill(ctx.t(t::WIRE_OF), &[("who", &who_words(&who))]);
    html! {
        <div class="sec">
            <div class="sec-head">
                <h2>{ title }</h2>
                <label class="check end"><input type="checkbox" checked={held.is_some()} onchange={hold} />{ ctx.t(t::HOLD) }</label>
            </div>
            if who == Who::Cluster { <p class="hint">{ ctx.t(t::WIRE_SELECT) }</p> }
            { match looked.as_deref() {
                None => html! { <p class="hint">{ ctx.t(t::LOADING) }</p> },
                Some(Err(refusal)) => crate::dialogs::refusal_box(&ctx, refusal),
                Some(Ok(Inspection::Wire { exchanges })) if !exchanges.is_empty() => html! {
                    <div class="wire">{ for exchanges.iter().map(|e| exchange(&ctx, e)) }</div>
                },
                Some(Ok(_)) => html! { <p class="hint">{ ctx.t(t::NO_WIRE) }</p> },
            } }
        </div>
    }
}

fn exchange(ctx: &Ctx, exchange: &Exchange) -> Html {
    let (time, thousandths) = clock(exchange.sent);
    let took = if exchange.answered < 0 {
        ctx.t(t::UNANSWERED).to_owned()
    } else {
        span(exchange.answered - exchange.sent)
    };
    let sizes = format!(
        "{} → {}",
        bytes(exchange.request_bytes.into()),
        bytes(exchange.response_bytes.into())
    );
    html! {
        <details key={format!("{}-{}-{}", exchange.client, exchange.correlation_id, exchange.sent)}>
            <summary>
                <b>{ &exchange.api }</b><span class="chip">{ format!("v{}", exchange.version) }</span>
                <span class="soft">{ format!("{} → broker {}", exchange.client, exchange.broker) }</span>
                <code class="end">{ took }</code>
            </summary>
            <p class="fine">{ format!("{time}{thousandths} · correlation {} · {sizes}", exchange.correlation_id) }</p>
            <h4>{ ctx.t(t::REQUEST) }</h4><pre>{ &exchange.request }</pre>
            if exchange.answered >= 0 { <h4>{ ctx.t(t::RESPONSE) }</h4><pre>{ &exchange.response }</pre> }
        </details>
    }
}
