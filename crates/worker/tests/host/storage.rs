//! Storage that is denied, full, failing, damaged, or deleted.

use crate::lies::{Fault, database_names, flip_in, spoil_index_of, swap};
use crate::page::{MINUTE, Page, records};
use konbini_bridge::{Command, Notice, Reply};
use konbini_scenario::spec::{Codec, Pace};
use konbini_scenario::{Action, catalogue};
use konbini_worker::store::database;
use wasm_bindgen_test::wasm_bindgen_test;

const TOPIC: &str = "topic-test";

#[wasm_bindgen_test]
async fn denied_the_run_lives_in_memory_and_says_so() {
    let page = Page::fresh("host-denied").await;
    let denied = Fault::on_open("SecurityError");
    assert!(!page.open(catalogue::first_light()).await);
    drop(denied);
    page.notice(|notice| matches!(notice, Notice::StorageDenied { .. }))
        .await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Apply(Box::new(Action::PowerCut))).await;
    page.done(Command::Advance(MINUTE)).await;
    let frame = page.frame().await;
    assert!(!frame.storage.persistent);
    assert!(
        records(&frame.snapshot, TOPIC) > 40,
        "even a power cut loses nothing"
    );
    page.close();
}

#[wasm_bindgen_test]
async fn a_run_in_memory_has_a_limit_and_says_so() {
    const LIMIT: u64 = 1_000_000;
    let name = "host-memory-full";
    database::delete(name).await.unwrap();
    let page = Page::host_like(name, |host| host.live_in_at_most(LIMIT));
    let denied = Fault::on_open("SecurityError");
    let mut scenario = catalogue::first_light();
    scenario.producers[0].pace = Pace::PerSecond(100);
    scenario.producers[0].value.size = Some(1_000);
    scenario.producers[0].compression = Codec::None;
    page.open(scenario).await;
    drop(denied);
    page.done(Command::Resume).await;
    let refused = page.ask(Command::Advance(MINUTE)).await.unwrap_err();
    assert_eq!(refused.code, "memory-full");
    let full = Notice::MemoryFull { limit_bytes: LIMIT };
    page.notice(|notice| *notice == full).await;
    let frame = page.frame().await;
    assert!(frame.paused && frame.snapshot.now < i64::from(MINUTE));
    assert!(records(&frame.snapshot, TOPIC) > 10, "it can be looked at");
    for command in [Command::Resume, Command::Step, Command::Advance(1)] {
        let refused = page.ask(command).await.unwrap_err();
        assert_eq!(refused.code, "memory-full");
    }
    assert_eq!(page.snapshot().await.now, frame.snapshot.now);
    assert!(!page.notices().contains(&full), "said once");
    let restarted = page
        .ask(Command::Restart(Box::new(catalogue::first_light())))
        .await;
    assert!(restarted.is_ok(), "{restarted:?}");
    page.done(Command::Pause).await;
    page.done(Command::Advance(1_000)).await;
    page.close();
}

#[wasm_bindgen_test]
async fn power_that_cannot_come_back_is_waited_for() {
    let page = Page::fresh("host-power-unreadable").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let unreadable = Fault::on_get_all("UnknownError");
    page.done(Command::Apply(Box::new(Action::PowerCut))).await;
    page.notice(|notice| matches!(notice, Notice::StorageFailed { .. }))
        .await;
    drop(unreadable);
    page.done(Command::Resume).await;
    page.notice(|notice| matches!(notice, Notice::StorageRecovered))
        .await;
    page.done(Command::Pause).await;
    page.done(Command::Advance(MINUTE)).await;
    let after = page.snapshot().await;
    assert_eq!(after.boot, 2);
    assert!(records(&after, TOPIC) > 40);
    page.close();
}

