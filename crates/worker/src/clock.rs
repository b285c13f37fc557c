//! The real clock, and the two ways to give the thread back: a macrotask, and a timer.
//!
//! Only the pace of a run and figures for the reader come from here; nothing of it reaches the
//! cluster.

use crate::signal::Signal;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &js_sys::Function, ms: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

/// Real ms since this worker was started.
pub fn real_ms() -> f64 {
    performance_now()
}

/// Yields to the browser's other tasks. A nested `setTimeout(0)` would cost 4 ms each time, a
/// message to oneself costs 5 µs.
pub struct Yielder {
    sender: MessagePort,
    arrived: Signal,
    receiver: MessagePort,
    _on_message: Closure<dyn FnMut()>,
}

impl Yielder {
    pub fn new() -> Result<Yielder, JsValue> {
        let channel = MessageChannel::new()?;
        let arrived = Signal::default();
        let on_message = Closure::wrap(Box::new({
            let arrived = arrived.clone();
            move || arrived.raise()
        }) as Box<dyn FnMut()>);
        let receiver = channel.port1();
        receiver.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Yielder {
            sender: channel.port2(),
            arrived,
            receiver,
            _on_message: on_message,
        })
    }

    pub async fn pause(&self) {
        // A message to oneself can only fail to be cloned, and null can be.
        if self.sender.post_message(&JsValue::NULL).is_ok() {
            self.arrived.wait().await;
        }
    }
}

impl Drop for Yielder {
    fn drop(&mut self) {
        self.receiver.set_onmessage(None);
    }
}

/// A timer that ends when this is dropped.
pub struct Timer {
    id: JsValue,
    fired: JsFuture,
}

impl Timer {
    pub fn new(ms: i32) -> Timer {
        let mut id = JsValue::UNDEFINED;
        let promise = Promise::new(&mut |resolve, _| id = set_timeout(&resolve, ms));
        Timer {
            id,
            fired: JsFuture::from(promise),
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        std::pin::Pin::new(&mut self.fired).poll(context).map(drop)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}
