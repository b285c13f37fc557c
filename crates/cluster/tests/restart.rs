//! The power goes, at any time: nothing that was acknowledged is lost, and consumption goes on from
//! where it was committed.

use konbini_cluster::{Inspected, MemoryHost};
use konbini_scenario::inspect::{Inspect, Inspection};
use konbini_scenario::snapshot::BrokerState;
use konbini_scenario::spec::{Commit, Pace};
use konbini_scenario::{Action, Recording, Scenario, Snapshot, catalogue};
use proptest::prelude::*;
use std::collections::BTreeMap;

const STEPS: u64 = 2_000_000;
const TOPIC: &str = "topic-test";
const GROUP: &str = "test-group";

fn recording(scenario: Scenario) -> Recording {
    Recording::of(scenario)
}

/// By partition: one past the newest offset that the producer was told, or that is committed.
#[derive(Clone, Debug, Default)]
struct Known {
    acked: BTreeMap<i32, i64>,
    committed: BTreeMap<i32, i64>,
    /// What the newest records were.
    values: BTreeMap<(i32, i64), String>,
}

fn raise(known: &mut BTreeMap<i32, i64>, partition: i32, offset: i64) {
    let highest = known.entry(partition).or_insert(offset);
    *highest = offset.max(*highest);
}

impl Known {
    fn learn(&mut self, snapshot: &Snapshot) {
        for (partition, offset) in &snapshot.producers[0].last_acks {
            raise(&mut self.acked, *partition, offset + 1);
        }
        let groups = snapshot.groups.iter().filter(|group| group.id == GROUP);
        for offset in groups.flat_map(|group| &group.offsets) {
            raise(&mut self.committed, offset.partition, offset.committed);
        }
        for record in &snapshot.consumers[0].last_records {
            let place = (record.partition, record.offset);
            let value = record.value.clone().unwrap_or_default();
            let before = self.values.insert(place, value.clone());
            assert!(
                before.is_none_or(|before| before == value),
                "{place:?} changed"
            );
        }
    }

    fn check(&self, snapshot: &Snapshot) {
        let topic = snapshot.topics.iter().find(|topic| topic.name == TOPIC);
        for (partition, acked) in &self.acked {
            let view = &topic.expect("the topic is there").partitions[*partition as usize];
            assert!(view.log_end >= *acked, "acknowledged {acked}, {view:?}");
        }
        let group = snapshot.groups.iter().find(|group| group.id == GROUP);
        for (partition, committed) in &self.committed {
            let offsets = group.into_iter().flat_map(|group| &group.offsets);
            let mut own = offsets.filter(|offset| offset.partition == *partition);
            assert!(
                own.all(|offset| offset.committed >= *committed),
                "{group:?}"
            );
        }
    }
}

fn values(host: &mut MemoryHost, partition: i32) -> BTreeMap<(i32, i64), String> {
    let mut found = BTreeMap::new();
    let mut from = 0;
    loop {
        let ask = Inspect::Records {
            topic: TOPIC.to_owned(),
            partition,
            from,
            count: 500,
        };
        let records = match host.inspect(&ask) {
            Inspected::Answer(Inspection::Records { records, .. }) => records,
            other => panic!("{other:?}"),
        };
        let Some(last) = records.last() else {
            return found;
        };
        from = last.offset + 1;
        for record in records {
            let value = record.value.unwrap_or_default();
            found.insert((partition, record.offset), value);
        }
    }
}

/// Whether everything that was acknowledged is handled and committed.
fn is_done(snapshot: &Snapshot) -> bool {
    let group = snapshot.groups.iter().find(|group| group.id == GROUP);
    let settled = snapshot.producers[0].waiting == 0;
    settled
        && group.is_some_and(|group| {
            !group.offsets.is_empty() && group.offsets.iter().all(|offset| offset.lag == 0)
        })
}

