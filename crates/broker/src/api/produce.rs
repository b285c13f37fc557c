//! Produce, versions 3 to 13.
//!
//! - acks 0 has no response; when something fails, the connection is closed instead, so that the
//!   client looks up its metadata again. acks 1 answers after the append, acks all once the high
//!   watermark has passed the batch, which waits for the in-sync replicas.
//! - Batches are validated and stored as they came; the broker writes base offset and leader epoch,
//!   and the timestamp or codec only where a setting asks for it.
//! - Topics by id from v13; leader and endpoints of the leader on NOT_LEADER_OR_FOLLOWER (KIP-951,
//!   v10); single records that are refused in `record_errors` (v8).
//!
//! - Before a partition takes the first records of a transaction, its coordinator is asked whether the
//!   partition was added; from v12 it is added by that (KIP-890). See `transactional`.
//!
//! Differences from Apache Kafka: no quotas. With acks=0 a transaction's first records are refused.

mod transactional;

use std::collections::BTreeMap;

use konbini_protocol::ResponseError::{
    self, InvalidRequiredAcks, InvalidTopicException, NotEnoughReplicasAfterAppend,
    NotLeaderOrFollower, RequestTimedOut, UnknownTopicId, UnknownTopicOrPartition,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use konbini_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse,
    TopicProduceResponse,
};
use konbini_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse, ResponseKind};

use konbini_raft::plant::{self, Bug};

use super::{Answer, Context, attempt_or_park};
use crate::controller::{Refusal, topic_names};
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Watch};
use crate::replica::append::{AppendRefusal, Appended, append_from_client};

const NO_ACKS: i16 = 0;
/// The client that Kafka lets write into internal topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";
const ALL_ACKS: i16 = -1;

pub(super) fn handle(node: &mut Node, context: &Context<'_>, request: ProduceRequest) -> Answer {
    let deadline = node
        .now
        .saturating_add(i64::from(request.timeout_ms.max(0)));
    let job = Produce {
        request,
        version: context.version,
        client_id: context.client_id.to_owned(),
    };
    let verification = match transactional::begin(node, &job, deadline) {
        Ok(verification) => verification,
        Err(error) => {
            let refuse = |_: &mut Node, _: Place<'_>| Err(AppendRefusal::from(error));
            let (response, _) = produce_all(node, &job, &refuse);
            return answer_now(&job, response).unwrap_or_else(Answer::from);
        }
    };
    if let Some(verification) = verification {
        if job.request.acks == NO_ACKS {
            node.transactions.verifications.close(verification.id);
            return Answer::Close("a transaction needs acks".to_owned());
        }
        let operation = transactional::VerifiedProduce::new(job, verification);
        return attempt_or_park(node, operation, deadline);
    }
    let (response, waiting) = produce_all(node, &job, &|_, _| Ok(()));
    let response = match answer_now(&job, response) {
        Ok(answer) => return answer,
        Err(response) => response,
    };
    match waiting.is_empty() || !waits_for_replicas(&job) {
        true => response.into(),
        false => attempt_or_park(node, DelayedProduce { waiting, response }, deadline),
    }
}

/// A request with what its handler knew.
struct Produce {
    request: ProduceRequest,
    version: i16,
    client_id: String,
}

/// One partition of a request.
#[derive(Clone, Copy)]
struct Place<'a> {
    partition: TopicPartition,
    data: &'a PartitionProduceData,
}

/// What else has to be true before a partition takes its batch.
type Check<'a> = &'a dyn Fn(&mut Node, Place<'_>) -> Result<(), AppendRefusal>;

fn waits_for_replicas(job: &Produce) -> bool {
    job.request.acks == ALL_ACKS && !plant::has(Bug::AckBeforeReplication)
}

/// With acks=0 there is no response, or no connection any more; otherwise the response comes back.
fn answer_now(job: &Produce, response: ProduceResponse) -> Result<Answer, ProduceResponse> {
    if job.request.acks != NO_ACKS {
        return Err(response);
    }
    let failed = partitions(&response).find(|answer| answer.error_code != 0);
    Ok(match failed {
        None => Answer::Nothing,
        Some(answer) => Answer::Close(format!(
            "a produce without acks failed with {}",
            konbini_protocol::error::name(answer.error_code)
        )),
    })
}

/// Appends to every partition. Also says what has to be waited for with acks=all.
fn produce_all(
    node: &mut Node,
    job: &Produce,
    check: Check<'_>,
) -> (ProduceResponse, Vec<Waiting>) {
    let mut waiting = Vec::new();
    let mut response = ProduceResponse::default();
    for topic in &job.request.topic_data {
        let mut out = TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id);
        for data in &topic.partition_data {
            let (answer, wait) = produce(node, job, topic, data, check);
            if let Some(wait) = wait {
                waiting.push(Waiting {
                    topic: response.responses.len(),
                    partition: out.partition_responses.len(),
                    at: wait,
                });
            }
            out.partition_responses.push(answer);
        }
        response.responses.push(out);
    }
    if job.version >= 10 {
        response.node_endpoints = endpoints(node, &response);
    }
    (response, waiting)
}

fn partitions(response: &ProduceResponse) -> impl Iterator<Item = &PartitionProduceResponse> {
    response
        .responses
        .iter()
        .flat_map(|topic| &topic.partition_responses)
}

