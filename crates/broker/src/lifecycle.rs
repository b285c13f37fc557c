//! From start to serving: recover, register with the controller, catch up with the metadata, be
//! unfenced; then heartbeats for ever (KIP-631). As long as no controller is known, the call waits
//! in its channel.
//!
//! The node that is the controller does the same with itself, without a connection.
//!
//! And to the end: a controlled shutdown (KIP-143) asks the controller in heartbeats to take over
//! what this node leads, and stops when the controller says that it may, or after
//! [`CONTROLLED_SHUTDOWN_PATIENCE_MS`].

use konbini_protocol::ResponseError;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::broker_registration_request::Listener;
use konbini_protocol::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerId, BrokerRegistrationRequest,
    BrokerRegistrationResponse, RequestKind,
};
use konbini_trace::Event;
use uuid::Uuid;

use crate::Output;
use crate::channel::Purpose;
use crate::controller::brokers;
use crate::node::Node;
use crate::purgatory::Watch;
use crate::quorum::{self, Then};
use crate::replica::{self, reconcile};

const REGISTRATION_VERSION: i16 = 4;
const HEARTBEAT_VERSION: i16 = 1;
/// Pause before a refused registration is tried again, in ms.
const RETRY_MS: i64 = 500;
/// How long a controlled shutdown waits for the controller, in ms, as in Kafka's `BrokerServer`.
pub const CONTROLLED_SHUTDOWN_PATIENCE_MS: i64 = 300_000;
/// When to ask again after the first answer that was no leave to go, in ms, as in Kafka.
const ASK_SOON_MS: i64 = 50;

/// What a node is doing, as the observer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Reads its logs, or is not registered and unfenced yet.
    Starting,
    /// Alive for the controller and for clients.
    Up,
    /// Was up; the controller does not hear it, or it does not hear the controller.
    Fenced,
}

#[derive(Debug)]
pub(crate) struct Lifecycle {
    incarnation: Uuid,
    recovered: bool,
    broker_epoch: Option<i64>,
    /// A registration or heartbeat is on its way.
    waiting: bool,
    next_ms: i64,
    was_up: bool,
    /// When the controller answered a heartbeat last, ms.
    last_answer_ms: i64,
    leaving: Option<Leaving>,
    stopped: bool,
}

/// A controlled shutdown under way.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    /// ms
    since: i64,
    /// The controller has heard of it.
    heard: bool,
}

impl Lifecycle {
    pub fn new(incarnation: Uuid, now: i64) -> Lifecycle {
        Lifecycle {
            incarnation,
            recovered: false,
            broker_epoch: None,
            waiting: false,
            next_ms: now,
            was_up: false,
            last_answer_ms: now,
            leaving: None,
            stopped: false,
        }
    }

    pub fn broker_epoch(&self) -> Option<i64> {
        self.broker_epoch
    }

    pub fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// Clients are served from the first unfencing on.
    pub fn was_up(&self) -> bool {
        self.was_up
    }

    /// Whether a controlled shutdown is under way.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    pub fn wake_at(&self) -> Option<i64> {
        if self.stopped {
            return None;
        }
        let next = (self.recovered && !self.waiting).then_some(self.next_ms);
        let patience = self.leaving.map(Leaving::ends_at);
        next.into_iter().chain(patience).min()
    }
}

impl Leaving {
    fn ends_at(self) -> i64 {
        self.since.saturating_add(CONTROLLED_SHUTDOWN_PATIENCE_MS)
    }
}

pub(crate) fn state(node: &Node, now: i64) -> State {
    if !node.lifecycle.was_up {
        State::Starting
    } else if is_alive(node) && hears_controller(node, now) {
        State::Up
    } else {
        State::Fenced
    }
}

/// A controller that does not answer for a session's time has fenced this node by now, but a node
/// that is cut off does not get to know it.
fn hears_controller(node: &Node, now: i64) -> bool {
    let session = node.setting_ms("broker.session.timeout.ms");
    node.is_controller() || now - node.lifecycle.last_answer_ms < session
}

/// Whether the image shows this boot of this node as alive.
fn is_alive(node: &Node) -> bool {
    is_registered(node) && node.metadata.image.is_alive(node.config.node_id)
}

