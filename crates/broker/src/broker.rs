//! One node as its host sees it: inputs in, outputs out. Decodes requests, calls the handlers of
//! the table, keeps answers in order and parked requests in the purgatory.

use bytes::Bytes;
use konbini_log::DiskImage;
use konbini_protocol::ConnId;
use konbini_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use konbini_protocol::request::{self, RequestError};
use konbini_protocol::{api as wire, response};
use konbini_trace::Event;

use crate::api::{self, Answer, Api, Context, Gate};
use crate::config::BrokerConfig;
use crate::connection::{Connections, NextFrame};
use crate::node::Node;
use crate::purgatory::{Attempt, Parked, Purgatory, ReplyTo, Waiter};
use crate::{
    Input, Output, boot, coordinator, dial, forward, lifecycle, quorum, timers, transactions,
};

/// One Kafka node. Everything it does follows from its inputs.
pub struct Broker {
    pub(crate) node: Node,
    connections: Connections,
    purgatory: Purgatory,
    next_waiter: u64,
    /// Connections that may have a request to handle.
    ready: Vec<ConnId>,
    /// The gates that were open when requests were looked at last: voter, broker.
    open_gates: (bool, bool),
}

impl Broker {
    /// Starts a node from what its disk holds. `now` is virtual Unix time in ms.
    pub fn new(config: BrokerConfig, now: i64, disk: DiskImage) -> Broker {
        let mut broker = Broker {
            node: boot::start(config, now, disk),
            connections: Connections::default(),
            purgatory: Purgatory::default(),
            next_waiter: 0,
            ready: Vec::new(),
            open_gates: (false, false),
        };
        broker.settle();
        broker
    }

    /// Changes the state. All outputs are to be polled before the next call. `now` never decreases.
    pub fn handle(&mut self, now: i64, input: Input) {
        debug_assert!(now >= self.node.now, "time went back");
        self.node.now = now;
        match input {
            Input::Accepted(conn) => self.accepted(conn),
            Input::Connected(conn) => dial::connected(&mut self.node, conn),
            Input::Refused(conn) => dial::lost(&mut self.node, conn),
            Input::Received(conn, bytes) if conn.is_outgoing() => {
                dial::received(&mut self.node, conn, bytes);
            }
            Input::Received(conn, bytes) => self.received(conn, bytes),
            Input::Closed(conn) if conn.is_outgoing() => dial::lost(&mut self.node, conn),
            Input::Closed(conn) => self.closed(conn),
            Input::Loaded(id, result) => boot::loaded(&mut self.node, id, result),
            Input::StoreFailed { dir, reason } => boot::store_failed(&mut self.node, dir, &reason),
            Input::ShutDown => lifecycle::shut_down(&mut self.node),
            Input::Halt => lifecycle::halt(&mut self.node),
            Input::Wake => {}
        }
        self.settle();
    }

    /// The next thing the host has to do. In order; `None` when there is nothing left.
    #[must_use]
    pub fn poll(&mut self) -> Option<Output> {
        self.node.out.pop_front()
    }

