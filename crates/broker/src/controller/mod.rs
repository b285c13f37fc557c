//! The active controller: decides about brokers, topics, partitions and configs, and writes each
//! decision as records to the metadata log. It holds no state that the log does not hold, but when
//! it heard from each broker.
//!
//! It is the leader of the quorum. It decides from an image of its own, which has what it wrote
//! before that is committed; with the leadership it loses that image.

use std::collections::BTreeMap;

use konbini_protocol::ResponseError::UnknownTopicOrPartition;
use konbini_raft::Raft;
use konbini_trace::Event;

use crate::metadata::{self, Image, Record};
use crate::node::Node;
use crate::replica;

pub(crate) mod brokers;
mod change;
pub(crate) mod configs;
pub(crate) mod elections;
pub(crate) mod isr;
mod leaders;
pub(crate) mod lost_replicas;
pub(crate) mod partitions;
mod placement;
pub(crate) mod producer_ids;
pub(crate) mod reassignments;
pub(crate) mod topic_names;
pub(crate) mod topics;

const METADATA_VERSION_FEATURE: &str = "metadata.version";
/// `4.0-IV3`, the level that Apache Kafka 4.0 writes.
const METADATA_VERSION: i16 = 25;
/// What every node of a cluster has, with its level: brokers are all of one version. A cluster whose
/// metadata log does not know a feature yet gets it from its next controller.
pub(crate) const FEATURES: [(&str, i16); 3] = [
    (METADATA_VERSION_FEATURE, METADATA_VERSION),
    (GROUP_VERSION_FEATURE, GROUP_VERSION),
    (TRANSACTION_VERSION_FEATURE, TRANSACTION_VERSION),
];

const GROUP_VERSION_FEATURE: &str = "group.version";
/// Groups of the consumer protocol (KIP-848).
const GROUP_VERSION: i16 = 1;

const TRANSACTION_VERSION_FEATURE: &str = "transaction.version";
/// Each transaction has an epoch of its own, and brokers add partitions themselves (KIP-890).
const TRANSACTION_VERSION: i16 = 2;

/// Most topics of a cluster.
pub(crate) const MAX_TOPICS: usize = 10_000;
/// Most partitions of a cluster.
pub(crate) const MAX_PARTITIONS: usize = 50_000;
/// Most partitions that one request may create, as in Kafka.
pub(crate) const MAX_PARTITIONS_PER_REQUEST: usize = 10_000;

/// A refusal: Kafka's error code and a sentence for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub error: konbini_protocol::ResponseError,
    pub message: String,
}

impl Refusal {
    pub fn new(error: konbini_protocol::ResponseError, message: impl Into<String>) -> Refusal {
        Refusal {
            error,
            message: message.into(),
        }
    }

    pub fn unknown_topic_or_partition() -> Refusal {
        let message = "This server does not host this topic-partition.";
        Refusal::new(UnknownTopicOrPartition, message)
    }
}

/// What the controller knows beyond the log.
#[derive(Debug)]
pub(crate) struct Controller {
    /// The epoch of the quorum in which it decides.
    pub epoch: i32,
    /// All metadata, with the records that are not committed yet.
    pub image: Image,
    /// When each broker was heard last, in ms. Brokers of earlier boots have until
    /// `broker.session.timeout.ms` after the start.
    pub contacts: BTreeMap<i32, Contact>,
    /// When preferred leaders are looked after next, ms.
    pub balance_at: i64,
    /// Brokers in controlled shutdown, and the offset of the metadata log that others must have
    /// before they go.
    pub shutting_down: BTreeMap<i32, i64>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact {
    pub last_ms: i64,
    /// It was heard by this controller, not only found in the log.
    pub heard: bool,
    /// The last offset of the metadata log that it has, -1 before it says.
    pub metadata_offset: i64,
}

impl Controller {
    /// Takes over: every broker that the log knows as alive gets a session that starts now.
    pub fn activate(node: &mut Node) {
        let (now, epoch) = (node.now, node.quorum.raft().map_or(0, Raft::epoch));
        let contacts = node
            .metadata
            .image
            .alive()
            .map(|broker| {
                (
                    broker.id,
                    Contact {
                        last_ms: now,
                        heard: false,
                        metadata_offset: -1,
                    },
                )
            })
            .collect();
        let interval = node.setting_number("leader.imbalance.check.interval.seconds");
        node.controller = Some(Controller {
            epoch,
            image: node.metadata.image.clone(),
            contacts,
            balance_at: now.saturating_add(interval.saturating_mul(1_000)),
            shutting_down: BTreeMap::new(),
        });
        replica::isr::controller_changed(node);
        replica::lost::controller_changed(node);
        let event = Event::info("controller-elected")
            .with("broker", node.config.node_id)
            .with("epoch", epoch);
        let setting = node.quorum.raft().and_then(Raft::elected_because);
        node.emit(match setting {
            Some(setting) => event.because_of(setting),
            None => event,
        });
        let known = &node.metadata.image.features;
        let missing = FEATURES
            .iter()
            .filter(|(name, _)| !known.contains_key(*name));
        let records: Vec<Record> = missing
            .map(|(name, level)| Record::FeatureLevel {
                name: (*name).to_owned(),
                level: *level,
            })
            .collect();
        if !records.is_empty() {
            metadata::commit(node, records, Vec::new());
        }
    }

    /// Takes records that were just written into the working image.
    pub fn apply(&mut self, records: &[Record]) {
        for record in records {
            // Records of a decision fit the image that they were made for.
            let applied = self.image.apply(record);
            debug_assert!(applied.is_ok(), "{applied:?}");
        }
    }
}

/// The image as it will be once some records are committed: what later parts of one request are
/// checked against.
pub(crate) fn image_after(image: &Image, records: &[Record]) -> Image {
    let mut next = image.clone();
    for record in records {
        // Records of a decision fit the image that they were made for.
        let applied = next.apply(record);
        debug_assert!(applied.is_ok(), "{applied:?}");
    }
    next
}
