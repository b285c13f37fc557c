//! Runs: forwards, through reloads and power cuts, and the same as without a browser.

use crate::page::{MINUTE, Page, recording, records};
use konbini_bridge::{Command, Reply};
use konbini_cluster::MemoryHost;
use konbini_scenario::inspect::{Inspect, Inspection};
use konbini_scenario::snapshot::BrokerState;
use konbini_scenario::spec::{Codec, Pace};
use konbini_scenario::{Action, Snapshot, TimedAction, catalogue};
use konbini_worker::store::database;
use wasm_bindgen_test::wasm_bindgen_test;

const TOPIC: &str = "topic-test";

fn acked(snapshot: &Snapshot) -> u64 {
    snapshot
        .producers
        .iter()
        .map(|producer| producer.acked)
        .sum()
}

fn consumed(snapshot: &Snapshot) -> u64 {
    snapshot
        .consumers
        .iter()
        .map(|consumer| consumer.consumed)
        .sum()
}

#[wasm_bindgen_test]
async fn the_first_experiment_goes_on_after_a_reload() {
    let name = "host-reload";
    let page = Page::fresh(name).await;
    assert!(
        !page.open(catalogue::first_light()).await,
        "nothing was stored"
    );
    page.done(Command::Advance(MINUTE)).await;
    let before = page.snapshot().await;
    assert_eq!((before.boot, before.now), (1, i64::from(MINUTE)));
    assert!(acked(&before) > 20 && consumed(&before) > 10, "{before:?}");
    page.close();

    let page = Page::host(name);
    assert!(
        page.open(catalogue::playground()).await,
        "the stored run goes on"
    );
    let after = page.snapshot().await;
    assert_eq!((after.boot, after.now), (2, before.now));
    page.done(Command::Advance(MINUTE)).await;
    let after = page.snapshot().await;
    assert!(acked(&after) > 20 && consumed(&after) > 10, "{after:?}");
    let kept = records(&after, TOPIC) as u64;
    assert!(kept >= acked(&before) + acked(&after), "{kept} records");
    // Auto-commit every 5 s: at most that much is seen twice, nothing is seen never.
    let lag: i64 = after.groups[0]
        .offsets
        .iter()
        .map(|offset| offset.lag)
        .sum();
    assert!(lag <= 5, "the group catches up: lag {lag}");
    let Ok(Reply::Recording(recording)) = page.ask(Command::Record { actions: true }).await else {
        panic!("no recording");
    };
    let cut = TimedAction {
        at: before.now,
        action: Action::PowerCut,
    };
    assert_eq!(recording.actions, [cut], "a reload is a power cut");
    assert_eq!(recording.scenario.name, catalogue::first_light().name);
    assert_eq!(page.notices(), []);
    page.close();
}

#[wasm_bindgen_test]
async fn a_browser_a_reload_and_memory_are_the_same_run() {
    let name = "host-same";
    let page = Page::fresh(name).await;
    page.open(catalogue::two_partitions()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Apply(Box::new(Action::CrashConsumer {
        name: "consumer-1".to_owned(),
    })))
    .await;
    page.done(Command::Advance(MINUTE)).await;
    page.snapshot().await;
    page.close();
    let page = Page::host(name);
    page.open(catalogue::playground()).await;
    page.done(Command::Advance(MINUTE)).await;
    let there = page.snapshot().await;
    let Ok(Reply::Recording(recorded)) = page.ask(Command::Record { actions: true }).await else {
        panic!("no recording");
    };
    page.close();
    let mut memory = MemoryHost::start(&recorded, None).expect("what was recorded is valid");
    memory.run_until(there.now, 1_000_000).expect("it runs");
    let here = memory.cluster.snapshot();
    assert_eq!((here.boot, here.trace_hash), (there.boot, there.trace_hash));
}

