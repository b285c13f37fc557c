//! Fetching: one request a broker at a time, for all its partitions, ahead of the application.
//! A broker is asked again once everything that it sent is handed out.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use konbini_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use konbini_protocol::messages::fetch_response::PartitionData;
use konbini_protocol::messages::{FetchRequest, FetchResponse};
use konbini_protocol::record::{BatchError, batches};
use konbini_protocol::{ResponseError, error};
use konbini_trace::Event;

use super::partitions::Position;
use super::record::{ConsumedRecord, Told};
use super::session::{Plan, Want};
use super::{Consumer, Purpose, text};
use crate::failure::{is_stale_metadata, response_error};
use crate::network::Call;
use crate::partition::by_topic;
use crate::{ClientError, TopicPartition};

/// The first version of Fetch that names topics by id, and the first with sessions and epochs.
const TOPIC_ID_VERSION: i16 = 13;
const SESSION_VERSION: i16 = 7;
const EPOCH_VERSION: i16 = 9;

impl Consumer {
    pub(super) fn send_fetches(&mut self, now: i64) {
        let mut by_leader: BTreeMap<i32, BTreeMap<TopicPartition, Want>> = BTreeMap::new();
        let mut busy = Vec::new();
        let mut leaderless = false;
        for (tp, assigned) in self.partitions.iter() {
            let Some(info) = self.net.metadata.partition(tp) else {
                leaderless |= assigned.consumed().is_some();
                continue;
            };
            let Some(leader) = info.leader else {
                leaderless = true;
                continue;
            };
            if !assigned.buffer.is_empty() && !assigned.paused {
                // Asking for the others now would hold this one up (KAFKA-17182).
                busy.push(leader);
            } else if let Some(offset) = assigned.fetchable(now) {
                let want = Want {
                    offset,
                    leader_epoch: info.leader_epoch,
                    max_bytes: self.config.max_partition_fetch_bytes,
                };
                by_leader
                    .entry(leader)
                    .or_default()
                    .insert(tp.clone(), want);
            }
        }
        if leaderless {
            self.net.metadata.request_update();
        }
        for (node, want) in by_leader {
            let free = !busy.contains(&node) && !self.fetching.contains(&node);
            if free && self.net.ready(now, node) {
                self.send_fetch(now, node, &want);
            }
        }
    }

    fn send_fetch(&mut self, now: i64, node: i32, want: &BTreeMap<TopicPartition, Want>) {
        let plan = self.sessions.entry(node).or_default().plan(want);
        let named = want.keys().chain(&plan.forget);
        let without_id = named
            .into_iter()
            .any(|tp| self.net.metadata.topic_id(&tp.topic).is_nil());
        let max_version = if without_id {
            TOPIC_ID_VERSION - 1
        } else {
            i16::MAX
        };
        let call = Call {
            max_version,
            ..Call::default()
        };
        let version = self
            .net
            .version::<FetchRequest>(node, max_version)
            .unwrap_or_default();
        let request = self.fetch_request(version, &plan);
        self.fetching.insert(node);
        self.stats.fetches += 1;
        self.net.send(now, node, Purpose::Fetch, call, |_| request);
    }

    fn fetch_request(&self, version: i16, plan: &Plan) -> FetchRequest {
        let id = |topic: &str| self.net.metadata.topic_id(topic);
        let wants = by_topic(plan.fetch.iter().map(|(tp, want)| (tp, *want))).into_iter();
        let topics = wants.map(|(topic, partitions)| {
            let partitions = partitions.into_iter().map(|(partition, want)| {
                FetchPartition::default()
                    .with_partition(partition)
                    .with_fetch_offset(want.offset)
                    .with_current_leader_epoch(if version >= EPOCH_VERSION {
                        want.leader_epoch
                    } else {
                        -1
                    })
                    .with_partition_max_bytes(want.max_bytes)
            });
            FetchTopic::default()
                .with_topic(text(topic).into())
                .with_topic_id(id(topic))
                .with_partitions(partitions.collect())
        });
        let request = FetchRequest::default()
            .with_max_wait_ms(self.config.fetch_max_wait_ms)
            .with_min_bytes(self.config.fetch_min_bytes)
            .with_max_bytes(self.config.fetch_max_bytes)
            .with_topics(topics.collect());
        if version < SESSION_VERSION {
            return request;
        }
        let gone = by_topic(plan.forget.iter().map(|tp| (tp, ()))).into_iter();
        let gone = gone.map(|(topic, partitions)| {
            ForgottenTopic::default()
                .with_topic(text(topic).into())
                .with_topic_id(id(topic))
                .with_partitions(partitions.into_iter().map(|(p, ())| p).collect())
        });
        request
            .with_session_id(plan.session_id)
            .with_session_epoch(plan.epoch)
            .with_forgotten_topics_data(gone.collect())
    }

    pub(super) fn fetch_lost(&mut self, node: i32) {
        self.fetching.remove(&node);
        self.sessions.remove(&node);
    }