/// Whether the image knows this boot of this node. What it says about an earlier boot, such as
/// leadership, is out of date.
pub(crate) fn is_registered(node: &Node) -> bool {
    let broker = node.metadata.image.brokers.get(&node.config.node_id);
    broker.is_some_and(|broker| broker.incarnation == node.lifecycle.incarnation)
}

/// The metadata log and all logs are in order.
pub(crate) fn recovered(node: &mut Node) {
    node.lifecycle.recovered = true;
    node.lifecycle.next_ms = node.now;
    tick(node);
}

/// Begins a controlled shutdown.
pub(crate) fn shut_down(node: &mut Node) {
    if node.lifecycle.stopped || node.lifecycle.is_leaving() {
        return;
    }
    node.lifecycle.leaving = Some(Leaving {
        since: node.now,
        heard: false,
    });
    // Who is not registered has nothing to hand over.
    if !node.lifecycle.recovered || node.lifecycle.broker_epoch.is_none() {
        return halt(node);
    }
    node.lifecycle.next_ms = node.now;
    tick(node);
}

/// Ends with everything stored, so that the next start has next to nothing to read.
pub(crate) fn halt(node: &mut Node) {
    if node.lifecycle.recovered && !node.lifecycle.stopped {
        replica::close_logs(node);
        quorum::close_log(node);
    }
    stop(node);
}

/// Nothing more is done here: the host ends the process.
pub(crate) fn stop(node: &mut Node) {
    if !std::mem::replace(&mut node.lifecycle.stopped, true) {
        node.out.push_back(Output::Stopped);
    }
}

fn give_up(node: &mut Node) {
    node.emit(
        Event::warn("controlled-shutdown-gave-up").with("ms", CONTROLLED_SHUTDOWN_PATIENCE_MS),
    );
    halt(node);
}

/// Registers or sends a heartbeat when it is time.
pub(crate) fn tick(node: &mut Node) {
    let lifecycle = &node.lifecycle;
    if lifecycle.stopped {
        return;
    }
    if lifecycle
        .leaving
        .is_some_and(|leaving| leaving.ends_at() <= node.now)
    {
        return give_up(node);
    }
    if !lifecycle.recovered || lifecycle.waiting || lifecycle.next_ms > node.now {
        return;
    }
    if node.is_controller() {
        return tick_locally(node);
    }
    let (purpose, version, body) = match lifecycle.broker_epoch {
        None => {
            let body = RequestKind::BrokerRegistration(registration(node));
            (Purpose::Register, REGISTRATION_VERSION, body)
        }
        Some(epoch) => {
            let body = RequestKind::BrokerHeartbeat(heartbeat(node, epoch));
            (Purpose::Heartbeat, HEARTBEAT_VERSION, body)
        }
    };
    node.lifecycle.waiting = true;
    node.channels
        .lifecycle
        .call(purpose, version, &node.client_name, &body);
}

fn tick_locally(node: &mut Node) {
    match node.lifecycle.broker_epoch {
        None => {
            let request = registration(node);
            match brokers::register(node, &request) {
                Ok(epoch) => {
                    node.lifecycle.waiting = true;
                    quorum::after_commit(node, Then::Registered(epoch));
                }
                Err(error) => registration_refused(node, error),
            }
        }
        Some(epoch) => {
            let request = heartbeat(node, epoch);
            let response = brokers::heartbeat(node, &request);
            heartbeat_answered(node, &response);
        }
    }
}

fn registration(node: &Node) -> BrokerRegistrationRequest {
    let config = &node.config;
    let listener = Listener::default()
        .with_name(StrBytes::from_static_str("PLAINTEXT"))
        .with_host(StrBytes::from_string(config.host.clone()))
        .with_port(config.port);
    BrokerRegistrationRequest::default()
        .with_broker_id(BrokerId(config.node_id))
        .with_cluster_id(StrBytes::from_string(config.cluster_id.clone()))
        .with_incarnation_id(node.lifecycle.incarnation)
        .with_listeners(vec![listener])
        .with_rack(config.rack.clone().map(StrBytes::from_string))
        .with_log_dirs(vec![brokers::log_dir_id(
            &config.cluster_id,
            config.node_id,
        )])
        .with_previous_broker_epoch(-1)
}

