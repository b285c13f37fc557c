//! One terminal: its program, what it prints, and what the cluster knows of its consumer.

use super::desk::{Desk, TerminalView};
use crate::context::Ctx;
use crate::i18n::{code as t, fill};
use crate::scenario::Snapshot;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub desk: Desk,
    pub terminal: TerminalView,
}

#[component]
pub fn TerminalPane(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let screen = use_node_ref();
    let Props { desk, terminal } = props;
    {
        let (desk, screen) = (desk.clone(), screen.clone());
        use_effect_with(terminal.id, move |id| {
            if let Some(element) = screen.cast::<HtmlElement>() {
                let _ = desk.call_now("attach", &[(*id).into(), element.into()]);
            }
        });
    }
    let member = member_words(&ctx, terminal);
    let said = match terminal.state.as_str() {
        "running" if !member.is_empty() => member,
        _ => state_words(&ctx, terminal),
    };
    let command = format!("node {}", terminal.name);
    let alive = terminal.state != "ended";
    let failed = !alive && terminal.code.is_some_and(|code| code != 0);
    let dot = match (alive, failed) {
        (true, _) => "ok",
        (false, true) => "bad",
        (false, false) => "",
    };
    html! {
        <article class="term" aria-label={command.clone()}>
            <header class="term-head">
                <i class={classes!("dot", dot)} aria-hidden="true"></i>
                <b>{ command }</b>
                <span class="soft term-state">{ said }</span>
                <span class="term-buttons">{ buttons(&ctx, desk, terminal, alive) }</span>
            </header>
            <div class="screen" ref={screen} role="log" aria-live="off" tabindex="0" aria-label={ctx.t(t::OUTPUT)}></div>
        </article>
    }
}

fn buttons(ctx: &Ctx, desk: &Desk, terminal: &TerminalView, alive: bool) -> Html {
    let id = terminal.id;
    let press = |method: &'static str| {
        let (ctx, desk) = (ctx.clone(), desk.clone());
        Callback::from(move |_: MouseEvent| desk.act(&ctx, method, vec![id.into()]))
    };
    let button = |word, sign, method| {
        html! { <button class="mini" onclick={press(method)} title={ctx.t(word)} aria-label={ctx.t(word)}>{ sign }</button> }
    };
    let stop = if terminal.state == "stopping" {
        t::KILL
    } else {
        t::STOP
    };
    html! {
        <>
            if alive { <button class="mini" onclick={press("stop")}>{ ctx.t(stop) }</button> }
            { button(t::RESTART, "↻", "restart") }
            { copy(ctx, desk, id) }
            { button(t::CLEAR, "⌫", "clear") }
            { button(t::CLOSE, "×", "close") }
        </>
    }
}

fn copy(ctx: &Ctx, desk: &Desk, id: u32) -> Html {
    let press = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| {
            let text = desk.call_now("output", &[id.into()]).ok();
            if let Some(text) = text.and_then(|text| text.as_string()) {
                spawn_local(async move {
                    crate::save::copy(&text).await;
                });
            }
        })
    };
    html! { <button class="mini" onclick={press} >{ ctx.t(t::COPY) }</button> }
}

fn state_words(ctx: &Ctx, terminal: &TerminalView) -> String {
    match terminal.state.as_str() {
        "running" => ctx.t(t::RUNNING).to_owned(),
        "stopping" => ctx.t(t::STOPPING).to_owned(),
        _ => fill(
            ctx.t(t::ENDED),
            &[("code", &terminal.code.unwrap_or_default())],
        ),
    }
}

/// Group, partitions and lag of its consumer, once the cluster knows it as a member.
fn member_words(ctx: &Ctx, terminal: &TerminalView) -> String {
    let (Some(group), Some(member)) = (&terminal.group, &terminal.member) else {
        return String::new();
    };
    let Some(owned) = owned(ctx.state.snapshot(), group, member) else {
        return group.clone();
    };
    if owned.is_empty() {
        return fill(ctx.t(t::IDLE), &[("group", group)]);
    }
    let lag: i64 = owned.iter().map(|(_, lag)| lag).sum();
    let places: Vec<&str> = owned.iter().map(|(place, _)| place.as_str()).collect();
    let places = places.join(", ");
    fill(
        ctx.t(t::MEMBER),
        &[("group", group), ("partitions", &places), ("lag", &lag)],
    )
}

/// What a member owns, each with its lag; none when the group does not know it.
fn owned(snapshot: &Snapshot, group: &str, member: &str) -> Option<Vec<(String, i64)>> {
    let group = snapshot.groups.iter().find(|one| one.id == group)?;
    let member = group.members.iter().find(|one| one.member_id == member)?;
    let lag = |topic: &str, partition: i32| {
        let mut offsets = group.offsets.iter();
        let found = offsets.find(|one| one.topic == topic && one.partition == partition);
        found.map_or(0, |one| one.lag.max(0))
    };
    let of_topic = |(topic, partitions): &(String, Vec<i32>)| -> Vec<(String, i64)> {
        let each = partitions.iter();
        each.map(|p| (format!("{topic}-{p}"), lag(topic, *p)))
            .collect()
    };
    Some(member.assignment.iter().flat_map(of_topic).collect())
}
