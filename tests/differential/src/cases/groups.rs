//! Consumer groups of both protocols.

use super::{made, name, text};
use crate::session::Session;
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

fn group(id: &str) -> GroupId {
    text(id).into()
}

fn join(id: &str, member: &StrBytes) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(
            b"\0\x01\0\0\0\0\xff\xff\xff\xff\0\0\0\0",
        ));
    JoinGroupRequest::default()
        .with_group_id(group(id))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_member_id(member.clone())
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

fn heartbeat(id: &str, member: &StrBytes, generation: i32) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(group(id))
        .with_member_id(member.clone())
        .with_generation_id(generation)
}

fn sync(id: &str, member: &StrBytes, generation: i32) -> SyncGroupRequest {
    let own = SyncGroupRequestAssignment::default()
        .with_member_id(member.clone())
        .with_assignment(Bytes::from_static(b"assigned"));
    SyncGroupRequest::default()
        .with_group_id(group(id))
        .with_member_id(member.clone())
        .with_generation_id(generation)
        .with_assignments(vec![own])
}

/// The groups of the first case.
const CLASSIC: [&str; 17] = [
    "joined-0", "joined-1", "joined-2", "joined-3", "joined-4", "joined-5", "joined-6", "joined-7",
    "joined-8", "joined-9", "unknown", "quick", "slow", "empty", "steps", "static", "any",
];

/// The coordinator is found, and these groups' logs are loaded.
fn ready(session: &mut Session, groups: &[&str]) {
    let find = FindCoordinatorRequest::default().with_key(text("any"));
    session.until(1, &find, |answer| answer.error_code == 0);
    let list = ListGroupsRequest::default();
    session.until(0, &list, |answer| answer.error_code == 0);
    for id in groups {
        let nobody = heartbeat(id, &text("nobody"), 1);
        session.until(4, &nobody, |answer| {
            ![14, 15, 16].contains(&answer.error_code)
        });
    }
}

pub fn classic(session: &mut Session) {
    ready(session, &CLASSIC);
    let none = text("");
    for version in 0..=9 {
        session.ask(
            "join without an id",
            version,
            &join(&format!("joined-{version}"), &none),
        );
        session.ask(
            "join with an unknown id",
            version,
            &join("unknown", &text("somebody")),
        );
        session.ask("join without a group", version, &join("", &none));
        let quick = join("quick", &none).with_session_timeout_ms(1);
        session.ask("a session timeout too short", version, &quick);
        let slow = join("slow", &none).with_session_timeout_ms(i32::MAX);
        session.ask("a session timeout too long", version, &slow);
    }
    session.ask(
        "no protocols",
        9,
        &join("empty", &none).with_protocols(Vec::new()),
    );
    session.ask(
        "no protocol type",
        9,
        &join("empty", &none).with_protocol_type(none.clone()),
    );
    steps(session);
}

/// One member from join to leave.
fn steps(session: &mut Session) {
    let none = text("");
    let Some(first) = session.ask("join", 4, &join("steps", &none)) else {
        return;
    };
    let member = first.member_id;
    session.ask(
        "heartbeat before joining",
        4,
        &heartbeat("steps", &member, 1),
    );
    session.ask("join again", 4, &join("steps", &member));
    session.ask("heartbeat before sync", 4, &heartbeat("steps", &member, 1));
    session.ask(
        "sync with a wrong generation",
        5,
        &sync("steps", &member, 7),
    );
    session.ask(
        "sync with another protocol",
        5,
        &sync("steps", &member, 1).with_protocol_name(Some(text("sticky"))),
    );
    session.ask(
        "sync of a stranger",
        5,
        &sync("steps", &text("stranger"), 1),
    );
    for version in 0..=5 {
        session.ask(
            "sync",
            version,
            &sync("steps", &member, 1)
                .with_protocol_type(Some(text("consumer")))
                .with_protocol_name(Some(text("range"))),
        );
    }
    for version in 0..=4 {
        session.ask("heartbeat", version, &heartbeat("steps", &member, 1));
        session.ask(
            "heartbeat of a stale generation",
            version,
            &heartbeat("steps", &member, 0),
        );
        session.ask(
            "heartbeat of a stranger",
            version,
            &heartbeat("steps", &text("stranger"), 1),
        );
        session.ask(
            "heartbeat to an unknown group",
            version,
            &heartbeat("unknown", &member, 1),
        );
    }
    leave(session, &member);
}

