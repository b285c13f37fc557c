//! One sentence for each event code, in both languages.
//!
//! `{name}` stands for the event's argument of that name. Arguments that are codes themselves
//! (reasons) are looked up in [`REASONS`]; member ids are cut to their readable part. A native
//! test collects the codes that broker, client, cluster and log use and fails on a missing one.

mod clients;
mod cluster;
mod faults;
mod groups;
mod reasons;
mod replication;
mod settings;
mod transactions;

use super::{Lang, Text};
use crate::trace::{Arg, Event};
use reasons::{ANSWERED, REASONS};

/// The node id of nobody, and how a reader says it.
const NO_BROKER: &str = "-1";
const NOBODY: Text = ["none", "無"];

/// Every code with its sentence.
fn all() -> impl Iterator<Item = &'static (&'static str, Text)> {
    let tables = [
        cluster::EVENTS,
        replication::EVENTS,
        faults::EVENTS,
        groups::EVENTS,
        clients::EVENTS,
        transactions::EVENTS,
    ];
    tables.into_iter().flatten()
}

/// What happened, in words. A code without a sentence is shown with its arguments as they are.
pub fn sentence(lang: Lang, event: &Event) -> String {
    let found = all().find(|(code, _)| *code == event.code);
    let Some((_, text)) = found else {
        let args = event
            .args
            .iter()
            .map(|(name, value)| format!(" {name}={value}"));
        return format!("{}{}", event.code, args.collect::<String>());
    };
    let mut out = lang.of(*text).to_owned();
    for (name, value) in &event.args {
        let place = format!("{{{name}}}");
        if out.contains(&place) {
            out = out.replace(&place, &words(lang, name, value));
        }
    }
    out
}

/// Why it went so: what the deciding setting asks for, or no more than its name.
pub fn because(lang: Lang, event: &Event) -> Option<String> {
    let setting = event.setting.as_ref()?;
    let known = settings::SETTINGS.iter().find(|(name, _)| name == setting);
    let text = known.map_or(settings::DECIDED_BY, |(_, text)| *text);
    Some(super::fill(lang.of(text), &[("setting", setting)]))
}

fn words(lang: Lang, name: &str, value: &Arg) -> String {
    let text = value.to_string();
    if (name, text.as_str()) == ("previous", NO_BROKER) {
        return lang.of(NOBODY).to_owned();
    }
    if let Some((_, reason)) = REASONS.iter().find(|(code, _)| *code == text) {
        return lang.of(*reason).to_owned();
    }
    if let Some(error) = text.strip_prefix(ANSWERED.0) {
        return super::fill(lang.of(ANSWERED.1), &[("error", &error)]);
    }
    // What a broker said in its own words is quoted inside a Chinese sentence.
    let free = matches!(name, "reason" | "why") && text.contains(' ');
    if lang == Lang::ZhTw && free {
        return format!("「{text}」");
    }
    if name.contains("member") && !name.contains("members") {
        return member_words(&text);
    }
    text
}