    /// When to call [`Broker::handle`] with [`Input::Wake`] if nothing else comes before.
    pub fn wake_at(&self) -> Option<i64> {
        [self.purgatory.wake_at(), timers::wake_at(&self.node)]
            .into_iter()
            .flatten()
            .min()
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn connection_waiting_bytes(&self, conn: ConnId) -> usize {
        self.connections.waiting_bytes(conn)
    }

    pub(crate) fn parked_count(&self) -> usize {
        self.purgatory.len()
    }

    fn accepted(&mut self, conn: ConnId) {
        let limit = self.max_frame_bytes();
        if !self.connections.accept(conn, limit) {
            self.node.emit(Event::warn("too-many-connections"));
            self.node.out.push_back(Output::Close(conn));
        }
    }

    fn max_frame_bytes(&self) -> usize {
        usize::try_from(self.node.setting_number("socket.request.max.bytes")).unwrap_or(0)
    }

    fn received(&mut self, conn: ConnId, bytes: Bytes) {
        let limit = self.max_frame_bytes();
        if self.connections.receive(conn, bytes, limit) {
            self.ready.push(conn);
        } else {
            self.refuse_connection(
                conn,
                "more requests wait than a connection may have".to_owned(),
            );
        }
    }

    /// The other end closed; nobody waits for its answers any more.
    fn closed(&mut self, conn: ConnId) {
        if let Some(waiter) = self.connections.close(conn) {
            self.purgatory.remove(waiter);
            forward::abandon(&mut self.node, waiter);
        }
    }

    /// Bytes that cannot be a request close their connection.
    fn refuse_connection(&mut self, conn: ConnId, reason: String) {
        if !self.connections.is_open(conn) {
            return;
        }
        self.closed(conn);
        self.node.emit(
            Event::warn("connection-closed-by-broker")
                .with("connection", conn.to_string())
                .with("reason", reason),
        );
        self.node.out.push_back(Output::Close(conn));
    }

    /// Runs everything that can go on: requests, answers, timers, until nothing is left. While bytes
    /// are wanted nothing does: what they are wanted for comes first, as if they had been there.
    fn settle(&mut self) {
        while self.node.loads.is_empty() {
            quorum::answer_waiting(&mut self.node);
            coordinator::replay(&mut self.node);
            transactions::replay(&mut self.node);
            if !self.node.loads.is_empty() {
                return;
            }
            timers::run(&mut self.node);
            if self.gates() != self.open_gates {
                self.open_gates = self.gates();
                self.ready.extend(self.connections.held());
            }
            for waiter in self.purgatory.expired(self.node.now) {
                self.attempt(waiter, true);
            }
            let worked = self.drain_replies() | self.drain_signals() | self.drain_requests();
            let replays =
                self.node.groups.replays.is_due() || self.node.transactions.replays.is_due();
            let owes = worked || replays || self.node.quorum.has_appended();
            if !owes && self.gates() == self.open_gates && self.node.loads.is_empty() {
                return dial::send(&mut self.node);
            }
        }
    }

    /// Which gates are open: voter, broker.
    fn gates(&self) -> (bool, bool) {
        (self.node.quorum.is_open(), self.node.lifecycle.was_up())
    }

    fn drain_replies(&mut self) -> bool {
        let replies = std::mem::take(&mut self.node.replies);
        let given_up = std::mem::take(&mut self.node.given_up);
        let any = !replies.is_empty() || !self.node.forwarded.is_empty() || !given_up.is_empty();
        for (waiter, reason) in given_up {
            if let Some(parked) = self.purgatory.remove(waiter) {
                self.refuse_connection(parked.reply_to.conn, reason.to_owned());
            }
        }
        for (waiter, body) in replies {
            if let Some(parked) = self.purgatory.remove(waiter) {
                self.answer(&parked.reply_to, &body);
            }
        }
        for (waiter, frame) in std::mem::take(&mut self.node.forwarded) {
            if let Some(parked) = self.purgatory.remove(waiter) {
                self.send(parked.reply_to.conn, frame);
            }
        }
        any
    }

    fn drain_signals(&mut self) -> bool {
        let mut signals = std::mem::take(&mut self.node.signals);
        signals.sort_unstable();
        signals.dedup();
        let any = !signals.is_empty();
        for signal in signals {
            for waiter in self.purgatory.watching(signal) {
                if !self.node.loads.is_empty() {
                    self.node.signal(signal);
                    break;
                }
                self.attempt(waiter, false);
            }
        }
        any
    }

    fn attempt(&mut self, waiter: Waiter, expired: bool) {
        let Some(mut parked) = self.purgatory.remove(waiter) else {
            return;
        };
        let Some(operation) = &mut parked.operation else {
            self.purgatory.insert(waiter, parked);
            return;
        };
        parked.expired |= expired;
        match operation.attempt(&mut self.node, parked.expired) {
            Attempt::Done(body) => self.answer(&parked.reply_to, &body),
            Attempt::Wait(watches) => {
                parked.watches = watches;
                if parked.expired {
                    parked.deadline = None;
                }
                self.purgatory.insert(waiter, parked);
            }
        }
    }

    fn drain_requests(&mut self) -> bool {
        let ready = std::mem::take(&mut self.ready);
        let mut any = false;
        for (place, conn) in ready.iter().copied().enumerate() {
            loop {
                if !self.node.loads.is_empty() {
                    self.ready.splice(0..0, ready[place..].iter().copied());
                    return any;
                }
                match self.connections.next(conn) {
                    NextFrame::None => break,
                    NextFrame::Bad(error) => {
                        self.refuse_connection(conn, error.to_string());
                        break;
                    }
                    NextFrame::Frame(frame) => {
                        any = true;
                        if !self.dispatch(conn, frame) {
                            break;
                        }
                    }
                }
            }
        }
        any
    }

    /// Handles one request. False when the connection has to wait before the next one.
    fn dispatch(&mut self, conn: ConnId, frame: Bytes) -> bool {
        let (header, _) = match request::decode_header(&frame) {
            Ok(found) => found,
            Err(error) => {
                self.refuse_connection(conn, error.to_string());
                return false;
            }
        };
        let reply_to = ReplyTo {
            conn,
            api_version: header.api_version,
            correlation_id: header.correlation_id,
        };
        let Some(api) = api::find(header.api_key) else {
            let name = wire::name(header.api_key);
            self.refuse_connection(conn, format!("{name} is not served"));
            return false;
        };
        if !(api.min..=api.max).contains(&header.api_version) {
            return self.unsupported(api, &reply_to);
        }
        let request = match request::decode(&frame) {
            Ok(request) => request,
            Err(error) => return self.undecodable(conn, &error),
        };
        if !self.is_open(api, &request.body) {
            self.connections.hold(conn, frame);
            return false;
        }
        let client = request
            .header
            .client_id
            .as_ref()
            .map_or("", |id| id.as_str())
            .to_owned();
        self.run(api, reply_to, &client, &frame, request.body)
    }

    fn undecodable(&mut self, conn: ConnId, error: &RequestError) -> bool {
        self.refuse_connection(conn, error.to_string());
        false
    }

    fn unsupported(&mut self, api: &Api, reply_to: &ReplyTo) -> bool {
        if api.key != ApiKey::ApiVersions {
            let reason = format!(
                "{:?} version {} is not served, only {} to {}",
                api.key, reply_to.api_version, api.min, api.max
            );
            self.refuse_connection(reply_to.conn, reason);
            return false;
        }
        // In version 0, whatever was asked: the client must be able to read it.
        let body = ResponseKind::ApiVersions(api::unsupported_api_versions());
        let reply_to = ReplyTo {
            api_version: 0,
            ..reply_to.clone()
        };
        self.answer(&reply_to, &body);
        true
    }

    fn is_open(&self, api: &Api, request: &RequestKind) -> bool {
        let (voter, broker) = self.gates();
        match api.gate {
            Gate::Broker => broker,
            Gate::Voter | Gate::Controller => voter,
            Gate::Either => broker || (voter && api::is_for_voter(request)),
        }
    }

    fn run(
        &mut self,
        api: &Api,
        reply_to: ReplyTo,
        client: &str,
        frame: &Bytes,
        body: RequestKind,
    ) -> bool {
        let waiter = Waiter(self.next_waiter);
        self.next_waiter += 1;
        let conn = reply_to.conn;
        if self.purgatory.is_full() {
            self.refuse_connection(conn, "too many requests are waiting".to_owned());
            return false;
        }
        let context = Context {
            waiter,
            conn,
            version: reply_to.api_version,
            client_id: client,
            frame,
            forwarded: false,
        };
        self.node.quorum.begin_request();
        let mut answer = (api.handle)(&mut self.node, &context, body);
        if api::is_decided_by_controller(api) {
            answer = quorum::answer_after_commit(&mut self.node, waiter, answer);
        }
        match answer {
            Answer::Respond(body) => {
                self.answer(&reply_to, &body);
                true
            }
            Answer::Nothing => true,
            Answer::Close(reason) => {
                self.refuse_connection(conn, reason);
                false
            }
            Answer::Park {
                deadline,
                watches,
                operation,
            } => {
                self.connections.set_busy(conn, waiter);
                self.purgatory.insert(
                    waiter,
                    Parked {
                        reply_to,
                        deadline,
                        expired: false,
                        watches,
                        operation,
                    },
                );
                false
            }
        }
    }

    fn answer(&mut self, reply_to: &ReplyTo, body: &ResponseKind) {
        let (id, version) = (reply_to.correlation_id, reply_to.api_version);
        match response::encode_kind(id, version, body) {
            Ok(frame) => self.send(reply_to.conn, frame),
            // A handler set a field that this version does not have: a mistake in this node.
            Err(error) => {
                debug_assert!(false, "{error}");
                self.refuse_connection(reply_to.conn, error.to_string());
            }
        }
    }

    fn send(&mut self, conn: ConnId, frame: Bytes) {
        if self.connections.is_open(conn) {
            self.connections.set_idle(conn);
            self.ready.push(conn);
            self.node.out.push_back(Output::Send(conn, frame));
        }
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("node", &self.node.config.node_id)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
