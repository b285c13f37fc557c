//! This node's part in the metadata quorum: hosts the KRaft engine, carries its messages, makes
//! this node the active controller when it leads, and lets answers go once what they promise is
//! committed.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_log::Log;
use konbini_protocol::messages::{RequestKind, ResponseKind};
use konbini_raft::{Config, Input, NotLeader, Output, QuorumView, Raft, ReplyId, Timeouts};
use konbini_trace::Event;

use crate::api::{Answer, Context};
use crate::channel::Purpose;
use crate::controller::Controller;
use crate::metadata;
use crate::node::Node;
use crate::purgatory::Waiter;
use crate::rng::Rng;
use crate::{dial, lifecycle, producer_ids};

/// Sets the seed of election timeouts apart from other uses.
const ELECTIONS: u64 = 0x656c_6563_7469_6f6e;
/// What a client is told whose request was decided by a controller that is none any more.
const LOST_LEADERSHIP: &str = "this node is not the controller any more";

/// What waits until records are committed.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // Nearly all of them are answers.
pub(crate) enum Then {
    /// Events that tell of a decision.
    Tell(Vec<Event>),
    /// The answer to a parked request.
    Reply(Waiter, ResponseKind),
    /// This node is registered, with that broker epoch.
    Registered(i64),
    /// This node has a block of producer ids: the first one and how many.
    ProducerIds(i64, i32),
}

#[derive(Debug)]
struct Waiting {
    /// One past the last record that must be committed.
    offset: i64,
    then: Then,
}

#[derive(Debug, Default)]
pub(crate) struct Quorum {
    /// `None` until the log is recovered.
    raft: Option<Raft>,
    waiting: Vec<Waiting>,
    /// What the last decisions wrote, until somebody takes it: one past the last record, or that
    /// nothing could be written.
    wrote: Option<Result<i64, NotLeader>>,
    /// Recovery point and log start as the checkpoint files have them.
    checkpointed: Option<(i64, i64)>,
}

impl Quorum {
    pub fn is_open(&self) -> bool {
        self.raft.is_some()
    }

    pub fn log(&self) -> Option<&Log> {
        self.raft.as_ref().map(Raft::log)
    }

    pub fn raft(&self) -> Option<&Raft> {
        self.raft.as_ref()
    }

    pub fn raft_mut(&mut self) -> Option<&mut Raft> {
        self.raft.as_mut()
    }

    pub fn leader(&self) -> Option<i32> {
        self.raft.as_ref().and_then(Raft::leader)
    }

    pub fn view(&self) -> Option<QuorumView> {
        self.raft.as_ref().map(Raft::view)
    }

    pub fn wake_at(&self) -> Option<i64> {
        self.raft.as_ref().and_then(Raft::wake_at)
    }

    /// Whether other nodes may wait for what was appended here.
    pub fn has_appended(&self) -> bool {
        self.raft.as_ref().is_some_and(Raft::has_appended)
    }

    pub fn evict(&mut self, bytes: usize) -> usize {
        self.raft.as_mut().map_or(0, |raft| raft.evict(bytes))
    }

    pub fn evict_unused(&mut self) -> usize {
        self.raft.as_mut().map_or(0, Raft::evict_unused)
    }

    /// Forgets what was written before: the next decision belongs to another request.
    pub fn begin_request(&mut self) {
        self.wrote = None;
    }
}

/// Takes the recovered log and begins to take part.
pub(crate) fn start(node: &mut Node, log: Log, files: &BTreeMap<String, Bytes>) {
    let config = &node.config;
    let salt = [ELECTIONS, config.node_id as u64, config.incarnation];
    let voters = config.quorum_voters().into_iter();
    let voters = voters.map(|voter| konbini_raft::Voter {
        id: voter.id,
        host: voter.host,
        port: voter.port,
    });
    let raft_config = Config {
        node_id: config.node_id,
        cluster_id: config.cluster_id.clone(),
        seed: Rng::new(config.seed, &salt).next(),
        voters: voters.collect(),
        timeouts: Timeouts {
            election_ms: node.setting_ms("controller.quorum.election.timeout.ms"),
            fetch_ms: node.setting_ms("controller.quorum.fetch.timeout.ms"),
            election_backoff_max_ms: node.setting_ms("controller.quorum.election.backoff.max.ms"),
            request_ms: node.setting_ms("controller.quorum.request.timeout.ms"),
        },
    };
    node.quorum.raft = Some(Raft::new(raft_config, node.now, log, files));
    settle(node);
}

