use super::Invalid;
use crate::catalogue;
use crate::{Action, Recording, Scenario};

/// Applies `change` (a JSON merge patch) to a scenario that is right, and looks at the verdict.
fn check(change: &str, expect: &str) {
    let mut document = serde_json::to_value(catalogue::first_light()).unwrap();
    merge(&mut document, serde_json::from_str(change).unwrap());
    let scenario: Scenario = serde_json::from_value(document).unwrap();
    assert_eq!(verdict(scenario.validate()), expect, "{change}");
}

fn check_action(action: &str, expect: &str) {
    let action: Action = serde_json::from_str(action).unwrap();
    assert_eq!(verdict(action.validate()), expect);
}

fn check_recording(actions: &str, expect: &str) {
    let recording = Recording {
        actions: serde_json::from_str(actions).unwrap(),
        ..Recording::of(catalogue::first_light())
    };
    assert_eq!(verdict(recording.validate()), expect, "{actions}");
}

fn verdict(result: Result<(), Invalid>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(invalid) => {
            assert!(invalid.message.starts_with(&invalid.field), "{invalid:?}");
            format!("{} at {}", invalid.code, invalid.field)
        }
    }
}

fn merge(into: &mut serde_json::Value, change: serde_json::Value) {
    match (into, change) {
        (serde_json::Value::Object(into), serde_json::Value::Object(change)) => {
            for (key, value) in change {
                match value {
                    serde_json::Value::Null => drop(into.remove(&key)),
                    value => merge(into.entry(key).or_insert(serde_json::Value::Null), value),
                }
            }
        }
        (serde_json::Value::Array(into), serde_json::Value::Object(change)) => {
            for (key, value) in change {
                merge(&mut into[key.parse::<usize>().unwrap()], value);
            }
        }
        (into, change) => *into = change,
    }
}

#[test]
fn catalogue_is_valid() {
    for entry in catalogue::all() {
        assert_eq!(entry.scenario.validate(), Ok(()), "{}", entry.id);
    }
}

