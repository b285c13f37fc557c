//! Writes the markers of ended transactions, and tells the coordinator once every partition has its own.
//!
//! A partition on another broker is asked for with WriteTxnMarkers, one request a broker at a time; one
//! of this node is written at once. What fails is tried again until it works, for the decision is made;
//! a partition that is deleted needs no marker any more.

use std::collections::BTreeMap;

use konbini_protocol::ResponseError::{self, InvalidProducerEpoch, TransactionCoordinatorFenced};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use konbini_protocol::messages::{
    ProducerId, RequestKind, TopicName, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};
use konbini_trace::Event;

use super::carry_out;
use crate::channel::{Channel, Purpose};
use crate::metadata::NO_LEADER;
use crate::node::{Node, TopicPartition};
use crate::replica::marker::{Marker, write};
use crate::txn::Markers;

const WRITE_MARKERS_VERSION: i16 = 1;
/// Pause before a marker is tried again that could not be written, in ms. It doubles as long as nothing
/// succeeds.
const RETRY_MS: i64 = 100;
const RETRY_MAX_MS: i64 = 1_600;

/// A transaction: partition of `__transaction_state` and transactional id.
type Key = (i32, String);
/// Where a marker belongs: topic and partition.
type Spot = (String, i32);

#[derive(Debug, Default)]
pub(crate) struct MarkerQueue {
    pending: BTreeMap<Key, Pending>,
    pub channels: BTreeMap<i32, Channel>,
    /// When what failed is tried again, ms.
    retry_at: Option<i64>,
    /// Pauses since something succeeded.
    pauses: u32,
}

/// One ended transaction, with the partitions that have no marker yet.
#[derive(Debug)]
struct Pending {
    markers: Markers,
    left: BTreeMap<Spot, Place>,
}

/// How far the marker of one partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ready,
    /// That broker was asked.
    Asked(i32),
    /// In the log here; committed from that offset on.
    Written(TopicPartition, i64),
    /// Failed, and waits for the next try.
    Resting,
}

impl MarkerQueue {
    pub fn wake_at(&self) -> Option<i64> {
        let channels = self.channels.values().filter_map(Channel::wake_at);
        channels.chain(self.retry_at).min()
    }

    /// This node does not coordinate that partition any more.
    pub fn forget(&mut self, partition: i32) {
        self.pending.retain(|(other, _), _| *other != partition);
    }

    fn set(&mut self, key: &Key, partition: &Spot, place: Place) {
        let pending = self.pending.get_mut(key);
        if let Some(found) = pending.and_then(|pending| pending.left.get_mut(partition)) {
            *found = place;
        }
    }

    fn rest(&mut self, key: &Key, partition: &Spot, now: i64) {
        self.set(key, partition, Place::Resting);
        if self.retry_at.is_none() {
            let pause = (RETRY_MS << self.pauses.min(8)).min(RETRY_MAX_MS);
            self.retry_at = Some(now.saturating_add(pause));
            self.pauses += 1;
        }
    }

    fn done(&mut self, key: &Key, partition: &Spot) {
        self.pauses = 0;
        if let Some(pending) = self.pending.get_mut(key) {
            pending.left.remove(partition);
        }
    }

    /// Every partition in that place, with its transaction.
    fn at(&self, wanted: impl Fn(Place) -> bool) -> Vec<(Key, Spot)> {
        let mut found = Vec::new();
        for (key, pending) in &self.pending {
            let left = pending.left.iter().filter(|(_, place)| wanted(**place));
            found.extend(left.map(|(partition, _)| (key.clone(), partition.clone())));
        }
        found
    }
}

/// Markers may be written: what they say is committed.
pub(crate) fn queue(node: &mut Node, markers: Markers) {
    let partitions = markers.partitions.iter().cloned();
    let left = partitions
        .map(|partition| (partition, Place::Ready))
        .collect();
    let key = (markers.partition, markers.transactional_id.clone());
    let queue = &mut node.transactions.markers;
    queue.pending.insert(key, Pending { markers, left });
}

