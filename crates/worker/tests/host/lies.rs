//! A browser that refuses, fails or lies.

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Something of the browser that is not as it should be, until dropped.
pub struct Fault {
    owner: JsValue,
    property: &'static str,
    /// What describes the property when nothing is wrong.
    original: JsValue,
}

impl Fault {
    /// Every `put` into an object store.
    pub fn on_put(error: &str) -> Fault {
        Fault::on(prototype("IDBObjectStore"), "put", error)
    }

    /// Every reading of all rows.
    pub fn on_get_all(error: &str) -> Fault {
        Fault::on(prototype("IDBObjectStore"), "getAll", error)
    }

    /// Every opening of a database.
    pub fn on_open(error: &str) -> Fault {
        Fault::on(prototype("IDBFactory"), "open", error)
    }

    /// Every deletion of a database.
    pub fn on_delete(error: &str) -> Fault {
        Fault::on(prototype("IDBFactory"), "deleteDatabase", error)
    }

    /// A page that is not served securely.
    pub fn no_locks() -> Fault {
        Fault::replace(prototype("WorkerNavigator"), "locks", &JsValue::UNDEFINED)
    }

    /// Every request for a lock, as where storage is blocked.
    pub fn refused_locks() -> Fault {
        Fault::on(prototype("LockManager"), "request", "SecurityError")
    }

    /// Every call of a method throws.
    fn on(owner: JsValue, method: &'static str, error: &str) -> Fault {
        let body = format!("throw new DOMException('made by a test', '{error}')");
        Fault::replace(owner, method, &Function::new_no_args(&body))
    }

    fn replace(owner: JsValue, property: &'static str, value: &JsValue) -> Fault {
        let object = owner.unchecked_ref::<Object>();
        let original = Object::get_own_property_descriptor(object, &property.into());
        let lie = Object::new();
        Reflect::set(&lie, &"configurable".into(), &true.into()).unwrap();
        Reflect::set(&lie, &"writable".into(), &true.into()).unwrap();
        Reflect::set(&lie, &"value".into(), value).unwrap();
        Object::define_property(object, &property.into(), &lie);
        Fault {
            owner,
            property,
            original,
        }
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let object = self.owner.unchecked_ref::<Object>();
        Object::define_property(object, &self.property.into(), self.original.unchecked_ref());
    }
}

fn prototype(class: &str) -> JsValue {
    let class = Reflect::get(&js_sys::global(), &class.into()).unwrap();
    Reflect::get(&class, &"prototype".into()).unwrap()
}

/// Flips a bit in the last byte of the first value of a log directory, on whatever broker has it.
pub async fn flip_in(database: &str, dir: &str) {
    let db = open(database).await;
    let transaction = db
        .transaction_with_str_and_mode("data", web_sys::IdbTransactionMode::Readwrite)
        .unwrap();
    let store = transaction.object_store("data").unwrap();
    let keys = Array::from(&result(&store.get_all_keys().unwrap()).await);
    let is_of =
        |key: &JsValue| key.unchecked_ref::<Array>().get(1).as_string().as_deref() == Some(dir);
    let key = keys.iter().find(is_of).expect("the log has values");
    let value = Uint8Array::new(&result(&store.get(&key).unwrap()).await);
    let last = value.length() - 1;
    value.set_index(last, value.get_index(last) ^ 1);
    result(&store.put_with_key(&value.buffer(), &key).unwrap()).await;
    db.close();
}

async fn open(name: &str) -> web_sys::IdbDatabase {
    let factory: web_sys::IdbFactory = Reflect::get(&js_sys::global(), &"indexedDB".into())
        .unwrap()
        .unchecked_into();
    result(&factory.open(name).unwrap()).await.unchecked_into()
}

async fn result(request: &web_sys::IdbRequest) -> JsValue {
    let done = js_sys::Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(done).await.unwrap();
    request.result().unwrap()
}

pub async fn database_names() -> Vec<String> {
    let factory = Reflect::get(&js_sys::global(), &"indexedDB".into()).unwrap();
    let databases: Function = Reflect::get(&factory, &"databases".into())
        .unwrap()
        .unchecked_into();
    let promise: js_sys::Promise = databases.call0(&factory).unwrap().unchecked_into();
    let list = JsFuture::from(promise).await.unwrap();
    let name = |info: JsValue| Reflect::get(&info, &"name".into()).unwrap().as_string();
    Array::from(&list).iter().filter_map(name).collect()
}

/// Puts another value, or with undefined none, in a row of the database, and returns what was there.
/// A key is given as JSON.
pub async fn swap(database: &str, store: &str, key: &str, value: &JsValue) -> JsValue {
    let db = open(database).await;
    let transaction = db
        .transaction_with_str_and_mode(store, web_sys::IdbTransactionMode::Readwrite)
        .unwrap();
    let rows = transaction.object_store(store).unwrap();
    let key = js_sys::JSON::parse(key).unwrap();
    let before = result(&rows.get(&key).unwrap()).await;
    let changed = match value.is_undefined() {
        true => rows.delete(&key),
        false => rows.put_with_key(value, &key),
    };
    result(&changed.unwrap()).await;
    db.close();
    before
}

/// Makes the newest index row of a log directory unreadable, on whatever broker has it.
pub async fn spoil_index_of(database: &str, dir: &str) {
    let db = open(database).await;
    let transaction = db
        .transaction_with_str_and_mode("index", web_sys::IdbTransactionMode::Readwrite)
        .unwrap();
    let store = transaction.object_store("index").unwrap();
    let keys = Array::from(&result(&store.get_all_keys().unwrap()).await);
    let is_of =
        |key: &JsValue| key.unchecked_ref::<Array>().get(1).as_string().as_deref() == Some(dir);
    let key = keys
        .iter()
        .filter(is_of)
        .last()
        .expect("the log has values");
    result(&store.put_with_key(&"spoilt".into(), &key).unwrap()).await;
    db.close();
}
