//! Sending batches and hearing what became of them.

use std::collections::BTreeSet;

use konbini_protocol::ResponseError;
use konbini_protocol::messages::produce_request::{
    PartitionProduceData, ProduceRequest, TopicProduceData,
};
use konbini_protocol::messages::produce_response::{PartitionProduceResponse, ProduceResponse};
use konbini_protocol::{StrBytes, error};
use konbini_trace::Event;
use uuid::Uuid;

use super::batch::Batch;
use super::config::Acks;
use super::record::{Delivery, Failure, Told};
use super::{Producer, Purpose};
use crate::failure::{is_stale_metadata, response_error};
use crate::network::{Call, Lost, broker_of};
use crate::{ClientError, TopicPartition};

/// The first version of Produce that names topics by id alone.
const TOPIC_ID_VERSION: i16 = 13;

/// A batch in a request.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    tp: TopicPartition,
    topic_id: Uuid,
    batch: u64,
}

impl Producer {
    /// Sends whatever may go, until no node takes more.
    pub(super) fn send_batches(&mut self, now: i64) {
        loop {
            let mut sent = false;
            for node in self.ready_nodes(now) {
                if self.net.ready(now, node) {
                    sent |= self.send_to(now, node);
                }
            }
            if !sent {
                return;
            }
        }
    }

    /// Java waits no longer for more records once somebody waits for these.
    pub(super) fn in_hurry(&self) -> bool {
        self.flush_mark.is_some() || self.closing || !self.blocked.is_empty()
    }

    fn ready_nodes(&mut self, now: i64) -> BTreeSet<i32> {
        let hurry = self.in_hurry();
        let mut nodes = BTreeSet::new();
        let mut leaderless = false;
        for (tp, first) in self.accumulator.waiting() {
            match self.net.metadata.leader(tp) {
                None => leaderless = true,
                Some(leader) if nodes.contains(&leader) => {}
                Some(leader) => {
                    let due = self
                        .accumulator
                        .ready_at(tp, hurry)
                        .is_some_and(|at| at <= now);
                    if due && self.may_send(tp, first) {
                        nodes.insert(leader);
                    }
                }
            }
        }
        if leaderless {
            self.net.metadata.request_update();
        }
        nodes
    }

    fn may_send(&self, tp: &TopicPartition, first: &Batch) -> bool {
        if self.max_in_flight == 1 && self.accumulator.is_on_wire(tp) {
            return false;
        }
        !self.idempotent || self.sequences.may_send(tp, first)
    }

    /// One request with at most one batch of each partition that the node leads. A partition whose
    /// linger has not passed joins in, as in Java.
    fn send_to(&mut self, now: i64, node: i32) -> bool {
        let led = self.accumulator.waiting().filter(|(tp, first)| {
            self.net.metadata.leader(tp) == Some(node)
                && (first.attempts == 0 || first.retry_at <= now)
                && self.may_send(tp, first)
        });
        let mut led: Vec<(TopicPartition, usize)> =
            led.map(|(tp, first)| (tp.clone(), first.bytes)).collect();
        if led.is_empty() {
            return false;
        }
        let first = self.drain_turn % led.len();
        led.rotate_left(first);
        self.drain_turn = self.drain_turn.wrapping_add(1);
        let mut bytes = 0;
        let mut sent = Vec::new();
        for (tp, size) in led {
            if !sent.is_empty() && bytes + size > self.config.max_request_size {
                break;
            }
            bytes += size;
            if let Some(batch) = self.take_off(&tp) {
                sent.push(Sent {
                    topic_id: self.net.metadata.topic_id(&tp.topic),
                    tp,
                    batch,
                });
            }
        }
        self.send_request(now, node, sent);
        true
    }

    fn take_off(&mut self, tp: &TopicPartition) -> Option<u64> {
        if self.idempotent
            && let Some(batch) = self.accumulator.first_mut(tp)
        {
            self.sequences.assign(tp, batch);
        }
        self.accumulator.take_off(tp)
    }

