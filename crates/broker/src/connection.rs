//! Connections that clients and other brokers opened: bytes become frames, one request of a
//! connection is handled at a time, the rest waits its turn. That keeps answers in order, as
//! Kafka's socket server does by muting a channel.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_protocol::frame::{FrameError, FrameReader};

use crate::purgatory::Waiter;

/// Most connections a node accepts at once. Hosts have limits of their own, below it.
pub(crate) const MAX_CONNECTIONS: usize = 100_000;
/// Most bytes of requests that wait behind the one in progress, per connection, beyond one frame of
/// the largest size allowed.
pub(crate) const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

struct Connection {
    reader: FrameReader,
    /// The request in progress. Nothing else of this connection is looked at meanwhile.
    busy: Option<Waiter>,
    /// A frame that could not be served yet because the node is not ready.
    held: Option<Bytes>,
}

/// What a connection has to offer next.
pub(crate) enum NextFrame {
    Frame(Bytes),
    None,
    Bad(FrameError),
}

#[derive(Default)]
pub(crate) struct Connections {
    open: BTreeMap<ConnId, Connection>,
}

impl Connections {
    /// False when there are too many; the connection is then to be closed.
    pub fn accept(&mut self, conn: ConnId, max_frame_bytes: usize) -> bool {
        if self.open.len() >= MAX_CONNECTIONS {
            return false;
        }
        let reader = FrameReader::with_limit(max_frame_bytes);
        self.open.insert(
            conn,
            Connection {
                reader,
                busy: None,
                held: None,
            },
        );
        true
    }

    /// False when more waits than is allowed; the connection is then to be closed.
    pub fn receive(&mut self, conn: ConnId, bytes: Bytes, max_frame_bytes: usize) -> bool {
        let Some(connection) = self.open.get_mut(&conn) else {
            return true;
        };
        connection.reader.push(bytes);
        connection.reader.pending_bytes() <= max_frame_bytes.saturating_add(MAX_WAITING_BYTES)
    }

    /// The next request of a connection that has none in progress.
    pub fn next(&mut self, conn: ConnId) -> NextFrame {
        let Some(connection) = self.open.get_mut(&conn) else {
            return NextFrame::None;
        };
        if connection.busy.is_some() {
            return NextFrame::None;
        }
        if let Some(frame) = connection.held.take() {
            return NextFrame::Frame(frame);
        }
        match connection.reader.next() {
            Ok(Some(frame)) => NextFrame::Frame(frame),
            Ok(None) => NextFrame::None,
            Err(error) => NextFrame::Bad(error),
        }
    }

    /// Puts a frame back at the front until the node can serve it.
    pub fn hold(&mut self, conn: ConnId, frame: Bytes) {
        if let Some(connection) = self.open.get_mut(&conn) {
            connection.held = Some(frame);
        }
    }

    /// Connections whose first request was held back.
    pub fn held(&self) -> Vec<ConnId> {
        self.open
            .iter()
            .filter(|(_, c)| c.held.is_some())
            .map(|(conn, _)| *conn)
            .collect()
    }

    pub fn set_busy(&mut self, conn: ConnId, waiter: Waiter) {
        if let Some(connection) = self.open.get_mut(&conn) {
            connection.busy = Some(waiter);
        }
    }

    pub fn set_idle(&mut self, conn: ConnId) {
        if let Some(connection) = self.open.get_mut(&conn) {
            connection.busy = None;
        }
    }

    /// Forgets a connection; returns the request that was in progress.
    pub fn close(&mut self, conn: ConnId) -> Option<Waiter> {
        self.open
            .remove(&conn)
            .and_then(|connection| connection.busy)
    }

    /// Bytes of requests that wait for their turn. A request of which a part is missing, and which
    /// would be next, waits for nothing but its own bytes: who held those back would wait for ever.
    pub fn waiting_bytes(&self, conn: ConnId) -> usize {
        let waits = |c: &&Connection| c.busy.is_some() || c.held.is_some();
        let connection = self.open.get(&conn).filter(waits);
        connection.map_or(0, |connection| {
            connection.reader.pending_bytes() + connection.held.as_ref().map_or(0, Bytes::len)
        })
    }

    pub fn is_open(&self, conn: ConnId) -> bool {
        self.open.contains_key(&conn)
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }
}
