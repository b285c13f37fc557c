//! The contract against IndexedDB, and what happens when the disk lies.

use crate::model::{self, Disks, LogFiles};
use crate::script::{self, Step};
use bytes::Bytes;
use js_sys::{Array, Function, Reflect, Uint8Array};
use konbini_log::{LoadError, LogDir, StoreOp};
use konbini_worker::signal::Signal;
use konbini_worker::store::Store;
use konbini_worker::store::catalog::{Catalog, LogAt, ValueAt};
use konbini_worker::store::database::{self, Database, MetaKey, MetaWrite};
use konbini_worker::store::failure::FailureKind;
use konbini_worker::store::load::Wanted;
use konbini_worker::store::recover::recover;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

struct Opened {
    store: Store,
    catalog: Catalog,
    files: Vec<(LogAt, String, Bytes)>,
}

async fn open(name: &str) -> Opened {
    let database = Database::open(name).await.expect("the database opens");
    let recovered = recover(&database).await.expect("the index can be read");
    Opened {
        store: Store::new(database, recovered.catalog.clone(), Signal::default()),
        catalog: recovered.catalog,
        files: recovered.files,
    }
}

async fn fresh(name: &str) -> Opened {
    database::delete(name)
        .await
        .expect("the database can be deleted");
    open(name).await
}

async fn reopen(store: Store, name: &str) -> Opened {
    store.settled().await;
    store.close();
    open(name).await
}

/// Everything a recovered store holds, read back through loads.
async fn disks(opened: &Opened) -> Disks {
    let mut disks = Disks::new();
    for (log, entries) in opened.catalog.logs() {
        let mut files = LogFiles::default();
        for &segment in entries.segments.keys() {
            let to = opened.catalog.size(log, segment);
            let loaded = opened.store.load(wanted(log, segment, 0, to)).await;
            files
                .segments
                .insert(segment, loaded.expect("it was stored").to_vec());
        }
        disks.insert((log.node, log.dir.to_string()), files);
    }
    for (log, name, bytes) in &opened.files {
        let log = disks.entry((log.node, log.dir.to_string())).or_default();
        log.files.insert(name.clone(), bytes.clone());
    }
    disks
}

fn wanted(log: &LogAt, segment: i64, from: u32, to: u32) -> Wanted {
    Wanted {
        log: log.clone(),
        segment,
        from,
        to,
    }
}

fn append(dir: &str, segment: i64, position: u32, bytes: Bytes) -> (i32, StoreOp) {
    let dir = LogDir(dir.to_owned());
    let op = StoreOp::Append {
        dir,
        segment,
        position,
        bytes,
    };
    (1, op)
}

#[wasm_bindgen_test]
async fn the_script_holds_for_indexed_db() {
    let name = "contract";
    let mut model = Disks::new();
    let mut opened = fresh(name).await;
    let mut waiting = Vec::new();
    for (line, step) in script::parse(script::SCRIPT) {
        match step {
            Step::Op(node, op) => {
                model::apply(&mut model, node, &op);
                waiting.push((node, op));
            }
            Step::Generation => {
                opened
                    .store
                    .submit(std::mem::take(&mut waiting), Vec::new());
            }
            Step::Commit => {
                let number = opened
                    .store
                    .submit(std::mem::take(&mut waiting), Vec::new());
                opened.store.settled().await;
                assert_eq!(opened.store.committed(), number, "line {line}");
            }
            Step::Reopen => {
                opened
                    .store
                    .submit(std::mem::take(&mut waiting), Vec::new());
                opened = reopen(opened.store, name).await;
                assert_eq!(disks(&opened).await, model, "line {line}");
            }
            Step::Values(node, dir, segment, expect) => {
                let log = LogAt::new(node, &dir);
                opened = reopen(opened.store, name).await;
                let values = opened.catalog.segment(&log, segment).into_iter().flatten();
                let values: Vec<_> = values.map(|(&at, entry)| (at, entry.kept)).collect();
                assert_eq!(values, expect, "line {line}");
            }
        }
    }
}

