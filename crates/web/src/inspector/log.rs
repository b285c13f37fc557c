//! A replica's files: segments, batches, and one batch's header byte by byte.

use super::batch::batch_view;
use super::inspection::use_inspection;
use super::parts::{section, table};
use crate::context::Ctx;
use crate::format::{bytes, date_time};
use crate::i18n::{Lang, inspector as t};
use crate::scenario::inspect::{BatchView, Inspect, Inspection, SegmentView};
use crate::state::{Msg, leader_of};
use konbini_bridge::{Command, Refusal, Reply};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Batches listed.
const BATCHES: u32 = 8;
/// Offsets before the log's end from which batches are listed.
const BACK: i64 = 40;
/// Virtual ms between two looks at a log that does not grow.
const LOOK_EVERY_MS: i64 = 2_000;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub topic: String,
    pub partition: i32,
    pub broker: i32,
}

#[component]
pub fn LogFiles(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let chosen = use_state(|| None::<i64>);
    let snapshot = ctx.state.snapshot();
    let view = leader_of(snapshot, &props.topic, props.partition);
    let (start, end) = view.map_or((0, 0), |p| (p.log_start, p.log_end));
    let from = chosen.unwrap_or((end - BACK).max(start));
    let looked = use_inspection(
        Some(Inspect::Log {
            topic: props.topic.clone(),
            partition: props.partition,
            broker: props.broker,
            from: from.max(start),
            batches: BATCHES,
        }),
        // A busy log is looked at twice a second; a quiet one now and then.
        snapshot.now / LOOK_EVERY_MS + end / 8,
    );
    match looked.as_deref() {
        None => html! { <p class="hint sec">{ ctx.t(t::LOADING) }</p> },
        Some(Err(refusal)) => crate::dialogs::refusal_box(&ctx, refusal),
        Some(Ok(Inspection::Log { segments, batches })) => html! {
            <>
                { section(ctx.t(t::SEGMENTS), segment_table(&ctx, props, segments)) }
                { batch_list(&ctx, batches, &chosen) }
            </>
        },
        Some(Ok(Inspection::Nothing { why })) => {
            html! { <p class="hint sec">{ ctx.t(t::why(why)) }</p> }
        }
        Some(Ok(_)) => html! {},
    }
}

fn segment_table(ctx: &Ctx, props: &Props, segments: &[SegmentView]) -> Html {
    let rows = segments.iter().map(|segment| {
        let name = format!("{:020}.log", segment.base_offset);
        let newest = date_time(segment.max_timestamp);
        html! {
            <tr title={newest}>
                <td>{ segment.base_offset }{ if segment.active { html! { <span class="chip good">{ ctx.t(t::SEGMENT_ACTIVE) }</span> } } else { html! {} } }</td>
                <td>{ bytes(segment.bytes.into()) }</td>
                <td>{ segment.index_entries }</td>
                <td><button class="mini" title={ctx.t(t::DOWNLOAD_LOG)} aria-label={ctx.t(t::DOWNLOAD_LOG)} onclick={download(ctx, props, segment.base_offset, name)}>{ "↓ .log" }</button></td>
            </tr>
        }
    });
    table(
        &[ctx.t(t::OFFSET), ctx.t(t::SIZE), ".index", ""],
        rows.collect(),
    )
}

fn download(ctx: &Ctx, props: &Props, base_offset: i64, name: String) -> Callback<MouseEvent> {
    let ctx = ctx.clone();
    let what = Inspect::Segment {
        topic: props.topic.clone(),
        partition: props.partition,
        broker: props.broker,
        base_offset,
    };
    Callback::from(move |_| {
        let (ctx, what, name) = (ctx.clone(), what.clone(), name.clone());
        spawn_local(async move {
            let Some(Reply::Inspection(found)) = ctx.answer(Command::Inspect(what)).await else {
                return;
            };
            match *found {
                Inspection::Segment { bytes } => {
                    crate::save::download(&name, &bytes, "application/octet-stream");
                }
                Inspection::Nothing { why } => ctx.send(Msg::Refused(Refusal {
                    message: Lang::En.of(t::why(&why)).to_owned(),
                    code: why,
                })),
                _ => {}
            }
        });
    })
}

fn batch_list(ctx: &Ctx, batches: &[BatchView], chosen: &UseStateHandle<Option<i64>>) -> Html {
    let Some(shown) = batches
        .iter()
        .find(|batch| Some(batch.base_offset) == **chosen)
        .or(batches.last())
    else {
        return html! {};
    };
    let rows = batches.iter().map(|batch| {
        let on = batch.base_offset == shown.base_offset;
        let choose = {
            let (chosen, offset) = (chosen.clone(), batch.base_offset);
            Callback::from(move |_: MouseEvent| chosen.set(Some(offset)))
        };
        html! {
            <tr class={classes!(on.then_some("sel"))}>
                <td><button class="link" aria-pressed={on.to_string()} onclick={choose}>{ format!("{} … {}", batch.base_offset, batch.last_offset) }</button></td>
                <td>{ batch.records }</td><td>{ bytes(batch.size.into()) }</td><td>{ &batch.compression }</td>
            </tr>
        }
    });
    let heads = [ctx.t(t::OFFSET), ctx.t(t::RECORDS), ctx.t(t::SIZE), "codec"];
    html! {
        <>
            { section(ctx.t(t::BATCHES), table(&heads, rows.collect())) }
            { batch_view(ctx, shown) }
        </>
    }
}
