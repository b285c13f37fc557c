//! FetchSnapshot (KIP-630): a replica whose log ends before the leader's begins takes the leader's
//! snapshot, piece by piece, and goes on fetching from its end.

use bytes::{Bytes, BytesMut};
use konbini_protocol::ResponseError::{
    self, InvalidRequest, PositionOutOfRange, SnapshotNotFound, UnknownTopicOrPartition,
};
use konbini_protocol::messages::fetch_snapshot_request::{
    PartitionSnapshot, SnapshotId as WireId, TopicSnapshot,
};
use konbini_protocol::messages::{
    BrokerId, FetchSnapshotRequest, FetchSnapshotResponse, RequestKind,
    fetch_snapshot_response as response,
};
use konbini_trace::Event;

use super::follow::MAX_FETCH_BYTES;
use super::topic_name;
use crate::peers::Asked;
use crate::raft::Raft;
use crate::snapshot::{Snapshot, SnapshotId};
use crate::state::{Download, State};

/// Largest snapshot that is fetched, in bytes.
const MAX_SNAPSHOT_BYTES: i64 = 256 * 1024 * 1024;

impl Raft {
    pub(crate) fn ask_snapshot(&self, download: &Download) -> (Asked, RequestKind) {
        let (epoch, id) = (self.election.epoch, download.id);
        let wire = WireId::default()
            .with_end_offset(id.end_offset)
            .with_epoch(id.epoch);
        let partition = PartitionSnapshot::default()
            .with_partition(0)
            .with_current_leader_epoch(epoch)
            .with_snapshot_id(wire)
            .with_position(download.bytes.len() as i64);
        let topic = TopicSnapshot::default()
            .with_name(topic_name())
            .with_partitions(vec![partition]);
        let request = FetchSnapshotRequest::default()
            .with_cluster_id(self.cluster_id())
            .with_replica_id(BrokerId(self.config.node_id))
            .with_max_bytes(MAX_FETCH_BYTES)
            .with_topics(vec![topic]);
        (Asked::FetchSnapshot { epoch, id }, request.into())
    }

