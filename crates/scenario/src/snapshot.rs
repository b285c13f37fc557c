//! What can be seen of a run at one moment. Plain data; JSON names are camelCase because
//! `window.konbini.snapshot()` hands them to scripts.

use crate::fault::{DiskState, DownWhy, Effect, Party};
use crate::spec::{Configs, ConsumerSpec, ProducerSpec};
use konbini_trace::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Virtual ms since the start of the run.
    pub now: i64,
    /// Unix ms of virtual time zero.
    pub epoch_ms: i64,
    /// The running hash over everything so far, 16 hex digits.
    pub trace_hash: String,
    /// How many times the cluster was powered on; 1 on a first run.
    pub boot: u32,
    /// Steps (events of the virtual world) so far.
    pub steps: u64,
    pub brokers: Vec<BrokerView>,
    pub topics: Vec<TopicView>,
    pub producers: Vec<ProducerView>,
    pub consumers: Vec<ConsumerView>,
    pub groups: Vec<GroupView>,
    /// Network rules in force, in the order in which they are asked.
    #[serde(default)]
    pub rules: Vec<RuleView>,
}

/// A rule and what it did so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    pub name: String,
    pub from: Vec<Party>,
    pub to: Vec<Party>,
    pub both_ways: bool,
    pub effect: Effect,
    /// Pieces that it dropped (each time they were sent) or delayed since the power is on.
    pub hits: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrokerView {
    pub id: i32,
    pub host: String,
    pub port: u16,
    pub state: BrokerState,
    /// The active controller of the metadata quorum.
    pub controller: bool,
    /// Its part in the metadata quorum; none while it is down or reads its logs.
    #[serde(default)]
    pub quorum: Option<QuorumView>,
    /// Partitions led, internal topics not counted.
    pub leads: u32,
    /// Bytes of all .log files, and how many of them are in memory.
    pub log_bytes: u64,
    pub resident_bytes: u64,
    pub connections: u32,
    /// Logs that went offline, each with its reason.
    pub offline: Vec<(String, String)>,
    /// Why it is down; none while it runs.
    #[serde(default)]
    pub down: Option<DownWhy>,
    /// It was asked to shut down and still runs.
    #[serde(default)]
    pub stopping: bool,
    #[serde(default)]
    pub disk: DiskState,
    /// Bytes that a cut of its power would lose now.
    #[serde(default)]
    pub unflushed_bytes: u64,
    /// Virtual ms by which its clock is ahead.
    #[serde(default)]
    pub skew_ms: i64,
    /// Virtual ms that what arrives waits before it is handled.
    #[serde(default)]
    pub slow_ms: u32,
}

