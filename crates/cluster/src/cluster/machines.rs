//! Brokers as processes on machines: they end, start again, lose their power; their clocks are off.

use super::Cluster;
use super::boot::ADMIN;
use crate::actor::Client;
use crate::network::Endpoint;
use konbini_broker::{Broker, Input};
use konbini_scenario::fault::DownWhy;
use konbini_scenario::snapshot::Who;
use konbini_scenario::{Action, Invalid};
use konbini_trace::Event;

/// What happened to a machine since the power is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Why its process does not run.
    pub(crate) down: Option<DownWhy>,
    /// A controlled shutdown is under way.
    pub(crate) stopping: bool,
    /// It is to start again when that is over.
    start_again: bool,
    /// Something of its disk failed since the process started.
    pub(crate) disk_failed: bool,
    /// All of its disk but the metadata log fails, until the process starts again.
    pub(super) disk_broken: bool,
    /// Unix ms that its broker was told last: a clock that is set back stands still for a while.
    told: i64,
}

impl Cluster {
    pub(crate) fn machine(&self, id: i32) -> Machine {
        self.machines.get(&id).copied().unwrap_or_default()
    }

    pub(super) fn machine_mut(&mut self, id: i32) -> &mut Machine {
        self.machines.entry(id).or_default()
    }

    /// Whether nothing can reach a machine.
    pub(super) fn is_unpowered(&self, id: i32) -> bool {
        self.machine(id).down == Some(DownWhy::PowerCut)
    }

    /// Unix ms as a broker's own clock shows them; never less than before.
    pub(crate) fn clock_of(&self, id: i32) -> i64 {
        let shown = self.unix(self.now) + self.stage.machines.of(id).skew_ms;
        self.machine(id).told.max(shown)
    }

    /// The same, for something that a broker is about to be told.
    pub(super) fn tell_time(&mut self, id: i32) -> i64 {
        let now = self.clock_of(id);
        self.machine_mut(id).told = now;
        now
    }

    /// Why an action about a machine makes no sense now, for what only the run knows.
    pub(super) fn refuses(&self, action: &Action) -> Option<Invalid> {
        let refuse = |code, broker: &i32, was: &str, allowed: &str| {
            let was = format!("is {broker}, which {was}");
            Some(Invalid::new(code, "action.broker", &was, allowed))
        };
        let runs = |id: &i32| self.machine(*id).down.is_none();
        match action {
            Action::StopBroker { broker } if self.machine(*broker).stopping => refuse(
                "broker-stopping",
                broker,
                "shuts down already",
                "wait, or kill it",
            ),
            Action::StopBroker { broker }
            | Action::KillBroker { broker }
            | Action::CutBrokerPower { broker }
            | Action::FailDisk { broker, .. }
                if !runs(broker) =>
            {
                refuse("broker-down", broker, "is down", "start it first")
            }
            Action::StartBroker { broker } if runs(broker) && !self.machine(*broker).stopping => {
                let allowed = "stop it, kill it or cut its power first";
                refuse("broker-runs", broker, "runs", allowed)
            }
            Action::WipeDisk { broker } if runs(broker) => {
                let allowed = "stop it, kill it or cut its power first";
                refuse("disk-in-use", broker, "runs on its disk", allowed)
            }
            Action::FailDisk {
                broker,
                topic: Some(topic),
                partition: Some(partition),
            } if !self.has_log(*broker, topic, *partition) => {
                let was = format!("has no log {topic}-{partition}");
                refuse(
                    "no-such-log",
                    broker,
                    &was,
                    "only a log that is there can fail",
                )
            }
            _ => None,
        }
    }

    pub(super) fn stop_broker(&mut self, id: i32) {
        self.machine_mut(id).stopping = true;
        self.tell_event(
            Who::Broker(id),
            Event::info("broker-stopping").with("broker", id),
        );
        self.hand_broker(id, Input::ShutDown, false);
    }

    /// Ends every broker that still runs, with its logs closed: for a host that ends itself.
    pub fn halt(&mut self) {
        let ids: Vec<i32> = self.brokers.keys().copied().collect();
        for id in ids {
            let machine = self.machine_mut(id);
            machine.stopping = true;
            machine.start_again = false;
            self.hand_broker(id, Input::Halt, false);
        }
        self.settle();
    }

