//! SyncGroup, Heartbeat and LeaveGroup of members that speak the classic protocol, in a consumer group.

use super::super::classic::text;
use super::super::consumer_protocol::{self, PROTOCOL_TYPE};
use super::super::events as classic_events;
use super::classic_join::first_protocol;
use super::heartbeat::{fenced_instance, unknown_instance, unknown_member};
use super::scope::{Refusal, Scope};
use super::{Member, MemberState};
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{HeartbeatRequest, SyncGroupRequest, SyncGroupResponse};

impl Scope<'_> {
    /// What a member of the classic protocol is assigned, if it is up to date.
    pub fn classic_sync(
        &mut self,
        request: &SyncGroupRequest,
    ) -> Result<SyncGroupResponse, ResponseError> {
        let id = request.member_id.as_str();
        let instance_id = request.group_instance_id.as_deref();
        let member = self.classic_member(id, instance_id, request.generation_id)?;
        let protocol = first_protocol(&member.metadata).to_owned();
        let kind = request.protocol_type.as_deref();
        let name = request.protocol_name.as_deref();
        if kind.is_some_and(|kind| kind != PROTOCOL_TYPE)
            || name.is_some_and(|name| name != protocol)
        {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        // A member that gives partitions up has joined already: first it hears which it keeps.
        let behind = member.current.epoch < self.group().epoch;
        if behind && member.current.state != MemberState::UnrevokedPartitions {
            self.await_join(id);
            return Err(ResponseError::RebalanceInProgress);
        }
        let assignment = self.classic_assignment(member);
        let timer = self.rebalance_timer(id);
        self.turn.timers.cancel(&timer);
        self.touch(id);
        Ok(SyncGroupResponse::default()
            .with_protocol_type(Some(text(PROTOCOL_TYPE)))
            .with_protocol_name(Some(text(&protocol)))
            .with_assignment(assignment))
    }

    fn classic_assignment(&self, member: &Member) -> Bytes {
        let group = self.group();
        let classic = member.metadata.classic.as_ref();
        let metadata = classic.and_then(|classic| classic.protocols.first());
        let version = metadata.and_then(|(_, bytes)| consumer_protocol::version(bytes));
        let partitions = member.current.assigned.iter();
        let partitions = partitions
            .filter_map(|(topic, partition)| Some((group.topic_name(*topic)?, *partition)));
        consumer_protocol::assignment(version.unwrap_or(0), partitions)
    }

    /// A sign of life. The answer REBALANCE_IN_PROGRESS sends the member to join again: for a newer
    /// epoch, to give up partitions, or to get those that have come free.
    pub fn classic_heartbeat(&mut self, request: &HeartbeatRequest) -> Result<(), ResponseError> {
        let id = request.member_id.as_str();
        let instance_id = request.group_instance_id.as_deref();
        let member = self.classic_member(id, instance_id, request.generation_id)?;
        let must_join = member.current.epoch < self.group().epoch
            || match member.current.state {
                MemberState::Stable => false,
                MemberState::UnrevokedPartitions => true,
                MemberState::UnreleasedPartitions => !self.waits_for_others(id, member),
            };
        self.touch(id);
        if must_join {
            self.await_join(id);
            return Err(ResponseError::RebalanceInProgress);
        }
        Ok(())
    }

    fn waits_for_others(&self, id: &str, member: &Member) -> bool {
        let group = self.group();
        let target = group.target(id).into_iter().flatten();
        let mut missing = target.filter(|partition| !member.current.assigned.contains(partition));
        missing.any(|partition| group.owner(*partition).is_some())
    }

    /// A member of the classic protocol in good standing.
    fn classic_member(
        &self,
        id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<&Member, ResponseError> {
        let id = self
            .resolve(id, instance_id)
            .map_err(|refusal| refusal.error)?;
        let member = self.member(&id).filter(|member| member.is_classic());
        let member = member.ok_or(ResponseError::UnknownMemberId)?;
        match member.current.epoch == generation {
            true => Ok(member),
            false => Err(ResponseError::IllegalGeneration),
        }
    }

    fn resolve(&self, id: &str, instance_id: Option<&str>) -> Result<String, Refusal> {
        let group = self.group();
        match instance_id {
            Some(instance_id) => match group.static_member(instance_id) {
                None => Err(unknown_instance(instance_id)),
                Some(owner) if owner != id => Err(fenced_instance(owner, instance_id)),
                Some(owner) => Ok(owner.to_owned()),
            },
            None if group.member(id).is_none() => Err(unknown_member(id)),
            None => Ok(id.to_owned()),
        }
    }

    /// LeaveGroup: one answer a member. An administrator names a static member of either protocol by its
    /// instance id alone.
    pub fn classic_leave(&mut self, leaving: &[MemberIdentity]) -> Vec<MemberResponse> {
        let each = leaving.iter().map(|identity| {
            let result = self.leave_one(identity);
            MemberResponse::default()
                .with_member_id(identity.member_id.clone())
                .with_group_instance_id(identity.group_instance_id.clone())
                .with_error_code(result.err().map_or(0, |error| error.code()))
        });
        each.collect()
    }

    fn leave_one(&mut self, identity: &MemberIdentity) -> Result<(), ResponseError> {
        let instance_id = identity.group_instance_id.as_deref();
        let id = match (identity.member_id.as_str(), instance_id) {
            ("", Some(instance_id)) => {
                let owner = self.group().static_member(instance_id).map(str::to_owned);
                owner.ok_or(ResponseError::UnknownMemberId)?
            }
            (id, instance_id) => {
                let id = self
                    .resolve(id, instance_id)
                    .map_err(|refusal| refusal.error)?;
                if !self.member(&id).is_some_and(Member::is_classic) {
                    return Err(ResponseError::UnknownMemberId);
                }
                id
            }
        };
        let reason = identity.reason.as_deref();
        let event = classic_events::member_left(self.id, &id, reason);
        self.turn.event(event);
        self.part_with(&id, "member-left");
        Ok(())
    }

    /// A member was sent to join again: it has its rebalance timeout for it.
    fn await_join(&mut self, id: &str) {
        let timer = self.rebalance_timer(id);
        if self.turn.timers.deadline(&timer).is_none() {
            self.await_sync(id);
        }
    }

    /// A member was told its epoch: it has its rebalance timeout to ask for its assignment.
    pub(super) fn await_sync(&mut self, id: &str) {
        let timer = self.rebalance_timer(id);
        let Some(member) = self.member(id) else {
            return;
        };
        let timeout = i64::from(member.metadata.rebalance_timeout_ms.max(0));
        self.turn.timers.set(timer, self.turn.now + timeout);
    }
}
