//! A producer, as a courier's van.

use super::{acks_word, codec_word, pace_words};
use crate::context::Ctx;
use crate::format::count;
use crate::i18n::{fill, stage as t};
use crate::scenario::Action;
use crate::scenario::snapshot::ProducerView;
use crate::state::Selection;
use yew::prelude::*;

pub fn producer_card(ctx: &Ctx, producer: &ProducerView, place: usize) -> Html {
    let spec = &producer.spec;
    let selection = Selection::Producer(spec.name.clone());
    let selected = ctx.state.ui.selection.as_ref() == Some(&selection);
    let (word, action) = if spec.running {
        let name = spec.name.clone();
        (t::STOP, Action::StopProducer { name })
    } else {
        let name = spec.name.clone();
        (t::START, Action::StartProducer { name })
    };
    let failed = producer.failed > 0;
    let pace = pace_words(spec.pace, ctx.lang());
    let ways = format!(
        "acks={} · {}",
        acks_word(spec.acks),
        codec_word(spec.compression)
    );
    let state = ctx.t(if spec.running { t::RUNNING } else { t::STOPPED });
    let spoken = [&format!("producer {}", spec.name), state, &pace, &ways].join(ctx.t(t::COMMA));
    html! {
        <article key={format!("p-{}", spec.name)} class={classes!("card", "producer", selected.then_some("selected"), (!spec.running).then_some("off"))}
            data-at={format!("producer:{}", spec.name)} style={format!("--c:var(--key-{})", place % 6)}>
            <button class="card-main" onclick={ctx.on_select(selection)}
                aria-label={fill(ctx.t(t::OPEN), &[("what", &spoken)])}>
                { van() }
                <span class="card-text">
                    <b>{ &spec.name }</b>
                    <span>{ pace }</span>
                </span>
                <i class={classes!("dot", if spec.running { "ok" } else { "none" })} aria-hidden="true"></i>
                <span class="card-mono">{ ways }</span>
            </button>
            <div class="card-foot">
                <span class={classes!("num", failed.then_some("bad"))}>
                    { fill(ctx.t(t::ACKED), &[("n", &count(producer.acked))]) }
                    if failed { { " · " }{ fill(ctx.t(t::FAILED), &[("n", &count(producer.failed))]) } }
                </span>
                <button class="mini" onclick={ctx.on_act(action)} aria-label={format!("{} {}", ctx.t(word), spec.name)}>{ ctx.t(word) }</button>
            </div>
        </article>
    }
}

fn van() -> Html {
    html! {
        <svg class="van" viewBox="0 0 44 30" aria-hidden="true">
            <path d="M2 4h22v20H2z M24 10h9l8 8v6H24z" />
            <circle cx="11" cy="25" r="3.6" /><circle cx="33" cy="25" r="3.6" />
        </svg>
    }
}
