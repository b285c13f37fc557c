//! ListGroups, DescribeGroups, DeleteGroups, and a group's offsets.

use konbini_protocol::StrBytes;
use konbini_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use konbini_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use konbini_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    ListGroupsRequest, ListGroupsResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};

use super::{Piece, Read, check, message, no_answer, text};
use crate::TopicPartition;
use crate::admin::operation::{GroupDescription, GroupListing, GroupMember};
use crate::consumer::decode_assignment;
use crate::partition::by_topic;

/// The first version of OffsetFetch that asks for several groups.
const GROUPS_VERSION: i16 = 8;

pub(super) fn list() -> ListGroupsRequest {
    ListGroupsRequest::default()
}

pub(super) fn listed(answer: &ListGroupsResponse) -> Read {
    check(answer.error_code, None)?;
    let groups = answer.groups.iter().map(|group| GroupListing {
        group: group.group_id.to_string(),
        protocol_type: group.protocol_type.to_string(),
        state: group.group_state.to_string(),
    });
    Ok(Piece::Groups(groups.collect()))
}

pub(super) fn describe(group: &str) -> DescribeGroupsRequest {
    DescribeGroupsRequest::default().with_groups(vec![text(group).into()])
}

pub(super) fn described(answer: &DescribeGroupsResponse) -> Read {
    let told = answer.groups.first().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    let members = told.members.iter().map(|member| GroupMember {
        member_id: member.member_id.to_string(),
        instance_id: message(&member.group_instance_id),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        assignment: decode_assignment(&member.member_assignment).unwrap_or_default(),
    });
    Ok(Piece::Group(GroupDescription {
        group: told.group_id.to_string(),
        state: told.group_state.to_string(),
        protocol_type: told.protocol_type.to_string(),
        protocol: told.protocol_data.to_string(),
        members: members.collect(),
    }))
}

pub(super) fn delete(group: &str) -> DeleteGroupsRequest {
    DeleteGroupsRequest::default().with_groups_names(vec![text(group).into()])
}

pub(super) fn deleted(answer: &DeleteGroupsResponse) -> Read {
    let told = answer.results.first().ok_or_else(no_answer)?;
    check(told.error_code, None)?;
    Ok(Piece::Done)
}

/// All offsets of the group.
pub(super) fn offsets(group: &str, version: i16) -> OffsetFetchRequest {
    let request = OffsetFetchRequest::default();
    if version < GROUPS_VERSION {
        return request.with_group_id(text(group).into()).with_topics(None);
    }
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(text(group).into())
        .with_member_epoch(-1)
        .with_topics(None);
    request.with_groups(vec![group])
}

pub(super) fn fetched(answer: &OffsetFetchResponse) -> Read {
    let mut offsets = Vec::new();
    let mut take = |topic: &str, partition: i32, offset: i64, code: i16| {
        check(code, None)?;
        if offset >= 0 {
            offsets.push((TopicPartition::new(topic, partition), offset));
        }
        Ok(())
    };
    if let Some(group) = answer.groups.first() {
        check(group.error_code, None)?;
        for topic in &group.topics {
            for p in &topic.partitions {
                take(
                    &topic.name,
                    p.partition_index,
                    p.committed_offset,
                    p.error_code,
                )?;
            }
        }
    } else {
        check(answer.error_code, None)?;
        for topic in &answer.topics {
            for p in &topic.partitions {
                take(
                    &topic.name,
                    p.partition_index,
                    p.committed_offset,
                    p.error_code,
                )?;
            }
        }
    }
    Ok(Piece::GroupOffsets(offsets))
}

/// A commit from outside the group: the coordinator takes it only while the group has no members.
pub(super) fn commit(group: &str, offsets: &[(TopicPartition, i64)]) -> OffsetCommitRequest {
    let topics = by_topic(offsets.iter().map(|(tp, offset)| (tp, *offset))).into_iter();
    let topics = topics.map(|(topic, partitions)| {
        let partitions = partitions.into_iter().map(|(partition, offset)| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(partition)
                .with_committed_offset(offset)
                .with_committed_metadata(Some(StrBytes::new()))
        });
        OffsetCommitRequestTopic::default()
            .with_name(text(topic).into())
            .with_partitions(partitions.collect())
    });
    OffsetCommitRequest::default()
        .with_group_id(text(group).into())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(topics.collect())
}

pub(super) fn committed(answer: &OffsetCommitResponse) -> Read {
    for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
        check(partition.error_code, None)?;
    }
    Ok(Piece::Done)
}
