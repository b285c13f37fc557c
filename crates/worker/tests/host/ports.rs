//! Kafka connections of code in the page.

use crate::lies::Fault;
use crate::page::{MINUTE, Page};
use js_sys::{Array, Reflect, Uint8Array};
use konbini_bridge::Command;
use konbini_scenario::catalogue;
use konbini_worker::clock::Timer;
use konbini_worker::ports::PortEnd;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{MessageChannel, MessageEvent, MessagePort};

/// The client's end of a port.
struct Client {
    port: MessagePort,
    /// Kinds of messages, and all bytes.
    heard: Rc<RefCell<(Vec<String>, Vec<u8>)>>,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Client {
    /// A channel: our end, and the one to transfer.
    fn new() -> (Client, MessagePort) {
        let channel = MessageChannel::new().unwrap();
        let heard: Rc<RefCell<(Vec<String>, Vec<u8>)>> = Rc::default();
        let listener = Closure::wrap(Box::new({
            let heard = heard.clone();
            move |event: MessageEvent| {
                let data = event.data();
                let mut heard = heard.borrow_mut();
                if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
                    heard.1.extend(bytes.to_vec());
                    return;
                }
                let field = |name: &str| Reflect::get(&data, &name.into()).unwrap().as_string();
                let kind = [field("t"), field("code")].into_iter().flatten();
                heard.0.push(kind.collect::<Vec<_>>().join(" "));
            }
        }) as Box<dyn FnMut(MessageEvent)>);
        let port = channel.port1();
        port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        let client = Client {
            port,
            heard,
            _listener: listener,
        };
        (client, channel.port2())
    }

    async fn connect(page: &Page, host: &str, number: u16) -> (Client, bool) {
        let (client, theirs) = Client::new();
        let end = PortEnd::of_port(theirs, &page.inbox);
        let connect = Command::Connect {
            host: host.to_owned(),
            port: number,
        };
        let id = page.post(connect, Some(end));
        let accepted = page.reply(id).await.is_ok();
        (client, accepted)
    }

    fn send(&self, bytes: &[u8]) {
        let bytes = Uint8Array::from(bytes);
        self.port
            .post_message_with_transferable(&bytes, &Array::of1(&bytes.buffer()))
            .unwrap();
    }

    async fn until(&self, holds: impl Fn(&[String], &[u8]) -> bool) {
        for _ in 0..500 {
            {
                let heard = self.heard.borrow();
                if holds(&heard.0, &heard.1) {
                    return;
                }
            }
            Timer::new(4).await;
        }
        panic!("in 2 s only {:?}", self.heard.borrow());
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
    }
}

/// ApiVersions 0 with a header of version 1, client id "t".
///
/// ```text
/// size:4  api:2=18  version:2=0  correlation:4  client id: length:2, bytes
/// ```
fn api_versions(correlation: u32) -> Vec<u8> {
    let mut frame = vec![0, 0, 0, 11, 0, 18, 0, 0];
    frame.extend(correlation.to_be_bytes());
    frame.extend([0, 1, b't']);
    frame
}

#[wasm_bindgen_test]
async fn bytes_go_both_ways_and_come_in_any_pieces() {
    let page = Page::fresh("port-bytes").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Speed(10_000)).await;
    page.done(Command::Resume).await;
    for (host, number) in [("broker-1", 9092), ("localhost", 9093), ("127.0.0.1", 9094)] {
        let (client, accepted) = Client::connect(&page, host, number).await;
        assert!(accepted, "{host}:{number}");
        let request = api_versions(77);
        // Sent before it is open, and in two pieces.
        client.send(&request[..6]);
        client.send(&request[6..]);
        client.until(|_, bytes| bytes.len() > 8).await;
        let heard = client.heard.borrow();
        assert_eq!(heard.0, ["open"]);
        let size = u32::from_be_bytes(heard.1[..4].try_into().unwrap());
        assert_eq!(size as usize, heard.1.len() - 4);
        assert_eq!(heard.1[4..8], 77u32.to_be_bytes());
    }
    page.close();
}

#[wasm_bindgen_test]
async fn an_unknown_address_is_refused_as_a_socket_would() {
    let page = Page::fresh("port-refused").await;
    page.open(catalogue::first_light()).await;
    let (client, accepted) = Client::connect(&page, "broker-9", 9092).await;
    assert!(!accepted);
    client
        .until(|kinds, _| kinds == ["error ECONNREFUSED"])
        .await;
    page.close();
}

#[wasm_bindgen_test]
async fn a_broken_frame_ends_the_connection() {
    let page = Page::fresh("port-broken").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    page.done(Command::Speed(10_000)).await;
    page.done(Command::Resume).await;
    let (client, _) = Client::connect(&page, "broker-1", 9092).await;
    client.send(&[0xff, 0xff, 0xff, 0xff, 0, 0]);
    client.until(|kinds, _| kinds == ["open", "end"]).await;
    page.close();
}

#[wasm_bindgen_test]
async fn nothing_leaves_before_it_is_stored() {
    let page = Page::fresh("port-output-commit").await;
    page.open(catalogue::first_light()).await;
    page.done(Command::Advance(MINUTE)).await;
    let (client, accepted) = Client::connect(&page, "broker-1", 9092).await;
    assert!(accepted);
    client.send(&api_versions(5));
    // Lets the port's message arrive before the disk fills up.
    Timer::new(20).await;
    let full = Fault::on_put("QuotaExceededError");
    page.post(Command::Advance(MINUTE), None);
    page.notice(|notice| matches!(notice, konbini_bridge::Notice::StorageFull { .. }))
        .await;
    Timer::new(50).await;
    // The broker has answered in virtual time, along with a minute of records that are not stored.
    assert_eq!(*client.heard.borrow(), (Vec::new(), Vec::new()));
    drop(full);
    page.done(Command::Resume).await;
    client
        .until(|kinds, bytes| kinds == ["open"] && bytes.len() > 8)
        .await;
    page.close();
}
