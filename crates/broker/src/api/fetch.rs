//! Fetch, versions 4 to 18.
//!
//! - Whole batches, from the one that holds the wanted offset on. The first batch of a response is
//!   returned even when it is larger than every limit (KIP-74).
//! - An answer waits for `min_bytes` up to `max_wait_ms`, and is woken by appends. A partition with
//!   an error or a diverging epoch is answered at once.
//! - Consumers read up to the high watermark; with read_committed up to the last stable offset,
//!   with the aborted transactions of the range. Replicas read up to the log end.
//! - Sessions (KIP-227), topic ids from v13, leader and endpoints of the leader on
//!   NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951, v16).
//! - The metadata log is fetched by its topic id, by voters and observers: see [`crate::quorum`].
//! - Consumers may fetch from followers from v11 on (KIP-392).
//!
//! Differences from Apache Kafka: no replica is ever preferred to the leader (KIP-392's selector), no
//! quotas, no tiered storage.
//! A wait for bytes that are not in memory may take longer than `max_wait_ms`; no virtual time
//! passes meanwhile.

use std::collections::BTreeMap;

use bytes::Bytes;
use konbini_protocol::ResponseError::{
    self, FencedLeaderEpoch, NotLeaderOrFollower, UnknownTopicId, UnknownTopicOrPartition,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData,
};
use konbini_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId, ResponseKind};
use uuid::Uuid;

use super::fetch_session::{FetchKey, SessionUse, Wanted};
use super::{Answer, Context, attempt_or_park};
use crate::controller::Refusal;
use crate::metadata::METADATA_TOPIC_ID;
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Watch};
use crate::quorum;
use crate::replica::isr;
use crate::replica::read::{Read, ReadOutcome, ReadRequest, Reader};

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: FetchRequest) -> Answer {
    if is_for_metadata(&request) {
        return quorum::ask(node, context, request.into());
    }
    let slots = node.setting_number("max.incremental.fetch.session.cache.slots");
    let slots = usize::try_from(slots).unwrap_or(0);
    let opened = node
        .sessions
        .open(node.now, &mut node.rng, slots, context.version, &request);
    let (session, partitions) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            return FetchResponse::default()
                .with_error_code(error.code())
                .into();
        }
    };
    let broker_limit = node.setting_number("fetch.max.bytes");
    let replica = replica_id(context.version, &request);
    let reader = if replica >= 0 {
        Reader::Replica(replica)
    } else if request.isolation_level == 1 {
        Reader::CommittedOnly
    } else {
        Reader::Consumer
    };
    let max_bytes = i64::from(request.max_bytes).min(broker_limit).max(0);
    let operation = DelayedFetch {
        version: context.version,
        reader,
        broker_epoch: request.replica_state.replica_epoch,
        noted: false,
        session,
        client: context.client_id.to_owned(),
        partitions,
        min_bytes: usize::try_from(request.min_bytes).unwrap_or(0),
        max_bytes: usize::try_from(max_bytes).unwrap_or(0),
    };
    let deadline = node
        .now
        .saturating_add(i64::from(request.max_wait_ms.max(0)));
    attempt_or_park(node, operation, deadline)
}

/// Who fetches: -1 is a consumer. From v15 on the field is a tagged structure.
fn replica_id(version: i16, request: &FetchRequest) -> i32 {
    if version >= 15 {
        request.replica_state.replica_id.0
    } else {
        request.replica_id.0
    }
}

/// Whether a replica fetches the metadata log, which a voter serves before it is a broker. Topic
/// ids exist from v13 on.
pub(super) fn is_for_metadata(request: &FetchRequest) -> bool {
    let replica = request.replica_state.replica_id.0.max(request.replica_id.0);
    let mut topics = request.topics.iter();
    replica >= 0 && topics.any(|topic| topic.topic_id == METADATA_TOPIC_ID)
}

