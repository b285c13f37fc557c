//! A connection that this node opens to another one, and the requests that travel on it.
//!
//! A broker answers one request a connection at a time, so whatever must not wait behind something
//! else has a channel of its own, as in Kafka: heartbeats, forwarded requests and changes of in-sync
//! replicas to the controller, one to each voter for the requests of the quorum, and one to each
//! leader for the fetches of what this node follows.

use std::collections::VecDeque;

use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_protocol::frame::FrameReader;
use konbini_protocol::messages::RequestKind;
use konbini_protocol::request::{self, RequestHeader};
use konbini_protocol::{StrBytes, api, response};

use konbini_raft::CallId;

use crate::node::TopicPartition;
use crate::purgatory::Waiter;

/// `reconnect.backoff.ms` and `reconnect.backoff.max.ms` of Kafka's own channels, in ms.
const BACKOFF_MS: i64 = 50;
const BACKOFF_MAX_MS: i64 = 1_000;
/// How long a response may take, in ms (`request.timeout.ms`).
const REQUEST_TIMEOUT_MS: i64 = 30_000;
/// How long a connection may take to open, in ms (`socket.connection.setup.timeout.ms`).
const CONNECT_TIMEOUT_MS: i64 = 10_000;

/// Why a request was sent, and so what its response is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Register,
    Heartbeat,
    /// A request of the quorum (KRaft).
    Quorum(CallId),
    ProducerIds,
    /// A topic that a client asked for, or that the broker needs.
    AutoCreate,
    /// On behalf of a client's request.
    Forward(Waiter),
    /// Nobody waits for the answer any more.
    Abandoned,
    AlterPartition,
    LoseReplicas,
    /// Fetches what this node follows, from the leader with that id.
    FetchReplicas(i32),
    /// Asks a leader where its log of a partition starts and ends.
    LookUpEnds(i32, TopicPartition),
    /// Markers of ended transactions, for that broker's partitions.
    WriteMarkers(i32),
    /// Whether partitions belong to a transaction; the number of the verification.
    VerifyTransaction(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub purpose: Purpose,
    pub api_key: i16,
    pub api_version: i16,
    correlation_id: i32,
    pub frame: Bytes,
    /// When it was sent, ms.
    sent_at: i64,
}

/// What a channel leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The controller, wherever that is.
    Controller,
    /// A voter of the quorum.
    Voter,
    /// A leader that is followed.
    Leader,
    /// A broker that is told or asked of transactions, now and then.
    Broker,
}

#[derive(Debug)]
enum State {
    Down { retry_at: i64 },
    Dialling { conn: ConnId, since: i64 },
    Up(ConnId),
}

#[derive(Debug)]
pub(crate) struct Channel {
    /// The node at the other end; none as long as no controller is known.
    pub peer: Option<i32>,
    role: Role,
    state: State,
    reader: FrameReader,
    failures: u32,
    /// Not before this time is anything sent, ms.
    pause_until: Option<i64>,
    next_correlation_id: i32,
    /// Not sent yet.
    queue: VecDeque<Call>,
    /// Sent, in order; responses come in this order.
    in_flight: VecDeque<Call>,
}

/// Something a channel wants its owner to do.
pub(crate) enum Wish {
    Dial,
    Send(ConnId, Bytes),
}

/// The other end sent something that is no response to what was asked.
pub(crate) struct BadPeer(pub String);

impl Channel {
    pub fn to_controller(now: i64) -> Channel {
        Channel {
            peer: None,
            role: Role::Controller,
            state: State::Down { retry_at: now },
            reader: FrameReader::new(),
            failures: 0,
            pause_until: None,
            next_correlation_id: 0,
            queue: VecDeque::new(),
            in_flight: VecDeque::new(),
        }
    }

    pub fn to_voter(id: i32, now: i64) -> Channel {
        Channel {
            peer: Some(id),
            role: Role::Voter,
            ..Channel::to_controller(now)
        }
    }

    pub fn to_broker(id: i32, now: i64) -> Channel {
        Channel {
            peer: Some(id),
            role: Role::Broker,
            ..Channel::to_controller(now)
        }
    }

    pub fn to_leader(id: i32, now: i64) -> Channel {
        Channel {
            peer: Some(id),
            role: Role::Leader,
            ..Channel::to_controller(now)
        }
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// What was not sent to a controller outlives the connection; other requests are made anew rather
    /// than sent late.
    fn keeps_queue(&self) -> bool {
        self.role == Role::Controller
    }

    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    pub fn conn(&self) -> Option<ConnId> {
        match self.state {
            State::Down { .. } => None,
            State::Dialling { conn, .. } | State::Up(conn) => Some(conn),
        }
    }

    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty()
    }

    pub fn queue_len(&self) -> usize {
        self.queue.len() + self.in_flight.len()
    }

