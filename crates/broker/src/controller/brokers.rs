//! Registration, heartbeats, fencing (KIP-631).

use konbini_log::Log;
use konbini_protocol::ResponseError;
use konbini_protocol::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
};
use konbini_trace::Event;
use uuid::Uuid;

use super::{Contact, image_after, leaders};
use crate::metadata::{self, BrokerRegistrationChangeRecord, Record, RegisterBrokerRecord};
use crate::node::Node;
use crate::rng::Rng;

/// Most brokers of a cluster.
pub(crate) const MAX_BROKERS: usize = 64;
/// Sets the ids of log directories apart from other uses of the seed.
const LOG_DIR: u64 = 0x6c6f_6764_6972;

/// Registers a broker and returns its broker epoch. A broker that was alive under another
/// incarnation, and was heard within its session, is refused: two nodes have one id.
pub(crate) fn register(
    node: &mut Node,
    request: &BrokerRegistrationRequest,
) -> Result<i64, ResponseError> {
    let id = request.broker_id.0;
    if request.cluster_id.as_str() != node.config.cluster_id {
        return Err(ResponseError::InconsistentClusterId);
    }
    let Some(listener) = request.listeners.first() else {
        return Err(ResponseError::InvalidRegistration);
    };
    let existing = node.working_image().brokers.get(&id);
    if existing.is_none() && node.working_image().brokers.len() >= MAX_BROKERS {
        return Err(ResponseError::PolicyViolation);
    }
    let same = existing.is_some_and(|broker| broker.incarnation == request.incarnation_id);
    if existing.is_some() && !same && has_session(node, id) {
        node.emit(
            Event::warn("broker-registration-refused")
                .with("broker", id)
                .because_of("broker.session.timeout.ms"),
        );
        return Err(ResponseError::DuplicateBrokerRegistration);
    }
    let was_alive = node.working_image().is_alive(id);
    let mut records = Vec::new();
    let mut moved = Vec::new();
    if was_alive && !same {
        // It was away: whatever it led needs a new epoch.
        let cause = Some("broker.session.timeout.ms");
        (records, moved) = leaders::without_broker(&node.config, node.working_image(), id, cause);
    }
    let epoch = match existing {
        Some(broker) if same => broker.epoch,
        _ => next_offset(node) + records.len() as i64,
    };
    records.push(Record::RegisterBroker(RegisterBrokerRecord {
        broker_id: id,
        incarnation_id: request.incarnation_id,
        broker_epoch: epoch,
        host: listener.host.to_string(),
        port: listener.port,
        rack: request.rack.as_ref().map(ToString::to_string),
        fenced: !(was_alive && same),
        in_controlled_shutdown: false,
        log_dirs: request.log_dirs.clone(),
    }));
    let event = Event::info("broker-registered")
        .with("broker", id)
        .with("epoch", epoch);
    metadata::commit(node, records, followed_by(event, moved));
    touch(node, id, -1);
    Ok(epoch)
}

/// What happened to a broker, then what follows from it for partitions.
fn followed_by(event: Event, moved: Vec<Event>) -> Vec<Event> {
    [event].into_iter().chain(moved).collect()
}

/// The offset that the next record gets.
fn next_offset(node: &Node) -> i64 {
    node.quorum.log().map_or(0, Log::log_end_offset)
}

/// The session of a broker: it was heard by this controller and not too long ago.
fn has_session(node: &Node, id: i32) -> bool {
    let timeout = node.setting_ms("broker.session.timeout.ms");
    let Some(controller) = &node.controller else {
        return false;
    };
    node.working_image().is_alive(id)
        && controller
            .contacts
            .get(&id)
            .is_some_and(|contact| contact.heard && contact.last_ms + timeout > node.now)
}

fn touch(node: &mut Node, id: i32, metadata_offset: i64) {
    let now = node.now;
    if let Some(controller) = &mut node.controller {
        controller.contacts.insert(
            id,
            Contact {
                last_ms: now,
                heard: true,
                metadata_offset,
            },
        );
    }
}

/// Takes note of a heartbeat; unfences a broker that has caught up, fences one that asks for it, and
/// lets one go that is shutting down once its leaderships are with others.
pub(crate) fn heartbeat(
    node: &mut Node,
    request: &BrokerHeartbeatRequest,
) -> BrokerHeartbeatResponse {
    let id = request.broker_id.0;
    let refuse =
        |error: ResponseError| BrokerHeartbeatResponse::default().with_error_code(error.code());
    let Some(broker) = node.working_image().brokers.get(&id) else {
        return refuse(ResponseError::BrokerIdNotRegistered);
    };
    if broker.epoch != request.broker_epoch {
        return refuse(ResponseError::StaleBrokerEpoch);
    }
    let (epoch, fenced) = (broker.epoch, broker.fenced);
    touch(node, id, request.current_metadata_offset);
    let caught_up = request.current_metadata_offset >= epoch;
    let may_go = request.want_shut_down && shut_down(node, id);
    if fenced && caught_up && !request.want_fence && !request.want_shut_down {
        unfence(node, id);
    } else if !fenced && request.want_fence {
        fence(node, id, None);
    }
    BrokerHeartbeatResponse::default()
        .with_is_caught_up(caught_up)
        .with_is_fenced(!node.working_image().is_alive(id))
        .with_should_shut_down(may_go)
}

