//! What a node in each state answers, as tables. Node 1 of voters 1, 2, 3; its log ends at offset 5
//! in epoch 2; the quorum is in epoch 3.

use std::collections::BTreeMap;

use konbini_log::{AppendContext, AppendOrigin, Log, LogConfig, LogDir, StoreOp};
use konbini_protocol::compression::Codec;
use konbini_protocol::messages::{
    BeginQuorumEpochRequest, BrokerId, EndQuorumEpochRequest, FetchRequest, FetchResponse,
    RequestKind, ResponseKind, VoteRequest, VoteResponse, begin_quorum_epoch_request,
    end_quorum_epoch_request, fetch_request, fetch_response, vote_request, vote_response,
};
use konbini_protocol::record::{BatchBuilder, batches};

use crate::election::Election;
use crate::rpc::topic_name;
use crate::{
    CallId, Config, Input, METADATA_TOPIC_ID, Output, QUORUM_STATE, Raft, ReplyId, Timeouts, Voter,
};

mod elections;
mod snapshots;

const NOW: i64 = 1_000_000;

fn log(records: usize) -> Log {
    let mut ops = Vec::new();
    let dir = LogDir::new(crate::METADATA_TOPIC, 0);
    let mut log = Log::create(dir, METADATA_TOPIC_ID, LogConfig::default(), NOW, &mut ops);
    let context = AppendContext {
        now: NOW,
        leader_epoch: 2,
        origin: AppendOrigin::Coordinator,
    };
    for _ in 0..records {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.append(NOW, None, Some(b"x"), &[]).unwrap();
        log.append(batch.build(), &context, &mut ops).unwrap();
    }
    log
}

fn start(id: i32, leader: Option<i32>, voted: Option<i32>) -> Raft {
    let election = Election {
        epoch: 3,
        leader,
        voted,
    };
    let file = election.encode(1..=3);
    let files = BTreeMap::from([(QUORUM_STATE.to_owned(), file)]);
    let voters = (1..=3).map(|id| Voter {
        id,
        host: format!("broker-{id}"),
        port: 9092,
    });
    let config = Config {
        node_id: id,
        cluster_id: "c".to_owned(),
        seed: 4,
        voters: voters.collect(),
        timeouts: Timeouts::default(),
    };
    Raft::new(config, NOW, log(5), &files)
}

fn drain(node: &mut Raft) -> Vec<Output> {
    std::iter::from_fn(|| node.poll()).collect()
}

/// Grants every vote that is asked for.
fn grant(node: &mut Raft, now: i64) {
    for output in drain(node) {
        if let Output::Send {
            call,
            to: 2,
            request: RequestKind::Vote(request),
            ..
        } = output
        {
            let asked = &request.topics[0].partitions[0];
            let data = vote_response::PartitionData::default()
                .with_leader_id(BrokerId(-1))
                .with_leader_epoch(asked.replica_epoch)
                .with_vote_granted(true);
            let topic = vote_response::TopicData::default().with_partitions(vec![data]);
            let response = VoteResponse::default().with_topics(vec![topic]);
            node.handle(now, Input::Response(call, response.into()));
        }
    }
}

/// A node that is in that state, and what time it is.
fn node(state: &str) -> (Raft, i64) {
    let leader = match state {
        "follower" | "observer" => Some(2),
        "resigned" => Some(1),
        _ => None,
    };
    let voted = (state == "unattached-voted").then_some(2);
    let id = if state == "observer" { 9 } else { 1 };
    let mut node = start(id, leader, voted);
    let mut now = NOW;
    if ["prospective", "candidate", "leader"].contains(&state) {
        // The questions for the leader are lost.
        for _ in 0..100 {
            if node.state_name() == "prospective" {
                break;
            }
            for output in drain(&mut node) {
                if let Output::Send { call, .. } = output {
                    node.handle(now, Input::Lost(call));
                }
            }
            now = node.wake_at().expect("it will stand for election");
            node.handle(now, Input::Wake);
        }
    }
    if ["candidate", "leader"].contains(&state) {
        grant(&mut node, now);
    }
    if state == "leader" {
        grant(&mut node, now);
    }
    assert_eq!(node.state_name(), state);
    drain(&mut node);
    (node, now)
}