    pub(crate) fn snapshot_requested(
        &mut self,
        request: &FetchSnapshotRequest,
    ) -> FetchSnapshotResponse {
        let refused =
            |error: ResponseError| FetchSnapshotResponse::default().with_error_code(error.code());
        if let Some(error) = self.refuse(request.cluster_id.as_ref()) {
            return refused(error);
        }
        let ([topic], true) = (&request.topics[..], request.max_bytes > 0) else {
            return refused(InvalidRequest);
        };
        let [wanted] = &topic.partitions[..] else {
            return refused(InvalidRequest);
        };
        let is_metadata = topic.name == topic_name() && wanted.partition == 0;
        let piece = if is_metadata {
            self.piece(wanted, request.max_bytes)
        } else {
            Err(UnknownTopicOrPartition)
        };
        if piece.is_ok() {
            self.seen_fetching(request.replica_id.0);
        }
        let leader = response::LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(self.leader_to_tell()))
            .with_leader_epoch(self.election.epoch);
        let id = response::SnapshotId::default()
            .with_end_offset(wanted.snapshot_id.end_offset)
            .with_epoch(wanted.snapshot_id.epoch);
        let data = response::PartitionSnapshot::default()
            .with_index(wanted.partition)
            .with_snapshot_id(id)
            .with_current_leader(leader)
            .with_position(wanted.position);
        let data = match piece {
            Ok((size, bytes)) => data.with_size(size).with_unaligned_records(bytes),
            Err(error) => data.with_error_code(error.code()),
        };
        let topic = response::TopicSnapshot::default()
            .with_name(topic.name.clone())
            .with_partitions(vec![data]);
        FetchSnapshotResponse::default().with_topics(vec![topic])
    }

    /// The snapshot's size, and its bytes from the position on.
    fn piece(
        &self,
        wanted: &PartitionSnapshot,
        max_bytes: i32,
    ) -> Result<(i64, Bytes), ResponseError> {
        self.check_leader(wanted.current_leader_epoch)?;
        let id = SnapshotId {
            end_offset: wanted.snapshot_id.end_offset,
            epoch: wanted.snapshot_id.epoch,
        };
        let snapshot = self.snapshot().filter(|snapshot| snapshot.id == id);
        let bytes = &snapshot.ok_or(SnapshotNotFound)?.bytes;
        let from = usize::try_from(wanted.position).map_err(|_| PositionOutOfRange)?;
        if from >= bytes.len() {
            return Err(PositionOutOfRange);
        }
        let limit = usize::try_from(max_bytes).unwrap_or(0);
        let to = from.saturating_add(limit).min(bytes.len());
        Ok((bytes.len() as i64, bytes.slice(from..to)))
    }

    /// The leader has the log only from there on. What is committed here never goes.
    pub(crate) fn begin_download(&mut self, id: SnapshotId) {
        if let Some(committed) = self.high_watermark().filter(|hw| id.end_offset < *hw) {
            let end = id.end_offset;
            return self.tell_refused(format!("it ends at {end}, {committed} is committed here"));
        }
        if let State::Follower(state) = &mut self.state {
            let bytes = BytesMut::new();
            state.download = Some(Download { id, bytes });
        }
    }

    pub(crate) fn snapshot_answered(
        &mut self,
        from: i32,
        epoch: i32,
        id: SnapshotId,
        response: FetchSnapshotResponse,
    ) {
        let failed = Asked::FetchSnapshot { epoch, id };
        let mut data = response
            .topics
            .into_iter()
            .flat_map(|topic| topic.partitions);
        let (0, Some(data)) = (response.error_code, data.next()) else {
            return self.failed(from, failed);
        };
        let leader = &data.current_leader;
        let refused =
            self.learn_from_answer(data.error_code, leader.leader_id.0, leader.leader_epoch);
        if epoch != self.election.epoch {
            return;
        }
        let State::Follower(state) = &mut self.state else {
            return;
        };
        let Some(download) = state.download.as_mut().filter(|it| it.id == id) else {
            return;
        };
        let problem = misfit(&data, download.bytes.len());
        if refused || problem.is_some() {
            // The leader may have a newer snapshot by now: the next fetch says which.
            state.download = None;
            if let Some(reason) = problem.filter(|_| !refused) {
                self.tell_refused(reason);
            }
            return self.failed(from, failed);
        }
        download.bytes.extend_from_slice(&data.unaligned_records);
        let complete = download.bytes.len() as i64 >= data.size;
        self.heard_leader();
        if complete {
            self.finish_download();
        }
    }

    fn finish_download(&mut self) {
        let State::Follower(state) = &mut self.state else {
            return;
        };
        let Some(Download { id, bytes }) = state.download.take() else {
            return;
        };
        let leader = state.leader;
        let snapshot = Snapshot {
            id,
            bytes: bytes.freeze(),
        };
        if let Err(reason) = snapshot.records() {
            // The next fetch says again what is missing here.
            let epoch = self.election.epoch;
            self.tell_refused(reason);
            return self.failed(leader, Asked::FetchSnapshot { epoch, id });
        }
        let mut ops = Vec::new();
        self.journal.install(snapshot, self.now, &mut ops);
        self.store(ops);
        self.commit_to(id.end_offset);
        self.emit(
            Event::info("metadata-snapshot-fetched")
                .with("offset", id.end_offset)
                .with("epoch", id.epoch),
        );
    }

    fn tell_refused(&mut self, reason: String) {
        self.emit(Event::warn("metadata-snapshot-refused").with("reason", reason));
    }
}

/// Why a piece cannot be the one that was asked for, after so many bytes; `None` if it can.
fn misfit(piece: &response::PartitionSnapshot, so_far: usize) -> Option<String> {
    if piece.size > MAX_SNAPSHOT_BYTES {
        let size = piece.size;
        return Some(format!("it has {size} bytes, over {MAX_SNAPSHOT_BYTES}"));
    }
    if piece.position != so_far as i64 || piece.unaligned_records.is_empty() {
        return Some(format!("no bytes from position {so_far} on"));
    }
    None
}
