//! The cluster: one value that holds brokers, clients, network and clock.

mod act;
mod boot;
mod deliver;
mod disks;
mod faults;
mod machines;
mod outside;
mod step;
mod wires;

use crate::actor::Client;
use crate::actor::consumer::Holding;
use crate::address::Addresses;
use crate::network::{Endpoint, LinkId, Network, Parcel, Side};
use crate::observe::Observer;
use crate::outbox::{Acked, Outbox};
use crate::platter::Platter;
use crate::queue::Queue;
use crate::stage::Stage;
use crate::trace::Trace;
use crate::wakes::Wakes;
use faults::Trouble;
use konbini_broker::{Broker, Input, LoadId};
use konbini_client::HostPort;
use konbini_log::{DiskImage, Load, LogDir, StoreOp};
use konbini_scenario::{Cast, Flight, Recording, Scenario, TimedAction, TraceEvent};
use machines::Machine;
use outside::Outside;
pub use outside::{
    EXTERNAL_CONNECTIONS_MAX, EXTERNAL_IN_FLIGHT_BYTES_MAX, ExternalId, ExternalOutput, Refused,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How a cluster is powered on.
#[derive(Debug, Default)]
pub struct Boot<'a> {
    /// Virtual ms since the start of the run.
    pub now: i64,
    /// 1 on a first run, one more after each power cut.
    pub boot: u32,
    /// What each broker finds on its disk.
    pub disks: BTreeMap<i32, DiskImage>,
    /// All actions of the run, in order of time.
    pub actions: &'a [TimedAction],
    /// So many of them were done before; the others are still to come.
    pub done: usize,
    /// The trace hash when the power went, so that it goes on from there.
    pub trace_hash: Option<u64>,
    /// Set by a host that has sockets.
    pub sockets: Sockets,
    /// Nobody looks at what crosses the wire, and no other run is compared with this one: there are
    /// no flights, no exchanges to inspect and no trace hash, which saves their time.
    pub unwatched: bool,
}

/// How the world outside reaches the brokers.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// What brokers advertise (`advertised.listeners`), by node id; `broker-N:9092` for others.
    pub advertised: BTreeMap<i32, HostPort>,
    /// Connections from outside at one time.
    pub connections_max: usize,
}

impl Default for Sockets {
    fn default() -> Sockets {
        Sockets {
            advertised: BTreeMap::new(),
            connections_max: EXTERNAL_CONNECTIONS_MAX,
        }
    }
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The time asked for is reached, or a single step is done.
    Reached,
    /// The steps allowed were used up first.
    OutOfSteps,
    /// Bytes of a log are wanted first: see [`Cluster::wanted_loads`].
    Blocked,
    /// The power is out: see [`Cluster::power_on`].
    Dark,
}

/// See the [crate](crate).
pub struct Cluster {
    pub(crate) scenario: Scenario,
    /// Virtual ms since the start of the run.
    pub(crate) now: i64,
    pub(crate) boot: u32,
    pub(crate) steps: u64,
    dark: bool,

    /// Those that run.
    pub(crate) brokers: BTreeMap<i32, Broker>,
    machines: BTreeMap<i32, Machine>,
    pub(crate) platters: BTreeMap<i32, Platter>,
    pub(crate) clients: BTreeMap<u32, Client>,
    /// Numbers of clients so far, retired ones too.
    client_numbers: u32,
    /// The clients on the stage, by name.
    pub(crate) producers: BTreeMap<String, u32>,
    pub(crate) consumers: BTreeMap<String, u32>,
    /// Clients that were dismissed and are not done yet.
    retiring: Vec<u32>,
    outside: Outside,
    pub(crate) addresses: Addresses,

    network: Network,
    arrivals: Queue<Arrival>,
    wakes: Wakes,

    /// What endpoints asked for while loads were wanted.
    held: BTreeMap<Endpoint, Outbox>,
    wanted: VecDeque<WantedLoad>,
    /// What brokers are handed once their bytes have come.
    delayed: BTreeMap<i32, VecDeque<Input>>,
    /// What their disks did not take meanwhile.
    troubles: BTreeMap<i32, Trouble>,
    store_ops: Vec<(i32, StoreOp)>,
    /// Logs that a setting wants flushed.
    flushes: BTreeSet<(i32, LogDir)>,

    pub(crate) stage: Stage,
    cast: Cast,
    done: Vec<TimedAction>,
    upcoming: VecDeque<TimedAction>,
    /// Steps so far when the last action was done.
    steps_at_action: u64,
    unwatched: bool,

    /// What producers were told, where somebody checks that.
    acked: Option<Vec<Acked>>,

    pub(crate) trace: Trace,
    pub(crate) observer: Observer,
}

/// Bytes of a `.log` file that a broker needs before anything goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedLoad {
    pub node: i32,
    pub id: LoadId,
    pub load: Load,
}

/// What happens in the network at some time.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Something reaches that side.
    Parcel(LinkId, Side, Parcel),
    /// That side sends again what was dropped.
    Resend(LinkId, Side),
}

impl Cluster {
    /// Virtual ms since the start of the run.
    pub fn now(&self) -> i64 {
        self.now
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub fn boot(&self) -> u32 {
        self.boot
    }

    /// The boot that begins when this process is killed now and another takes its place. While the
    /// power is out nothing more can be cut: it is the boot that was to come anyway.
    pub fn next_boot(&self) -> u32 {
        self.boot + u32::from(!self.dark)
    }

    /// Whether the power is out.
    pub fn is_dark(&self) -> bool {
        self.dark
    }

    /// Events of the virtual world so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The scenario and the actions so far. Programs are the host's.
    pub fn recording(&self) -> Recording {
        Recording {
            actions: self.done.clone(),
            until: self.now,
            ..Recording::of(self.scenario.clone())
        }
    }

    /// The actions so far, in order.
    pub fn done(&self) -> &[TimedAction] {
        &self.done
    }

    /// Actions of a recording whose time has not come.
    pub fn upcoming(&self) -> impl ExactSizeIterator<Item = &TimedAction> {
        self.upcoming.iter()
    }

    pub fn trace_hash(&self) -> u64 {
        self.trace.hash().value()
    }

    /// Events since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<TraceEvent> {
        self.trace.take_events()
    }

    /// The brokers that run, for who checks what they hold.
    pub fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.values()
    }

    /// What members of groups believe to own.
    pub fn holdings(&self) -> impl Iterator<Item = Holding> {
        self.clients.values().filter_map(|client| match client {
            Client::Consumer(actor) => actor.holding(),
            _ => None,
        })
    }

    /// Keeps from now on what producers are told, for [`Cluster::take_acked`].
    pub fn keep_acked(&mut self) {
        self.acked.get_or_insert_default();
    }

    /// What producers were told since the last call.
    pub fn take_acked(&mut self) -> Vec<Acked> {
        self.acked.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Flights that departed since the last call, and how many records were in those left out.
    pub fn take_flights(&mut self) -> (Vec<Flight>, u64) {
        self.observer.watch.flights.take()
    }

    /// Virtual ms as Unix ms: what brokers and clients call now.
    pub(crate) fn unix(&self, virtual_ms: i64) -> i64 {
        self.scenario.epoch_ms + virtual_ms
    }
}
