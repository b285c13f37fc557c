//! What is measured of whole clusters: how fast virtual time goes, and how long a fail-over takes.

use konbini_cluster::MemoryHost;
use konbini_scenario::spec::{
    Acks, Configs, NetworkSpec, Pace, PartitionChoice, ProducerSpec, Scenario, TopicSpec, Value,
};
use konbini_scenario::{Action, Recording};
use serde_json::json;

use crate::pairs::Clock;

/// Virtual ms before anything is measured: everybody is up by then.
const WARM_UP_MS: i64 = 20_000;
const STEPS: u64 = u64::MAX;
/// Log bytes in memory, of all brokers together, where they are limited.
const MEMORY_BYTES: usize = 8 << 20;
/// Virtual seconds that an idle cluster should do in a second of a processor, natively.
const IDLE_AIM: f64 = 1_000.0;
/// Kafka's `broker.session.timeout.ms`: before it nobody is fenced.
const SESSION_MS: i64 = 9_000;

/// Three brokers on a fast network, with one topic of three replicas.
fn three(producers: Vec<ProducerSpec>) -> Scenario {
    let topic = TopicSpec {
        name: "t".to_owned(),
        partitions: 3,
        replication_factor: 3,
        configs: Configs::new(),
    };
    Scenario {
        name: "bench".to_owned(),
        seed: 1,
        epoch_ms: 1_767_225_600_000,
        brokers: 3,
        broker_configs: Configs::new(),
        network: NetworkSpec {
            latency_ms: 1,
            jitter_ms: 0,
        },
        topics: vec![topic],
        producers,
        consumers: Vec::new(),
    }
}

fn producer(pace: Pace) -> ProducerSpec {
    ProducerSpec {
        pace,
        acks: Acks::All,
        linger_ms: 5,
        value: Value {
            template: "x".to_owned(),
            size: Some(100),
        },
        ..ProducerSpec::new("p", "t")
    }
}

/// A cluster that is warm; with a limit, log bytes are dropped after every step and loaded again.
fn start(scenario: Scenario, limit_bytes: Option<usize>) -> MemoryHost {
    let recording = Recording::of(scenario);
    let mut host = MemoryHost::start(&recording, limit_bytes).expect("a valid scenario");
    host.run_until(WARM_UP_MS, STEPS).expect("it starts");
    host
}

fn acked(host: &mut MemoryHost) -> u64 {
    host.cluster.snapshot().producers[0].acked
}

/// Each row is a line of JSON.
pub fn measure(clock: Clock, place: &str) -> Vec<String> {
    vec![
        idle(clock, place),
        replicated(clock, place, None),
        replicated(clock, place, Some(MEMORY_BYTES)),
        fail_over(place, false),
        fail_over(place, true),
    ]
}

/// Virtual seconds per second, nothing but heartbeats and fetches.
fn idle(clock: Clock, place: &str) -> String {
    let mut host = start(three(Vec::new()), None);
    let virtual_ms = 300_000;
    let before = clock();
    host.run_until(WARM_UP_MS + virtual_ms, STEPS)
        .expect("it goes on");
    let ratio = virtual_ms as f64 / (clock() - before).max(1.0);
    let aim = (place == "native").then_some(IDLE_AIM);
    let name = format!("idle cluster of 3 brokers, {place}: virtual time / time");
    json!({ "name": name, "ratio": ratio, "aim": aim, "better": "more", "detail": "" }).to_string()
}

/// Records through a topic with three replicas, acks=all; with a limit, the logs outgrow it.
///
/// # Panics
/// The producer does not get through what it offers: then this measures something else.
fn replicated(clock: Clock, place: &str, limit_bytes: Option<usize>) -> String {
    let offered = 10_000;
    let scenario = three(vec![producer(Pace::PerSecond(offered))]);
    let mut host = start(scenario, limit_bytes);
    let virtual_ms = 10_000;
    let (before, had) = (clock(), acked(&mut host));
    host.run_until(WARM_UP_MS + virtual_ms, STEPS)
        .expect("it goes on");
    let took = (clock() - before).max(1.0);
    let through = acked(&mut host) - had;
    let expected = u64::from(offered) * virtual_ms as u64 / 1_000;
    assert!(
        through.abs_diff(expected) * 20 < expected,
        "{through} records got through, not {expected}"
    );
    let logs: u64 = (host.cluster.snapshot().brokers.iter())
        .map(|broker| broker.log_bytes)
        .sum();
    assert!(limit_bytes.is_none_or(|limit| logs > 4 * limit as u64));
    let memory = limit_bytes.map_or_else(String::new, |limit| {
        format!(", logs in {} MiB of memory", limit >> 20)
    });
    let name =
        format!("10,000 records/s, 3 replicas, acks=all{memory}, {place}: virtual time / time");
    let per_second = through as f64 * 1_000.0 / took;
    let detail = format!(
        "{per_second:.0} records/s of 100 B, {} MB of logs",
        logs / 1_000_000
    );
    let ratio = virtual_ms as f64 / took;
    json!({ "name": name, "ratio": ratio, "aim": null, "better": "more", "detail": detail })
        .to_string()
}

/// Virtual ms from the end of a leader to the next acknowledgement from its partition, beside the
/// session that Kafka waits for.
fn fail_over(place: &str, controller: bool) -> String {
    let producer = ProducerSpec {
        partition: PartitionChoice::Each,
        ..producer(Pace::PerSecond(100))
    };
    let mut host = start(three(vec![producer]), None);
    let snapshot = host.cluster.snapshot();
    let role = |id: i32| {
        snapshot
            .brokers
            .iter()
            .any(|it| it.id == id && it.controller)
    };
    let topic = snapshot.topics.iter().find(|topic| topic.name == "t");
    let mut partitions = topic.expect("the topic is there").partitions.iter();
    let led = partitions.find(|partition| role(partition.leader) == controller);
    let led = led.expect("each broker leads one of three partitions");
    let (broker, index) = (led.leader, led.partition);
    host.cluster
        .apply(Action::KillBroker { broker })
        .expect("it runs");
    host.cluster.keep_acked();
    // What it had said before still arrives.
    let mut at = WARM_UP_MS + 100;
    host.run_until(at, STEPS).expect("it goes on");
    host.cluster.take_acked();
    let goes_on = |host: &mut MemoryHost| {
        let acked = host.cluster.take_acked();
        acked.iter().any(|acked| acked.partition == index)
    };
    while !goes_on(&mut host) {
        at += 1;
        host.run_until(at, STEPS).expect("it goes on");
        assert!(at < WARM_UP_MS + 10 * SESSION_MS, "nobody takes over");
    }
    let took = at - WARM_UP_MS;
    let who = match controller {
        true => "a leader that is the active controller",
        false => "a leader",
    };
    let name = format!(
        "killed: {who}, {place}: virtual ms to its next acknowledgement / broker.session.timeout.ms"
    );
    let detail = format!("{took} ms of virtual time");
    let ratio = took as f64 / SESSION_MS as f64;
    json!({ "name": name, "ratio": ratio, "aim": null, "better": "less", "detail": detail })
        .to_string()
}