    /// Queues a request. A request that cannot be encoded is a mistake in this node.
    pub fn call(&mut self, purpose: Purpose, version: i16, client: &str, body: &RequestKind) {
        let correlation_id = self.take_correlation_id();
        let key = api::key_of_request(body);
        let header = RequestHeader {
            api_key: key as i16,
            api_version: version,
            correlation_id,
            client_id: Some(StrBytes::from_string(client.to_owned())),
        };
        let frame = request::encode_kind(&header, body)
            .expect("requests between brokers set only fields that their version has");
        self.queue.push_back(Call {
            purpose,
            api_key: header.api_key,
            api_version: version,
            correlation_id,
            frame,
            sent_at: i64::MAX,
        });
    }

    fn take_correlation_id(&mut self) -> i32 {
        let id = self.next_correlation_id;
        self.next_correlation_id = id.wrapping_add(1);
        id
    }

    /// Queues again what was in flight on a connection that broke.
    pub fn retry(&mut self, call: Call) {
        self.queue.push_back(call);
    }

    /// Queues again what the other end cannot answer yet; nothing is sent for a while. The connection
    /// stays: others wait for their answers on it.
    pub fn again(&mut self, call: Call, now: i64) {
        self.queue.push_back(call);
        self.pause_until = Some(now.saturating_add(BACKOFF_MS));
    }

    /// Nobody waits for the answer to a call any more: it is not sent, or its answer is for nobody.
    pub fn abandon(&mut self, purpose: Purpose) {
        self.queue.retain(|call| call.purpose != purpose);
        let sent = self.in_flight.iter_mut();
        sent.filter(|call| call.purpose == purpose)
            .for_each(|call| call.purpose = Purpose::Abandoned);
    }

    /// What to do now: dial, or send what is queued. To be called until it returns `None`.
    pub fn poll(&mut self, now: i64) -> Option<Wish> {
        self.pause_until = self.pause_until.filter(|until| *until > now);
        match self.state {
            State::Down { retry_at } if self.wants_up() && retry_at <= now => Some(Wish::Dial),
            State::Up(conn) if self.pause_until.is_none() => {
                let mut call = self.queue.pop_front()?;
                call.sent_at = now;
                let frame = call.frame.clone();
                self.in_flight.push_back(call);
                Some(Wish::Send(conn, frame))
            }
            _ => None,
        }
    }

    fn wants_up(&self) -> bool {
        self.peer.is_some() && !self.queue.is_empty()
    }

    /// When the channel has something to do without anything else happening.
    pub fn wake_at(&self) -> Option<i64> {
        let next = match self.state {
            State::Down { retry_at } if self.wants_up() => Some(retry_at),
            State::Up(_) if !self.queue.is_empty() => self.pause_until,
            _ => None,
        };
        [next, self.times_out_at()].into_iter().flatten().min()
    }

    /// The connection that the other end does not answer on any more.
    pub fn timed_out(&self, now: i64) -> Option<ConnId> {
        self.times_out_at().filter(|at| *at <= now).and(self.conn())
    }

    fn times_out_at(&self) -> Option<i64> {
        match self.state {
            State::Down { .. } => None,
            State::Dialling { since, .. } => Some(since.saturating_add(CONNECT_TIMEOUT_MS)),
            State::Up(_) => {
                let oldest = self.in_flight.front()?;
                Some(oldest.sent_at.saturating_add(REQUEST_TIMEOUT_MS))
            }
        }
    }

    pub fn dialled(&mut self, conn: ConnId, now: i64) {
        self.state = State::Dialling { conn, since: now };
    }

    pub fn connected(&mut self) {
        if let State::Dialling { conn, .. } = self.state {
            self.state = State::Up(conn);
            self.failures = 0;
        }
    }

    /// The connection is gone; returns what was in flight, and what was queued if that is not kept.
    pub fn lost(&mut self, now: i64) -> Vec<Call> {
        let backoff = (BACKOFF_MS << self.failures.min(8)).min(BACKOFF_MAX_MS);
        self.failures += 1;
        self.state = State::Down {
            retry_at: now.saturating_add(backoff),
        };
        self.reader = FrameReader::new();
        let mut lost: Vec<Call> = self.in_flight.drain(..).collect();
        if !self.keeps_queue() {
            lost.extend(self.queue.drain(..));
        }
        lost
    }

    /// The channel leads to another node from now on, or to none: what was in flight is lost.
    pub fn redirect(&mut self, peer: Option<i32>, now: i64) {
        self.peer = peer;
        self.failures = 0;
        self.pause_until = None;
        self.state = State::Down { retry_at: now };
    }

    /// Takes everything that was not sent.
    pub fn take_queue(&mut self) -> Vec<Call> {
        self.queue.drain(..).collect()
    }

    pub fn receive(&mut self, bytes: Bytes) {
        self.reader.push(bytes);
    }

    /// The next response and the call it answers.
    pub fn next_response(&mut self) -> Result<Option<(Call, Bytes)>, BadPeer> {
        let Some(frame) = self
            .reader
            .next()
            .map_err(|error| BadPeer(error.to_string()))?
        else {
            return Ok(None);
        };
        let Some(call) = self.in_flight.pop_front() else {
            return Err(BadPeer("a response that nothing asked for".to_owned()));
        };
        match response::correlation_id(&frame) {
            Some(id) if id == call.correlation_id => Ok(Some((call, frame))),
            _ => Err(BadPeer("a response with another correlation id".to_owned())),
        }
    }
}
