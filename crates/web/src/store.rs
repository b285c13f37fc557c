//! What the page itself remembers between visits: language, theme and lesson progress;
//! and what a tab remembers over reloads.
//! The cluster's data is the worker's business.

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// A remembered value; none when there is none or the browser refuses.
pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(&full(key)).ok().flatten()
}

/// Remembers a value where the browser allows it; nothing depends on it.
pub fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(&full(key), value);
    }
}

/// Remembers a value for this tab, over reloads.
pub fn remember_here(key: &str, value: &str) {
    if let Some(storage) = tab_storage() {
        let _ = storage.set_item(&full(key), value);
    }
}

/// What this tab remembers.
pub fn recall_here(key: &str) -> Option<String> {
    tab_storage()?.get_item(&full(key)).ok().flatten()
}

fn tab_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

fn full(key: &str) -> String {
    format!("konbini.{key}")
}
