//! What can go wrong with the browser's storage, by what it means for the reader.

use wasm_bindgen::{JsCast, JsValue};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct StoreFailure {
    pub kind: FailureKind,
    /// The browser's own words.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The browser has no IndexedDB for this page: there is nothing stored, nor will be.
    Absent,
    /// The browser lets this page store nothing.
    Denied,
    /// A newer Konbini wrote the database.
    Newer,
    /// The quota is used up.
    Full,
    /// The transaction or the connection ended before it was done; nothing is known to be damaged.
    Aborted,
    /// Anything else: an error of the disk, a value that cannot be read.
    Failed,
}

impl StoreFailure {
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> StoreFailure {
        StoreFailure {
            kind,
            detail: detail.into(),
        }
    }

    /// Of what an IndexedDB call threw or an event reported.
    pub fn of(error: &JsValue) -> StoreFailure {
        let (name, message) = describe(error);
        let kind = match name.as_str() {
            "QuotaExceededError" => FailureKind::Full,
            "SecurityError" | "NotAllowedError" => FailureKind::Denied,
            "VersionError" => FailureKind::Newer,
            "AbortError" | "InvalidStateError" => FailureKind::Aborted,
            _ => FailureKind::Failed,
        };
        StoreFailure::new(kind, format!("{name}: {message}"))
    }

    /// The same, while the database is being opened: what would be an accident later means here
    /// that storage is not to be had (a private window of some browsers, blocked site data).
    pub fn of_open(error: &JsValue) -> StoreFailure {
        let mut failure = StoreFailure::of(error);
        if matches!(failure.kind, FailureKind::Failed | FailureKind::Aborted) {
            failure.kind = FailureKind::Denied;
        }
        failure
    }
}

/// Name and message of a DOMException or of any Error.
pub fn describe(error: &JsValue) -> (String, String) {
    if let Some(exception) = error.dyn_ref::<web_sys::DomException>() {
        return (exception.name(), exception.message());
    }
    if let Some(error) = error.dyn_ref::<js_sys::Error>() {
        return (String::from(error.name()), String::from(error.message()));
    }
    ("Error".to_owned(), format!("{error:?}"))
}