    pub(super) fn kill_broker(&mut self, id: i32) {
        self.tell_event(
            Who::Broker(id),
            Event::warn("broker-killed").with("broker", id),
        );
        self.take_down(id, DownWhy::Killed);
    }

    pub(super) fn cut_power_of(&mut self, id: i32) {
        let now = self.now;
        let platter = self.platters.entry(id).or_default();
        let lost = platter.unflushed_bytes(now);
        let lost = i64::try_from(lost).unwrap_or(i64::MAX);
        let event = Event::warn("broker-power-lost").with("broker", id);
        let event = event.with("bytes", lost);
        self.tell_event(Who::Broker(id), event.because_of("flush.messages"));
        let ops = self.platters.entry(id).or_default().power_cut(now);
        self.take_down(id, DownWhy::PowerCut);
        ops.into_iter().for_each(|op| self.store(id, op));
    }

    /// A process ended by itself: after a controlled shutdown, or because it could not go on.
    pub(super) fn process_ended(&mut self, id: i32) {
        if !self.brokers.contains_key(&id) {
            return;
        }
        let start_again = self.machine(id).start_again;
        let (why, event) = match self.machine(id).stopping {
            true => (DownWhy::Stopped, Event::info("broker-stopped")),
            false => (DownWhy::Failed, Event::error("broker-halted")),
        };
        self.tell_event(Who::Broker(id), event.with("broker", id));
        if why == DownWhy::Stopped {
            self.platters.entry(id).or_default().flush();
        }
        self.take_down(id, why);
        if start_again {
            self.start_broker(id);
        }
    }

    /// The process is gone. Its system closes its connections, unless the system is gone too.
    fn take_down(&mut self, id: i32, why: DownWhy) {
        let endpoint = Endpoint::Broker(id);
        self.brokers.remove(&id);
        self.held.remove(&endpoint);
        self.wakes.set(endpoint, None);
        debug_assert!(
            self.wanted.is_empty(),
            "nothing ends while a load is wanted"
        );
        let machine = self.machine_mut(id);
        machine.down = Some(why);
        machine.stopping = false;
        machine.start_again = false;
        for end in self.network.ends_of(endpoint) {
            match (why, self.network.find(end)) {
                (DownWhy::PowerCut, Some((link, side))) => self.vanish(link, side),
                _ => self.hang_up(end),
            }
        }
        self.tell_admin_whom_to_expect();
    }

    pub(super) fn start_broker(&mut self, id: i32) {
        if self.machine(id).stopping {
            self.machine_mut(id).start_again = true;
            return;
        }
        self.tell_event(
            Who::Broker(id),
            Event::info("broker-started").with("broker", id),
        );
        self.boot_broker(id);
        self.tell_admin_whom_to_expect();
    }

    /// A new process, from what the disk holds.
    pub(super) fn boot_broker(&mut self, id: i32) {
        let told = self.machine(id).told;
        self.machines.insert(
            id,
            Machine {
                told,
                ..Machine::default()
            },
        );
        let now = self.tell_time(id);
        let image = self.platters.entry(id).or_default().image().clone();
        let broker = Broker::new(self.broker_config(id), now, image);
        self.brokers.insert(id, broker);
        self.drain_broker(id, false);
    }

    pub(super) fn skew_clock(&mut self, id: i32, ms: i64) {
        let event = Event::warn("clock-skewed").with("broker", id);
        self.tell_event(Who::Broker(id), event.with("ms", ms));
        // Its timers are due at other times now.
        self.drain_broker(id, false);
    }

    /// How many brokers the set-up waits for: those that can come.
    pub(super) fn expected_brokers(&self) -> usize {
        let running = self.brokers.len();
        match self.stage.weather.has_rules() {
            // Who is cut off may never come.
            true => running.min(1),
            false => running,
        }
    }

    pub(super) fn tell_admin_whom_to_expect(&mut self) {
        let expected = self.expected_brokers();
        if let Some(Client::Admin(admin)) = self.clients.get_mut(&ADMIN) {
            admin.expect(expected);
        }
    }
}