/// What is evicted comes back from IndexedDB, and nobody can tell.
#[wasm_bindgen_test]
async fn cold_bytes_are_loaded_and_change_nothing() {
    const LIMIT: usize = 30_000;
    let name = "host-cold";
    database::delete(name).await.unwrap();
    let page = Page::host_with(name, LIMIT);
    let mut scenario = catalogue::replay();
    scenario.producers[0].pace = Pace::PerSecond(20);
    scenario.producers[0].value.size = Some(400);
    scenario.producers[0].compression = Codec::None;
    page.open(scenario.clone()).await;
    page.done(Command::Advance(MINUTE)).await;
    let evicted = page.snapshot().await;
    let in_all: u64 = evicted.brokers.iter().map(|broker| broker.log_bytes).sum();
    let resident: u64 = evicted
        .brokers
        .iter()
        .map(|broker| broker.resident_bytes)
        .sum();
    assert!(in_all > 300_000, "{in_all} bytes");
    assert!(resident < 150_000, "{resident} bytes of {in_all} in memory");
    // The second group reads everything again, from the beginning.
    page.done(Command::Apply(Box::new(Action::StartConsumer {
        name: "consumer-2".to_owned(),
    })))
    .await;
    page.done(Command::Advance(MINUTE)).await;
    let there = page.snapshot().await;
    let reread = there
        .consumers
        .iter()
        .find(|view| view.spec.name == "consumer-2")
        .unwrap();
    assert!(reread.consumed > 2_000, "{}", reread.consumed);
    let inspected = page
        .ask(Command::Inspect(Inspect::Records {
            topic: TOPIC.to_owned(),
            partition: 0,
            from: 0,
            count: 10,
        }))
        .await;
    let Ok(Reply::Inspection(inspection)) = inspected else {
        panic!("{inspected:?}");
    };
    let Inspection::Records { records, .. } = *inspection else {
        panic!("{inspection:?}");
    };
    assert_eq!(
        records
            .iter()
            .map(|record| record.offset)
            .collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    );
    let Ok(Reply::Recording(recorded)) = page.ask(Command::Record { actions: true }).await else {
        panic!("no recording");
    };
    page.close();
    let mut memory = MemoryHost::start(&recorded, None).expect("what was recorded is valid");
    memory.run_until(there.now, 10_000_000).expect("it runs");
    assert_eq!(memory.cluster.snapshot().trace_hash, there.trace_hash);
}

#[wasm_bindgen_test]
async fn an_action_is_stored_before_it_is_answered() {
    let name = "host-actions";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Apply(Box::new(Action::StopProducer {
        name: "producer-1".to_owned(),
    })))
    .await;
    page.close();
    let page = Page::host(name);
    page.open(catalogue::playground()).await;
    page.done(Command::Advance(MINUTE)).await;
    let after = page.snapshot().await;
    assert!(!after.producers[0].spec.running, "{:?}", after.producers);
    page.close();
}

#[wasm_bindgen_test]
async fn a_recording_s_own_actions_outlive_a_reload() {
    let name = "host-upcoming";
    let page = Page::fresh(name).await;
    let mut shared = recording(catalogue::first_light());
    let stop = |at, name: &str| TimedAction {
        at,
        action: Action::StopProducer {
            name: name.to_owned(),
        },
    };
    shared.actions = vec![stop(90_000, "producer-1")];
    let open = Command::Open {
        recording: Box::new(shared),
        replace: true,
    };
    let opened = page.ask(open).await;
    assert!(
        matches!(opened, Ok(Reply::Opened { resumed: false, .. })),
        "{opened:?}"
    );
    page.done(Command::Pause).await;
    let now = page.snapshot().await.now;
    page.done(Command::Advance(MINUTE - now as u32)).await;
    assert!(page.snapshot().await.producers[0].spec.running);
    page.close();
    let page = Page::host(name);
    page.open(catalogue::playground()).await;
    page.done(Command::Advance(MINUTE)).await;
    assert!(!page.snapshot().await.producers[0].spec.running);
    page.close();
}

#[wasm_bindgen_test]
async fn a_power_cut_comes_back_from_the_disks() {
    let page = Page::fresh("host-power-cut").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let before = page.snapshot().await;
    page.done(Command::Apply(Box::new(Action::PowerCut))).await;
    page.done(Command::Advance(MINUTE)).await;
    let after = page.snapshot().await;
    assert_eq!(after.boot, 2);
    assert!(records(&after, TOPIC) >= records(&before, TOPIC) + 20);
    page.close();
}

#[wasm_bindgen_test]
async fn a_paused_run_gets_its_power_back_and_stays_paused() {
    let page = Page::fresh("host-power-paused").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Apply(Box::new(Action::PowerCut))).await;
    page.done(Command::Step).await;
    let frame = page.frame().await;
    assert!(frame.paused);
    assert_eq!(frame.snapshot.boot, 2);
    let brokers = &frame.snapshot.brokers;
    let down = brokers
        .iter()
        .filter(|broker| broker.state == BrokerState::Down);
    assert_eq!((brokers.len(), down.count()), (3, 0), "{brokers:?}");
    let now = frame.snapshot.now;
    assert!(now < i64::from(MINUTE) + 1_000, "paused: {now}");
    page.close();
}

#[wasm_bindgen_test]
async fn what_was_done_in_the_dark_outlives_a_reload() {
    let name = "host-dark";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    // Both are taken in one turn, so the second finds no power.
    page.post(Command::Apply(Box::new(Action::PowerCut)), None);
    page.done(Command::Apply(Box::new(Action::StopProducer {
        name: "producer-1".to_owned(),
    })))
    .await;
    page.close();
    let page = Page::host(name);
    assert!(page.open(catalogue::playground()).await);
    page.done(Command::Advance(MINUTE)).await;
    let there = page.snapshot().await;
    assert!(!there.producers[0].spec.running, "{:?}", there.producers);
    let Ok(Reply::Recording(recorded)) = page.ask(Command::Record { actions: true }).await else {
        panic!("no recording");
    };
    page.close();
    let mut memory = MemoryHost::start(&recorded, None).expect("what was recorded is valid");
    memory.run_until(there.now, 1_000_000).expect("it runs");
    assert_eq!(memory.cluster.snapshot().trace_hash, there.trace_hash);
}

