//! One Kafka node (`process.roles=broker,controller`) as a state machine: bytes of Kafka requests
//! in; bytes of responses, store operations and events out. Apache Kafka 4 is the reference; each
//! file under `api/` says where it differs.
//!
//! A host drives it: [`Broker::handle`] changes the state, then [`Broker::poll`] is called until it
//! returns `None`, then the next `handle`; [`Broker::wake_at`] says when to come back without any
//! other input. Nothing here reads a clock, a random source, a socket or a disk.
//!
//! ```text
//! broker       inputs to requests, requests to the table, answers to connections
//! api/         one file an API; the table in api/mod.rs is what ApiVersions says
//! connection   connections that others opened: one request in progress each
//! purgatory    requests that wait, for what, and until when
//! node         the state that handlers work on
//! boot         from a disk image to open logs and a replayed metadata log
//! lifecycle    registration, heartbeats, fencing, from the broker's side
//! controller/  decisions about brokers, topics, partitions, settings: records of the metadata log
//! quorum       this node's part in the metadata quorum; answers that wait for a commit
//! metadata/    record formats of the metadata log, and the image that its committed part gives
//! channel, dial, forward   connections to voters and controller, and what is sent on to it
//! replica/     partitions that this node has: leading, reading, appending, retention
//! coordinator  hosts the group coordinator (group/) on partitions of __consumer_offsets
//! transactions/  hosts the transaction coordinator (txn/) on partitions of __transaction_state; markers
//! shard_log    how coordinators append to their partitions and replay them
//! settings/    which settings exist for brokers, and which value of a setting holds
//! observe      read-only views for whoever draws or checks a cluster
//! ```
//!
//! What the outside is told must have reached the disk: the host stores the [`Output::Store`]
//! operations of a step before it lets the other outputs of the step leave.

mod api;
mod boot;
mod broker;
mod channel;
mod config;
mod connection;
mod controller;
mod coordinator;
mod dial;
mod forward;
pub mod group;
mod lifecycle;
mod loads;
pub mod metadata;
mod node;
mod observe;
mod peek;
mod producer_ids;
mod purgatory;
mod quorum;
pub mod replica;
mod rng;
pub mod settings;
mod shard_log;
mod timers;
mod transactions;
pub mod txn;

use bytes::Bytes;
use konbini_log::{Load, LoadError, LogDir, StoreOp};
use konbini_protocol::ConnId;
use konbini_trace::Event;

pub use broker::Broker;
pub use config::{BrokerConfig, MAX_VOTERS, Voter};
pub use controller::topic_names::is_internal;
pub use coordinator::OFFSETS_TOPIC;
#[cfg(feature = "plant")]
pub use konbini_raft::plant;
pub use konbini_raft::{QuorumView, ReplicaView as VoterView};
pub use lifecycle::{CONTROLLED_SHUTDOWN_PATIENCE_MS, State};
pub use node::TopicPartition;
pub use observe::ReplicaView;
pub use transactions::TRANSACTIONS_TOPIC;

/// Names a load between [`Output::Load`] and [`Input::Loaded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadId(pub u64);

/// What can happen to a node.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody connected to this node.
    Accepted(ConnId),
    /// A connection that this node dialled is open.
    Connected(ConnId),
    /// A connection that this node dialled did not come about.
    Refused(ConnId),
    /// A piece of a connection's byte stream, cut anywhere.
    Received(ConnId, Bytes),
    /// The other end closed.
    Closed(ConnId),
    Loaded(LoadId, Result<Bytes, LoadError>),
    /// Store operations of a directory, or of all of them, cannot be carried out any more.
    StoreFailed {
        dir: Option<LogDir>,
        reason: String,
    },
    /// Begins a controlled shutdown; [`Output::Stopped`] follows.
    ShutDown,
    /// Ends at once with its logs closed: the host cannot wait any longer for the others.
    Halt,
    /// The time that [`Broker::wake_at`] named has come.
    Wake,
}

/// What a node wants its host to do, in order.
#[derive(Clone, Debug)]
pub enum Output {
    Dial {
        conn: ConnId,
        host: String,
        port: u16,
    },
    Send(ConnId, Bytes),
    Close(ConnId),
    Store(StoreOp),
    /// Answered by [`Input::Loaded`].
    Load(LoadId, Load),
    Event(Event),
    /// The process ends: nothing is to be handed in any more. After a controlled shutdown, or at
    /// once when the metadata log cannot be written, as Kafka halts.
    Stopped,
}
