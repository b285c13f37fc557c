//! What a run starts from. Field names are short and stable: they are what share links hold.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kafka settings by name, as text, in name order.
pub type Configs = BTreeMap<String, String>;

/// Everything that decides a run before the first action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Shown as the run's title.
    #[serde(default)]
    pub name: String,
    pub seed: u64,
    /// Unix time of virtual time zero, in ms: what record timestamps count from.
    pub epoch_ms: i64,
    /// Node ids are 1 to this number.
    pub brokers: u32,
    /// Static broker settings, the same on every broker.
    #[serde(default)]
    pub broker_configs: Configs,
    #[serde(default)]
    pub network: NetworkSpec,
    #[serde(default)]
    pub topics: Vec<TopicSpec>,
    #[serde(default)]
    pub producers: Vec<ProducerSpec>,
    #[serde(default)]
    pub consumers: Vec<ConsumerSpec>,
}

/// How long a frame travels, one way, in virtual ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSpec {
    pub latency_ms: u32,
    /// Up to this much more, drawn from the seed for each frame; order on a connection is kept.
    pub jitter_ms: u32,
}

impl Default for NetworkSpec {
    fn default() -> Self {
        NetworkSpec {
            latency_ms: 2,
            jitter_ms: 1,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    #[serde(default = "one")]
    pub replication_factor: i16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: Configs,
}

fn one() -> i16 {
    1
}

/// A producer on a timer. The name is its `client.id` and is unique among producers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerSpec {
    pub name: String,
    pub topic: String,
    pub pace: Pace,
    #[serde(default)]
    pub keys: Keys,
    #[serde(default)]
    pub value: Value,
    #[serde(default)]
    pub partition: PartitionChoice,
    #[serde(default)]
    pub compression: Codec,
    #[serde(default)]
    pub acks: Acks,
    #[serde(default)]
    pub linger_ms: u32,
    /// `batch.size` in bytes.
    #[serde(default = "default_batch_size")]
    pub batch_size: u32,
    #[serde(default)]
    pub idempotent: bool,
    /// `retries`; none means Kafka's default (until `delivery.timeout.ms`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Stops by itself after this many records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Whether the timer runs; a stopped producer keeps its place on the stage.
    #[serde(default = "yes")]
    pub running: bool,
}

impl ProducerSpec {
    /// A running producer of one record a second, with Kafka's defaults.
    pub fn new(name: &str, topic: &str) -> ProducerSpec {
        ProducerSpec {
            name: name.to_owned(),
            topic: topic.to_owned(),
            pace: Pace::EveryMs(1_000),
            keys: Keys::None,
            value: Value::default(),
            partition: PartitionChoice::Default,
            compression: Codec::None,
            acks: Acks::All,
            linger_ms: 0,
            batch_size: default_batch_size(),
            idempotent: false,
            retries: None,
            limit: None,
            running: true,
        }
    }
}

fn default_batch_size() -> u32 {
    16_384
}

fn yes() -> bool {
    true
}

/// When records are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// One record each so many ms.
    EveryMs(u32),
    /// So many records each virtual second, evenly spread.
    PerSecond(u32),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// Null keys.
    #[default]
    None,
    /// Always this key.
    Fixed(String),
    /// `key-0` … `key-(n-1)`, drawn evenly from the seed.
    RandomOf(u32),
    /// Like `RandomOf`, but `key-0` gets this share of all records, in percent.
    Hot { of: u32, percent: u8 },
}

/// A record's value: a template in which `{n}` is the record's number, `{key}` its key and
/// `{time}` the virtual time as ISO 8601, padded with dots to `size` bytes if that is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    pub template: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
}

impl Default for Value {
    fn default() -> Self {
        Value {
            template: "value-{n}-{time}".to_owned(),
            size: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionChoice {
    /// By murmur2 of the key; keyless records stick to a partition for a batch (KIP-480, KIP-794).
    #[default]
    Default,
    /// By murmur2 of the key; keyless records take turns.
    RoundRobin,
    /// Always this partition.
    Fixed(i32),
    /// One record to each partition at every tick.
    Each,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acks {
    #[serde(rename = "0")]
    None,
    #[serde(rename = "1")]
    Leader,
    #[default]
    #[serde(rename = "all")]
    All,
}

/// A consumer. The name is its `client.id` and is unique among consumers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerSpec {
    pub name: String,
    /// `group.id`; without one the consumer assigns itself all partitions and commits nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    pub topics: Vec<String>,
    /// `auto.offset.reset`.
    #[serde(default)]
    pub start: Start,
    /// `partition.assignment.strategy`.
    #[serde(default)]
    pub assignor: Assignor,
    #[serde(default)]
    pub commit: Commit,
    /// Virtual ms of work for each record.
    #[serde(default)]
    pub process_ms: u32,
    #[serde(default = "default_max_poll_records")]
    pub max_poll_records: u32,
    #[serde(default = "default_session_timeout")]
    pub session_timeout_ms: u32,
    #[serde(default = "default_heartbeat")]
    pub heartbeat_interval_ms: u32,
    #[serde(default = "default_max_poll_interval")]
    pub max_poll_interval_ms: u32,
    /// `group.instance.id`: a static member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// A stopped consumer keeps its place on the stage.
    #[serde(default = "yes")]
    pub running: bool,
}

impl ConsumerSpec {
    /// A running member of a group, with Kafka's defaults.
    pub fn new(name: &str, group: &str, topic: &str) -> ConsumerSpec {
        ConsumerSpec {
            name: name.to_owned(),
            group: Some(group.to_owned()),
            topics: vec![topic.to_owned()],
            start: Start::Latest,
            assignor: Assignor::Range,
            commit: Commit::default(),
            process_ms: 0,
            max_poll_records: default_max_poll_records(),
            session_timeout_ms: default_session_timeout(),
            heartbeat_interval_ms: default_heartbeat(),
            max_poll_interval_ms: default_max_poll_interval(),
            instance_id: None,
            running: true,
        }
    }
}

fn default_max_poll_records() -> u32 {
    500
}

fn default_session_timeout() -> u32 {
    45_000
}

fn default_heartbeat() -> u32 {
    3_000
}

fn default_max_poll_interval() -> u32 {
    300_000
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    Earliest,
    #[default]
    Latest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignor {
    #[default]
    Range,
    RoundRobin,
    Sticky,
    CooperativeSticky,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Commit {
    /// `enable.auto.commit` with `auto.commit.interval.ms`.
    AutoMs(u32),
    /// By hand after each record, before the next is processed.
    EachRecord,
    /// By hand after all records of one poll.
    EachPoll,
    /// Never.
    Never,
}

impl Default for Commit {
    fn default() -> Self {
        Commit::AutoMs(5_000)
    }
}
