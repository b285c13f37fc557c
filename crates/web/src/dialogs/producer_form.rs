//! A new producer, or other settings for one.

use super::field::{Form, plain};
use super::free_name;
use super::modal::Modal;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::Action;
use crate::scenario::limit;
use crate::scenario::spec::{Acks, Codec, Keys, Pace, PartitionChoice, ProducerSpec};
use crate::stage::{acks_word, codec_word};
use crate::state::visible_topics;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// The producer to change; none makes a new one.
    pub name: Option<String>,
}

#[component]
pub fn ProducerForm(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let form = Form::new(use_state(|| start_from(&ctx, props.name.as_deref())));
    let spec = form.get().clone();
    let changing = props.name.is_some();
    let action = {
        let spec = spec.clone();
        move || {
            if changing {
                Action::ChangeProducer(spec.clone())
            } else {
                Action::AddProducer(spec.clone())
            }
        }
    };
    let title = match &props.name {
        Some(name) => fill(ctx.t(t::PRODUCER_EDIT), &[("name", name)]),
        None => ctx.t(t::PRODUCER_TITLE).to_owned(),
    };
    let word = ctx.t(if changing { t::SAVE } else { t::ADD });
    html! {
        <Modal {title}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <div class="fields two">
                    if !changing {
                        { form.name(ctx.t(t::NAME), ctx.t(t::NAME_HINT), &spec.name, limit::CLIENT_NAME_CHARS_MAX, |s, v| s.name = v) }
                    }
                    { form.choice(ctx.t(t::TOPIC), "", &spec.topic, &topics(&ctx, &spec.topic), |s, v| s.topic = v.to_owned()) }
                    { pace(&ctx, &form) }
                    { keys(&ctx, &form) }
                    { partition(&ctx, &form) }
                    { form.choice("compression.type", "", codec_word(spec.compression), &plain(&["none", "gzip", "snappy", "lz4", "zstd"]), set_codec) }
                    { form.choice("acks", "", acks_word(spec.acks), &plain(&["all", "1", "0"]), set_acks) }
                </div>
                <details class="more">
                    <summary>{ ctx.t(t::MORE) }</summary>
                    { more(&ctx, &form) }
                </details>
                { form_end(&ctx, refused.as_ref(), word) }
            </form>
        </Modal>
    }
}

fn start_from(ctx: &Ctx, name: Option<&str>) -> ProducerSpec {
    let producers = &ctx.state.snapshot().producers;
    if let Some(found) = producers
        .iter()
        .find(|p| Some(p.spec.name.as_str()) == name)
    {
        return found.spec.clone();
    }
    let taken: Vec<&str> = producers.iter().map(|p| p.spec.name.as_str()).collect();
    let topics = visible_topics(ctx.state.snapshot(), false);
    let topic = topics
        .first()
        .map_or("topic-test", |topic| topic.name.as_str());
    ProducerSpec {
        pace: Pace::EveryMs(1_000),
        keys: Keys::RandomOf(100),
        ..ProducerSpec::new(&free_name("producer", &taken), topic)
    }
}

/// Topics that exist, and the one that is set (a broker may create it by itself).
fn topics(ctx: &Ctx, now: &str) -> Vec<(String, String)> {
    let visible = visible_topics(ctx.state.snapshot(), false);
    let mut names: Vec<&str> = visible.iter().map(|topic| topic.name.as_str()).collect();
    if !names.contains(&now) {
        names.push(now);
    }
    plain(&names)
}

fn pace(ctx: &Ctx, form: &Form<ProducerSpec>) -> Html {
    let (kind, number, range, word) = match form.get().pace {
        Pace::EveryMs(ms) => ("every", ms, limit::RECORD_INTERVAL_MS, t::MILLISECONDS),
        Pace::PerSecond(n) => ("per-second", n, limit::RECORDS_PER_SECOND, t::PER_SECOND),
    };
    let kinds = [
        ("every".to_owned(), ctx.t(t::PACE_EVERY).to_owned()),
        (
            "per-second".to_owned(),
            ctx.t(t::PACE_PER_SECOND).to_owned(),
        ),
    ];
    let range = (i64::from(*range.start()), i64::from(*range.end()));
    html! {
        <>
            { form.choice(ctx.t(t::PACE), "", kind, &kinds, |s, v| {
                s.pace = if v == "every" { Pace::EveryMs(1_000) } else { Pace::PerSecond(10) };
            }) }
            { form.number(ctx.t(word), "", i64::from(number), range, |s, v| {
                let number = u32::try_from(v).unwrap_or(u32::MAX);
                s.pace = match s.pace {
                    Pace::EveryMs(_) => Pace::EveryMs(number),
                    Pace::PerSecond(_) => Pace::PerSecond(number),
                };
            }) }
        </>
    }
}

