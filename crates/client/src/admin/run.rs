//! Running operations: finding the broker for each request, trying again, putting answers together.

use konbini_protocol::ResponseError;
use konbini_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse, ResponseKind};
use konbini_trace::Event;

use super::operation::{AdminResult, OffsetSpec, OperationId, ResetTo, Told};
use super::task::{self, Ask, Piece, Refusal, Route};
use super::{Admin, Purpose};
use crate::config::HostPort;
use crate::failure::{is_stale_metadata, response_error};
use crate::network::{Call, Completion, Lost};
use crate::{ClientError, TopicPartition};
use konbini_protocol::StrBytes;

/// The first version of FindCoordinator that asks for several keys at once.
const SEVERAL_KEYS_VERSION: i16 = 4;

/// What an operation asks.
#[derive(Debug)]
pub(super) enum Plan {
    Asks(Vec<Ask>),
    /// The same of each broker, once brokers are known.
    EveryBroker(Ask),
    /// These offsets of each partition, once they are known.
    EveryPartition {
        topic: String,
        ends: Vec<OffsetSpec>,
    },
}

/// What becomes of the answers.
#[derive(Debug, Clone)]
pub(super) enum Finish {
    /// There is one.
    Only,
    LowWatermarks,
    Offsets,
    Groups,
    /// The offsets are committed for a group.
    Reset {
        group: String,
        to: ResetTo,
    },
    /// They were; this is what they are.
    WasReset(Vec<(TopicPartition, i64)>),
}

#[derive(Debug)]
enum State {
    Waiting,
    UnderWay,
    Done(Piece),
}

#[derive(Debug)]
struct Task {
    ask: Ask,
    route: Route,
    state: State,
    attempts: u32,
    not_before: i64,
}

impl Task {
    fn new(ask: Ask, route: Route) -> Task {
        Task {
            ask,
            route,
            state: State::Waiting,
            attempts: 0,
            not_before: i64::MIN,
        }
    }
}

#[derive(Debug)]
pub(super) struct Operation {
    since: i64,
    /// Taken once it can be turned into tasks.
    plan: Option<Plan>,
    tasks: Vec<Task>,
    finish: Finish,
    last_error: Option<ClientError>,
}

impl Operation {
    pub(super) fn new(now: i64, plan: Plan, finish: Finish) -> Operation {
        Operation {
            since: now,
            plan: Some(plan),
            tasks: Vec::new(),
            finish,
            last_error: None,
        }
    }

    /// Topics whose leaders have to be known.
    pub(super) fn topics(&self) -> Vec<String> {
        let of_ask = |ask: &Ask| match ask.route() {
            Route::Leader(tp) => Some(tp.topic),
            _ => None,
        };
        match &self.plan {
            Some(Plan::EveryPartition { topic, .. }) => vec![topic.clone()],
            Some(Plan::Asks(asks)) => asks.iter().filter_map(of_ask).collect(),
            Some(Plan::EveryBroker(_)) => Vec::new(),
            None => self
                .tasks
                .iter()
                .filter_map(|task| of_ask(&task.ask))
                .collect(),
        }
    }

    /// Times at which something is due.
    pub(super) fn deadlines(&self, limit_ms: i64) -> Vec<i64> {
        let waiting = self
            .tasks
            .iter()
            .filter(|task| matches!(task.state, State::Waiting));
        let mut all: Vec<i64> = waiting.map(|task| task.not_before).collect();
        all.push(self.since.saturating_add(limit_ms));
        all
    }
}

impl Admin {
    pub(super) fn drive(&mut self) {
        let now = self.now;
        self.net.tick(now);
        while let Some(completion) = self.net.next_completion() {
            self.completed(now, completion);
            self.dirty = true;
        }
        let ids: Vec<u64> = self.operations.keys().copied().collect();
        for id in ids {
            self.unfold(id);
            self.send_waiting(now, id);
            self.finish(now, id);
        }
        // What no version in common can carry is refused while it is being sent.
        self.dirty |= self.net.has_completions();
    }

