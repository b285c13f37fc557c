//! JoinGroup of a member that speaks the classic protocol, in a consumer group. It is answered at once:
//! the coordinator assigns, and the member is told its epoch as its generation.

use super::super::classic::{Join, join_error, protocols, rebalance_timeout_ms, text};
use super::super::config::MAX_SUBSCRIPTION_BYTES;
use super::super::consumer_protocol::{self, PROTOCOL_TYPE, Subscription};
use super::heartbeat::{fenced_instance, unknown_instance};
use super::record::ConsumerRecord;
use super::scope::{Refusal, Scope};
use super::{ClassicMember, ConsumerGroup, MemberMetadata, Partitions, Sender, events};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};

/// From this JoinGroup version on, a dynamic member must bring the id it was given (KIP-394).
const REQUIRES_KNOWN_MEMBER_ID: i16 = 4;

impl Scope<'_> {
    /// Handles JoinGroup. The answer comes in any case.
    pub fn classic_join(&mut self, join: Join<'_>) {
        let version = join.parked.api_version;
        let asked = join.request.member_id.as_str();
        let is_static = join.request.group_instance_id.is_some();
        let id = match asked.is_empty() {
            true => self
                .turn
                .ids
                .member_id(match &join.request.group_instance_id {
                    Some(instance_id) => instance_id,
                    None => join.context.client_id,
                }),
            false => asked.to_owned(),
        };
        let refuse = |id: &str, error| join_error(version, id, error);
        let response = match self.check_classic_join(&join, &id) {
            Err(refusal) => refuse(asked, refusal.error),
            Ok(_) if asked.is_empty() && !is_static && version >= REQUIRES_KNOWN_MEMBER_ID => {
                refuse(&id, ResponseError::MemberIdRequired)
            }
            Ok((sender, subscription)) => self
                .take_classic_member(&join, &id, &sender, subscription)
                .into(),
        };
        self.turn.reply(join.parked.waiter, response);
    }

    fn check_classic_join(
        &mut self,
        join: &Join<'_>,
        id: &str,
    ) -> Result<(Sender, Subscription), Refusal> {
        let request = join.request;
        let group = self.group();
        if group.len() >= self.turn.config.consumer_max_size && group.member(id).is_none() {
            return Err(ResponseError::GroupMaxSizeReached.into());
        }
        if request.protocol_type.as_str() != PROTOCOL_TYPE || !shares_protocol(group, request) {
            return Err(ResponseError::InconsistentGroupProtocol.into());
        }
        let sender = identify(group, request, id)?;
        let protocols = request.protocols.iter();
        let bytes = protocols.map(|protocol| protocol.name.len() + protocol.metadata.len());
        if bytes.sum::<usize>() > MAX_SUBSCRIPTION_BYTES {
            // As in a classic group whose record would be too large.
            return Err(ResponseError::UnknownServerError.into());
        }
        // All protocols of a consumer subscribe to the same.
        let first = request.protocols.first();
        let subscription =
            first.and_then(|protocol| consumer_protocol::subscription(&protocol.metadata));
        // As in Kafka: the broker cannot work with what it cannot read.
        let subscription = subscription.ok_or(ResponseError::UnknownServerError)?;
        Ok((sender, subscription))
    }

    fn take_classic_member(
        &mut self,
        join: &Join<'_>,
        id: &str,
        sender: &Sender,
        subscription: Subscription,
    ) -> JoinGroupResponse {
        let state = self.group().state();
        self.note_start(state);
        if let Sender::Successor(old) = sender {
            self.replace(old, id);
        }
        let known = self.member(id).map(|member| member.metadata.clone());
        let is_new = known.is_none();
        let before = known.unwrap_or_default();
        let metadata = metadata(join, &subscription, &before);
        let protocol = first_protocol(&metadata).to_owned();
        let subscribes_anew = metadata.topics != before.topics || metadata.regex != before.regex;
        if is_new {
            let timeout = join.request.session_timeout_ms;
            self.turn
                .event(events::joined(self.id, id, &metadata, timeout));
        }
        if metadata != before {
            self.write(ConsumerRecord::Member {
                member: id.to_owned(),
                value: Some(metadata),
            });
        }
        self.forget_regexes();
        let topics_changed = self.refresh_topics();
        let why = match is_new {
            true => "member-joined",
            false => "subscription-changed",
        };
        let why = subscribes_anew.then_some(why);
        if let Some(why) = why.or(topics_changed.then_some("topics-changed")) {
            self.bump_epoch(why, Some(id));
        }
        self.assign();
        self.reconcile(id, Some(&self.owned(&subscription)));
        self.touch(id);
        self.await_sync(id);
        self.tell_rest(state);
        JoinGroupResponse::default()
            .with_member_id(text(id))
            .with_generation_id(self.member(id).map_or(-1, |member| member.current.epoch))
            .with_protocol_type(Some(text(PROTOCOL_TYPE)))
            .with_protocol_name(Some(text(&protocol)))
    }

    /// The partitions that a member says it has, by the ids of their topics.
    fn owned(&self, subscription: &Subscription) -> Partitions {
        let owned = subscription.owned.iter();
        owned
            .filter_map(|(topic, partition)| Some((self.topics.id(topic)?, *partition)))
            .collect()
    }
}

/// A member needs a protocol that all members of the classic protocol have.
fn shares_protocol(group: &ConsumerGroup, request: &JoinGroupRequest) -> bool {
    request.protocols.iter().any(|protocol| {
        let mut members = group
            .members()
            .filter_map(|(_, member)| member.metadata.classic.as_ref());
        let name = protocol.name.as_str();
        members.all(|member| member.protocols.iter().any(|(known, _)| known == name))
    })
}

fn identify(
    group: &ConsumerGroup,
    request: &JoinGroupRequest,
    id: &str,
) -> Result<Sender, Refusal> {
    let known = match group.member(id) {
        Some(_) => Sender::Known,
        None => Sender::New,
    };
    let Some(instance_id) = request.group_instance_id.as_deref() else {
        return Ok(known);
    };
    match group.static_member(instance_id) {
        None if request.member_id.is_empty() => Ok(Sender::New),
        None => Err(unknown_instance(instance_id)),
        Some(owner) if request.member_id.is_empty() => Ok(Sender::Successor(owner.to_owned())),
        Some(owner) if owner != id => Err(fenced_instance(owner, instance_id)),
        Some(_) => Ok(Sender::Known),
    }
}

fn metadata(
    join: &Join<'_>,
    subscription: &Subscription,
    before: &MemberMetadata,
) -> MemberMetadata {
    let request = join.request;
    MemberMetadata {
        instance_id: match &request.group_instance_id {
            Some(instance_id) => Some(instance_id.to_string()),
            None => before.instance_id.clone(),
        },
        rack_id: before.rack_id.clone(),
        client_id: join.context.client_id.to_owned(),
        client_host: join.context.client_host.to_owned(),
        topics: subscription.topics.iter().cloned().collect(),
        regex: None,
        rebalance_timeout_ms: rebalance_timeout_ms(request),
        assignor: before.assignor.clone(),
        classic: Some(ClassicMember {
            session_timeout_ms: request.session_timeout_ms,
            protocols: protocols(request),
        }),
    }
}

/// The protocol that a member of the classic protocol is told: its best one.
pub(super) fn first_protocol(metadata: &MemberMetadata) -> &str {
    let classic = metadata.classic.as_ref();
    let first = classic.and_then(|classic| classic.protocols.first());
    first.map_or("", |(name, _)| name)
}