/// The metadata quorum as one broker sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuorumView {
    /// In the words of Kafka's metric `current-state`: leader, candidate, prospective, voted,
    /// follower, unattached, resigned, observer.
    pub state: String,
    /// -1 when it knows none.
    pub leader: i32,
    pub epoch: i32,
    /// What it knows to be committed of the metadata log, -1 before it knows; and where its own log
    /// ends.
    pub high_watermark: i64,
    pub log_end: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerState {
    Starting,
    Up,
    Fenced,
    Down,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicView {
    pub name: String,
    pub id: String,
    pub internal: bool,
    /// Settings that differ from their defaults.
    pub configs: Configs,
    pub partitions: Vec<PartitionView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionView {
    pub partition: i32,
    /// -1 when there is none.
    pub leader: i32,
    pub leader_epoch: i32,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    /// Replicas that a reassignment brings and takes away; both are among the replicas meanwhile.
    #[serde(default)]
    pub adding: Vec<i32>,
    #[serde(default)]
    pub removing: Vec<i32>,
    pub log_start: i64,
    pub high_watermark: i64,
    pub log_end: i64,
    pub bytes: u64,
    pub segments: u32,
    /// Each replica's own log, the leader's included.
    pub logs: Vec<ReplicaView>,
}

/// Records that a shelf can show.
pub const TAIL_RECORDS: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailRecord {
    pub offset: i64,
    /// Colour index 0 to 5 by key hash; a keyless record is coloured by its offset.
    pub colour: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaView {
    pub broker: i32,
    /// What this replica takes itself for; the controller may have decided otherwise meanwhile.
    pub role: ReplicaRole,
    /// The leader epoch in which it leads or follows; -1 while it does neither.
    pub epoch: i32,
    pub log_start: i64,
    pub log_end: i64,
    pub high_watermark: i64,
    /// The newest records of its own log, oldest first, at most [`TAIL_RECORDS`].
    pub tail: Vec<TailRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaRole {
    Leader,
    Follower,
    /// There is no leader to follow.
    Standby,
    /// Its log cannot be used.
    Offline,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProducerView {
    pub spec: ProducerSpec,
    /// Records made, acknowledged and given up on; in flight or waiting is the rest.
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    pub waiting: u64,
    /// Produce requests sent and bytes of batches in them, compressed.
    pub requests: u64,
    pub bytes: u64,
    pub retries: u64,
    /// Records of the last whole virtual second.
    pub per_second: u32,
    /// Kafka's name of the last error, such as `NOT_LEADER_OR_FOLLOWER`.
    pub last_error: Option<String>,
    /// The newest acknowledgements, newest last: (partition, offset).
    pub last_acks: Vec<(i32, i64)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerView {
    pub spec: ConsumerSpec,
    pub state: ConsumerState,
    pub member_id: String,
    pub generation: i32,
    /// Owned partitions with the next offset to be processed; -1 before it is known.
    pub owned: Vec<PartitionPosition>,
    pub paused: bool,
    pub consumed: u64,
    pub bytes: u64,
    pub per_second: u32,
    /// The newest records that its handler saw, newest last, at most [`LAST_RECORDS`].
    pub last_records: Vec<SeenRecord>,
    pub last_error: Option<String>,
}

/// Handled records that a consumer's view keeps.
pub const LAST_RECORDS: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsumerState {
    /// Not running: stopped politely or never started.
    Stopped,
    Crashed,
    Connecting,
    Joining,
    Running,
    /// Member of its group, but without a partition.
    Idle,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionPosition {
    pub topic: String,
    pub partition: i32,
    pub position: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenRecord {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    /// Unix ms.
    pub timestamp: i64,
    pub key: Option<String>,
    pub value: Option<String>,
    /// Virtual ms when the handler was done with it.
    pub at: i64,
}

/// A group as its coordinator knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupView {
    pub id: String,
    /// Kafka's name: Empty, PreparingRebalance, CompletingRebalance, Stable; of the consumer protocol
    /// Empty, Assigning, Reconciling, Stable.
    pub state: String,
    /// The group epoch in the consumer protocol.
    pub generation: i32,
    /// The chosen assignor, such as `range`.
    pub protocol: String,
    /// Node id of the coordinator.
    pub coordinator: i32,
    pub members: Vec<MemberView>,
    pub offsets: Vec<OffsetView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    pub member_id: String,
    pub client_id: String,
    pub instance_id: Option<String>,
    /// Owned partitions by topic.
    pub assignment: Vec<(String, Vec<i32>)>,
    /// Whether this member computed the assignment.
    pub leader: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OffsetView {
    pub topic: String,
    pub partition: i32,
    /// Committed offset, or -1.
    pub committed: i64,
    /// High watermark less committed offset (log start where nothing is committed), in records.
    pub lag: i64,
}

/// Somebody on the stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    Cluster,
    Broker(i32),
    Producer(String),
    Consumer(String),
    /// A client from outside: code in the page or a socket. Its `client.id`.
    Client(String),
    Admin,
}

/// An event with its place in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// Virtual ms.
    pub at: i64,
    pub seq: u64,
    pub who: Who,
    pub event: Event,
}

/// Records on their way: drawn as parcels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// Virtual ms of leaving and arriving.
    pub depart: i64,
    pub arrive: i64,
    pub from: Who,
    pub to: Who,
    pub topic: String,
    pub partition: i32,
    /// Offset of the first record where it is known (a fetch), else -1.
    pub offset: i64,
    /// Records in it, exactly.
    pub records: u32,
    pub bytes: u32,
    /// Colours of the first records, at most [`FLIGHT_COLOURS`].
    pub colours: Vec<u8>,
}

/// Parcels drawn for one flight at the most.
pub const FLIGHT_COLOURS: usize = 6;
