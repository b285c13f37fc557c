//! Why there is an election, and why a leader goes: the events say what really happened.

use super::*;
use crate::state::State;

/// Reason and setting of the first event with that code.
fn told(outputs: &[Output], code: &str) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Event(event) if event.code == code => {
            let reason = event.arg("reason").map(ToString::to_string);
            let setting = event.setting.as_deref().unwrap_or_default();
            Some(format!("{} [{setting}]", reason.unwrap_or_default()))
        }
        _ => None,
    })
}

/// Lets time pass until the node is in that state, voted or not. Nobody answers.
fn wait_for(node: &mut Raft, mut now: i64, state: &str) -> i64 {
    for _ in 0..100 {
        if node.state_name().starts_with(state) {
            return now;
        }
        now = node.wake_at().expect("something comes").max(now);
        node.handle(now, Input::Wake);
    }
    panic!("{} does not become {state}", node.state_name());
}

/// Grants or refuses every vote that was asked for.
fn answer(node: &mut Raft, now: i64, asked: Vec<Output>, granted: bool) {
    for output in asked {
        if let Output::Send {
            call,
            request: RequestKind::Vote(request),
            ..
        } = output
        {
            let asked = &request.topics[0].partitions[0];
            let data = vote_response::PartitionData::default()
                .with_leader_id(BrokerId(-1))
                .with_leader_epoch(asked.replica_epoch)
                .with_vote_granted(granted);
            let topic = vote_response::TopicData::default().with_partitions(vec![data]);
            let response = VoteResponse::default().with_topics(vec![topic]);
            node.handle(now, Input::Response(call, response.into()));
        }
    }
}

/// Lets the node become a candidate as soon as it asks for pre-votes; returns what it does then.
fn stands(node: &mut Raft, now: i64) -> (i64, Vec<Output>) {
    let mut now = wait_for(node, now, "prospective");
    for _ in 0..100 {
        let asked = drain(node);
        answer(node, now, asked, true);
        if node.state_name() == "candidate" {
            return (now, drain(node));
        }
        // Who still owes an answer to an older question is not asked.
        now = node.wake_at().expect("something comes").max(now);
        node.handle(now, Input::Wake);
    }
    panic!("{} does not stand for election", node.state_name());
}

fn why(node: &mut Raft, now: i64) -> String {
    told(&stands(node, now).1, "controller-candidate").expect("it says so")
}

fn end_of_epoch(leader: i32, successors: &[i32]) -> EndQuorumEpochRequest {
    let partition = end_quorum_epoch_request::PartitionData::default()
        .with_leader_id(BrokerId(leader))
        .with_leader_epoch(3)
        .with_preferred_successors(successors.to_vec());
    let topic = end_quorum_epoch_request::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    EndQuorumEpochRequest::default().with_topics(vec![topic])
}

fn announcement(leader: i32, epoch: i32) -> BeginQuorumEpochRequest {
    let partition = begin_quorum_epoch_request::PartitionData::default()
        .with_leader_id(BrokerId(leader))
        .with_leader_epoch(epoch);
    let topic = begin_quorum_epoch_request::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    BeginQuorumEpochRequest::default().with_topics(vec![topic])
}

#[test]
fn why_a_voter_stands_for_election() {
    let silent = "no fetch from the leader succeeded in time [controller.quorum.fetch.timeout.ms]";
    let (mut alone, now) = node("unattached");
    assert_eq!(
        why(&mut alone, now),
        "no leader was found in time [controller.quorum.election.timeout.ms]"
    );
    let (mut left, now) = node("follower");
    assert_eq!(why(&mut left, now), silent);
    for successors in [&[1, 3][..], &[3, 1]] {
        let (mut successor, now) = node("follower");
        let ended = end_of_epoch(2, successors);
        successor.handle(now, Input::Request(ReplyId(1), ended.into()));
        assert_eq!(
            why(&mut successor, now),
            "the leader resigned []",
            "{successors:?}"
        );
    }
    // The leader is there all the same, and falls silent later.
    let (mut misled, now) = node("follower");
    ask(&mut misled, now, end_of_epoch(2, &[3, 1]));
    ask(&mut misled, now, announcement(2, 3));
    assert_eq!(why(&mut misled, now), silent);

    let (mut unlucky, now) = node("candidate");
    assert_eq!(
        why(&mut unlucky, now),
        "its last election was not decided in time [controller.quorum.election.timeout.ms]"
    );
}

#[test]
fn a_leader_says_what_elected_it_and_why_it_goes() {
    let leader = || {
        let (node, now) = node("leader");
        let setting = node.elected_because();
        assert_eq!(setting, Some("controller.quorum.election.timeout.ms"));
        (node, now)
    };
    let why = |node: &mut Raft| told(&drain(node), "controller-resigned").expect("it says so");

    let (mut node, now) = leader();
    node.handle(now, Input::Resign);
    assert_eq!(why(&mut node), "it shuts down []");
    assert_eq!(node.elected_because(), None);
    let (mut node, now) = leader();
    node.handle(now, Input::StoreFailed("full".to_owned()));
    assert_eq!(why(&mut node), "its metadata log is offline []");
    let (mut node, now) = leader();
    node.handle(
        now,
        Input::Request(ReplyId(1), vote(2, 9, (4, 9), false).into()),
    );
    assert_eq!(why(&mut node), "a newer epoch has begun []");
    let (mut node, now) = leader();
    wait_for(&mut node, now, "resigned");
    assert_eq!(
        why(&mut node),
        "no majority of the voters fetched in time [controller.quorum.fetch.timeout.ms]"
    );
}

/// KIP-996: the pauses get longer with each election that is lost in a row; a leader ends the row.
#[test]
fn a_leader_ends_the_row_of_lost_elections() {
    let (mut node, mut now) = node("follower");
    for lost in 0..3 {
        let (then, outputs) = stands(&mut node, now);
        let reason = told(&outputs, "controller-candidate");
        assert_eq!(
            reason.is_some_and(|it| it.starts_with("it lost its last election [")),
            lost > 0
        );
        answer(&mut node, then, outputs, false);
        now = then;
        while node.elections_lost == lost {
            now = node.wake_at().expect("somebody is asked").max(now);
            node.handle(now, Input::Wake);
            let asked = drain(&mut node);
            answer(&mut node, now, asked, false);
        }
        assert_eq!(
            (node.elections_lost, node.state_name()),
            (lost + 1, "candidate")
        );
    }
    let epoch = node.epoch();
    ask(&mut node, now, announcement(2, epoch + 1));
    assert!(matches!(node.state, State::Follower(_)));
    assert_eq!(node.elections_lost, 0);
}