/// Puts another node's request to the engine. It is answered at once, or parked until it can be.
pub(crate) fn ask(node: &mut Node, context: &Context<'_>, request: RequestKind) -> Answer {
    let waiter = context.waiter;
    handle(node, Input::Request(ReplyId(waiter.0), request));
    let at = node.replies.iter().position(|(other, _)| *other == waiter);
    match at {
        Some(at) => Answer::Respond(node.replies.remove(at).1),
        None => Answer::from_outside(),
    }
}

pub(crate) fn handle(node: &mut Node, input: Input) {
    let now = node.now;
    if let Some(raft) = &mut node.quorum.raft {
        raft.handle(now, input);
        settle(node);
    }
}

pub(crate) fn tick(node: &mut Node) {
    if node.quorum.wake_at().is_some_and(|at| at <= node.now) {
        handle(node, Input::Wake);
    }
}

/// Answers the nodes that wait for what was appended.
pub(crate) fn answer_waiting(node: &mut Node) {
    if node.quorum.has_appended() {
        handle(node, Input::Wake);
    }
}

/// Appends what the active controller decided; its own image is ahead from now on. What is written
/// is noted for [`after_commit`] and [`answer_after_commit`]; `events` wait until it is committed.
pub(crate) fn append(
    node: &mut Node,
    batch: Bytes,
    records: &[metadata::Record],
    events: Vec<Event>,
) {
    let now = node.now;
    let appended = match (&mut node.quorum.raft, &node.controller) {
        (Some(raft), Some(_)) => raft.append(now, batch),
        _ => Err(NotLeader),
    };
    if let (Ok(offset), Some(controller)) = (appended, &mut node.controller) {
        controller.apply(records);
        let then = Then::Tell(events);
        node.quorum.waiting.push(Waiting { offset, then });
    }
    node.quorum.wrote = Some(appended);
    settle(node);
}

/// Does `then` once what was just decided is committed, or drops it with the leadership.
pub(crate) fn after_commit(node: &mut Node, then: Then) {
    match awaited(node) {
        Err(NotLeader) => give_up(node, then),
        Ok(offset) => {
            node.quorum.waiting.push(Waiting { offset, then });
            release(node);
        }
    }
}

/// Holds the answer of the controller back until the records that it follows from are committed.
pub(crate) fn answer_after_commit(node: &mut Node, waiter: Waiter, answer: Answer) -> Answer {
    match (answer, awaited(node)) {
        (_, Err(NotLeader)) => Answer::Close(LOST_LEADERSHIP.to_owned()),
        (Answer::Respond(body), Ok(offset)) if is_pending(node, offset) => {
            let then = Then::Reply(waiter, body);
            node.quorum.waiting.push(Waiting { offset, then });
            Answer::from_outside()
        }
        (answer, Ok(_)) => answer,
    }
}

/// One past the last record that must be committed before anybody hears of the last decision. One
/// that wrote nothing may follow from records before it: that a topic exists, say.
fn awaited(node: &mut Node) -> Result<i64, NotLeader> {
    let offset = match node.quorum.wrote.take() {
        Some(wrote) => wrote?,
        None if node.is_controller() => node.quorum.log().map_or(0, Log::log_end_offset),
        None => 0,
    };
    if is_pending(node, offset) && !node.is_controller() {
        return Err(NotLeader);
    }
    Ok(offset)
}

/// Whether records below the offset are not committed yet, or not replayed here.
fn is_pending(node: &Node, offset: i64) -> bool {
    offset > node.metadata.end_offset()
}

/// The store does not take operations of the metadata log any more.
pub(crate) fn store_failed(node: &mut Node, reason: &str) {
    if node.quorum.is_open() {
        return handle(node, Input::StoreFailed(reason.to_owned()));
    }
    node.emit(Event::error("metadata-log-offline").with("reason", reason));
    lifecycle::stop(node);
}