    fn send_request(&mut self, now: i64, node: i32, sent: Vec<Sent>) {
        let codec = self.config.compression_type;
        let mut topics: Vec<TopicProduceData> = Vec::new();
        let mut ordered = sent.clone();
        ordered.sort_by(|a, b| a.tp.topic.cmp(&b.tp.topic));
        for item in &ordered {
            let Some(batch) = self.accumulator.batch_mut(&item.tp, item.batch) else {
                continue;
            };
            let records = batch.encode(codec);
            self.stats.bytes += records.len() as u64;
            let data = PartitionProduceData::default()
                .with_index(item.tp.partition)
                .with_records(Some(records));
            match topics.last_mut() {
                Some(topic) if *topic.name.0 == *item.tp.topic => topic.partition_data.push(data),
                _ => topics.push(
                    TopicProduceData::default()
                        .with_name(StrBytes::from_string(item.tp.topic.clone()).into())
                        .with_topic_id(item.topic_id)
                        .with_partition_data(vec![data]),
                ),
            }
        }
        self.stats.requests += 1;
        let acks = self.config.acks;
        let named = sent.iter().any(|item| item.topic_id.is_nil());
        let call = Call {
            max_version: if named {
                TOPIC_ID_VERSION - 1
            } else {
                i16::MAX
            },
            answered: acks != Acks::None,
            ..Call::default()
        };
        let timeout = self
            .config
            .client
            .request_timeout_ms
            .clamp(0, i32::MAX.into()) as i32;
        self.net
            .send(now, node, Purpose::Produce(sent.clone()), call, |_| {
                ProduceRequest::default()
                    .with_acks(acks.wire())
                    .with_timeout_ms(timeout)
                    .with_topic_data(topics)
            });
        if acks == Acks::None {
            for item in sent {
                if let Some((tp, batch)) = self.accumulator.land(item.batch) {
                    self.delivered(now, &tp, batch, -1, -1);
                }
            }
        }
    }

    pub(super) fn produce_answered(&mut self, now: i64, sent: Vec<Sent>, answer: &ProduceResponse) {
        for item in sent {
            let told = answer.responses.iter().filter(|topic| {
                if topic.name.is_empty() {
                    topic.topic_id == item.topic_id
                } else {
                    *topic.name.0 == *item.tp.topic
                }
            });
            let mut partitions = told.flat_map(|topic| &topic.partition_responses);
            let told = partitions.find(|partition| partition.index == item.tp.partition);
            let Some((tp, batch)) = self.accumulator.land(item.batch) else {
                continue;
            };
            match told {
                Some(told) => self.batch_answered(now, &tp, batch, told),
                // The broker forgot a partition: as good as no answer.
                None => self.batch_refused(now, &tp, batch, ResponseError::NetworkException, None),
            }
        }
    }

    /// The request got no answer: nobody knows whether its batches were written.
    pub(super) fn produce_lost(&mut self, now: i64, node: i32, sent: Vec<Sent>, lost: &Lost) {
        for item in sent {
            let Some((tp, batch)) = self.accumulator.land(item.batch) else {
                continue;
            };
            match lost {
                Lost::Disconnected | Lost::TimedOut => {
                    let error = ResponseError::NetworkException;
                    let note = format!("broker {}", broker_of(node));
                    self.batch_refused(now, &tp, batch, error, Some(note));
                }
                Lost::UnsupportedVersion { api } => {
                    let error = ClientError::UnsupportedVersion { api: api.clone() };
                    self.give_up(now, &tp, batch, error, true);
                }
            }
        }
    }

    fn batch_answered(
        &mut self,
        now: i64,
        tp: &TopicPartition,
        batch: Batch,
        told: &PartitionProduceResponse,
    ) {
        match response_error(told.error_code) {
            None => {
                let (offset, stamp) = (told.base_offset, told.log_append_time_ms);
                self.delivered(now, tp, batch, offset, stamp);
            }
            // Written before, by a request whose answer was lost.
            Some(ResponseError::DuplicateSequenceNumber) => {
                self.delivered(now, tp, batch, told.base_offset, -1);
            }
            Some(ResponseError::MessageTooLarge) if batch.records.len() > 1 => {
                self.split(now, tp, batch);
            }
            Some(error) => {
                let message = told.error_message.as_ref().map(|m| m.to_string());
                self.batch_refused(now, tp, batch, error, message);
            }
        }
    }

    fn delivered(&mut self, now: i64, tp: &TopicPartition, batch: Batch, offset: i64, stamp: i64) {
        self.sequences.acked(tp, &batch);
        self.accumulator.release(&batch);
        self.stats.acked += batch.records.len() as u64;
        self.outputs.push_back(Told::Delivered(Delivery {
            ids: batch.ids(),
            topic: tp.topic.clone(),
            partition: tp.partition,
            base_offset: offset,
            log_append_time: (stamp >= 0).then_some(stamp),
            latency_ms: now - batch.created,
        }));
    }

