//! What can be broken, and that it is mended again; each case is actions and what is seen.
//!
//! Every case runs twice, the second time from a share link of the first and with logs that are
//! never in memory, and must come to the same hash.

use konbini_cluster::{MemoryHost, meets, query};
use konbini_scenario::{Action, Recording, Scenario, TraceEvent, link};
use serde_json::Value;

const STEPS: u64 = 3_000_000;

/// Three brokers; each leads one partition of `t`.
fn scenario(topic_configs: &str) -> Scenario {
    let text = format!(
        r#"{{
        "name": "Faults", "seed": 7, "epoch_ms": 1767225600000, "brokers": 3,
        "broker_configs": {{
            "group.initial.rebalance.delay.ms": "0", "offsets.topic.num.partitions": "1",
            "offsets.topic.replication.factor": "1"
        }},
        "network": {{ "latency_ms": 20, "jitter_ms": 5 }},
        "topics": [ {{ "name": "t", "partitions": 3, "configs": {{ {topic_configs} }} }} ],
        "producers": [
            {{ "name": "p", "topic": "t", "pace": {{ "per-second": 5 }}, "partition": "each" }}
        ],
        "consumers": [ {{ "name": "c", "group": "g", "topics": ["t"], "start": "earliest" }} ]
    }}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn recording(scenario: Scenario, actions: &str) -> Recording {
    Recording {
        actions: serde_json::from_str(actions).unwrap(),
        ..Recording::of(scenario)
    }
}

fn look(host: &mut MemoryHost, path: &str) -> Value {
    let snapshot = serde_json::to_value(host.cluster.snapshot()).unwrap();
    query(&snapshot, path).unwrap()
}

/// Runs actions and looks: at a time (ms), a path into the snapshot, what is there. Returns what
/// happened.
fn check_in(scenario: Scenario, actions: &str, expect: &[(i64, &str, &str)]) -> Vec<TraceEvent> {
    let recording = recording(scenario, actions);
    let mut host = MemoryHost::start(&recording, None).unwrap();
    let mut events = Vec::new();
    for (at, path, is) in expect {
        host.run_until(*at, STEPS).unwrap();
        events.extend(host.cluster.take_events());
        let found = look(&mut host, path);
        let is: Value = serde_json::from_str(is).unwrap();
        assert!(
            meets(&found, &is),
            "at {at}, {path} is {found}, not {is}; {actions}"
        );
    }
    let done = host.cluster.recording();
    let refused = events.iter().find(|e| e.event.code == "action-refused");
    assert_eq!(refused, None);
    assert_eq!(done.actions, recording.actions);
    let text = link::encode(&done).unwrap();
    let again = link::decode(&text).unwrap();
    assert_eq!(again, done);
    let mut replay = MemoryHost::start(&again, Some(1)).unwrap();
    replay.run_until(host.cluster.now(), STEPS).unwrap();
    assert_eq!(
        replay.cluster.trace_hash(),
        host.cluster.trace_hash(),
        "{actions}"
    );
    events
}

fn check(actions: &str, expect: &[(i64, &str, &str)]) -> Vec<TraceEvent> {
    check_in(scenario(""), actions, expect)
}

fn codes(events: &[TraceEvent]) -> Vec<&str> {
    events.iter().map(|event| &*event.event.code).collect()
}

/// The partition of `t` that broker 3 leads.
fn led_by_3() -> usize {
    let mut host = MemoryHost::start(&recording(scenario(""), "[]"), None).unwrap();
    host.run_until(5_000, STEPS).unwrap();
    let topics = host.cluster.snapshot().topics;
    let t = topics.iter().find(|topic| topic.name == "t").unwrap();
    let own = t.partitions.iter().position(|p| p.leader == 3);
    own.expect("leaders are spread over all brokers")
}