/// A member id is `client.id-uuid`: the client's part says who it is.
pub fn member_words(member_id: &str) -> String {
    const UUID: usize = 36;
    let cut = member_id.len().checked_sub(UUID + 1);
    match cut {
        Some(at)
            if member_id.is_char_boundary(at) && member_id[at..].starts_with('-') && at > 0 =>
        {
            member_id[..at].to_owned()
        }
        _ => member_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn arguments_reasons_and_member_ids_become_words() {
        let event = Event::info("group-member-expired")
            .with("group", "g")
            .with("member", "consumer-1-0f9c8a52-1111-4222-8333-444455556666")
            .with("reason", "no-heartbeat")
            .with("timeout_ms", 10_000);
        assert_eq!(
            sentence(Lang::En, &event),
            "consumer-1 was removed from g: no heartbeat within 10000 ms"
        );
        assert_eq!(
            sentence(Lang::ZhTw, &event),
            "consumer-1 被移出 g：10000 ms 內沒有 heartbeat"
        );
    }

    #[test]
    fn a_chinese_sentence_translates_known_reasons_and_quotes_free_text() {
        let began = |reason: &str| {
            let event = Event::info("consumer-rebalance-began").with("reason", reason);
            sentence(Lang::ZhTw, &event)
        };
        let cases = [
            ("the consumer subscribed", "重新加入：consumer 訂閱了 topic"),
            (
                "the coordinator answered FENCED_INSTANCE_ID",
                "重新加入：coordinator 回應了 FENCED_INSTANCE_ID",
            ),
            (
                "something new happened",
                "重新加入：「something new happened」",
            ),
        ];
        for (reason, expected) in cases {
            assert_eq!(began(reason), expected);
        }
    }

    #[test]
    fn every_fixed_reason_in_the_engine_has_words() {
        let calls = [
            "Reason::new(\"",
            "leave(now, \"",
            "text: \"",
            "lose_coordinator(now, \"",
            "reset(tp, \"",
            "reset(&tp, \"",
            "drop_link(now, node, \"",
            ".lost(now, node, \"",
            "Why::of(\"",
            "Why::by(\"",
            "Cause::new(\"",
            "join.why(\"",
            "part_with(id, \"",
            "hang_up(node, conn, \"",
            ".with(\"reason\", \"",
        ];
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let crates = crates.expect("crates/");
        let mut used = BTreeSet::new();
        for name in ["broker/src", "client/src", "raft/src"] {
            sources(&crates.join(name), &mut |source| {
                for call in calls {
                    let found = source.split(call).skip(1);
                    used.extend(found.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                }
            });
        }
        assert!(used.contains("no-heartbeat") && used.contains("member-joined"));
        let known: BTreeSet<&str> = REASONS.iter().map(|(code, _)| *code).collect();
        let missing: Vec<&String> = (used.iter())
            .filter(|reason| !known.contains(reason.as_str()) && !reason.starts_with(ANSWERED.0))
            .collect();
        assert!(missing.is_empty(), "no words for {missing:?}");
    }

    #[test]
    fn an_unknown_code_still_says_something() {
        let event = Event::info("brand-new").with("topic", "t");
        assert_eq!(sentence(Lang::En, &event), "brand-new topic=t");
    }

    #[test]
    fn no_code_twice_and_both_languages_use_the_same_arguments() {
        let mut seen = BTreeSet::new();
        for (code, text) in all().chain(REASONS) {
            assert!(seen.insert(code), "{code} twice");
            assert_eq!(holes(text[0]), holes(text[1]), "{code}");
        }
    }

    #[test]
    fn every_deciding_setting_says_what_it_asks_for() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let mut used = BTreeSet::new();
        for name in ["broker/src", "cluster/src"] {
            sources(&crates.expect("crates/").join(name), &mut |source| {
                let calls = source.split("because_of(\"").skip(1);
                used.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            });
        }
        assert!(used.contains("unclean.leader.election.enable"));
        let known: BTreeSet<&str> = settings::SETTINGS.iter().map(|(name, _)| *name).collect();
        let missing: Vec<&String> = (used.iter())
            .filter(|name| !known.contains(name.as_str()))
            .collect();
        assert!(missing.is_empty(), "no words for {missing:?}");
        for (name, text) in settings::SETTINGS {
            let both = text.iter().all(|text| text.contains("{setting}"));
            assert!(both, "{name} is not named");
        }
    }

    fn holes(text: &str) -> BTreeSet<String> {
        let parts = text.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    #[test]
    fn every_code_in_the_engine_has_a_sentence() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("crates/");
        let mut used = BTreeSet::new();
        for name in ["broker", "client", "cluster", "log", "raft"] {
            collect(&crates.join(name).join("src"), &mut used);
        }
        let known: BTreeSet<&str> = all().map(|(code, _)| *code).collect();
        let missing: Vec<&String> = used
            .iter()
            .filter(|c| !known.contains(c.as_str()))
            .collect();
        assert!(missing.is_empty(), "no sentence for {missing:?}");
    }

    /// Codes in `Event::level("…")`, test modules left out.
    fn collect(folder: &Path, used: &mut BTreeSet<String>) {
        sources(folder, &mut |product| codes(product, used));
    }

    /// Every source file under a folder, without its tests.
    fn sources(folder: &Path, take: &mut dyn FnMut(&str)) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, take);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let source = std::fs::read_to_string(&path).expect("readable source");
                let tests = "#[cfg(test)]\nmod tests {";
                take(source.split(tests).next().unwrap_or(""));
            }
        }
    }

    fn codes(source: &str, used: &mut BTreeSet<String>) {
        for call in source.split("Event::").skip(1) {
            let levels = ["info(", "warn(", "error(", "detail(", "new("];
            let Some(rest) = levels.iter().find_map(|level| call.strip_prefix(level)) else {
                continue;
            };
            let arguments = rest.split(')').next().unwrap_or("");
            if let Some(code) = arguments.split('"').nth(1) {
                used.insert(code.to_owned());
            }
        }
    }

    #[test]
    fn the_collector_finds_codes() {
        let mut used = BTreeSet::new();
        codes(
            "x(Event::info(\n  \"a-b\"\n)); Event::new(Level::Warn, \"c\")",
            &mut used,
        );
        assert_eq!(used, BTreeSet::from(["a-b".to_owned(), "c".to_owned()]));
    }
}