/// Runs with power cuts after each of these times (ms), then long enough for all to be well.
fn survive(scenario: Scenario, cuts: &[i64], limit_bytes: Option<usize>) {
    let mut host = MemoryHost::start(&recording(scenario), limit_bytes).unwrap();
    let mut known = Known::default();
    for cut in cuts {
        for _ in 0..10 {
            let until = host.cluster.now() + cut / 10;
            host.run_until(until, STEPS).unwrap();
            known.learn(&host.cluster.snapshot());
        }
        host.restart().unwrap();
    }
    let now = host.cluster.now();
    host.run_until(now + 25_000, STEPS).unwrap();
    let stop = r#"{"do":"stop-producer","name":"producer-1"}"#;
    host.cluster
        .apply(serde_json::from_str(stop).unwrap())
        .unwrap();
    // A commit for each record takes a round trip for each.
    let mut snapshot = host.cluster.snapshot();
    for _ in 0..60 {
        if is_done(&snapshot) {
            break;
        }
        let until = host.cluster.now() + 10_000;
        host.run_until(until, STEPS).unwrap();
        snapshot = host.cluster.snapshot();
    }
    known.check(&snapshot);
    let groups = &snapshot.groups;
    assert!(
        is_done(&snapshot),
        "consumption goes on to the end: {groups:?}"
    );
    let mut stored = values(&mut host, 0);
    stored.extend(values(&mut host, 1));
    for (place, value) in &known.values {
        assert_eq!(stored.get(place), Some(value), "{place:?}");
    }
    assert!(
        snapshot
            .brokers
            .iter()
            .all(|broker| broker.offline.is_empty())
    );
}

fn busy(pace: Pace, commit: Commit, latency_ms: u32, seed: u64) -> Scenario {
    let mut scenario = catalogue::first_light();
    scenario.seed = seed;
    scenario.network.latency_ms = latency_ms;
    scenario.producers[0].pace = pace;
    scenario.producers[0].idempotent = true;
    scenario.consumers[0].commit = commit;
    scenario
}

#[test]
fn a_cut_in_the_middle_of_the_first_experiment() {
    survive(catalogue::first_light(), &[20_000], None);
    survive(
        catalogue::first_light(),
        &[20_000, 300, 1_000, 8_000],
        Some(1),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 12, ..ProptestConfig::default() })]

    #[test]
    fn cuts_at_any_time(
        cuts in prop::collection::vec(10i64..12_000, 1..4),
        rate in 1u32..200,
        latency_ms in 0u32..60,
        commit in prop_oneof![
            Just(Commit::AutoMs(500)), Just(Commit::EachRecord), Just(Commit::EachPoll)
        ],
        seed in 0u64..1_000,
        tight in any::<bool>(),
    ) {
        let rate = if commit == Commit::EachRecord { rate.min(20) } else { rate };
        let scenario = busy(Pace::PerSecond(rate), commit, latency_ms, seed);
        survive(scenario, &cuts, tight.then_some(1_000));
    }
}

/// A page that was closed and opened again did what a power cut in a recording does.
#[test]
fn a_reload_is_a_power_cut() {
    for cut in [0, 700, 5_000, 20_001] {
        let mut live = MemoryHost::start(&recording(catalogue::two_partitions()), None).unwrap();
        live.run_until(cut, STEPS).unwrap();
        live.restart().unwrap();
        live.run_until(cut + 15_000, STEPS).unwrap();
        let record = live.cluster.recording();
        assert_eq!(record.actions.len(), 1);
        let mut replay = MemoryHost::start(&record, None).unwrap();
        replay.run_until(cut + 15_000, STEPS).unwrap();
        assert_eq!(
            replay.cluster.trace_hash(),
            live.cluster.trace_hash(),
            "cut at {cut}"
        );
        assert_eq!(replay.cluster.boot(), 2);
    }
}