fn heartbeat(node: &Node, epoch: i64) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest::default()
        .with_broker_id(BrokerId(node.config.node_id))
        .with_broker_epoch(epoch)
        .with_current_metadata_offset(node.metadata.end_offset() - 1)
        .with_want_shut_down(node.lifecycle.is_leaving())
}

pub(crate) fn registration_answered(node: &mut Node, response: &BrokerRegistrationResponse) {
    node.lifecycle.waiting = false;
    match ResponseError::try_from_code(response.error_code) {
        None => registered(node, response.broker_epoch),
        Some(error) => registration_refused(node, error),
    }
}

/// The registration is committed; the first heartbeat follows at once.
pub(crate) fn registered(node: &mut Node, epoch: i64) {
    node.lifecycle.waiting = false;
    node.lifecycle.broker_epoch = Some(epoch);
    node.lifecycle.next_ms = node.now;
    tick(node);
}

fn registration_refused(node: &mut Node, error: ResponseError) {
    node.lifecycle.next_ms = node.now + RETRY_MS;
    // Who is the controller changes; that it was looked for in the wrong place is no news.
    let event = match error {
        ResponseError::NotController => Event::detail("registration-refused"),
        _ => Event::warn("registration-refused"),
    };
    node.emit(event.with("error", konbini_protocol::error::name(error.code())));
}

pub(crate) fn heartbeat_answered(node: &mut Node, response: &BrokerHeartbeatResponse) {
    node.lifecycle.waiting = false;
    node.lifecycle.next_ms = node.now + node.setting_ms("broker.heartbeat.interval.ms");
    match ResponseError::try_from_code(response.error_code) {
        None if node.lifecycle.is_leaving() => leave_answered(node, response.should_shut_down),
        None => {
            node.lifecycle.last_answer_ms = node.now;
            node.signal(Watch::ProducerIds);
            // The heartbeat was sent before the registration had come back in the metadata.
            let caught_up = node
                .lifecycle
                .broker_epoch
                .is_some_and(|epoch| node.metadata.end_offset() > epoch);
            if response.is_fenced && caught_up && !response.is_caught_up {
                node.lifecycle.next_ms = node.now;
            }
        }
        Some(ResponseError::StaleBrokerEpoch | ResponseError::BrokerIdNotRegistered) => {
            node.lifecycle.broker_epoch = None;
            node.lifecycle.next_ms = node.now + RETRY_MS;
            if node.lifecycle.is_leaving() {
                stop(node);
            }
        }
        Some(_) => node.lifecycle.next_ms = node.now + RETRY_MS,
    }
}

/// The controller has heard that this node wants to go; `may` it?
fn leave_answered(node: &mut Node, may: bool) {
    node.lifecycle.last_answer_ms = node.now;
    if may {
        // The quorum need not wait for a timeout, and the next start knows what was committed.
        quorum::handle(node, konbini_raft::Input::Resign);
        return halt(node);
    }
    if let Some(leaving) = &mut node.lifecycle.leaving
        && !std::mem::replace(&mut leaving.heard, true)
    {
        node.lifecycle.next_ms = node.now + ASK_SOON_MS;
    }
}

/// An answer came that says nothing; the next one may be no better.
pub(crate) fn answer_unreadable(node: &mut Node) {
    node.lifecycle.waiting = false;
    node.lifecycle.next_ms = node.now + RETRY_MS;
}

/// The connection broke before an answer came.
pub(crate) fn call_lost(node: &mut Node) {
    node.lifecycle.waiting = false;
    node.lifecycle.next_ms = node.now;
}

/// To be called when the image changed.
pub(crate) fn metadata_changed(node: &mut Node) {
    if !node.lifecycle.was_up && is_alive(node) {
        node.lifecycle.was_up = true;
        reconcile::doom_strays(node);
        node.emit(Event::info("broker-up").with("broker", node.config.node_id));
    }
    // Caught up for the first time: do not wait for the next interval to say so.
    let leaving = node.lifecycle.is_leaving();
    if is_registered(node) && !is_alive(node) && !node.lifecycle.waiting && !leaving {
        node.lifecycle.next_ms = node.now;
    }
}
