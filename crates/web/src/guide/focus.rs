//! Where the focus goes when what had it is gone: a button that was pressed, a dialog that closed.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The lesson's title.
pub const TITLE: &str = "#lesson-title";
/// The step that the reader is at.
pub const STEP: &str = "li[aria-current=step]";

pub fn to(place: &str) {
    let document = web_sys::window().and_then(|window| window.document());
    let found = document.and_then(|document| document.query_selector(place).ok().flatten());
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that cannot have the focus leaves it where it is.
        let _ = element.focus();
    }
}
