//! Two tabs of one playground.

use crate::lies::{Fault, database_names};
use crate::page::{Heard, MINUTE, Page, records};
use konbini_bridge::{Command, Notice, Refusal, Update};
use konbini_scenario::catalogue;
use konbini_worker::host::Host;
use konbini_worker::inbox::{Inbox, PageId};
use konbini_worker::locks::{self, Holder};
use konbini_worker::store::database;
use konbini_worker::{playground, relay};
use wasm_bindgen_test::wasm_bindgen_test;

const TOPIC: &str = "topic-test";

/// A tab: it hosts, or attaches to the one that does until it is free to host.
///
/// A real tab's lock goes with its worker. Here all tabs live in one worker, so a lock that the
/// test holds stands for the first tab.
fn tab(name: &'static str) -> Page {
    let page = Page::without_host();
    let (inbox, heard) = (page.inbox.clone(), page.heard.clone());
    page.spawn(async move {
        let to_page = move |text: &str| heard.take(Update::from_text(text).expect("an update"));
        playground::serve(name, inbox, to_page)
            .await
            .expect("there is a BroadcastChannel");
    });
    page
}

/// The first tab, whose lock the test holds.
async fn host(name: &'static str, inbox: Inbox, heard: Heard) {
    let tabs = relay::Owner::start(name, &inbox).expect("there is a BroadcastChannel");
    let outlet = move |page, update| {
        if page == PageId::OWN {
            heard.take(update);
        } else {
            tabs.update(page, &update);
        }
    };
    Host::new(inbox, name, Box::new(outlet))
        .unwrap()
        .serve()
        .await;
}

/// Holds the playground's lock until dropped.
struct Owned {
    release: js_sys::Function,
}

impl Owned {
    async fn hold(name: &str) -> Owned {
        let held = js_sys::Function::new_with_args(
            "name",
            "return new Promise(held => {
                let release;
                const until = new Promise(done => { release = done; });
                navigator.locks.request(name, () => { held(release); return until; });
            })",
        );
        let promise: js_sys::Promise = held
            .call1(&wasm_bindgen::JsValue::UNDEFINED, &name.into())
            .unwrap()
            .into();
        let release = wasm_bindgen_futures::JsFuture::from(promise).await.unwrap();
        Owned {
            release: release.into(),
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.release
            .call0(&wasm_bindgen::JsValue::UNDEFINED)
            .unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_second_tab_sees_the_same_run_and_takes_it_over() {
    let name = "tabs-take-over";
    database::delete(name).await.unwrap();
    let owned = Owned::hold(name).await;
    let first = Page::without_host();
    first.spawn(host(name, first.inbox.clone(), first.heard.clone()));
    assert!(!first.open(catalogue::first_light()).await);
    first.done(Command::Advance(MINUTE)).await;

    let second = tab(name);
    second
        .notice(|notice| *notice == Notice::OwnedByOtherTab)
        .await;
    assert!(
        second.open(catalogue::playground()).await,
        "the first tab's run"
    );
    let (here, there) = (second.snapshot().await, first.snapshot().await);
    assert_eq!(here.trace_hash, there.trace_hash);
    // What one tab does the other sees.
    second.done(Command::Advance(MINUTE)).await;
    assert_eq!(first.snapshot().await.now, 2 * i64::from(MINUTE));
    assert_eq!(second.frame().await.snapshot, first.frame().await.snapshot);
    let stored = records(&first.snapshot().await, TOPIC);

    first.close();
    drop(owned);
    second.notice(|notice| *notice == Notice::BecameOwner).await;
    let after = second.frame().await.snapshot;
    assert_eq!(after.boot, 2, "a change of owner is a power cut");
    second.done(Command::Pause).await;
    second.done(Command::Advance(MINUTE)).await;
    assert!(records(&second.snapshot().await, TOPIC) > stored);
    second.close();
}

#[wasm_bindgen_test]
async fn what_nobody_answered_is_refused_or_asked_again() {
    let name = "tabs-unanswered";
    database::delete(name).await.unwrap();
    let owned = Owned::hold(name).await;
    // An owner that welcomes and then says nothing more: its worker hangs.
    let silent = Page::without_host();
    let deaf = relay::Owner::start(name, &silent.inbox).unwrap();
    let second = tab(name);
    let id = second.post(
        Command::Open {
            recording: Box::new(crate::page::recording(catalogue::first_light())),
            replace: false,
        },
        None,
    );
    let step = second.post(Command::Step, None);
    while silent.inbox.take().is_none() {
        konbini_worker::clock::Timer::new(4).await;
    }
    drop(deaf);
    drop(owned);
    let refused: Refusal = second.reply(step).await.unwrap_err();
    assert_eq!(refused.code, "owner-gone");
    assert!(
        second.reply(id).await.is_ok(),
        "the opening was asked again"
    );
    second.close();
}

#[wasm_bindgen_test]
async fn a_lock_is_held_once() {
    let name = "tabs-lock";
    assert_eq!(locks::try_hold(name).await, Holder::This);
    assert_eq!(locks::try_hold(name).await, Holder::Another);
}

#[wasm_bindgen_test]
async fn without_locks_every_tab_lives_in_memory_and_nothing_is_written() {
    let name = "tabs-no-locks";
    let stored = "tabs-no-locks-stored";
    for name in [name, stored] {
        database::delete(name).await.unwrap();
    }
    let owner = Page::host(stored);
    owner.open(catalogue::first_light()).await;
    owner.done(Command::Advance(MINUTE)).await;
    owner.close();
    for lie in [Fault::no_locks as fn() -> Fault, Fault::refused_locks] {
        let without = lie();
        let (first, second) = (tab(name), tab(name));
        for page in [&first, &second] {
            assert!(!page.open(catalogue::first_light()).await);
            page.notice(|notice| matches!(notice, Notice::StorageUnguarded { .. }))
                .await;
            page.done(Command::Advance(MINUTE)).await;
            assert!(!page.frame().await.storage.persistent);
            page.ask(Command::Restart(Box::new(catalogue::replay())))
                .await
                .expect("it can be started over");
            page.done(Command::Pause).await;
            assert!(!page.frame().await.storage.persistent);
            page.done(Command::Reset).await;
        }
        assert!(!database_names().await.contains(&name.to_owned()));
        first.close();
        second.close();
        // What was stored when there were locks is not touched either.
        let page = tab(stored);
        assert!(!page.open(catalogue::first_light()).await);
        page.done(Command::Reset).await;
        assert!(database_names().await.contains(&stored.to_owned()));
        page.close();
        drop(without);
    }
    let owner = Page::host(stored);
    assert!(owner.open(catalogue::playground()).await);
    owner.close();
}