fn keys(ctx: &Ctx, form: &Form<ProducerSpec>) -> Html {
    let kinds = [
        ("none".to_owned(), ctx.t(t::KEYS_NONE).to_owned()),
        ("fixed".to_owned(), ctx.t(t::KEYS_FIXED).to_owned()),
        ("random".to_owned(), ctx.t(t::KEYS_RANDOM).to_owned()),
        ("hot".to_owned(), ctx.t(t::KEYS_HOT).to_owned()),
    ];
    let many = (
        i64::from(*limit::KEYS.start()),
        i64::from(*limit::KEYS.end()),
    );
    let count = |of: u32| {
        form.number(ctx.t(t::KEY_COUNT), "", i64::from(of), many, |s, v| {
            let of = u32::try_from(v).unwrap_or(u32::MAX);
            match &mut s.keys {
                Keys::RandomOf(now) | Keys::Hot { of: now, .. } => *now = of,
                Keys::None | Keys::Fixed(_) => {}
            }
        })
    };
    let (kind, rest) = match &form.get().keys {
        Keys::None => ("none", html! {}),
        Keys::Fixed(key) => (
            "fixed",
            form.name(ctx.t(t::KEY), "", key, limit::KEY_BYTES_MAX, |s, v| {
                s.keys = Keys::Fixed(v)
            }),
        ),
        Keys::RandomOf(of) => ("random", count(*of)),
        Keys::Hot { of, percent } => (
            "hot",
            html! {
                <>
                    { count(*of) }
                    { form.number(ctx.t(t::HOT_SHARE), "", i64::from(*percent), (0, 100), |s, v| {
                        if let Keys::Hot { percent, .. } = &mut s.keys {
                            *percent = u8::try_from(v).unwrap_or(100);
                        }
                    }) }
                </>
            },
        ),
    };
    html! {
        <>
            { form.choice(ctx.t(t::KEYS), "", kind, &kinds, |s, v| {
                s.keys = match v {
                    "fixed" => Keys::Fixed("key-0".to_owned()),
                    "random" => Keys::RandomOf(100),
                    "hot" => Keys::Hot { of: 100, percent: 50 },
                    _ => Keys::None,
                };
            }) }
            { rest }
        </>
    }
}

fn partition(ctx: &Ctx, form: &Form<ProducerSpec>) -> Html {
    let kinds = [
        ("default".to_owned(), ctx.t(t::PARTITION_DEFAULT).to_owned()),
        (
            "round-robin".to_owned(),
            ctx.t(t::PARTITION_ROUND).to_owned(),
        ),
        ("fixed".to_owned(), ctx.t(t::PARTITION_FIXED).to_owned()),
        ("each".to_owned(), ctx.t(t::PARTITION_EACH).to_owned()),
    ];
    let now = form.get().partition;
    let kind = match now {
        PartitionChoice::Default => "default",
        PartitionChoice::RoundRobin => "round-robin",
        PartitionChoice::Fixed(_) => "fixed",
        PartitionChoice::Each => "each",
    };
    html! {
        <>
            { form.choice(ctx.t(t::PARTITION), "", kind, &kinds, |s, v| {
                s.partition = match v {
                    "round-robin" => PartitionChoice::RoundRobin,
                    "fixed" => PartitionChoice::Fixed(0),
                    "each" => PartitionChoice::Each,
                    _ => PartitionChoice::Default,
                };
            }) }
            if let PartitionChoice::Fixed(number) = now {
                { form.number(ctx.t(t::PARTITION_NUMBER), "", i64::from(number), (0, 99), |s, v| {
                    s.partition = PartitionChoice::Fixed(i32::try_from(v).unwrap_or(0));
                }) }
            }
        </>
    }
}

fn more(ctx: &Ctx, form: &Form<ProducerSpec>) -> Html {
    let spec = form.get();
    let value_bytes = limit::VALUE_BYTES_MAX as i64;
    html! {
        <div class="fields two">
            { form.text(ctx.t(t::VALUE), ctx.t(t::VALUE_HINT), &spec.value.template, limit::TEMPLATE_BYTES_MAX, |s, v| s.value.template = v) }
            { form.maybe_number(ctx.t(t::VALUE_SIZE), ctx.t(t::VALUE_SIZE_HINT), spec.value.size.map(i64::from), (0, value_bytes), |s, v| {
                s.value.size = v.and_then(|v| u32::try_from(v).ok());
            }) }
            { form.number("linger.ms", "", i64::from(spec.linger_ms), (0, i64::from(limit::LINGER_MS_MAX)), |s, v| {
                s.linger_ms = u32::try_from(v).unwrap_or(0);
            }) }
            { form.number("batch.size", "bytes", i64::from(spec.batch_size), (0, i64::from(limit::BATCH_SIZE_MAX)), |s, v| {
                s.batch_size = u32::try_from(v).unwrap_or(0);
            }) }
            { form.maybe_number(ctx.t(t::RETRIES), ctx.t(t::RETRIES_HINT), spec.retries.map(i64::from), (0, i64::from(u32::MAX)), |s, v| {
                s.retries = v.and_then(|v| u32::try_from(v).ok());
            }) }
            { form.maybe_number(ctx.t(t::LIMIT), ctx.t(t::LIMIT_HINT), spec.limit.map(|n| n as i64), (1, 1_000_000_000), |s, v| {
                s.limit = v.and_then(|v| u64::try_from(v).ok());
            }) }
            { form.check(ctx.t(t::IDEMPOTENT), spec.idempotent, |s, v| s.idempotent = v) }
            { form.check(ctx.t(t::RUNNING), spec.running, |s, v| s.running = v) }
        </div>
    }
}

fn set_codec(spec: &mut ProducerSpec, word: &str) {
    let all = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];
    if let Some(codec) = all.into_iter().find(|codec| codec_word(*codec) == word) {
        spec.compression = codec;
    }
}

fn set_acks(spec: &mut ProducerSpec, word: &str) {
    let all = [Acks::None, Acks::Leader, Acks::All];
    if let Some(acks) = all.into_iter().find(|acks| acks_word(*acks) == word) {
        spec.acks = acks;
    }
}
