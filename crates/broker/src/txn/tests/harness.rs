//! A coordinator with one shard whose log commits at once, and whose markers are written when a test
//! says so.

use std::collections::BTreeSet;
use uuid::Uuid;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest, ProducerId, TopicName,
    TransactionalId,
};
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::messages::ResponseKind;

use super::super::{
    Asked, Coordinator, Effects, Markers, State, Transaction, TransactionConfig, Waiter,
};
use crate::group::Topics;

pub const START: i64 = 1_000_000;

/// Producer id, epoch, whether it commits, and where.
type Written = (i64, i16, bool, BTreeSet<(String, i32)>);

pub struct Harness {
    pub coordinator: Coordinator,
    pub now: i64,
    epoch: i32,
    next_id: i64,
    log: Vec<(Bytes, Option<Bytes>)>,
    /// Markers that are to be written.
    pub markers: Vec<Markers>,
    pub events: Vec<String>,
}

pub fn config() -> TransactionConfig {
    TransactionConfig {
        partitions: 1,
        ..TransactionConfig::default()
    }
}

impl Harness {
    pub fn new() -> Harness {
        let mut harness = Harness {
            coordinator: Coordinator::new(config()),
            now: START,
            epoch: 0,
            next_id: 100,
            log: Vec::new(),
            markers: Vec::new(),
            events: Vec::new(),
        };
        harness.fail_over();
        harness
    }

    /// The partition gets another leader, which knows what the log says and nothing else.
    pub fn fail_over(&mut self) {
        self.epoch += 1;
        self.markers.clear();
        self.coordinator = Coordinator::new(config());
        self.coordinator.begin_load(0, self.epoch);
        for (key, value) in &self.log {
            let read = self.coordinator.replay(0, key, value.as_deref());
            read.expect("what was written can be read");
        }
        let effects = self.coordinator.finish_load(self.now, 0);
        self.take(effects);
    }

    fn take(&mut self, effects: Effects) -> Option<ResponseKind> {
        for append in effects.appends {
            assert_eq!(append.partition, 0);
            self.log.extend(append.records);
        }
        self.markers.extend(effects.markers);
        let codes = effects.events.iter().map(|event| event.code.to_string());
        self.events.extend(codes);
        let mut replies = effects.replies;
        assert!(replies.len() <= 1);
        replies.pop().map(|reply| {
            assert_eq!(reply.after, [0], "an answer waits for what it follows from");
            reply.response
        })
    }

    fn asked(&self, version: i16) -> Asked {
        Asked {
            now: self.now,
            waiter: Waiter::Request(0),
            version,
        }
    }

    fn fresh(&mut self, id: &str) -> Option<i64> {
        self.coordinator.needs_producer_id(id).then(|| {
            self.next_id += 1;
            self.next_id - 1
        })
    }

    /// Producer id and epoch.
    pub fn init(&mut self, id: &str, known: (i64, i16)) -> Result<(i64, i16), ResponseError> {
        self.init_with_timeout(id, known, 60_000)
    }

    pub fn init_with_timeout(
        &mut self,
        id: &str,
        known: (i64, i16),
        timeout_ms: i32,
    ) -> Result<(i64, i16), ResponseError> {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(transactional_id(id)))
            .with_transaction_timeout_ms(timeout_ms)
            .with_producer_id(ProducerId(known.0))
            .with_producer_epoch(known.1);
        let fresh = self.fresh(id);
        let effects = self
            .coordinator
            .init_producer_id(self.asked(5), &request, fresh);
        let Some(ResponseKind::InitProducerId(answer)) = self.take(effects) else {
            panic!("no answer")
        };
        result(answer.error_code).map(|()| (answer.producer_id.0, answer.producer_epoch))
    }

    pub fn add(
        &mut self,
        id: &str,
        producer: (i64, i16),
        topic: &str,
        version: i16,
    ) -> Result<(), ResponseError> {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![0]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(transactional_id(id))
            .with_v3_and_below_producer_id(ProducerId(producer.0))
            .with_v3_and_below_producer_epoch(producer.1)
            .with_v3_and_below_topics(vec![topic]);
        let effects = self
            .coordinator
            .add_partitions(self.asked(version), &request, &Everything);
        let Some(ResponseKind::AddPartitionsToTxn(answer)) = self.take(effects) else {
            panic!("no answer")
        };
        let topic = &answer.results_by_topic_v3_and_below[0];
        result(topic.results_by_partition[0].partition_error_code)
    }

    /// The producer id and epoch to go on with; in versions before 5 those of before.
    pub fn end(
        &mut self,
        id: &str,
        producer: (i64, i16),
        commit: bool,
        version: i16,
    ) -> Result<(i64, i16), ResponseError> {
        let request = EndTxnRequest::default()
            .with_transactional_id(transactional_id(id))
            .with_producer_id(ProducerId(producer.0))
            .with_producer_epoch(producer.1)
            .with_committed(commit);
        let fresh = self.fresh(id);
        let effects = self
            .coordinator
            .end_txn(self.asked(version), &request, fresh);
        let Some(ResponseKind::EndTxn(answer)) = self.take(effects) else {
            panic!("no answer")
        };
        result(answer.error_code).map(|()| (answer.producer_id.0, answer.producer_epoch))
    }

    /// Writes the markers that wait; returns what they say and where they are.
    pub fn write_markers(&mut self) -> Vec<Written> {
        let markers = std::mem::take(&mut self.markers);
        for written in &markers {
            let effects = self.coordinator.markers_written(self.now, written);
            assert_eq!(self.take(effects), None);
        }
        let each = markers.into_iter();
        each.map(|m| (m.producer_id, m.producer_epoch, m.commit, m.partitions))
            .collect()
    }

    /// Goes on to the next time that the coordinator wants to be woken.
    pub fn wake(&mut self) {
        self.now = self.coordinator.wake_at().expect("something is due");
        let effects = self.coordinator.tick(self.now);
        assert_eq!(self.take(effects), None);
    }

    pub fn transaction(&self, id: &str) -> &Transaction {
        let mut all = self.coordinator.transactions();
        all.find(|(other, _)| *other == id)
            .expect("the id is known")
            .1
    }

    pub fn state(&self, id: &str) -> State {
        self.transaction(id).state
    }
}

/// Every topic but `nowhere` exists, with one partition.
struct Everything;

impl Topics for Everything {
    fn partition_count(&self, topic: &str) -> Option<i32> {
        (topic != "nowhere").then_some(1)
    }

    fn id(&self, topic: &str) -> Option<Uuid> {
        (topic != "nowhere").then_some(Uuid::from_u128(1))
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}

fn result(code: i16) -> Result<(), ResponseError> {
    match ResponseError::try_from_code(code) {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

fn transactional_id(text: &str) -> TransactionalId {
    TransactionalId(StrBytes::from_string(text.to_owned()))
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
