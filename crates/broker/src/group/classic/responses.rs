//! Answers to JoinGroup and SyncGroup, which are built away from the request they answer.

use super::{ClassicGroup, Parked};
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::messages::ResponseKind;

/// From this JoinGroup version on, an absent protocol name is null; before, it is empty.
const NULLABLE_PROTOCOL_NAME: i16 = 7;
/// From this JoinGroup version on, a returning static leader can be told not to assign (KIP-814).
pub const SKIP_ASSIGNMENT: i16 = 9;

pub fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

pub fn join_error(api_version: i16, member_id: &str, error: ResponseError) -> ResponseKind {
    ResponseKind::JoinGroup(
        JoinGroupResponse::default()
            .with_error_code(error.code())
            .with_generation_id(-1)
            .with_protocol_name(protocol_name(api_version, None))
            .with_member_id(text(member_id)),
    )
}

fn protocol_name(api_version: i16, name: Option<&str>) -> Option<StrBytes> {
    match name {
        None if api_version >= NULLABLE_PROTOCOL_NAME => None,
        name => Some(text(name.unwrap_or_default())),
    }
}

pub fn sync_error(error: ResponseError) -> ResponseKind {
    ResponseKind::SyncGroup(SyncGroupResponse::default().with_error_code(error.code()))
}

impl ClassicGroup {
    /// The answer to a join: the current generation, and to its leader the members.
    pub(super) fn join_response(&self, api_version: i16, member_id: &str) -> JoinGroupResponse {
        let members = match self.is_leader(member_id) {
            true => self.member_list(),
            false => Vec::new(),
        };
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(self.protocol_type.as_deref().map(text))
            .with_protocol_name(protocol_name(api_version, self.protocol.as_deref()))
            .with_leader(text(self.leader.as_deref().unwrap_or_default()))
            .with_member_id(text(member_id))
            .with_members(members)
    }

    pub(super) fn join_reply(&self, parked: Parked, member_id: &str) -> ResponseKind {
        ResponseKind::JoinGroup(self.join_response(parked.api_version, member_id))
    }

    fn member_list(&self) -> Vec<JoinGroupResponseMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| {
            JoinGroupResponseMember::default()
                .with_member_id(text(&member.id))
                .with_group_instance_id(member.instance_id.as_deref().map(text))
                .with_metadata(member.metadata(protocol))
        });
        members.collect()
    }

    pub(super) fn sync_response(&self, assignment: Bytes) -> ResponseKind {
        ResponseKind::SyncGroup(
            SyncGroupResponse::default()
                .with_protocol_type(self.protocol_type.as_deref().map(text))
                .with_protocol_name(self.protocol.as_deref().map(text))
                .with_assignment(assignment),
        )
    }
}
