//! Answers as one line of text each.

use super::harness::TestTopics;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{Assignment, DescribedGroup};
use kafka_protocol::messages::{ConsumerGroupHeartbeatResponse, OffsetFetchResponse};
use konbini_protocol::messages::ResponseKind;
use std::fmt::Write as _;

pub fn show(response: &ResponseKind, topics: &TestTopics) -> String {
    match response {
        ResponseKind::ConsumerGroupHeartbeat(response) => heartbeat(response, topics),
        ResponseKind::ConsumerGroupDescribe(response) => {
            let groups = response.groups.iter();
            let groups = groups.map(|group| described(group, topics));
            format!("described{}", groups.collect::<String>())
        }
        ResponseKind::JoinGroup(response) => {
            let mut line = format!("join {}", error(response.error_code));
            write!(line, " member={}", response.member_id.as_str()).unwrap();
            if response.error_code == 0 {
                let members = response
                    .members
                    .iter()
                    .map(|member| member.member_id.as_str());
                let members: Vec<&str> = members.collect();
                let protocol = response
                    .protocol_name
                    .as_ref()
                    .map_or("-", |name| name.as_str());
                let skip = if response.skip_assignment {
                    " skip"
                } else {
                    ""
                };
                let (generation, leader) = (response.generation_id, response.leader.as_str());
                write!(
                    line,
                    " generation={generation} protocol={protocol} leader={leader}{skip} members={members:?}"
                )
                .unwrap();
            }
            line
        }
        ResponseKind::SyncGroup(response) => {
            let assigned =
                super::super::consumer_protocol::assigned_partitions(&response.assignment);
            let assigned = assigned
                .unwrap()
                .into_iter()
                .map(|(topic, partition)| format!("{topic}-{partition}"));
            let assigned: Vec<String> = assigned.collect();
            format!(
                "sync {} [{}]",
                error(response.error_code),
                assigned.join(" ")
            )
        }
        ResponseKind::Heartbeat(response) => format!("beat {}", error(response.error_code)),
        ResponseKind::LeaveGroup(response) => {
            let members = response.members.iter().map(|member| {
                let id = member.member_id.as_str();
                format!(" {id}:{}", error(member.error_code))
            });
            format!(
                "leave {}{}",
                error(response.error_code),
                members.collect::<String>()
            )
        }
        ResponseKind::OffsetCommit(response) => {
            let parts = response.topics.iter().flat_map(|topic| {
                topic.partitions.iter().map(|p| {
                    let name = topic.name.as_str();
                    format!(" {name}-{}:{}", p.partition_index, error(p.error_code))
                })
            });
            format!("commit{}", parts.collect::<String>())
        }
        other => show_admin(other),
    }
}

fn show_admin(response: &ResponseKind) -> String {
    match response {
        ResponseKind::OffsetFetch(response) => fetched(response),
        ResponseKind::OffsetDelete(response) => {
            let parts = response.topics.iter().flat_map(|topic| {
                topic.partitions.iter().map(|p| {
                    let name = topic.name.as_str();
                    format!(" {name}-{}:{}", p.partition_index, error(p.error_code))
                })
            });
            format!(
                "delete-offsets {}{}",
                error(response.error_code),
                parts.collect::<String>()
            )
        }
        ResponseKind::DescribeGroups(response) => {
            let groups = response.groups.iter().map(|group| {
                let members = group.members.iter().map(|member| {
                    let (id, metadata) = (member.member_id.as_str(), member.member_metadata.len());
                    format!(" {id}({metadata}+{})", member.member_assignment.len())
                });
                let (id, state) = (group.group_id.as_str(), group.group_state.as_str());
                let (kind, data) = (group.protocol_type.as_str(), group.protocol_data.as_str());
                let members = members.collect::<String>();
                format!(
                    " {} {id} {state} {kind}/{data}{members}",
                    error(group.error_code)
                )
            });
            format!("describe{}", groups.collect::<String>())
        }
        ResponseKind::ListGroups(response) => {
            let groups = response.groups.iter().map(|group| {
                let (id, kind) = (group.group_id.as_str(), group.protocol_type.as_str());
                let (state, class) = (group.group_state.as_str(), group.group_type.as_str());
                format!(" {id}({kind} {state} {class})")
            });
            format!(
                "list {}{}",
                error(response.error_code),
                groups.collect::<String>()
            )
        }
        ResponseKind::DeleteGroups(response) => {
            let results = response.results.iter().map(|result| {
                format!(" {}:{}", result.group_id.as_str(), error(result.error_code))
            });
            format!("delete{}", results.collect::<String>())
        }
        other => panic!("not a group response: {other:?}"),
    }
}

fn heartbeat(response: &ConsumerGroupHeartbeatResponse, topics: &TestTopics) -> String {
    if response.error_code != 0 {
        return format!("beat {}", error(response.error_code));
    }
    let member = response.member_id.as_deref().unwrap_or("-");
    let line = format!("beat ok member={member} epoch={}", response.member_epoch);
    let Some(assignment) = &response.assignment else {
        return line;
    };
    let assigned = assignment.topic_partitions.iter().flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|partition| topics.show(topic.topic_id, *partition))
    });
    format!("{line} [{}]", assigned.collect::<Vec<_>>().join(" "))
}

fn described(group: &DescribedGroup, topics: &TestTopics) -> String {
    let id = group.group_id.as_str();
    if group.error_code != 0 {
        return format!(" {id}:{}", error(group.error_code));
    }
    let list = |assignment: &Assignment| {
        let each = assignment.topic_partitions.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|partition| topics.show(topic.topic_id, *partition))
        });
        each.collect::<Vec<_>>().join(" ")
    };
    let members = group.members.iter().map(|member| {
        let (has, target) = (list(&member.assignment), list(&member.target_assignment));
        let (id, epoch) = (member.member_id.as_str(), member.member_epoch);
        let kind = member.member_type;
        format!(" {id}({epoch} type={kind} [{has}] to [{target}])")
    });
    let (state, assignor) = (group.group_state.as_str(), group.assignor_name.as_str());
    let (epoch, target) = (group.group_epoch, group.assignment_epoch);
    format!(
        " {id} {state} epoch={epoch} target={target} assignor={assignor}{}",
        members.collect::<String>()
    )
}

fn error(code: i16) -> String {
    ResponseError::try_from_code(code).map_or("ok".to_owned(), |error| format!("{error:?}"))
}

fn fetched(response: &OffsetFetchResponse) -> String {
    let mut line = format!("fetch {}", error(response.error_code));
    for topic in &response.topics {
        for p in &topic.partitions {
            let name = topic.name.as_str();
            write!(line, " {name}-{}={}", p.partition_index, p.committed_offset).unwrap();
        }
    }
    for group in &response.groups {
        write!(
            line,
            " {}({})",
            group.group_id.as_str(),
            error(group.error_code)
        )
        .unwrap();
        for topic in &group.topics {
            for p in &topic.partitions {
                let name = topic.name.as_str();
                write!(line, " {name}-{}={}", p.partition_index, p.committed_offset).unwrap();
            }
        }
    }
    line
}
