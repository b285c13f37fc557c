//! A broker, as a store with an awning and a shelf for each replica.

use super::shelf::shelf;
use crate::context::Ctx;
use crate::faults::{BrokerMenu, CutHandle};
use crate::i18n::{Text, faults, fill, stage as t};
use crate::scenario::fault::DiskState;
use crate::scenario::snapshot::{BrokerState, BrokerView, PartitionView, TopicView};
use crate::state::{Selection, places_of};
use yew::prelude::*;

pub fn broker_card(ctx: &Ctx, broker: &BrokerView, topics: &[&TopicView]) -> Html {
    let selection = Selection::Broker(broker.id);
    let selected = ctx.state.ui.selection.as_ref() == Some(&selection);
    let (dot, word) = state_words(broker.state);
    let places = places_words(ctx, places_of(ctx.state.snapshot(), broker.id));
    let name = format!("broker {}", broker.id);
    let trouble = trouble(ctx, broker);
    let mut spoken = vec![name.clone(), ctx.t(word).to_owned()];
    if broker.controller {
        spoken.push(ctx.t(t::CONTROLLER).to_owned());
    }
    let troubles = trouble.iter().map(|(_, words)| words.clone());
    spoken.extend(troubles.filter(|words| words != ctx.t(word)));
    spoken.push(places.clone());
    let mut here: Vec<(&TopicView, &PartitionView)> = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(move |p| (*topic, p)))
        .filter(|(_, partition)| partition.replicas.contains(&broker.id))
        .collect();
    // What it leads stands at the front; the order is kept within both.
    here.sort_by_key(|(_, partition)| partition.leader != broker.id);
    let shelves: Vec<Html> = here
        .into_iter()
        .map(|(topic, partition)| shelf(ctx, broker.id, topic, partition))
        .collect();
    let empty = shelves.is_empty();
    html! {
        <article key={format!("b-{}", broker.id)} data-at={format!("broker:{}", broker.id)} data-broker={broker.id.to_string()}
            class={classes!("broker", selected.then_some("selected"), (broker.state != BrokerState::Up).then_some("off"))}>
            <div class="awning" aria-hidden="true"></div>
            <div class="broker-top">
            <button class="broker-head" onclick={ctx.on_select(selection)}
                aria-label={fill(ctx.t(t::OPEN), &[("what", &spoken.join(ctx.t(t::COMMA)))])}>
                <b>{ name }</b>
                <span class="soft">{ places }</span>
                if broker.controller {
                    <span class="chip gold">{ "★ " }{ ctx.t(t::CONTROLLER) }</span>
                }
                { for trouble.into_iter().map(|(class, words)| html! { <span class={classes!("chip", class)}>{ words }</span> }) }
                <i class={classes!("dot", dot)} aria-hidden="true"></i>
            </button>
            <CutHandle broker={broker.id} />
            <BrokerMenu broker={broker.id} />
            </div>
            <div class="shelves">
                { for shelves }
                if empty { <p class="empty-shelf">{ ctx.t(t::EMPTY_SHELVES) }</p> }
            </div>
        </article>
    }
}

/// What is not as it should be: the class and the words of a chip for each.
fn trouble(ctx: &Ctx, broker: &BrokerView) -> Vec<(&'static str, String)> {
    let mut chips = Vec::new();
    let (_, word) = state_words(broker.state);
    if broker.state != BrokerState::Up {
        let why = broker.down.map(faults::down).unwrap_or(word);
        chips.push(("bad", ctx.t(why).to_owned()));
    }
    if broker.stopping {
        chips.push(("gold", ctx.t(faults::STOPPING).to_owned()));
    }
    if broker.disk != DiskState::Ok {
        chips.push(("bad", ctx.t(faults::disk(broker.disk)).to_owned()));
    }
    if broker.slow_ms > 0 {
        let words = fill(ctx.t(faults::SLOWED), &[("ms", &broker.slow_ms)]);
        chips.push(("gold", words));
    }
    if broker.skew_ms != 0 {
        let words = fill(ctx.t(faults::SKEWED), &[("ms", &broker.skew_ms)]);
        chips.push(("gold", words));
    }
    chips
}

fn places_words(ctx: &Ctx, (leads, follows): (usize, usize)) -> String {
    if follows > 0 {
        return fill(
            ctx.t(t::LEADS_AND_FOLLOWS),
            &[("n", &leads), ("m", &follows)],
        );
    }
    match leads {
        0 => ctx.t(t::LEADS_NONE).to_owned(),
        1 => ctx.t(t::LEADS_ONE).to_owned(),
        n => fill(ctx.t(t::LEADS), &[("n", &n)]),
    }
}

fn state_words(state: BrokerState) -> (&'static str, Text) {
    match state {
        BrokerState::Up => ("ok", t::STATE_UP),
        BrokerState::Starting => ("wait", t::STATE_STARTING),
        BrokerState::Fenced => ("wait", t::STATE_FENCED),
        BrokerState::Down => ("bad", t::STATE_DOWN),
    }
}