/// Controlled shutdown: first the broker gives its leaderships and in-sync places to others; once it
/// leads nothing, and the others know, it is fenced and may go. Says whether it may.
fn shut_down(node: &mut Node, id: i32) -> bool {
    let Some(broker) = node.working_image().brokers.get(&id) else {
        return true;
    };
    let (epoch, fenced) = (broker.epoch, broker.fenced);
    if fenced {
        return true;
    }
    if !broker.in_controlled_shutdown {
        let mut records = vec![Record::BrokerRegistrationChange(
            BrokerRegistrationChangeRecord {
                broker_id: id,
                broker_epoch: epoch,
                fenced: None,
                in_controlled_shutdown: true,
            },
        )];
        let next = image_after(node.working_image(), &records);
        let (moves, moved) = leaders::without_broker(&node.config, &next, id, None);
        records.extend(moves);
        let event = Event::info("controlled-shutdown").with("broker", id);
        metadata::commit(node, records, followed_by(event, moved));
        let log_end = next_offset(node);
        if let Some(controller) = &mut node.controller {
            let told = log_end - 1;
            controller.shutting_down.insert(id, told);
        }
    }
    if !others_know(node, id) {
        return false;
    }
    fence(node, id, None);
    true
}

/// Whether every other living broker has the metadata in which the leaderships of `id` moved.
fn others_know(node: &Node, id: i32) -> bool {
    let Some(controller) = &node.controller else {
        return false;
    };
    let Some(told) = controller.shutting_down.get(&id) else {
        // The shutdown began under another controller: what it wrote is long known.
        return true;
    };
    let others = node.working_image().alive().map(|broker| broker.id);
    others
        .filter(|other| *other != id && *other != node.config.node_id)
        .all(|other| {
            let contact = controller.contacts.get(&other);
            contact.is_some_and(|contact| contact.metadata_offset >= *told)
        })
}

fn change(id: i32, epoch: i64, fenced: bool) -> Record {
    Record::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
        broker_id: id,
        broker_epoch: epoch,
        fenced: Some(fenced),
        in_controlled_shutdown: false,
    })
}

fn unfence(node: &mut Node, id: i32) {
    let Some(epoch) = node
        .working_image()
        .brokers
        .get(&id)
        .map(|broker| broker.epoch)
    else {
        return;
    };
    let mut records = vec![change(id, epoch, false)];
    let next = image_after(node.working_image(), &records);
    let (moves, moved) = leaders::with_broker(&node.config, &next, id);
    records.extend(moves);
    let event = Event::info("broker-unfenced").with("broker", id);
    metadata::commit(node, records, followed_by(event, moved));
}

/// Fences a broker; `setting` is what decided it, if not the broker's own wish.
fn fence(node: &mut Node, id: i32, setting: Option<&'static str>) {
    let Some(epoch) = node
        .working_image()
        .brokers
        .get(&id)
        .map(|broker| broker.epoch)
    else {
        return;
    };
    let mut records = vec![change(id, epoch, true)];
    let next = image_after(node.working_image(), &records);
    let (moves, moved) = leaders::without_broker(&node.config, &next, id, setting);
    records.extend(moves);
    let event = Event::warn("broker-fenced").with("broker", id);
    let event = match setting {
        Some(setting) => event.because_of(setting),
        None => event,
    };
    metadata::commit(node, records, followed_by(event, moved));
}

/// Fences every broker that was silent for too long. The controller's own node never is.
pub(crate) fn check_sessions(node: &mut Node) {
    for id in expired(node) {
        fence(node, id, Some("broker.session.timeout.ms"));
    }
}

fn expired(node: &Node) -> Vec<i32> {
    let timeout = node.setting_ms("broker.session.timeout.ms");
    sessions(node)
        .filter(|(_, last)| last + timeout <= node.now)
        .map(|(id, _)| id)
        .collect()
}

/// When the next session ends, unless a heartbeat comes before.
pub(crate) fn next_session_end(node: &Node) -> Option<i64> {
    let timeout = node.setting_ms("broker.session.timeout.ms");
    sessions(node).map(|(_, last)| last + timeout).min()
}

fn sessions(node: &Node) -> impl Iterator<Item = (i32, i64)> {
    let contacts = node
        .controller
        .iter()
        .flat_map(|controller| &controller.contacts);
    contacts
        .filter(|(id, _)| **id != node.config.node_id && node.working_image().is_alive(**id))
        .map(|(id, contact)| (*id, contact.last_ms))
}

/// The id of the one log directory of a node, made from its number and the cluster's id: it is the same
/// at every start, or a controller would take its replicas for lost with another directory (KIP-858).
pub(crate) fn log_dir_id(cluster_id: &str, node_id: i32) -> Uuid {
    let bytes = cluster_id.bytes().map(u64::from);
    let seed = bytes.fold(0u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte));
    Rng::new(seed, &[LOG_DIR, node_id as u64]).uuid()
}
