//! Fetch, from the side of a follower, or of a node that looks for the leader: appends what comes,
//! cuts off what the leader does not have, and moves the high watermark.

use konbini_log::{LogState, Truncation};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use konbini_protocol::messages::fetch_response::PartitionData;
use konbini_protocol::messages::{BrokerId, FetchRequest, FetchResponse, RequestKind};
use konbini_trace::Event;

use crate::METADATA_TOPIC_ID;
use crate::journal::Place;
use crate::peers::Asked;
use crate::raft::Raft;
use crate::snapshot::SnapshotId;
use crate::state::State;

/// How long the leader may hold a fetch that finds nothing new, in ms, as in KRaft.
pub(crate) const MAX_WAIT_MS: i32 = 500;
/// Most bytes of one fetch, as in KRaft.
pub(crate) const MAX_FETCH_BYTES: i32 = 8 * 1024 * 1024;

impl Raft {
    pub(crate) fn ask_fetch(&self, _: i32) -> (Asked, RequestKind) {
        let (log, epoch) = (&self.journal.log, self.election.epoch);
        let partition = FetchPartition::default()
            .with_partition(0)
            .with_current_leader_epoch(epoch)
            .with_fetch_offset(log.log_end_offset())
            .with_last_fetched_epoch(self.journal.last_epoch())
            .with_log_start_offset(log.log_start_offset())
            .with_high_watermark(self.high_watermark().unwrap_or(-1))
            .with_partition_max_bytes(MAX_FETCH_BYTES);
        let topic = FetchTopic::default()
            .with_topic_id(METADATA_TOPIC_ID)
            .with_partitions(vec![partition]);
        let replica = ReplicaState::default().with_replica_id(BrokerId(self.config.node_id));
        let cluster_id = Some(StrBytes::from_string(self.config.cluster_id.clone()));
        let request = FetchRequest::default()
            .with_cluster_id(cluster_id)
            .with_replica_state(replica)
            .with_max_wait_ms(MAX_WAIT_MS)
            .with_min_bytes(0)
            .with_max_bytes(MAX_FETCH_BYTES)
            .with_session_id(0)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        (Asked::Fetch { epoch }, request.into())
    }

    pub(crate) fn fetch_answered(&mut self, from: i32, epoch: i32, response: FetchResponse) {
        let mut data = response
            .responses
            .into_iter()
            .flat_map(|topic| topic.partitions);
        let (0, Some(data)) = (response.error_code, data.next()) else {
            return self.failed(from, Asked::Fetch { epoch });
        };
        let leader = &data.current_leader;
        if self.learn_from_answer(data.error_code, leader.leader_id.0, leader.leader_epoch) {
            return self.failed(from, Asked::Fetch { epoch });
        }
        let follows = matches!(&self.state, State::Follower(state) if state.leader == from);
        if epoch != self.election.epoch || !follows {
            return;
        }
        self.heard_leader();
        let known = (self.journal.end(), self.high_watermark());
        self.take_fetched(data);
        // An answer that came early and brought nothing would come again, at once and for ever.
        let waited = self.now - self.peers.asked_at(from) >= i64::from(MAX_WAIT_MS);
        if known == (self.journal.end(), self.high_watermark()) && !waited && !self.is_busy() {
            self.failed(from, Asked::Fetch { epoch });
        }
    }

    /// Whether the follower has something else to do than to fetch the log.
    fn is_busy(&self) -> bool {
        matches!(&self.state, State::Follower(it) if it.download.is_some() || it.truncation.is_some())
    }

    fn take_fetched(&mut self, data: PartitionData) {
        let parts = &data.diverging_epoch;
        if parts.epoch >= 0 && parts.end_offset >= 0 {
            let theirs = Place {
                epoch: parts.epoch,
                offset: parts.end_offset,
            };
            return self.truncate(self.journal.truncation_for(theirs));
        }
        let snapshot = &data.snapshot_id;
        if snapshot.epoch >= 0 && snapshot.end_offset >= 0 {
            return self.begin_download(SnapshotId {
                end_offset: snapshot.end_offset,
                epoch: snapshot.epoch,
            });
        }
        if let Some(records) = data.records.filter(|records| !records.is_empty()) {
            let mut ops = Vec::new();
            let taken = self.journal.replicate(records, self.now, &mut ops);
            self.store(ops);
            if let Err(reason) = taken {
                if self.is_online() {
                    return self.emit(Event::error("metadata-log-failed").with("reason", reason));
                }
                return self.fail(reason);
            }
        }
        let end = self.journal.log.log_end_offset();
        if data.high_watermark >= 0 {
            self.commit_to(data.high_watermark.min(end));
        }
    }

    /// Cuts off what the leader does not have. What is committed never goes.
    fn truncate(&mut self, offset: i64) {
        if self.high_watermark().is_some_and(|hw| offset < hw) {
            return self.fail(format!(
                "the leader's log ends at {offset} where records above are committed"
            ));
        }
        let mut ops = Vec::new();
        let outcome = self.journal.truncate(offset, self.now, &mut ops);
        self.store(ops);
        match outcome {
            Truncation::Done { log_end, was } => self.emit(
                Event::warn("metadata-log-truncated")
                    .with("from", was)
                    .with("to", log_end),
            ),
            Truncation::Cold(load) => {
                self.ask_load(load);
                if let State::Follower(state) = &mut self.state {
                    state.truncation = Some(offset);
                }
            }
            Truncation::Offline { reason } => self.fail(reason),
        }
    }

    /// Bytes came: a truncation that waited for them goes on.
    pub(crate) fn go_on_truncating(&mut self) {
        if let State::Follower(state) = &mut self.state
            && let Some(offset) = state.truncation.take()
        {
            self.truncate(offset);
        }
    }

    /// Why the log cannot be used, if so.
    pub fn offline(&self) -> Option<&str> {
        match self.journal.log.state() {
            LogState::Offline { reason } => Some(reason),
            LogState::Online => None,
        }
    }
}
