//! A broker.

use super::parts::{head, latest_events, pairs, section, table, text};
use crate::context::Ctx;
use crate::format::{bytes, offset};
use crate::i18n::{faults, fill, inspector as t, stage};
use crate::scenario::snapshot::BrokerState;
use crate::stage::{member_words, role_words};
use crate::state::{Selection, in_sync, is_about_broker, places_of, replica_of, visible_topics};
use yew::prelude::*;

pub fn broker(ctx: &Ctx, id: i32) -> Html {
    let brokers = &ctx.state.snapshot().brokers;
    let Some(broker) = brokers.iter().find(|broker| broker.id == id) else {
        return html! {};
    };
    let (class, word) = match broker.state {
        BrokerState::Up => ("good", stage::STATE_UP),
        BrokerState::Starting => ("gold", stage::STATE_STARTING),
        BrokerState::Fenced => ("gold", stage::STATE_FENCED),
        BrokerState::Down => ("bad", stage::STATE_DOWN),
    };
    let chips = html! {
        <>
            <span class={classes!("chip", class)}>{ ctx.t(word) }</span>
            if let Some(why) = broker.down { <span class="chip bad">{ ctx.t(faults::down(why)) }</span> }
            if broker.stopping { <span class="chip gold">{ ctx.t(faults::STOPPING) }</span> }
            if broker.controller { <span class="chip gold">{ ctx.t(t::CONTROLLER) }</span> }
        </>
    };
    let (leads, follows) = places_of(ctx.state.snapshot(), id);
    let mut rows = vec![
        (t::ADDRESS, text(format!("{}:{}", broker.host, broker.port))),
        (t::LEADS, text(leads.to_string())),
        (t::FOLLOWS, text(follows.to_string())),
        (t::LOG_BYTES, text(bytes(broker.log_bytes))),
        (t::IN_MEMORY, text(bytes(broker.resident_bytes))),
        (t::CONNECTIONS, text(broker.connections.to_string())),
        (faults::DISK, text(ctx.t(faults::disk(broker.disk)))),
        (faults::UNFLUSHED, text(bytes(broker.unflushed_bytes))),
    ];
    if let Some(quorum) = &broker.quorum {
        let words = fill(
            ctx.t(t::QUORUM_STATE),
            &[("state", &quorum.state), ("epoch", &quorum.epoch)],
        );
        rows.push((t::QUORUM, text(words)));
        let committed = offset(quorum.high_watermark.max(0));
        let words = fill(
            ctx.t(t::METADATA_COMMITTED),
            &[("committed", &committed), ("end", &offset(quorum.log_end))],
        );
        rows.push((t::METADATA_LOG, text(words)));
    }
    if broker.slow_ms > 0 {
        let words = fill(ctx.t(faults::SLOWED), &[("ms", &broker.slow_ms)]);
        rows.push((t::SPEED, text(words)));
    }
    if broker.skew_ms != 0 {
        let words = fill(ctx.t(faults::SKEWED), &[("ms", &broker.skew_ms)]);
        rows.push((t::CLOCK, text(words)));
    }
    html! {
        <>
            <div class="sec">{ head(ctx, &format!("broker {id}"), chips) }{ pairs(ctx, rows) }</div>
            { places(ctx, id) }
            { latest_events(ctx, |event| is_about_broker(event, id)) }
            if !broker.offline.is_empty() {
                { section(ctx.t(t::OFFLINE), html! {
                    <ul class="plain">{ for broker.offline.iter().map(|(log, why)| html! { <li><b>{ log }</b>{ " " }<span class="bad">{ why }</span></li> }) }</ul>
                }) }
            }
        </>
    }
}

/// What it leads, then what it follows in.
fn places(ctx: &Ctx, id: i32) -> Html {
    let topics = visible_topics(ctx.state.snapshot(), ctx.state.ui.show_internal);
    let all = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    let mut here: Vec<_> = all.filter(|(_, p)| p.replicas.contains(&id)).collect();
    if here.is_empty() {
        return html! {};
    }
    here.sort_by_key(|(_, partition)| partition.leader != id);
    let rows = here.into_iter().map(|(topic, partition)| {
        let open = ctx.on_select(Selection::Partition(
            topic.name.clone(),
            partition.partition,
        ));
        let log = replica_of(partition, id);
        let role = ctx.t(role_words(partition.leader == id, log));
        let member = in_sync(partition, id);
        let class = member.map(|is| if is { "good" } else { "bad" });
        html! {
            <tr>
                <td><button class="link" onclick={open}>{ format!("{}-{}", topic.name, partition.partition) }</button></td>
                <td>{ role }</td><td><span class={class}>{ ctx.t(member_words(member)) }</span></td>
                <td>{ log.map_or_else(|| "–".to_owned(), |log| offset(log.log_end)) }</td>
            </tr>
        }
    });
    let heads = [t::PARTITION, t::ROLE, t::ISR, t::LOG_END].map(|head| ctx.t(head));
    section(ctx.t(t::HERE), table(&heads, rows.collect()))
}
