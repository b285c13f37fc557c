//! What there is, when nothing is selected.

use super::parts::{head, section, table};
use crate::context::Ctx;
use crate::format::{bytes, count, offset};
use crate::i18n::inspector as t;
use crate::state::{Selection, visible_topics};
use yew::prelude::*;

pub fn overview(ctx: &Ctx) -> Html {
    let snapshot = ctx.state.snapshot();
    let topics = visible_topics(snapshot, ctx.state.ui.show_internal);
    let rows = topics.iter().map(|topic| {
        let records: i64 = topic.partitions.iter().map(|p| p.log_end - p.log_start).sum();
        let size: u64 = topic.partitions.iter().map(|p| p.bytes).sum();
        html! {
            <tr>
                <td><button class="link" onclick={ctx.on_select(Selection::Topic(topic.name.clone()))}>{ &topic.name }</button></td>
                <td>{ topic.partitions.len() }</td><td>{ offset(records) }</td><td>{ bytes(size) }</td>
            </tr>
        }
    });
    let groups = snapshot.groups.iter().map(|group| {
        let lag: i64 = group.offsets.iter().map(|o| o.lag.max(0)).sum();
        html! {
            <tr>
                <td><button class="link" onclick={ctx.on_select(Selection::Group(group.id.clone()))}>{ &group.id }</button></td>
                <td>{ &group.state }</td><td>{ group.members.len() }</td><td>{ count(lag.unsigned_abs()) }</td>
            </tr>
        }
    });
    html! {
        <>
            <div class="sec">
                { head(ctx, ctx.t(t::OVERVIEW), html! {}) }
                <p class="hint">{ ctx.t(t::NOTHING) }</p>
            </div>
            { section(ctx.t(t::TOPIC), table(&[ctx.t(t::TOPIC), ctx.t(t::PARTITION), ctx.t(t::RECORDS), ctx.t(t::SIZE)], rows.collect())) }
            { section(ctx.t(t::GROUP), table(&[ctx.t(t::GROUP), ctx.t(t::STATE), ctx.t(t::MEMBERS), ctx.t(t::LAG)], groups.collect())) }
        </>
    }
}