/// Appends to one partition. With acks=all also says what has to be waited for.
fn produce(
    node: &mut Node,
    job: &Produce,
    topic: &TopicProduceData,
    data: &PartitionProduceData,
    check: Check<'_>,
) -> (PartitionProduceResponse, Option<(TopicPartition, i64)>) {
    let answer = PartitionProduceResponse::default().with_index(data.index);
    let acks = job.request.acks;
    let found = find(node, job, topic, data.index);
    let appended = found.map_err(AppendRefusal::from).and_then(|partition| {
        check(node, Place { partition, data })?;
        append_from_client(node, partition, data.records.clone(), acks == ALL_ACKS)
            .map(|appended| (partition, appended))
    });
    match appended {
        Ok((partition, appended)) => {
            let wait = (partition, appended.next_offset);
            (succeeded(answer, &appended), Some(wait))
        }
        Err(refusal) => {
            let subject = node.subject(&topic.name, topic.topic_id, data.index);
            let message = refusal.message.clone().unwrap_or_default();
            let event = Refusal::new(refusal.error, message);
            node.refused("Produce", &job.client_id, &event, &subject);
            let mut answer = failed(answer, &refusal);
            if job.version >= 10 && refusal.error == NotLeaderOrFollower {
                answer.current_leader = current_leader(node, topic, data.index);
            }
            (answer, None)
        }
    }
}

fn find(
    node: &Node,
    job: &Produce,
    topic: &TopicProduceData,
    index: i32,
) -> Result<TopicPartition, ResponseError> {
    let (version, client_id) = (job.version, job.client_id.as_str());
    if !matches!(job.request.acks, -1..=1) {
        return Err(InvalidRequiredAcks);
    }
    let image = &node.metadata.image;
    let (found, error) = if version >= 13 {
        (image.topic_by_id(topic.topic_id), UnknownTopicId)
    } else {
        (image.topic(&topic.name), UnknownTopicOrPartition)
    };
    let found = found.ok_or(error)?;
    let partition = TopicPartition {
        topic: found.id,
        index,
    };
    if image.partition(partition).is_none() {
        return Err(UnknownTopicOrPartition);
    }
    // What is in them is the coordinators' own.
    if topic_names::is_internal(&found.name) && client_id != ADMIN_CLIENT_ID {
        return Err(InvalidTopicException);
    }
    Ok(partition)
}

fn succeeded(answer: PartitionProduceResponse, appended: &Appended) -> PartitionProduceResponse {
    answer
        .with_base_offset(appended.base_offset)
        .with_log_append_time_ms(appended.log_append_time.unwrap_or(-1))
        .with_log_start_offset(appended.log_start)
        .with_error_message(None)
}

fn failed(answer: PartitionProduceResponse, refusal: &AppendRefusal) -> PartitionProduceResponse {
    let record_errors = refusal
        .records
        .iter()
        .map(|(index, message)| {
            BatchIndexAndErrorMessage::default()
                .with_batch_index(*index)
                .with_batch_index_error_message(Some(StrBytes::from_string(message.clone())))
        })
        .collect();
    answer
        .with_error_code(refusal.error.code())
        .with_base_offset(-1)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(refusal.log_start)
        .with_record_errors(record_errors)
        .with_error_message(refusal.message.clone().map(StrBytes::from_string))
}

fn current_leader(node: &Node, topic: &TopicProduceData, index: i32) -> LeaderIdAndEpoch {
    let image = &node.metadata.image;
    let found = image
        .topic_by_id(topic.topic_id)
        .or_else(|| image.topic(&topic.name));
    match found.and_then(|topic| topic.partitions.get(&index)) {
        Some(state) => LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(state.leader))
            .with_leader_epoch(state.leader_epoch),
        None => LeaderIdAndEpoch::default(),
    }
}

/// Where the leaders are that the answers name.
fn endpoints(node: &Node, response: &ProduceResponse) -> Vec<NodeEndpoint> {
    let ids: BTreeMap<i32, ()> = partitions(response)
        .map(|answer| (answer.current_leader.leader_id.0, ()))
        .collect();
    ids.into_keys()
        .filter_map(|id| {
            node.metadata
                .image
                .brokers
                .get(&id)
                .filter(|broker| !broker.fenced)
        })
        .map(|broker| {
            NodeEndpoint::default()
                .with_node_id(BrokerId(broker.id))
                .with_host(StrBytes::from_string(broker.host.clone()))
                .with_port(i32::from(broker.port))
                .with_rack(broker.rack.clone().map(StrBytes::from_string))
        })
        .collect()
}

/// An answer that waits until the high watermark of each partition has reached an offset.
struct DelayedProduce {
    waiting: Vec<Waiting>,
    response: ProduceResponse,
}

/// Which answer of the response waits, and for which offset.
struct Waiting {
    topic: usize,
    partition: usize,
    at: (TopicPartition, i64),
}

impl Operation for DelayedProduce {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        let mut still = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let (partition, offset) = waiting.at;
            let error = match node.replicas.leader(partition) {
                Err(error) => Some(error),
                Ok(leader) if leader.high_watermark() >= offset => {
                    // The in-sync replicas may have become too few meanwhile.
                    (!leader.has_enough_replicas()).then_some(NotEnoughReplicasAfterAppend)
                }
                Ok(_) if expired => Some(RequestTimedOut),
                Ok(_) => {
                    still.push(waiting);
                    continue;
                }
            };
            if let Some(error) = error {
                let answer = &mut self.response.responses[waiting.topic].partition_responses
                    [waiting.partition];
                *answer = failed(
                    PartitionProduceResponse::default().with_index(answer.index),
                    &AppendRefusal::from(error),
                );
            }
        }
        if still.is_empty() {
            return Attempt::Done(ResponseKind::Produce(std::mem::take(&mut self.response)));
        }
        let watches = still
            .iter()
            .map(|waiting| Watch::Committed(waiting.at.0))
            .collect();
        self.waiting = still;
        Attempt::Wait(watches)
    }
}
