//! Power on and power out, for everything at once.

use super::{Boot, Cluster};
use crate::actor::Client;
use crate::actor::admin::AdminActor;
use crate::address::Addresses;
use crate::chance::{Chance, salt};
use crate::network::{Endpoint, Network};
use crate::observe::Observer;
use crate::platter::Platter;
use crate::queue::Queue;
use crate::stage::Stage;
use crate::trace::Trace;
use crate::wakes::Wakes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use konbini_broker::{BrokerConfig, Voter};
use konbini_client::HostPort;
use konbini_log::{DiskImage, LogDir};
use konbini_scenario::snapshot::Who;
use konbini_scenario::spec::TopicSpec;
use konbini_scenario::{Action, Cast, Invalid, Recording, Scenario, TimedAction};
use konbini_trace::{Event, TraceHash};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The number of the admin client, the first of all.
pub(super) const ADMIN: u32 = 0;

/// Kafka's default of `offsets.topic.replication.factor` and `transaction.state.log.replication.factor`.
const INTERNAL_REPLICAS: u32 = 3;
/// Kafka's default of `transaction.state.log.min.isr`.
const TRANSACTION_MIN_ISR: u32 = 2;

/// Virtual ms within which the scenario's topics were made for certain.
const SET_UP_MS: i64 = 120_000;

impl Cluster {
    /// Powers a cluster on: for the first time, or with what its disks kept.
    ///
    /// # Errors
    /// The scenario or an action is not valid.
    pub fn new(scenario: Scenario, boot: Boot<'_>) -> Result<Cluster, Invalid> {
        let recording = Recording {
            actions: boot.actions.to_vec(),
            until: boot.now.max(0),
            ..Recording::of(scenario)
        };
        recording.validate()?;
        let Recording {
            scenario, actions, ..
        } = recording;
        let number = boot.boot.max(1);
        let mut done = actions;
        let upcoming = VecDeque::from(done.split_off(boot.done.min(done.len())));
        let hash = boot.trace_hash.unwrap_or(scenario.seed);
        let mut cluster = Cluster {
            now: boot.now.max(0),
            boot: number,
            steps: 0,
            dark: true,
            brokers: BTreeMap::new(),
            machines: BTreeMap::new(),
            platters: BTreeMap::new(),
            clients: BTreeMap::new(),
            client_numbers: 0,
            producers: BTreeMap::new(),
            consumers: BTreeMap::new(),
            retiring: Vec::new(),
            outside: super::outside::Outside::new(boot.sockets.connections_max, number),
            addresses: Addresses {
                advertised: boot.sockets.advertised,
            },
            network: Network::new(scenario.network.clone(), scenario.seed, number),
            arrivals: Queue::new(),
            wakes: Wakes::default(),
            held: BTreeMap::new(),
            wanted: VecDeque::new(),
            delayed: BTreeMap::new(),
            troubles: BTreeMap::new(),
            store_ops: Vec::new(),
            flushes: BTreeSet::new(),
            stage: Stage::of(&scenario),
            cast: Cast::of(&scenario)?,
            done: Vec::new(),
            upcoming,
            steps_at_action: 0,
            unwatched: boot.unwatched,
            acked: None,
            trace: match boot.unwatched {
                false => Trace::new(TraceHash::start(hash)),
                true => Trace::without_hash(),
            },
            observer: Observer::default(),
            scenario,
        };
        cluster.remember(done)?;
        cluster.start(boot.disks);
        Ok(cluster)
    }

    /// Folds in what was done before the power went, and the power cut itself.
    fn remember(&mut self, done: Vec<TimedAction>) -> Result<(), Invalid> {
        for timed in done {
            self.cast.fold(&timed.action)?;
            self.stage.fold(&timed.action);
            self.done.push(timed);
        }
        let cuts = self
            .done
            .iter()
            .filter(|timed| timed.action == Action::PowerCut)
            .count();
        // A page that was closed did not write down that it lost its power.
        for _ in cuts + 1..self.boot as usize {
            let cut = TimedAction {
                at: self.now,
                action: Action::PowerCut,
            };
            self.stage.fold(&cut.action);
            self.fold_into_hash(&cut);
            self.done.push(cut);
        }
        Ok(())
    }

    /// Everything loses its power. [`Progress::Dark`](super::Progress::Dark) until it is back.
    pub(super) fn power_out(&mut self) {
        self.dark = true;
        self.boot += 1;
        self.brokers.clear();
        self.machines.clear();
        self.platters.clear();
        self.clients.clear();
        self.producers.clear();
        self.consumers.clear();
        self.retiring.clear();
        self.outside.power_out(self.boot);
        self.arrivals.clear();
        self.wakes.clear();
        self.held.clear();
        self.wanted.clear();
        self.delayed.clear();
        self.troubles.clear();
        self.observer.power_out();
        let seed = self.scenario.seed;
        self.network = Network::new(self.scenario.network.clone(), seed, self.boot);
        self.tell_event(Who::Cluster, Event::warn("power-cut"));
    }

