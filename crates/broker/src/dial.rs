//! What travels on the connections that this node opened: to the controller, wherever it is, to the
//! other voters, and to the leaders that it follows.

use std::collections::VecDeque;

use bytes::Bytes;
use konbini_protocol::ConnId;
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::response;
use konbini_raft::Input;
use konbini_trace::Event;

use crate::Output;
use crate::channel::{Call, Channel, Purpose, Role, Wish};
use crate::node::Node;
use crate::replica::{fetcher, isr, lost as lost_replicas};
use crate::transactions::{markers, verify};
use crate::{forward, lifecycle, producer_ids, quorum};

/// Every channel of the node.
fn channels(node: &mut Node) -> impl Iterator<Item = &mut Channel> {
    let fetchers = node.replicas.fetchers.values_mut();
    let to_leaders = fetchers.map(|fetcher| &mut fetcher.channel);
    let transactions = &mut node.transactions;
    let markers = transactions.markers.channels.values_mut();
    let coordinators = transactions.verifications.channels.values_mut();
    let others = to_leaders.chain(markers).chain(coordinators);
    node.channels.all().chain(others)
}

fn channel(node: &mut Node, conn: ConnId) -> Option<&mut Channel> {
    channels(node).find(|channel| channel.conn() == Some(conn))
}

/// Dials and sends what the channels have.
pub(crate) fn send(node: &mut Node) {
    let Node {
        now,
        next_conn,
        out,
        ..
    } = node;
    let voters = &node.config.voters;
    for channel in node.channels.all() {
        let Some(peer) = voters.iter().find(|voter| Some(voter.id) == channel.peer) else {
            continue;
        };
        drive(channel, (&peer.host, peer.port), *now, next_conn, out);
    }
    for (leader, fetcher) in &mut node.replicas.fetchers {
        if let Some(broker) = node.metadata.image.brokers.get(leader) {
            let place = (broker.host.as_str(), broker.port);
            drive(&mut fetcher.channel, place, *now, next_conn, out);
        }
    }
    let markers = &mut node.transactions.markers.channels;
    let coordinators = &mut node.transactions.verifications.channels;
    for (id, channel) in markers.iter_mut().chain(coordinators) {
        if let Some(broker) = node.metadata.image.brokers.get(id) {
            let place = (broker.host.as_str(), broker.port);
            drive(channel, place, *now, next_conn, out);
        }
    }
}

fn drive(
    channel: &mut Channel,
    (host, port): (&str, u16),
    now: i64,
    next_conn: &mut u64,
    out: &mut VecDeque<Output>,
) {
    while let Some(wish) = channel.poll(now) {
        match wish {
            Wish::Dial => {
                let conn = ConnId::outgoing(*next_conn);
                *next_conn += 1;
                channel.dialled(conn, now);
                let host = host.to_owned();
                out.push_back(Output::Dial { conn, host, port });
            }
            Wish::Send(conn, frame) => out.push_back(Output::Send(conn, frame)),
        }
    }
}

/// Leads the channels to the controller that the quorum has now. What waits for it moves along; on
/// the controller itself it is done here.
pub(crate) fn follow_controller(node: &mut Node) {
    let own = node.config.node_id;
    let Some(leader) = node.quorum.leader() else {
        return;
    };
    if leader == own && !node.is_controller() {
        return;
    }
    let peer = (leader != own).then_some(leader);
    let mut moved = false;
    for pick in [lifecycle_channel, forward_channel, isr_channel] {
        let channel = pick(node);
        if channel.peer != peer {
            if let Some(conn) = channel.conn() {
                node.out.push_back(Output::Close(conn));
                lost(node, conn);
            }
            let now = node.now;
            pick(node).redirect(peer, now);
            moved = true;
        }
    }
    if moved {
        isr::controller_changed(node);
        lost_replicas::controller_changed(node);
    }
    if peer.is_some() {
        return;
    }
    if !node.channels.lifecycle.take_queue().is_empty() {
        lifecycle::call_lost(node);
    }
    for call in node.channels.isr.take_queue() {
        call_lost(node, call);
    }
    for call in node.channels.forward.take_queue() {
        match call.purpose {
            Purpose::AutoCreate => node.topics_in_creation.clear(),
            Purpose::ProducerIds => producer_ids::call_lost(node),
            Purpose::Forward(waiter) => forward::carry_out(node, waiter, &call.frame),
            _ => {}
        }
    }
}

