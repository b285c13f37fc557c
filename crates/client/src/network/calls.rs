//! Sending: choosing a node and a version, negotiating versions, giving requests their numbers.

use bytes::Bytes;
use kafka_protocol::protocol::{Message, Request};
use konbini_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, ResponseKind,
};
use konbini_protocol::{ConnId, ResponseError, StrBytes, api, request, response};
use konbini_trace::Event;

use super::link::{Ask, InFlight, State};
use super::{Completion, Lost, Network, Wire, bootstrap_id, broker_of};
use crate::failure::response_error;

/// The name and version that ApiVersions carries (KIP-511).
const SOFTWARE_NAME: &str = "konbini";

/// How one request is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// Overrides `request.timeout.ms` where an answer may take longer (JoinGroup).
    pub(crate) timeout_ms: Option<i64>,
    /// No version above this one, whatever both sides know.
    pub(crate) max_version: i16,
    /// Produce with acks=0 has no response at all.
    pub(crate) answered: bool,
}

impl Default for Call {
    fn default() -> Call {
        Call {
            timeout_ms: None,
            max_version: i16::MAX,
            answered: true,
        }
    }
}

fn decode<R: Request>(frame: &Bytes, version: i16) -> Result<(i32, ResponseKind), String>
where
    ResponseKind: From<R::Response>,
{
    let (id, body) = response::decode::<R>(frame, version).map_err(|e| e.to_string())?;
    Ok((id, body.into()))
}

impl<P> Network<P> {
    /// Whether a request may go to this node now. Dials when the node is not connected and its
    /// backoff has passed.
    pub(crate) fn ready(&mut self, now: i64, node: i32) -> bool {
        let closing = self.closing;
        let Some(link) = self.links.get_mut(&node) else {
            return false;
        };
        match link.state {
            State::Ready => link.in_flight.len() < self.max_in_flight,
            State::Disconnected if !closing => {
                link.wanted = true;
                if now >= link.retry_at {
                    self.dial(now, node);
                }
                false
            }
            _ => false,
        }
    }

    /// Whether the node could not be reached last time and waits before the next try.
    pub(crate) fn is_failing(&self, now: i64, node: i32) -> bool {
        self.links.get(&node).is_none_or(|link| {
            link.state == State::Disconnected && link.failures > 0 && now < link.retry_at
        })
    }

    fn dial(&mut self, now: i64, node: i32) {
        let conn = ConnId::outgoing(self.next_conn);
        self.next_conn += 1;
        let deadline = now + self.config.socket_connection_setup_timeout_ms;
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        link.state = State::Dialling { deadline };
        link.conn = Some(conn);
        link.wanted = false;
        link.reader = Default::default();
        let host = link.address.host.clone();
        let port = link.address.port;
        self.nodes_by_conn.insert(conn, node);
        self.wires.push_back(Wire::Dial { conn, host, port });
    }

    pub(super) fn connected(&mut self, now: i64, conn: ConnId) {
        let Some(&node) = self.nodes_by_conn.get(&conn) else {
            return;
        };
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        link.state = State::Negotiating;
        link.last_used = now;
        self.ask_versions(now, node, ApiVersionsRequest::VERSIONS.max);
    }

    fn ask_versions(&mut self, now: i64, node: i32, version: i16) {
        let mut request = ApiVersionsRequest::default();
        if version >= 3 {
            request.client_software_name = StrBytes::from_static_str(SOFTWARE_NAME);
            request.client_software_version = StrBytes::from_static_str(env!("CARGO_PKG_VERSION"));
        }
        self.put(now, node, Ask::Versions, version, Call::default(), &request);
    }

    pub(super) fn negotiated(&mut self, now: i64, node: i32, response: &ApiVersionsResponse) {
        let ours = ApiVersionsRequest::VERSIONS;
        let key = ApiVersionsRequest::KEY;
        match response_error(response.error_code) {
            None => {}
            Some(ResponseError::UnsupportedVersion) => {
                // The refusal is a v0 body that names what the broker can do (KIP-511).
                let told = response.api_keys.iter().find(|row| row.api_key == key);
                let version = told.map_or(0, |row| row.max_version.clamp(0, ours.max - 1));
                return self.ask_versions(now, node, version);
            }
            Some(_) => return self.drop_link(now, node, "versions-refused"),
        }
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        let rows = response.api_keys.iter();
        link.versions = rows
            .map(|r| (r.api_key, (r.min_version, r.max_version)))
            .collect();
        link.state = State::Ready;
        let again = link.failures > 0;
        link.failures = 0;
        let address = link.address.to_string();
        if again {
            let event = Event::info("client-reconnected").with("broker", broker_of(node));
            self.event(event.with("address", address));
        }
    }

    /// The highest version of an API that this node and we know; `None` without a common one or
    /// before versions are known.
    pub(crate) fn version<R: Request>(&self, node: i32, max_version: i16) -> Option<i16> {
        // Some responses are known in newer versions than their requests.
        let ours = R::VERSIONS.intersect(&R::Response::VERSIONS);
        let (min, max) = *self.links.get(&node)?.versions.get(&R::KEY)?;
        let version = ours.max.min(max).min(max_version);
        (version >= ours.min.max(min)).then_some(version)
    }

