//! A partition: leader, replicas and offsets, who has committed what, its files, its newest records.

use super::log::LogFiles;
use super::messages::RecordTable;
use super::parts::{head, latest_events, pairs, section, table, text};
use crate::context::Ctx;
use crate::format::{bytes, count, offset};
use crate::i18n::{Text, fill, inspector as t};
use crate::scenario::TraceEvent;
use crate::scenario::snapshot::{PartitionView, Who};
use crate::stage::role_words;
use crate::state::{Dialog, Selection, is_about_partition, leader_of, replica_of};
use yew::prelude::*;

/// Records shown here; the Messages tab shows all.
const NEWEST: i64 = 6;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub topic: String,
    pub partition: i32,
}

#[component]
pub fn Partition(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let Some(view) = leader_of(ctx.state.snapshot(), &props.topic, props.partition) else {
        return html! {};
    };
    let about = {
        let (topic, partition) = (props.topic.clone(), props.partition);
        move |event: &TraceEvent| {
            matches!(event.who, Who::Broker(_)) && is_about_partition(event, &topic, partition)
        }
    };
    let from = (view.log_end - NEWEST).max(view.log_start);
    let delete = Dialog::DeleteRecords {
        topic: props.topic.clone(),
        partition: props.partition,
    };
    html! {
        <>
            <div class="sec">
                { head(&ctx, &format!("{} · p{}", props.topic, props.partition), in_sync(&ctx, view)) }
                { pairs(&ctx, facts(&ctx, view)) }
                <div class="row">
                    <button class="btn small" onclick={ctx.on_select(Selection::Topic(props.topic.clone()))}>{ &props.topic }</button>
                    <button class="btn small" onclick={ctx.on_dialog(delete)}>{ ctx.t(t::DELETE_RECORDS) }</button>
                </div>
            </div>
            { section(ctx.t(t::REPLICAS), replicas(&ctx, view)) }
            { latest_events(&ctx, about) }
            { committed(&ctx, props) }
            { section(ctx.t(t::RECORDS), html! { <RecordTable topic={props.topic.clone()} partition={props.partition} {from} rows={NEWEST as u32} /> }) }
            <LogFiles topic={props.topic.clone()} partition={props.partition} broker={view.leader} />
        </>
    }
}

/// How many replicas are in sync, and who is not.
fn in_sync(ctx: &Ctx, view: &PartitionView) -> Html {
    let synced = fill(
        ctx.t(t::IN_SYNC),
        &[("n", &view.isr.len()), ("of", &view.replicas.len())],
    );
    let out = view.replicas.iter().filter(|id| !view.isr.contains(id));
    let out: Vec<i32> = out.copied().collect();
    let class = if out.is_empty() { "good" } else { "bad" };
    html! {
        <>
            <span class={classes!("chip", class)}>{ synced }</span>
            if !out.is_empty() { <span class="chip bad">{ fill(ctx.t(t::WITHOUT), &[("ids", &ids(&out))]) }</span> }
            if !view.adding.is_empty() { <span class="chip gold">{ fill(ctx.t(t::ADDING), &[("ids", &ids(&view.adding))]) }</span> }
            if !view.removing.is_empty() { <span class="chip gold">{ fill(ctx.t(t::REMOVING), &[("ids", &ids(&view.removing))]) }</span> }
        </>
    }
}