/// What the node replies, and whether anything was stored before that.
fn ask(node: &mut Raft, now: i64, request: impl Into<RequestKind>) -> (Option<ResponseKind>, bool) {
    node.handle(now, Input::Request(ReplyId(1), request.into()));
    let mut stored = false;
    for output in drain(node) {
        match output {
            Output::Store(StoreOp::Put { name, .. }) if name == QUORUM_STATE => stored = true,
            Output::Reply(_, response) => return (Some(response), stored),
            _ => {}
        }
    }
    (None, stored)
}

fn vote(candidate: i32, epoch: i32, last: (i32, i64), pre: bool) -> VoteRequest {
    let partition = vote_request::PartitionData::default()
        .with_replica_id(BrokerId(candidate))
        .with_replica_epoch(epoch)
        .with_last_offset_epoch(last.0)
        .with_last_offset(last.1)
        .with_pre_vote(pre);
    let topic = vote_request::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    VoteRequest::default()
        .with_voter_id(BrokerId(-1))
        .with_topics(vec![topic])
}

#[test]
fn votes() {
    const PRE: bool = true;
    const REAL: bool = false;
    const SAME: (i32, i64) = (2, 5);
    // State, candidate, epoch, its log's end, kind; then: error, granted, state and epoch after.
    let cases = [
        (
            "unattached",
            2,
            3,
            SAME,
            REAL,
            0,
            true,
            "unattached-voted",
            3,
        ),
        ("unattached", 2, 3, (2, 4), REAL, 0, false, "unattached", 3),
        ("unattached", 2, 3, (1, 9), REAL, 0, false, "unattached", 3),
        ("unattached", 2, 3, SAME, PRE, 0, true, "unattached", 3),
        ("unattached", 2, 3, (2, 4), PRE, 0, false, "unattached", 3),
        (
            "unattached",
            2,
            4,
            SAME,
            REAL,
            0,
            true,
            "unattached-voted",
            4,
        ),
        ("unattached", 2, 2, (1, 9), REAL, 74, false, "unattached", 3),
        ("unattached", 7, 3, SAME, REAL, 94, false, "unattached", 3),
        ("unattached", 2, 3, (3, 9), REAL, 42, false, "unattached", 3),
        (
            "unattached",
            2,
            3,
            (2, -1),
            REAL,
            42,
            false,
            "unattached",
            3,
        ),
        (
            "unattached-voted",
            2,
            3,
            SAME,
            REAL,
            0,
            true,
            "unattached-voted",
            3,
        ),
        (
            "unattached-voted",
            3,
            3,
            SAME,
            REAL,
            0,
            false,
            "unattached-voted",
            3,
        ),
        (
            "unattached-voted",
            3,
            3,
            SAME,
            PRE,
            0,
            true,
            "unattached-voted",
            3,
        ),
        (
            "unattached-voted",
            3,
            4,
            SAME,
            REAL,
            0,
            true,
            "unattached-voted",
            4,
        ),
        (
            "prospective",
            2,
            3,
            SAME,
            REAL,
            0,
            true,
            "prospective-voted",
            3,
        ),
        ("prospective", 2, 3, SAME, PRE, 0, true, "prospective", 3),
        ("candidate", 2, 4, SAME, REAL, 0, false, "candidate", 4),
        ("candidate", 2, 4, SAME, PRE, 0, true, "candidate", 4),
        (
            "candidate",
            2,
            5,
            SAME,
            REAL,
            0,
            true,
            "unattached-voted",
            5,
        ),
        ("follower", 3, 3, SAME, REAL, 0, false, "follower", 3),
        // It has not heard the leader yet.
        ("follower", 3, 3, SAME, PRE, 0, true, "follower", 3),
        ("follower", 3, 4, SAME, REAL, 0, true, "unattached-voted", 4),
        ("leader", 2, 4, SAME, REAL, 0, false, "leader", 4),
        ("leader", 2, 4, (4, 9), PRE, 0, false, "leader", 4),
        ("leader", 2, 5, (4, 9), REAL, 0, true, "unattached-voted", 5),
        ("leader", 2, 5, SAME, REAL, 0, false, "unattached", 5),
        ("resigned", 2, 3, SAME, PRE, 0, true, "resigned", 3),
        ("resigned", 2, 3, SAME, REAL, 0, false, "resigned", 3),
        ("resigned", 2, 4, SAME, REAL, 0, true, "unattached-voted", 4),
        ("observer", 2, 4, SAME, REAL, 94, false, "observer", 3),
        (
            "unattached",
            2,
            i32::MAX,
            SAME,
            REAL,
            42,
            false,
            "unattached",
            3,
        ),
    ];
    for (i, (state, candidate, epoch, last, pre, error, granted, after, then)) in
        cases.into_iter().enumerate()
    {
        let (mut node, now) = node(state);
        let before = node.election;
        let (response, stored) = ask(&mut node, now, vote(candidate, epoch, last, pre));
        let Some(ResponseKind::Vote(response)) = response else {
            panic!("{i}: {response:?}");
        };
        let data = &response.topics[0].partitions[0];
        assert_eq!(
            (data.error_code, data.vote_granted),
            (error, granted),
            "case {i}"
        );
        assert_eq!((node.state_name(), node.epoch()), (after, then), "case {i}");
        assert_eq!(data.leader_epoch, then, "case {i}");
        // Whatever a reply follows from is put out before it.
        assert_eq!(stored, node.election != before, "case {i}");
    }
}