    /// Turns a plan into tasks once metadata allows it.
    fn unfold(&mut self, id: u64) {
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        let metadata = &self.net.metadata;
        let tasks = match operation.plan.take() {
            None => return,
            Some(Plan::Asks(asks)) => asks
                .into_iter()
                .map(|ask| (ask.route(), ask))
                .collect::<Vec<_>>(),
            Some(Plan::EveryBroker(ask)) if !metadata.brokers.is_empty() => metadata
                .brokers
                .keys()
                .map(|node| (Route::Broker(*node), ask.clone()))
                .collect(),
            Some(Plan::EveryPartition { topic, ends })
                if metadata.partition_count(&topic).is_some() =>
            {
                let count = metadata.partition_count(&topic).unwrap_or(0);
                let all = (0..count).flat_map(|p| ends.iter().map(move |end| (p, end.wire())));
                let asks = all.map(|(partition, timestamp)| {
                    Ask::ListOffsets(TopicPartition::new(topic.as_str(), partition), timestamp)
                });
                asks.map(|ask| (ask.route(), ask)).collect()
            }
            waiting => {
                operation.plan = waiting;
                self.net.metadata.request_update();
                return;
            }
        };
        operation.tasks = tasks
            .into_iter()
            .map(|(route, ask)| Task::new(ask, route))
            .collect();
    }

    fn send_waiting(&mut self, now: i64, id: u64) {
        let count = self
            .operations
            .get(&id)
            .map_or(0, |operation| operation.tasks.len());
        for place in 0..count {
            let Some(task) = self.operations.get(&id).and_then(|o| o.tasks.get(place)) else {
                return;
            };
            if !matches!(task.state, State::Waiting) || now < task.not_before {
                continue;
            }
            let (route, ask) = (task.route.clone(), task.ask.clone());
            let Some(node) = self.node_for(now, &route) else {
                continue;
            };
            self.send_ask(
                now,
                node,
                &ask,
                Purpose::Task {
                    operation: id,
                    place,
                },
            );
            if let Some(operation) = self.operations.get_mut(&id) {
                operation.tasks[place].state = State::UnderWay;
            }
        }
    }

    /// The node that a request can go to now.
    fn node_for(&mut self, now: i64, route: &Route) -> Option<i32> {
        let node = match route {
            Route::Any => return self.net.least_loaded(now),
            Route::Broker(id) => Some(*id),
            Route::Controller => self.net.metadata.controller,
            Route::Leader(tp) => self.net.metadata.leader(tp),
            Route::Coordinator(group) => self.coordinator_of(now, group),
        };
        let Some(node) = node else {
            if !matches!(route, Route::Coordinator(_)) {
                self.net.metadata.request_update();
            }
            return None;
        };
        self.net.ready(now, node).then_some(node)
    }

    fn coordinator_of(&mut self, now: i64, group: &str) -> Option<i32> {
        let lookup = self.coordinators.entry(group.to_owned()).or_default();
        if lookup.node.is_some() || lookup.under_way || now < lookup.not_before {
            return lookup.node;
        }
        let node = self.net.least_loaded(now)?;
        lookup.under_way = true;
        let key = StrBytes::from_string(group.to_owned());
        let purpose = Purpose::FindCoordinator(group.to_owned());
        self.net
            .send(now, node, purpose, Call::default(), |version| {
                if version < SEVERAL_KEYS_VERSION {
                    return FindCoordinatorRequest::default().with_key(key);
                }
                FindCoordinatorRequest::default().with_coordinator_keys(vec![key])
            });
        None
    }

    fn completed(&mut self, now: i64, completion: Completion<Purpose>) {
        match (completion.purpose, completion.result) {
            (Purpose::FindCoordinator(group), Ok(ResponseKind::FindCoordinator(answer))) => {
                self.coordinator_answered(now, &group, &answer);
            }
            (Purpose::FindCoordinator(group), _) => self.coordinator_not_found(now, &group),
            (Purpose::Task { operation, place }, Ok(answer)) => {
                let Some(task) = self.task(operation, place) else {
                    return;
                };
                let read = task::read(&task.ask, answer);
                self.answered(now, operation, place, read);
            }
            (Purpose::Task { operation, place }, Err(Lost::UnsupportedVersion { api })) => {
                if self.task(operation, place).is_some() {
                    self.done(operation, Err(ClientError::UnsupportedVersion { api }));
                }
            }
            (Purpose::Task { operation, place }, Err(_)) => {
                self.again(now, operation, place, ClientError::Disconnected);
            }
        }
    }