#[wasm_bindgen_test]
async fn full_the_cluster_waits_and_nothing_is_lost() {
    let name = "host-full";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let stored = page.frame().await;
    assert!(stored.storage.persistent && stored.storage.commits > 0);
    let full = Fault::on_put("QuotaExceededError");
    let advance = page.post(Command::Advance(MINUTE), None);
    page.notice(|notice| matches!(notice, Notice::StorageFull { .. }))
        .await;
    let waiting = page.frame().await;
    assert!(waiting.paused);
    assert_eq!(
        waiting.snapshot, stored.snapshot,
        "nothing is shown that is not stored"
    );
    let refused = page.ask(Command::Resume).await.unwrap_err();
    assert_eq!(refused.code, "storage");
    drop(full);
    page.done(Command::Resume).await;
    page.notice(|notice| matches!(notice, Notice::StorageRecovered))
        .await;
    assert!(matches!(page.reply(advance).await, Ok(Reply::Done)));
    page.done(Command::Pause).await;
    let after = page.snapshot().await;
    assert!(after.now >= 2 * i64::from(MINUTE));
    page.close();
    let page = Page::host(name);
    assert!(page.open(catalogue::playground()).await);
    page.done(Command::Advance(MINUTE)).await;
    let resumed = page.snapshot().await;
    assert!(records(&resumed, TOPIC) >= records(&after, TOPIC));
    page.close();
}