#[test]
fn a_vote_survives_a_restart() {
    let (mut node, now) = node("unattached");
    node.handle(
        now,
        Input::Request(ReplyId(1), vote(2, 3, (2, 5), false).into()),
    );
    let put = drain(&mut node)
        .into_iter()
        .find_map(|output| match output {
            Output::Store(StoreOp::Put { name, bytes, .. }) => Some((name, bytes)),
            _ => None,
        });
    let files = BTreeMap::from([put.expect("the vote is stored")]);
    let mut again = Raft::new(node.config.clone(), now, log(5), &files);
    drain(&mut again);
    let (response, _) = ask(&mut again, now, vote(3, 3, (2, 5), false));
    let Some(ResponseKind::Vote(response)) = response else {
        panic!("{response:?}");
    };
    assert!(!response.topics[0].partitions[0].vote_granted);
}

#[test]
fn another_cluster_is_refused() {
    let (mut node, now) = node("unattached");
    let request = vote(2, 3, (2, 5), false).with_cluster_id(Some("other".into()));
    let Some(ResponseKind::Vote(response)) = ask(&mut node, now, request).0 else {
        panic!("no answer");
    };
    assert_eq!(response.error_code, 104);
}

#[test]
fn announcements_of_a_leader() {
    // State, leader, epoch; then: error, state, epoch, leader.
    let cases = [
        ("unattached", 2, 3, 0, "follower", 3, Some(2)),
        ("unattached", 2, 5, 0, "follower", 5, Some(2)),
        ("unattached", 2, 2, 74, "unattached", 3, None),
        ("unattached", 1, 3, 42, "unattached", 3, None),
        ("prospective", 2, 3, 0, "follower", 3, Some(2)),
        ("candidate", 2, 4, 0, "follower", 4, Some(2)),
        ("follower", 2, 3, 0, "follower", 3, Some(2)),
        ("follower", 3, 3, 42, "follower", 3, Some(2)),
        ("follower", 3, 4, 0, "follower", 4, Some(3)),
        ("leader", 2, 5, 0, "follower", 5, Some(2)),
        ("leader", 2, 4, 42, "leader", 4, Some(1)),
        ("resigned", 2, 4, 0, "follower", 4, Some(2)),
        ("unattached", 9, 4, 94, "unattached", 3, None),
    ];
    for (state, leader, epoch, error, after, then, known) in cases {
        let (mut node, now) = node(state);
        let partition = begin_quorum_epoch_request::PartitionData::default()
            .with_leader_id(BrokerId(leader))
            .with_leader_epoch(epoch);
        let topic = begin_quorum_epoch_request::TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![partition]);
        let request = BeginQuorumEpochRequest::default().with_topics(vec![topic]);
        let (response, _) = ask(&mut node, now, request);
        let Some(ResponseKind::BeginQuorumEpoch(response)) = response else {
            panic!("{response:?}");
        };
        let case = format!("{state}, leader {leader} in epoch {epoch}");
        assert_eq!(response.topics[0].partitions[0].error_code, error, "{case}");
        assert_eq!((node.state_name(), node.epoch()), (after, then), "{case}");
        assert_eq!(node.leader(), known, "{case}");
    }
}