fn lifecycle_channel(node: &mut Node) -> &mut Channel {
    &mut node.channels.lifecycle
}

fn forward_channel(node: &mut Node) -> &mut Channel {
    &mut node.channels.forward
}

fn isr_channel(node: &mut Node) -> &mut Channel {
    &mut node.channels.isr
}

pub(crate) fn connected(node: &mut Node, conn: ConnId) {
    if let Some(channel) = channel(node, conn) {
        channel.connected();
    }
}

/// Refused or closed by the other end.
pub(crate) fn lost(node: &mut Node, conn: ConnId) {
    let now = node.now;
    let Some(channel) = channel(node, conn) else {
        return;
    };
    let news = news_of_loss(channel);
    let calls = channel.lost(now);
    if let Some(event) = news {
        node.emit(event.with("connection", conn.to_string()));
    }
    for call in calls {
        call_lost(node, call);
    }
}

/// What is told of a connection that is lost. A voter or leader that is away refuses connections all
/// the time: only the loss of one that was up is news.
fn news_of_loss(channel: &Channel) -> Option<Event> {
    let peer = channel.peer.unwrap_or(-1);
    match channel.role() {
        Role::Controller => Some(Event::detail("controller-connection-lost")),
        Role::Broker => None,
        _ if !channel.is_up() => None,
        Role::Voter => Some(Event::detail("voter-connection-lost").with("voter", peer)),
        Role::Leader => Some(Event::detail("leader-connection-lost").with("leader", peer)),
    }
}

/// A request whose answer will not come.
fn call_lost(node: &mut Node, call: Call) {
    match call.purpose {
        Purpose::Register | Purpose::Heartbeat => lifecycle::call_lost(node),
        Purpose::Quorum(call) => quorum::handle(node, Input::Lost(call)),
        Purpose::ProducerIds => producer_ids::call_lost(node),
        Purpose::AutoCreate => node.topics_in_creation.clear(),
        Purpose::AlterPartition => isr::call_lost(node),
        Purpose::LoseReplicas => lost_replicas::call_lost(node),
        Purpose::FetchReplicas(_) | Purpose::LookUpEnds(..) => {
            fetcher::call_lost(node, call.purpose);
        }
        Purpose::WriteMarkers(broker) => markers::call_lost(node, broker),
        Purpose::VerifyTransaction(id) => verify::call_lost(node, id),
        // Whether the controller carried it out is not known. Sending it again may answer
        // TOPIC_ALREADY_EXISTS to who created the topic; Kafka does the same.
        Purpose::Forward(_) => node.channels.forward.retry(call),
        Purpose::Abandoned => {}
    }
}

/// Gives up connections on which no answer comes: the other end may be gone without a word.
pub(crate) fn check_timeouts(node: &mut Node) {
    let now = node.now;
    let silent: Vec<ConnId> = channels(node)
        .filter_map(|channel| channel.timed_out(now))
        .collect();
    for conn in silent {
        hang_up(node, conn, "no answer came in time".to_owned());
    }
}

pub(crate) fn received(node: &mut Node, conn: ConnId, bytes: Bytes) {
    let Some(found) = channel(node, conn) else {
        return;
    };
    found.receive(bytes);
    loop {
        let Some(found) = channel(node, conn) else {
            return;
        };
        match found.next_response() {
            Ok(None) => return,
            Ok(Some((call, frame))) => answered(node, &call, frame),
            Err(error) => return hang_up(node, conn, error.0),
        }
    }
}

/// A voter did not answer a request of the quorum in time.
pub(crate) fn hang_up_voter(node: &mut Node, id: i32) {
    let now = node.now;
    let Some(channel) = node.channels.voters.get_mut(&id) else {
        return;
    };
    let (conn, news) = (channel.conn(), news_of_loss(channel));
    // The engine has given up what was asked there.
    channel.lost(now);
    let Some(conn) = conn else {
        return;
    };
    if let Some(event) = news {
        node.emit(event.with("connection", conn.to_string()));
    }
    node.out.push_back(Output::Close(conn));
}

