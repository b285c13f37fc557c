use super::super::classic::text;
use super::super::describe::ALL_OPERATIONS;
use super::record::by_topic;
use super::{Assignor, ConsumerGroup, Member, Partitions};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member as DescribedMember, TopicPartitions,
};
use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;
use std::collections::BTreeMap;
use uuid::Uuid;

/// From this ConsumerGroupDescribe version on, members say which protocol they speak (KIP-1099).
const MEMBER_TYPES: i16 = 1;
const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;
const UNKNOWN_MEMBER: i8 = -1;

/// The description of a group for ConsumerGroupDescribe.
pub fn describe(
    id: &GroupId,
    group: &ConsumerGroup,
    api_version: i16,
    with_operations: bool,
    default: Assignor,
) -> DescribedGroup {
    let names = group.topics.iter();
    let names: BTreeMap<Uuid, &str> = names
        .map(|(name, topic)| (topic.id, name.as_str()))
        .collect();
    let members = group.members().map(|(member_id, member)| {
        let target = group.target(member_id).cloned().unwrap_or_default();
        describe_member(member_id, member, &target, &names, api_version)
    });
    let described = DescribedGroup::default()
        .with_group_id(id.clone())
        .with_group_state(StrBytes::from_static_str(group.state().name()))
        .with_group_epoch(group.epoch)
        .with_assignment_epoch(group.target_epoch)
        .with_assignor_name(StrBytes::from_static_str(group.assignor(default).name()))
        .with_members(members.collect());
    match with_operations {
        true => described.with_authorized_operations(ALL_OPERATIONS),
        false => described,
    }
}

fn describe_member(
    id: &str,
    member: &Member,
    target: &Partitions,
    names: &BTreeMap<Uuid, &str>,
    api_version: i16,
) -> DescribedMember {
    let metadata = &member.metadata;
    let topics = metadata.topics.iter().map(|name| TopicName(text(name)));
    let kind = match (api_version >= MEMBER_TYPES, member.is_classic()) {
        (false, _) => UNKNOWN_MEMBER,
        (true, true) => CLASSIC_MEMBER,
        (true, false) => CONSUMER_MEMBER,
    };
    DescribedMember::default()
        .with_member_id(text(id))
        .with_instance_id(metadata.instance_id.as_deref().map(text))
        .with_rack_id(metadata.rack_id.as_deref().map(text))
        .with_member_epoch(member.current.epoch)
        .with_client_id(text(&metadata.client_id))
        .with_client_host(text(&metadata.client_host))
        .with_subscribed_topic_names(topics.collect())
        .with_subscribed_topic_regex(Some(text(metadata.regex.as_deref().unwrap_or_default())))
        .with_assignment(describe_assignment(&member.current.assigned, names))
        .with_target_assignment(describe_assignment(target, names))
        .with_member_type(kind)
}

/// Partitions of topics that are gone are left out.
fn describe_assignment(partitions: &Partitions, names: &BTreeMap<Uuid, &str>) -> Assignment {
    let topics = by_topic(partitions).into_iter();
    let topics = topics.filter_map(|(id, partitions)| {
        let name = names.get(&id)?;
        Some(
            TopicPartitions::default()
                .with_topic_id(id)
                .with_topic_name(TopicName(text(name)))
                .with_partitions(partitions),
        )
    });
    Assignment::default().with_topic_partitions(topics.collect())
}

/// The answer about a group that cannot be described.
pub fn describe_failed(
    id: &GroupId,
    error: ResponseError,
    message: Option<&str>,
) -> DescribedGroup {
    DescribedGroup::default()
        .with_group_id(id.clone())
        .with_error_code(error.code())
        .with_error_message(message.map(text))
}
