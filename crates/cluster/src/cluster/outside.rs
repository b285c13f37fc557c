//! Connections from outside: code in the page, sockets. They cross the same network as all others.

use super::Cluster;
use super::deliver::News;
use crate::network::{End, Endpoint};
use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_scenario::snapshot::Who;
use konbini_trace::Event;
use std::collections::{BTreeMap, VecDeque};

/// Connections from outside at one time, where a host sets nothing else.
pub const EXTERNAL_CONNECTIONS_MAX: usize = 256;
/// Bytes of one connection that are on their way to its broker; more close the connection. A
/// paused cluster lets nothing arrive, whatever the outside sends.
pub const EXTERNAL_IN_FLIGHT_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Numbers of connections that one boot has for itself.
const NUMBERS_A_BOOT: u32 = 1 << 20;
/// Bytes that go through the network in one piece.
const PIECE_BYTES_MAX: usize = 1024 * 1024;

/// A connection from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(pub u32);

/// What a connection from outside is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalOutput {
    /// The broker accepted. Bytes may be sent before; they wait behind the dialling.
    Connected,
    Received(Bytes),
    /// The broker closed, refused, or lost its power. Nothing follows.
    Closed,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "no broker has the address {host}:{port}; brokers are broker-N:9092 for N from 1 to {brokers}, or localhost at port 9091 + N"
    )]
    NoSuchAddress {
        host: String,
        port: u16,
        brokers: u32,
    },
    #[error("there are {most} connections from outside already")]
    TooMany { most: usize },
}

#[derive(Debug)]
pub(super) struct Outside {
    connections_max: usize,
    connections: BTreeMap<u32, Connection>,
    /// They begin anew with each boot, also where a reload was the power cut: a replay has them all
    /// in one process.
    numbers: u32,
    /// Virtual ms at which somebody outside last did something.
    active_at: Option<i64>,
    told: VecDeque<(ExternalId, ExternalOutput)>,
}

#[derive(Debug, Default)]
struct Connection {
    /// How it calls itself: the `client.id` of its first request.
    name: Option<String>,
    in_flight_bytes: usize,
}

impl Outside {
    pub(super) fn new(connections_max: usize, boot: u32) -> Outside {
        Outside {
            connections_max,
            connections: BTreeMap::new(),
            numbers: first_of(boot),
            active_at: None,
            told: VecDeque::new(),
        }
    }

    /// Bytes that a connection sent have reached its broker.
    pub(super) fn arrived(&mut self, number: u32, bytes: usize) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.in_flight_bytes = connection.in_flight_bytes.saturating_sub(bytes);
        }
    }

    pub(super) fn tell(&mut self, number: u32, news: News) {
        let output = match news {
            News::Connected(_) => ExternalOutput::Connected,
            News::Received(_, bytes) => ExternalOutput::Received(bytes),
            News::Refused(_) | News::Closed(_) => ExternalOutput::Closed,
            News::Accepted(_) | News::Wake => return,
        };
        if output == ExternalOutput::Closed && self.connections.remove(&number).is_none() {
            return;
        }
        self.told.push_back((ExternalId(number), output));
    }

    pub(super) fn name_of(&self, number: u32) -> String {
        let connection = self.connections.get(&number);
        match connection.and_then(|connection| connection.name.as_ref()) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => format!("connection-{}", number % NUMBERS_A_BOOT),
        }
    }

    /// Whether somebody outside did something at this virtual ms.
    pub(super) fn was_active(&self, now: i64) -> bool {
        self.active_at == Some(now)
    }

    /// The power goes; that boot is next.
    pub(super) fn power_out(&mut self, boot: u32) {
        self.numbers = first_of(boot);
        for number in std::mem::take(&mut self.connections).into_keys() {
            self.told
                .push_back((ExternalId(number), ExternalOutput::Closed));
        }
    }
}