fn hang_up(node: &mut Node, conn: ConnId, reason: String) {
    node.emit(
        Event::warn("connection-closed-by-broker")
            .with("connection", conn.to_string())
            .with("reason", reason),
    );
    node.out.push_back(Output::Close(conn));
    lost(node, conn);
}

/// A response that cannot be decoded: whoever asked asks again, or gives up.
fn unreadable(node: &mut Node, purpose: Purpose, reason: String) {
    node.emit(Event::warn("controller-answer-unreadable").with("reason", reason));
    match purpose {
        Purpose::Register | Purpose::Heartbeat => lifecycle::answer_unreadable(node),
        Purpose::Quorum(call) => quorum::handle(node, Input::Lost(call)),
        Purpose::ProducerIds => producer_ids::refused(node),
        Purpose::AutoCreate => node.topics_in_creation.clear(),
        Purpose::Forward(_) | Purpose::Abandoned => {}
        Purpose::AlterPartition => isr::call_lost(node),
        Purpose::LoseReplicas => lost_replicas::call_lost(node),
        Purpose::FetchReplicas(leader) => fetcher::pause(node, leader),
        Purpose::LookUpEnds(..) => fetcher::call_lost(node, purpose),
        Purpose::WriteMarkers(broker) => markers::call_lost(node, broker),
        Purpose::VerifyTransaction(id) => verify::call_lost(node, id),
    }
}

fn answered(node: &mut Node, call: &Call, frame: Bytes) {
    let body = match response::decode_kind(&frame, call.api_key, call.api_version) {
        Ok((_, body)) => body,
        Err(error) => {
            return unreadable(node, call.purpose, error.to_string());
        }
    };
    match (call.purpose, body) {
        (Purpose::Register, ResponseKind::BrokerRegistration(body)) => {
            lifecycle::registration_answered(node, &body);
        }
        (Purpose::Heartbeat, ResponseKind::BrokerHeartbeat(body)) => {
            lifecycle::heartbeat_answered(node, &body);
        }
        (Purpose::Quorum(call), body) => quorum::handle(node, Input::Response(call, body)),
        (Purpose::AlterPartition, ResponseKind::AlterPartition(body)) => {
            isr::answered(node, &body);
        }
        (Purpose::LoseReplicas, ResponseKind::AssignReplicasToDirs(body)) => {
            lost_replicas::answered(node, body.error_code);
        }
        (Purpose::FetchReplicas(leader), ResponseKind::Fetch(body)) => {
            fetcher::answered(node, leader, body);
        }
        (Purpose::LookUpEnds(leader, partition), ResponseKind::ListOffsets(body)) => {
            fetcher::looked_up(node, leader, partition, &body);
        }
        (Purpose::WriteMarkers(broker), ResponseKind::WriteTxnMarkers(body)) => {
            markers::answered(node, broker, &body);
        }
        (Purpose::VerifyTransaction(id), body) => verify::answered(node, id, body),
        (Purpose::ProducerIds, ResponseKind::AllocateProducerIds(body)) => {
            if body.error_code == 0 {
                producer_ids::received(node, body.producer_id_start.0, body.producer_id_len);
            } else {
                producer_ids::refused(node);
            }
        }
        (Purpose::AutoCreate, ResponseKind::CreateTopics(body)) => {
            for topic in body.topics {
                node.topics_in_creation.remove(topic.name.as_str());
            }
        }
        (Purpose::Forward(waiter), ResponseKind::Envelope(body)) => match body.response_data {
            Some(data) => node
                .forwarded
                .push((waiter, konbini_protocol::frame::frame(&data))),
            // It is not the controller, or not yet: asked again, there or elsewhere, as long as the
            // client's time goes on.
            None => {
                let error = konbini_protocol::error::name(body.error_code);
                node.emit(Event::detail("forward-refused").with("error", error));
                forward::again(node, call.clone());
            }
        },
        _ => {}
    }
}
