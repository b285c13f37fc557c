use super::super::classic::Join;
use super::super::{Effects, error_response, events};
use super::{Asked, Coordinator, Topics};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest,
};

/// From this LeaveGroup version on, one request names several members (KIP-345).
const LEAVE_BATCH: i16 = 3;
/// From this SyncGroup version on, the protocol's type and name are mandatory (KIP-559).
const SYNC_NAMES_PROTOCOL: i16 = 5;

impl Coordinator {
    pub fn join_group(
        &mut self,
        asked: Asked<'_>,
        request: &JoinGroupRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let result = match self.check_join(asked, &mut effects, request) {
            Ok(()) => self
                .in_shard(asked.now, group, &mut effects, |shard, call| {
                    let (context, parked) = (&asked.context, asked.parked());
                    shard.join(
                        call,
                        Join {
                            context,
                            request,
                            parked,
                        },
                        topics,
                    );
                })
                .map(|_| ()),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            let version = asked.context.api_version;
            let response = error_response::join(version, request.member_id.as_str(), error);
            asked.answer(&mut effects, response, Vec::new());
        }
        effects
    }

    fn check_join(
        &self,
        asked: Asked<'_>,
        effects: &mut Effects,
        request: &JoinGroupRequest,
    ) -> Result<(), ResponseError> {
        if request.group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        let timeout = request.session_timeout_ms;
        let setting = if timeout < self.config.min_session_timeout_ms {
            "group.min.session.timeout.ms"
        } else if timeout > self.config.max_session_timeout_ms {
            "group.max.session.timeout.ms"
        } else {
            return Ok(());
        };
        // Whose group it is comes first: another node may have other limits.
        self.shard(request.group_id.as_str())?;
        let error = ResponseError::InvalidSessionTimeout;
        let (group, member) = (request.group_id.as_str(), request.member_id.as_str());
        effects.events.push(events::refused(
            group,
            asked.context.client_id,
            member,
            error,
            Some(setting),
        ));
        Err(error)
    }

    pub fn sync_group(
        &mut self,
        asked: Asked<'_>,
        request: &SyncGroupRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let named = request.protocol_type.is_some() && request.protocol_name.is_some();
        let result = if group.is_empty() {
            Err(ResponseError::InvalidGroupId)
        } else if asked.context.api_version >= SYNC_NAMES_PROTOCOL && !named {
            Err(ResponseError::InconsistentGroupProtocol)
        } else {
            self.in_shard(asked.now, group, &mut effects, |shard, call| {
                shard.sync(call, request, asked.parked(), topics)
            })
        };
        if let Err(error) = result.and_then(|(inner, _)| inner) {
            asked.answer(&mut effects, error_response::sync(error), Vec::new());
        }
        effects
    }

    pub fn heartbeat(
        &mut self,
        asked: Asked<'_>,
        request: &HeartbeatRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let result = match group.is_empty() {
            true => Err(ResponseError::InvalidGroupId),
            false => self.in_shard(asked.now, group, &mut effects, |shard, call| {
                shard.heartbeat(call, request, topics)
            }),
        };
        let (error, after) = match result {
            Ok((result, partition)) => (result.err(), vec![partition]),
            Err(error) => (Some(error), Vec::new()),
        };
        asked.answer(&mut effects, error_response::heartbeat(error), after);
        effects
    }

    pub fn leave_group(
        &mut self,
        asked: Asked<'_>,
        request: &LeaveGroupRequest,
        topics: &dyn Topics,
    ) -> Effects {
        let mut effects = Effects::default();
        let group = request.group_id.as_str();
        let batch = asked.context.api_version >= LEAVE_BATCH;
        let one = [MemberIdentity::default().with_member_id(request.member_id.clone())];
        let members: &[MemberIdentity] = if batch { &request.members } else { &one };
        let result = match group.is_empty() {
            true => Err(ResponseError::InvalidGroupId),
            false => self.in_shard(asked.now, group, &mut effects, |shard, call| {
                shard.leave(call, group, members, topics)
            }),
        };
        let (responses, after) = match result {
            Ok((Ok(responses), partition)) => (responses, vec![partition]),
            Ok((Err(error), partition)) => (all_failed(members, error), vec![partition]),
            Err(error) => {
                asked.answer(&mut effects, error_response::leave(error), Vec::new());
                return effects;
            }
        };
        let response = match batch {
            true => LeaveGroupResponse::default().with_members(responses),
            false => LeaveGroupResponse::default().with_error_code(responses[0].error_code),
        };
        asked.answer(&mut effects, response.into(), after);
        effects
    }
}

fn all_failed(members: &[MemberIdentity], error: ResponseError) -> Vec<MemberResponse> {
    let each = members.iter().map(|member| {
        MemberResponse::default()
            .with_member_id(member.member_id.clone())
            .with_group_instance_id(member.group_instance_id.clone())
            .with_error_code(error.code())
    });
    each.collect()
}
