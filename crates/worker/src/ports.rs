//! Kafka connections of code in the page: bytes through a `MessagePort`.
//!
//! A `Uint8Array` is data, its buffer transferred; everything else is an object: `{t: 'open'}`,
//! `{t: 'end'}` and `{t: 'error', code}` to the client, `{t: 'end'}` from it. One message is any
//! piece of the stream, as with a socket. Bytes may be sent before `open`.

use crate::inbox::{Inbox, Input};
use bytes::Bytes;
use js_sys::{Array, Object, Reflect, Uint8Array};
use konbini_cluster::ExternalId;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

/// A port on this side, from its arrival on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortId(pub u32);

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToClient {
    Open,
    Bytes(Bytes),
    End,
    /// The code of Node's socket error, such as `ECONNREFUSED`.
    Error(&'static str),
}

/// Our end of a connection: a port of this tab's page, or one that an attached tab holds.
pub struct PortEnd {
    pub id: PortId,
    send: Box<dyn Fn(ToClient)>,
}

impl PortEnd {
    pub fn new(id: PortId, send: impl Fn(ToClient) + 'static) -> PortEnd {
        PortEnd {
            id,
            send: Box::new(send),
        }
    }

    /// Takes a port that was transferred to this worker.
    pub fn of_port(port: MessagePort, inbox: &Inbox) -> PortEnd {
        let id = inbox.next_port();
        let listener = Closure::wrap(Box::new({
            let inbox = inbox.clone();
            move |event: MessageEvent| {
                if let Some(input) = from_client(id, &event.data()) {
                    inbox.push(input);
                }
            }
        }) as Box<dyn FnMut(MessageEvent)>);
        // Setting the handler also starts the port.
        port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        let own = OwnPort {
            port,
            _listener: listener,
        };
        PortEnd::new(id, move |message| post(&own.port, &message))
    }

    pub fn send(&self, message: ToClient) {
        (self.send)(message);
    }
}

/// A port of this worker; it closes when this is dropped.
struct OwnPort {
    port: MessagePort,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for OwnPort {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// What a message of the client means; nothing for one that we do not know.
fn from_client(id: PortId, data: &JsValue) -> Option<Input> {
    if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
        return Some(Input::PortBytes(id, Bytes::from(bytes.to_vec())));
    }
    let kind = Reflect::get(data, &"t".into()).ok()?.as_string()?;
    (kind == "end").then_some(Input::PortEnded(id))
}

/// Posts a message as the client expects it.
fn post(port: &MessagePort, message: &ToClient) {
    let (value, transfer) = to_js(message);
    // A port whose other side is gone takes messages without a word; nothing else can fail here.
    let _ = port.post_message_with_transferable(&value, &transfer);
}

fn to_js(message: &ToClient) -> (JsValue, Array) {
    let object = |kind: &str, code: Option<&str>| {
        let object = Object::new();
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&object, &"t".into(), &kind.into());
        if let Some(code) = code {
            let _ = Reflect::set(&object, &"code".into(), &code.into());
        }
        (JsValue::from(object), Array::new())
    };
    match message {
        ToClient::Bytes(bytes) => {
            // A copy of its own: what leaves is transferred, and wasm memory cannot be.
            let bytes = Uint8Array::from(bytes.as_ref());
            let transfer = Array::of1(&bytes.buffer());
            (bytes.into(), transfer)
        }
        ToClient::Open => object("open", None),
        ToClient::End => object("end", None),
        ToClient::Error(code) => object("error", Some(code)),
    }
}

/// The open ports and the cluster's connections behind them.
#[derive(Default)]
pub struct Ports {
    by_connection: BTreeMap<ExternalId, Port>,
    connections: BTreeMap<PortId, ExternalId>,
}

struct Port {
    end: PortEnd,
    page: crate::inbox::PageId,
    open: bool,
}

impl Ports {
    pub fn add(&mut self, id: ExternalId, end: PortEnd, page: crate::inbox::PageId) {
        self.connections.insert(end.id, id);
        let port = Port {
            end,
            page,
            open: false,
        };
        self.by_connection.insert(id, port);
    }

    pub fn connection(&self, port: PortId) -> Option<ExternalId> {
        self.connections.get(&port).copied()
    }

    /// Tells the client what the cluster said; a connection that ends before it opened was refused.
    pub fn tell(&mut self, id: ExternalId, output: konbini_cluster::ExternalOutput) {
        use konbini_cluster::ExternalOutput;
        let Some(port) = self.by_connection.get_mut(&id) else {
            return;
        };
        match output {
            ExternalOutput::Connected => {
                port.open = true;
                port.end.send(ToClient::Open);
            }
            ExternalOutput::Received(bytes) => port.end.send(ToClient::Bytes(bytes)),
            ExternalOutput::Closed => {
                port.end.send(if port.open {
                    ToClient::End
                } else {
                    ToClient::Error("ECONNREFUSED")
                });
                self.forget(id);
            }
        }
    }

    pub fn forget(&mut self, id: ExternalId) {
        if let Some(port) = self.by_connection.remove(&id) {
            self.connections.remove(&port.end.id);
        }
    }

    /// The connections of a page that is gone.
    pub fn of_page(&self, page: crate::inbox::PageId) -> Vec<ExternalId> {
        let of_page = self
            .by_connection
            .iter()
            .filter(|(_, port)| port.page == page);
        of_page.map(|(&id, _)| id).collect()
    }

    /// Ends them all: the cluster behind them is gone.
    pub fn end_all(&mut self) {
        for port in std::mem::take(&mut self.by_connection).into_values() {
            port.end.send(ToClient::End);
        }
        self.connections.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.by_connection.is_empty()
    }
}
