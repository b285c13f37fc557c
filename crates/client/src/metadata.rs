//! What a client knows about the cluster: brokers, topics, leaders with their epochs, and when to
//! ask again. It asks through [`crate::network::Network`]; here is only the knowledge.

use std::collections::{BTreeMap, BTreeSet};

use konbini_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use konbini_protocol::messages::metadata_response::{MetadataResponse, MetadataResponseTopic};
use konbini_protocol::{ResponseError, StrBytes};
use uuid::Uuid;

use crate::TopicPartition;
use crate::backoff::Backoff;
use crate::config::HostPort;
use crate::failure::response_error;
use crate::seed::Seed;

/// Partitions of one topic that are believed; more than Kafka can run, less than memory.
const MAX_PARTITIONS: usize = 200_000;

/// One partition as the last metadata told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartitionInfo {
    pub(crate) leader: Option<i32>,
    /// -1 when the broker did not say (Metadata before v7).
    pub(crate) leader_epoch: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicInfo {
    /// Nil when the broker did not say (Metadata before v10).
    pub(crate) id: Uuid,
    pub(crate) error: Option<ResponseError>,
    pub(crate) partitions: Vec<PartitionInfo>,
}

#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) brokers: BTreeMap<i32, HostPort>,
    pub(crate) controller: Option<i32>,
    pub(crate) cluster_id: Option<String>,
    topics: BTreeMap<String, TopicInfo>,
    names: BTreeMap<Uuid, String>,
    wanted: BTreeSet<String>,
    /// Grows with every response: whoever derives something compares it.
    version: u64,
    update_wanted: bool,
    in_flight: bool,
    attempts: u32,
    not_before: i64,
    last_refresh: Option<i64>,
    max_age_ms: i64,
    backoff: Backoff,
}

