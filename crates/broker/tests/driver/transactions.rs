//! A transactional producer by hand: one call a request, whatever the answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{BatchBuilder, ControlRecord, ProducerState, batches};

use super::requests::{fetch_request, name, produce_request};
use super::{ClientId, Driver};

pub const GROUP: i8 = 0;
pub const TRANSACTION: i8 = 1;

/// Versions of the APIs that a client of one `transaction.version` speaks.
#[derive(Clone, Copy, Debug)]
pub struct Versions {
    pub init: i16,
    pub add: i16,
    pub produce: i16,
    pub commit: i16,
    pub end: i16,
    /// Partitions are added by the client itself.
    pub adds: bool,
}

/// kafkajs 2.2.4 and other clients from before KIP-588.
pub const OLDEST: Versions = Versions {
    init: 1,
    add: 1,
    produce: 7,
    commit: 1,
    end: 1,
    adds: true,
};
/// `transaction.version` 0 and 1.
pub const V1: Versions = Versions {
    init: 4,
    add: 3,
    produce: 11,
    commit: 4,
    end: 4,
    adds: true,
};
/// `transaction.version` 2.
pub const V2: Versions = Versions {
    init: 5,
    add: 3,
    produce: 12,
    commit: 5,
    end: 5,
    adds: false,
};

pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// The broker that coordinates a key, as soon as there is one.
pub fn coordinator(driver: &mut Driver, key_type: i8, key: &str) -> i32 {
    for _ in 0..100 {
        let node = *driver.brokers.keys().next().expect("a broker runs");
        let client = driver.connect(node);
        let request = FindCoordinatorRequest::default()
            .with_key_type(key_type)
            .with_coordinator_keys(vec![text(key)]);
        let answer = driver.call(client, 4, &request).coordinators.remove(0);
        driver.hang_up(client);
        if answer.error_code == 0 && driver.brokers.contains_key(&answer.node_id.0) {
            return answer.node_id.0;
        }
        assert!([0, 15].contains(&answer.error_code), "{answer:?}");
        driver.run_for(500);
    }
    panic!("{key} has no coordinator");
}

pub fn leader(driver: &Driver, topic: &str, partition: i32) -> i32 {
    let mut images = driver.brokers.values().map(|broker| broker.metadata());
    let image = images.next().expect("a broker runs");
    image.topic(topic).expect("it exists").partitions[&partition].leader
}

pub struct Producer {
    pub transactional_id: String,
    pub versions: Versions,
    pub id: i64,
    pub epoch: i16,
    pub timeout_ms: i32,
    /// Next sequence by topic and partition.
    sequences: BTreeMap<(String, i32), i32>,
}

impl Producer {
    pub fn new(transactional_id: &str, versions: Versions) -> Producer {
        Producer {
            transactional_id: transactional_id.to_owned(),
            versions,
            id: -1,
            epoch: -1,
            timeout_ms: 60_000,
            sequences: BTreeMap::new(),
        }
    }

    fn to_coordinator(&self, driver: &mut Driver) -> ClientId {
        let node = coordinator(driver, TRANSACTION, &self.transactional_id);
        driver.connect(node)
    }

    fn id(&self) -> TransactionalId {
        TransactionalId(text(&self.transactional_id))
    }

    /// InitProducerId as often as needed.
    pub fn init(&mut self, driver: &mut Driver) {
        for _ in 0..200 {
            match self.try_init(driver) {
                0 => return,
                14..=16 | 51 => driver.run_for(200),
                code => panic!("InitProducerId failed with {code}"),
            }
        }
        panic!("no producer id for {}", self.transactional_id);
    }