#[test]
fn a_stopped_broker_hands_over_and_comes_back() {
    let p = led_by_3();
    let leader = format!("topics.t.partitions.{p}.leader");
    let events = check(
        r#"[{"at":10000,"do":"stop-broker","broker":3},{"at":20000,"do":"start-broker","broker":3}]"#,
        &[
            (10_000, "brokers.3.stopping", "true"),
            (10_000, "brokers.3.state", r#""up""#),
            // The other brokers tell in their heartbeats that they know who leads now.
            (16_000, "brokers.3.state", r#""down""#),
            (16_000, "brokers.3.down", r#""stopped""#),
            (16_000, &leader, "-1"),
            (16_000, "brokers.3.unflushedBytes", "0"),
            (22_000, "brokers.3.state", r#""up""#),
            (22_000, "brokers.3.down", "null"),
            (22_000, &leader, "3"),
            (40_000, "producers.p.failed", "0"),
        ],
    );
    let codes = codes(&events);
    for code in ["broker-stopping", "broker-stopped", "broker-started"] {
        assert!(codes.contains(&code), "{code}");
    }
}

#[test]
fn a_killed_broker_keeps_what_was_appended() {
    let p = led_by_3();
    let leader = format!("topics.t.partitions.{p}.leader");
    let end = format!("topics.t.partitions.{p}.logEnd");
    check(
        r#"[{"at":10000,"do":"kill-broker","broker":3},{"at":12000,"do":"start-broker","broker":3}]"#,
        &[
            (9_999, &end, r#"{"atLeast":20}"#),
            (10_000, "brokers.3.down", r#""killed""#),
            // Nobody has told the controller; its session has to end.
            (13_000, &leader, "3"),
            (13_000, "brokers.3.state", r#""starting""#),
            (25_000, "brokers.3.state", r#""up""#),
            (25_000, &leader, "3"),
            (60_000, &end, r#"{"atLeast":250}"#),
            (60_000, "producers.p.failed", "0"),
        ],
    );
}

#[test]
fn a_stopping_broker_may_be_started_or_killed() {
    check(
        r#"[{"at":10000,"do":"stop-broker","broker":3},{"at":10001,"do":"start-broker","broker":3}]"#,
        &[
            (10_001, "brokers.3.stopping", "true"),
            (15_000, "brokers.3.state", r#""up""#),
            (15_000, "brokers.3.stopping", "false"),
        ],
    );
    check(
        r#"[{"at":10000,"do":"stop-broker","broker":3},{"at":10001,"do":"kill-broker","broker":3}]"#,
        &[(10_001, "brokers.3.down", r#""killed""#)],
    );
}

fn lost_bytes(events: &[TraceEvent]) -> String {
    let lost = events.iter().find(|e| e.event.code == "broker-power-lost");
    let args = &lost.expect("the power went").event.args;
    let bytes = args.iter().find(|(name, _)| name == "bytes").unwrap();
    bytes.1.to_string()
}

#[test]
fn a_power_cut_loses_what_was_not_written_back() {
    let p = led_by_3();
    let end = format!("topics.t.partitions.{p}.logEnd");
    let cut = r#"[{"at":41000,"do":"cut-broker-power","broker":3},{"at":42000,"do":"start-broker","broker":3}]"#;
    // 5 records a second since about 1 s: those of the first 10 s are written back.
    let events = check(
        cut,
        &[
            (40_999, &end, r#"{"atLeast":190}"#),
            (40_999, "brokers.3.unflushedBytes", r#"{"atLeast":1000}"#),
            (41_000, "brokers.3.down", r#""power-cut""#),
            (41_000, "brokers.3.unflushedBytes", "0"),
            (43_000, "brokers.3.state", r#""starting""#),
            (51_100, "brokers.3.state", r#""up""#),
            (51_100, &end, r#"{"atLeast":40,"atMost":120}"#),
            (120_000, "brokers.3.offline.#", "0"),
        ],
    );
    assert_ne!(lost_bytes(&events), "0");
    let flushed = scenario(r#""flush.messages": "1""#);
    let events = check_in(
        flushed,
        cut,
        &[
            (40_999, "brokers.3.unflushedBytes", r#"{"atMost":1000}"#),
            (51_100, "brokers.3.state", r#""up""#),
            (51_100, &end, r#"{"atLeast":190}"#),
        ],
    );
    assert!(codes(&events).contains(&"broker-power-lost"));
}

#[test]
fn nobody_is_told_of_a_power_cut() {
    let events = check(
        r#"[{"at":10000,"do":"cut-broker-power","broker":2},{"at":300000,"do":"start-broker","broker":2}]"#,
        &[
            (10_100, "brokers.1.state", r#""up""#),
            (15_000, "brokers.3.state", r#""up""#),
            (290_000, "producers.p.lastError", r#""TIMEOUT""#),
            (310_000, "brokers.2.state", r#""up""#),
        ],
    );
    let refused =
        |event: &&TraceEvent| event.at < 39_000 && event.event.code == "client-disconnected";
    assert_eq!(events.iter().filter(refused).count(), 0);
}

#[test]
fn a_wiped_disk_is_empty() {
    check(
        r#"[{"at":10000,"do":"kill-broker","broker":3},{"at":11000,"do":"wipe-disk","broker":3},{"at":12000,"do":"start-broker","broker":3}]"#,
        &[
            (10_500, "brokers.3.logBytes", r#"{"atLeast":1000}"#),
            (11_000, "brokers.3.logBytes", "0"),
            (30_000, "brokers.3.state", r#""up""#),
        ],
    );
}

/// A broker that halted by itself starts when all the power comes back, whatever its disk holds: it
/// can be stopped like any other then.
#[test]
fn a_halted_broker_that_was_wiped_is_no_dead_end() {
    check(
        r#"[{"at":10000,"do":"fill-disk","broker":3},{"at":20000,"do":"free-disk","broker":3},
            {"at":20000,"do":"wipe-disk","broker":3},{"at":21000,"do":"power-cut"},
            {"at":40000,"do":"kill-broker","broker":3}]"#,
        &[
            (20_000, "brokers.3.down", r#""failed""#),
            (39_000, "brokers.3.state", r#""up""#),
            (40_000, "brokers.3.down", r#""killed""#),
        ],
    );
}

#[test]
fn a_full_disk_takes_what_is_written_offline_and_then_its_broker() {
    let p = led_by_3();
    let end = format!("topics.t.partitions.{p}.logEnd");
    let events = check(
        r#"[{"at":10000,"do":"fill-disk","broker":3},{"at":20000,"do":"free-disk","broker":3},
            {"at":21000,"do":"start-broker","broker":3}]"#,
        &[
            (10_000, "brokers.3.disk", r#""full""#),
            // That a log is lost is metadata, which cannot be written there either: Kafka halts.
            (12_000, "brokers.3.down", r#""failed""#),
            (19_000, "brokers.1.offline.#", "0"),
            (40_000, "brokers.3.state", r#""up""#),
            (40_000, "brokers.3.disk", r#""ok""#),
            (40_000, "brokers.3.offline.#", "0"),
            (60_000, &end, r#"{"atLeast":200}"#),
        ],
    );
    assert!(codes(&events).contains(&"log-offline"));
}

/// A broker writes its metadata log where everything is.
#[test]
fn a_node_halts_that_cannot_write_its_metadata() {
    let events = check(
        r#"[{"at":10000,"do":"fill-disk","broker":1},
            {"at":11000,"do":"create-topic","name":"more","partitions":1},
            {"at":20000,"do":"free-disk","broker":1},{"at":20000,"do":"start-broker","broker":1}]"#,
        &[
            (12_000, "brokers.1.state", r#""down""#),
            (12_000, "brokers.1.down", r#""failed""#),
            (35_000, "brokers.1.state", r#""up""#),
        ],
    );
    assert!(codes(&events).contains(&"broker-halted"));
}

#[test]
fn a_failed_disk_takes_one_log_or_all_but_the_metadata_offline() {
    let p = led_by_3();
    let one =
        format!(r#"[{{"at":10000,"do":"fail-disk","broker":3,"topic":"t","partition":{p}}}]"#);
    check(
        &one,
        &[
            (10_000, "brokers.3.disk", r#""failed""#),
            (10_000, "brokers.3.offline.#", "1"),
            (20_000, "brokers.3.state", r#""up""#),
        ],
    );
    check(
        r#"[{"at":10000,"do":"fail-disk","broker":3},{"at":20000,"do":"kill-broker","broker":3},{"at":20000,"do":"start-broker","broker":3}]"#,
        &[
            (10_000, "brokers.3.offline.#", r#"{"atLeast":1}"#),
            (15_000, "brokers.3.state", r#""up""#),
            (35_000, "brokers.3.disk", r#""ok""#),
            (35_000, "brokers.3.offline.#", "0"),
        ],
    );
}

#[test]
fn a_broker_that_is_cut_off_is_fenced_until_the_network_heals() {
    let events = check(
        r#"[{"at":10000,"do":"cut-network","name":"off","from":[{"broker":3}],"to":["everyone"],"both-ways":true,"effect":"cut"},
            {"at":60000,"do":"heal"}]"#,
        &[
            (10_000, "rules.#", "1"),
            (22_000, "brokers.3.state", r#""fenced""#),
            (22_000, "brokers.1.state", r#""up""#),
            (22_000, "rules.0.hits", r#"{"atLeast":3}"#),
            (60_000, "rules.#", "0"),
            (90_000, "brokers.3.state", r#""up""#),
        ],
    );
    assert!(codes(&events).contains(&"broker-fenced"));
}

#[test]
fn loss_one_way_is_enough_to_be_fenced() {
    for (from, to) in [(3, 1), (1, 3)] {
        let actions = format!(
            r#"[{{"at":10000,"do":"cut-network","name":"half","from":[{{"broker":{from}}}],"to":[{{"broker":{to}}}],"effect":"cut"}},
                {{"at":40000,"do":"remove-rule","name":"half"}}]"#
        );
        check(
            &actions,
            &[
                (30_000, "brokers.3.state", r#""fenced""#),
                (30_000, "brokers.2.state", r#""up""#),
                (80_000, "brokers.3.state", r#""up""#),
            ],
        );
    }
}

#[test]
fn loss_and_delay_slow_clients_down_and_lose_nothing() {
    check(
        r#"[{"at":5000,"do":"cut-network","name":"loss","from":["clients"],"to":["brokers"],"both-ways":true,"effect":{"drop":{"percent":20}}},
            {"at":5000,"do":"cut-network","name":"far","from":[{"producer":"p"}],"to":["everyone"],"effect":{"delay":{"ms":300,"jitter":50}}},
            {"at":5000,"do":"slow-broker","broker":2,"ms":40},
            {"at":30000,"do":"stop-producer","name":"p"},
            {"at":40000,"do":"heal"},{"at":40000,"do":"slow-broker","broker":2,"ms":0}]"#,
        &[
            (20_000, "brokers.2.slowMs", "40"),
            (20_000, "rules.#", "2"),
            (20_000, "rules.0.hits", r#"{"atLeast":10}"#),
            (20_000, "rules.far.hits", r#"{"atLeast":10}"#),
            (120_000, "producers.p.waiting", "0"),
            (120_000, "producers.p.failed", "0"),
            (120_000, "groups.g.offsets.+.lag", "0"),
        ],
    );
}

#[test]
fn a_clock_that_is_off_does_not_stop_a_broker() {
    check(
        r#"[{"at":10000,"do":"skew-clock","broker":3,"ms":5000},{"at":20000,"do":"skew-clock","broker":3,"ms":0}]"#,
        &[
            (10_000, "brokers.3.skewMs", "5000"),
            (19_000, "brokers.3.state", r#""up""#),
            (40_000, "brokers.3.skewMs", "0"),
            (40_000, "brokers.3.state", r#""up""#),
        ],
    );
}

#[test]
fn the_admin_client_asks_for_leaders_and_moves() {
    let events = check(
        r#"[{"at":8000,"do":"elect-leaders","topic":"t","partition":0},
            {"at":8000,"do":"elect-leaders","topic":"t","partition":0,"unclean":true},
            {"at":9000,"do":"reassign","topic":"t","partition":1,"replicas":[1]}]"#,
        &[(20_000, "brokers.1.state", r#""up""#)],
    );
    let answered = events.iter().filter(|event| {
        let action = event.event.args.iter().find(|(name, _)| name == "action");
        action.is_some_and(|(_, arg)| ["elect-leaders", "reassign"].contains(&&*arg.to_string()))
    });
    let answered: Vec<String> = answered.map(|event| format!("{:?}", event.event)).collect();
    assert_eq!(answered.len(), 3, "{answered:#?}");
}

/// What is down stays down when everything loses its power, and rules stay; nobody waits for it.
#[test]
fn faults_outlive_a_power_cut() {
    check(
        r#"[{"at":10000,"do":"kill-broker","broker":3},
            {"at":10000,"do":"cut-network","name":"r","from":[{"broker":2}],"to":[{"consumer":"c"}],"effect":{"delay":{"ms":5}}},
            {"at":10000,"do":"skew-clock","broker":2,"ms":50},
            {"at":15000,"do":"power-cut"},
            {"at":30000,"do":"start-broker","broker":3}]"#,
        &[
            (16_000, "brokers.3.down", r#""killed""#),
            (16_000, "rules.r.hits", r#"{"atLeast":0}"#),
            (16_000, "brokers.2.skewMs", "50"),
            (29_000, "producers.p.acked", r#"{"atLeast":10}"#),
            (45_000, "brokers.3.state", r#""up""#),
        ],
    );
}

/// A reload in the middle of faults is a power cut in the middle of faults.
#[test]
fn a_reload_among_faults_is_the_same_run() {
    let script = [
        (6_000, r#"{"do":"cut-broker-power","broker":2}"#),
        (
            7_000,
            r#"{"do":"cut-network","name":"r","from":["clients"],"to":[{"broker":3}],"effect":{"drop":{"percent":30}}}"#,
        ),
        (8_000, r#"{"do":"stop-broker","broker":3}"#),
        (9_000, ""),
        (9_500, r#"{"do":"start-broker","broker":2}"#),
        (12_000, r#"{"do":"start-broker","broker":3}"#),
        (15_000, ""),
        (16_000, r#"{"do":"heal"}"#),
    ];
    let mut live = MemoryHost::start(&recording(scenario(""), "[]"), None).unwrap();
    for (at, action) in script {
        live.run_until(at, STEPS).unwrap();
        match action {
            "" => live.restart().unwrap(),
            action => {
                let action = serde_json::from_str(action).unwrap();
                live.cluster.apply(action).unwrap();
            }
        }
    }
    live.run_until(40_000, STEPS).unwrap();
    let done = live.cluster.recording();
    let mut replay = MemoryHost::start(&done, None).unwrap();
    replay.run_until(40_000, STEPS).unwrap();
    assert_eq!(replay.cluster.trace_hash(), live.cluster.trace_hash());
    assert_eq!(replay.disks(), live.disks());
    let snapshot = live.cluster.snapshot();
    assert!(snapshot.brokers.iter().all(|broker| broker.down.is_none()));
}

/// After some actions, one that makes no sense.
fn refused(before: &[&str], action: &str, expect: &str) {
    let mut host = MemoryHost::start(&recording(scenario(""), "[]"), None).unwrap();
    host.run_until(5_000, STEPS).unwrap();
    for action in before {
        let action = serde_json::from_str(action).unwrap();
        host.cluster.apply(action).unwrap();
        let until = host.cluster.now() + 1_000;
        host.run_until(until, STEPS).unwrap();
    }
    let action: Action = serde_json::from_str(action).unwrap();
    let told = host.cluster.apply(action).unwrap_err();
    assert_eq!(told.code, expect, "{told}");
    assert!(told.message.starts_with(&told.field), "{told}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let kill = r#"{"do":"kill-broker","broker":3}"#;
    let start = r#"{"do":"start-broker","broker":3}"#;
    let stop = r#"{"do":"stop-broker","broker":3}"#;
    let wipe = r#"{"do":"wipe-disk","broker":3}"#;
    let fill = r#"{"do":"fill-disk","broker":3}"#;
    refused(&[], r#"{"do":"kill-broker","broker":4}"#, "out-of-range");
    refused(&[], start, "broker-runs");
    refused(&[kill], kill, "broker-down");
    refused(&[kill], stop, "broker-down");
    refused(&[kill, start], start, "broker-runs");
    refused(&[], wipe, "disk-in-use");
    refused(&[fill], fill, "disk-full");
    refused(&[], r#"{"do":"free-disk","broker":3}"#, "disk-not-full");
    let log = r#"{"do":"fail-disk","broker":3,"topic":"nothing","partition":0}"#;
    refused(&[], log, "no-such-log");
    refused(&[], r#"{"do":"remove-rule","name":"x"}"#, "unknown-rule");
    let rule =
        r#"{"do":"cut-network","name":"x","from":["clients"],"to":["brokers"],"effect":"cut"}"#;
    refused(&[rule], rule, "rule-taken");
    let nobody = rule.replace(r#""clients""#, r#"{"producer":"q"}"#);
    refused(&[], &nobody, "unknown-producer");
    let far = r#"{"do":"reassign","topic":"t","partition":0,"replicas":[1,5]}"#;
    refused(&[], far, "out-of-range");
}

/// SplitMix64, for a random but repeatable script.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn action(&mut self) -> String {
        let broker = 1 + self.below(3);
        let other = 1 + self.below(3);
        let what = match self.below(16) {
            0 => "stop-broker",
            1 | 2 => "kill-broker",
            3 | 4 => "cut-broker-power",
            5 => "wipe-disk",
            6..=8 => "start-broker",
            9 => "fill-disk",
            10 => "free-disk",
            11 => "fail-disk",
            12 => return r#"{"do":"heal"}"#.to_owned(),
            13 => {
                let ms = self.below(4_000) as i64 - 2_000;
                return format!(r#"{{"do":"skew-clock","broker":{broker},"ms":{ms}}}"#);
            }
            _ => {
                let (name, both) = (self.below(1_000), self.below(2) == 0);
                let to = match self.below(3) {
                    0 => r#""clients""#.to_owned(),
                    1 => r#""everyone""#.to_owned(),
                    _ => format!(r#"{{"broker":{other}}}"#),
                };
                let effect = match self.below(3) {
                    0 => r#""cut""#,
                    1 => r#"{"drop":{"percent":40}}"#,
                    _ => r#"{"delay":{"ms":100,"jitter":100}}"#,
                };
                return format!(
                    r#"{{"do":"cut-network","name":"r{name}","from":[{{"broker":{broker}}}],"to":[{to}],"both-ways":{both},"effect":{effect}}}"#
                );
            }
        };
        format!(r#"{{"do":"{what}","broker":{broker}}}"#)
    }
}

/// Whatever is done: nothing panics, everything comes back, and it can be done again.
#[test]
fn random_faults_are_survived_and_repeatable() {
    for seed in 0..6 {
        let mut chance = Chance(seed);
        let mut host = MemoryHost::start(&recording(scenario(""), "[]"), None).unwrap();
        for _ in 0..30 {
            let until = host.cluster.now() + chance.below(3_000) as i64;
            host.run_until(until, STEPS).unwrap();
            if chance.below(25) == 0 {
                host.restart().unwrap();
            }
            let action = serde_json::from_str(&chance.action()).unwrap();
            // What makes no sense is refused, and that is all.
            drop(host.cluster.apply(action));
        }
        mend(&mut host);
        let until = host.cluster.now() + 60_000;
        host.run_until(until, STEPS).unwrap();
        let snapshot = host.cluster.snapshot();
        for broker in &snapshot.brokers {
            let state = serde_json::to_string(&broker.state).unwrap();
            assert_eq!(state, r#""up""#, "seed {seed}: {broker:?}");
            assert!(broker.offline.is_empty(), "seed {seed}: {broker:?}");
        }
        let done = host.cluster.recording();
        let mut replay = MemoryHost::start(&done, Some(10_000)).unwrap();
        replay.run_until(until, STEPS).unwrap();
        assert_eq!(
            replay.cluster.trace_hash(),
            host.cluster.trace_hash(),
            "seed {seed}"
        );
        assert_eq!(replay.disks(), host.disks(), "seed {seed}");
    }
}

/// Ends every fault and starts every broker anew.
fn mend(host: &mut MemoryHost) {
    for text in [r#"{"do":"heal"}"#.to_owned()]
        .into_iter()
        .chain((1..=3).flat_map(|id| {
            ["free-disk", "kill-broker", "start-broker"]
                .map(|what| format!(r#"{{"do":"{what}","broker":{id}}}"#))
        }))
    {
        let until = host.cluster.now() + 10;
        host.run_until(until, STEPS).unwrap();
        drop(host.cluster.apply(serde_json::from_str(&text).unwrap()));
    }
}
