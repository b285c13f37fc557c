//! A producer: its settings, its counts, its newest acknowledgements.

use super::parts::{head, pairs, section, table, text};
use crate::context::Ctx;
use crate::format::{bytes, count};
use crate::i18n::{Text, dialogs, fill, inspector as t, stage};
use crate::scenario::Action;
use crate::scenario::snapshot::ProducerView;
use crate::stage::{acks_word, codec_word, pace_words};
use crate::state::{Dialog, Then};
use yew::prelude::*;

pub fn producer(ctx: &Ctx, name: &str) -> Html {
    let producers = &ctx.state.snapshot().producers;
    let Some(view) = producers.iter().find(|p| p.spec.name == name) else {
        return html! {};
    };
    let running = view.spec.running;
    let chips = html! {
        <span class={classes!("chip", running.then_some("good"))}>{ ctx.t(if running { stage::RUNNING } else { stage::STOPPED }) }</span>
    };
    let acks = view.last_acks.iter().rev().map(|(partition, offset)| {
        html! { <tr><td>{ format!("p{partition}") }</td><td>{ offset }</td></tr> }
    });
    html! {
        <>
            <div class="sec">
                { head(ctx, name, chips) }
                { pairs(ctx, facts(ctx, view)) }
                { actions(ctx, name, running) }
            </div>
            if !view.last_acks.is_empty() {
                { section(ctx.t(t::LAST_ACKS), table(&[ctx.t(t::PARTITION), ctx.t(t::OFFSET)], acks.collect())) }
            }
        </>
    }
}

fn facts(ctx: &Ctx, view: &ProducerView) -> Vec<(Text, Html)> {
    let spec = &view.spec;
    let each = view.acked.checked_div(view.requests).unwrap_or(0);
    let tenths = (view.acked * 10).checked_div(view.requests).unwrap_or(0) % 10;
    let each = format!("{each}.{tenths}");
    let requests = format!(
        "{} · {}",
        count(view.requests),
        fill(ctx.t(t::PER_REQUEST), &[("n", &each)])
    );
    let mut rows = vec![
        (t::TOPIC, text(spec.topic.clone())),
        (t::PACE, text(pace_words(spec.pace, ctx.lang()))),
        (["acks", "acks"], text(acks_word(spec.acks))),
        (
            ["compression.type", "compression.type"],
            text(codec_word(spec.compression)),
        ),
        (["linger.ms", "linger.ms"], text(spec.linger_ms.to_string())),
        (
            ["batch.size", "batch.size"],
            text(spec.batch_size.to_string()),
        ),
        (
            ["idempotence", "idempotence"],
            text(spec.idempotent.to_string()),
        ),
        (t::SENT, text(count(view.sent))),
        (t::ACKED, text(count(view.acked))),
        (t::WAITING, text(count(view.waiting))),
        (t::FAILED, text(count(view.failed))),
        (t::RETRIES, text(count(view.retries))),
        (t::REQUESTS, text(requests)),
        (t::BATCH_BYTES, text(bytes(view.bytes))),
        (
            t::RATE,
            text(format!("{} rec/s", count(view.per_second.into()))),
        ),
    ];
    if let Some(error) = &view.last_error {
        rows.push((t::LAST_ERROR, html! { <span class="bad">{ error }</span> }));
    }
    rows
}

fn actions(ctx: &Ctx, name: &str, running: bool) -> Html {
    let owned = name.to_owned();
    let (word, toggle) = if running {
        (
            t::STOP,
            Action::StopProducer {
                name: owned.clone(),
            },
        )
    } else {
        (
            t::START,
            Action::StartProducer {
                name: owned.clone(),
            },
        )
    };
    let remove = ctx.on_confirm(
        fill(ctx.t(dialogs::REMOVE_CLIENT), &[("name", &name)]),
        ctx.t(dialogs::REMOVE_PRODUCER_BODY).to_owned(),
        dialogs::REMOVE,
        Then::Act(vec![Action::RemoveProducer {
            name: owned.clone(),
        }]),
    );
    html! {
        <div class="row">
            <button class="btn small" onclick={ctx.on_act(toggle)}>{ ctx.t(word) }</button>
            <button class="btn small" onclick={ctx.on_dialog(Dialog::Send { producer: owned.clone() })}>{ ctx.t(t::SEND) }</button>
            <button class="btn small" onclick={ctx.on_dialog(Dialog::EditProducer(owned))}>{ ctx.t(t::EDIT) }</button>
            <button class="btn small danger" onclick={remove}>{ ctx.t(t::REMOVE) }</button>
        </div>
    }
}
