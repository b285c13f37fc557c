//! Requests that name groups of several shards, and answers that wait for several logs.

use super::super::{
    Asked, Coordinator, Effects, GroupConfig, RequestContext, Waiter, partition_for, refuse,
};
use super::harness::{commit, heartbeat, join, text, two_topics};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest, OffsetFetchRequest,
};
use konbini_protocol::messages::ResponseKind;

const PARTITIONS: i32 = 3;

fn asked(api_version: i16) -> Asked<'static> {
    let context = RequestContext {
        client_id: "c",
        client_host: "/h",
        api_version,
    };
    Asked {
        now: 1_000,
        waiter: Waiter(7),
        context,
    }
}

/// Serves partitions 0 and 1 of three; 2 is somebody else's.
fn coordinator() -> Coordinator {
    let config = GroupConfig {
        offsets_topic_partitions: PARTITIONS,
        ..GroupConfig::default()
    };
    let mut coordinator = Coordinator::new(config, 1);
    for partition in 0..2 {
        coordinator.begin_load(partition);
        coordinator.finish_load(1_000, partition, &two_topics());
    }
    coordinator
}

/// A group id of each partition.
fn groups() -> [String; 3] {
    [0, 1, 2].map(|partition| {
        let mut names = (0..).map(|n| format!("group-{n}"));
        names
            .find(|name| partition_for(name, PARTITIONS) == partition)
            .unwrap()
    })
}

fn commit_one(coordinator: &mut Coordinator, group: &str) -> Effects {
    let partitions = vec![OffsetCommitRequestPartition::default().with_committed_offset(5)];
    let topic = OffsetCommitRequestTopic::default()
        .with_name(text("t").into())
        .with_partitions(partitions);
    let request = commit(group, "", -1).with_topics(vec![topic]);
    coordinator.offset_commit(asked(8), &request, &two_topics())
}

fn only_reply(effects: Effects) -> (ResponseKind, Vec<i32>) {
    assert_eq!(effects.replies.len(), 1);
    let reply = effects.replies.into_iter().next().unwrap();
    assert_eq!(reply.waiter, Waiter(7));
    (reply.response, reply.after)
}

#[test]
fn an_answer_waits_for_its_own_log() {
    let mut coordinator = coordinator();
    let [zero, one, two] = groups();
    for (group, partition) in [(zero, 0), (one, 1)] {
        let effects = commit_one(&mut coordinator, &group);
        assert_eq!(effects.appends.len(), 1);
        assert_eq!(effects.appends[0].partition, partition);
        assert_eq!(only_reply(effects).1, [partition]);
    }
    let effects = commit_one(&mut coordinator, &two);
    assert!(effects.appends.is_empty());
    let (response, after) = only_reply(effects);
    assert!(after.is_empty());
    let ResponseKind::OffsetCommit(response) = response else {
        panic!()
    };
    let code = response.topics[0].partitions[0].error_code;
    assert_eq!(code, ResponseError::NotCoordinator.code());
}

#[test]
fn offsets_of_groups_in_several_shards() {
    let mut coordinator = coordinator();
    let names = groups();
    for group in &names[..2] {
        commit_one(&mut coordinator, group);
    }
    let asked_groups = names.iter().map(|name| {
        OffsetFetchRequestGroup::default()
            .with_group_id(text(name).into())
            .with_topics(None)
    });
    let request = OffsetFetchRequest::default().with_groups(asked_groups.collect());
    let (response, after) = only_reply(coordinator.offset_fetch(asked(8), &request));
    assert_eq!(after, [0, 1]);
    let ResponseKind::OffsetFetch(response) = response else {
        panic!()
    };
    let codes: Vec<i16> = response
        .groups
        .iter()
        .map(|group| group.error_code)
        .collect();
    assert_eq!(codes, [0, 0, ResponseError::NotCoordinator.code()]);
    assert_eq!(
        response.groups[1].topics[0].partitions[0].committed_offset,
        5
    );
}

