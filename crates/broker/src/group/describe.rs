use super::any::AnyGroup;
use super::classic::{ClassicGroup, State};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{GroupId, ListGroupsRequest};
use kafka_protocol::protocol::StrBytes;

/// From this DescribeGroups version on, an unknown group is an error (KIP-1043); before, it is Dead.
const GROUP_NOT_FOUND: i16 = 6;
/// From this DescribeGroups version on, members carry their group instance id.
const INSTANCE_IDS: i16 = 4;
/// Read, delete, describe, describe configs and alter configs, by the bits of Kafka's AclOperation:
/// everything one can do with a group, as there is no authorizer.
pub const ALL_OPERATIONS: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

pub fn describe(group: &ClassicGroup, api_version: i16, with_operations: bool) -> DescribedGroup {
    // Only a stable group has metadata and assignments that belong together.
    let protocol = group
        .protocol
        .as_deref()
        .filter(|_| group.state == State::Stable);
    let members = group.members.values().map(|member| {
        let described = DescribedGroupMember::default()
            .with_member_id(text(&member.id))
            .with_client_id(text(&member.client_id))
            .with_client_host(text(&member.client_host));
        let described = match api_version >= INSTANCE_IDS {
            true => described.with_group_instance_id(member.instance_id.as_deref().map(text)),
            false => described,
        };
        match protocol {
            Some(protocol) => described
                .with_member_metadata(member.metadata(protocol))
                .with_member_assignment(member.assignment.clone()),
            None => described,
        }
    });
    let described = DescribedGroup::default()
        .with_group_id(GroupId(text(&group.id)))
        .with_group_state(StrBytes::from_static_str(group.state.name()))
        .with_protocol_type(text(group.protocol_type.as_deref().unwrap_or_default()))
        .with_protocol_data(text(protocol.unwrap_or_default()))
        .with_members(members.collect());
    match with_operations {
        true => described.with_authorized_operations(ALL_OPERATIONS),
        false => described,
    }
}

/// The description of a group that is not here, or not one of the classic protocol.
pub fn describe_unknown(group: &GroupId, api_version: i16, message: &str) -> DescribedGroup {
    let described = DescribedGroup::default()
        .with_group_id(group.clone())
        .with_group_state(StrBytes::from_static_str("Dead"));
    match api_version >= GROUP_NOT_FOUND {
        true => described
            .with_error_code(ResponseError::GroupIdNotFound.code())
            .with_error_message(Some(text(message))),
        false => described,
    }
}

/// The answer about a group that this node does not serve, or not yet.
pub fn describe_failed(group: &GroupId, error: ResponseError) -> DescribedGroup {
    DescribedGroup::default()
        .with_group_id(group.clone())
        .with_error_code(error.code())
}

/// A group for ListGroups, if the request's filters let it through. Names compare without case.
pub fn list(
    group: AnyGroup<'_>,
    api_version: i16,
    request: &ListGroupsRequest,
) -> Option<ListedGroup> {
    let passes = |filter: &[StrBytes], name: &str| {
        filter.is_empty()
            || filter
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(name))
    };
    if !passes(&request.states_filter, group.state_name())
        || !passes(&request.types_filter, group.type_name())
    {
        return None;
    }
    let listed = ListedGroup::default()
        .with_group_id(GroupId(text(group.id())))
        .with_protocol_type(text(group.protocol_type().unwrap_or_default()));
    let listed = match api_version >= 4 {
        true => listed.with_group_state(StrBytes::from_static_str(group.state_name())),
        false => listed,
    };
    Some(match api_version >= 5 {
        true => listed.with_group_type(StrBytes::from_static_str(group.type_name())),
        false => listed,
    })
}

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}