impl Cluster {
    /// Opens a connection to a broker from outside. It is refused at once when no broker has that
    /// address; the broker's own answer takes a round trip.
    pub fn connect(&mut self, host: &str, port: u16) -> Result<ExternalId, Refused> {
        let broker = self
            .addresses
            .resolve(host, port)
            .filter(|id| self.has_broker(*id));
        let Some(broker) = broker.filter(|_| !self.dark) else {
            return Err(Refused::NoSuchAddress {
                host: host.to_owned(),
                port,
                brokers: self.scenario.brokers,
            });
        };
        let most = self.outside.connections_max;
        if self.outside.connections.len() >= most {
            return Err(Refused::TooMany { most });
        }
        let number = self.outside.numbers;
        self.outside.numbers = number.wrapping_add(1);
        self.outside.active_at = Some(self.now);
        self.outside
            .connections
            .insert(number, Connection::default());
        self.dial(external_end(number), Some(broker));
        Ok(ExternalId(number))
    }

    /// Sends bytes; does nothing on a connection that is closed.
    pub fn send(&mut self, id: ExternalId, mut bytes: Bytes) {
        let Some(connection) = self.outside.connections.get_mut(&id.0) else {
            return;
        };
        connection.in_flight_bytes += bytes.len();
        self.outside.active_at = Some(self.now);
        if connection.in_flight_bytes > EXTERNAL_IN_FLIGHT_BYTES_MAX {
            let who = Who::Client(self.outside.name_of(id.0));
            let event = Event::warn("connection-flooded");
            self.tell_event(
                who,
                event.with("limit", EXTERNAL_IN_FLIGHT_BYTES_MAX as i64),
            );
            self.outside.told.push_back((id, ExternalOutput::Closed));
            return self.close(id);
        }
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE_BYTES_MAX));
            self.send_bytes(external_end(id.0), piece);
        }
        self.learn_name(id);
    }

    /// Bytes of a connection that its broker has not begun to handle: a host that gets no further
    /// with them reads no more from its socket.
    pub fn backlog_bytes(&self, id: ExternalId) -> usize {
        let connection = self.outside.connections.get(&id.0);
        let in_flight = connection.map_or(0, |connection| connection.in_flight_bytes);
        let link = self.network.find(external_end(id.0));
        let listener = link.and_then(|(link, side)| self.network.end(link, side.other()));
        let waiting = listener.and_then(|end| match end.endpoint {
            Endpoint::Broker(id) => Some(self.brokers.get(&id)?.waiting_bytes(end.conn)),
            _ => None,
        });
        in_flight + waiting.unwrap_or(0)
    }

    /// Closes from outside: the broker learns of it, nothing more is told.
    pub fn close(&mut self, id: ExternalId) {
        if self.outside.connections.remove(&id.0).is_some() {
            self.outside.active_at = Some(self.now);
            self.hang_up(external_end(id.0));
        }
    }

    /// Whether a connection from outside was told anything since then.
    pub fn has_external(&self) -> bool {
        !self.outside.told.is_empty()
    }

    /// What connections from outside were told since the last call.
    pub fn take_external(&mut self) -> Vec<(ExternalId, ExternalOutput)> {
        self.outside.told.drain(..).collect()
    }

    fn learn_name(&mut self, id: ExternalId) {
        let connection = self.outside.connections.get_mut(&id.0);
        let Some(name @ None) = connection.map(|connection| &mut connection.name) else {
            return;
        };
        let link = self.network.find(external_end(id.0));
        let client_id = link.and_then(|(link, _)| self.observer.watch.client_id(link));
        *name = client_id.map(str::to_owned);
    }
}

/// The number of a boot's first connection.
fn first_of(boot: u32) -> u32 {
    boot.wrapping_sub(1).wrapping_mul(NUMBERS_A_BOOT)
}

/// A connection from outside is an endpoint of its own.
fn external_end(number: u32) -> End {
    End {
        endpoint: Endpoint::External(number),
        conn: ConnId::outgoing(0),
    }
}
