//! IndexedDB as it is: opening, one transaction at a time, reads by key. No policy lives here.
//!
//! ```text
//! store   key                              value
//! data    [node, dir, segment, position]   ArrayBuffer: a run of record batches
//! index   the same                         [length, crc32c, kept]: three numbers
//! files   [node, dir, name]                ArrayBuffer
//! meta    "scenario" | "upcoming" | "clock" | ["action", n]   JSON text
//! ```
//!
//! An array sorts behind every number and string, so `[node, dir, []]` bounds a log from above.

use super::catalog::{Entry, LogAt, ValueAt};
use super::failure::{FailureKind, StoreFailure};
use super::plan::{Range, Write};
use super::row;
use super::settle::{
    finished, open_error, request_error, settled_open, settled_request, settled_transaction,
    transaction_error,
};
use js_sys::{Array, JsString, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbTransaction,
};

/// Version of the layout above; a higher one on disk is left alone.
pub const SCHEMA: u32 = 1;

const DATA: &str = "data";
const INDEX: &str = "index";
const FILES: &str = "files";
const META: &str = "meta";
const STORES: [&str; 4] = [DATA, INDEX, FILES, META];

/// Rows that one read asks for, to bound what the browser copies at once.
const PAGE_ROWS: u32 = 10_000;

/// A change of the `meta` store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaWrite {
    pub key: MetaKey,
    pub json: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaKey {
    Scenario,
    Upcoming,
    Clock,
    Action(u32),
    Program(u32),
}

impl MetaKey {
    fn to_js(self) -> JsValue {
        match self {
            MetaKey::Scenario => "scenario".into(),
            MetaKey::Upcoming => "upcoming".into(),
            MetaKey::Clock => "clock".into(),
            MetaKey::Action(number) => Array::of2(&"action".into(), &number.into()).into(),
            MetaKey::Program(number) => Array::of2(&"program".into(), &number.into()).into(),
        }
    }
}

pub struct Database {
    db: IdbDatabase,
    name: String,
    _on_version_change: Closure<dyn FnMut()>,
}

/// Whoever lets go of a connection closes it; an open one would block a deletion.
impl Drop for Database {
    fn drop(&mut self) {
        self.db.set_onversionchange(None);
        self.db.close();
    }
}

