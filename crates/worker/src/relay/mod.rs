//! One playground in several tabs: the owner's worker runs it, the others' workers relay.
//!
//! Everything goes over one BroadcastChannel, as arrays. A tab's first message is `hello`, the
//! owner's answer `welcome`; an owner that starts says `owner` to all, so that tabs greet it anew.
//!
//! ```text
//! [OWNER, tab, "hello"]                      [tab, "welcome"]            [ALL, "owner"]
//! [OWNER, tab, "request", Request, port?]    [tab, "update", Update]
//! [OWNER, tab, "bytes", port, Uint8Array]    [tab, "bytes", port, Uint8Array]
//! [OWNER, tab, "end", port]                  [tab, "open" | "end", port] [tab, "error", port, code]
//! ```
//!
//! A port cannot be sent over a BroadcastChannel: the tab keeps it and relays its bytes.
//! A tab holds a lock of its own name, and the owner waits for it: so it learns when the tab goes.

mod owner;
mod tab;

pub use owner::Owner;
pub use tab::attached;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

/// Addresses that are no tab.
const OWNER: &str = "owner";
const ALL: &str = "all";

/// The lock that a tab holds while it lives.
fn lock_of(playground: &str, tab: &str) -> String {
    format!("{playground}/tab/{tab}")
}

struct Channel {
    channel: BroadcastChannel,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    /// Joins; `take` gets the arrays that others send, until this is dropped.
    fn join(playground: &str, take: impl Fn(Array) + 'static) -> Result<Channel, JsValue> {
        let channel = BroadcastChannel::new(playground)?;
        let listener = Closure::wrap(Box::new(move |event: MessageEvent| {
            if let Ok(message) = event.data().dyn_into::<Array>() {
                take(message);
            }
        }) as Box<dyn FnMut(MessageEvent)>);
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Ok(Channel {
            channel,
            _listener: listener,
        })
    }

    fn send(&self, parts: &[JsValue]) {
        let message: Array = parts.iter().collect();
        // Plain data can always be cloned, and the channel is open while this exists.
        let _ = self.channel.post_message(&message);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

fn text(message: &Array, at: u32) -> String {
    message.get(at).as_string().unwrap_or_default()
}

fn number(message: &Array, at: u32) -> Option<u32> {
    message.get(at).as_f64().map(|number| number as u32)
}