/// A page that was closed while the power was out is opened as the power comes back; what waits for
/// the power is done then.
#[test]
fn a_reload_in_the_dark_is_no_other_power_cut() {
    let act = |host: &mut MemoryHost, action: &str| {
        let action = serde_json::from_str(action).unwrap();
        host.cluster.apply(action).unwrap();
    };
    let mut live = MemoryHost::start(&recording(catalogue::two_partitions()), None).unwrap();
    live.run_until(5_000, STEPS).unwrap();
    act(&mut live, r#"{"do":"power-cut"}"#);
    act(
        &mut live,
        r#"{"do":"create-topic","name":"more","partitions":1}"#,
    );
    live.restart().unwrap();
    live.run_until(20_000, STEPS).unwrap();
    let record = live.cluster.recording();
    assert_eq!(record.actions.len(), 2, "{:?}", record.actions);
    let topics = live.cluster.snapshot().topics;
    assert!(topics.iter().any(|topic| topic.name == "more"));
    let mut replay = MemoryHost::start(&record, None).unwrap();
    replay.run_until(20_000, STEPS).unwrap();
    assert_eq!(replay.cluster.trace_hash(), live.cluster.trace_hash());
    assert_eq!(replay.cluster.boot(), 2);
}

/// In the dark nothing runs, and yet a broker that was down before is the one that can be started.
#[test]
fn a_broker_that_was_down_can_be_started_in_the_dark() {
    let mut host = MemoryHost::start(&recording(catalogue::two_partitions()), None).unwrap();
    let act = |host: &mut MemoryHost, what: &str| {
        let text = format!(r#"{{"do":"{what}","broker":3}}"#);
        host.cluster.apply(serde_json::from_str(&text).unwrap())
    };
    host.run_until(5_000, STEPS).unwrap();
    act(&mut host, "kill-broker").unwrap();
    host.cluster.apply(Action::PowerCut).unwrap();
    assert!(host.cluster.is_dark());
    assert!(act(&mut host, "kill-broker").is_err());
    act(&mut host, "start-broker").unwrap();
    host.run_until(30_000, STEPS).unwrap();
    let broker = &host.cluster.snapshot().brokers[2];
    assert_eq!(broker.state, BrokerState::Up);
}

/// What a person does at some time is what a recording does at that time.
#[test]
fn a_recording_of_live_actions_is_the_same_run() {
    let actions = [
        (
            3_000,
            r#"{"do":"create-topic","name":"more","partitions":3}"#,
        ),
        (
            6_100,
            r#"{"do":"add-producer","name":"p2","topic":"more","pace":{"per-second":20}}"#,
        ),
        (
            6_100,
            r#"{"do":"add-consumer","name":"c3","group":"g2","topics":["more","topic-test"]}"#,
        ),
        (9_000, r#"{"do":"crash-consumer","name":"consumer-2"}"#),
        (
            12_345,
            r#"{"do":"send","producer":"p2","key":"by hand","value":"x","headers":[["a","b"]]}"#,
        ),
        (15_000, r#"{"do":"pause-consumer","name":"c3"}"#),
        (16_000, r#"{"do":"power-cut"}"#),
        (30_000, r#"{"do":"start-consumer","name":"consumer-2"}"#),
        (
            31_000,
            r#"{"do":"change-producer","name":"p2","topic":"more","pace":{"every-ms":700}}"#,
        ),
        (
            32_000,
            r#"{"do":"delete-records","topic":"topic-test","partition":0,"before":2}"#,
        ),
        (33_000, r#"{"do":"remove-consumer","name":"c3"}"#),
    ];
    let mut live = MemoryHost::start(&recording(catalogue::two_partitions()), None).unwrap();
    for (at, action) in actions {
        live.run_until(at, STEPS).unwrap();
        live.cluster
            .apply(serde_json::from_str(action).unwrap())
            .unwrap();
    }
    live.run_until(45_000, STEPS).unwrap();
    let record = live.cluster.recording();
    assert_eq!(record.actions.len(), actions.len());
    let mut replay = MemoryHost::start(&record, Some(1)).unwrap();
    replay.run_until(45_000, STEPS).unwrap();
    assert_eq!(replay.cluster.trace_hash(), live.cluster.trace_hash());
    let link = konbini_scenario::link::encode(&record).unwrap();
    assert_eq!(konbini_scenario::link::decode(&link).unwrap(), record);
}