/// Carries out what the engine wants, then what follows from its new state.
fn settle(node: &mut Node) {
    drain(node);
    halt_if_offline(node);
    if !still_leads(node) {
        node.controller = None;
        for waiting in std::mem::take(&mut node.quorum.waiting) {
            give_up(node, waiting.then);
        }
    }
    metadata::replay_committed(node);
    if let Some(reason) = node.metadata.broken().map(str::to_owned)
        && let Some(raft) = node.quorum.raft.as_mut().filter(|it| it.log().is_online())
    {
        raft.handle(node.now, Input::StoreFailed(reason));
        return settle(node);
    }
    if let Some(snapshot) = metadata::due_snapshot(node)
        && let Some(raft) = &mut node.quorum.raft
    {
        raft.handle(node.now, Input::Snapshot(snapshot));
        drain(node);
    }
    release(node);
    if can_activate(node) {
        Controller::activate(node);
    }
}

/// Kafka halts too: nobody can follow a node that cannot write what is decided, and what a node does
/// that cannot read it might be wrong.
fn halt_if_offline(node: &mut Node) {
    if node.quorum.log().is_some_and(|log| !log.is_online()) {
        lifecycle::stop(node);
    }
}

/// False when there is a controller here that does not lead its epoch any more.
fn still_leads(node: &Node) -> bool {
    match (&node.controller, &node.quorum.raft) {
        (Some(controller), Some(raft)) => raft.is_leader() && raft.epoch() == controller.epoch,
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// A leader that has committed a record of its epoch, and replayed its whole log, decides.
fn can_activate(node: &Node) -> bool {
    let Some(raft) = &node.quorum.raft else {
        return false;
    };
    node.controller.is_none()
        && raft.is_active()
        && node.metadata.end_offset() == raft.log().log_end_offset()
}

fn drain(node: &mut Node) {
    while let Some(output) = node.quorum.raft.as_mut().and_then(Raft::poll) {
        match output {
            Output::Send {
                to,
                call,
                version,
                request,
            } => {
                if let Some(channel) = node.channels.voters.get_mut(&to) {
                    let purpose = Purpose::Quorum(call);
                    channel.call(purpose, version, &node.client_name, &request);
                }
            }
            Output::Disconnect(id) => dial::hang_up_voter(node, id),
            Output::Reply(reply, response) => node.reply(Waiter(reply.0), response),
            Output::Store(op) => node.out.push_back(crate::Output::Store(op)),
            Output::Load(load) => drop(node.loads.ask(load, &mut node.out)),
            Output::Event(event) => node.emit(event),
        }
    }
    checkpoint(node);
}

/// Stores whatever of the metadata log is not stored yet: this node stops in order.
pub(crate) fn close_log(node: &mut Node) {
    if let Some(raft) = &mut node.quorum.raft {
        raft.close_log();
    }
    drain(node);
}

/// Keeps the log's recovery point and start in the broker's checkpoint files.
fn checkpoint(node: &mut Node) {
    let Some(raft) = &node.quorum.raft else {
        return;
    };
    let log = raft.log();
    let mark = Some((log.recovery_point(), log.log_start_offset()));
    if node.quorum.checkpointed == mark {
        return;
    }
    let mut ops = Vec::new();
    node.replicas.checkpoints.observe(log);
    node.replicas.checkpoints.flush(&mut ops);
    node.out.extend(ops.into_iter().map(crate::Output::Store));
    node.quorum.checkpointed = mark;
}

/// Does what waited for records that are committed now, and replayed here.
fn release(node: &mut Node) {
    let committed = node.metadata.end_offset();
    let all = std::mem::take(&mut node.quorum.waiting);
    let (due, later) = all
        .into_iter()
        .partition(|waiting| waiting.offset <= committed);
    node.quorum.waiting = later;
    let due: Vec<Waiting> = due;
    for waiting in due {
        match waiting.then {
            Then::Tell(events) => events.into_iter().for_each(|event| node.emit(event)),
            Then::Reply(waiter, body) => node.reply(waiter, body),
            Then::Registered(epoch) => lifecycle::registered(node, epoch),
            Then::ProducerIds(first, len) => producer_ids::received(node, first, len),
        }
    }
}

/// What was decided may never be committed: whoever asked asks the next controller.
fn give_up(node: &mut Node, then: Then) {
    match then {
        Then::Tell(_) => {}
        Then::Reply(waiter, _) => node.given_up.push((waiter, LOST_LEADERSHIP)),
        Then::Registered(_) => lifecycle::call_lost(node),
        Then::ProducerIds(..) => producer_ids::call_lost(node),
    }
}