#[test]
fn describe_and_list_over_several_shards() {
    let mut coordinator = coordinator();
    let names = groups();
    for group in &names[..2] {
        commit_one(&mut coordinator, group);
    }
    let ids: Vec<_> = names.iter().map(|name| text(name).into()).collect();
    let request = DescribeGroupsRequest::default().with_groups(ids);
    let (response, after) = only_reply(coordinator.describe_groups(asked(5), &request));
    assert_eq!(after, [0, 1]);
    let ResponseKind::DescribeGroups(response) = response else {
        panic!()
    };
    let states = response
        .groups
        .iter()
        .map(|group| group.group_state.as_str());
    assert_eq!(states.collect::<Vec<_>>(), ["Empty", "Empty", ""]);

    let (response, after) =
        only_reply(coordinator.list_groups(asked(5), &ListGroupsRequest::default()));
    assert_eq!(after, [0, 1]);
    let ResponseKind::ListGroups(response) = response else {
        panic!()
    };
    let listed: Vec<&str> = response
        .groups
        .iter()
        .map(|group| group.group_id.as_str())
        .collect();
    let mut expect = [names[0].as_str(), names[1].as_str()];
    expect.sort();
    assert_eq!(listed, expect);
}

#[test]
fn delete_over_several_shards() {
    let mut coordinator = coordinator();
    let names = groups();
    for group in &names[..2] {
        commit_one(&mut coordinator, group);
    }
    let ids: Vec<_> = names.iter().map(|name| text(name).into()).collect();
    let request = DeleteGroupsRequest::default().with_groups_names(ids);
    let effects = coordinator.delete_groups(asked(2), &request, &two_topics());
    let appended: Vec<(i32, usize)> = effects
        .appends
        .iter()
        .map(|append| (append.partition, append.records.len()))
        .collect();
    // A tombstone for the offset and one for the group.
    assert_eq!(appended, [(0, 2), (1, 2)]);
    let (response, after) = only_reply(effects);
    assert_eq!(after, [0, 1]);
    let ResponseKind::DeleteGroups(response) = response else {
        panic!()
    };
    let codes: Vec<i16> = response
        .results
        .iter()
        .map(|result| result.error_code)
        .collect();
    assert_eq!(codes, [0, 0, ResponseError::NotCoordinator.code()]);
    assert_eq!(coordinator.groups().count(), 0);
}

/// An answer whose records are lost after all says nothing but the error.
#[test]
fn a_held_answer_can_be_taken_back() {
    let mut coordinator = coordinator();
    let [zero, ..] = groups();
    let (response, _) = only_reply(commit_one(&mut coordinator, &zero));
    let ResponseKind::OffsetCommit(response) = refuse(response, ResponseError::NotCoordinator)
    else {
        panic!()
    };
    let not_coordinator = ResponseError::NotCoordinator.code();
    assert_eq!(response.topics[0].partitions[0].error_code, not_coordinator);

    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let request = join(&zero, "").with_protocols(vec![protocol]);
    let (response, _) = only_reply(coordinator.join_group(asked(5), &request, &two_topics()));
    // A refusal stays what it was.
    let ResponseKind::JoinGroup(kept) = refuse(response, ResponseError::NotCoordinator) else {
        panic!()
    };
    assert_eq!(kept.error_code, ResponseError::MemberIdRequired.code());

    let (response, _) =
        only_reply(coordinator.heartbeat(asked(3), &heartbeat(&zero, "x", 1), &two_topics()));
    let ResponseKind::Heartbeat(kept) = refuse(response, ResponseError::NotCoordinator) else {
        panic!()
    };
    assert_eq!(kept.error_code, ResponseError::UnknownMemberId.code());
}

#[test]
fn views_say_what_is_awaited() {
    let mut coordinator = coordinator();
    let [zero, ..] = groups();
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let request = join(&zero, "").with_protocols(vec![protocol]);
    // Version 3 needs no member id first: the member waits at once.
    assert!(
        coordinator
            .join_group(asked(3), &request, &two_topics())
            .replies
            .is_empty()
    );
    let group = coordinator.groups().next().unwrap();
    assert_eq!((group.id(), group.partition), (zero.as_str(), 0));
    assert_eq!(group.state(), "PreparingRebalance");
    assert_eq!(group.join_deadline(), Some(1_000 + 3_000));
    assert_eq!(group.sync_deadline(), None);
    let member = group.members().next().unwrap();
    assert!(member.is_waiting());
    // New members are given five minutes: they cannot heartbeat yet.
    assert_eq!(member.session_deadline(), Some(1_000 + 300_000));
    assert_eq!(member.partitions(), Some(vec![]));
}
