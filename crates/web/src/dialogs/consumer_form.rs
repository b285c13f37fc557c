//! A new consumer, or other settings for one.

use super::field::{Form, plain};
use super::free_name;
use super::modal::Modal;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::Action;
use crate::scenario::limit;
use crate::scenario::spec::{Assignor, Commit, ConsumerSpec, Start};
use crate::state::visible_topics;
use std::ops::RangeInclusive;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// The consumer to change; none makes a new one.
    pub name: Option<String>,
    /// The group that a new one joins.
    pub group: Option<String>,
}

/// The spec, and its topics as they are typed.
#[derive(Clone, PartialEq)]
struct Draft {
    spec: ConsumerSpec,
    topics: String,
}

#[component]
pub fn ConsumerForm(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let form = Form::new(use_state(|| start_from(&ctx, props)));
    let changing = props.name.is_some();
    let draft = form.get().clone();
    let action = {
        let draft = draft.clone();
        move || {
            let names = draft
                .topics
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            let spec = ConsumerSpec {
                topics: names.map(str::to_owned).collect(),
                ..draft.spec.clone()
            };
            if changing {
                Action::ChangeConsumer(spec)
            } else {
                Action::AddConsumer(spec)
            }
        }
    };
    let title = match &props.name {
        Some(name) => fill(ctx.t(t::CONSUMER_EDIT), &[("name", name)]),
        None => ctx.t(t::CONSUMER_TITLE).to_owned(),
    };
    let spec = &draft.spec;
    html! {
        <Modal {title}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <div class="fields two">
                    if !changing {
                        { form.name(ctx.t(t::NAME), ctx.t(t::NAME_HINT), &spec.name, limit::CLIENT_NAME_CHARS_MAX, |d, v| d.spec.name = v) }
                    }
                    { form.text(ctx.t(t::GROUP), ctx.t(t::GROUP_HINT), spec.group.as_deref().unwrap_or(""), limit::GROUP_ID_CHARS_MAX, |d, v| {
                        d.spec.group = (!v.trim().is_empty()).then(|| v.trim().to_owned());
                    }) }
                    { form.name(ctx.t(t::TOPICS), "", &draft.topics, 4_000, |d, v| d.topics = v) }
                    { form.choice(ctx.t(t::START), ctx.t(t::START_HINT), start_word(spec.start), &plain(&["earliest", "latest"]), |d, v| {
                        d.spec.start = if v == "earliest" { Start::Earliest } else { Start::Latest };
                    }) }
                    { commit(&ctx, &form) }
                    { number(&form, ctx.t(t::PROCESS), i64::from(spec.process_ms), &(0..=limit::PROCESS_MS_MAX), |s, v| s.process_ms = v) }
                </div>
                <details class="more">
                    <summary>{ ctx.t(t::MORE) }</summary>
                    { more(&ctx, &form) }
                </details>
                { form_end(&ctx, refused.as_ref(), ctx.t(if changing { t::SAVE } else { t::ADD })) }
            </form>
        </Modal>
    }
}

fn start_from(ctx: &Ctx, props: &Props) -> Draft {
    let consumers = &ctx.state.snapshot().consumers;
    let found = consumers
        .iter()
        .find(|c| Some(&c.spec.name) == props.name.as_ref());
    let spec = match found {
        Some(found) => found.spec.clone(),
        None => {
            let taken: Vec<&str> = consumers.iter().map(|c| c.spec.name.as_str()).collect();
            let topics = visible_topics(ctx.state.snapshot(), false);
            let topic = topics
                .first()
                .map_or("topic-test", |topic| topic.name.as_str());
            let group = props.group.as_deref().unwrap_or("test-group");
            ConsumerSpec {
                start: Start::Earliest,
                ..ConsumerSpec::new(&free_name("consumer", &taken), group, topic)
            }
        }
    };
    let topics = spec.topics.join(", ");
    Draft { spec, topics }
}

fn start_word(start: Start) -> &'static str {
    match start {
        Start::Earliest => "earliest",
        Start::Latest => "latest",
    }
}