    fn split(&mut self, now: i64, tp: &TopicPartition, batch: Batch) {
        let (id, records, bytes) = (batch.id, batch.records.len() as i64, batch.bytes as i64);
        let parts = self.accumulator.split(batch);
        self.sequences.split(tp, id, &parts);
        let event = about(Event::warn("producer-batch-split"), tp)
            .with("records", records)
            .with("bytes", bytes)
            .with("into", parts.len() as i64);
        self.net.event(event.because_of("max.message.bytes"));
        self.stats.last_error = Some(error::name(ResponseError::MessageTooLarge.code()));
        // Without sequence numbers each goes to the front, so the last comes first.
        for mut part in parts.into_iter().rev() {
            part.retry_at = now;
            self.accumulator.put_back(tp, part);
        }
    }

    fn batch_refused(
        &mut self,
        now: i64,
        tp: &TopicPartition,
        mut batch: Batch,
        error: ResponseError,
        message: Option<String>,
    ) {
        let failure = if error == ResponseError::NetworkException {
            ClientError::Disconnected
        } else {
            ClientError::Broker {
                code: error.code(),
                message,
            }
        };
        self.stats.last_error = Some(failure.code_name());
        if is_stale_metadata(error) {
            self.net.metadata.request_update();
        }
        let overdue = now - batch.created >= self.config.delivery_timeout_ms;
        if batch.attempts >= self.config.retries || overdue || !self.can_retry(tp, &batch, error) {
            // With retries left the broker's word is final: the batch was not written.
            let certain = error != ResponseError::NetworkException;
            return self.give_up(now, tp, batch, failure, certain);
        }
        let delay = self.retry_backoff.delay(batch.attempts, &mut self.net.seed);
        batch.attempts += 1;
        batch.retry_at = now + delay;
        self.stats.retries += 1;
        let event = about(Event::warn("producer-retry"), tp)
            .with("error", failure.code_name())
            .with("attempt", i64::from(batch.attempts))
            .with("records", batch.records.len() as i64)
            .with("retry-in-ms", delay);
        self.net.event(event.because_of("retry.backoff.ms"));
        self.accumulator.put_back(tp, batch);
    }

    fn can_retry(&mut self, tp: &TopicPartition, batch: &Batch, error: ResponseError) -> bool {
        if !self.idempotent {
            return error.is_retriable();
        }
        match error {
            ResponseError::OutOfOrderSequenceNumber => {
                if !self.sequences.waits_for_earlier(tp, batch) {
                    self.rewrite(tp, batch);
                }
                true
            }
            ResponseError::UnknownProducerId
            | ResponseError::InvalidProducerEpoch
            | ResponseError::InvalidProducerIdMapping => {
                self.rewrite(tp, batch);
                true
            }
            _ => error.is_retriable(),
        }
    }

    /// Asks for a new epoch, unless the batch still carries an old one anyway.
    fn rewrite(&mut self, tp: &TopicPartition, batch: &Batch) {
        let own = batch.sequence.map(|s| (s.id, s.epoch));
        if own == self.sequences.identity {
            self.sequences.want_rewrite(tp);
        }
    }

    /// Ends a batch without success. `certain`: it was surely not written.
    pub(super) fn give_up(
        &mut self,
        now: i64,
        tp: &TopicPartition,
        batch: Batch,
        error: ClientError,
        certain: bool,
    ) {
        let certain = certain || (batch.attempts == 0 && batch.sequence.is_none());
        for (id, base_sequence) in self.sequences.failed(tp, &batch, certain) {
            if let Some(later) = self.accumulator.batch_mut(tp, id)
                && let Some(mut state) = later.sequence
            {
                state.base_sequence = base_sequence;
                later.set_sequence(Some(state));
            }
        }
        self.accumulator.release(&batch);
        self.stats.failed += batch.records.len() as u64;
        self.stats.last_error = Some(error.code_name());
        let setting = match &error {
            ClientError::Timeout { setting, .. } => Some(*setting),
            _ if batch.attempts >= self.config.retries => Some("retries"),
            _ => None,
        };
        let mut event = about(Event::error("producer-gave-up"), tp)
            .with("error", error.code_name())
            .with("records", batch.records.len() as i64)
            .with("attempts", i64::from(batch.attempts))
            .with("after-ms", now - batch.created);
        if let Some(setting) = setting {
            event = event.because_of(setting);
        }
        self.net.event(event);
        self.outputs.push_back(Told::Failed(Failure {
            ids: batch.ids(),
            topic: tp.topic.clone(),
            partition: Some(tp.partition),
            error,
        }));
    }
}

fn about(event: Event, tp: &TopicPartition) -> Event {
    event
        .with("topic", tp.topic.as_str())
        .with("partition", tp.partition)
}