#[test]
fn scenario_limits() {
    check("{}", "ok");
    check(r#"{"brokers":0}"#, "out-of-range at brokers");
    check(r#"{"brokers":5}"#, "ok");
    check(r#"{"brokers":6}"#, "out-of-range at brokers");
    check(r#"{"seed":9007199254740991}"#, "ok");
    check(r#"{"seed":9007199254740992}"#, "out-of-range at seed");
    check(r#"{"epoch_ms":-1}"#, "out-of-range at epoch_ms");
    check(
        r#"{"network":{"latency_ms":10001}}"#,
        "out-of-range at network.latency_ms",
    );
    check(
        r#"{"broker_configs":{"a b":"1"}}"#,
        "config-name at broker_configs",
    );
    check(
        r#"{"broker_configs":{"":"1"}}"#,
        "config-name at broker_configs",
    );
}

#[test]
fn topic_rules() {
    let name = |name: &str| format!(r#"{{"topics":{{"0":{{"name":"{name}"}}}}}}"#);
    check(&name("Orders_2.v-1"), "ok");
    check(&name(&"x".repeat(249)), "ok");
    check(&name(&"x".repeat(250)), "topic-name at topics[0].name");
    check(&name(""), "topic-name at topics[0].name");
    check(&name(".."), "topic-name at topics[0].name");
    check(&name("訂單"), "topic-name at topics[0].name");
    check(&name("a b"), "topic-name at topics[0].name");
    check(
        &name("__consumer_offsets"),
        "internal-topic at topics[0].name",
    );
    check(
        r#"{"topics":{"0":{"partitions":0}}}"#,
        "out-of-range at topics[0].partitions",
    );
    check(r#"{"topics":{"0":{"partitions":100}}}"#, "ok");
    check(
        r#"{"topics":{"0":{"partitions":101}}}"#,
        "out-of-range at topics[0].partitions",
    );
    check(
        r#"{"topics":{"0":{"replication_factor":4}}}"#,
        "out-of-range at topics[0].replication_factor",
    );
    check(
        r#"{"topics":[{"name":"a","partitions":1},{"name":"a","partitions":1}]}"#,
        "name-taken at topics[1].name",
    );
}

#[test]
fn producer_rules() {
    let with = |fields: &str| format!(r#"{{"producers":{{"0":{{{fields}}}}}}}"#);
    check(&with(r#""name":"生產者 1""#), "ok");
    check(&with(r#""name":" p""#), "client-name at producers[0].name");
    check(&with(r#""name":"""#), "client-name at producers[0].name");
    check(
        &with(r#""name":"a\nb""#),
        "client-name at producers[0].name",
    );
    check(
        &with(r#""pace":{"every-ms":null,"per-second":10000}"#),
        "ok",
    );
    check(
        &with(r#""pace":{"every-ms":null,"per-second":10001}"#),
        "out-of-range at producers[0].pace",
    );
    check(
        &with(r#""pace":{"every-ms":0}"#),
        "out-of-range at producers[0].pace",
    );
    check(
        &with(r#""keys":{"random-of":0}"#),
        "out-of-range at producers[0].keys",
    );
    check(
        &with(r#""keys":{"random-of":null,"hot":{"of":5,"percent":101}}"#),
        "out-of-range at producers[0].keys.percent",
    );
    check(
        &with(r#""value":{"size":1000001}"#),
        "out-of-range at producers[0].value.size",
    );
    check(
        &with(r#""value":{"size":10000},"pace":{"every-ms":null,"per-second":10000}"#),
        "too-many-bytes at producers[0].value",
    );
    check(
        &with(r#""partition":{"fixed":-1}"#),
        "out-of-range at producers[0].partition",
    );
    check(&with(r#""idempotent":true"#), "ok");
    check(
        &with(r#""idempotent":true,"acks":"1""#),
        "idempotence-needs-acks-all at producers[0].idempotent",
    );
    check(
        &with(r#""batch_size":1048577"#),
        "out-of-range at producers[0].batch_size",
    );
}

#[test]
fn consumer_rules() {
    let with = |fields: &str| format!(r#"{{"consumers":{{"0":{{{fields}}}}}}}"#);
    check(&with(r#""group":null"#), "ok");
    check(&with(r#""group":"""#), "group-id at consumers[0].group");
    check(
        &with(r#""topics":[]"#),
        "out-of-range at consumers[0].topics (their number)",
    );
    check(
        &with(r#""topics":["x","?"]"#),
        "topic-name at consumers[0].topics[1]",
    );
    check(
        &with(r#""commit":{"auto-ms":0}"#),
        "out-of-range at consumers[0].commit",
    );
    check(
        &with(r#""heartbeat_interval_ms":45000"#),
        "heartbeat-above-session at consumers[0].heartbeat_interval_ms",
    );
    check(
        &with(r#""max_poll_records":0"#),
        "out-of-range at consumers[0].max_poll_records",
    );
}

#[test]
fn actions_alone() {
    check_action(r#"{"do":"power-cut"}"#, "ok");
    check_action(r#"{"do":"create-topic","name":"a","partitions":3}"#, "ok");
    check_action(
        r#"{"do":"create-topic","name":"a","partitions":0}"#,
        "out-of-range at action.partitions",
    );
    check_action(
        r#"{"do":"seek","name":"c","topic":"t","partition":0,"offset":-1}"#,
        "out-of-range at action.offset",
    );
    check_action(
        r#"{"do":"reset-offsets","group":"g","topic":"t","to":"earliest"}"#,
        "ok",
    );
    check_action(
        r#"{"do":"reset-offsets","group":"g","topic":"t","to":{"offset":4}}"#,
        "ok",
    );
    check_action(
        r#"{"do":"send","producer":"p","headers":[["","x"]]}"#,
        "header-name at action.headers[0]",
    );
}

#[test]
fn recordings_know_who_is_on_the_stage() {
    check_recording("[]", "ok");
    check_recording(
        r#"[{"at":5,"do":"stop-producer","name":"producer-1"}]"#,
        "ok",
    );
    check_recording(
        r#"[{"at":5,"do":"stop-producer","name":"consumer-1"}]"#,
        "unknown-producer at actions[0].name",
    );
    check_recording(
        r#"[{"at":5,"do":"remove-consumer","name":"consumer-1"},{"at":5,"do":"crash-consumer","name":"consumer-1"}]"#,
        "unknown-consumer at actions[1].name",
    );
    check_recording(
        r#"[{"at":5,"do":"add-producer","name":"producer-1","topic":"t","pace":{"every-ms":5}}]"#,
        "name-taken at actions[0].name",
    );
    check_recording(
        r#"[{"at":5,"do":"power-cut"},{"at":4,"do":"power-cut"}]"#,
        "out-of-range at actions[1].at",
    );
    check_recording(
        r#"[{"at":-1,"do":"power-cut"}]"#,
        "out-of-range at actions[0].at",
    );
}

#[test]
fn faults_alone() {
    for what in [
        "stop-broker",
        "kill-broker",
        "cut-broker-power",
        "start-broker",
        "wipe-disk",
        "fill-disk",
        "free-disk",
        "fail-disk",
    ] {
        let with = |id: i32| format!(r#"{{"do":"{what}","broker":{id}}}"#);
        check_action(&with(5), "ok");
        check_action(&with(0), "out-of-range at action.broker");
        check_action(&with(6), "out-of-range at action.broker");
    }
    let fail = |rest: &str| format!(r#"{{"do":"fail-disk","broker":1{rest}}}"#);
    check_action(&fail(r#","topic":"t","partition":0"#), "ok");
    check_action(&fail(r#","topic":"t""#), "half-a-log at action.partition");
    check_action(&fail(r#","partition":0"#), "half-a-log at action.topic");
    check_action(r#"{"do":"slow-broker","broker":1,"ms":60000}"#, "ok");
    check_action(
        r#"{"do":"slow-broker","broker":1,"ms":60001}"#,
        "out-of-range at action.ms",
    );
    check_action(r#"{"do":"skew-clock","broker":1,"ms":-3600000}"#, "ok");
    check_action(
        r#"{"do":"skew-clock","broker":1,"ms":3600001}"#,
        "out-of-range at action.ms",
    );
    check_action(r#"{"do":"elect-leaders","topic":"t","partition":0}"#, "ok");
    let move_to =
        |ids: &str| format!(r#"{{"do":"reassign","topic":"t","partition":0,"replicas":[{ids}]}}"#);
    check_action(&move_to("3,1"), "ok");
    check_action(
        &move_to(""),
        "out-of-range at action.replicas (their number)",
    );
    check_action(&move_to("1,2,1"), "replica-twice at action.replicas[2]");
    check_action(&move_to("1,9"), "out-of-range at action.replicas[1]");
}

#[test]
fn network_rules_alone() {
    let rule = |from: &str, to: &str, effect: &str| {
        format!(
            r#"{{"do":"cut-network","name":"r","from":{from},"to":{to},"both-ways":true,"effect":{effect}}}"#
        )
    };
    let all = r#"[{"broker":2},{"producer":"p"},{"consumer":"c"},{"client":"kcat"},"admin","brokers","clients","everyone"]"#;
    check_action(&rule(all, all, r#""cut""#), "ok");
    check_action(
        &rule("[]", all, r#""cut""#),
        "out-of-range at action.from (their number)",
    );
    check_action(
        &rule(all, r#"[{"broker":7}]"#, r#""cut""#),
        "out-of-range at action.to[0]",
    );
    check_action(
        &rule(all, r#"[{"producer":""}]"#, r#""cut""#),
        "client-name at action.to[0]",
    );
    check_action(&rule(all, all, r#"{"drop":{"percent":99}}"#), "ok");
    check_action(
        &rule(all, all, r#"{"drop":{"percent":100}}"#),
        "out-of-range at action.effect.percent",
    );
    check_action(
        &rule(all, all, r#"{"delay":{"ms":60000,"jitter":5}}"#),
        "ok",
    );
    check_action(
        &rule(all, all, r#"{"delay":{"ms":1,"jitter":60001}}"#),
        "out-of-range at action.effect.jitter",
    );
}

#[test]
fn recordings_know_which_brokers_run() {
    let at = |what: &str| {
        let actions = what.split(' ').enumerate().map(|(n, what)| {
            let (what, broker) = what.split_once('=').unwrap();
            format!(r#"{{"at":{n},"do":"{what}","broker":{broker}}}"#)
        });
        format!("[{}]", actions.collect::<Vec<_>>().join(","))
    };
    let check = |what: &str, expect: &str| check_recording(&at(what), expect);
    check(
        "kill-broker=3 wipe-disk=3 start-broker=3 stop-broker=3",
        "ok",
    );
    check("stop-broker=3 start-broker=3", "ok");
    // It may have halted, and may run again since all the power went and came back.
    check("fill-disk=3 wipe-disk=3 kill-broker=3", "ok");
    check("stop-broker=3 kill-broker=3", "ok");
    check("fill-disk=3 start-broker=3 free-disk=3", "ok");
    check("kill-broker=4", "out-of-range at actions[0].broker");
    check("start-broker=1", "broker-runs at actions[0].broker");
    check("wipe-disk=1", "disk-in-use at actions[0].broker");
    check(
        "cut-broker-power=2 stop-broker=2",
        "broker-down at actions[1].broker",
    );
    check(
        "kill-broker=2 fail-disk=2",
        "broker-down at actions[1].broker",
    );
    check("free-disk=2", "disk-not-full at actions[0].broker");
    check("fill-disk=2 fill-disk=2", "disk-full at actions[1].broker");
    check(
        "kill-broker=2 start-broker=2 start-broker=2",
        "broker-runs at actions[2].broker",
    );
}
