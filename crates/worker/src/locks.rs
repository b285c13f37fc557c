//! Web Locks: who owns the playground, and whether a tab is still there.
//!
//! A lock is held for as long as this worker lives; the browser gives it on when the tab is closed,
//! reloaded or killed.

use crate::store::failure::describe;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// web-sys still calls it unstable.
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

/// Who has a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    This,
    Another,
    /// The browser grants this page none, so nobody can tell; says why.
    Unknown(String),
}

/// Takes the lock if nobody holds it, and keeps it.
pub async fn try_hold(name: &str) -> Holder {
    let options = Object::new();
    // Setting a field of a plain object cannot fail.
    let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
    match request(name, &options, true).await {
        Ok(true) => Holder::This,
        Ok(false) => Holder::Another,
        Err(why) => Holder::Unknown(why),
    }
}

/// Waits for the lock, and keeps it.
///
/// # Errors
/// The browser does not grant it; says why.
pub async fn hold(name: &str) -> Result<(), String> {
    request(name, &Object::new(), true).await.map(drop)
}

/// Waits until nobody holds the lock, as far as anybody can tell.
pub async fn wait_until_free(name: &str) {
    let _ = request(name, &Object::new(), false).await;
}

/// None where the page is not served securely.
fn manager() -> Option<LockManager> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let manager = Reflect::get(&navigator, &"locks".into()).ok()?;
    (!manager.is_undefined()).then(|| manager.unchecked_into())
}

/// Whether the lock was free, or has become free.
async fn request(name: &str, options: &Object, keep: bool) -> Result<bool, String> {
    let Some(manager) = manager() else {
        return Err("navigator.locks is missing".to_owned());
    };
    let answered = Promise::new(&mut |resolve, reject| {
        let granted = Closure::once_into_js({
            let resolve = resolve.clone();
            move |lock: JsValue| -> JsValue {
                let got = !lock.is_null();
                // A function of a promise does not throw.
                let _ = resolve.call1(&JsValue::UNDEFINED, &got.into());
                if got && keep {
                    // Never settled, so the lock stays.
                    Promise::new(&mut |_, _| {}).into()
                } else {
                    JsValue::UNDEFINED
                }
            }
        });
        match manager.request(name, options, granted.unchecked_ref()) {
            Ok(request) => {
                let request: &Object = request.unchecked_ref();
                let catch = Reflect::get(request, &"catch".into())
                    .ok()
                    .and_then(|catch| catch.dyn_into::<Function>().ok());
                if let Some(catch) = catch {
                    let _ = catch.call1(request, &reject);
                }
            }
            Err(error) => {
                let _ = reject.call1(&JsValue::UNDEFINED, &error);
            }
        }
    });
    match JsFuture::from(answered).await {
        Ok(got) => Ok(got.is_truthy()),
        Err(error) => {
            let (name, message) = describe(&error);
            Err(format!("{name}: {message}"))
        }
    }
}