pub(crate) fn tick(node: &mut Node) {
    if node.transactions.markers.pending.is_empty() {
        node.transactions.markers.retry_at = None;
        return;
    }
    wake_resting(node);
    check_written(node);
    send(node);
    finish(node);
}

fn wake_resting(node: &mut Node) {
    let queue = &mut node.transactions.markers;
    if queue.retry_at.is_none_or(|at| at > node.now) {
        return;
    }
    queue.retry_at = None;
    for pending in queue.pending.values_mut() {
        for place in pending.left.values_mut() {
            if *place == Place::Resting {
                *place = Place::Ready;
            }
        }
    }
}

/// Markers in logs of this node are done once they are committed.
fn check_written(node: &mut Node) {
    let written = node
        .transactions
        .markers
        .at(|place| matches!(place, Place::Written(..)));
    for (key, partition) in written {
        let queue = &mut node.transactions.markers;
        let place = queue
            .pending
            .get(&key)
            .and_then(|pending| pending.left.get(&partition));
        let Some(Place::Written(place, offset)) = place.copied() else {
            continue;
        };
        match node.replicas.leader(place) {
            Ok(leader) if leader.high_watermark() >= offset => queue.done(&key, &partition),
            Ok(_) => {}
            Err(_) => queue.rest(&key, &partition, node.now),
        }
    }
}

/// Writes here what this node leads, and asks other brokers for the rest.
fn send(node: &mut Node) {
    let mut batches: BTreeMap<i32, Vec<(Key, Spot)>> = BTreeMap::new();
    for (key, partition) in node.transactions.markers.at(|place| place == Place::Ready) {
        let image = &node.metadata.image;
        let topic = image.topic(&partition.0);
        let state = topic.and_then(|topic| topic.partitions.get(&partition.1));
        let leader = state.map(|state| state.leader);
        let now = node.now;
        match leader {
            None => node.transactions.markers.done(&key, &partition),
            Some(leader) if leader == node.config.node_id => write_here(node, &key, &partition),
            Some(leader) if leader == NO_LEADER || !image.is_alive(leader) => {
                node.transactions.markers.rest(&key, &partition, now);
            }
            Some(leader) => batches.entry(leader).or_default().push((key, partition)),
        }
    }
    for (broker, batch) in batches {
        ask(node, broker, batch);
    }
}

fn write_here(node: &mut Node, key: &Key, partition: &Spot) {
    let Some(pending) = node.transactions.markers.pending.get(key) else {
        return;
    };
    let marker = marker_of(&pending.markers);
    match write(node, &partition.0, partition.1, marker) {
        Ok((place, offset)) => {
            let queue = &mut node.transactions.markers;
            queue.set(key, partition, Place::Written(place, offset));
        }
        Err(error) => failed(node, key, partition, error),
    }
    check_written(node);
}

fn marker_of(markers: &Markers) -> Marker {
    Marker {
        producer_id: markers.producer_id,
        producer_epoch: markers.producer_epoch,
        commit: markers.commit,
        coordinator_epoch: markers.coordinator_epoch,
    }
}

/// A marker was not written. If the partition knows of a later decision, this one is void.
fn failed(node: &mut Node, key: &Key, partition: &Spot, error: ResponseError) {
    let is_void = matches!(error, InvalidProducerEpoch | TransactionCoordinatorFenced);
    let event = match is_void {
        true => Event::warn("transaction-markers-void"),
        false => Event::detail("transaction-marker-refused"),
    };
    let event = event
        .with("transactional-id", key.1.as_str())
        .with("topic", partition.0.as_str())
        .with("partition", partition.1)
        .with("error", konbini_protocol::error::name(error.code()));
    node.emit(event);
    let now = node.now;
    let queue = &mut node.transactions.markers;
    match is_void {
        true => drop(queue.pending.remove(key)),
        false => queue.rest(key, partition, now),
    }
}

