//! A consumer: what it owns, how far it is, its settings.

use super::parts::{head, pairs, section, table, text};
use crate::context::Ctx;
use crate::format::{bytes, count, offset, span};
use crate::i18n::{Text, dialogs, fill, inspector as t, stage};
use crate::scenario::Action;
use crate::scenario::snapshot::{ConsumerState, ConsumerView};
use crate::scenario::spec::Start;
use crate::stage::commit_words;
use crate::state::{Dialog, Selection, Then};
use yew::prelude::*;

pub fn consumer(ctx: &Ctx, name: &str) -> Html {
    let consumers = &ctx.state.snapshot().consumers;
    let Some(view) = consumers.iter().find(|c| c.spec.name == name) else {
        return html! {};
    };
    let (class, word) = state_words(view.state);
    let chips = html! { <span class={classes!("chip", class)}>{ ctx.t(word) }</span> };
    html! {
        <>
            <div class="sec">
                { head(ctx, name, chips) }
                { pairs(ctx, facts(ctx, view)) }
                { actions(ctx, view) }
            </div>
            { section(ctx.t(t::OWNED), owned(ctx, view)) }
        </>
    }
}

pub fn state_words(state: ConsumerState) -> (&'static str, Text) {
    match state {
        ConsumerState::Stopped => ("", stage::STOPPED),
        ConsumerState::Crashed => ("bad", stage::CRASHED),
        ConsumerState::Connecting => ("gold", stage::CONNECTING),
        ConsumerState::Joining => ("gold", stage::JOINING),
        ConsumerState::Running => ("good", stage::RUNNING),
        ConsumerState::Idle => ("gold", t::NONE_OWNED),
    }
}

fn facts(ctx: &Ctx, view: &ConsumerView) -> Vec<(Text, Html)> {
    let spec = &view.spec;
    let group = match &spec.group {
        None => text(ctx.t(stage::ALONE)),
        Some(group) => html! {
            <button class="link" onclick={ctx.on_select(Selection::Group(group.clone()))}>{ group }</button>
        },
    };
    let start = if spec.start == Start::Earliest {
        "earliest"
    } else {
        "latest"
    };
    let mut rows = vec![
        (t::GROUP, group),
        (t::TOPIC, text(spec.topics.join(", "))),
        (t::MEMBER_ID, text(view.member_id.clone())),
        (t::GENERATION, text(offset(view.generation.into()))),
        (t::RESET_POLICY, text(start)),
        (t::COMMIT, text(commit_words(spec.commit, ctx.lang()))),
        (t::PROCESSING, text(span(spec.process_ms.into()))),
        (
            ["session.timeout.ms", "session.timeout.ms"],
            text(span(spec.session_timeout_ms.into())),
        ),
        (t::CONSUMED, text(count(view.consumed))),
        (["bytes", "位元組"], text(bytes(view.bytes))),
        (
            t::RATE,
            text(format!("{} rec/s", count(view.per_second.into()))),
        ),
    ];
    if let Some(error) = &view.last_error {
        rows.push((t::LAST_ERROR, html! { <span class="bad">{ error }</span> }));
    }
    rows
}

fn actions(ctx: &Ctx, view: &ConsumerView) -> Html {
    let name = view.spec.name.clone();
    let off = matches!(view.state, ConsumerState::Stopped | ConsumerState::Crashed);
    let button = |word: Text, action: Action| {
        html! { <button class="btn small" onclick={ctx.on_act(action)}>{ ctx.t(word) }</button> }
    };
    let remove = ctx.on_confirm(
        fill(ctx.t(dialogs::REMOVE_CLIENT), &[("name", &name)]),
        ctx.t(dialogs::REMOVE_CONSUMER_BODY).to_owned(),
        dialogs::REMOVE,
        Then::Act(vec![Action::RemoveConsumer { name: name.clone() }]),
    );
    html! {
        <div class="row">
            if off {
                { button(t::START, Action::StartConsumer { name: name.clone() }) }
            } else {
                { button(t::STOP_CONSUMER, Action::StopConsumer { name: name.clone() }) }
                { button(t::CRASH, Action::CrashConsumer { name: name.clone() }) }
                if view.paused {
                    { button(t::RESUME, Action::ResumeConsumer { name: name.clone() }) }
                } else {
                    { button(t::PAUSE, Action::PauseConsumer { name: name.clone() }) }
                }
            }
            <button class="btn small" onclick={ctx.on_dialog(Dialog::EditConsumer(name))}>{ ctx.t(t::EDIT) }</button>
            <button class="btn small danger" onclick={remove}>{ ctx.t(t::REMOVE) }</button>
        </div>
    }
}

fn owned(ctx: &Ctx, view: &ConsumerView) -> Html {
    if view.owned.is_empty() {
        return html! { <p class="hint">{ ctx.t(t::NONE_OWNED) }</p> };
    }
    let snapshot = ctx.state.snapshot();
    let rows = view.owned.iter().map(|p| {
        let partition = crate::state::leader_of(snapshot, &p.topic, p.partition);
        let start = partition.map_or(0, |found| found.log_start);
        let end = partition.map_or(-1, |found| found.log_end);
        let open = ctx.on_select(Selection::Partition(p.topic.clone(), p.partition));
        let seek = ctx.on_act(Action::Seek {
            name: view.spec.name.clone(),
            topic: p.topic.clone(),
            partition: p.partition,
            offset: start,
        });
        html! {
            <tr>
                <td><button class="link" onclick={open}>{ format!("{}-{}", p.topic, p.partition) }</button></td>
                <td>{ offset(p.position) }</td><td>{ offset(end) }</td>
                <td><button class="mini" onclick={seek}>{ ctx.t(t::SEEK_START) }</button></td>
            </tr>
        }
    });
    table(
        &[
            ctx.t(t::PARTITION),
            ctx.t(t::POSITION),
            ctx.t(t::LOG_END),
            "",
        ],
        rows.collect(),
    )
}
