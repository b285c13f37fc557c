//! A consumer group with its members; each owned partition is a bowl.

use crate::context::Ctx;
use crate::format::count;
use crate::i18n::{Text, fill, stage as t};
use crate::scenario::Action;
use crate::scenario::snapshot::{ConsumerState, ConsumerView, GroupView};
use crate::state::{Dialog, Selection, leader_of, topic_of};
use yew::prelude::*;

/// Lag at which a bar is full, in records.
const FULL_BAR: i64 = 40;

/// A group and those of its members that live on this page.
pub struct Cluster<'a> {
    /// None for consumers that belong to no group.
    pub id: Option<&'a str>,
    pub view: Option<&'a GroupView>,
    pub colour: usize,
    pub consumers: Vec<&'a ConsumerView>,
}

pub fn group_card(ctx: &Ctx, cluster: &Cluster) -> Html {
    let name = cluster.id.unwrap_or(ctx.t(t::ALONE)).to_owned();
    let sub = match (cluster.id, cluster.view) {
        (None, _) => ctx.t(t::ALONE_SUB).to_owned(),
        (Some(_), None) => ctx.t(t::group_state("")).to_owned(),
        (Some(_), Some(view)) => {
            let state = ctx.t(t::group_state(&view.state));
            fill(
                ctx.t(t::GENERATION),
                &[("state", &state), ("n", &view.generation)],
            )
        }
    };
    let selection = cluster.id.map(|id| Selection::Group(id.to_owned()));
    let selected = selection.is_some() && ctx.state.ui.selection == selection;
    let rebalancing = cluster.view.is_some_and(|view| {
        view.state.ends_with("Rebalance") || matches!(&*view.state, "Assigning" | "Reconciling")
    });
    let on_head = selection.map(|selection| ctx.on_select(selection));
    let add = Dialog::NewConsumer {
        group: cluster.id.map(str::to_owned),
    };
    html! {
        <article key={format!("g-{name}")} style={format!("--c:var(--group-{})", cluster.colour % 6)}
            class={classes!("group", selected.then_some("selected"), rebalancing.then_some("rebalancing"))}>
            <button class="group-head" onclick={on_head} disabled={cluster.id.is_none()}
                aria-label={fill(ctx.t(t::OPEN), &[("what", &format!("group {name}, {sub}"))])}>
                <b>{ name }</b><span>{ sub }</span>
            </button>
            { for cluster.consumers.iter().map(|consumer| member(ctx, cluster, consumer)) }
            if cluster.id.is_some() {
                <button class="ghost small" onclick={ctx.on_dialog(add)}>{ ctx.t(t::ADD_MEMBER) }</button>
            }
        </article>
    }
}

fn member(ctx: &Ctx, cluster: &Cluster, consumer: &ConsumerView) -> Html {
    let name = &consumer.spec.name;
    let selection = Selection::Consumer(name.clone());
    let selected = ctx.state.ui.selection.as_ref() == Some(&selection);
    let lag = lag_of(ctx, cluster, consumer);
    let running = consumer.state == ConsumerState::Running;
    let off = matches!(
        consumer.state,
        ConsumerState::Stopped | ConsumerState::Crashed
    );
    let bowls = bowls(consumer);
    let why = why_quiet(ctx, cluster, consumer);
    let lag_words = fill(ctx.t(t::LAG), &[("n", &count(lag.unsigned_abs()))]);
    let mut spoken = vec![format!("consumer {name}"), why.clone()];
    if running {
        spoken.push(bowls.join(" "));
        spoken.push(lag_words.clone());
    }
    if consumer.paused && running {
        spoken.push(ctx.t(t::PAUSED).to_owned());
    }
    let share = (lag.clamp(0, FULL_BAR) * 100 / FULL_BAR).max(if lag > 0 { 4 } else { 0 });
    html! {
        <div key={format!("c-{name}")} data-at={format!("consumer:{name}")}
            class={classes!("member", selected.then_some("selected"), (!running).then_some("quiet"))}>
            <button class="member-main" onclick={ctx.on_select(selection)}
                aria-label={fill(ctx.t(t::OPEN), &[("what", &spoken.join(ctx.t(t::COMMA)))])}>
                <span class="member-head">
                    <b>{ name }</b>
                    if running { <span class="num">{ lag_words }</span> }
                </span>
                if running {
                    <span class="bowls">{ for bowls.into_iter().map(|text| html! { <span class="bowl" style={format!("--c:var(--group-{})", cluster.colour % 6)}>{ text }</span> }) }</span>
                    <span class={classes!("bar", (share > 50).then_some("hot"))}><i style={format!("width:{share}%")}></i></span>
                } else {
                    <span class={classes!("why", (consumer.state == ConsumerState::Crashed).then_some("bad"))}>{ why }</span>
                }
                if consumer.paused && running { <span class="why">{ ctx.t(t::PAUSED) }</span> }
            </button>
            <div class="card-foot">
                <span class="num">{ fill(ctx.t(t::HANDLED), &[("n", &count(consumer.consumed))]) }</span>
                { foot(ctx, name, off) }
            </div>
        </div>
    }
}

