//! The loop that drives the cluster with the wall clock, on a thread of its own.
//!
//! Whatever has come from the sockets is handed over together, the cluster runs up to the present
//! millisecond, its store operations are carried out, and only then do its answers leave (output
//! commit). Everything that arrives while files are written is in the next round: the busier it is,
//! the more share one write.

mod stores;

use crate::connection::Handle;
use crate::data::Data;
use crate::events;
use crate::heap;
use crate::metrics::{Counters, Figures};
use crate::options::{Options, Place};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use konbini_client::HostPort;
use konbini_cluster::{Boot, Cluster, ExternalId, ExternalOutput, Progress, Sockets};
use konbini_scenario::fault::DownWhy;
use konbini_scenario::snapshot::BrokerView;
use konbini_scenario::spec::NetworkSpec;
use konbini_scenario::{Action, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stores::Stores;
use tokio::sync::{oneshot, watch};
use tracing::{info, warn};

/// Steps of the cluster between two commits.
const STEPS_PER_COMMIT: u64 = 10_000;
/// Messages from sockets that are taken in one round.
const MESSAGES_PER_ROUND: usize = 4_096;
/// Bytes of a connection that may wait at its broker before less is read from its socket.
const BACKLOG_BYTES: usize = 1024 * 1024;
/// Bytes of answers that a client may leave untaken before less is read from its socket.
const UNWRITTEN_BYTES: usize = 8 * 1024 * 1024;
/// How long clients wait for brokers that start, at the most.
const START_WITHIN: Duration = Duration::from_secs(10);
/// How long the brokers have to hand over and stop.
const STOP_WITHIN: Duration = Duration::from_secs(30);
/// How long the thread sleeps at the most.
const NAP: Duration = Duration::from_millis(500);
/// How often bytes leave the memory: every log is asked.
const EVICT_EVERY: Duration = Duration::from_millis(100);
/// Log bytes that nobody used for so long leave the memory, and after twice as long at the latest.
const UNUSED: Duration = Duration::from_secs(5);
/// Less than so many bytes received in that time is no load that could not wait for some milliseconds.
const QUIET_BYTES: u64 = 64 * 1024 * 1024;
/// How soon it looks again at clients that do not take their answers.
const STALLED_NAP: Duration = Duration::from_millis(10);

/// Names a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u64);

/// What the sockets tell the engine.
pub enum Message {
    Opened(i32, Key, Handle),
    Received(Key, Bytes),
    Closed(Key),
    Figures(oneshot::Sender<Figures>),
    /// How are the brokers?
    Brokers(oneshot::Sender<Vec<BrokerView>>),
    /// Something is to happen to one of them; the answer is why it cannot.
    Control(Action, oneshot::Sender<Result<(), String>>),
    /// Stop in order.
    Stop,
}

struct Connection {
    id: ExternalId,
    handle: Handle,
    /// Credits that are to be given back to its reader.
    owed: usize,
}

/// The cluster, its files, and who is connected.
pub struct Engine {
    cluster: Cluster,
    stores: Stores,
    addresses: BTreeMap<i32, HostPort>,
    connections: BTreeMap<Key, Connection>,
    keys: BTreeMap<ExternalId, Key>,
    /// Connections whose readers are owed credits.
    owing: BTreeSet<Key>,
    cache_bytes: usize,
    evicted: Instant,
    swept: Instant,
    /// Log bytes have left since free memory went back to the system.
    freed: bool,
    /// Bytes that had been received when unused log bytes left.
    received_before: u64,
    zero: Instant,
    /// What came from clients while the brokers start: nobody is told that a broker is not there yet.
    early: Option<Vec<Message>>,
    /// When everything has to be over.
    stop_by: Option<Instant>,
    counters: Counters,
    broker_epochs: BTreeMap<i32, i64>,
    /// The brokers that can be connected to.
    running: watch::Sender<BTreeSet<i32>>,
    /// Held for as long as the process uses the directory.
    _data: Option<Data>,
}

impl Engine {
    /// Powers the cluster on with what its directory holds.
    ///
    /// # Errors
    /// The directory cannot be used, or a setting cannot be what it is.
    pub fn start(options: &Options, addresses: BTreeMap<i32, HostPort>) -> Result<Engine> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let zero = Instant::now();
        // A seed is a whole number that scripts can hold exactly, as in scenarios.
        let fresh_seed = (since.as_nanos() as u64) & konbini_scenario::limit::SEED_MAX;
        let data = match &options.place {
            Place::Memory => None,
            Place::Directory(root) => {
                Some(Data::open(root, options.brokers, options.seed, fresh_seed)?)
            }
        };
        let seed = match &data {
            Some(data) => data.about.seed,
            None => options.seed.unwrap_or(fresh_seed),
        };
        let (stores, disks) = match &data {
            None if options.control.is_some() => (Stores::kept(), BTreeMap::new()),
            None => (Stores::memory(), BTreeMap::new()),
            Some(data) => Stores::open(data, options)?,
        };
        let scenario = Scenario {
            name: "konbini".to_owned(),
            seed,
            epoch_ms: i64::try_from(since.as_millis())?,
            brokers: options.brokers,
            broker_configs: options.configs.clone(),
            network: NetworkSpec {
                latency_ms: 0,
                jitter_ms: 0,
            },
            topics: Vec::new(),
            producers: Vec::new(),
            consumers: Vec::new(),
        };
        let boot = Boot {
            boot: data.as_ref().map_or(1, |data| data.about.boot),
            disks,
            sockets: Sockets {
                advertised: addresses.clone(),
                connections_max: options.max_connections,
            },
            unwatched: true,
            ..Boot::default()
        };
        let cluster = Cluster::new(scenario, boot).context("the cluster cannot start")?;
        stores.identify(&cluster)?;
        Ok(Engine {
            cluster,
            stores,
            connections: BTreeMap::new(),
            keys: BTreeMap::new(),
            owing: BTreeSet::new(),
            cache_bytes: options.cache_bytes,
            evicted: zero,
            swept: zero,
            freed: false,
            received_before: 0,
            zero,
            early: Some(Vec::new()),
            stop_by: None,
            counters: Counters::default(),
            broker_epochs: BTreeMap::new(),
            running: watch::Sender::new(addresses.keys().copied().collect()),
            addresses,
            _data: data,
        })
    }

    /// Tells which brokers run, whenever one stops or starts.
    pub fn running(&self) -> watch::Receiver<BTreeSet<i32>> {
        self.running.subscribe()
    }

    /// Runs until everybody was told to stop and has stopped.
    ///
    /// # Errors
    /// The cluster cannot go on.
    pub fn run(mut self, messages: &Receiver<Message>) -> Result<()> {
        loop {
            self.round()?;
            if self.has_stopped() {
                self.end();
                return Ok(());
            }
            match messages.recv_timeout(self.nap()) {
                Ok(first) => {
                    self.take(first);
                    for message in messages.try_iter().take(MESSAGES_PER_ROUND) {
                        self.take(message);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("the sockets are gone"),
            }
        }
    }

    /// Nobody is left to take over from the brokers that still run.
    fn end(&mut self) {
        self.cluster.halt();
        self.commit();
        let brokers = self.cluster.broker_views().into_iter();
        let in_order = brokers.filter(|broker| broker.down == Some(DownWhy::Stopped));
        let ids = in_order.map(|broker| broker.id);
        let epochs = &self.broker_epochs;
        let stopped = ids.filter_map(|id| Some((id, *epochs.get(&id)?)));
        self.stores.close(&stopped.collect());
        info!("stopped");
    }

    /// Whether a stop was asked for and has come to its end. Once fewer brokers run than a majority of
    /// the quorum, nobody is left who could take over from the rest.
    fn has_stopped(&self) -> bool {
        let majority = self.addresses.len() / 2 + 1;
        let running = self.cluster.brokers().count();
        self.stop_by
            .is_some_and(|by| running < majority || Instant::now() >= by)
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.zero.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// How long nothing is due.
    fn nap(&self) -> Duration {
        let most = if self.owing.is_empty() {
            NAP
        } else {
            STALLED_NAP
        };
        let Some(at) = self.cluster.next_at() else {
            return most;
        };
        let at = Duration::from_millis(u64::try_from(at).unwrap_or(0));
        at.saturating_sub(self.zero.elapsed()).min(most)
    }

    /// Lets clients in once each broker knows that all are there.
    fn open(&mut self) {
        if self.early.is_none() {
            return;
        }
        let after_ms = self.now_ms();
        if self.knows_all() {
            info!(after_ms, "ready");
        } else if self.zero.elapsed() >= START_WITHIN {
            warn!(after_ms, "not all brokers are up: clients are let in");
        } else {
            return;
        }
        let early = self.early.take().into_iter().flatten();
        early.for_each(|message| self.take(message));
    }

    fn knows_all(&self) -> bool {
        let knows = |id: &i32| {
            let mut brokers = self.cluster.brokers();
            brokers.all(|broker| broker.metadata().is_alive(*id))
        };
        let all = self.cluster.brokers().count() == self.addresses.len();
        all && self.addresses.keys().all(knows)
    }

    fn take(&mut self, message: Message) {
        use Message::{Closed, Opened, Received};
        if let Some(early) = &mut self.early
            && matches!(message, Opened(..) | Received(..) | Closed(_))
        {
            return early.push(message);
        }
        match message {
            Message::Opened(broker, key, handle) => self.opened(broker, key, handle),
            Message::Received(key, bytes) => {
                self.counters.received_bytes += bytes.len() as u64;
                if let Some(connection) = self.connections.get_mut(&key) {
                    connection.owed += 1;
                    self.owing.insert(key);
                    self.cluster.send(connection.id, bytes);
                }
            }
            Message::Closed(key) => {
                if let Some(connection) = self.forget(key) {
                    self.cluster.close(connection.id);
                }
            }
            Message::Figures(to) => {
                to.send(self.figures()).ok();
            }
            Message::Brokers(to) => {
                to.send(self.cluster.broker_views()).ok();
            }
            Message::Control(action, to) => {
                self.note_epochs();
                let applied = self.cluster.apply(action);
                to.send(applied.map_err(|refused| refused.to_string())).ok();
            }
            Message::Stop => self.stop(),
        }
    }

    fn opened(&mut self, broker: i32, key: Key, handle: Handle) {
        let address = &self.addresses[&broker];
        match self.cluster.connect(&address.host, address.port) {
            Ok(id) => {
                self.counters.accepted += 1;
                self.keys.insert(id, key);
                let owed = 0;
                let connection = Connection { id, handle, owed };
                self.connections.insert(key, connection);
            }
            // Dropping its end closes the connection.
            Err(refused) => warn!(broker, %refused, "a connection is refused"),
        }
    }

    fn forget(&mut self, key: Key) -> Option<Connection> {
        let connection = self.connections.remove(&key)?;
        self.keys.remove(&connection.id);
        self.owing.remove(&key);
        Some(connection)
    }

    /// Runs up to now, stores, tells.
    fn round(&mut self) -> Result<()> {
        let now = self.now_ms();
        loop {
            let progress = self.cluster.run_until(now, STEPS_PER_COMMIT);
            self.commit();
            match progress {
                Progress::Reached => break,
                Progress::OutOfSteps => {}
                Progress::Blocked => self.load(),
                Progress::Dark => bail!("the cluster has no power"),
            }
        }
        for told in self.cluster.take_events() {
            events::log(&told, self.stop_by.is_some());
        }
        if self.stores.can_load() {
            self.evict();
        }
        self.give_back();
        self.open();
        Ok(())
    }

    /// Takes log bytes out of memory: the files have them.
    fn evict(&mut self) {
        if self.evicted.elapsed() >= EVICT_EVERY {
            self.cluster.evict(self.cache_bytes);
            self.evicted = Instant::now();
        }
        if self.swept.elapsed() >= UNUSED {
            self.freed |= self.cluster.evict_unused() > 0;
            let received = self.counters.received_bytes;
            if self.freed && received - self.received_before < QUIET_BYTES {
                heap::give_back();
                self.freed = false;
            }
            self.received_before = received;
            self.swept = Instant::now();
        }
    }

    /// Carries out what the brokers want stored, then tells the connections what they are told.
    fn commit(&mut self) {
        let ops = self.cluster.take_store_ops();
        let flushes = self.cluster.take_flushes();
        let failures = self.stores.commit(&ops, flushes, &mut self.counters);
        let told = self.cluster.take_external();
        // Before its clients hear that a broker is gone, and connect again.
        self.tell_running();
        if failures.is_empty() {
            for (id, output) in told {
                self.tell(id, output);
            }
            return;
        }
        // What was said may follow from what could not be stored: nobody hears of it.
        for (id, _) in told {
            if let Some(key) = self.keys.get(&id).copied() {
                self.forget(key);
                self.cluster.close(id);
            }
        }
        for failure in failures {
            warn!(broker = failure.broker, dir = %failure.dir, reason = failure.reason, "a log cannot be written");
            let dir = Some(failure.dir);
            self.cluster
                .store_failed(failure.broker, dir, failure.reason);
        }
    }

    fn tell_running(&self) {
        let now = || self.cluster.brokers().map(|broker| broker.node_id());
        self.running.send_if_modified(|before| {
            let changed = !before.iter().copied().eq(now());
            if changed {
                *before = now().collect();
            }
            changed
        });
    }

    fn tell(&mut self, id: ExternalId, output: ExternalOutput) {
        let Some(key) = self.keys.get(&id).copied() else {
            return;
        };
        match output {
            ExternalOutput::Connected => {}
            ExternalOutput::Received(bytes) => {
                self.counters.sent_bytes += bytes.len() as u64;
                if let Some(connection) = self.connections.get(&key) {
                    connection.handle.answer(bytes);
                }
            }
            ExternalOutput::Closed => {
                self.forget(key);
            }
        }
    }

    fn load(&mut self) {
        let wanted: Vec<_> = self.cluster.wanted_loads().cloned().collect();
        for wanted in wanted {
            self.counters.loads += 1;
            let result = self.stores.load(wanted.node, &wanted.load);
            self.cluster.loaded(wanted.node, wanted.id, result);
        }
    }

    /// Lets readers go on whose connections keep up.
    fn give_back(&mut self) {
        let (cluster, connections) = (&self.cluster, &mut self.connections);
        self.owing.retain(|key| {
            let Some(connection) = connections.get_mut(key) else {
                return false;
            };
            let keeps_up = cluster.backlog_bytes(connection.id) <= BACKLOG_BYTES
                && connection.handle.unwritten_bytes() <= UNWRITTEN_BYTES;
            if keeps_up {
                connection
                    .handle
                    .give_back(std::mem::take(&mut connection.owed));
            }
            !keeps_up
        });
    }

    /// Lets each broker hand over what it leads and stop; who does not come to an end is left.
    fn stop(&mut self) {
        if self.stop_by.is_some() {
            return;
        }
        self.stop_by = Some(Instant::now() + STOP_WITHIN);
        self.note_epochs();
        let ids: Vec<i32> = self
            .cluster
            .brokers()
            .map(|broker| broker.node_id())
            .collect();
        for broker in ids {
            if let Err(refused) = self.cluster.apply(Action::StopBroker { broker }) {
                warn!(broker, %refused, "not stopped");
            }
        }
    }

    /// A broker that has stopped cannot be asked any more.
    fn note_epochs(&mut self) {
        let brokers = self.cluster.brokers();
        let known = brokers.filter_map(|broker| Some((broker.node_id(), broker.broker_epoch()?)));
        self.broker_epochs.extend(known);
    }

    fn figures(&self) -> Figures {
        Figures::of(&self.cluster, self.connections.len(), &self.counters)
    }
}
