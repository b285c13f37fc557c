//! An attached tab's side: its page's requests go to the owner's worker, until it is the owner.

use super::{ALL, Channel, OWNER, lock_of, number, text};
use crate::inbox::{Inbox, Input, PageId};
use crate::locks;
use crate::ports::{PortEnd, PortId, ToClient};
use bytes::Bytes;
use js_sys::{Array, Uint8Array};
use konbini_bridge::{Command, Notice, Passing, Refusal, Request, Update};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Socket error codes that an owner may name; another is taken for the first.
const SOCKET_ERRORS: [&str; 2] = ["ECONNREFUSED", "ECONNRESET"];

/// Relays until this tab has become the owner. What its page still waits for is then answered or
/// asked again, and the stored run is opened.
///
/// # Errors
/// The browser has no BroadcastChannel, or grants no lock.
pub async fn attached(
    playground: &str,
    inbox: &Inbox,
    to_page: impl Fn(&str),
) -> Result<(), JsValue> {
    let mut tab = Tab::join(playground, inbox, &to_page).await?;
    to_page(&Update::Notice(Notice::OwnedByOtherTab).to_text());
    tab.send(&["hello".into()]);
    let owner = Rc::new(Cell::new(false));
    wasm_bindgen_futures::spawn_local({
        let (owner, inbox, playground) = (owner.clone(), inbox.clone(), playground.to_owned());
        async move {
            // Without the lock somebody else may be the owner: this tab stays attached.
            if locks::hold(&playground).await.is_ok() {
                owner.set(true);
                inbox.signal().raise();
            }
        }
    });
    while !owner.get() {
        while let Some(message) = tab.next_message() {
            tab.take(&message);
        }
        while tab.welcome
            && let Some(input) = inbox.take()
        {
            tab.forward(input);
        }
        inbox.signal().wait().await;
    }
    tab.take_over();
    to_page(&Update::Notice(Notice::BecameOwner).to_text());
    Ok(())
}

struct Tab<'a> {
    name: String,
    inbox: &'a Inbox,
    to_page: &'a dyn Fn(&str),
    channel: Channel,
    arrived: Rc<RefCell<VecDeque<Array>>>,
    /// Whether the owner has heard of us.
    welcome: bool,
    /// Requests without an answer.
    outstanding: BTreeMap<u32, Command>,
    /// The page's last `Open`.
    opened: Option<Request>,
    ports: BTreeMap<PortId, PortEnd>,
}

