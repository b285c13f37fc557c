//! Share links: round trips, hostile text, and links that are older than this code.

use konbini_scenario::link::{Unreadable, decode, encode, from_json, to_json};
use konbini_scenario::{Recording, catalogue, limit};
use std::fmt::Write as _;

fn recording(actions: usize) -> Recording {
    let mut text = String::from("[");
    for n in 0..actions {
        let comma = if n == 0 { "" } else { "," };
        let at = n * 731;
        write!(
            text,
            r#"{comma}{{"at":{at},"do":"send","producer":"producer-1","key":"k{n}","value":"hello {n}"}}"#
        )
        .unwrap();
    }
    text.push(']');
    Recording {
        actions: serde_json::from_str(&text).unwrap(),
        until: 60_000,
        ..Recording::of(catalogue::first_light())
    }
}

fn pack(json: &[u8]) -> String {
    use base64::Engine;
    use std::io::Read;
    let mut packed = Vec::new();
    flate2::read::DeflateEncoder::new(json, flate2::Compression::best())
        .read_to_end(&mut packed)
        .unwrap();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(packed)
}

fn check(text: &str, code: &str) {
    let refused = decode(text).expect_err("this link should be refused");
    assert_eq!(refused.code(), code, "{refused}");
    assert!(
        refused.to_string().len() > 20,
        "a whole sentence: {refused}"
    );
}

#[test]
fn ordinary_scenarios_are_short() {
    for entry in catalogue::all() {
        let recording = Recording::of(entry.scenario);
        let text = encode(&recording).unwrap();
        assert!(
            text.len() < 2_000,
            "{}: {} characters",
            entry.id,
            text.len()
        );
        assert_eq!(decode(&text).unwrap(), recording);
    }
    let with_actions = encode(&recording(40)).unwrap();
    assert!(
        with_actions.len() < 2_000,
        "{} characters",
        with_actions.len()
    );
}

#[test]
fn old_links_keep_working() {
    let text = include_str!("links/v1.txt").trim();
    let json = include_bytes!("links/v1.json");
    assert_eq!(decode(text).unwrap(), from_json(json).unwrap());
}

#[test]
fn a_link_too_long_becomes_a_file() {
    let long = recording(5_000);
    assert!(matches!(encode(&long), Err(Unreadable::TooLong { .. })));
    assert_eq!(from_json(to_json(&long).unwrap().as_bytes()).unwrap(), long);
}

#[test]
fn broken_links_say_what_is_wrong() {
    let good = encode(&recording(1)).unwrap();
    check("", "link-not-a-link");
    check("hello", "link-not-a-link");
    check("v.abc", "link-not-a-link");
    check("v0.abc", "link-not-a-link");
    check("v+1.abc", "link-not-a-link");
    check("v3.abc", "link-newer");
    check("v99999999999999999999999.abc", "link-newer");
    check("v1.", "link-damaged");
    check("v1.a b", "link-damaged");
    check("v1.訂單", "link-damaged");
    check(&format!("{good}="), "link-damaged");
    check(&good[..good.len() - 8], "link-damaged");
    check(&good[..good.len() / 2], "link-damaged");
    check(&format!("{good}AAAA"), "link-damaged");
    check(&"v1.".repeat(limit::LINK_CHARS_MAX), "link-too-long");
    check(&format!("v1.{}", pack(b"{}")), "link-misshapen");
    check(&format!("v1.{}", pack(b"not json")), "link-misshapen");
    check(&format!("v1.{}", pack(&[0xff, 0xfe])), "link-misshapen");
    check(
        &format!("v1.{}", pack("[".repeat(100_000).as_bytes())),
        "link-misshapen",
    );
    let json = to_json(&recording(0)).unwrap();
    let many = json.replace(r#""brokers":3"#, r#""brokers":4000000000"#);
    check(&format!("v1.{}", pack(many.as_bytes())), "link-invalid");
    let odd = json.replace(r#""brokers":3"#, r#""brokers":3,"shell":"rm""#);
    check(&format!("v1.{}", pack(odd.as_bytes())), "link-misshapen");
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = vec![b' '; 16 * 1024 * 1024];
    check(&format!("v1.{}", pack(&bomb)), "link-too-large");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn round_trip(recording in any_recording()) {
            prop_assert_eq!(recording.validate(), Ok(()));
            prop_assert_eq!(decode(&encode(&recording).unwrap()).unwrap(), recording);
        }

        #[test]
        fn hostile_text_never_panics(text in "(v[0-9]{1,3}\\.)?[A-Za-z0-9_=-]{0,200}") {
            prop_assert!(decode(&text).is_err());
        }

        #[test]
        fn a_flipped_byte_never_panics(place in 3usize..400, with in "[A-Za-z0-9_-]") {
            let mut text = encode(&super::recording(2)).unwrap();
            let place = place.min(text.len() - 1);
            text.replace_range(place..=place, &with);
            let _ = decode(&text).map(|recording| recording.validate());
        }
    }

    fn any_recording() -> impl Strategy<Value = Recording> {
        let name = "[a-zA-Z0-9 ]{0,20}";
        let times = proptest::collection::vec((0i64..1_000, any_action()), 0..20);
        (name, 0..=limit::SEED_MAX, 1u32..=5, 0u32..1_000, times).prop_map(
            |(name, seed, brokers, latency, times)| {
                let mut scenario = catalogue::two_partitions();
                scenario.name = name;
                scenario.seed = seed;
                scenario.brokers = brokers;
                scenario.network.latency_ms = latency;
                let mut at = 0;
                let actions = times
                    .into_iter()
                    .map(|(after, action)| {
                        at += after;
                        konbini_scenario::TimedAction { at, action }
                    })
                    .collect();
                Recording {
                    actions,
                    until: at + 1,
                    ..Recording::of(scenario)
                }
            },
        )
    }

    fn any_action() -> impl Strategy<Value = konbini_scenario::Action> {
        let from = |json: String| serde_json::from_str(&json).unwrap();
        prop_oneof![
            Just(from(r#"{"do":"power-cut"}"#.to_owned())),
            Just(from(r#"{"do":"crash-consumer","name":"consumer-2"}"#.to_owned())),
            (0i64..100).prop_map(move |n| from(format!(
                r#"{{"do":"reset-offsets","group":"test-group","topic":"t{n}","to":{{"offset":{n}}}}}"#
            ))),
            (1i32..100, 1i16..3).prop_map(move |(n, factor)| from(format!(
                r#"{{"do":"create-topic","name":"t{n}","partitions":{n},"replication_factor":{factor},"configs":{{"retention.ms":"{n}"}}}}"#
            ))),
            ("[a-z]{0,5}", "\\PC{0,30}").prop_map(move |(key, value)| {
                let value = serde_json::to_string(&value).unwrap();
                from(format!(
                    r#"{{"do":"send","producer":"producer-1","key":"{key}","value":{value},"headers":[["h","{key}"]]}}"#
                ))
            }),
        ]
    }
}
