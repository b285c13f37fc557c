//! Settings of a topic or broker, as the broker describes them; a topic's can be changed.

use super::inspection::use_inspection;
use crate::context::Ctx;
use crate::dialogs::refusal_box;
use crate::i18n::{configs, fill, inspector as t};
use crate::scenario::Action;
use crate::scenario::inspect::{ConfigEntry, Inspect, Inspection};
use crate::state::Selection;
use konbini_bridge::Refusal;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[component]
pub fn Config() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let filter = use_state(String::new);
    let changes = use_state(|| 0_i64);
    let (what, title) = match ctx.state.ui.selection.clone() {
        Some(Selection::Topic(topic) | Selection::Partition(topic, _)) => (
            Some(Inspect::TopicConfigs {
                topic: topic.clone(),
            }),
            topic,
        ),
        Some(Selection::Broker(broker)) => (
            Some(Inspect::BrokerConfigs { broker }),
            format!("broker {broker}"),
        ),
        _ => (None, String::new()),
    };
    let topic = match &what {
        Some(Inspect::TopicConfigs { topic }) => Some(topic.clone()),
        _ => None,
    };
    // Changes by others show after a while; own changes at once.
    let refresh = ctx.state.snapshot().now / 5_000 + *changes * 1_000_000;
    let nothing = what.is_none();
    let looked = use_inspection(what, refresh);
    if nothing {
        return html! { <p class="hint sec">{ ctx.t(t::CONFIG_SELECT) }</p> };
    }
    let edit = {
        let filter = filter.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            filter.set(input.value());
        })
    };
    let changed = {
        let changes = changes.clone();
        Callback::from(move |()| changes.set(*changes + 1))
    };
    html! {
        <div class="sec">
            <div class="sec-head"><h2>{ fill(ctx.t(t::CONFIG_OF), &[("name", &title)]) }</h2></div>
            if topic.is_none() { <p class="hint">{ ctx.t(t::CONFIG_BROKER) }</p> }
            <input class="filter" type="search" placeholder={ctx.t(t::CONFIG_FILTER)} aria-label={ctx.t(t::CONFIG_FILTER)} value={(*filter).clone()} oninput={edit} />
            { match looked.as_deref() {
                None => html! { <p class="hint">{ ctx.t(t::LOADING) }</p> },
                Some(Err(refusal)) => refusal_box(&ctx, refusal),
                Some(Ok(Inspection::Configs { entries })) => html! {
                    <div class="configs">
                        { for entries.iter().filter(|e| e.name.contains(filter.trim())).map(|entry| html! {
                            <Entry key={format!("{title}/{}", entry.name)} topic={topic.clone()} entry={entry.clone()} changed={changed.clone()} />
                        }) }
                    </div>
                },
                Some(Ok(Inspection::Nothing { why })) => html! { <p class="hint">{ ctx.t(t::why(why)) }</p> },
                Some(Ok(_)) => html! {},
            } }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct EntryProps {
    /// The topic whose setting can be changed.
    topic: Option<String>,
    entry: ConfigEntry,
    changed: Callback<()>,
}

#[component]
fn Entry(props: &EntryProps) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None::<Refusal>);
    let input = use_node_ref();
    let entry = &props.entry;
    let own = entry.source.starts_with("DYNAMIC");
    let submit = {
        let (ctx, refused, changed) = (ctx.clone(), refused.clone(), props.changed.clone());
        let (topic, name, input) = (props.topic.clone(), entry.name.clone(), input.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let typed = input.cast::<HtmlInputElement>().map(|i| i.value());
            if let Some(topic) = topic.clone() {
                apply(
                    &ctx,
                    topic,
                    name.clone(),
                    typed,
                    refused.clone(),
                    changed.clone(),
                );
            }
        })
    };
    let back = {
        let (ctx, refused, changed) = (ctx.clone(), refused.clone(), props.changed.clone());
        let (topic, name) = (props.topic.clone(), entry.name.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(topic) = topic.clone() {
                apply(
                    &ctx,
                    topic,
                    name.clone(),
                    None,
                    refused.clone(),
                    changed.clone(),
                );
            }
        })
    };
    let value = entry.value.clone().unwrap_or_default();
    let editable = props.topic.is_some() && !entry.read_only;
    html! {
        <details class={classes!("config", own.then_some("own"))}>
            <summary><code>{ &entry.name }</code><b>{ if value.is_empty() { "–".to_owned() } else { value.clone() } }</b></summary>
            if !entry.documentation.is_empty() { <p class="fine" lang="en">{ &entry.documentation }</p> }
            <p class="fine">
                { ctx.t(configs::source(&entry.source)) }
                if entry.read_only { { " · " }{ ctx.t(t::READ_ONLY) } }
            </p>
            if editable {
                <form class="row" onsubmit={submit}>
                    <input ref={input} type="text" value={value} aria-label={entry.name.clone()} autocomplete="off" spellcheck="false" />
                    <button class="btn small primary">{ ctx.t(t::CONFIG_SET) }</button>
                    if own { <button type="button" class="btn small" onclick={back}>{ ctx.t(t::CONFIG_DEFAULT) }</button> }
                </form>
            }
            if let Some(refusal) = refused.as_ref() { { refusal_box(&ctx, refusal) } }
        </details>
    }
}

fn apply(
    ctx: &Ctx,
    topic: String,
    key: String,
    value: Option<String>,
    refused: UseStateHandle<Option<Refusal>>,
    changed: Callback<()>,
) {
    let ctx = ctx.clone();
    spawn_local(async move {
        let answer = ctx
            .try_act(Action::AlterTopicConfig { topic, key, value })
            .await;
        refused.set(answer.err());
        changed.emit(());
    });
}