/// Each replica's own log, and how far it is behind the leader's.
fn replicas(ctx: &Ctx, view: &PartitionView) -> Html {
    let rows = view.replicas.iter().map(|id| {
        let open = ctx.on_select(Selection::Broker(*id));
        let name = html! { <button class="link" aria-label={format!("broker {id}")} onclick={open}>{ *id }</button> };
        let (class, member) = if view.isr.contains(id) {
            ("good", t::ISR_IN)
        } else {
            ("bad", t::ISR_OUT)
        };
        let log = replica_of(view, *id);
        let role = ctx.t(role_words(view.leader == *id, log));
        let figures = log.map_or_else(
            || html! { <><td>{ "–" }</td><td>{ "–" }</td><td>{ "–" }</td><td>{ "–" }</td></> },
            |log| {
                let behind = count((view.log_end - log.log_end).max(0).unsigned_abs());
                html! { <><td>{ offset(i64::from(log.epoch)) }</td><td>{ offset(log.log_end) }</td><td>{ behind }</td><td>{ offset(log.high_watermark) }</td></> }
            },
        );
        html! { <tr><td>{ name }</td><td>{ role }</td><td class={class}>{ ctx.t(member) }</td>{ figures }</tr> }
    });
    let heads = [
        t::BROKER,
        t::ROLE,
        t::ISR_HEAD,
        t::EPOCH,
        t::END,
        t::BEHIND,
        t::HW,
    ];
    table(&heads.map(|head| ctx.t(head)), rows.collect())
}

fn ids(ids: &[i32]) -> String {
    let words: Vec<String> = ids.iter().map(i32::to_string).collect();
    words.join(", ")
}

fn facts(ctx: &Ctx, view: &PartitionView) -> Vec<(Text, Html)> {
    let leader = if view.leader < 0 {
        ctx.t(t::NO_LEADER).to_owned()
    } else {
        fill(
            ctx.t(t::LEADER_IS),
            &[("id", &view.leader), ("epoch", &view.leader_epoch)],
        )
    };
    let files = if view.segments == 1 {
        t::ON_DISK_ONE
    } else {
        t::ON_DISK_IS
    };
    let on_disk = fill(
        ctx.t(files),
        &[("bytes", &bytes(view.bytes)), ("n", &view.segments)],
    );
    vec![
        (t::LEADER, text(leader)),
        (t::REPLICAS, text(ids(&view.replicas))),
        (t::ISR, text(ids(&view.isr))),
        (t::LOG_START, text(offset(view.log_start))),
        (t::HIGH_WATERMARK, text(offset(view.high_watermark))),
        (t::LOG_END, text(offset(view.log_end))),
        (t::ON_DISK, text(on_disk)),
        (t::STORED, stored(ctx)),
    ]
}

/// Everything that a frame shows has reached the disk; what has not is said for all logs together.
fn stored(ctx: &Ctx) -> Html {
    let storage = &ctx.state.frame.storage;
    if !storage.persistent {
        return html! { <span class="bad">{ ctx.t(t::STORED_NOT) }</span> };
    }
    if storage.pending_bytes > 0 {
        let pending = bytes(storage.pending_bytes);
        return text(fill(ctx.t(t::STORED_PENDING), &[("bytes", &pending)]));
    }
    html! { <span class="good">{ ctx.t(t::STORED_ALL) }</span> }
}

fn committed(ctx: &Ctx, props: &Props) -> Html {
    let groups = ctx.state.snapshot().groups.iter().enumerate();
    let mut rows = Vec::new();
    for (place, group) in groups {
        let mine = group.offsets.iter();
        for found in mine.filter(|o| o.topic == props.topic && o.partition == props.partition) {
            rows.push(html! {
                <tr>
                    <td><i class="swatch" style={format!("background:var(--group-{})", place % 6)}></i>
                        <button class="link" onclick={ctx.on_select(Selection::Group(group.id.clone()))}>{ &group.id }</button></td>
                    <td>{ offset(found.committed) }</td><td>{ count(found.lag.max(0).unsigned_abs()) }</td>
                </tr>
            });
        }
    }
    let inside = if rows.is_empty() {
        html! { <p class="hint">{ ctx.t(t::NO_COMMITTED) }</p> }
    } else {
        table(&[ctx.t(t::GROUP), ctx.t(t::OFFSET), ctx.t(t::LAG)], rows)
    };
    section(ctx.t(t::COMMITTED), inside)
}
