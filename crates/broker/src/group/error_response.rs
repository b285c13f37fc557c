//! Answers that say one error about everything that was asked.

use super::classic;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{HeartbeatResponse, LeaveGroupResponse, OffsetDeleteResponse};
use konbini_protocol::messages::ResponseKind;

/// An answer with an error for the whole request, for APIs that have such a field.
pub fn heartbeat(error: Option<ResponseError>) -> ResponseKind {
    HeartbeatResponse::default()
        .with_error_code(code(error))
        .into()
}

pub fn leave(error: ResponseError) -> ResponseKind {
    LeaveGroupResponse::default()
        .with_error_code(error.code())
        .into()
}

pub fn offset_delete(error: ResponseError) -> ResponseKind {
    OffsetDeleteResponse::default()
        .with_error_code(error.code())
        .into()
}

pub fn join(api_version: i16, member_id: &str, error: ResponseError) -> ResponseKind {
    classic::join_error(api_version, member_id, error)
}

pub fn sync(error: ResponseError) -> ResponseKind {
    classic::sync_error(error)
}

pub fn code(error: Option<ResponseError>) -> i16 {
    error.map_or(0, |error| error.code())
}

/// The same answer with all that succeeded turned into `error`: for an answer that was held back and
/// whose records are not going to be committed here. What was refused already stays as it was.
pub fn refuse(response: ResponseKind, error: ResponseError) -> ResponseKind {
    let code = error.code();
    let fail = |field: &mut i16| {
        if *field == 0 {
            *field = code;
        }
    };
    let mut response = response;
    match &mut response {
        ResponseKind::JoinGroup(response) => {
            fail(&mut response.error_code);
            response.generation_id = -1;
            response.members.clear();
        }
        ResponseKind::SyncGroup(response) => {
            fail(&mut response.error_code);
            response.assignment.clear();
        }
        ResponseKind::Heartbeat(response) => fail(&mut response.error_code),
        ResponseKind::LeaveGroup(response) => {
            fail(&mut response.error_code);
            response.members.clear();
        }
        ResponseKind::ConsumerGroupHeartbeat(response) => {
            fail(&mut response.error_code);
            response.assignment = None;
        }
        ResponseKind::ConsumerGroupDescribe(response) => {
            for group in &mut response.groups {
                group.members.clear();
                fail(&mut group.error_code);
            }
        }
        ResponseKind::OffsetCommit(response) => {
            let partitions = response
                .topics
                .iter_mut()
                .flat_map(|topic| &mut topic.partitions);
            partitions.for_each(|partition| fail(&mut partition.error_code));
        }
        ResponseKind::TxnOffsetCommit(response) => {
            let topics = response.topics.iter_mut();
            let partitions = topics.flat_map(|topic| &mut topic.partitions);
            partitions.for_each(|partition| fail(&mut partition.error_code));
        }
        ResponseKind::OffsetFetch(response) => {
            fail(&mut response.error_code);
            response
                .topics
                .iter_mut()
                .for_each(|topic| refuse_fetched_topic(topic, code));
            response
                .groups
                .iter_mut()
                .for_each(|group| refuse_fetched_group(group, code));
        }
        ResponseKind::OffsetDelete(response) => {
            fail(&mut response.error_code);
            response.topics.clear();
        }
        ResponseKind::DescribeGroups(response) => {
            response
                .groups
                .iter_mut()
                .for_each(|group| refuse_described(group, code));
        }
        ResponseKind::ListGroups(response) => {
            fail(&mut response.error_code);
            response.groups.clear();
        }
        ResponseKind::DeleteGroups(response) => {
            response
                .results
                .iter_mut()
                .for_each(|result| fail(&mut result.error_code));
        }
        _ => {}
    }
    response
}

fn refuse_fetched_topic(topic: &mut OffsetFetchResponseTopic, code: i16) {
    for partition in &mut topic.partitions {
        partition.committed_offset = -1;
        partition.error_code = code;
    }
}

fn refuse_fetched_group(group: &mut OffsetFetchResponseGroup, code: i16) {
    group.topics.clear();
    if group.error_code == 0 {
        group.error_code = code;
    }
}

fn refuse_described(group: &mut DescribedGroup, code: i16) {
    group.members.clear();
    if group.error_code == 0 {
        group.error_code = code;
    }
}
