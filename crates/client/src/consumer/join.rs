//! Joining: giving partitions up, JoinGroup, assigning as the leader, SyncGroup, taking partitions
//! over. Eager assignors give up everything before they join, cooperative ones only what the new
//! assignment takes away (KIP-429).

use std::collections::{BTreeMap, BTreeSet};

use konbini_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use konbini_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use konbini_protocol::messages::{
    JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use konbini_protocol::{ResponseError, StrBytes, error};
use konbini_trace::Event;

use super::assignor::{Assignor, Member};
use super::commit::Cause;
use super::group::{Phase, Reason};
use super::record::Told;
use super::{Consumer, Purpose, text, wire};
use crate::failure::response_error;
use crate::network::Call;
use crate::{ClientError, TopicPartition};

/// The name that consumers join under.
const PROTOCOL_TYPE: &str = "consumer";
/// How much longer than the rebalance timeout JoinGroup may take, in ms, as in Java.
const JOIN_LAPSE_MS: i64 = 5_000;
/// The first version of JoinGroup with `group.instance.id`, and the first with a reason.
const STATIC_VERSION: i16 = 5;
const REASON_VERSION: i16 = 8;
/// Characters of a reason that are sent at most (KIP-800).
const MAX_REASON_CHARS: usize = 255;

impl Consumer {
    /// Whether all configured assignors let members keep partitions during a rebalance.
    fn is_cooperative(&self) -> bool {
        self.config
            .partition_assignment_strategy
            .iter()
            .all(|a| a.is_cooperative())
    }

    /// Goes on with a rebalance that is due. Runs only while the application is in `poll`.
    pub(super) fn rebalance(&mut self, now: i64) {
        let Some(group) = &self.group else { return };
        if let Phase::Leading { .. } = group.phase {
            return self.lead(now);
        }
        if group.rejoin.is_none() || !matches!(group.phase, Phase::Unjoined | Phase::Stable) {
            return;
        }
        let Some(node) = group.coordinator else {
            return;
        };
        self.announce_rebalance();
        if !self.prepare(now) {
            return;
        }
        let not_before = self
            .group
            .as_ref()
            .map_or(i64::MAX, |group| group.join_not_before);
        if now >= not_before && self.net.ready(now, node) {
            self.join(now, node);
        }
    }

    fn announce_rebalance(&mut self) {
        let Some(group) = &mut self.group else { return };
        if std::mem::replace(&mut group.announced, true) {
            return;
        }
        let Some(reason) = group.rejoin.clone() else {
            return;
        };
        let event = Event::info("consumer-rebalance-began").with("reason", reason.text);
        let mut event = self.group_event(event);
        if let Some(setting) = reason.setting {
            event = event.because_of(setting);
        }
        self.net.event(event);
    }

    /// Commits and gives partitions up as far as the protocol wants; true once that is done.
    fn prepare(&mut self, now: i64) -> bool {
        let Some(group) = &self.group else {
            return false;
        };
        if group.prepared {
            return true;
        }
        let member = group.is_member();
        let since = group.preparing_since;
        if member && self.config.enable_auto_commit && !self.partitions.is_empty() {
            match since {
                None => {
                    if let Some(group) = &mut self.group {
                        group.preparing_since = Some(now);
                    }
                    self.commit_positions(now, Cause::Rebalance);
                    return false;
                }
                Some(since) => {
                    let overdue = now - since >= self.config.max_poll_interval_ms;
                    if self.has_commit(Cause::Rebalance) && !overdue {
                        return false;
                    }
                }
            }
        }
        if !member {
            let lost = self.partitions.clear();
            if !lost.is_empty() {
                let event = self.group_event(Event::warn("consumer-partitions-lost"));
                self.net.event(event.with("partitions", names(&lost)));
                self.outputs.push_back(Told::Lost(lost));
            }
        } else if self.is_cooperative() {
            let topics = self.topics();
            let own = self.partitions.names().into_iter();
            let gone = own.filter(|tp| !topics.contains(&tp.topic)).collect();
            self.revoke(gone);
        } else {
            let all = self.partitions.names();
            self.revoke(all);
        }
        if let Some(group) = &mut self.group {
            group.prepared = true;
            group.preparing_since = None;
        }
        true
    }

    fn revoke(&mut self, gone: Vec<TopicPartition>) {
        if gone.is_empty() {
            return;
        }
        for tp in &gone {
            self.partitions.remove(tp);
        }
        let event = self.group_event(Event::info("consumer-partitions-revoked"));
        self.net.event(event.with("partitions", names(&gone)));
        self.outputs.push_back(Told::Revoked(gone));
    }

    fn join(&mut self, now: i64, node: i32) {
        let topics: Vec<String> = self.topics().into_iter().collect();
        let owned = self.partitions.names();
        let Some(group) = &mut self.group else { return };
        group.phase = Phase::Joining;
        let reason = group.rejoin.as_ref().map(|reason| reason.text.clone());
        let (last, last_generation) = &group.last_assignment;
        let generation = group.generation;
        let strategies = &self.config.partition_assignment_strategy;
        let protocols = strategies.iter().map(|assignor| {
            let told = if assignor.is_cooperative() {
                generation
            } else {
                *last_generation
            };
            let subscription = wire::Subscription {
                topics: topics.clone(),
                user_data: assignor.user_data(last, told),
                owned: owned.clone(),
                generation,
            };
            JoinGroupRequestProtocol::default()
                .with_name(StrBytes::from_static_str(assignor.name()))
                .with_metadata(wire::encode_subscription(&subscription))
        });
        let as_i32 = |ms: i64| ms.clamp(0, i32::MAX.into()) as i32;
        let request = JoinGroupRequest::default()
            .with_group_id(text(&group.id).into())
            .with_session_timeout_ms(as_i32(self.config.session_timeout_ms))
            .with_rebalance_timeout_ms(as_i32(self.config.max_poll_interval_ms))
            .with_member_id(text(&group.member_id))
            .with_protocol_type(StrBytes::from_static_str(PROTOCOL_TYPE))
            .with_protocols(protocols.collect());
        let instance = self.config.group_instance_id.clone();
        let longest = self
            .config
            .max_poll_interval_ms
            .saturating_add(JOIN_LAPSE_MS);
        let timeout = longest.max(self.config.client.request_timeout_ms);
        let call = Call {
            timeout_ms: Some(timeout),
            ..Call::default()
        };
        self.net.send(now, node, Purpose::Join, call, |version| {
            let mut request = request;
            if version >= STATIC_VERSION {
                request.group_instance_id = instance.map(StrBytes::from_string);
            }
            if version >= REASON_VERSION {
                let short = reason.map(|r| r.chars().take(MAX_REASON_CHARS).collect());
                request.reason = short.map(StrBytes::from_string);
            }
            request
        });
    }

    /// Tries to join again after a backoff.
    pub(super) fn join_later(&mut self, now: i64) {
        let backoff = self.retry_backoff;
        let Some(group) = &mut self.group else { return };
        group.phase = Phase::Unjoined;
        group.join_not_before = now + backoff.delay(group.join_attempts, &mut self.net.seed);
        group.join_attempts = group.join_attempts.saturating_add(1);
        if group.rejoin.is_none() {
            group.rejoin = Some(Reason::new("joining did not succeed"));
        }
    }

    pub(super) fn join_answered(&mut self, now: i64, answer: JoinGroupResponse) {
        let Some(group) = &mut self.group else { return };
        if !matches!(group.phase, Phase::Joining) {
            return;
        }
        let Some(refused) = response_error(answer.error_code) else {
            return self.joined(now, answer);
        };
        use ResponseError as E;
        if refused != E::MemberIdRequired {
            self.stats.last_error = Some(error::name(refused.code()));
        }
        match refused {
            E::MemberIdRequired => {
                group.member_id = answer.member_id.to_string();
                group.phase = Phase::Unjoined;
                group.join_not_before = now;
            }
            E::UnknownMemberId | E::IllegalGeneration => {
                group.reset(true);
                group.prepared = false;
                self.join_later(now);
            }
            E::CoordinatorNotAvailable | E::NotCoordinator => {
                self.lose_coordinator(now, &error::name(answer.error_code));
                self.join_later(now);
            }
            E::CoordinatorLoadInProgress | E::RebalanceInProgress => self.join_later(now),
            _ => {
                group.reset(false);
                self.fail_group(ClientError::Broker {
                    code: answer.error_code,
                    message: None,
                });
            }
        }
    }

    fn joined(&mut self, now: i64, answer: JoinGroupResponse) {
        let interval = self.config.heartbeat_interval_ms;
        let session = self.config.session_timeout_ms;
        let Some(group) = &mut self.group else { return };
        group.member_id = answer.member_id.to_string();
        group.generation = answer.generation_id;
        let protocol = answer
            .protocol_name
            .as_ref()
            .map_or(String::new(), |name| name.to_string());
        group.protocol = Some(protocol.clone());
        group.join_attempts = 0;
        group.heartbeat_at = now + interval;
        group.session_until = now + session;
        group.is_leader = answer.leader == answer.member_id;
        if !group.is_leader {
            group.assigned_from = None;
            return self.sync(now, Vec::new());
        }
        let members = answer.members.iter().map(|member| {
            let instance = member.group_instance_id.as_ref().map(|id| id.as_str());
            wire::decode_member(&member.member_id, instance, &member.metadata).unwrap_or_else(
                || {
                    // Who sends no subscription gets no partitions, but is answered.
                    Member {
                        id: member.member_id.to_string(),
                        generation: -1,
                        ..Member::default()
                    }
                },
            )
        });
        let members: Vec<Member> = members.collect();
        let all: BTreeSet<String> = members
            .iter()
            .flat_map(|member| member.topics.iter().cloned())
            .collect();
        group.phase = Phase::Leading { members, protocol };
        // Members may subscribe to topics that this one does not.
        self.net.metadata.want_only(all);
        self.lead(now);
    }

    /// Assigns once metadata has spoken about all topics; one that does not exist counts as empty.
    fn lead(&mut self, now: i64) {
        let Some(group) = &self.group else { return };
        let Phase::Leading { members, protocol } = &group.phase else {
            return;
        };
        let topics: BTreeSet<&String> = members.iter().flat_map(|member| &member.topics).collect();
        if topics
            .iter()
            .any(|topic| self.net.metadata.topic(topic).is_none())
        {
            return self.net.metadata.request_update();
        }
        let known = |topic: &&String| self.net.metadata.partition_count(topic);
        let counts: BTreeMap<String, i32> = topics
            .iter()
            .filter_map(|t| Some(((*t).clone(), known(t)?)))
            .collect();
        let Some(assignor) = Assignor::by_name(protocol) else {
            return self.fail_group(ClientError::IllegalState(
                "the group chose an unknown assignor",
            ));
        };
        let assignment = assignor.assign(members, &counts);
        let assignments = assignment.iter().map(|(member, own)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(member))
                .with_assignment(wire::encode_assignment(own))
        });
        let assignments = assignments.collect();
        let event = Event::info("consumer-assigned-as-leader")
            .with("assignor", assignor.name())
            .with("members", members.len() as i64);
        let event = self
            .group_event(event)
            .because_of("partition.assignment.strategy");
        self.net.event(event);
        if let Some(group) = &mut self.group {
            group.assigned_from = Some(counts);
        }
        self.sync(now, assignments);
    }

    fn sync(&mut self, now: i64, assignments: Vec<SyncGroupRequestAssignment>) {
        let Some(group) = &mut self.group else { return };
        group.phase = Phase::Syncing;
        let Some(node) = group.coordinator else {
            return self.join_later(now);
        };
        let generation = group.generation;
        let protocol = group.protocol.clone();
        let request = SyncGroupRequest::default()
            .with_group_id(text(&group.id).into())
            .with_generation_id(generation)
            .with_member_id(text(&group.member_id))
            .with_assignments(assignments);
        let instance = self.config.group_instance_id.clone();
        // Sync waits for the leader, which may take as long as a rebalance.
        let longest = self
            .config
            .max_poll_interval_ms
            .saturating_add(JOIN_LAPSE_MS);
        let timeout = longest.max(self.config.client.request_timeout_ms);
        let call = Call {
            timeout_ms: Some(timeout),
            ..Call::default()
        };
        self.net
            .send(now, node, Purpose::Sync(generation), call, |version| {
                let mut request = request;
                if version >= 3 {
                    request.group_instance_id = instance.map(StrBytes::from_string);
                }
                if version >= 5 {
                    request.protocol_type = Some(StrBytes::from_static_str(PROTOCOL_TYPE));
                    request.protocol_name = protocol.map(StrBytes::from_string);
                }
                request
            });
    }

    pub(super) fn sync_answered(&mut self, now: i64, generation: i32, answer: &SyncGroupResponse) {
        let Some(group) = &mut self.group else { return };
        if !matches!(group.phase, Phase::Syncing) || group.generation != generation {
            return;
        }
        use ResponseError as E;
        let Some(refused) = response_error(answer.error_code) else {
            let Some(partitions) = wire::decode_assignment(&answer.assignment) else {
                let why = "the assignment's bytes are broken";
                return self.fail_group(ClientError::IllegalState(why));
            };
            return self.take_over(now, partitions);
        };
        let name = error::name(refused.code());
        self.stats.last_error = Some(name.clone());
        match refused {
            E::RebalanceInProgress => {
                group.phase = Phase::Unjoined;
                group.join_not_before = now;
                group
                    .rejoin
                    .get_or_insert(Reason::new("group rebalance in progress"));
            }
            E::UnknownMemberId | E::IllegalGeneration => {
                group.reset(refused == E::UnknownMemberId);
                group.prepared = false;
                self.join_later(now);
            }
            E::CoordinatorNotAvailable | E::NotCoordinator => {
                self.lose_coordinator(now, &name);
                self.join_later(now);
            }
            error if error.is_retriable() => self.join_later(now),
            _ => {
                group.reset(false);
                self.fail_group(ClientError::Broker {
                    code: answer.error_code,
                    message: None,
                });
            }
        }
    }

    /// The rebalance is done: takes partitions over, and gives up what was taken away.
    fn take_over(&mut self, now: i64, assigned: Vec<TopicPartition>) {
        let before: BTreeSet<TopicPartition> = self.partitions.names().into_iter().collect();
        let after: BTreeSet<TopicPartition> = assigned.iter().cloned().collect();
        let revoked: Vec<TopicPartition> = before.difference(&after).cloned().collect();
        let added: Vec<TopicPartition> = after.difference(&before).cloned().collect();
        self.stats.rebalances += 1;
        let Some(group) = &mut self.group else { return };
        group.phase = Phase::Stable;
        group.rejoin = None;
        group.prepared = false;
        group.preparing_since = None;
        group.announced = false;
        group.last_assignment = (assigned, group.generation);
        let event = Event::info("consumer-rebalance-finished")
            .with("generation", group.generation)
            .with("assignor", group.protocol.clone().unwrap_or_default())
            .with("partitions", names(&group.last_assignment.0))
            .with("member", group.member_id.as_str());
        let event = self.group_event(event);
        self.net.event(event);
        self.next_auto_commit = now + self.config.auto_commit_interval_ms;
        self.want_topics();
        let moved = !revoked.is_empty();
        self.revoke(revoked);
        for tp in &added {
            self.partitions.add(tp.clone());
        }
        if !added.is_empty() {
            self.outputs.push_back(Told::Assigned(added));
        }
        if moved && let Some(group) = &mut self.group {
            // The next round gives what we gave up to somebody else.
            group.request_rejoin(Reason::new("need to revoke partitions and re-join"));
        }
    }

    /// The leader watches the topics: more partitions mean another assignment.
    pub(super) fn watch_partition_counts(&mut self) {
        let Some(group) = &mut self.group else { return };
        let Some(from) = group.assigned_from.as_ref() else {
            return;
        };
        if !matches!(group.phase, Phase::Stable) {
            return;
        }
        let metadata = &self.net.metadata;
        let wanted = metadata
            .topics()
            .filter(|(topic, _)| metadata.is_wanted(topic));
        let counts: BTreeMap<String, i32> = wanted
            .filter_map(|(topic, _)| Some((topic.to_owned(), metadata.partition_count(topic)?)))
            .collect();
        // A topic that is missing for a moment is not a reason to rebalance.
        let changed = counts
            .iter()
            .any(|(topic, count)| from.get(topic) != Some(count));
        let gone = from.keys().any(|topic| {
            let info = metadata.topic(topic);
            info.is_some_and(|info| info.error == Some(ResponseError::UnknownTopicOrPartition))
        });
        if changed || gone {
            let text = "partitions of the subscribed topics changed since the last assignment";
            group.request_rejoin(Reason {
                text: text.to_owned(),
                setting: Some("metadata.max.age.ms"),
            });
        }
    }
}

pub(super) fn names(partitions: &[TopicPartition]) -> String {
    let names: Vec<String> = partitions.iter().map(ToString::to_string).collect();
    names.join(", ")
}