#[wasm_bindgen_test]
async fn time_goes_at_the_speed_asked_for() {
    let page = Page::fresh("host-speed").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Speed(10_000)).await;
    page.done(Command::Resume).await;
    let begun = konbini_worker::clock::real_ms();
    let first = page.frame().await.snapshot.now;
    konbini_worker::clock::Timer::new(300).await;
    let frame = page.frame().await;
    let real = konbini_worker::clock::real_ms() - begun;
    let virtual_ms = frame.snapshot.now - first;
    assert!(
        virtual_ms as f64 <= real * 10.0 + 100.0,
        "{virtual_ms} ms in {real} ms"
    );
    assert!(virtual_ms >= 1_000, "{virtual_ms} ms in {real} ms");
    assert!(!frame.paused);
    page.done(Command::Pause).await;
    let paused = page.frame().await;
    let later = page.frame().await;
    assert_eq!(paused.snapshot.now, later.snapshot.now);
    assert!(later.paused);
    page.done(Command::Step).await;
    let stepped = page.frame().await;
    assert!(stepped.snapshot.steps > later.snapshot.steps);
    assert!(stepped.paused);
    page.close();
}

/// A virtual moment after a minute at which more than one thing happens.
fn busy_moment() -> i64 {
    let first_light = recording(catalogue::first_light());
    let mut memory = MemoryHost::start(&first_light, None).expect("a valid scenario");
    memory
        .run_until(i64::from(MINUTE), 1_000_000)
        .expect("it runs");
    while memory.cluster.is_settled() {
        memory.cluster.step();
    }
    memory.cluster.now()
}

#[wasm_bindgen_test]
async fn a_step_ends_where_a_reload_can_go_on() {
    let name = "host-step";
    let at = busy_moment();
    let page = Page::fresh(name).await;
    let mut shared = recording(catalogue::first_light());
    let action = Action::StopProducer {
        name: "producer-1".to_owned(),
    };
    shared.actions = vec![TimedAction { at, action }];
    let open = Command::Open {
        recording: Box::new(shared),
        replace: true,
    };
    page.post(open, None);
    page.done(Command::Pause).await;
    let now = page.snapshot().await.now;
    page.done(Command::Advance((at - 1 - now) as u32)).await;
    let before = page.snapshot().await;
    page.done(Command::Step).await;
    let stepped = page.snapshot().await;
    assert_eq!(stepped.now, at, "one moment");
    assert!(
        stepped.steps > before.steps + 1,
        "and all that happens in it"
    );
    page.close();
    let page = Page::host(name);
    page.open(catalogue::playground()).await;
    page.done(Command::Advance(MINUTE)).await;
    let there = page.snapshot().await;
    assert!(!there.producers[0].spec.running, "{:?}", there.producers);
    let Ok(Reply::Recording(recorded)) = page.ask(Command::Record { actions: true }).await else {
        panic!("no recording");
    };
    page.close();
    let mut memory = MemoryHost::start(&recorded, None).expect("what was recorded is valid");
    memory.run_until(there.now, 1_000_000).expect("it runs");
    assert_eq!(memory.cluster.snapshot().trace_hash, there.trace_hash);
}

#[wasm_bindgen_test]
async fn steps_asked_for_at_once_are_taken_one_by_one() {
    let page = Page::fresh("host-steps").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.post(Command::Step, None);
    page.post(Command::Step, None);
    page.done(Command::Step).await;
    let there = page.snapshot().await;
    page.close();
    let first_light = recording(catalogue::first_light());
    let mut memory = MemoryHost::start(&first_light, None).expect("a valid scenario");
    let mut until = i64::from(MINUTE);
    for _ in 0..4 {
        memory.run_until(until, 1_000_000).expect("it runs");
        until = memory.cluster.next_at().expect("something happens");
    }
    assert_eq!(memory.cluster.now(), there.now);
    assert_eq!(memory.cluster.snapshot().trace_hash, there.trace_hash);
}

#[wasm_bindgen_test]
async fn what_cannot_be_done_is_refused_with_a_reason() {
    let page = Page::fresh("host-refusals").await;
    let early = page.ask(Command::Pause).await.unwrap_err();
    assert_eq!(early.code, "not-open");
    page.open(catalogue::first_light()).await;
    let unknown = Action::StopProducer {
        name: "nobody".to_owned(),
    };
    let refused = page
        .ask(Command::Apply(Box::new(unknown)))
        .await
        .unwrap_err();
    assert!(refused.message.contains("nobody"), "{refused:?}");
    let long = page.ask(Command::Advance(u32::MAX)).await.unwrap_err();
    assert_eq!(long.code, "out-of-range");
    page.close();
}