#[wasm_bindgen_test]
async fn any_flipped_byte_is_reported_for_that_log_alone() {
    let name = "damage";
    let opened = fresh(name).await;
    let content = script::content(1, 5000);
    opened.store.submit(
        vec![
            append("good-0", 0, 0, content.clone()),
            append("bad-0", 0, 0, content.clone()),
        ],
        Vec::new(),
    );
    opened.store.settled().await;
    opened
        .store
        .submit(vec![append("bad-0", 0, 5000, content.clone())], Vec::new());
    let opened = reopen(opened.store, name).await;
    let (good, bad) = (LogAt::new(1, "good-0"), LogAt::new(1, "bad-0"));
    for flipped in [0, 2500, 4999] {
        let mut bytes = content.to_vec();
        bytes[flipped] ^= 1;
        overwrite(name, &bad, 5000, &bytes).await;
        let loaded = opened.store.load(wanted(&bad, 0, 4000, 9000)).await;
        let Err(LoadError::Damaged { position, reason }) = loaded else {
            panic!("byte {flipped}: {loaded:?}");
        };
        assert_eq!(position, 5000);
        assert!(reason.contains("CRC-32C"), "{reason}");
    }
    overwrite(name, &bad, 5000, &content[..4999]).await;
    let loaded = opened.store.load(wanted(&bad, 0, 5000, 5001)).await;
    assert!(matches!(
        loaded,
        Err(LoadError::Damaged { position: 5000, .. })
    ));
    let before = opened.store.load(wanted(&bad, 0, 0, 5000)).await;
    assert_eq!(before, Ok(content.clone()));
    let beside = opened.store.load(wanted(&good, 0, 0, 5000)).await;
    assert_eq!(beside, Ok(content));
}

#[wasm_bindgen_test]
async fn a_value_that_is_gone_is_missing_not_empty() {
    let name = "missing";
    let opened = fresh(name).await;
    let content = script::content(2, 100);
    for position in [0, 100, 200] {
        opened.store.submit(
            vec![append("a-0", 0, position, content.clone())],
            Vec::new(),
        );
        opened.store.settled().await;
    }
    let log = LogAt::new(1, "a-0");
    remove(name, &log, 100).await;
    let opened = reopen(opened.store, name).await;
    // The index still knows how long the segment is.
    assert_eq!(opened.catalog.size(&log, 0), 300);
    let images = opened.store.images().await.expect("the index can be read");
    assert_eq!(images[&1].dirs[&LogDir("a-0".to_owned())].segments[&0], 300);
    let load = |from, to| opened.store.load(wanted(&log, 0, from, to));
    assert_eq!(load(50, 150).await, Err(LoadError::Missing));
    assert_eq!(load(200, 300).await, Ok(content.clone()));
    assert_eq!(load(200, 301).await, Err(LoadError::Missing));
    assert_eq!(load(10, 90).await, Ok(content.slice(10..90)));
}

#[wasm_bindgen_test]
async fn generations_are_committed_in_order_and_together() {
    let name = "group-commit";
    let opened = fresh(name).await;
    let store = &opened.store;
    let numbers: Vec<u64> = (0..50)
        .map(|n| {
            store.submit(
                vec![append("a-0", 0, n * 10, script::content(3, 10))],
                Vec::new(),
            )
        })
        .collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    assert_eq!(
        store.committed(),
        0,
        "nothing is committed before the browser says so"
    );
    store.settled().await;
    assert_eq!(store.committed(), 50);
    let view = store.view();
    assert!(
        view.commits <= 2,
        "{} transactions for what waited together",
        view.commits
    );
    assert_eq!((view.committed_bytes, view.pending_bytes), (500, 0));
}

#[wasm_bindgen_test]
async fn a_full_disk_keeps_everything_and_goes_on_when_there_is_room() {
    let name = "full";
    let opened = fresh(name).await;
    let store = opened.store.clone();
    store.submit(
        vec![append("a-0", 0, 0, script::content(4, 10))],
        Vec::new(),
    );
    store.settled().await;
    let full = Fault::on_put("QuotaExceededError");
    store.submit(
        vec![append("a-0", 0, 10, script::content(5, 10))],
        Vec::new(),
    );
    store.submit(
        vec![append("a-0", 0, 20, script::content(6, 10))],
        Vec::new(),
    );
    store.settled().await;
    assert_eq!(
        store.failure().map(|failure| failure.kind),
        Some(FailureKind::Full)
    );
    assert_eq!(store.committed(), 1);
    assert!(store.view().pending_bytes >= 20);
    // What waits can still be read.
    let log = LogAt::new(1, "a-0");
    let first = store.load(wanted(&log, 0, 0, 20)).await;
    let expect = [script::content(4, 10), script::content(5, 10)].concat();
    assert_eq!(first, Ok(Bytes::from(expect)));
    store.retry().await;
    store.settled().await;
    assert!(store.failure().is_some(), "there is still no room");
    // What waits behind the failed transaction is served once that is through.
    let behind = wasm_bindgen_futures::JsFuture::from(wasm_bindgen_futures::future_to_promise({
        let (store, log) = (store.clone(), log.clone());
        async move {
            let loaded = store.load(wanted(&log, 0, 20, 30)).await;
            Ok(JsValue::from_bool(loaded == Ok(script::content(6, 10))))
        }
    }));
    drop(full);
    store.retry().await;
    assert_eq!(behind.await, Ok(JsValue::TRUE));
    store.settled().await;
    assert_eq!((store.failure(), store.committed()), (None, 3));
    let opened = reopen(store, name).await;
    assert_eq!(opened.catalog.size(&log, 0), 30);
}