/// A member that goes, and static ones.
fn leave(session: &mut Session, member: &StrBytes) {
    let none = text("");
    let mut other = join("steps", &none);
    other.protocols[0].name = text("sticky");
    session.ask("join with a protocol that others have not", 3, &other);
    session.ask(
        "join with another type",
        3,
        &join("steps", &none).with_protocol_type(text("connect")),
    );
    let leave = |member: &StrBytes| {
        let identity = MemberIdentity::default().with_member_id(member.clone());
        LeaveGroupRequest::default()
            .with_group_id(group("steps"))
            .with_members(vec![identity])
    };
    session.ask("a stranger leaves", 5, &leave(&text("stranger")));
    session.ask("leave", 5, &leave(member));
    session.ask("leave again", 5, &leave(member));
    session.ask("heartbeat after leaving", 4, &heartbeat("steps", member, 1));
    let fixed = join("static", &none).with_group_instance_id(Some(text("one")));
    session.ask("a static member", 5, &fixed);
    session.ask("a static member comes back", 9, &fixed);
    let wrong = heartbeat("static", &text("wrong"), 1).with_group_instance_id(Some(text("one")));
    session.ask("a fenced static member", 4, &wrong);
}

fn commit(id: &str, topic: &str, partition: i32) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(partition)
        .with_committed_offset(5)
        .with_committed_metadata(Some(text("note")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(name(topic))
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(group(id))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

pub fn offsets(session: &mut Session) {
    ready(session, &["offsets", "unknown"]);
    made(session, "committed", 2, &[]);
    for version in 2..=9 {
        session.ask("commit", version, &commit("offsets", "committed", 0));
        session.ask(
            "commit to an unknown topic",
            version,
            &commit("offsets", "never-there", 0),
        );
        session.ask(
            "commit to an unknown partition",
            version,
            &commit("offsets", "committed", 9),
        );
        session.ask(
            "commit without a group",
            version,
            &commit("", "committed", 0),
        );
        let stale = commit("offsets", "committed", 0)
            .with_generation_id_or_member_epoch(3)
            .with_member_id(text("somebody"));
        session.ask("commit of an unknown member", version, &stale);
    }
    let mut long = commit("offsets", "committed", 0);
    long.topics[0].partitions[0].committed_metadata = Some(text(&"x".repeat(5000)));
    session.ask("too much metadata", 8, &long);
    let mut negative = commit("offsets", "committed", 1);
    negative.topics[0].partitions[0].committed_offset = -7;
    session.ask("a negative offset", 8, &negative);
    fetch_offsets(session);
}

fn fetch_offsets(session: &mut Session) {
    let fetched = OffsetFetchRequestTopic::default()
        .with_name(name("committed"))
        .with_partition_indexes(vec![0, 1, 9]);
    for version in 1..=7 {
        for id in ["offsets", "unknown", ""] {
            let request = OffsetFetchRequest::default()
                .with_group_id(group(id))
                .with_topics(Some(vec![fetched.clone()]));
            session.ask(&format!("fetch of \"{id}\""), version, &request);
            session.ask(
                &format!("all of \"{id}\""),
                version,
                &request.with_topics(None),
            );
        }
    }
    for version in 8..=9 {
        let all = |id: &str| {
            OffsetFetchRequestGroup::default()
                .with_group_id(group(id))
                .with_topics(None)
        };
        let request = OffsetFetchRequest::default().with_groups(vec![
            all("offsets"),
            all("unknown"),
            all(""),
        ]);
        session.ask("all of three groups", version, &request);
        let mut member = all("offsets")
            .with_member_id(Some(text("somebody")))
            .with_member_epoch(1);
        session.ask(
            "of an unknown member",
            version,
            &OffsetFetchRequest::default().with_groups(vec![member.clone()]),
        );
        member.member_id = None;
        session.ask(
            "of an epoch alone",
            version,
            &OffsetFetchRequest::default().with_groups(vec![member]),
        );
    }
}

fn beat(id: &str, member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest::default()
        .with_group_id(group(id))
        .with_member_id(text(member))
        .with_member_epoch(epoch)
        .with_rebalance_timeout_ms(30_000)
        .with_subscribed_topic_names(Some(vec![name("consumed")]))
        .with_topic_partitions(Some(Vec::new()))
}

pub fn consumer(session: &mut Session) {
    ready(
        session,
        &["consumers-0", "consumers-1", "never-there", "offsets"],
    );
    made(session, "consumed", 2, &[]);
    let id = "AAAAAAAAAAAAAAAAAAAAAQ";
    for version in 0..=1 {
        let of = &format!("consumers-{version}");
        let joined = session.ask("join", version, &beat(of, id, 0));
        let epoch = joined.map_or(0, |answer| answer.member_epoch);
        session.ask(
            "a heartbeat",
            version,
            &beat(of, id, epoch)
                .with_topic_partitions(None)
                .with_subscribed_topic_names(None)
                .with_rebalance_timeout_ms(-1),
        );
        session.ask("a future epoch", version, &beat(of, id, 9));
        session.ask("a negative epoch", version, &beat(of, id, -5));
        session.ask(
            "an unknown member",
            version,
            &beat(of, "AAAAAAAAAAAAAAAAAAAAAg", 1),
        );
        session.ask("no group", version, &beat("", id, 0));
        session.ask("no member", version, &beat(of, "", 0));
        session.ask(
            "no subscription",
            version,
            &beat(of, "new", 0).with_subscribed_topic_names(None),
        );
        session.ask(
            "no rebalance timeout",
            version,
            &beat(of, "new", 0).with_rebalance_timeout_ms(-1),
        );
        session.ask(
            "partitions at the start",
            version,
            &beat(of, "new", 0).with_topic_partitions(None),
        );
        session.ask(
            "an unknown assignor",
            version,
            &beat(of, "new", 0).with_server_assignor(Some(text("none"))),
        );
        session.ask(
            "an empty rack",
            version,
            &beat(of, "new", 0).with_rack_id(Some(text(""))),
        );
        session.ask(
            "an empty instance",
            version,
            &beat(of, "new", 0).with_instance_id(Some(text(""))),
        );
        regular_expressions(session, of, version);
        describe_and_leave(session, of, id, version);
    }
}

fn regular_expressions(session: &mut Session, of: &str, version: i16) {
    session.ask(
        "a regular expression",
        version,
        &beat(of, "regular", 0)
            .with_subscribed_topic_names(None)
            .with_subscribed_topic_regex(Some(text("consu.*"))),
    );
    session.ask(
        "a bad regular expression",
        version,
        &beat(of, "regular", 0)
            .with_subscribed_topic_names(None)
            .with_subscribed_topic_regex(Some(text("con["))),
    );
}

fn describe_and_leave(session: &mut Session, of: &str, id: &str, version: i16) {
    let describe = ConsumerGroupDescribeRequest::default().with_group_ids(vec![
        group("never-there"),
        group("offsets"),
        group(""),
    ]);
    session.ask_about("describe", version, &describe, |answer| {
        answer.groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
    });
    session.ask(
        "commit with a stale epoch",
        9,
        &commit(of, "consumed", 0)
            .with_member_id(text(id))
            .with_generation_id_or_member_epoch(0),
    );
    session.ask("join as a classic member", 9, &join(of, &text("")));
    session.ask("leave", version, &beat(of, id, -1));
    session.ask("leave again", version, &beat(of, id, -1));
    let fixed = |epoch| beat(of, "static", epoch).with_instance_id(Some(text("one")));
    session.ask("a static member", version, &fixed(0));
    session.ask(
        "another with its instance",
        version,
        &beat(of, "thief", 0).with_instance_id(Some(text("one"))),
    );
    session.ask("a static member goes for a while", version, &fixed(-2));
}

pub fn administration(session: &mut Session) {
    ready(session, &["simple", "deleted", "never-there"]);
    made(session, "administered", 1, &[]);
    session.ask("commit", 8, &commit("simple", "administered", 0));
    for version in 0..=6 {
        let request = DescribeGroupsRequest::default().with_groups(vec![
            group("simple"),
            group("never-there"),
            group(""),
        ]);
        // Kafka's order is by the coordinators' partitions.
        session.ask_about("describe", version, &request, |answer| {
            answer.groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
        });
    }
    for version in 0..=5 {
        let list = ListGroupsRequest::default();
        let found = session.call(version, &list).ok();
        let found = found.and_then(|all| {
            all.groups
                .into_iter()
                .find(|each| each.group_id.0.as_str() == "simple")
        });
        session.note(&format!("list v{version}"), &format!("{found:#?}"));
    }
    let filtered = ListGroupsRequest::default()
        .with_states_filter(vec![text("Stable")])
        .with_types_filter(vec![text("share")]);
    session.ask("list share groups", 5, &filtered);
    let delete = |topic: &str, partition| {
        let partition = OffsetDeleteRequestPartition::default().with_partition_index(partition);
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        OffsetDeleteRequest::default()
            .with_group_id(group("simple"))
            .with_topics(vec![topic])
    };
    session.ask("delete an offset", 0, &delete("administered", 0));
    session.ask(
        "delete an offset of an unknown partition",
        0,
        &delete("administered", 9),
    );
    session.ask(
        "delete an offset of an unknown topic",
        0,
        &delete("never-there", 0),
    );
    session.ask(
        "delete an offset of an unknown group",
        0,
        &delete("administered", 0).with_group_id(group("never-there")),
    );
    for version in 0..=2 {
        session.ask("commit", 8, &commit("deleted", "administered", 0));
        let request = DeleteGroupsRequest::default().with_groups_names(vec![
            group("deleted"),
            group("never-there"),
            group(""),
        ]);
        session.ask_about("delete", version, &request, |answer| {
            answer.results.sort_by(|a, b| a.group_id.cmp(&b.group_id));
        });
    }
    coordinators(session);
}

fn coordinators(session: &mut Session) {
    for version in 4..=6 {
        let find = FindCoordinatorRequest::default();
        session.ask(
            "find",
            version,
            &find
                .clone()
                .with_coordinator_keys(vec![text("a"), text("")]),
        );
        session.ask(
            "find of a bad type",
            version,
            &find.with_key_type(9).with_coordinator_keys(vec![text("a")]),
        );
    }
    for version in 0..=3 {
        session.ask(
            "find",
            version,
            &FindCoordinatorRequest::default().with_key(text("a")),
        );
        session.ask("find nothing", version, &FindCoordinatorRequest::default());
    }
}