impl<'a> Tab<'a> {
    async fn join(
        playground: &str,
        inbox: &'a Inbox,
        to_page: &'a dyn Fn(&str),
    ) -> Result<Tab<'a>, JsValue> {
        // A name among the few tabs of one browser; it decides nothing.
        let name = format!("{:x}", (js_sys::Math::random() * 2f64.powi(52)) as u64);
        // Before the greeting, so that the owner never finds it free while we live.
        locks::hold(&lock_of(playground, &name)).await?;
        let arrived: Rc<RefCell<VecDeque<Array>>> = Rc::default();
        let channel = Channel::join(playground, {
            let (arrived, inbox) = (arrived.clone(), inbox.clone());
            move |message| {
                arrived.borrow_mut().push_back(message);
                inbox.signal().raise();
            }
        })?;
        Ok(Tab {
            name,
            inbox,
            to_page,
            channel,
            arrived,
            welcome: false,
            outstanding: BTreeMap::new(),
            opened: None,
            ports: BTreeMap::new(),
        })
    }

    fn next_message(&self) -> Option<Array> {
        self.arrived.borrow_mut().pop_front()
    }

    fn send(&self, parts: &[JsValue]) {
        let mut message: Vec<JsValue> = vec![OWNER.into(), self.name.as_str().into()];
        message.extend_from_slice(parts);
        self.channel.send(&message);
    }

    fn take(&mut self, message: &Array) {
        let to = text(message, 0);
        if to == ALL {
            self.owner_changed();
            return;
        }
        if to != self.name {
            return;
        }
        let port = || number(message, 2).map(PortId);
        match text(message, 1).as_str() {
            "welcome" => self.welcome = true,
            "update" => self.update(&text(message, 2)),
            "open" => self.to_port(port(), ToClient::Open),
            "bytes" => {
                if let Ok(bytes) = message.get(3).dyn_into::<Uint8Array>() {
                    self.to_port(port(), ToClient::Bytes(Bytes::from(bytes.to_vec())));
                }
            }
            "end" => {
                self.to_port(port(), ToClient::End);
                port().map(|port| self.ports.remove(&port));
            }
            "error" => {
                let code = text(message, 3);
                let known = SOCKET_ERRORS.into_iter().find(|known| *known == code);
                self.to_port(port(), ToClient::Error(known.unwrap_or(SOCKET_ERRORS[0])));
                port().map(|port| self.ports.remove(&port));
            }
            _ => {}
        }
    }

    fn to_port(&self, port: Option<PortId>, message: ToClient) {
        if let Some(end) = port.and_then(|port| self.ports.get(&port)) {
            end.send(message);
        }
    }

    fn update(&mut self, update: &str) {
        match Passing::of(update) {
            Ok(Passing::Reply { id }) => drop(self.outstanding.remove(&id)),
            Ok(Passing::Frame) => self
                .outstanding
                .retain(|_, command| !matches!(command, Command::Frame)),
            Ok(Passing::Other) => {}
            Err(error) => {
                let error = error.to_string();
                return web_sys::console::error_2(
                    &"an update cannot be read".into(),
                    &error.into(),
                );
            }
        }
        (self.to_page)(update);
    }

    fn forward(&mut self, input: Input) {
        match input {
            Input::Request { request, port, .. } => {
                let message = request.to_text().into();
                if matches!(request.command, Command::Open { .. }) {
                    self.opened = Some(request.clone());
                }
                self.outstanding.insert(request.id, request.command);
                let number = port
                    .as_ref()
                    .map_or(JsValue::UNDEFINED, |end| end.id.0.into());
                self.ports.extend(port.map(|end| (end.id, end)));
                self.send(&["request".into(), message, number]);
            }
            Input::PortBytes(port, bytes) => {
                let bytes = Uint8Array::from(bytes.as_ref());
                self.send(&["bytes".into(), port.0.into(), bytes.into()]);
            }
            Input::PortEnded(port) => {
                self.ports.remove(&port);
                self.send(&["end".into(), port.0.into()]);
            }
            // Only a host is told of these.
            Input::PageGone(_) | Input::Loaded { .. } | Input::Lent { .. } => {}
        }
    }

    /// Another tab is the owner now: greets it, and asks again what can be asked again.
    fn owner_changed(&mut self) {
        self.welcome = false;
        self.ask_again();
        self.send(&["hello".into()]);
    }

    /// This tab is the owner now: its page's run goes on here.
    fn take_over(mut self) {
        self.ask_again();
    }

    /// Opens the run again, then asks for outstanding frames; refuses the rest. Connections end.
    fn ask_again(&mut self) {
        for end in std::mem::take(&mut self.ports).into_values() {
            end.send(ToClient::End);
        }
        let again = |request| {
            self.inbox.push(Input::Request {
                page: PageId::OWN,
                request,
                port: None,
            });
        };
        if let Some(mut open) = self.opened.clone() {
            // Whatever was replaced then must not be replaced again.
            if let Command::Open { replace, .. } = &mut open.command {
                *replace = false;
            }
            self.outstanding.remove(&open.id);
            again(open);
        }
        for (id, command) in std::mem::take(&mut self.outstanding) {
            if matches!(command, Command::Frame) {
                again(Request { id, command });
                continue;
            }
            let code = "owner-gone".to_owned();
            let message =
                "The tab that ran the cluster was closed before it answered; try again.".to_owned();
            let outcome = Err(Refusal { code, message });
            (self.to_page)(&Update::Reply { id, outcome }.to_text());
        }
    }
}
