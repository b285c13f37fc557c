//! The owner's side: attached tabs as further pages of the host.

use super::{ALL, Channel, OWNER, lock_of, number, text};
use crate::inbox::{Inbox, Input, PageId};
use crate::locks;
use crate::page;
use crate::ports::{PortEnd, PortId, ToClient};
use bytes::Bytes;
use js_sys::{Array, Uint8Array};
use konbini_bridge::Update;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A handle; clones are the same.
#[derive(Clone)]
pub struct Owner(Rc<State>);

struct State {
    playground: String,
    inbox: Inbox,
    channel: RefCell<Option<Channel>>,
    tabs: RefCell<Tabs>,
}

#[derive(Default)]
struct Tabs {
    pages: BTreeMap<String, PageId>,
    names: BTreeMap<PageId, String>,
    /// Ports that tabs keep, by the tab's own numbers.
    ports: BTreeMap<(PageId, u32), PortId>,
    /// Pages so far.
    numbers: u32,
}

impl Owner {
    /// Begins to serve other tabs and tells them so.
    ///
    /// # Errors
    /// The browser has no BroadcastChannel.
    pub fn start(playground: &str, inbox: &Inbox) -> Result<Owner, JsValue> {
        let owner = Owner(Rc::new(State {
            playground: playground.to_owned(),
            inbox: inbox.clone(),
            channel: RefCell::new(None),
            tabs: RefCell::default(),
        }));
        let channel = Channel::join(playground, {
            let owner = owner.clone();
            move |message| owner.take(&message)
        })?;
        channel.send(&[ALL.into(), "owner".into()]);
        *owner.0.channel.borrow_mut() = Some(channel);
        Ok(owner)
    }

    /// Sends an update to an attached tab.
    pub fn update(&self, page: PageId, update: &Update) {
        self.send(page, &["update".into(), update.to_text().into()]);
    }

    fn send(&self, page: PageId, parts: &[JsValue]) {
        let Some(tab) = self.0.tabs.borrow().names.get(&page).cloned() else {
            return;
        };
        let mut message = vec![JsValue::from(tab)];
        message.extend_from_slice(parts);
        if let Some(channel) = &*self.0.channel.borrow() {
            channel.send(&message);
        }
    }

    fn take(&self, message: &Array) {
        if text(message, 0) != OWNER {
            return;
        }
        let tab = text(message, 1);
        if text(message, 2) == "hello" {
            self.welcome(tab);
            return;
        }
        let Some(page) = self.0.tabs.borrow().pages.get(&tab).copied() else {
            return;
        };
        match text(message, 2).as_str() {
            "request" => self.request(page, message),
            "bytes" => {
                if let (Some(port), Ok(bytes)) = (
                    self.port(page, message),
                    message.get(4).dyn_into::<Uint8Array>(),
                ) {
                    let bytes = Bytes::from(bytes.to_vec());
                    self.0.inbox.push(Input::PortBytes(port, bytes));
                }
            }
            "end" => {
                if let Some(port) = self.port(page, message) {
                    self.0.inbox.push(Input::PortEnded(port));
                }
            }
            _ => {}
        }
    }

    fn welcome(&self, tab: String) {
        let mut tabs = self.0.tabs.borrow_mut();
        let known = tabs.pages.get(&tab).copied();
        let page = known.unwrap_or_else(|| {
            tabs.numbers += 1;
            let page = PageId(tabs.numbers);
            tabs.pages.insert(tab.clone(), page);
            tabs.names.insert(page, tab.clone());
            page
        });
        drop(tabs);
        self.send(page, &["welcome".into()]);
        if known.is_none() {
            let owner = self.clone();
            wasm_bindgen_futures::spawn_local(async move {
                locks::wait_until_free(&lock_of(&owner.0.playground, &tab)).await;
                owner.forget(&tab);
            });
        }
    }

    fn forget(&self, tab: &str) {
        let mut tabs = self.0.tabs.borrow_mut();
        if let Some(page) = tabs.pages.remove(tab) {
            tabs.names.remove(&page);
            tabs.ports.retain(|(of, _), _| *of != page);
            self.0.inbox.push(Input::PageGone(page));
        }
    }

    fn request(&self, page: PageId, message: &Array) {
        if let Some(request) = page::request(&message.get(3)) {
            let port = number(message, 4).map(|number| self.port_end(page, number));
            self.0.inbox.push(Input::Request {
                page,
                request,
                port,
            });
        }
    }

    fn port(&self, page: PageId, message: &Array) -> Option<PortId> {
        let number = number(message, 3)?;
        self.0.tabs.borrow().ports.get(&(page, number)).copied()
    }

    /// Our end of a port that a tab keeps.
    fn port_end(&self, page: PageId, number: u32) -> PortEnd {
        let id = self.0.inbox.next_port();
        self.0.tabs.borrow_mut().ports.insert((page, number), id);
        let owner = self.clone();
        PortEnd::new(id, move |message| {
            let number = JsValue::from(number);
            match message {
                ToClient::Open => owner.send(page, &["open".into(), number]),
                ToClient::End => owner.send(page, &["end".into(), number]),
                ToClient::Error(code) => owner.send(page, &["error".into(), number, code.into()]),
                ToClient::Bytes(bytes) => {
                    let bytes = Uint8Array::from(bytes.as_ref());
                    owner.send(page, &["bytes".into(), number, bytes.into()]);
                }
            }
        })
    }
}
