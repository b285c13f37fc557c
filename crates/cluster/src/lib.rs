//! Brokers, clients, a virtual network, virtual disks and one clock in one deterministic loop.
//!
//! [`Cluster::new`] takes a scenario with timed actions; that is the whole input. A trace with a
//! running hash is the output: the same input gives the same hash on every machine. A host lets it
//! run ([`Cluster::run_until`]), stores what brokers want stored ([`Cluster::take_store_ops`]),
//! loads what they want loaded ([`Cluster::wanted_loads`]), and only then tells anybody outside
//! what happened. The virtual clock does not see how long that takes.
//!
//! Brokers and clients meet only in frames, through the network. Whatever is shown of a run is
//! seen from outside ([`Cluster::snapshot`], [`Cluster::inspect`]) and changes nothing.
//!
//! [`MemoryHost`] is the smallest host; [`run_scenario_file`] checks a run against expectations.

mod actor;
mod address;
mod chance;
mod cluster;
mod disk;
mod memory;
mod network;
mod observe;
mod outbox;
mod platter;
mod query;
mod queue;
mod scenario_file;
mod stage;
mod trace;
mod wakes;

pub use actor::consumer::Holding;
pub use cluster::{
    Boot, Cluster, EXTERNAL_CONNECTIONS_MAX, EXTERNAL_IN_FLIGHT_BYTES_MAX, ExternalId,
    ExternalOutput, Progress, Refused, Sockets, WantedLoad,
};
pub use disk::{Mismatch, VirtualDisks};
pub use konbini_broker::LoadId;
pub use memory::{MemoryHost, Stopped};
pub use observe::inspect::Inspected;
pub use outbox::Acked;
pub use query::{meets, query};
pub use scenario_file::{Report, run_limited, run_scenario_file};