#[wasm_bindgen]
extern "C" {
    /// `transaction` with its options, which web-sys still calls unstable.
    type DurableDatabase;
    #[wasm_bindgen(method, catch, js_name = transaction)]
    fn transaction(
        this: &DurableDatabase,
        stores: &Array,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;
}

impl Database {
    /// Opens the database, or makes it.
    pub async fn open(name: &str) -> Result<Database, StoreFailure> {
        let factory = factory()?;
        let request = factory
            .open_with_u32(name, SCHEMA)
            .map_err(|error| StoreFailure::of_open(&error))?;
        let upgrade = Closure::wrap(Box::new({
            let request = request.clone();
            move || create_stores(&request)
        }) as Box<dyn FnMut()>);
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let opened = settled_open(&request).await;
        request.set_onupgradeneeded(None);
        if let Err(event) = opened {
            return Err(open_error(&request, &event));
        }
        let db: IdbDatabase = request
            .result()
            .map_err(|error| StoreFailure::of_open(&error))?
            .unchecked_into();
        // Somebody deletes the database, or has a newer layout for it.
        let on_version_change = Closure::wrap(Box::new({
            let db = db.clone();
            move || db.close()
        }) as Box<dyn FnMut()>);
        db.set_onversionchange(Some(on_version_change.as_ref().unchecked_ref()));
        Ok(Database {
            db,
            _on_version_change: on_version_change,
            name: name.to_owned(),
        })
    }

    /// Closes the connection and deletes the database with all that is in it.
    pub async fn delete(self) -> Result<(), StoreFailure> {
        self.db.close();
        delete(&self.name).await
    }

    /// Begun transactions still finish.
    pub fn close(&self) {
        self.db.close();
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes everything in one strict transaction; answers when the disk has it.
    pub async fn write(&self, writes: &[Write], meta: &[MetaWrite]) -> Result<(), StoreFailure> {
        let of = |error: JsValue| StoreFailure::of(&error);
        let transaction = self.begin(&STORES, "readwrite").map_err(of)?;
        let done = settled_transaction(&transaction);
        if let Err(error) = put_all(&transaction, writes, meta) {
            // The abort itself may fail when the browser has aborted already; either will do.
            let _ = transaction.abort();
            let _ = done.await;
            return Err(StoreFailure::of(&error));
        }
        // Should this fail, the browser commits by itself once it sees no further request.
        #[expect(
            deprecated,
            reason = "web-sys is wrong: the specification deprecates nothing here"
        )]
        let _ = transaction.commit();
        match done.await {
            Ok(_) => Ok(()),
            Err(_) => Err(transaction_error(&transaction)),
        }
    }

    /// All entries of the index; each that cannot be understood is an error of its own.
    pub async fn index(
        &self,
    ) -> Result<Vec<Result<(ValueAt, Entry), UnreadableRow>>, StoreFailure> {
        let rows = self.rows(INDEX).await?;
        let parsed = rows.iter().map(|(key, value)| {
            let at = row::value_at(key);
            let entry = row::entry_of(value);
            match (at, entry) {
                (Some(at), Some(entry))
                    if at.position.checked_add(entry.len).is_some() && entry.kept <= entry.len =>
                {
                    Ok((at, entry))
                }
                (at, _) => Err(UnreadableRow {
                    at: at.filter(|at| at.position < u32::MAX),
                    failure: unreadable(INDEX, key),
                }),
            }
        });
        Ok(parsed.collect())
    }

    /// All files.
    pub async fn files(&self) -> Result<Vec<(LogAt, String, Vec<u8>)>, StoreFailure> {
        let rows = self.rows(FILES).await?;
        let parsed = rows.iter().map(|(key, value)| {
            let (log, name) = row::file_at(key).ok_or_else(|| unreadable(FILES, key))?;
            Ok((log, name, Uint8Array::new(value).to_vec()))
        });
        parsed.collect()
    }

    /// The texts of `meta`; actions and what was done with programs in their order.
    pub async fn meta(&self) -> Result<StoredMeta, StoreFailure> {
        let mut meta = StoredMeta::default();
        for (key, value) in self.rows(META).await? {
            let text = value.as_string().ok_or_else(|| unreadable(META, &key))?;
            match key.as_string().as_deref() {
                Some("scenario") => meta.scenario = Some(text),
                Some("upcoming") => meta.upcoming = Some(text),
                Some("clock") => meta.clock = Some(text),
                None if first_of(&key).as_deref() == Some("program") => meta.programs.push(text),
                _ => meta.actions.push(text),
            }
        }
        Ok(meta)
    }

    /// Values by key, each on its own: one that cannot be read spoils no other.
    /// `None` is a key without a value.
    pub async fn values(
        &self,
        keys: &[ValueAt],
    ) -> Result<Vec<Result<Option<Vec<u8>>, StoreFailure>>, StoreFailure> {
        let together = self.values_in_one(keys).await?;
        if keys.len() == 1 || together.iter().all(Result::is_ok) {
            return Ok(together);
        }
        // One failed read aborts its transaction, so the others are asked again, each apart.
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.append(&mut self.values_in_one(std::slice::from_ref(key)).await?);
        }
        Ok(values)
    }

    async fn values_in_one(
        &self,
        keys: &[ValueAt],
    ) -> Result<Vec<Result<Option<Vec<u8>>, StoreFailure>>, StoreFailure> {
        let store = self.read(DATA)?;
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let request = store
                .get(&row::value_key(key))
                .map_err(|error| StoreFailure::of(&error))?;
            requests.push((settled_request(&request), request));
        }
        let mut values = Vec::with_capacity(keys.len());
        for (done, request) in requests {
            values.push(match done.await {
                Ok(_) => Ok(row::bytes_of(&request)),
                Err(_) => Err(request_error(&request)),
            });
        }
        Ok(values)
    }

    /// Every row of a small store, in key order.
    async fn rows(&self, name: &str) -> Result<Vec<(JsValue, JsValue)>, StoreFailure> {
        let of = |error: JsValue| StoreFailure::of(&error);
        let mut rows = Vec::new();
        let mut range = JsValue::UNDEFINED;
        loop {
            let store = self.read(name)?;
            let keys = store
                .get_all_keys_with_key_and_limit(&range, PAGE_ROWS)
                .map_err(of)?;
            let values = store
                .get_all_with_key_and_limit(&range, PAGE_ROWS)
                .map_err(of)?;
            let keys = finished(&keys).await?;
            let values = finished(&values).await?;
            let (keys, values) = (Array::from(&keys), Array::from(&values));
            rows.extend(keys.iter().zip(values.iter()));
            if keys.length() < PAGE_ROWS {
                return Ok(rows);
            }
            let last = keys.get(keys.length() - 1);
            range = IdbKeyRange::lower_bound_with_open(&last, true)
                .map_err(of)?
                .into();
        }
    }

    fn read(&self, store: &str) -> Result<IdbObjectStore, StoreFailure> {
        self.begin(&[store], "readonly")
            .and_then(|transaction| transaction.object_store(store))
            .map_err(|error| StoreFailure::of(&error))
    }

    fn begin(&self, stores: &[&str], mode: &str) -> Result<IdbTransaction, JsValue> {
        let stores: Array = stores.iter().map(|&name| JsValue::from_str(name)).collect();
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        self.db
            .unchecked_ref::<DurableDatabase>()
            .transaction(&stores, mode, &options)
    }
}

