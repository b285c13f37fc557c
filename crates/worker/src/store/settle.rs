//! IndexedDB's events as futures, and its errors as [`StoreFailure`]s.

use super::failure::{FailureKind, StoreFailure};
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbOpenDbRequest, IdbRequest, IdbTransaction};

// A promise's own functions serve as event handlers, so that no closure is left behind. The
// future is made at once, so that no rejection goes unheard.

pub(super) fn settled_request(request: &IdbRequest) -> JsFuture {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    }))
}

pub(super) fn settled_open(request: &IdbOpenDbRequest) -> JsFuture {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
        request.set_onblocked(Some(&reject));
    }))
}

pub(super) fn settled_transaction(transaction: &IdbTransaction) -> JsFuture {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    }))
}

pub(super) async fn finished(request: &IdbRequest) -> Result<JsValue, StoreFailure> {
    match settled_request(request).await {
        Ok(_) => request.result().map_err(|error| StoreFailure::of(&error)),
        Err(_) => Err(request_error(request)),
    }
}

pub(super) fn request_error(request: &IdbRequest) -> StoreFailure {
    match request.error() {
        Ok(Some(error)) => StoreFailure::of(&error.into()),
        _ => StoreFailure::new(FailureKind::Failed, "the browser gave no reason"),
    }
}

pub(super) fn transaction_error(transaction: &IdbTransaction) -> StoreFailure {
    match transaction.error() {
        Some(error) => StoreFailure::of(&error.into()),
        None => StoreFailure::new(FailureKind::Failed, "the transaction was aborted"),
    }
}

pub(super) fn open_error(request: &IdbOpenDbRequest, event: &JsValue) -> StoreFailure {
    let kind = event.dyn_ref::<web_sys::Event>().map(web_sys::Event::type_);
    if kind.as_deref() == Some("blocked") {
        return StoreFailure::new(
            FailureKind::Denied,
            "another tab holds the database open and does not let go",
        );
    }
    match request.error() {
        Ok(Some(error)) => StoreFailure::of_open(&error.into()),
        _ => StoreFailure::new(FailureKind::Denied, "the browser gave no reason"),
    }
}
