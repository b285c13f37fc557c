//! Finding the group's coordinator, heartbeats, the two timeouts, leaving.

use konbini_protocol::messages::leave_group_request::MemberIdentity;
use konbini_protocol::messages::{
    FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, LeaveGroupRequest,
};
use konbini_protocol::{ResponseError, StrBytes, error};
use konbini_trace::Event;

use super::group::{Phase, Reason};
use super::record::Told;
use super::{Consumer, Purpose, text};
use crate::ClientError;
use crate::config::HostPort;
use crate::failure::response_error;
use crate::network::{Call, Lost, broker_of, coordinator_id};

/// The key type of groups in FindCoordinator.
const GROUP_KEY: i8 = 0;
/// The first version that asks for several keys at once.
const SEVERAL_KEYS_VERSION: i16 = 4;
/// The first version of LeaveGroup that names members, and the first with a reason.
const LEAVE_MEMBERS_VERSION: i16 = 3;
const LEAVE_REASON_VERSION: i16 = 5;

impl Consumer {
    pub(super) fn group_event(&self, event: Event) -> Event {
        let id = self.group.as_ref().map_or("", |group| group.id.as_str());
        event.with("group", id)
    }

    pub(super) fn find_coordinator(&mut self, now: i64) {
        let Some(group) = &self.group else { return };
        if group.coordinator.is_some() || group.finding || now < group.find_not_before {
            return;
        }
        let id = group.id.clone();
        let Some(node) = self.net.least_loaded(now) else {
            return;
        };
        if let Some(group) = &mut self.group {
            group.finding = true;
        }
        self.net.send(
            now,
            node,
            Purpose::FindCoordinator,
            Call::default(),
            |version| {
                if version < SEVERAL_KEYS_VERSION {
                    return FindCoordinatorRequest::default().with_key(text(&id));
                }
                FindCoordinatorRequest::default()
                    .with_key_type(GROUP_KEY)
                    .with_coordinator_keys(vec![text(&id)])
            },
        );
    }

    pub(super) fn coordinator_answered(&mut self, now: i64, answer: &FindCoordinatorResponse) {
        let told = match answer.coordinators.first() {
            Some(c) => (c.error_code, c.node_id.0, c.host.to_string(), c.port),
            None => (
                answer.error_code,
                answer.node_id.0,
                answer.host.to_string(),
                answer.port,
            ),
        };
        let (code, broker, host, port) = told;
        match (response_error(code), u16::try_from(port)) {
            (None, Ok(port)) if broker >= 0 => {
                let node = coordinator_id(broker);
                self.net.add_node(now, node, HostPort::new(host, port));
                let Some(group) = &mut self.group else { return };
                group.finding = false;
                group.find_attempts = 0;
                group.coordinator = Some(node);
                let interval = self.config.heartbeat_interval_ms;
                group.heartbeat_at = group.heartbeat_at.min(now + interval);
                group.session_until = now + self.config.session_timeout_ms;
                let event = self.group_event(Event::info("consumer-coordinator-found"));
                self.net.event(event.with("broker", broker));
            }
            (Some(ResponseError::GroupAuthorizationFailed | ResponseError::InvalidGroupId), _) => {
                self.fail_group(ClientError::Broker {
                    code,
                    message: None,
                });
            }
            (failure, _) => {
                if let Some(failure) = failure {
                    self.stats.last_error = Some(error::name(failure.code()));
                }
                self.coordinator_not_found(now);
            }
        }
    }

    pub(super) fn coordinator_not_found(&mut self, now: i64) {
        let backoff = self.retry_backoff;
        let Some(group) = &mut self.group else { return };
        group.finding = false;
        group.find_not_before = now + backoff.delay(group.find_attempts, &mut self.net.seed);
        group.find_attempts = group.find_attempts.saturating_add(1);
    }

    /// Forgets the coordinator; the next step looks for it again.
    pub(super) fn lose_coordinator(&mut self, now: i64, why: &str) {
        let Some(group) = &mut self.group else { return };
        let Some(node) = group.coordinator.take() else {
            return;
        };
        group.find_not_before = now;
        group.find_attempts = 0;
        let event = self.group_event(Event::warn("consumer-coordinator-lost"));
        let event = event.with("broker", broker_of(node)).with("reason", why);
        self.net.event(event);
    }

    /// Every answer that never came says something about the coordinator too.
    pub(super) fn coordinator_lost(&mut self, now: i64, lost: &Lost) {
        match lost {
            Lost::Disconnected => self.lose_coordinator(now, "disconnected"),
            Lost::TimedOut => self.lose_coordinator(now, "request timed out"),
            Lost::UnsupportedVersion { .. } => {}
        }
    }

    /// The group refuses this consumer for good.
    pub(super) fn fail_group(&mut self, error: ClientError) {
        self.stats.last_error = Some(error.code_name());
        let event = self.group_event(Event::error("consumer-group-refused"));
        self.net.event(event.with("error", error.code_name()));
        self.fatal = Some(error.clone());
        self.outputs.push_back(Told::Failed(error));
    }

