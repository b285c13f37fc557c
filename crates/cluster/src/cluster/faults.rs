//! Faults of the network and of disks, as actions bring them about.

use super::Cluster;
use crate::network::Endpoint;
use konbini_broker::Input;
use konbini_client::Wire;
use konbini_log::{LogDir, StoreOp};
use konbini_scenario::Action;
use konbini_scenario::fault::{Effect, NetworkRule};
use konbini_scenario::snapshot::Who;
use konbini_trace::Event;
use std::collections::{BTreeMap, BTreeSet};

/// What a system says when a write fails.
const NO_SPACE: &str = "no space left on device";
const INPUT_OUTPUT: &str = "input/output error";

/// Logs whose appends a disk did not take, and why.
#[derive(Debug, Default)]
pub(super) struct Trouble(BTreeMap<LogDir, &'static str>);

impl Trouble {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an operation belongs to a log that has failed, or may tell of what it does not have: it is
    /// not carried out.
    pub(super) fn concerns(&self, op: &StoreOp) -> bool {
        self.0.contains_key(op.dir()) || !self.is_empty() && op.dir().is_root()
    }

    pub(super) fn failed(&mut self, op: &StoreOp, reason: &'static str) {
        self.0.insert(op.dir().clone(), reason);
    }
}

impl Cluster {
    /// Carries out an action about brokers, disks or the network; others are not for here.
    pub(super) fn break_or_mend(&mut self, action: &Action) {
        match action {
            Action::StopBroker { broker } => self.stop_broker(*broker),
            Action::KillBroker { broker } => self.kill_broker(*broker),
            Action::CutBrokerPower { broker } => self.cut_power_of(*broker),
            Action::StartBroker { broker } => self.start_broker(*broker),
            Action::WipeDisk { broker } => self.wipe_disk(*broker),
            Action::FillDisk { broker } => {
                let event = Event::warn("disk-full").with("broker", *broker);
                self.tell_event(Who::Broker(*broker), event);
            }
            Action::FreeDisk { broker } => {
                let event = Event::info("disk-freed").with("broker", *broker);
                self.tell_event(Who::Broker(*broker), event);
            }
            Action::FailDisk {
                broker,
                topic,
                partition,
            } => self.fail_disk(*broker, topic.as_deref().zip(*partition)),
            Action::SlowBroker { broker, ms } => {
                let event = Event::info("broker-slowed").with("broker", *broker);
                self.tell_event(Who::Broker(*broker), event.with("ms", i64::from(*ms)));
            }
            Action::SkewClock { broker, ms } => self.skew_clock(*broker, *ms),
            Action::CutNetwork(rule) => self.rule_made(rule),
            Action::RemoveRule { name } => {
                self.tell_event(
                    Who::Cluster,
                    Event::info("rule-removed").with("rule", name.as_str()),
                );
                self.tell_admin_whom_to_expect();
            }
            Action::Heal => {
                self.tell_event(Who::Cluster, Event::info("network-healed"));
                self.tell_admin_whom_to_expect();
            }
            _ => {}
        }
    }

    fn rule_made(&mut self, rule: &NetworkRule) {
        let event = match rule.effect {
            Effect::Cut => Event::warn("network-cut"),
            Effect::Drop { percent } => {
                Event::warn("network-drops").with("percent", i64::from(percent))
            }
            Effect::Delay { ms, jitter } => Event::warn("network-delays")
                .with("ms", i64::from(ms))
                .with("jitter", i64::from(jitter)),
        };
        self.tell_event(Who::Cluster, event.with("rule", rule.name.as_str()));
        self.tell_admin_whom_to_expect();
    }

    fn wipe_disk(&mut self, id: i32) {
        let ops = self.platters.entry(id).or_default().wipe();
        ops.into_iter().for_each(|op| self.store(id, op));
        self.tell_event(
            Who::Broker(id),
            Event::warn("disk-wiped").with("broker", id),
        );
    }

    /// Whether a broker has a replica of a partition on its disk.
    pub(super) fn has_log(&self, id: i32, topic: &str, partition: i32) -> bool {
        let broker = self.brokers.get(&id);
        broker.is_some_and(|broker| broker.replica(topic, partition).is_some())
    }

    fn fail_disk(&mut self, id: i32, log: Option<(&str, i32)>) {
        let event = Event::error("disk-failed").with("broker", id);
        let dirs: Vec<LogDir> = match log {
            Some((topic, partition)) => vec![LogDir::new(topic, partition)],
            None => {
                self.machine_mut(id).disk_broken = true;
                let replicas = self.brokers.get(&id).into_iter();
                let replicas = replicas.flat_map(|broker| broker.replicas());
                replicas
                    .map(|replica| replica.log().dir().clone())
                    .collect()
            }
        };
        self.machine_mut(id).disk_failed = true;
        self.tell_event(Who::Broker(id), event.with("logs", dirs.len() as i64));
        for dir in dirs {
            let (dir, reason) = (Some(dir), INPUT_OUTPUT.to_owned());
            self.hand_broker(id, Input::StoreFailed { dir, reason }, false);
        }
    }

    /// Why a broker's disk does not take an operation. Small files are replaced where they lie,
    /// and what makes a log shorter needs no room.
    pub(super) fn disk_refuses(&self, id: i32, op: &StoreOp) -> Option<&'static str> {
        if !matches!(op, StoreOp::Append { .. }) {
            return None;
        }
        if self.stage.machines.of(id).full {
            return Some(NO_SPACE);
        }
        let spared = op.dir().0 == crate::platter::METADATA_DIR;
        (self.machine(id).disk_broken && !spared).then_some(INPUT_OUTPUT)
    }

    /// Tells a broker what its disk did not take.
    pub(super) fn disk_failed(&mut self, id: i32, trouble: Trouble) {
        self.machine_mut(id).disk_failed |= trouble.0.values().any(|why| *why == INPUT_OUTPUT);
        self.held.entry(Endpoint::Broker(id)).or_default().untrue = true;
        for (dir, reason) in trouble.0 {
            let (dir, reason) = (Some(dir), reason.to_owned());
            self.hand_broker(id, Input::StoreFailed { dir, reason }, false);
        }
    }

    /// What a broker said in a step in which an append failed may tell of what is not stored. It
    /// is not sent: the connections break instead, and who asked asks again.
    pub(super) fn take_back(&mut self, id: i32, wires: Vec<Wire>) -> Vec<Wire> {
        let mut broken = BTreeSet::new();
        let mut kept = Vec::new();
        for wire in wires {
            match wire {
                Wire::Send(conn, _) => drop(broken.insert(conn)),
                other => kept.push(other),
            }
        }
        for conn in broken {
            kept.push(Wire::Close(conn));
            self.hand_broker(id, Input::Closed(conn), false);
        }
        kept
    }
}