#[wasm_bindgen_test]
async fn a_failing_disk_gets_a_new_connection() {
    let name = "failing";
    let opened = fresh(name).await;
    let store = opened.store.clone();
    let failing = Fault::on_put("UnknownError");
    store.submit(
        vec![append("a-0", 0, 0, script::content(7, 10))],
        Vec::new(),
    );
    store.settled().await;
    assert_eq!(
        store.failure().map(|failure| failure.kind),
        Some(FailureKind::Failed)
    );
    drop(failing);
    store.retry().await;
    store.settled().await;
    assert_eq!((store.failure(), store.committed()), (None, 1));
}

#[wasm_bindgen_test]
async fn a_newer_database_is_left_alone() {
    let name = "newer";
    database::delete(name)
        .await
        .expect("the database can be deleted");
    let newer = raw_open(name, database::SCHEMA + 1).await;
    newer.close();
    let failure = Database::open(name).await.err().expect("it is too new");
    assert_eq!(failure.kind, FailureKind::Newer);
    let still = raw_open(name, database::SCHEMA + 1).await;
    assert_eq!(still.version(), f64::from(database::SCHEMA + 1));
    still.close();
}

#[wasm_bindgen_test]
async fn a_closed_segment_is_rolled_up_and_reads_the_same() {
    let name = "roll-up";
    let opened = fresh(name).await;
    let store = opened.store.clone();
    let mut expect = Vec::new();
    for n in 0..40 {
        let bytes = script::content(n, 20_000);
        let position = expect.len() as u32;
        expect.extend_from_slice(&bytes);
        store.submit(vec![append("a-0", 0, position, bytes)], Vec::new());
        store.settled().await;
    }
    store.submit(
        vec![append("a-0", 77, 0, script::content(99, 10))],
        Vec::new(),
    );
    store.idle().await;
    let log = LogAt::new(1, "a-0");
    let loaded = store.load(wanted(&log, 0, 0, expect.len() as u32)).await;
    assert_eq!(loaded, Ok(Bytes::from(expect.clone())), "before a reopen");
    let opened = reopen(store, name).await;
    let values: Vec<u32> = opened
        .catalog
        .segment(&log, 0)
        .unwrap()
        .keys()
        .copied()
        .collect();
    assert_eq!(values, [0], "800,000 bytes are one value");
    let loaded = opened
        .store
        .load(wanted(&log, 0, 0, expect.len() as u32))
        .await;
    assert_eq!(loaded, Ok(Bytes::from(expect)));
}

#[wasm_bindgen_test]
async fn a_roll_up_that_a_closed_tab_left_is_made_after_the_reopen() {
    let name = "roll-up-later";
    let opened = fresh(name).await;
    let store = opened.store.clone();
    for n in 0..3 {
        store.submit(
            vec![append("a-0", 0, n * 100, script::content(8, 100))],
            Vec::new(),
        );
        store.settled().await;
    }
    // Written behind the store's back, as if the tab had gone before the roll-up.
    store.close();
    let database = Database::open(name).await.unwrap();
    let mut catalog = recover(&database).await.unwrap().catalog;
    let ops = vec![append("a-0", 50, 0, script::content(9, 10))];
    let writes = konbini_worker::store::plan::plan(&mut catalog, ops).writes;
    database.write(&writes, &[]).await.unwrap();
    database.close();
    let opened = open(name).await;
    opened.store.idle().await;
    let opened = reopen(opened.store, name).await;
    let log = LogAt::new(1, "a-0");
    let values: Vec<u32> = opened
        .catalog
        .segment(&log, 0)
        .unwrap()
        .keys()
        .copied()
        .collect();
    assert_eq!(values, [0]);
}

#[wasm_bindgen_test]
async fn a_damaged_value_is_not_rolled_up() {
    let name = "roll-up-damaged";
    let opened = fresh(name).await;
    let store = opened.store.clone();
    for n in 0..3 {
        store.submit(
            vec![append("a-0", 0, n * 100, script::content(8, 100))],
            Vec::new(),
        );
        store.settled().await;
    }
    let log = LogAt::new(1, "a-0");
    overwrite(name, &log, 100, &[0; 100]).await;
    store.submit(
        vec![append("a-0", 50, 0, script::content(9, 10))],
        Vec::new(),
    );
    store.idle().await;
    assert_eq!(store.failure(), None);
    let damaged = store.load(wanted(&log, 0, 0, 300)).await;
    assert!(
        matches!(damaged, Err(LoadError::Damaged { position: 100, .. })),
        "{damaged:?}"
    );
    let behind = store.load(wanted(&log, 0, 200, 300)).await;
    assert_eq!(behind, Ok(script::content(8, 100)));
}