struct DelayedFetch {
    version: i16,
    reader: Reader,
    /// The boot of the replica that fetches; -1 for consumers and old versions.
    broker_epoch: i64,
    /// The position of the replica was noted.
    noted: bool,
    session: SessionUse,
    client: String,
    partitions: Vec<(FetchKey, Wanted)>,
    min_bytes: usize,
    max_bytes: usize,
}

/// What one round over all partitions found.
#[derive(Default)]
struct Round {
    data: Vec<PartitionData>,
    bytes: usize,
    /// Something must be told at once.
    urgent: bool,
    watches: Vec<Watch>,
    /// Bytes that are being loaded; without them there is nothing to answer.
    loading: Vec<Watch>,
    /// What a replica has of partitions that this node leads, until it is noted.
    positions: Vec<(TopicPartition, Wanted)>,
}

impl Operation for DelayedFetch {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        let round = self.read_all(node);
        if !round.loading.is_empty() {
            return Attempt::Wait(round.loading);
        }
        self.note_positions(node, &round.positions);
        let enough = round.bytes >= self.min_bytes || self.partitions.is_empty();
        if expired || enough || round.urgent {
            return Attempt::Done(ResponseKind::Fetch(self.respond(node, round.data)));
        }
        Attempt::Wait(round.watches)
    }
}

impl DelayedFetch {
    /// A replica tells by its fetch what it has: once a request, not again when it is woken.
    fn note_positions(&mut self, node: &mut Node, positions: &[(TopicPartition, Wanted)]) {
        let Reader::Replica(id) = self.reader else {
            return;
        };
        if !std::mem::replace(&mut self.noted, true) {
            for (partition, wanted) in positions {
                isr::note_log_start(node, *partition, id, wanted.log_start);
                isr::note_fetch(node, *partition, id, self.broker_epoch, wanted.offset);
            }
        }
    }

    fn read_all(&self, node: &mut Node) -> Round {
        let mut round = Round::default();
        for (key, wanted) in &self.partitions {
            let data = match self.resolve(node, key) {
                Ok(partition) => self.read(node, partition, wanted, &mut round),
                Err(error) => {
                    round.urgent = true;
                    failed(error)
                }
            };
            round.data.push(data.with_partition_index(key.index));
        }
        round
    }

    fn resolve(&self, node: &Node, key: &FetchKey) -> Result<TopicPartition, ResponseError> {
        let image = &node.metadata.image;
        let (topic, error) = if self.version >= 13 {
            (image.topic_by_id(key.id), UnknownTopicId)
        } else {
            (image.topic(&key.name), UnknownTopicOrPartition)
        };
        let partition = TopicPartition {
            topic: topic.ok_or(error)?.id,
            index: key.index,
        };
        match image.partition(partition) {
            Some(_) => Ok(partition),
            None => Err(UnknownTopicOrPartition),
        }
    }

    fn read(
        &self,
        node: &mut Node,
        partition: TopicPartition,
        wanted: &Wanted,
        round: &mut Round,
    ) -> PartitionData {
        let left = self.max_bytes.saturating_sub(round.bytes);
        let request = ReadRequest {
            offset: wanted.offset,
            leader_epoch: wanted.leader_epoch,
            last_fetched_epoch: wanted.last_fetched_epoch,
            max_bytes: usize::try_from(wanted.max_bytes).unwrap_or(0).min(left),
            at_least_one_batch: round.bytes == 0,
            reader: self.reader,
            any_replica: self.version >= 11 && !matches!(self.reader, Reader::Replica(_)),
        };
        match crate::replica::read::read(node, partition, &request) {
            ReadOutcome::Records(read) => {
                round.bytes += read.records.len();
                round.watches.push(match self.reader {
                    Reader::Replica(_) => Watch::Appended(partition),
                    Reader::Consumer | Reader::CommittedOnly => Watch::Committed(partition),
                });
                if !self.noted && matches!(self.reader, Reader::Replica(_)) {
                    round.positions.push((partition, *wanted));
                }
                found(read)
            }
            ReadOutcome::Diverging {
                epoch,
                end_offset,
                high_watermark,
                log_start,
            } => {
                round.urgent = true;
                PartitionData::default()
                    .with_high_watermark(high_watermark)
                    .with_log_start_offset(log_start)
                    .with_diverging_epoch(
                        EpochEndOffset::default()
                            .with_epoch(epoch)
                            .with_end_offset(end_offset),
                    )
                    .with_records(Some(Bytes::new()))
            }
            ReadOutcome::Loading(id) => {
                round.loading.push(Watch::Load(id));
                PartitionData::default()
            }
            ReadOutcome::Refused(error) => {
                round.urgent = true;
                let data = failed(error).with_aborted_transactions(None);
                if self.version >= 12 && tells_leader(error) {
                    data.with_current_leader(current_leader(node, partition))
                } else {
                    data
                }
            }
        }
    }

