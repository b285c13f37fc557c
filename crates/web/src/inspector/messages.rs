//! Records: of a partition from any offset, or what a consumer handled last.

use super::inspection::use_inspection;
use super::parts::table;
use crate::context::Ctx;
use crate::format::{bytes, clock, cut, date_time};
use crate::i18n::inspector as t;
use crate::scenario::inspect::{Inspect, Inspection, RecordView};
use crate::state::{Msg, Selection, leader_of, visible_topics};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Records on a page.
const PAGE: u32 = 25;

#[component]
pub fn Messages() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    match ctx.state.ui.selection.clone() {
        Some(Selection::Consumer(name)) => handled(&ctx, &name),
        Some(Selection::Partition(topic, partition)) => {
            html! { <Browser key={format!("{topic}/{partition}")} topic={topic.clone()} {partition} /> }
        }
        Some(Selection::Topic(topic)) => {
            html! { <Browser key={topic.clone()} topic={topic.clone()} partition={0} /> }
        }
        Some(Selection::Producer(name)) => {
            let producers = &ctx.state.snapshot().producers;
            let topic = producers
                .iter()
                .find(|p| p.spec.name == name)
                .map(|p| p.spec.topic.clone());
            topic.map_or_else(|| html! {}, |topic| html! { <Browser key={topic.clone()} topic={topic.clone()} partition={0} /> })
        }
        _ => {
            let topics = visible_topics(ctx.state.snapshot(), false);
            match topics.first() {
                Some(topic) => {
                    html! { <Browser key={topic.name.clone()} topic={topic.name.clone()} partition={0} /> }
                }
                None => html! { <p class="hint sec">{ ctx.t(t::NO_RECORDS) }</p> },
            }
        }
    }
}

#[derive(Properties, PartialEq)]
struct BrowserProps {
    topic: String,
    partition: i32,
}

/// Pages through a partition; follows its end until the reader goes somewhere.
#[component]
fn Browser(props: &BrowserProps) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let at = use_state(|| None::<i64>);
    let input = use_node_ref();
    let view = leader_of(ctx.state.snapshot(), &props.topic, props.partition);
    let (start, end) = view.map_or((0, 0), |p| (p.log_start, p.log_end));
    let from = at.unwrap_or((end - i64::from(PAGE)).max(start));
    let go = {
        let (at, input) = (at.clone(), input.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let typed = input.cast::<HtmlInputElement>().map(|i| i.value());
            at.set(typed.and_then(|text| text.trim().parse().ok()));
        })
    };
    let to = |offset: Option<i64>| {
        let at = at.clone();
        Callback::from(move |_: MouseEvent| at.set(offset))
    };
    let older = (from - i64::from(PAGE)).max(start);
    let newer = from + i64::from(PAGE);
    html! {
        <div class="sec">
            <div class="sec-head">
                <h2>{ &props.topic }</h2>
                { partition_picker(&ctx, props) }
            </div>
            <form class="row jump" onsubmit={go}>
                <label>{ ctx.t(t::FROM_OFFSET) }<input ref={input} type="number" step="1" min={start.to_string()} max={end.to_string()} placeholder={from.to_string()} /></label>
                <button class="btn small">{ ctx.t(t::GO) }</button>
                <button type="button" class="btn small" disabled={from <= start} onclick={to(Some(older))}>{ ctx.t(t::OLDER) }</button>
                <button type="button" class="btn small" disabled={newer >= end} onclick={to(Some(newer))}>{ ctx.t(t::NEWER) }</button>
                <button type="button" class="btn small" disabled={at.is_none()} onclick={to(None)}>{ ctx.t(t::NEWEST) }</button>
            </form>
            <RecordTable topic={props.topic.clone()} partition={props.partition} {from} rows={PAGE} />
        </div>
    }
}

fn partition_picker(ctx: &Ctx, props: &BrowserProps) -> Html {
    let topic = crate::state::topic_of(ctx.state.snapshot(), &props.topic);
    let partitions = topic.map_or(0, |topic| topic.partitions.len());
    if partitions < 2 {
        return html! { <span class="chip">{ format!("p{}", props.partition) }</span> };
    }
    let choose = {
        let (ctx, topic) = (ctx.clone(), props.topic.clone());
        Callback::from(move |event: Event| {
            let select: web_sys::HtmlSelectElement = event.target_unchecked_into();
            if let Ok(partition) = select.value().parse() {
                ctx.send(Msg::Select(Selection::Partition(topic.clone(), partition)));
            }
        })
    };
    html! {
        <select class="small" aria-label={ctx.t(t::PARTITION)} onchange={choose}>
            { for (0..partitions).map(|p| html! {
                <option value={p.to_string()} selected={p as i32 == props.partition}>{ format!("p{p}") }</option>
            }) }
        </select>
    }
}

#[derive(Properties, PartialEq)]
pub struct TableProps {
    pub topic: String,
    pub partition: i32,
    pub from: i64,
    pub rows: u32,
}