#[test]
fn the_first_successor_stands_at_once() {
    for (successors, pause) in [(vec![1, 3], 0), (vec![3, 1], 500), (vec![], 0)] {
        let (mut node, now) = node("follower");
        let infos = successors.iter().map(|id| {
            end_quorum_epoch_request::ReplicaInfo::default().with_candidate_id(BrokerId(*id))
        });
        let partition = end_quorum_epoch_request::PartitionData::default()
            .with_leader_id(BrokerId(2))
            .with_leader_epoch(3)
            .with_preferred_candidates(infos.collect());
        let topic = end_quorum_epoch_request::TopicData::default()
            .with_topic_name(topic_name())
            .with_partitions(vec![partition]);
        let request = EndQuorumEpochRequest::default().with_topics(vec![topic]);
        ask(&mut node, now, request);
        if pause > 0 {
            assert_eq!(node.state_name(), "follower");
            assert_eq!(node.wake_at(), Some(now + pause));
            node.handle(now + pause, Input::Wake);
        }
        assert_eq!(node.state_name(), "prospective", "{successors:?}");
    }
}

fn fetch(epoch: i32, offset: i64, last_epoch: i32, max_wait_ms: i32) -> FetchRequest {
    let partition = fetch_request::FetchPartition::default()
        .with_current_leader_epoch(epoch)
        .with_fetch_offset(offset)
        .with_last_fetched_epoch(last_epoch)
        .with_partition_max_bytes(1 << 20);
    let topic = fetch_request::FetchTopic::default()
        .with_topic_id(METADATA_TOPIC_ID)
        .with_partitions(vec![partition]);
    let replica = fetch_request::ReplicaState::default().with_replica_id(BrokerId(2));
    FetchRequest::default()
        .with_replica_state(replica)
        .with_max_wait_ms(max_wait_ms)
        .with_topics(vec![topic])
}

