//! Connections to brokers: one per node id, version negotiation, correlation ids, requests in
//! flight, timeouts and reconnecting. It also keeps [`Metadata`] fresh, as Java's `NetworkClient`
//! does. Answers come back as [`Completion`]s that carry what the caller wanted to remember.

mod calls;
mod link;
mod timers;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_protocol::messages::ResponseKind;
use konbini_trace::Event;

use crate::backoff::Backoff;
use crate::config::{ClientConfig, HostPort};
use crate::metadata::Metadata;
use crate::seed::Seed;
pub(crate) use calls::Call;
use link::{Ask, Link, State};

/// What a host tells a client. Connections are named by the client, in its `Dial` output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Connected(ConnId),
    /// The address does not answer.
    Refused(ConnId),
    /// Any piece of the connection's bytes.
    Received(ConnId, Bytes),
    /// The other side closed, or the connection broke.
    Closed(ConnId),
    /// Time has come: see `wake_at`.
    Wake,
}

/// What a client asks of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wire {
    Dial {
        conn: ConnId,
        host: String,
        port: u16,
    },
    Send(ConnId, Bytes),
    Close(ConnId),
}

impl Wire {
    pub fn conn(&self) -> ConnId {
        match self {
            Wire::Dial { conn, .. } | Wire::Send(conn, _) | Wire::Close(conn) => *conn,
        }
    }
}

/// What a client asks of its host, and what it tells: `T` is what only its kind of client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<T> {
    Wire(Wire),
    /// For the timeline.
    Event(Event),
    /// For the application.
    Told(T),
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    Disconnected,
    TimedOut,
    /// Broker and client have no version of this API in common.
    UnsupportedVersion {
        api: String,
    },
}

/// The end of a request.
#[derive(Debug)]
pub(crate) struct Completion<P> {
    pub(crate) node: i32,
    pub(crate) purpose: P,
    pub(crate) result: Result<ResponseKind, Lost>,
}

/// Bootstrap servers are nodes too, with ids from -1 downwards as in Java.
fn bootstrap_id(index: usize) -> i32 {
    -1 - index as i32
}

/// A group coordinator has a connection of its own, so that heartbeats never queue behind a fetch.
pub(crate) fn coordinator_id(broker: i32) -> i32 {
    i32::MAX - broker
}

/// A node's id as people know it: the broker's, or -1 for a bootstrap server.
pub(crate) fn broker_of(node: i32) -> i32 {
    if node < 0 {
        -1
    } else if node > i32::MAX / 2 {
        i32::MAX - node
    } else {
        node
    }
}

pub(crate) struct Network<P> {
    config: ClientConfig,
    max_in_flight: usize,
    pub(crate) metadata: Metadata,
    pub(crate) seed: Seed,
    links: BTreeMap<i32, Link<P>>,
    nodes_by_conn: BTreeMap<ConnId, i32>,
    next_conn: u64,
    next_correlation: i32,
    wires: VecDeque<Wire>,
    events: VecDeque<Event>,
    completions: VecDeque<Completion<P>>,
    /// Nothing new is sent or dialled.
    closing: bool,
    /// When [`Network::tick`] last ran: what was due by then has been seen to.
    ticked_at: i64,
}

impl<P> Network<P> {
    pub(crate) fn new(config: ClientConfig, max_in_flight: usize, seed: u64) -> Network<P> {
        let backoff = Backoff {
            initial_ms: config.retry_backoff_ms,
            max_ms: config.retry_backoff_max_ms,
        };
        let metadata = Metadata::new(config.metadata_max_age_ms, backoff);
        let servers = config.bootstrap_servers.iter().enumerate();
        let links = servers.map(|(i, address)| (bootstrap_id(i), Link::new(address.clone())));
        Network {
            links: links.collect(),
            metadata,
            max_in_flight: max_in_flight.max(1),
            config,
            seed: Seed::new(seed),
            nodes_by_conn: BTreeMap::new(),
            next_conn: 0,
            next_correlation: 0,
            wires: VecDeque::new(),
            events: VecDeque::new(),
            completions: VecDeque::new(),
            closing: false,
            ticked_at: i64::MIN,
        }
    }

    pub(crate) fn next_output<T>(&mut self) -> Option<Output<T>> {
        let wire = self.wires.pop_front().map(Output::Wire);
        wire.or_else(|| self.events.pop_front().map(Output::Event))
    }