fn number(
    form: &Form<Draft>,
    label: &str,
    now: i64,
    range: &RangeInclusive<u32>,
    set: fn(&mut ConsumerSpec, u32),
) -> Html {
    let range = (i64::from(*range.start()), i64::from(*range.end()));
    form.number(label, "", now, range, move |draft, value| {
        set(&mut draft.spec, u32::try_from(value).unwrap_or(u32::MAX));
    })
}

fn commit(ctx: &Ctx, form: &Form<Draft>) -> Html {
    let kinds = [
        ("auto".to_owned(), ctx.t(t::COMMIT_AUTO).to_owned()),
        ("record".to_owned(), ctx.t(t::COMMIT_RECORD).to_owned()),
        ("poll".to_owned(), ctx.t(t::COMMIT_POLL).to_owned()),
        ("never".to_owned(), ctx.t(t::COMMIT_NEVER).to_owned()),
    ];
    let now = form.get().spec.commit;
    let kind = match now {
        Commit::AutoMs(_) => "auto",
        Commit::EachRecord => "record",
        Commit::EachPoll => "poll",
        Commit::Never => "never",
    };
    html! {
        <>
            { form.choice(ctx.t(t::COMMIT), "", kind, &kinds, |d, v| {
                d.spec.commit = match v {
                    "record" => Commit::EachRecord,
                    "poll" => Commit::EachPoll,
                    "never" => Commit::Never,
                    _ => Commit::default(),
                };
            }) }
            if let Commit::AutoMs(ms) = now {
                { number(form, "auto.commit.interval.ms", i64::from(ms), &limit::COMMIT_INTERVAL_MS, |s, v| s.commit = Commit::AutoMs(v)) }
            }
        </>
    }
}

fn more(ctx: &Ctx, form: &Form<Draft>) -> Html {
    let spec = &form.get().spec;
    let assignors = plain(&["range", "roundrobin", "sticky", "cooperative-sticky"]);
    html! {
        <div class="fields two">
            { form.choice("partition.assignment.strategy", "", assignor_word(spec.assignor), &assignors, |d, v| {
                d.spec.assignor = match v {
                    "roundrobin" => Assignor::RoundRobin,
                    "sticky" => Assignor::Sticky,
                    "cooperative-sticky" => Assignor::CooperativeSticky,
                    _ => Assignor::Range,
                };
            }) }
            { number(form, "max.poll.records", i64::from(spec.max_poll_records), &limit::POLL_RECORDS, |s, v| s.max_poll_records = v) }
            { number(form, "session.timeout.ms", i64::from(spec.session_timeout_ms), &limit::SESSION_TIMEOUT_MS, |s, v| s.session_timeout_ms = v) }
            { number(form, "heartbeat.interval.ms", i64::from(spec.heartbeat_interval_ms), &limit::HEARTBEAT_INTERVAL_MS, |s, v| s.heartbeat_interval_ms = v) }
            { number(form, "max.poll.interval.ms", i64::from(spec.max_poll_interval_ms), &limit::MAX_POLL_INTERVAL_MS, |s, v| s.max_poll_interval_ms = v) }
            { form.text(ctx.t(t::INSTANCE), ctx.t(t::INSTANCE_HINT), spec.instance_id.as_deref().unwrap_or(""), limit::CLIENT_NAME_CHARS_MAX, |d, v| {
                d.spec.instance_id = (!v.trim().is_empty()).then(|| v.trim().to_owned());
            }) }
            { form.check(ctx.t(t::RUNNING), spec.running, |d, v| d.spec.running = v) }
        </div>
    }
}

/// Kafka's name of an assignor.
pub fn assignor_word(assignor: Assignor) -> &'static str {
    match assignor {
        Assignor::Range => "range",
        Assignor::RoundRobin => "roundrobin",
        Assignor::Sticky => "sticky",
        Assignor::CooperativeSticky => "cooperative-sticky",
    }
}
