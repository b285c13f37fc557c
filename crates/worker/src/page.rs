//! Messages of this tab's own page: requests in, updates out, both as text.

use crate::inbox::{Inbox, Input, PageId};
use crate::ports::PortEnd;
use konbini_bridge::{Request, Update};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

/// This worker's global scope.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Sends an update to the page.
pub fn post(update: &Update) {
    pass(&update.to_text());
}

/// Sends an update that is text already.
pub fn pass(update: &str) {
    // Text can always be cloned.
    let _ = scope().post_message(&update.into());
}

/// A request as it arrived, or nothing: then the console says what it was.
pub fn request(text: &JsValue) -> Option<Request> {
    let text = text.as_string().unwrap_or_default();
    let request = Request::from_text(&text);
    request
        .inspect_err(|error| {
            let error = error.to_string();
            web_sys::console::error_2(&"a request cannot be read".into(), &error.into());
        })
        .ok()
}

/// Listens from here on; the page is told with [`Update::Ready`].
pub fn listen(inbox: Inbox) {
    let listener = Closure::wrap(Box::new(move |event: MessageEvent| {
        if let Some(request) = request(&event.data()) {
            inbox.push(Input::Request {
                page: PageId::OWN,
                request,
                port: transferred(&event).map(|port| PortEnd::of_port(port, &inbox)),
            });
        }
    }) as Box<dyn FnMut(MessageEvent)>);
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    listener.forget();
    post(&Update::Ready);
}

fn transferred(event: &MessageEvent) -> Option<MessagePort> {
    let ports = event.ports();
    (ports.length() > 0).then(|| ports.get(0).unchecked_into())
}