    fn respond(&self, node: &mut Node, data: Vec<PartitionData>) -> FetchResponse {
        let mut response = FetchResponse::default().with_session_id(self.session.id());
        let mut endpoints: BTreeMap<i32, NodeEndpoint> = BTreeMap::new();
        let mut at: BTreeMap<(String, Uuid), usize> = BTreeMap::new();
        for ((key, _), data) in self.partitions.iter().zip(data) {
            if !node.sessions.note(self.session, key, &data) {
                continue;
            }
            if data.error_code == ResponseError::OffsetOutOfRange.code() {
                let refusal = Refusal::new(ResponseError::OffsetOutOfRange, "");
                let subject = node.subject(&key.name, key.id, key.index);
                node.refused("Fetch", &self.client, &refusal, &subject);
            }
            if self.version >= 16
                && let Some(endpoint) = endpoint(node, data.current_leader.leader_id.0)
            {
                endpoints.insert(endpoint.node_id.0, endpoint);
            }
            let place = *at.entry((key.name.clone(), key.id)).or_insert_with(|| {
                let topic = FetchableTopicResponse::default()
                    .with_topic(StrBytes::from_string(key.name.clone()).into())
                    .with_topic_id(key.id);
                response.responses.push(topic);
                response.responses.len() - 1
            });
            response.responses[place].partitions.push(data);
        }
        response.node_endpoints = endpoints.into_values().collect();
        response
    }
}

fn found(read: Read) -> PartitionData {
    let aborted = read.aborted.map(|list| {
        let entries = list.into_iter().map(|(producer, first)| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(producer))
                .with_first_offset(first)
        });
        entries.collect()
    });
    PartitionData::default()
        .with_high_watermark(read.high_watermark)
        .with_last_stable_offset(read.last_stable_offset)
        .with_log_start_offset(read.log_start)
        .with_aborted_transactions(aborted)
        .with_records(Some(read.records))
}

fn failed(error: ResponseError) -> PartitionData {
    PartitionData::default()
        .with_error_code(error.code())
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_records(Some(Bytes::new()))
}

fn tells_leader(error: ResponseError) -> bool {
    matches!(error, NotLeaderOrFollower | FencedLeaderEpoch)
}

fn current_leader(node: &Node, partition: TopicPartition) -> LeaderIdAndEpoch {
    let Some(state) = node.metadata.image.partition(partition) else {
        return LeaderIdAndEpoch::default();
    };
    LeaderIdAndEpoch::default()
        .with_leader_id(BrokerId(state.leader))
        .with_leader_epoch(state.leader_epoch)
}

fn endpoint(node: &Node, id: i32) -> Option<NodeEndpoint> {
    let broker = node
        .metadata
        .image
        .brokers
        .get(&id)
        .filter(|broker| !broker.fenced)?;
    Some(
        NodeEndpoint::default()
            .with_node_id(BrokerId(id))
            .with_host(StrBytes::from_string(broker.host.clone()))
            .with_port(i32::from(broker.port))
            .with_rack(broker.rack.clone().map(StrBytes::from_string)),
    )
}