/// Asks a broker for its markers, unless it is asked already: then they wait for that answer.
fn ask(node: &mut Node, broker: i32, batch: Vec<(Key, Spot)>) {
    let now = node.now;
    let queue = &mut node.transactions.markers;
    let channel = queue.channels.entry(broker);
    if !channel
        .or_insert_with(|| Channel::to_broker(broker, now))
        .is_idle()
    {
        return;
    }
    let mut by_key: BTreeMap<Key, BTreeMap<String, Vec<i32>>> = BTreeMap::new();
    for (key, partition) in batch {
        queue.set(&key, &partition, Place::Asked(broker));
        let topics = by_key.entry(key).or_default();
        topics.entry(partition.0).or_default().push(partition.1);
    }
    let markers = by_key.into_iter().filter_map(|(key, topics)| {
        let markers = &queue.pending.get(&key)?.markers;
        let topics = topics.into_iter().map(|(topic, indexes)| {
            WritableTxnMarkerTopic::default()
                .with_name(TopicName(StrBytes::from_string(topic)))
                .with_partition_indexes(indexes)
        });
        Some(
            WritableTxnMarker::default()
                .with_producer_id(ProducerId(markers.producer_id))
                .with_producer_epoch(markers.producer_epoch)
                .with_transaction_result(markers.commit)
                .with_coordinator_epoch(markers.coordinator_epoch)
                .with_topics(topics.collect()),
        )
    });
    let request = WriteTxnMarkersRequest::default().with_markers(markers.collect());
    let body = RequestKind::WriteTxnMarkers(request);
    if let Some(channel) = queue.channels.get_mut(&broker) {
        let purpose = Purpose::WriteMarkers(broker);
        channel.call(purpose, WRITE_MARKERS_VERSION, &node.client_name, &body);
    }
}

/// A broker answered: each partition has its marker, or an error.
pub(crate) fn answered(node: &mut Node, broker: i32, response: &WriteTxnMarkersResponse) {
    let mut codes: BTreeMap<(i64, String, i32), i16> = BTreeMap::new();
    for marker in &response.markers {
        for topic in &marker.topics {
            for partition in &topic.partitions {
                let (name, index) = (topic.name.to_string(), partition.partition_index);
                codes.insert((marker.producer_id.0, name, index), partition.error_code);
            }
        }
    }
    for (key, partition) in node
        .transactions
        .markers
        .at(|place| place == Place::Asked(broker))
    {
        let Some(pending) = node.transactions.markers.pending.get(&key) else {
            continue;
        };
        let id = pending.markers.producer_id;
        let code = codes.get(&(id, partition.0.clone(), partition.1)).copied();
        match code {
            Some(0) => node.transactions.markers.done(&key, &partition),
            Some(code) => {
                let error = ResponseError::try_from_code(code);
                let error = error.unwrap_or(ResponseError::UnknownServerError);
                failed(node, &key, &partition, error);
            }
            None => node.transactions.markers.rest(&key, &partition, node.now),
        }
    }
}

/// The connection broke, or the answer cannot be read: asked again.
pub(crate) fn call_lost(node: &mut Node, broker: i32) {
    let now = node.now;
    let queue = &mut node.transactions.markers;
    for (key, partition) in queue.at(|place| place == Place::Asked(broker)) {
        queue.rest(&key, &partition, now);
    }
}

/// Tells the coordinator which transactions are over.
fn finish(node: &mut Node) {
    let pending = &node.transactions.markers.pending;
    let over = pending
        .iter()
        .filter(|(_, pending)| pending.left.is_empty());
    let over: Vec<Key> = over.map(|(key, _)| key.clone()).collect();
    for key in over {
        if let Some(pending) = node.transactions.markers.pending.remove(&key) {
            let coordinator = &mut node.transactions.coordinator;
            let effects = coordinator.markers_written(node.now, &pending.markers);
            carry_out(node, effects);
        }
    }
}