#[wasm_bindgen_test]
async fn the_recording_comes_back_in_order() {
    let name = "meta";
    let opened = fresh(name).await;
    let write = |key, json: &str| MetaWrite {
        key,
        json: json.to_owned(),
    };
    opened.store.submit(
        Vec::new(),
        vec![write(MetaKey::Scenario, "{}"), write(MetaKey::Clock, "1")],
    );
    for number in 0..12 {
        let meta = vec![write(MetaKey::Action(number), &number.to_string())];
        opened.store.submit(Vec::new(), meta);
    }
    opened
        .store
        .submit(Vec::new(), vec![write(MetaKey::Clock, "2")]);
    opened.store.settled().await;
    opened.store.close();
    let database = Database::open(name).await.unwrap();
    let meta = recover(&database).await.unwrap().meta;
    assert_eq!(meta.scenario.as_deref(), Some("{}"));
    assert_eq!(meta.clock.as_deref(), Some("2"));
    assert_eq!(
        meta.actions,
        (0..12).map(|n| n.to_string()).collect::<Vec<_>>()
    );
    database.close();
}

#[wasm_bindgen_test]
async fn deleting_really_deletes() {
    let name = "deleted";
    let opened = fresh(name).await;
    opened.store.submit(
        vec![append("a-0", 0, 0, script::content(9, 10))],
        Vec::new(),
    );
    opened.store.settled().await;
    assert!(database_names().await.contains(&name.to_owned()));
    opened.store.delete().await.expect("it can be deleted");
    assert!(!database_names().await.contains(&name.to_owned()));
    let opened = open(name).await;
    assert_eq!(opened.catalog, Catalog::default());
}

// The disk behind the store's back.

fn key_of(log: &LogAt, position: u32) -> JsValue {
    let at = ValueAt {
        log: log.clone(),
        segment: 0,
        position,
    };
    Array::of4(
        &at.log.node.into(),
        &JsValue::from_str(&at.log.dir),
        &0.into(),
        &at.position.into(),
    )
    .into()
}

async fn overwrite(name: &str, log: &LogAt, position: u32, bytes: &[u8]) {
    let value = Uint8Array::from(bytes).buffer();
    with_data(name, |data| {
        data.put_with_key(&value, &key_of(log, position)).unwrap();
    })
    .await;
}

async fn remove(name: &str, log: &LogAt, position: u32) {
    with_data(name, |data| {
        data.delete(&key_of(log, position)).unwrap();
    })
    .await;
}

async fn with_data(name: &str, change: impl FnOnce(&web_sys::IdbObjectStore)) {
    let db = raw_open(name, database::SCHEMA).await;
    let transaction = db
        .transaction_with_str_and_mode("data", web_sys::IdbTransactionMode::Readwrite)
        .unwrap();
    let complete = js_sys::Promise::new(&mut |resolve, _| {
        transaction.set_oncomplete(Some(&resolve));
    });
    change(&transaction.object_store("data").unwrap());
    wasm_bindgen_futures::JsFuture::from(complete)
        .await
        .unwrap();
    db.close();
}

async fn raw_open(name: &str, version: u32) -> web_sys::IdbDatabase {
    let factory: web_sys::IdbFactory = Reflect::get(&js_sys::global(), &"indexedDB".into())
        .unwrap()
        .unchecked_into();
    let request = factory.open_with_u32(name, version).unwrap();
    let success = js_sys::Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    wasm_bindgen_futures::JsFuture::from(success).await.unwrap();
    request.result().unwrap().unchecked_into()
}

async fn database_names() -> Vec<String> {
    let factory = Reflect::get(&js_sys::global(), &"indexedDB".into()).unwrap();
    let databases: Function = Reflect::get(&factory, &"databases".into())
        .unwrap()
        .unchecked_into();
    let promise: js_sys::Promise = databases.call0(&factory).unwrap().unchecked_into();
    let list = wasm_bindgen_futures::JsFuture::from(promise).await.unwrap();
    let name = |info: JsValue| Reflect::get(&info, &"name".into()).unwrap().as_string();
    Array::from(&list).iter().filter_map(name).collect()
}

/// Makes every `put` of this worker throw, until dropped.
struct Fault(JsValue);

impl Fault {
    fn on_put(error: &str) -> Fault {
        let prototype = put_prototype();
        let original = Reflect::get(&prototype, &"put".into()).unwrap();
        let throwing = Function::new_no_args(&format!(
            "throw new DOMException('made by a test', '{error}')"
        ));
        Reflect::set(&prototype, &"put".into(), &throwing).unwrap();
        Fault(original)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        Reflect::set(&put_prototype(), &"put".into(), &self.0).unwrap();
    }
}

fn put_prototype() -> JsValue {
    let class = Reflect::get(&js_sys::global(), &"IDBObjectStore".into()).unwrap();
    Reflect::get(&class, &"prototype".into()).unwrap()
}
