//! KRaft (KIP-595, KIP-630, KIP-996): the quorum that agrees on the metadata log
//! `__cluster_metadata-0`. Voters elect a leader; everybody else, voter or observer, fetches the
//! log from it; a record is committed once a majority of the voters has stored it.
//!
//! ```text
//!                        timeout               majority               majority
//!   +--> unattached ------------> prospective ----------> candidate ----------> leader
//!   |       ^  |   ^               |  ^  ^      pre-vote   |  epoch + 1            |
//!   |       |  |   |  no majority  |  |  |                 |                       | no majority
//!   |       |  |   +---------------+  |  +-----------------+                       | fetched, or it
//!   |       |  |                      |        no majority                         | was asked to
//!   |       |  | leader found         | fetch timeout                              v
//!   |       |  +----------------> follower                                      resigned
//!   |       |                                                                      |
//!   |       +-- a higher epoch is seen, from any state                             | timeout,
//!   +------------------------------------------------------------------------------+ epoch + 1
//! ```
//!
//! An observer is only ever unattached or follower, and never votes.
//!
//! [`Raft`] is sans-IO: [`Raft::handle`] changes the state, then [`Raft::poll`] is drained, and
//! [`Raft::wake_at`] says when to come back. Time is virtual Unix time in ms, the jitter of the
//! election timeouts comes from the seed.
//!
//! A vote, and a fetch position, count only after what they promise is stored. The operations of a
//! step are therefore put out before the messages of that step, and the host must store all of
//! them before it lets any message of the step leave (output commit). A leader counts its own log
//! end when it computes the high watermark, which holds for the same reason: whoever hears of that
//! high watermark hears it after the step's records are stored.
//!
//! ```text
//! raft         inputs to handlers, timers, outputs
//! state/       one file a quorum state: how it begins, what it does with time
//! rpc/         one file a request: answering it, and taking its answer
//! election     epoch, leader and vote: what the file quorum-state holds
//! journal      the log with its snapshots: where histories part, what is committed
//! snapshot     snapshot files (KIP-630)
//! control      control records: leader changes, frame of a snapshot
//! peers        one request at a time to each other voter
//! votes        counting votes
//! cause        why there is an election, or a leader goes
//! view         read-only views; DescribeQuorum
//! ```
//!
//! Differences from Apache Kafka: the voters are those of `controller.quorum.voters` and do not
//! change (no KIP-853), records are appended at once (`controller.quorum.append.linger.ms` 0), and
//! only the newest snapshot is kept, with the log from there on.

mod cause;
mod chance;
mod config;
mod control;
mod election;
mod journal;
mod peers;
pub mod plant;
mod raft;
mod rpc;
mod snapshot;
mod state;
mod view;
mod votes;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use konbini_log::{Load, LoadError, StoreOp};
use konbini_protocol::messages::{RequestKind, ResponseKind};
use konbini_trace::Event;

pub use config::{Config, Timeouts, Voter};
pub use election::QUORUM_STATE;
pub use raft::{NotLeader, Raft};
pub use snapshot::{Snapshot, SnapshotId};
pub use view::{QuorumView, ReplicaView};

use uuid::Uuid;

pub const METADATA_TOPIC: &str = "__cluster_metadata";
/// The id that the metadata topic has in every Kafka cluster.
pub const METADATA_TOPIC_ID: Uuid = Uuid::from_u128(1);

/// Names a request of this node until it is answered or lost. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// The host's name for a request of another node that wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyId(pub u64);

/// What can happen to a node of the quorum.
#[derive(Clone, Debug)]
pub enum Input {
    /// Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch or FetchSnapshot of another node.
    Request(ReplyId, RequestKind),
    Response(CallId, ResponseKind),
    /// The connection broke or did not come about: there will be no answer.
    Lost(CallId),
    Loaded(Load, Result<Bytes, LoadError>),
    /// Give up leadership in order (a controlled shutdown).
    Resign,
    /// What the state machine says up to an offset that is committed; see [`Snapshot::new`].
    Snapshot(Snapshot),
    /// The store does not take the log's operations any more.
    StoreFailed(String),
    /// The time that [`Raft::wake_at`] named has come.
    Wake,
}

/// What a node of the quorum wants its host to do, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Answered by [`Input::Response`] or [`Input::Lost`], unless a disconnect comes before.
    Send {
        to: i32,
        call: CallId,
        version: i16,
        request: RequestKind,
    },
    /// That node does not answer; its connection is to be closed. What was asked there is given up.
    Disconnect(i32),
    Reply(ReplyId, ResponseKind),
    Store(StoreOp),
    /// Answered by [`Input::Loaded`].
    Load(Load),
    Event(Event),
}
