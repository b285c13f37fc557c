//! A group: members and what each got, committed offsets and lag.

use super::parts::{head, pairs, section, table, text};
use crate::context::Ctx;
use crate::format::{count, offset};
use crate::i18n::events::member_words;
use crate::i18n::{dialogs, fill, inspector as t, stage};
use crate::scenario::Action;
use crate::scenario::snapshot::{GroupView, MemberView};
use crate::state::{Dialog, Selection, Then};
use yew::prelude::*;

pub fn group(ctx: &Ctx, id: &str) -> Html {
    let groups = &ctx.state.snapshot().groups;
    let Some(view) = groups.iter().find(|g| g.id == id) else {
        return html! {
            <div class="sec">{ head(ctx, id, html! {}) }<p class="hint">{ ctx.t(t::NOT_FORMED) }</p></div>
        };
    };
    let stable = view.state == "Stable";
    let chips = html! {
        <span class={classes!("chip", if stable { "good" } else { "gold" })}>{ ctx.t(stage::group_state(&view.state)) }</span>
    };
    let rows = vec![
        (t::GENERATION, text(view.generation.to_string())),
        (t::ASSIGNOR, text(view.protocol.clone())),
        (t::COORDINATOR, text(format!("broker {}", view.coordinator))),
    ];
    html! {
        <>
            <div class="sec">
                { head(ctx, id, chips) }
                { pairs(ctx, rows) }
                { actions(ctx, id) }
            </div>
            { section(ctx.t(t::MEMBERS), members(ctx, view)) }
            { section(ctx.t(t::LAG_TITLE), offsets(ctx, view)) }
        </>
    }
}

fn actions(ctx: &Ctx, id: &str) -> Html {
    let group = id.to_owned();
    let delete = ctx.on_confirm(
        fill(ctx.t(dialogs::DELETE_GROUP), &[("name", &id)]),
        ctx.t(dialogs::DELETE_GROUP_BODY).to_owned(),
        dialogs::DELETE,
        Then::Act(vec![Action::DeleteGroup {
            group: group.clone(),
        }]),
    );
    let add = Dialog::NewConsumer {
        group: Some(group.clone()),
    };
    html! {
        <div class="row">
            <button class="btn small" onclick={ctx.on_dialog(add)}>{ ctx.t(stage::ADD_MEMBER) }</button>
            <button class="btn small" onclick={ctx.on_dialog(Dialog::ResetOffsets { group })}>{ ctx.t(t::RESET) }</button>
            <button class="btn small danger" onclick={delete}>{ ctx.t(t::DELETE_GROUP) }</button>
        </div>
    }
}

fn members(ctx: &Ctx, view: &GroupView) -> Html {
    if view.members.is_empty() {
        return html! { <p class="hint">{ ctx.t(t::NO_MEMBERS) }</p> };
    }
    let rows = view.members.iter().map(|member| {
        let known = ctx.state.snapshot().consumers.iter().any(|c| c.spec.name == member.client_id);
        // Consumers of KIP-848 make their ids themselves, and nobody can read them.
        let name = match member.member_id.starts_with(&member.client_id) {
            true => member_words(&member.member_id),
            false => member.client_id.clone(),
        };
        let name = if known {
            let open = ctx.on_select(Selection::Consumer(member.client_id.clone()));
            html! { <button class="link" onclick={open}>{ name }</button> }
        } else {
            html! { { name } }
        };
        html! {
            <tr title={member.member_id.clone()}>
                <td>{ name }{ if member.leader { html! { <span class="chip" title={ctx.t(t::ASSIGNS)}>{ "★" }</span> } } else { html! {} } }</td>
                <td class="value">{ assigned(member) }</td>
            </tr>
        }
    });
    table(&[ctx.t(t::MEMBER), ctx.t(t::ASSIGNED)], rows.collect())
}

fn assigned(member: &MemberView) -> String {
    let topics = member
        .assignment
        .iter()
        .filter(|(_, partitions)| !partitions.is_empty());
    let words: Vec<String> = topics
        .map(|(topic, partitions)| {
            let numbers: Vec<String> = partitions.iter().map(i32::to_string).collect();
            format!("{topic}-{{{}}}", numbers.join(","))
        })
        .collect();
    if words.is_empty() {
        "–".to_owned()
    } else {
        words.join(" ")
    }
}

fn offsets(ctx: &Ctx, view: &GroupView) -> Html {
    if view.offsets.is_empty() {
        return html! { <p class="hint">{ ctx.t(t::NO_COMMITTED) }</p> };
    }
    let most = view.offsets.iter().map(|o| o.lag).max().unwrap_or(0).max(1);
    let rows = view.offsets.iter().map(|found| {
        let open = ctx.on_select(Selection::Partition(found.topic.clone(), found.partition));
        let share = found.lag.max(0) * 100 / most;
        html! {
            <tr>
                <td><button class="link" onclick={open}>{ format!("{}-{}", found.topic, found.partition) }</button></td>
                <td>{ offset(found.committed) }</td>
                <td>{ count(found.lag.max(0).unsigned_abs()) }</td>
                <td class="bar-cell"><span class="bar"><i style={format!("width:{share}%")}></i></span></td>
            </tr>
        }
    });
    table(
        &[ctx.t(t::PARTITION), ctx.t(t::COMMITTED), ctx.t(t::LAG), ""],
        rows.collect(),
    )
}