#[wasm_bindgen_test]
async fn a_damaged_value_takes_one_log_offline_and_says_so() {
    let name = "host-damaged";
    let page = Page::fresh(name).await;
    page.open(catalogue::two_partitions()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.snapshot().await;
    page.close();
    flip_in(name, "topic-test-0").await;
    let page = Page::host(name);
    assert!(page.open(catalogue::playground()).await);
    page.done(Command::Advance(MINUTE)).await;
    let notice = page
        .notice(|notice| matches!(notice, Notice::StorageDamaged { .. }))
        .await;
    let Notice::StorageDamaged { log, detail } = notice else {
        unreachable!()
    };
    assert!(log.contains("topic-test-0"), "{log}");
    assert!(detail.contains("CRC-32C"), "{detail}");
    let after = page.snapshot().await;
    let topic = after
        .topics
        .iter()
        .find(|topic| topic.name == TOPIC)
        .unwrap();
    assert!(
        topic.partitions[1].log_end > 40,
        "the other goes on: {topic:?}"
    );
    let offline: usize = after
        .brokers
        .iter()
        .map(|broker| broker.offline.len())
        .sum();
    assert_eq!(offline, 1, "{:?}", after.brokers);
    page.close();
}

#[wasm_bindgen_test]
async fn starting_over_really_deletes() {
    let name = "host-delete";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let restarted = page
        .ask(Command::Restart(Box::new(catalogue::replay())))
        .await;
    let Ok(Reply::Opened {
        resumed: false,
        scenario,
    }) = restarted
    else {
        panic!("{restarted:?}");
    };
    assert_eq!(*scenario, catalogue::replay());
    page.done(Command::Pause).await;
    let snapshot = page.snapshot().await;
    assert!(snapshot.now < i64::from(MINUTE) && snapshot.boot == 1);
    page.done(Command::Reset).await;
    assert!(!database_names().await.contains(&name.to_owned()));
    page.close();
    let page = Page::host(name);
    assert!(
        !page.open(catalogue::playground()).await,
        "nothing is stored any more"
    );
    page.close();
}

#[wasm_bindgen_test]
async fn a_bad_scenario_deletes_nothing() {
    let name = "host-bad-scenario";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let mut bad = catalogue::first_light();
    bad.brokers = 99;
    let refused = page.ask(Command::Restart(Box::new(bad))).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(records(&page.snapshot().await, TOPIC) > 20);
    page.close();
    let page = Page::host(name);
    assert!(page.open(catalogue::playground()).await);
    page.close();
}

#[wasm_bindgen_test]
async fn a_damaged_recording_can_be_started_over() {
    let name = "host-damaged-recording";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.close();
    swap(name, "meta", r#""clock""#, &"no clock".into()).await;
    let page = Page::host(name);
    assert!(!page.open(catalogue::playground()).await);
    page.notice(|notice| matches!(notice, Notice::StorageUnusable { .. }))
        .await;
    assert!(
        !page.frame().await.storage.persistent,
        "it is not written over"
    );
    let restarted = page
        .ask(Command::Restart(Box::new(catalogue::first_light())))
        .await;
    assert!(restarted.is_ok(), "{restarted:?}");
    page.done(Command::Pause).await;
    page.done(Command::Advance(MINUTE)).await;
    assert!(page.frame().await.storage.persistent);
    page.close();
    let page = Page::host(name);
    assert!(
        page.open(catalogue::playground()).await,
        "the new run is stored"
    );
    page.close();
}

/// What is stored, and cannot be used, is never said to go on, and is there after the reload.
#[wasm_bindgen_test]
async fn what_cannot_be_used_stays_until_it_is_started_over() {
    let name = "host-unusable";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Apply(Box::new(Action::StopProducer {
        name: "producer-1".to_owned(),
    })))
    .await;
    page.close();
    // An action that speaks to nobody, a scenario that is none, a row of the index that may be of any
    // log.
    let stranger = r#"{"at":60000,"do":"stop-producer","name":"nobody"}"#;
    for (store, key, value) in [
        ("meta", r#"["action",0]"#, stranger),
        ("meta", r#""scenario""#, "no scenario"),
        ("index", r#""of nobody""#, "spoilt"),
    ] {
        let before = swap(name, store, key, &value.into()).await;
        for _ in 0..2 {
            let page = Page::host(name);
            assert!(!page.open(catalogue::playground()).await, "{key}");
            page.notice(|notice| matches!(notice, Notice::StorageUnusable { .. }))
                .await;
            assert_eq!(page.notices(), [], "{key}");
            page.done(Command::Advance(MINUTE)).await;
            assert!(!page.frame().await.storage.persistent);
            page.close();
        }
        swap(name, store, key, &before).await;
        let page = Page::host(name);
        assert!(page.open(catalogue::playground()).await, "untouched: {key}");
        page.close();
    }
}

#[wasm_bindgen_test]
async fn a_deletion_that_fails_is_said_and_nothing_is_written_over() {
    let name = "host-undeletable";
    let page = Page::fresh(name).await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let failing = Fault::on_delete("UnknownError");
    let restarted = page
        .ask(Command::Restart(Box::new(catalogue::replay())))
        .await;
    drop(failing);
    assert!(restarted.is_ok(), "{restarted:?}");
    page.notice(|notice| matches!(notice, Notice::StorageDenied { .. }))
        .await;
    page.done(Command::Pause).await;
    assert!(!page.frame().await.storage.persistent);
    page.close();
    let page = Page::host(name);
    assert!(page.open(catalogue::playground()).await);
    let stored = page.snapshot().await;
    assert!(
        stored.now >= i64::from(MINUTE),
        "the old run: {}",
        stored.now
    );
    page.close();
}

#[wasm_bindgen_test]
async fn an_unreadable_index_row_takes_its_log_offline() {
    let name = "host-index-row";
    let page = Page::fresh(name).await;
    page.open(catalogue::two_partitions()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.snapshot().await;
    page.close();
    spoil_index_of(name, "topic-test-0").await;
    let page = Page::host(name);
    assert!(page.open(catalogue::playground()).await);
    page.done(Command::Advance(MINUTE)).await;
    let notice = page
        .notice(|notice| matches!(notice, Notice::StorageDamaged { .. }))
        .await;
    let Notice::StorageDamaged { log, .. } = notice else {
        unreachable!()
    };
    assert!(log.contains("topic-test-0"), "{log}");
    let after = page.snapshot().await;
    let offline: usize = after
        .brokers
        .iter()
        .map(|broker| broker.offline.len())
        .sum();
    assert_eq!(offline, 1, "{:?}", after.brokers);
    page.close();
}