#[component]
pub fn RecordTable(props: &TableProps) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let open = use_state(|| None::<i64>);
    let view = leader_of(ctx.state.snapshot(), &props.topic, props.partition);
    let end = view.map_or(0, |p| p.log_end + p.high_watermark);
    let looked = use_inspection(
        Some(Inspect::Records {
            topic: props.topic.clone(),
            partition: props.partition,
            from: props.from,
            count: props.rows,
        }),
        end,
    );
    let (records, high_watermark) = match looked.as_deref() {
        None => return html! { <p class="hint">{ ctx.t(t::LOADING) }</p> },
        Some(Err(refusal)) => return crate::dialogs::refusal_box(&ctx, refusal),
        Some(Ok(Inspection::Records {
            records,
            high_watermark,
            ..
        })) => (records, *high_watermark),
        Some(Ok(_)) => return html! { <p class="hint">{ ctx.t(t::NO_RECORDS) }</p> },
    };
    if records.is_empty() {
        return html! { <p class="hint">{ ctx.t(t::NO_RECORDS) }</p> };
    }
    let rows = records
        .iter()
        .flat_map(|r| record_rows(&ctx, r, r.offset >= high_watermark, &open));
    html! {
        <>
            { table(&[ctx.t(t::OFFSET), ctx.t(t::KEY), ctx.t(t::VALUE)], rows.collect()) }
            { copy_json(&ctx, records) }
        </>
    }
}

fn record_rows(
    ctx: &Ctx,
    record: &RecordView,
    unreadable: bool,
    open: &UseStateHandle<Option<i64>>,
) -> Vec<Html> {
    let is_open = **open == Some(record.offset);
    let toggle = {
        let (open, offset) = (open.clone(), record.offset);
        Callback::from(move |_: MouseEvent| open.set((!is_open).then_some(offset)))
    };
    let null = || ctx.t(t::NULL).to_owned();
    let value = if unreadable {
        ctx.t(t::NOT_COMMITTED).to_owned()
    } else {
        record.value.as_deref().map_or_else(null, |v| cut(v, 60))
    };
    let row = html! {
        <tr key={record.offset} class={classes!(is_open.then_some("sel"), unreadable.then_some("faded"))}>
            <td><button class="link" aria-expanded={is_open.to_string()} onclick={toggle}>{ record.offset }</button></td>
            <td><i class="swatch" style={format!("background:var(--key-{})", record.colour % 6)}></i>{ record.key.as_deref().map_or_else(null, |k| cut(k, 24)) }</td>
            <td class="value">{ value }</td>
        </tr>
    };
    if !is_open {
        return vec![row];
    }
    let headers = record
        .headers
        .iter()
        .map(|(k, v)| html! { <div>{ format!("{k} = {v}") }</div> });
    let whole = html! {
        <tr key={format!("{}-open", record.offset)} class="whole"><td colspan="3"><dl class="kv mono">
            <dt>{ ctx.t(t::TIMESTAMP) }</dt><dd>{ date_time(record.timestamp) }</dd>
            <dt>{ ctx.t(t::KEY) }</dt><dd>{ record.key.clone().unwrap_or_else(null) }</dd>
            <dt>{ ctx.t(t::VALUE) }</dt><dd class="wrap">{ record.value.clone().unwrap_or_else(null) }</dd>
            <dt>{ ctx.t(t::SIZE) }</dt><dd>{ format!("{} + {}", size(record.key_size), size(record.value_size)) }</dd>
            <dt>{ ctx.t(t::HEADERS) }</dt><dd>{ for headers }</dd>
        </dl></td></tr>
    };
    vec![row, whole]
}

/// A length as Kafka writes it: -1 is null.
fn size(length: i32) -> String {
    u64::try_from(length).map_or_else(|_| "–".to_owned(), bytes)
}

fn copy_json(ctx: &Ctx, records: &[RecordView]) -> Html {
    let json = serde_json::to_string_pretty(records).unwrap_or_default();
    let copy = Callback::from(move |event: MouseEvent| {
        let json = json.clone();
        let button: web_sys::HtmlElement = event.target_unchecked_into();
        spawn_local(async move {
            let copied = crate::save::copy(&json).await;
            let _ = button.set_attribute("data-copied", if copied { "yes" } else { "no" });
        });
    });
    html! { <div class="row"><button class="btn small copy" onclick={copy}>{ ctx.t(t::COPY_JSON) }</button></div> }
}

/// What a consumer's handler saw last, newest first.
fn handled(ctx: &Ctx, name: &str) -> Html {
    let consumers = &ctx.state.snapshot().consumers;
    let Some(consumer) = consumers.iter().find(|c| c.spec.name == name) else {
        return html! {};
    };
    let rows = consumer.last_records.iter().rev().map(|record| {
        let (time, thousandths) = clock(record.at);
        html! {
            <tr>
                <td>{ format!("p{} | {}", record.partition, record.offset) }</td>
                <td>{ record.key.as_deref().map_or(ctx.t(t::NULL).to_owned(), |k| cut(k, 20)) }</td>
                <td class="value">{ record.value.as_deref().map_or(ctx.t(t::NULL).to_owned(), |v| cut(v, 40)) }</td>
                <td>{ time }{ thousandths }</td>
            </tr>
        }
    });
    let heads = [
        ctx.t(t::OFFSET),
        ctx.t(t::KEY),
        ctx.t(t::VALUE),
        ctx.t(t::HANDLED_AT),
    ];
    html! {
        <div class="sec">
            <div class="sec-head"><h2>{ name }</h2></div>
            { if consumer.last_records.is_empty() { html! { <p class="hint">{ ctx.t(t::NO_RECORDS) }</p> } } else { table(&heads, rows.collect()) } }
        </div>
    }
}