    fn task(&mut self, operation: u64, place: usize) -> Option<&mut Task> {
        self.operations.get_mut(&operation)?.tasks.get_mut(place)
    }

    fn coordinator_answered(&mut self, now: i64, group: &str, answer: &FindCoordinatorResponse) {
        let (code, node, host, port) = match answer.coordinators.first() {
            Some(c) => (c.error_code, c.node_id.0, c.host.to_string(), c.port),
            None => (
                answer.error_code,
                answer.node_id.0,
                answer.host.to_string(),
                answer.port,
            ),
        };
        let Some(port) = u16::try_from(port).ok().filter(|_| code == 0 && node >= 0) else {
            return self.coordinator_not_found(now, group);
        };
        if !self.net.metadata.brokers.contains_key(&node) {
            self.net.add_node(now, node, HostPort::new(host, port));
        }
        let lookup = self.coordinators.entry(group.to_owned()).or_default();
        lookup.under_way = false;
        lookup.attempts = 0;
        lookup.node = Some(node);
    }

    fn coordinator_not_found(&mut self, now: i64, group: &str) {
        let lookup = self.coordinators.entry(group.to_owned()).or_default();
        lookup.under_way = false;
        lookup.not_before = now
            + self
                .retry_backoff
                .delay(lookup.attempts, &mut self.net.seed);
        lookup.attempts = lookup.attempts.saturating_add(1);
    }

    fn answered(&mut self, now: i64, id: u64, place: usize, read: Result<Piece, Refusal>) {
        let (code, message) = match read {
            Ok(piece) => {
                if let Some(task) = self.task(id, place) {
                    task.state = State::Done(piece);
                }
                return;
            }
            Err(refusal) => refusal,
        };
        let Some(task) = self.task(id, place) else {
            return;
        };
        let route = task.route.clone();
        let failure = ClientError::Broker { code, message };
        let passes = response_error(code).is_some_and(|error| may_pass(&route, error));
        if passes {
            self.again(now, id, place, failure)
        } else {
            self.done(id, Err(failure))
        }
    }

    /// Puts a request back after an error that passes by itself; its broker is looked for anew.
    fn again(&mut self, now: i64, id: u64, place: usize, error: ClientError) {
        let backoff = self.retry_backoff;
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        let Some(task) = operation.tasks.get_mut(place) else {
            return;
        };
        let delay = backoff.delay(task.attempts, &mut self.net.seed);
        task.attempts = task.attempts.saturating_add(1);
        task.not_before = now + delay;
        task.state = State::Waiting;
        let attempt = i64::from(task.attempts);
        if let Route::Coordinator(group) = &task.route {
            self.coordinators.remove(group);
        } else {
            self.net.metadata.request_update();
        }
        let event = Event::detail("admin-retry")
            .with("error", error.code_name())
            .with("attempt", attempt)
            .with("retry-in-ms", delay);
        operation.last_error = Some(error);
        self.net.event(event.because_of("retry.backoff.ms"));
    }

    fn done(&mut self, id: u64, result: Result<AdminResult, ClientError>) {
        if self.operations.remove(&id).is_none() {
            return;
        }
        if let Err(error) = &result {
            let event = Event::warn("admin-failed").with("error", error.code_name());
            self.net.event(event);
        }
        self.outputs
            .push_back(Told::Done(OperationId(id), result.map_err(Into::into)));
        self.want_topics();
    }