    /// Sends a request that `build` makes for the negotiated version. The node must be
    /// [`Self::ready`]; without a common version the completion says so.
    pub(crate) fn send<R>(
        &mut self,
        now: i64,
        node: i32,
        purpose: P,
        call: Call,
        build: impl FnOnce(i16) -> R,
    ) where
        R: Request,
        ResponseKind: From<R::Response>,
    {
        let Some(version) = self.version::<R>(node, call.max_version) else {
            let result = Err(Lost::UnsupportedVersion {
                api: api::name(R::KEY),
            });
            return self.completions.push_back(Completion {
                node,
                purpose,
                result,
            });
        };
        self.put(
            now,
            node,
            Ask::Client(purpose),
            version,
            call,
            &build(version),
        );
    }

    /// From now on no topic is made by asking for it: whoever is about to go needs none, and one that
    /// was deleted meanwhile must not come back.
    pub(crate) fn create_no_more_topics(&mut self) {
        self.config.allow_auto_create_topics = false;
    }

    fn put<R>(&mut self, now: i64, node: i32, ask: Ask<P>, version: i16, call: Call, body: &R)
    where
        R: Request,
        ResponseKind: From<R::Response>,
    {
        let correlation_id = self.next_correlation;
        self.next_correlation = self.next_correlation.wrapping_add(1) & i32::MAX;
        let header = request::RequestHeader {
            api_key: R::KEY,
            api_version: version,
            correlation_id,
            client_id: Some(StrBytes::from_string(self.config.client_id.clone())),
        };
        let encoded = request::encode(&header, body);
        let timeout = call.timeout_ms.unwrap_or(self.config.request_timeout_ms);
        let Some(link) = self.links.get_mut(&node) else {
            return;
        };
        let (Ok(bytes), Some(conn)) = (encoded, link.conn) else {
            // A message this version cannot carry: the same end as having no common version.
            if let Ask::Client(purpose) = ask {
                let result = Err(Lost::UnsupportedVersion {
                    api: api::name(R::KEY),
                });
                self.completions.push_back(Completion {
                    node,
                    purpose,
                    result,
                });
            }
            return;
        };
        link.last_used = now;
        if call.answered {
            link.in_flight.push_back(InFlight {
                correlation_id,
                version,
                deadline: now + timeout,
                decode: decode::<R>,
                ask,
            });
        }
        self.wires.push_back(Wire::Send(conn, bytes));
    }

    /// A node that can take a request now, the least busy one, or none yet (then one is being
    /// dialled). Bootstrap servers count while no broker is known or none can be reached.
    pub(crate) fn least_loaded(&mut self, now: i64) -> Option<i32> {
        let mut nodes: Vec<i32> = self.metadata.brokers.keys().copied().collect();
        if nodes.iter().all(|node| self.is_failing(now, *node)) {
            nodes.extend((0..self.config.bootstrap_servers.len()).map(bootstrap_id));
        }
        let busy = |node: &i32| {
            self.links
                .get(node)
                .map_or(usize::MAX, |l| l.in_flight.len())
        };
        let ready = nodes.iter().copied().filter(|node| {
            let link = self.links.get(node);
            link.is_some_and(|l| l.state == State::Ready && l.in_flight.len() < self.max_in_flight)
        });
        if let Some(node) = ready.min_by_key(busy) {
            return Some(node);
        }
        let on_its_way = |node: &i32| {
            let link = self.links.get(node);
            link.is_some_and(|l| matches!(l.state, State::Dialling { .. } | State::Negotiating))
        };
        if nodes.iter().any(on_its_way) || self.closing {
            return None;
        }
        // Who is connected has no room for another request: somebody else is dialled.
        nodes.retain(|node| {
            let link = self.links.get(node);
            link.is_none_or(|link| link.state == State::Disconnected)
        });
        if nodes.is_empty() {
            return None;
        }
        let first = self.seed.below(nodes.len());
        nodes.rotate_left(first);
        for node in nodes {
            self.ready(now, node);
            if self
                .links
                .get(&node)
                .is_some_and(|l| l.state != State::Disconnected)
            {
                break;
            }
        }
        None
    }

    pub(super) fn refresh_metadata(&mut self, now: i64) {
        if self.closing || self.metadata.due_at().is_none_or(|at| now < at) {
            return;
        }
        let Some(node) = self.least_loaded(now) else {
            return;
        };
        let Some(version) = self.version::<MetadataRequest>(node, i16::MAX) else {
            return self.drop_link(now, node, "no-common-version");
        };
        let create = self.config.allow_auto_create_topics;
        let request: MetadataRequest = self.metadata.request(create || version < 4);
        self.put(now, node, Ask::Metadata, version, Call::default(), &request);
    }
}