fn fetched(response: Option<ResponseKind>) -> Option<fetch_response::PartitionData> {
    match response? {
        ResponseKind::Fetch(FetchResponse { responses, .. }) => {
            Some(responses[0].partitions[0].clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn fetches() {
    // The leader of epoch 4 has the records 0 to 4 of epoch 2 and the leader change at 5.
    // State, epoch, offset, last epoch; then: error, diverging epoch and end, bytes.
    let cases = [
        ("leader", 4, 0, 0, 0, (-1, -1), true),
        ("leader", 4, 5, 2, 0, (-1, -1), true),
        ("leader", 4, 6, 4, 0, (-1, -1), false),
        ("leader", 4, 7, 2, 0, (2, 5), false),
        ("leader", 4, 7, 3, 0, (2, 5), false),
        ("leader", 4, 7, 4, 0, (4, 6), false),
        ("leader", 4, 9, 8, 0, (4, 6), false),
        ("leader", 3, 5, 2, 74, (-1, -1), false),
        ("leader", 5, 5, 2, 75, (-1, -1), false),
        ("leader", 4, -1, 2, 42, (-1, -1), false),
        ("leader", 4, 5, -1, 42, (-1, -1), false),
        ("follower", 3, 5, 2, 6, (-1, -1), false),
        ("unattached", 3, 5, 2, 6, (-1, -1), false),
        ("resigned", 3, 5, 2, 6, (-1, -1), false),
    ];
    for (state, epoch, offset, last_epoch, error, parts, bytes) in cases {
        let (mut node, now) = node(state);
        let response = ask(&mut node, now, fetch(epoch, offset, last_epoch, 0)).0;
        let data = fetched(response).expect("nothing is waited for");
        let case = format!("{state}: {epoch} {offset} {last_epoch}");
        assert_eq!(data.error_code, error, "{case}");
        let found = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
        assert_eq!(found, parts, "{case}");
        let records = data.records.unwrap_or_default();
        assert_eq!(!records.is_empty(), bytes, "{case}");
        assert_eq!(data.current_leader.leader_epoch, node.epoch(), "{case}");
    }
}

#[test]
fn the_high_watermark_needs_a_majority_and_a_record_of_the_epoch() {
    let (mut node, now) = node("leader");
    assert!(node.is_leader() && !node.is_active());
    // Node 2 has everything of earlier epochs: that is a majority, but not yet safe.
    ask(&mut node, now, fetch(4, 5, 2, 0));
    assert_eq!(node.high_watermark(), None);
    ask(&mut node, now, fetch(4, 6, 4, 0));
    assert_eq!(node.high_watermark(), Some(6));
    assert!(node.is_active());
    let mut batch = BatchBuilder::new(Codec::None);
    batch.append(now, None, Some(b"y"), &[]).unwrap();
    assert_eq!(node.append(now, batch.build()), Ok(7));
    assert_eq!(node.high_watermark(), Some(6));
}

fn reply(node: &mut Raft) -> Option<ResponseKind> {
    drain(node).into_iter().find_map(|output| match output {
        Output::Reply(_, response) => Some(response),
        _ => None,
    })
}

#[test]
fn a_fetch_waits_for_news() {
    let (mut node, now) = node("leader");
    let (response, _) = ask(&mut node, now, fetch(4, 6, 4, 500));
    assert!(fetched(response).is_none(), "there is nothing new");
    // All that is appended together is handed out together: an answer after the first batch would
    // have both in it if the log had to be loaded first.
    for _ in 0..2 {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.append(now, None, Some(b"y"), &[]).unwrap();
        node.append(now + 100, batch.build()).unwrap();
    }
    assert_eq!(reply(&mut node), None);
    assert_eq!(node.wake_at(), Some(now + 100));
    node.handle(now + 100, Input::Wake);
    let records = fetched(reply(&mut node)).and_then(|data| data.records);
    let batches =
        batches(records.unwrap_or_default()).map(|batch| batch.unwrap().header.base_offset);
    assert_eq!(batches.collect::<Vec<_>>(), [6, 7]);

    let (response, _) = ask(&mut node, now + 100, fetch(4, 8, 4, 500));
    assert!(response.is_none());
    node.handle(now + 600, Input::Wake);
    let outputs = drain(&mut node);
    assert!(
        outputs
            .iter()
            .any(|output| matches!(output, Output::Reply(..)))
    );
}

#[test]
fn a_failed_store_ends_leadership() {
    let (mut node, now) = node("leader");
    node.handle(now, Input::StoreFailed("full".to_owned()));
    assert_eq!(node.state_name(), "resigned");
    let Some(ResponseKind::Vote(response)) = ask(&mut node, now, vote(2, 5, (4, 9), false)).0
    else {
        panic!("no answer");
    };
    assert_eq!(response.error_code, 8);
    assert_eq!(node.wake_at().filter(|at| *at <= now), None);
    node.handle(now, Input::Lost(CallId(99)));
}