    pub(super) fn fetch_answered(&mut self, now: i64, node: i32, answer: &FetchResponse) {
        self.fetching.remove(&node);
        let session = self.sessions.entry(node).or_default();
        if let Some(refused) = response_error(answer.error_code) {
            let asked = session.asked_partitions();
            session.reset();
            self.stats.last_error = Some(error::name(refused.code()));
            let lost_session = matches!(
                refused,
                ResponseError::FetchSessionIdNotFound | ResponseError::InvalidFetchSessionEpoch
            );
            if !lost_session {
                self.net.metadata.request_update();
                self.ask_later(now, &asked);
            }
            return;
        }
        session.answered(answer.session_id);
        for topic in &answer.responses {
            let name = self
                .net
                .metadata
                .name_of(&topic.topic, topic.topic_id)
                .map(str::to_owned);
            // A topic that is gone meanwhile: metadata will say so.
            let Some(name) = name else {
                self.net.metadata.request_update();
                continue;
            };
            for told in &topic.partitions {
                let tp = TopicPartition::new(name.as_str(), told.partition_index);
                let asked = self
                    .sessions
                    .get(&node)
                    .and_then(|session| session.asked(&tp));
                if let Some(want) = asked {
                    self.partition_answered(now, &tp, want.offset, told);
                }
            }
        }
    }

    fn partition_answered(
        &mut self,
        now: i64,
        tp: &TopicPartition,
        fetched_from: i64,
        told: &PartitionData,
    ) {
        let Some(assigned) = self.partitions.get_mut(tp) else {
            return;
        };
        // Sought elsewhere meanwhile.
        if assigned.position != Position::At(fetched_from) || !assigned.buffer.is_empty() {
            return;
        }
        let Some(refused) = response_error(told.error_code) else {
            assigned.high_watermark = Some(told.high_watermark);
            assigned.attempts = 0;
            let Some(records) = told.records.clone().filter(|records| !records.is_empty()) else {
                return;
            };
            return match decode(tp, records, fetched_from, self.config.check_crcs) {
                Ok((records, after)) => self.partitions.fill(tp, records, after),
                Err(reason) => self.stuck(tp, "consumer-bad-batch", &reason),
            };
        };
        self.stats.last_error = Some(error::name(refused.code()));
        match refused {
            ResponseError::OffsetOutOfRange => {
                let event = Event::warn("consumer-offset-out-of-range")
                    .with("topic", tp.topic.as_str())
                    .with("partition", tp.partition)
                    .with("offset", fetched_from);
                self.net.event(event);
                self.reset(tp, "offset out of range");
            }
            _ if is_stale_metadata(refused) => {
                self.net.metadata.request_update();
                self.ask_later(now, std::slice::from_ref(tp));
            }
            _ if refused.is_retriable() && refused != ResponseError::CorruptMessage => {
                self.ask_later(now, std::slice::from_ref(tp));
            }
            _ => {
                let reason = error::name(refused.code());
                self.stuck(tp, "consumer-fetch-refused", &reason);
            }
        }
    }

    /// Stops reading a partition until somebody seeks past what is wrong.
    fn stuck(&mut self, tp: &TopicPartition, code: &'static str, reason: &str) {
        if let Some(assigned) = self.partitions.get_mut(tp) {
            assigned.position = Position::Stuck;
        }
        let event = Event::error(code)
            .with("topic", tp.topic.as_str())
            .with("partition", tp.partition)
            .with("reason", reason);
        self.net.event(event);
        let message = Some(format!("{tp}: {reason}"));
        let code = ResponseError::CorruptMessage.code();
        self.outputs
            .push_back(Told::Failed(ClientError::Broker { code, message }));
    }
}

/// The records from `from` on, and the offset after the last whole batch. A batch that is cut off
/// at the end belongs to the next fetch.
fn decode(
    tp: &TopicPartition,
    bytes: Bytes,
    from: i64,
    check_crcs: bool,
) -> Result<(VecDeque<ConsumedRecord>, i64), String> {
    let mut records = VecDeque::new();
    let mut after = from;
    for batch in batches(bytes) {
        let batch = match batch {
            Ok(batch) => batch,
            Err(BatchError::Incomplete { .. }) if after > from => break,
            Err(error) => return Err(error.to_string()),
        };
        if check_crcs {
            batch.validate_crc().map_err(|error| error.to_string())?;
        }
        after = after.max(batch.header.next_offset());
        if batch.header.attributes.is_control() {
            continue;
        }
        for record in batch.records() {
            let record = record.map_err(|error| error.to_string())?;
            if record.offset < from {
                continue;
            }
            records.push_back(ConsumedRecord {
                topic: tp.topic.clone(),
                partition: tp.partition,
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: record.headers,
                leader_epoch: batch.header.partition_leader_epoch,
            });
        }
    }
    Ok((records, after))
}
