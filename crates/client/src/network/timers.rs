//! What time does to connections: set-up, request and idle timeouts, and the wait before dialling
//! again.

use konbini_trace::Event;

use super::link::{Ask, State};
use super::{Completion, Lost, Network, Wire, broker_of};
use crate::backoff::Backoff;

impl<P> Network<P> {
    /// Does what is due. Every call into a client runs it.
    pub(crate) fn tick(&mut self, now: i64) {
        self.ticked_at = now;
        let nodes: Vec<i32> = self.links.keys().copied().collect();
        for node in nodes {
            self.tick_link(now, node);
        }
        self.refresh_metadata(now);
    }

    fn tick_link(&mut self, now: i64, node: i32) {
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        match link.state {
            // Whoever still wants it asks again in this round and dials.
            State::Disconnected if now >= link.retry_at => link.wanted = false,
            State::Dialling { deadline } if now >= deadline => {
                self.drop_link(now, node, "connection-setup-timeout");
            }
            State::Ready | State::Negotiating => {
                if link.in_flight.iter().any(|request| now >= request.deadline) {
                    self.close_conn(node);
                    self.lost(now, node, "request-timeout", &Lost::TimedOut);
                } else if link.in_flight.is_empty()
                    && now
                        >= link
                            .last_used
                            .saturating_add(self.config.connections_max_idle_ms)
                {
                    self.close_conn(node);
                    self.forget(node);
                }
            }
            _ => {}
        }
    }

    /// Ends the connection from our side.
    pub(crate) fn drop_link(&mut self, now: i64, node: i32, why: &'static str) {
        if self
            .links
            .get(&node)
            .is_some_and(|link| link.state != State::Disconnected)
        {
            self.close_conn(node);
            self.lost(now, node, why, &Lost::Disconnected);
        }
    }

    fn close_conn(&mut self, node: i32) {
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        if let Some(conn) = link.conn.take() {
            self.nodes_by_conn.remove(&conn);
            self.wires.push_back(Wire::Close(conn));
        }
    }

    /// A connection that nobody needs is closed without being a failure.
    fn forget(&mut self, node: i32) {
        if let Some(link) = self.links.get_mut(&node) {
            link.state = State::Disconnected;
            link.conn = None;
            link.wanted = false;
        }
    }

    /// The connection is gone: its requests fail, and the node rests for its backoff.
    pub(super) fn lost(&mut self, now: i64, node: i32, why: &'static str, lost: &Lost) {
        let backoff = Backoff {
            initial_ms: self.config.reconnect_backoff_ms,
            max_ms: self.config.reconnect_backoff_max_ms,
        };
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        let delay = backoff.delay(link.failures, &mut self.seed);
        link.failures = link.failures.saturating_add(1);
        link.state = State::Disconnected;
        link.conn = None;
        link.retry_at = now + delay;
        let first = link.failures == 1;
        let address = link.address.to_string();
        let requests = std::mem::take(&mut link.in_flight);
        let event = if first {
            Event::warn("client-disconnected")
        } else {
            Event::detail("client-disconnected")
        };
        let event = event
            .with("broker", broker_of(node))
            .with("address", address);
        let setting = if *lost == Lost::TimedOut {
            "request.timeout.ms"
        } else {
            "reconnect.backoff.ms"
        };
        self.event(
            event
                .with("reason", why)
                .with("retry-in-ms", delay)
                .because_of(setting),
        );
        for request in requests {
            match request.ask {
                Ask::Versions => {}
                Ask::Metadata => self.metadata.failed(now, &mut self.seed),
                Ask::Client(purpose) => {
                    let result = Err(lost.clone());
                    self.completions.push_back(Completion {
                        node,
                        purpose,
                        result,
                    });
                }
            }
        }
        self.metadata.request_update();
    }

    /// The next time at which something here is due.
    pub(crate) fn wake_at(&self) -> Option<i64> {
        if self.closing {
            return None;
        }
        let mut next: Option<i64> = None;
        let mut at = |time: i64| next = Some(next.map_or(time, |n: i64| n.min(time)));
        for link in self.links.values() {
            match link.state {
                State::Disconnected if link.wanted => at(link.retry_at),
                State::Disconnected => {}
                State::Dialling { deadline } => at(deadline),
                State::Negotiating | State::Ready => {
                    match link.in_flight.iter().map(|request| request.deadline).min() {
                        Some(deadline) => at(deadline),
                        None => at(link
                            .last_used
                            .saturating_add(self.config.connections_max_idle_ms)),
                    }
                }
            }
        }
        // Overdue means that it waits for a connection, which is counted above.
        if let Some(due) = self.metadata.due_at()
            && due > self.ticked_at
        {
            at(due);
        }
        next
    }
}