/// A row of the index that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    /// What its key says, if that can be understood.
    pub at: Option<ValueAt>,
    pub failure: StoreFailure,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredMeta {
    pub scenario: Option<String>,
    pub upcoming: Option<String>,
    pub clock: Option<String>,
    pub actions: Vec<String>,
    pub programs: Vec<String>,
}

/// The word that a key of several parts begins with.
fn first_of(key: &JsValue) -> Option<String> {
    key.dyn_ref::<Array>()?.get(0).as_string()
}

/// Deletes a database by name, present or not.
pub async fn delete(name: &str) -> Result<(), StoreFailure> {
    let request = factory()?
        .delete_database(name)
        .map_err(|error| StoreFailure::of(&error))?;
    // While it is blocked it is not over: it waits for the connections that block it, and every one
    // of ours closes when it is asked to.
    match settled_request(&request).await {
        Ok(_) => Ok(()),
        Err(_) => Err(request_error(&request)),
    }
}

fn factory() -> Result<IdbFactory, StoreFailure> {
    let factory = Reflect::get(&js_sys::global(), &"indexedDB".into())
        .map_err(|error| StoreFailure::of_open(&error))?;
    factory.dyn_into().map_err(|_| {
        StoreFailure::new(
            FailureKind::Absent,
            "this browser offers no IndexedDB to the page",
        )
    })
}

fn create_stores(request: &IdbOpenDbRequest) {
    let Ok(result) = request.result() else { return };
    let db: IdbDatabase = result.unchecked_into();
    for name in STORES {
        // A failure aborts the upgrade, and the open request reports it.
        let _ = db.create_object_store(name);
    }
}

fn put_all(
    transaction: &IdbTransaction,
    writes: &[Write],
    meta: &[MetaWrite],
) -> Result<(), JsValue> {
    let data = transaction.object_store(DATA)?;
    let index = transaction.object_store(INDEX)?;
    let files = transaction.object_store(FILES)?;
    for write in writes {
        match write {
            Write::Value { at, bytes, entry } => {
                let key = row::value_key(at);
                data.put_with_key(&row::buffer_of(bytes), &key)?;
                index.put_with_key(&row::entry_to_js(*entry), &key)?;
            }
            Write::Entry { at, entry } => {
                index.put_with_key(&row::entry_to_js(*entry), &row::value_key(at))?;
            }
            Write::Drop(range) => {
                let range = row::key_range(range)?;
                data.delete(&range)?;
                index.delete(&range)?;
            }
            Write::File { log, name, bytes } => {
                files.put_with_key(&row::buffer_of(bytes), &row::file_key(log, name))?;
            }
            Write::DropFile { log, name } => {
                files.delete(&row::file_key(log, name))?;
            }
            Write::DropFiles { log } => {
                files.delete(&row::key_range(&Range::Log(log.clone()))?)?;
            }
        }
    }
    if !meta.is_empty() {
        let store = transaction.object_store(META)?;
        for write in meta {
            store.put_with_key(&JsString::from(write.json.as_str()), &write.key.to_js())?;
        }
    }
    Ok(())
}

fn unreadable(store: &str, key: &JsValue) -> StoreFailure {
    let key = js_sys::JSON::stringify(key).map_or_else(|_| "?".to_owned(), String::from);
    StoreFailure::new(
        FailureKind::Failed,
        format!("the row {key} of \"{store}\" cannot be understood"),
    )
}
