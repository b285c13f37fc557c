//! A topic: its partitions and the settings that differ.

use super::parts::{head, pairs, section, table, text};
use crate::context::Ctx;
use crate::format::{bytes, offset};
use crate::i18n::{dialogs, fill, inspector as t};
use crate::scenario::Action;
use crate::scenario::snapshot::TopicView;
use crate::state::{Dialog, Selection, Then, topic_of};
use yew::prelude::*;

pub fn topic(ctx: &Ctx, name: &str) -> Html {
    let Some(topic) = topic_of(ctx.state.snapshot(), name) else {
        return html! {};
    };
    let rows = topic.partitions.iter().map(|p| {
        let open = ctx.on_select(Selection::Partition(topic.name.clone(), p.partition));
        html! {
            <tr>
                <td><button class="link" onclick={open}>{ format!("p{}", p.partition) }</button></td>
                <td>{ if p.leader < 0 { ctx.t(t::NO_LEADER).to_owned() } else { p.leader.to_string() } }</td>
                <td><span class={if p.isr.len() < p.replicas.len() { "bad" } else { "good" }}>{ format!("{}/{}", p.isr.len(), p.replicas.len()) }</span></td>
                <td>{ format!("{} … {}", p.log_start, offset(p.log_end)) }</td>
                <td>{ bytes(p.bytes) }</td>
            </tr>
        }
    });
    let heads = [
        ctx.t(t::PARTITION),
        ctx.t(t::LEADER),
        ctx.t(t::ISR),
        ctx.t(t::OFFSET),
        ctx.t(t::SIZE),
    ];
    let chips = html! { if topic.internal { <span class="chip">{ ctx.t(t::INTERNAL) }</span> } };
    let delete = ctx.on_confirm(
        fill(ctx.t(dialogs::DELETE_TOPIC), &[("name", &name)]),
        ctx.t(dialogs::DELETE_TOPIC_BODY).to_owned(),
        dialogs::DELETE,
        Then::Act(vec![Action::DeleteTopic {
            name: name.to_owned(),
        }]),
    );
    html! {
        <>
            <div class="sec">
                { head(ctx, name, chips) }
                { pairs(ctx, vec![(t::TOPIC_ID, text(topic.id.clone())), (t::UNDER_REPLICATED, under_replicated(ctx, topic))]) }
                if !topic.internal {
                    <div class="row">
                        <button class="btn small" onclick={ctx.on_dialog(Dialog::GrowTopic(name.to_owned()))}>{ ctx.t(t::MORE_PARTITIONS) }</button>
                        <button class="btn small danger" onclick={delete}>{ ctx.t(t::DELETE_TOPIC) }</button>
                    </div>
                }
            </div>
            { section(ctx.t(t::PARTITIONS), table(&heads, rows.collect())) }
            if !topic.configs.is_empty() {
                { section(ctx.t(t::OVERRIDES), html! {
                    <dl class="kv mono">{ for topic.configs.iter().map(|(k, v)| html! { <><dt>{ k }</dt><dd>{ v }</dd></> }) }</dl>
                }) }
            }
        </>
    }
}

/// Partitions whose ISR is smaller than their list of replicas.
fn under_replicated(ctx: &Ctx, topic: &TopicView) -> Html {
    let short = topic
        .partitions
        .iter()
        .filter(|p| p.isr.len() < p.replicas.len());
    let short: Vec<String> = short.map(|p| format!("p{}", p.partition)).collect();
    if short.is_empty() {
        return html! { <span class="good">{ ctx.t(t::UNDER_REPLICATED_NONE) }</span> };
    }
    html! { <span class="bad">{ short.join(", ") }</span> }
}
