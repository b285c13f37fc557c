//! Fetch, from the leader's side: hands out the log up to its end, and learns from the fetch offset
//! what the replica has stored. A fetch that finds nothing new waits for `max_wait_ms`.

use bytes::Bytes;
use konbini_log::{Load, ReadOutcome};
use konbini_protocol::ResponseError::{self, InvalidRequest, KafkaStorageError, OffsetOutOfRange};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::fetch_request::FetchPartition;
use konbini_protocol::messages::fetch_response::{
    EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData, SnapshotId,
};
use konbini_protocol::messages::{BrokerId, FetchRequest, FetchResponse};

use crate::journal::{Check, Place};
use crate::raft::Raft;
use crate::state::State;
use crate::{METADATA_TOPIC, METADATA_TOPIC_ID, Output, ReplyId};

/// Longest that a fetch waits, in ms, whatever it says.
const MAX_PARKED_MS: i32 = 30_000;
/// Most fetches that wait.
const MAX_PARKED: usize = 1_000;

/// A fetch that has not been answered yet.
#[derive(Debug)]
pub(crate) struct ParkedFetch {
    reply: ReplyId,
    replica: i32,
    epoch: i32,
    offset: i64,
    last_epoch: i32,
    high_watermark: i64,
    max_bytes: usize,
    /// ms; `i64::MAX` once it has passed and only bytes are waited for.
    pub deadline: i64,
    expired: bool,
}

impl Raft {
    pub(crate) fn fetch_requested(&mut self, reply: ReplyId, request: FetchRequest) {
        let refusal = self.refuse(request.cluster_id.as_ref());
        let partition = only_partition(&request);
        let (Some(partition), None) = (partition, refusal) else {
            let error = refusal.unwrap_or(InvalidRequest);
            let response = FetchResponse::default().with_error_code(error.code());
            return self.put_out(Output::Reply(reply, response.into()));
        };
        let fetch = ParkedFetch {
            reply,
            replica: replica_id(&request),
            epoch: partition.current_leader_epoch,
            offset: partition.fetch_offset,
            last_epoch: partition.last_fetched_epoch,
            high_watermark: partition.high_watermark,
            max_bytes: usize::try_from(partition.partition_max_bytes).unwrap_or(0),
            deadline: self.now + i64::from(request.max_wait_ms.clamp(0, MAX_PARKED_MS)),
            expired: false,
        };
        if fetch.offset < 0 || fetch.last_epoch < 0 || fetch.epoch < 0 || fetch.replica < 0 {
            let data = failed(InvalidRequest);
            return self.answer_fetch(reply, data);
        }
        let is_same = self.journal.check(fetch.offset, fetch.last_epoch) == Check::Same;
        if self.check_leader(fetch.epoch).is_ok() && is_same {
            self.fetched_up_to(fetch.replica, fetch.offset);
        }
        // A replica has one fetch under way: an older one is on a connection that broke.
        for older in self
            .parked
            .iter_mut()
            .filter(|it| it.replica == fetch.replica)
        {
            older.deadline = self.now;
        }
        if self.parked.len() >= MAX_PARKED
            && let Some(oldest) = self.parked.first_mut()
        {
            oldest.deadline = self.now;
        }
        self.parked.push(fetch);
    }

    /// Answers every fetch that can be answered now.
    pub(crate) fn answer_parked(&mut self) {
        for mut fetch in std::mem::take(&mut self.parked) {
            fetch.expired |= fetch.deadline <= self.now;
            match self.attempt(&fetch) {
                Some(data) => self.answer_fetch(fetch.reply, data),
                None => {
                    if fetch.expired {
                        fetch.deadline = i64::MAX;
                    }
                    self.parked.push(fetch);
                }
            }
        }
    }

    fn answer_fetch(&mut self, reply: ReplyId, data: PartitionData) {
        let leader = LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(self.leader_to_tell()))
            .with_leader_epoch(self.election.epoch);
        let topic = FetchableTopicResponse::default()
            .with_topic_id(METADATA_TOPIC_ID)
            .with_partitions(vec![data.with_current_leader(leader)]);
        let response = FetchResponse::default().with_responses(vec![topic]);
        self.put_out(Output::Reply(reply, response.into()));
    }

    /// The answer, unless the fetch has to wait.
    fn attempt(&mut self, fetch: &ParkedFetch) -> Option<PartitionData> {
        if let Err(error) = self.check_leader(fetch.epoch) {
            return Some(failed(error));
        }
        let State::Leader(leader) = &self.state else {
            return None;
        };
        let high_watermark = leader.high_watermark.unwrap_or(-1);
        let log = &self.journal.log;
        let data = PartitionData::default()
            .with_high_watermark(high_watermark)
            .with_log_start_offset(log.log_start_offset())
            .with_aborted_transactions(None);
        match self.journal.check(fetch.offset, fetch.last_epoch) {
            Check::Same => {}
            Check::Diverging(Place { epoch, offset }) => {
                let parts = EpochEndOffset::default()
                    .with_epoch(epoch)
                    .with_end_offset(offset);
                return Some(data.with_diverging_epoch(parts));
            }
            Check::Behind(id) => {
                let id = SnapshotId::default()
                    .with_end_offset(id.end_offset)
                    .with_epoch(id.epoch);
                return Some(data.with_snapshot_id(id));
            }
        }
        let end = log.log_end_offset();
        let nothing_new = fetch.offset >= end && high_watermark <= fetch.high_watermark;
        if nothing_new && !fetch.expired {
            return None;
        }
        match self
            .journal
            .log
            .read(fetch.offset, fetch.max_bytes, end, true)
        {
            ReadOutcome::Fetched(found) => Some(data.with_records(Some(found.concat()))),
            ReadOutcome::Cold(load) => {
                self.ask_load(load);
                None
            }
            ReadOutcome::OutOfRange { .. } => Some(failed(OffsetOutOfRange)),
            ReadOutcome::Offline { .. } => Some(failed(KafkaStorageError)),
        }
    }

    /// Asks for bytes, unless they are on their way.
    pub(crate) fn ask_load(&mut self, load: Load) {
        if self.loads.insert(load.clone()) {
            self.put_out(Output::Load(load));
        }
    }
}

/// The one partition of a fetch of the metadata log.
fn only_partition(request: &FetchRequest) -> Option<&FetchPartition> {
    let [topic] = &request.topics[..] else {
        return None;
    };
    let by_name = topic.topic.0 == StrBytes::from_static_str(METADATA_TOPIC);
    let [partition] = &topic.partitions[..] else {
        return None;
    };
    let it_is = (topic.topic_id == METADATA_TOPIC_ID || by_name) && partition.partition == 0;
    it_is.then_some(partition)
}

/// From version 15 on the field is a tagged structure.
fn replica_id(request: &FetchRequest) -> i32 {
    request.replica_state.replica_id.0.max(request.replica_id.0)
}

fn failed(error: ResponseError) -> PartitionData {
    PartitionData::default()
        .with_error_code(error.code())
        .with_high_watermark(-1)
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()))
}
