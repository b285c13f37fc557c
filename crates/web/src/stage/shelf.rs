//! One replica of a partition, as a shelf. Its cells are drawn by the canvas.

use super::geometry::shelf_name;
use crate::context::Ctx;
use crate::format::offset;
use crate::i18n::{Text, fill, stage as t};
use crate::scenario::snapshot::{PartitionView, ReplicaRole, ReplicaView, TopicView};
use crate::state::{Selection, in_sync, replica_of};
use yew::prelude::*;

pub fn shelf(ctx: &Ctx, broker: i32, topic: &TopicView, partition: &PartitionView) -> Html {
    let leads = partition.leader == broker;
    let selection = Selection::Partition(topic.name.clone(), partition.partition);
    let selected = leads && ctx.state.ui.selection.as_ref() == Some(&selection);
    let name = format!("{}-{}", topic.name, partition.partition);
    let replica = replica_of(partition, broker);
    let role = ctx.t(role_words(leads, replica));
    let member = in_sync(partition, broker);
    let range = match replica {
        Some(log) if log.log_end > log.log_start => {
            format!("{} … {}", log.log_start, log.log_end - 1)
        }
        _ => "∅".to_owned(),
    };
    let at = shelf_name(broker, &topic.name, partition.partition);
    html! {
        <button key={name.clone()} onclick={ctx.on_select(selection)} aria-label={label(ctx, broker, &name, partition)} data-at={format!("shelf:{at}")}
            class={classes!("shelf", leads.then_some("leads"), (member == Some(false)).then_some("lost"), replica.is_none().then_some("dark"),
                selected.then_some("selected"), topic.internal.then_some("internal"))}>
            <span class="shelf-head">
                <b>{ name }</b>
                <span class="role">{ role }</span>
                if let Some(log) = replica.filter(|log| log.epoch >= 0) {
                    <span class="epoch" title={fill(ctx.t(t::EPOCH_TITLE), &[("epoch", &log.epoch)])}>{ format!("e{}", log.epoch) }</span>
                }
                if partition.replicas.len() > 1 { { membership(ctx, leads, member) } }
                <span class="range">{ range }</span>
            </span>
            <span class="cells" data-cells={at}></span>
        </button>
    }
}

/// Whether the shelf counts: in words, colour and line.
fn membership(ctx: &Ctx, leads: bool, member: Option<bool>) -> Html {
    match (member, leads) {
        (Some(false), _) => html! { <span class="chip bad">{ ctx.t(t::NOT_IN_ISR) }</span> },
        (Some(true), false) => html! { <span class="chip good">{ ctx.t(t::IN_ISR) }</span> },
        (Some(true), true) | (None, _) => html! {},
    }
}

/// The same in words.
pub fn member_words(member: Option<bool>) -> Text {
    match member {
        Some(true) => t::IN_ISR,
        Some(false) => t::NOT_IN_ISR,
        None => t::ISR_NOT_KNOWN,
    }
}

/// What a replica does, as the controller has it; one that has not heard yet says so.
pub fn role_words(leads: bool, replica: Option<&ReplicaView>) -> Text {
    match (leads, replica.map(|log| log.role)) {
        (_, None) => t::NOT_SEEN,
        (_, Some(ReplicaRole::Offline)) => t::OFFLINE,
        (true, _) => t::LEADER,
        (false, Some(ReplicaRole::Leader)) => t::OLD_LEADER,
        (false, Some(ReplicaRole::Standby)) => t::STANDBY,
        (false, Some(ReplicaRole::Follower)) => t::FOLLOWER,
    }
}

/// All that the shelf shows, for those who do not see it.
fn label(ctx: &Ctx, broker: i32, name: &str, partition: &PartitionView) -> String {
    let replica = replica_of(partition, broker);
    let role = ctx.t(role_words(partition.leader == broker, replica));
    let member = member_words(in_sync(partition, broker));
    let place = fill(
        ctx.t(t::SHELF_LABEL),
        &[
            ("name", &name),
            ("broker", &broker),
            ("role", &role),
            ("member", &ctx.t(member)),
        ],
    );
    let Some(log) = replica else {
        return place;
    };
    let log = fill(
        ctx.t(t::SHELF_LOG),
        &[
            ("epoch", &offset(log.epoch.into())),
            ("start", &log.log_start),
            ("end", &log.log_end),
            ("hw", &log.high_watermark),
        ],
    );
    [place, log].join(ctx.t(t::COMMA))
}
