//! A follower whose log ends before the leader's begins takes the leader's snapshot, or says why it
//! does not and starts over.

use super::*;
use crate::{Snapshot, SnapshotId};
use bytes::Bytes;
use konbini_protocol::messages::{FetchSnapshotResponse, fetch_snapshot_response};

const ID: SnapshotId = SnapshotId {
    end_offset: 9,
    epoch: 3,
};

fn snapshot() -> Bytes {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.append(NOW, None, Some(b"all"), &[]).unwrap();
    Snapshot::new(ID, NOW, batch.build(), NOW).bytes
}

/// The request that is under way to the leader.
fn asked(outputs: &[Output]) -> Option<(CallId, RequestKind)> {
    outputs.iter().find_map(|output| match output {
        Output::Send { call, request, .. } => Some((*call, request.clone())),
        _ => None,
    })
}

fn event(outputs: &[Output]) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Event(event) => {
            let reason = event.arg("reason").map(|it| format!(": {it}"));
            Some(format!("{}{}", event.code, reason.unwrap_or_default()))
        }
        _ => None,
    })
}

/// A follower that has just begun, and the fetch that it sent.
fn follower() -> (Raft, CallId) {
    let mut node = start(1, Some(2), None);
    let (call, request) = asked(&drain(&mut node)).expect("it fetches");
    assert!(matches!(request, RequestKind::Fetch(_)), "{request:?}");
    (node, call)
}

/// The leader says to a fetch that only its snapshot has what comes next.
fn behind(node: &mut Raft, now: i64, call: CallId, id: SnapshotId) {
    let id = fetch_response::SnapshotId::default()
        .with_end_offset(id.end_offset)
        .with_epoch(id.epoch);
    let leader = fetch_response::LeaderIdAndEpoch::default()
        .with_leader_id(BrokerId(2))
        .with_leader_epoch(3);
    let data = fetch_response::PartitionData::default()
        .with_snapshot_id(id)
        .with_current_leader(leader);
    let topic = fetch_response::FetchableTopicResponse::default().with_partitions(vec![data]);
    let response = FetchResponse::default().with_responses(vec![topic]);
    node.handle(now, Input::Response(call, response.into()));
}

fn piece(node: &mut Raft, now: i64, call: CallId, position: i64, size: i64, bytes: Bytes) {
    let leader = fetch_snapshot_response::LeaderIdAndEpoch::default()
        .with_leader_id(BrokerId(2))
        .with_leader_epoch(3);
    let data = fetch_snapshot_response::PartitionSnapshot::default()
        .with_current_leader(leader)
        .with_position(position)
        .with_size(size)
        .with_unaligned_records(bytes);
    let topic = fetch_snapshot_response::TopicSnapshot::default().with_partitions(vec![data]);
    let response = FetchSnapshotResponse::default().with_topics(vec![topic]);
    node.handle(now, Input::Response(call, response.into()));
}

/// After a pause the node fetches the log again.
fn starts_over(node: &mut Raft) -> (i64, CallId) {
    let now = node.wake_at().expect("it goes on");
    node.handle(now, Input::Wake);
    let (call, request) = asked(&drain(node)).expect("it asks again");
    assert!(matches!(request, RequestKind::Fetch(_)), "{request:?}");
    (now, call)
}

#[test]
fn a_snapshot_that_cannot_be_used_is_refused_and_fetched_again() {
    let whole = snapshot();
    let len = whole.len() as i64;
    let mut flipped = whole.to_vec();
    flipped[whole.len() / 2] ^= 1;
    let cases: [(i64, i64, Bytes, &str); 6] = [
        (0, 5, "bytes".into(), "metadata-snapshot-refused: "),
        (0, len, flipped.into(), "metadata-snapshot-refused: "),
        (
            0,
            len - 1,
            whole.slice(..whole.len() - 1),
            "metadata-snapshot-refused: ",
        ),
        (
            0,
            1 << 40,
            whole.clone(),
            "metadata-snapshot-refused: it has 1099511627776 bytes, over 268435456",
        ),
        (
            7,
            len,
            whole.clone(),
            "metadata-snapshot-refused: no bytes from position 0 on",
        ),
        (
            0,
            len,
            Bytes::new(),
            "metadata-snapshot-refused: no bytes from position 0 on",
        ),
    ];
    for (position, size, bytes, expect) in cases {
        let (mut node, call) = follower();
        behind(&mut node, NOW, call, ID);
        let (call, _) = asked(&drain(&mut node)).expect("it asks for the snapshot");
        piece(&mut node, NOW, call, position, size, bytes);
        let outputs = drain(&mut node);
        let told = event(&outputs).unwrap_or_default();
        assert!(told.starts_with(expect), "{told}, not {expect}");
        assert_eq!(asked(&outputs), None, "not without a pause");
        let stored = outputs.iter().any(|it| matches!(it, Output::Store(_)));
        assert!(!stored, "nothing of it is stored");
        // The same again, whole and in two pieces: it is taken.
        let (now, call) = starts_over(&mut node);
        assert!(now > NOW);
        behind(&mut node, now, call, ID);
        let (call, _) = asked(&drain(&mut node)).expect("it asks for the snapshot");
        piece(&mut node, now, call, 0, len, whole.slice(..10));
        let (call, _) = asked(&drain(&mut node)).expect("it asks for the rest");
        piece(&mut node, now, call, 10, len, whole.slice(10..));
        let taken = event(&drain(&mut node));
        assert_eq!(taken.as_deref(), Some("metadata-snapshot-fetched"));
        assert_eq!(node.snapshot().map(|it| it.id), Some(ID));
        assert_eq!(node.log().log_end_offset(), ID.end_offset);
    }
}

#[test]
fn a_snapshot_of_less_than_is_committed_is_refused() {
    let (mut node, call) = follower();
    behind(&mut node, NOW, call, ID);
    let (call, _) = asked(&drain(&mut node)).expect("it asks for the snapshot");
    let whole = snapshot();
    piece(&mut node, NOW, call, 0, whole.len() as i64, whole);
    let (call, _) = asked(&drain(&mut node)).expect("it fetches on");
    let older = SnapshotId {
        end_offset: 8,
        epoch: 3,
    };
    behind(&mut node, NOW, call, older);
    let outputs = drain(&mut node);
    assert_eq!(
        event(&outputs).as_deref(),
        Some("metadata-snapshot-refused: it ends at 8, 9 is committed here")
    );
    assert_eq!(asked(&outputs), None, "not without a pause");
    starts_over(&mut node);
}