fn foot(ctx: &Ctx, name: &str, off: bool) -> Html {
    let name = name.to_owned();
    let button = |word: Text, action: Action| {
        let label = format!("{} {name}", ctx.t(word));
        html! { <button class="mini" onclick={ctx.on_act(action)} aria-label={label}>{ ctx.t(word) }</button> }
    };
    if off {
        return button(t::START, Action::StartConsumer { name: name.clone() });
    }
    html! {
        <>
            { button(t::CRASH, Action::CrashConsumer { name: name.clone() }) }
            { button(t::STOP, Action::StopConsumer { name: name.clone() }) }
        </>
    }
}

/// A word for each partition that the consumer owns.
fn bowls(consumer: &ConsumerView) -> Vec<String> {
    let one_topic = consumer.spec.topics.len() == 1;
    let owned = consumer.owned.iter();
    owned
        .map(|owned| {
            if one_topic {
                format!("p{}", owned.partition)
            } else {
                format!("{}-{}", owned.topic, owned.partition)
            }
        })
        .collect()
}

/// Records between what is committed (or processed, without a group) and the high watermark.
fn lag_of(ctx: &Ctx, cluster: &Cluster, consumer: &ConsumerView) -> i64 {
    let snapshot = ctx.state.snapshot();
    let of_partition = |owned: &crate::scenario::snapshot::PartitionPosition| {
        let known = cluster.view.and_then(|view| {
            let same = |o: &&crate::scenario::snapshot::OffsetView| {
                o.partition == owned.partition && o.topic == owned.topic
            };
            view.offsets.iter().find(same)
        });
        match known {
            Some(offset) => offset.lag.max(0),
            None => leader_of(snapshot, &owned.topic, owned.partition).map_or(0, |partition| {
                (partition.high_watermark - owned.position.max(partition.log_start)).max(0)
            }),
        }
    };
    consumer.owned.iter().map(of_partition).sum()
}

fn why_quiet(ctx: &Ctx, cluster: &Cluster, consumer: &ConsumerView) -> String {
    let text = match consumer.state {
        ConsumerState::Stopped => t::STOPPED,
        ConsumerState::Crashed => t::CRASHED,
        ConsumerState::Connecting => t::CONNECTING,
        ConsumerState::Joining => t::JOINING,
        ConsumerState::Running => t::RUNNING,
        ConsumerState::Idle => return why_idle(ctx, cluster, consumer),
    };
    ctx.t(text).to_owned()
}

fn why_idle(ctx: &Ctx, cluster: &Cluster, consumer: &ConsumerView) -> String {
    let snapshot = ctx.state.snapshot();
    let members = cluster.view.map_or(0, |view| view.members.len());
    let topics = consumer.spec.topics.iter();
    let partitions: usize = topics
        .filter_map(|topic| topic_of(snapshot, topic))
        .map(|topic| topic.partitions.len())
        .sum();
    let text = if partitions == 1 {
        t::IDLE_ONE
    } else {
        t::IDLE
    };
    fill(
        ctx.t(text),
        &[("members", &members), ("partitions", &partitions)],
    )
}