    pub fn try_init(&mut self, driver: &mut Driver) -> i16 {
        let client = self.to_coordinator(driver);
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(self.id()))
            .with_transaction_timeout_ms(self.timeout_ms)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let answer = driver.call(client, self.versions.init, &request);
        driver.hang_up(client);
        if answer.error_code == 0 {
            self.id = answer.producer_id.0;
            self.epoch = answer.producer_epoch;
            self.sequences.clear();
        }
        answer.error_code
    }

    pub fn try_add(&mut self, driver: &mut Driver, topic: &str, partition: i32) -> i16 {
        let client = self.to_coordinator(driver);
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(self.id())
            .with_v3_and_below_producer_id(ProducerId(self.id))
            .with_v3_and_below_producer_epoch(self.epoch)
            .with_v3_and_below_topics(vec![topic]);
        let answer = driver.call(client, self.versions.add, &request);
        driver.hang_up(client);
        answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
    }

    /// Adds the partition if the client does that, and produces, as often as needed.
    pub fn send(&mut self, driver: &mut Driver, topic: &str, partition: i32, values: &[&str]) {
        let mut added = !self.versions.adds;
        for _ in 0..200 {
            let code = match added {
                false => self.try_add(driver, topic, partition),
                true => self.try_produce(driver, topic, partition, values),
            };
            match code {
                0 if added => return,
                0 => added = true,
                6 | 7 | 14..=16 | 19 | 20 | 51 => driver.run_for(200),
                code => panic!("sending failed with {code}"),
            }
        }
        panic!("cannot send to {topic}-{partition}");
    }

    pub fn try_produce(
        &mut self,
        driver: &mut Driver,
        topic: &str,
        partition: i32,
        values: &[&str],
    ) -> i16 {
        let node = leader(driver, topic, partition);
        if !driver.brokers.contains_key(&node) {
            return 6;
        }
        let place = (topic.to_owned(), partition);
        let base_sequence = self.sequences.get(&place).copied().unwrap_or(0);
        let batch = self.batch(driver.now, base_sequence, values);
        let request =
            produce_request(topic, partition, -1, batch).with_transactional_id(Some(self.id()));
        let client = driver.connect(node);
        let answer = driver.call(client, self.versions.produce, &request);
        driver.hang_up(client);
        let code = answer.responses[0].partition_responses[0].error_code;
        if code == 0 {
            let next = base_sequence + values.len() as i32;
            self.sequences.insert(place, next);
        }
        code
    }

    pub fn batch(&self, now: i64, base_sequence: i32, values: &[&str]) -> Bytes {
        let producer = ProducerState {
            id: self.id,
            epoch: self.epoch,
            base_sequence,
        };
        let mut batch = BatchBuilder::new(Codec::None)
            .producer(producer)
            .transactional(true);
        for value in values {
            let added = batch.append(now, None, Some(value.as_bytes()), &[]);
            added.expect("it fits");
        }
        batch.build()
    }

    /// Ends the transaction, as often as needed.
    pub fn end(&mut self, driver: &mut Driver, commit: bool) {
        for _ in 0..200 {
            match self.try_end(driver, commit) {
                0 => return,
                14..=16 | 51 => driver.run_for(200),
                code => panic!("EndTxn failed with {code}"),
            }
        }
        panic!("the transaction does not end");
    }

    pub fn try_end(&mut self, driver: &mut Driver, commit: bool) -> i16 {
        let client = self.to_coordinator(driver);
        let request = EndTxnRequest::default()
            .with_transactional_id(self.id())
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_committed(commit);
        let answer = driver.call(client, self.versions.end, &request);
        driver.hang_up(client);
        if answer.error_code == 0 && self.versions.end >= 5 {
            if (self.id, self.epoch) != (answer.producer_id.0, answer.producer_epoch) {
                self.sequences.clear();
            }
            self.id = answer.producer_id.0;
            self.epoch = answer.producer_epoch;
        }
        answer.error_code
    }

    pub fn try_add_offsets(&mut self, driver: &mut Driver, group: &str) -> i16 {
        let client = self.to_coordinator(driver);
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(self.id())
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_group_id(GroupId(text(group)));
        let answer = driver.call(client, self.versions.add, &request);
        driver.hang_up(client);
        answer.error_code
    }

    /// Offsets of `topic`-0 with the transaction, as often as needed.
    pub fn commit_offset(&mut self, driver: &mut Driver, group: &str, topic: &str, offset: i64) {
        let mut added = !self.versions.adds;
        for _ in 0..200 {
            let code = match added {
                false => self.try_add_offsets(driver, group),
                true => self.try_commit_offset(driver, group, topic, offset),
            };
            match code {
                0 if added => return,
                0 => added = true,
                14..=16 | 51 => driver.run_for(200),
                code => panic!("committing offsets failed with {code}"),
            }
        }
        panic!("cannot commit offsets");
    }

    pub fn try_commit_offset(
        &mut self,
        driver: &mut Driver,
        group: &str,
        topic: &str,
        offset: i64,
    ) -> i16 {
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_partition_index(0)
            .with_committed_offset(offset);
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(self.id())
            .with_group_id(GroupId(text(group)))
            .with_producer_id(ProducerId(self.id))
            .with_producer_epoch(self.epoch)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        let node = coordinator(driver, GROUP, group);
        let client = driver.connect(node);
        let answer = driver.call(client, self.versions.commit, &request);
        driver.hang_up(client);
        answer.topics[0].partitions[0].error_code
    }
}