    fn finish(&mut self, now: i64, id: u64) {
        let limit = self.config.client.default_api_timeout_ms;
        let Some(operation) = self.operations.get_mut(&id) else {
            return;
        };
        if now - operation.since >= limit {
            let last = operation.last_error.clone().map(Box::new);
            let setting = "default.api.timeout.ms";
            return self.done(
                id,
                Err(ClientError::Timeout {
                    setting,
                    after_ms: limit,
                    last,
                }),
            );
        }
        let all = operation
            .tasks
            .iter()
            .all(|task| matches!(task.state, State::Done(_)));
        if operation.plan.is_some() || !all {
            return;
        }
        let tasks = std::mem::take(&mut operation.tasks);
        let pieces = tasks.into_iter().filter_map(|task| match task.state {
            State::Done(piece) => Some(piece),
            _ => None,
        });
        let pieces: Vec<Piece> = pieces.collect();
        if let Finish::Reset { group, to } = operation.finish.clone() {
            let offsets = new_offsets(&pieces, to);
            let ask = Ask::CommitOffsets(group, offsets.clone());
            operation.finish = Finish::WasReset(offsets);
            operation.tasks = vec![Task::new(ask.clone(), ask.route())];
            self.dirty = true;
            return;
        }
        let result = put_together(&operation.finish, pieces);
        self.done(id, Ok(result));
    }
}

/// Whether a request is worth sending again, as in Java's handlers.
fn may_pass(route: &Route, error: ResponseError) -> bool {
    use ResponseError as E;
    let passing = matches!(error, E::NotController | E::ThrottlingQuotaExceeded);
    passing
        || match route {
            Route::Coordinator(_) => matches!(
                error,
                E::CoordinatorNotAvailable | E::NotCoordinator | E::CoordinatorLoadInProgress
            ),
            Route::Leader(_) => is_stale_metadata(error),
            Route::Broker(_) => {
                matches!(
                    error,
                    E::CoordinatorNotAvailable
                        | E::CoordinatorLoadInProgress
                        | E::UnknownTopicOrPartition
                        | E::LeaderNotAvailable
                )
            }
            Route::Controller | Route::Any => false,
        }
}

/// Where each partition goes: an end, or the wanted offset moved into what exists.
fn new_offsets(pieces: &[Piece], to: ResetTo) -> Vec<(TopicPartition, i64)> {
    let mut offsets: Vec<(TopicPartition, i64)> = Vec::new();
    for piece in pieces {
        let Piece::Offset(tp, asked, listed) = piece else {
            continue;
        };
        let offset = match to {
            ResetTo::Earliest | ResetTo::Latest => listed.offset,
            ResetTo::Offset(wanted) => {
                let so_far = offsets.iter().find(|(other, _)| other == tp);
                let so_far = so_far.map_or(wanted, |(_, offset)| *offset);
                if *asked == OffsetSpec::Earliest.wire() {
                    so_far.max(listed.offset)
                } else {
                    so_far.min(listed.offset)
                }
            }
        };
        offsets.retain(|(other, _)| other != tp);
        offsets.push((tp.clone(), offset));
    }
    offsets
}

fn put_together(finish: &Finish, pieces: Vec<Piece>) -> AdminResult {
    match finish {
        Finish::WasReset(offsets) => AdminResult::GroupOffsets(offsets.clone()),
        Finish::LowWatermarks => {
            let marks = pieces.into_iter().filter_map(|piece| match piece {
                Piece::LowWatermark(tp, offset) => Some((tp, offset)),
                _ => None,
            });
            AdminResult::LowWatermarks(marks.collect())
        }
        Finish::Offsets => {
            let offsets = pieces.into_iter().filter_map(|piece| match piece {
                Piece::Offset(tp, _, listed) => Some((tp, listed)),
                _ => None,
            });
            AdminResult::Offsets(offsets.collect())
        }
        Finish::Groups => {
            let groups = pieces.into_iter().filter_map(|piece| match piece {
                Piece::Groups(groups) => Some(groups),
                _ => None,
            });
            AdminResult::Groups(groups.flatten().collect())
        }
        Finish::Only | Finish::Reset { .. } => match pieces.into_iter().next() {
            Some(Piece::TopicCreated {
                id,
                partitions,
                replication_factor,
            }) => AdminResult::TopicCreated {
                id,
                partitions,
                replication_factor,
            },
            Some(Piece::Configs(entries)) => AdminResult::Configs(entries),
            Some(Piece::Group(group)) => AdminResult::Group(group),
            Some(Piece::GroupOffsets(offsets)) => AdminResult::GroupOffsets(offsets),
            Some(Piece::Cluster(cluster)) => AdminResult::Cluster(cluster),
            _ => AdminResult::Done,
        },
    }
}
