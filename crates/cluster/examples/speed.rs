//! How fast virtual time goes: `cargo run --release -p konbini-cluster --example speed`.

// A measurement needs a clock, and a place to say what it saw.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]

use konbini_cluster::MemoryHost;
use konbini_scenario::spec::{Codec, Pace};
use konbini_scenario::{Recording, Scenario, catalogue};
use std::time::Instant;

const STEPS: u64 = u64::MAX;

/// Runs so many virtual ms after the start, with a snapshot every 16 ms if there is a page.
fn measure(name: &str, scenario: Scenario, virtual_ms: i64, page: bool) {
    let recording = Recording::of(scenario);
    let mut host = MemoryHost::start(&recording, Some(64 * 1024 * 1024)).expect("a valid scenario");
    host.run_until(20_000, STEPS).expect("it starts");
    let consumed = |host: &mut MemoryHost| -> u64 {
        let snapshot = host.cluster.snapshot();
        snapshot.consumers.iter().map(|view| view.consumed).sum()
    };
    let (before, steps) = (consumed(&mut host), host.cluster.steps());
    let start = Instant::now();
    let stride = if page { 16 } else { virtual_ms };
    while host.cluster.now() < 20_000 + virtual_ms {
        let until = host.cluster.now() + stride;
        host.run_until(until, STEPS).expect("it goes on");
        if page {
            std::hint::black_box(host.cluster.snapshot());
        }
        host.cluster.take_events();
        host.cluster.take_flights();
    }
    let real = start.elapsed().as_secs_f64();
    let records = consumed(&mut host) - before;
    println!(
        "{name:40} {:8.1} x real time, {:9.0} records/s, {:9.0} steps/s",
        virtual_ms as f64 / 1_000.0 / real,
        records as f64 / real,
        (host.cluster.steps() - steps) as f64 / real,
    );
}

fn busy(per_second: u32, latency_ms: u32, codec: Codec) -> Scenario {
    let mut scenario = catalogue::first_light();
    scenario.network.latency_ms = latency_ms;
    scenario.network.jitter_ms = 1;
    scenario.producers[0].pace = Pace::PerSecond(per_second);
    scenario.producers[0].compression = codec;
    scenario
}

fn main() {
    measure(
        "three idle brokers",
        catalogue::playground(),
        600_000,
        false,
    );
    measure(
        "the first experiment",
        catalogue::first_light(),
        300_000,
        false,
    );
    for codec in [Codec::None, Codec::Gzip, Codec::Lz4] {
        let name = format!("10,000 records/s, 2 ms, {codec:?}");
        measure(&name, busy(10_000, 2, codec), 20_000, false);
    }
    measure(
        "10,000 records/s, 150 ms",
        busy(10_000, 150, Codec::None),
        20_000,
        false,
    );
    measure(
        "10,000 records/s, 2 ms, with a page",
        busy(10_000, 2, Codec::None),
        20_000,
        true,
    );
}