    /// Brings the power back after a power cut, with what the disks kept: everything that
    /// [`take_store_ops`](Cluster::take_store_ops) gave out. Does nothing while the power is on.
    pub fn power_on(&mut self, disks: BTreeMap<i32, DiskImage>) {
        if self.dark {
            self.start(disks);
        }
    }

    fn start(&mut self, mut disks: BTreeMap<i32, DiskImage>) {
        self.dark = false;
        let event = Event::info("power-on").with("boot", i64::from(self.boot));
        self.tell_event(Who::Cluster, event);
        let now = self.unix(self.now);
        let topics = self.topics_to_make(&disks);
        for id in broker_ids(&self.scenario) {
            let image = disks.remove(&id).unwrap_or_default();
            self.platters.insert(id, Platter::of(image));
            match self.stage.machines.of(id).down {
                None => self.boot_broker(id),
                why => self.machine_mut(id).down = why,
            }
        }
        self.client_numbers = ADMIN;
        let admin = AdminActor::new(
            self.expected_brokers(),
            topics,
            self.bootstrap(),
            self.chance_of_client(ADMIN).next(),
            now,
        );
        self.spawn(Client::Admin(admin));
        self.settle();
    }

    /// The scenario's topics on a first start. Later they are on the disks, unless the power went
    /// before they were made.
    fn topics_to_make(&self, disks: &BTreeMap<i32, DiskImage>) -> Vec<TopicSpec> {
        if self.boot > 1 && self.now > SET_UP_MS {
            return Vec::new();
        }
        let missing = |topic: &&TopicSpec| {
            let dir = LogDir::new(&topic.name, 0);
            !disks.values().any(|disk| disk.dirs.contains_key(&dir))
        };
        let topics = self.stage.topics.iter();
        topics.filter(missing).cloned().collect()
    }

    pub(crate) fn broker_config(&self, id: i32) -> BrokerConfig {
        // Never the same for two processes of one broker.
        let incarnation = u64::from(self.boot) + u64::from(self.stage.machines.of(id).starts);
        let salt = [salt::BROKER, id.unsigned_abs().into(), incarnation];
        let voters = broker_ids(&self.scenario).map(|id| {
            let HostPort { host, port } = self.addresses.of(id);
            Voter { id, host, port }
        });
        // As those do who set up a small cluster: Kafka's own defaults need three brokers.
        let mut configs = self.scenario.broker_configs.clone();
        for (name, most) in [
            ("offsets.topic.replication.factor", INTERNAL_REPLICAS),
            (
                "transaction.state.log.replication.factor",
                INTERNAL_REPLICAS,
            ),
            ("transaction.state.log.min.isr", TRANSACTION_MIN_ISR),
        ] {
            let fitting = self.scenario.brokers.min(most).to_string();
            configs.entry(name.to_owned()).or_insert(fitting);
        }
        let HostPort { host, port } = self.addresses.of(id);
        BrokerConfig {
            node_id: id,
            cluster_id: cluster_id(self.scenario.seed),
            incarnation,
            seed: Chance::new(self.scenario.seed, &salt).next(),
            host,
            port,
            rack: None,
            voters: voters.collect(),
            configs,
        }
    }

    /// Takes a new client onto the stage and lets it begin; returns its number.
    pub(super) fn spawn(&mut self, client: Client) -> u32 {
        let number = self.client_numbers;
        self.client_numbers += 1;
        self.clients.insert(number, client);
        self.work(number);
        number
    }

    /// Lets a client do what is due now.
    pub(super) fn work(&mut self, number: u32) {
        let now = self.unix(self.now);
        let endpoint = Endpoint::Client(number);
        if let Some(client) = self.clients.get_mut(&number) {
            client.work(now, self.held.entry(endpoint).or_default());
        }
        self.watch_timer_of_client(number, false);
    }

    /// Where clients first look for the cluster.
    pub(super) fn bootstrap(&self) -> Vec<HostPort> {
        let ids = broker_ids(&self.scenario);
        ids.map(|id| self.addresses.of(id)).collect()
    }

    /// A seed for one client of this boot.
    pub(super) fn chance_of_client(&self, number: u32) -> Chance {
        let salt = [salt::CLIENT, self.boot.into(), number.into()];
        Chance::new(self.scenario.seed, &salt)
    }
}

fn broker_ids(scenario: &Scenario) -> impl Iterator<Item = i32> + use<> {
    1..=i32::try_from(scenario.brokers).unwrap_or(0)
}

/// 16 bytes as base64url, as `kafka-storage random-uuid` writes them.
fn cluster_id(seed: u64) -> String {
    let mut chance = Chance::new(seed, &[]);
    let bytes = [chance.next().to_be_bytes(), chance.next().to_be_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}