impl Metadata {
    pub(crate) fn new(max_age_ms: i64, backoff: Backoff) -> Metadata {
        Metadata {
            brokers: BTreeMap::new(),
            controller: None,
            cluster_id: None,
            topics: BTreeMap::new(),
            names: BTreeMap::new(),
            wanted: BTreeSet::new(),
            version: 0,
            update_wanted: true,
            in_flight: false,
            attempts: 0,
            not_before: i64::MIN,
            last_refresh: None,
            max_age_ms,
            backoff,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Asks for a topic from now on; a topic not known yet is asked for at once.
    pub(crate) fn want(&mut self, topic: &str) {
        if self.wanted.insert(topic.to_owned()) {
            self.ask_now();
        }
    }

    /// Replaces the set of topics asked for.
    pub(crate) fn want_only(&mut self, topics: BTreeSet<String>) {
        if topics.difference(&self.wanted).next().is_some() {
            self.ask_now();
        }
        self.wanted = topics;
    }

    pub(crate) fn is_wanted(&self, topic: &str) -> bool {
        self.wanted.contains(topic)
    }

    fn ask_now(&mut self) {
        self.update_wanted = true;
        self.attempts = 0;
        self.not_before = i64::MIN;
    }

    /// Asks again soon, no sooner than the backoff allows.
    pub(crate) fn request_update(&mut self) {
        self.update_wanted = true;
    }

    /// When a request is due; `None` while one is under way.
    pub(crate) fn due_at(&self) -> Option<i64> {
        if self.in_flight {
            return None;
        }
        let aged = match self.last_refresh {
            Some(at) => at.saturating_add(self.max_age_ms),
            None => i64::MIN,
        };
        Some(if self.update_wanted {
            self.not_before
        } else {
            aged.max(self.not_before)
        })
    }

    pub(crate) fn request(&mut self, allow_auto_create: bool) -> MetadataRequest {
        self.in_flight = true;
        self.update_wanted = false;
        let topics = self.wanted.iter().map(|topic| {
            let name = StrBytes::from_string(topic.clone());
            MetadataRequestTopic::default().with_name(Some(name.into()))
        });
        MetadataRequest::default()
            .with_topics(Some(topics.collect()))
            .with_allow_auto_topic_creation(allow_auto_create)
    }

    /// The request that was under way got no answer.
    pub(crate) fn failed(&mut self, now: i64, seed: &mut Seed) {
        self.in_flight = false;
        self.update_wanted = true;
        self.back_off(now, seed);
    }

    fn back_off(&mut self, now: i64, seed: &mut Seed) {
        self.not_before = now + self.backoff.delay(self.attempts, seed);
        self.attempts = self.attempts.saturating_add(1);
    }

    /// Takes over a response. Topics that have an error keep being asked for.
    pub(crate) fn update(&mut self, now: i64, response: &MetadataResponse, seed: &mut Seed) {
        self.in_flight = false;
        self.version += 1;
        self.last_refresh = Some(now);
        let rebootstrap =
            response_error(response.error_code) == Some(ResponseError::RebootstrapRequired);
        self.brokers = if rebootstrap {
            BTreeMap::new()
        } else {
            brokers_of(response)
        };
        self.controller = Some(response.controller_id.0).filter(|id| *id >= 0);
        self.cluster_id = response.cluster_id.as_ref().map(|id| id.to_string());
        let old = std::mem::take(&mut self.topics);
        for topic in &response.topics {
            let Some(name) = topic.name.as_ref().map(|name| name.to_string()) else {
                continue;
            };
            let info = topic_of(topic, old.get(&name));
            self.topics.insert(name, info);
        }
        self.names = self
            .topics
            .iter()
            .map(|(name, info)| (info.id, name.clone()))
            .collect();
        self.names.remove(&Uuid::nil());
        let incomplete = rebootstrap
            || self.wanted.iter().any(|name| match self.topics.get(name) {
                None => true,
                Some(info) => {
                    info.error.is_some_and(|e| e.is_retriable())
                        || info.partitions.iter().any(|p| p.leader.is_none())
                }
            });
        self.back_off(now, seed);
        if incomplete {
            self.update_wanted = true;
        } else {
            self.attempts = 0;
        }
    }

    pub(crate) fn topic(&self, name: &str) -> Option<&TopicInfo> {
        self.topics.get(name)
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = (&str, &TopicInfo)> {
        self.topics.iter().map(|(name, info)| (name.as_str(), info))
    }

    pub(crate) fn topic_id(&self, name: &str) -> Uuid {
        self.topics.get(name).map_or(Uuid::nil(), |info| info.id)
    }

    /// The name of a topic in a response that carries either a name or an id.
    pub(crate) fn name_of<'a>(&'a self, name: &'a str, id: Uuid) -> Option<&'a str> {
        if !name.is_empty() {
            return Some(name);
        }
        self.names.get(&id).map(String::as_str)
    }

    pub(crate) fn partition(&self, tp: &TopicPartition) -> Option<&PartitionInfo> {
        self.topics
            .get(&tp.topic)?
            .partitions
            .get(usize::try_from(tp.partition).ok()?)
    }

    pub(crate) fn leader(&self, tp: &TopicPartition) -> Option<i32> {
        self.partition(tp)?.leader
    }

    /// How many partitions a topic has; `None` while that is not known.
    pub(crate) fn partition_count(&self, topic: &str) -> Option<i32> {
        let info = self.topics.get(topic)?;
        (!info.partitions.is_empty()).then_some(info.partitions.len() as i32)
    }
}

fn brokers_of(response: &MetadataResponse) -> BTreeMap<i32, HostPort> {
    let brokers = response.brokers.iter().filter_map(|broker| {
        let port = u16::try_from(broker.port).ok()?;
        Some((
            broker.node_id.0,
            HostPort::new(broker.host.to_string(), port),
        ))
    });
    brokers.filter(|(id, _)| *id >= 0).collect()
}

fn topic_of(topic: &MetadataResponseTopic, old: Option<&TopicInfo>) -> TopicInfo {
    let same = old.filter(|old| old.id == topic.topic_id);
    let count = topic
        .partitions
        .iter()
        .map(|p| i64::from(p.partition_index) + 1)
        .max();
    let count = usize::try_from(count.unwrap_or(0))
        .unwrap_or(0)
        .min(MAX_PARTITIONS);
    let mut partitions = vec![
        PartitionInfo {
            leader: None,
            leader_epoch: -1
        };
        count
    ];
    for told in &topic.partitions {
        let Ok(index) = usize::try_from(told.partition_index) else {
            continue;
        };
        let Some(place) = partitions.get_mut(index) else {
            continue;
        };
        *place = PartitionInfo {
            leader: Some(told.leader_id.0).filter(|id| *id >= 0),
            leader_epoch: told.leader_epoch,
        };
        // An answer from a broker that lags behind must not bring an old leader back.
        if let Some(known) = same.and_then(|old| old.partitions.get(index))
            && told.leader_epoch >= 0
            && known.leader_epoch > told.leader_epoch
        {
            *place = known.clone();
        }
    }
    TopicInfo {
        id: topic.topic_id,
        error: response_error(topic.error_code),
        partitions,
    }
}