    pub(super) fn heartbeat(&mut self, now: i64) {
        self.check_poll_interval(now);
        let Some(group) = &self.group else { return };
        if !group.beats() || self.closing.is_some() {
            return;
        }
        if now >= group.session_until && group.coordinator.is_some() {
            let event = self.group_event(Event::warn("consumer-session-timeout"));
            self.net.event(event.because_of("session.timeout.ms"));
            self.lose_coordinator(now, "no heartbeat was answered in time");
            return;
        }
        let Some(node) = group.coordinator else {
            return;
        };
        if group.heartbeat_under_way || now < group.heartbeat_at || !self.net.ready(now, node) {
            return;
        }
        let Some(group) = &mut self.group else { return };
        group.heartbeat_under_way = true;
        group.heartbeat_at = now + self.config.heartbeat_interval_ms;
        let (id, member, generation) =
            (group.id.clone(), group.member_id.clone(), group.generation);
        let instance = self.config.group_instance_id.clone();
        self.net.send(
            now,
            node,
            Purpose::Heartbeat(generation),
            Call::default(),
            |version| {
                let request = HeartbeatRequest::default()
                    .with_group_id(text(&id).into())
                    .with_generation_id(generation)
                    .with_member_id(text(&member));
                // Static membership came with version 3.
                if version < 3 {
                    request
                } else {
                    request.with_group_instance_id(instance.map(StrBytes::from_string))
                }
            },
        );
    }

    pub(super) fn heartbeat_answered(&mut self, now: i64, generation: i32, code: i16) {
        let session = self.config.session_timeout_ms;
        let Some(group) = &mut self.group else { return };
        group.heartbeat_under_way = false;
        let current = group.generation == generation;
        let Some(error) = response_error(code) else {
            group.session_until = now + session;
            return;
        };
        match error {
            ResponseError::CoordinatorNotAvailable | ResponseError::NotCoordinator => {
                self.lose_coordinator(now, &konbini_protocol::error::name(code));
            }
            ResponseError::RebalanceInProgress => {
                group.session_until = now + session;
                if matches!(group.phase, Phase::Stable) {
                    group.request_rejoin(Reason::new("group is already rebalancing"));
                }
            }
            ResponseError::FencedInstanceId if current => {
                self.fail_group(ClientError::Broker {
                    code,
                    message: None,
                });
            }
            ResponseError::IllegalGeneration | ResponseError::UnknownMemberId if current => {
                self.stats.last_error = Some(error::name(code));
                let name = error::name(code);
                self.evicted(&name, error == ResponseError::UnknownMemberId);
            }
            _ => {}
        }
    }

    /// The coordinator answered that this member or generation is over.
    pub(super) fn evicted(&mut self, error: &str, forget_member_id: bool) {
        let Some(group) = &mut self.group else { return };
        group.reset(forget_member_id);
        group.rejoin = None;
        group.request_rejoin(Reason {
            text: format!("the coordinator answered {error}"),
            setting: forget_member_id.then_some("session.timeout.ms"),
        });
    }

    /// Leaves the group when the application has not polled for too long.
    fn check_poll_interval(&mut self, now: i64) {
        let limit = self.config.max_poll_interval_ms;
        let Some(group) = &self.group else { return };
        let overdue = !self.in_poll && now - self.polled_at >= limit;
        if !overdue || group.member_id.is_empty() || matches!(group.phase, Phase::Unjoined) {
            return;
        }
        let event = self.group_event(Event::warn("consumer-kicked-out"));
        let event = event.with("after-ms", now - self.polled_at);
        self.net.event(event.because_of("max.poll.interval.ms"));
        self.leave(now, "consumer poll timeout has expired.");
        if let Some(group) = &mut self.group {
            group.reset(true);
            group.rejoin = None;
            group.request_rejoin(Reason {
                text: "consumer pro-actively leaving the group".to_owned(),
                setting: Some("max.poll.interval.ms"),
            });
        }
    }

    /// Sends LeaveGroup, unless the member is static: its place is kept for its return. Returns
    /// whether it was sent.
    pub(super) fn leave(&mut self, now: i64, reason: &'static str) -> bool {
        let Some(group) = &self.group else {
            return false;
        };
        let Some(node) = group.coordinator else {
            return false;
        };
        if self.config.group_instance_id.is_some()
            || group.member_id.is_empty()
            || !self.net.ready(now, node)
        {
            return false;
        }
        let (id, member) = (group.id.clone(), group.member_id.clone());
        self.net
            .send(now, node, Purpose::Leave, Call::default(), |version| {
                let request = LeaveGroupRequest::default().with_group_id(text(&id).into());
                if version < LEAVE_MEMBERS_VERSION {
                    return request.with_member_id(text(&member));
                }
                let mut identity = MemberIdentity::default().with_member_id(text(&member));
                if version >= LEAVE_REASON_VERSION {
                    identity.reason = Some(StrBytes::from_static_str(reason));
                }
                request.with_members(vec![identity])
            });
        let event = self
            .group_event(Event::info("consumer-left"))
            .with("reason", reason);
        self.net.event(event);
        true
    }
}