/// Error code and committed offset of `topic`-0.
pub fn committed_offset(
    driver: &mut Driver,
    group: &str,
    topic: &str,
    require_stable: bool,
) -> (i16, i64) {
    let topic = OffsetFetchRequestTopics::default()
        .with_name(name(topic))
        .with_partition_indexes(vec![0]);
    let asked = OffsetFetchRequestGroup::default()
        .with_group_id(GroupId(text(group)))
        .with_topics(Some(vec![topic]));
    let request = OffsetFetchRequest::default()
        .with_groups(vec![asked])
        .with_require_stable(require_stable);
    for _ in 0..100 {
        let node = coordinator(driver, GROUP, group);
        let client = driver.connect(node);
        let answer = driver.call(client, 8, &request).groups.remove(0);
        driver.hang_up(client);
        if answer.error_code == 0 {
            let partition = &answer.topics[0].partitions[0];
            return (partition.error_code, partition.committed_offset);
        }
        driver.run_for(200);
    }
    panic!("no offsets of {group}");
}

/// What a consumer that reads committed records only hands on, by what it is told: all values below the
/// last stable offset that no aborted transaction wrote.
pub fn read_committed(driver: &mut Driver, topic: &str, partition: i32) -> Vec<String> {
    let data = fetch_committed(driver, topic, partition);
    let mut aborted: Vec<(i64, i64)> = data
        .aborted_transactions
        .iter()
        .flatten()
        .map(|one| (one.first_offset, one.producer_id.0))
        .collect();
    aborted.sort_unstable();
    let mut values = Vec::new();
    let mut open: Vec<i64> = Vec::new();
    for batch in batches(data.records.unwrap_or_default()) {
        let batch = batch.expect("a batch");
        let producer = batch.header.producer_id;
        aborted.retain(|(first, id)| {
            let begun = *first <= batch.header.last_offset();
            if begun {
                open.push(*id);
            }
            !begun
        });
        for record in batch.records().map(Result::unwrap) {
            if batch.header.attributes.is_control() {
                let marker = ControlRecord::decode(&record).expect("a marker");
                if matches!(marker, ControlRecord::EndTransaction { commit: false, .. }) {
                    open.retain(|id| *id != producer);
                }
            } else if !batch.header.attributes.is_transactional() || !open.contains(&producer) {
                let value = record.value.unwrap_or_default();
                values.push(String::from_utf8_lossy(&value).into_owned());
            }
        }
    }
    values
}

pub fn fetch_committed(driver: &mut Driver, topic: &str, partition: i32) -> PartitionData {
    for _ in 0..100 {
        let node = leader(driver, topic, partition);
        if driver.brokers.contains_key(&node) {
            let client = driver.connect(node);
            let request = fetch_request(topic, partition, 0, 0).with_isolation_level(1);
            let answer = driver.call(client, 11, &request);
            driver.hang_up(client);
            let data = answer.responses[0].partitions[0].clone();
            if data.error_code == 0 {
                return data;
            }
        }
        driver.run_for(500);
    }
    panic!("{topic}-{partition} cannot be read");
}

/// The end of a partition for who reads committed records only.
pub fn stable_end(driver: &mut Driver, topic: &str, partition: i32) -> i64 {
    let asked = ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_current_leader_epoch(-1)
        .with_timestamp(-1);
    let asked = ListOffsetsTopic::default()
        .with_name(name(topic))
        .with_partitions(vec![asked]);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(1)
        .with_topics(vec![asked]);
    let node = leader(driver, topic, partition);
    let client = driver.connect(node);
    let answer = driver.call(client, 9, &request);
    driver.hang_up(client);
    answer.topics[0].partitions[0].offset
}