    pub(crate) fn next_completion(&mut self) -> Option<Completion<P>> {
        self.completions.pop_front()
    }

    /// Whether something was completed that nobody has looked at.
    pub(crate) fn has_completions(&self) -> bool {
        !self.completions.is_empty()
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Makes a node known that metadata does not name (a coordinator).
    pub(crate) fn add_node(&mut self, now: i64, node: i32, address: HostPort) {
        match self.links.get(&node) {
            Some(link) if link.address == address => {}
            Some(_) => {
                self.drop_link(now, node, "address-changed");
                self.links.insert(node, Link::new(address));
            }
            None => {
                self.links.insert(node, Link::new(address));
            }
        }
    }

    pub(crate) fn handle(&mut self, now: i64, input: Input) {
        match input {
            Input::Connected(conn) => self.connected(now, conn),
            Input::Refused(conn) => self.ended(now, conn, "refused"),
            Input::Closed(conn) => self.ended(now, conn, "closed"),
            Input::Received(conn, bytes) => self.received(now, conn, bytes),
            Input::Wake => {}
        }
        self.tick(now);
    }

    fn ended(&mut self, now: i64, conn: ConnId, why: &'static str) {
        if let Some(node) = self.nodes_by_conn.remove(&conn) {
            self.lost(now, node, why, &Lost::Disconnected);
        }
    }

    fn received(&mut self, now: i64, conn: ConnId, bytes: Bytes) {
        let Some(&node) = self.nodes_by_conn.get(&conn) else {
            return;
        };
        if let Some(link) = self.links.get_mut(&node) {
            link.reader.push(bytes);
        }
        // A frame may close the connection, and then there is nothing more to read.
        while self.nodes_by_conn.get(&conn) == Some(&node) {
            let Some(link) = self.links.get_mut(&node) else {
                return;
            };
            match link.reader.next() {
                Ok(None) => return,
                Ok(Some(frame)) => self.answered(now, node, &frame),
                Err(_) => self.drop_link(now, node, "malformed-frame"),
            }
        }
    }

    /// Matches a response with the oldest request in flight: a broker answers in order.
    fn answered(&mut self, now: i64, node: i32, frame: &Bytes) {
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        let Some(request) = link.in_flight.pop_front() else {
            return self.drop_link(now, node, "unexpected-response");
        };
        link.last_used = now;
        match (request.decode)(frame, request.version) {
            Ok((correlation_id, body)) if correlation_id == request.correlation_id => {
                self.complete(now, node, request.ask, body);
            }
            _ => {
                // Put back: whoever asked must hear that the connection broke.
                link.in_flight.push_front(request);
                self.drop_link(now, node, "malformed-response");
            }
        }
    }

    fn complete(&mut self, now: i64, node: i32, ask: Ask<P>, body: ResponseKind) {
        match (ask, body) {
            (Ask::Client(purpose), body) => {
                self.completions.push_back(Completion {
                    node,
                    purpose,
                    result: Ok(body),
                });
            }
            (Ask::Versions, ResponseKind::ApiVersions(response)) => {
                self.negotiated(now, node, &response);
            }
            (Ask::Metadata, ResponseKind::Metadata(response)) => {
                self.metadata.update(now, &response, &mut self.seed);
                self.adopt_brokers(now);
            }
            _ => self.drop_link(now, node, "unexpected-response"),
        }
    }

    /// Brings connections in line with the brokers that metadata names.
    fn adopt_brokers(&mut self, now: i64) {
        let gone: Vec<i32> = self
            .links
            .iter()
            .filter(|(id, _)| (0..i32::MAX / 2).contains(*id))
            .filter(|(id, link)| self.metadata.brokers.get(id) != Some(&link.address))
            .map(|(id, _)| *id)
            .collect();
        for node in gone {
            self.drop_link(now, node, "address-changed");
            self.links.remove(&node);
        }
        for (id, address) in &self.metadata.brokers {
            self.links
                .entry(*id)
                .or_insert_with(|| Link::new(address.clone()));
        }
    }

    /// Closes every connection. Answers that are still out are dropped.
    pub(crate) fn close(&mut self) {
        self.closing = true;
        for conn in std::mem::take(&mut self.nodes_by_conn).into_keys() {
            self.wires.push_back(Wire::Close(conn));
        }
        for link in self.links.values_mut() {
            link.state = State::Disconnected;
            link.conn = None;
            link.in_flight.clear();
            link.wanted = false;
        }
    }
}
