//! Checks of what faults say by themselves.

use super::Invalid;
use super::action::place_in_log;
use super::field::{self, Checked, within};
use crate::action::Action;
use crate::fault::{Effect, NetworkRule, Party};
use crate::limit;

impl Action {
    /// The part of [`Action::validate`] about what breaks and mends; all else is right.
    pub(super) fn validate_fault(&self) -> Checked {
        match self {
            Action::ElectLeaders {
                topic, partition, ..
            } => place_in_log(topic, *partition),
            Action::Reassign {
                topic,
                partition,
                replicas,
            } => {
                place_in_log(topic, *partition)?;
                replicas_of("action.replicas", replicas)
            }
            Action::CutNetwork(rule) => rule.validate("action"),
            Action::RemoveRule { name } => field::client_name("action.name", name),
            Action::SlowBroker { broker, ms } => {
                broker_id("action.broker", *broker)?;
                within("action.ms", *ms, &(0..=limit::SLOW_MS_MAX))
            }
            Action::SkewClock { broker, ms } => {
                broker_id("action.broker", *broker)?;
                within("action.ms", *ms, &limit::SKEW_MS)
            }
            Action::FailDisk {
                broker,
                topic,
                partition,
            } => {
                broker_id("action.broker", *broker)?;
                one_log_or_all(topic.as_deref(), *partition)
            }
            Action::StopBroker { broker }
            | Action::KillBroker { broker }
            | Action::CutBrokerPower { broker }
            | Action::StartBroker { broker }
            | Action::WipeDisk { broker }
            | Action::FillDisk { broker }
            | Action::FreeDisk { broker } => broker_id("action.broker", *broker),
            _ => Ok(()),
        }
    }
}

/// A node id that some scenario could have.
fn broker_id(field: &str, id: i32) -> Checked {
    let most = i32::try_from(*limit::BROKERS.end()).unwrap_or(i32::MAX);
    within(field, id, &(1..=most))
}

fn replicas_of(field: &str, ids: &[i32]) -> Checked {
    let most = *limit::BROKERS.end() as usize;
    within(&format!("{field} (their number)"), ids.len(), &(1..=most))?;
    for (n, id) in ids.iter().enumerate() {
        broker_id(&format!("{field}[{n}]"), *id)?;
        if ids[..n].contains(id) {
            return Err(Invalid::new(
                "replica-twice",
                &format!("{field}[{n}]"),
                &format!("is {id}, as is an earlier one"),
                "each replica of a partition is on another broker",
            ));
        }
    }
    Ok(())
}

/// A log is named by topic and partition; without either, all logs are meant.
fn one_log_or_all(topic: Option<&str>, partition: Option<i32>) -> Checked {
    match (topic, partition) {
        (None, None) => Ok(()),
        (Some(topic), Some(partition)) => place_in_log(topic, partition),
        (topic, _) => Err(Invalid::new(
            "half-a-log",
            if topic.is_none() {
                "action.topic"
            } else {
                "action.partition"
            },
            "is missing",
            "a log is named by topic and partition; without both of them, all logs of the broker are meant",
        )),
    }
}

impl NetworkRule {
    pub(super) fn validate(&self, place: &str) -> Checked {
        let at = |name: &str| format!("{place}.{name}");
        field::client_name(&at("name"), &self.name)?;
        for (name, parties) in [("from", &self.from), ("to", &self.to)] {
            let count = at(&format!("{name} (their number)"));
            within(&count, parties.len(), &limit::PARTIES)?;
            for (n, party) in parties.iter().enumerate() {
                party.validate(&at(&format!("{name}[{n}]")))?;
            }
        }
        match self.effect {
            Effect::Cut => Ok(()),
            Effect::Drop { percent } => {
                within(&at("effect.percent"), percent, &limit::DROP_PERCENT)
            }
            Effect::Delay { ms, jitter } => {
                let allowed = 0..=limit::RULE_DELAY_MS_MAX;
                within(&at("effect.ms"), ms, &allowed)?;
                within(&at("effect.jitter"), jitter, &allowed)
            }
        }
    }
}

impl Party {
    fn validate(&self, place: &str) -> Checked {
        match self {
            Party::Broker(id) => broker_id(place, *id),
            Party::Producer(name) | Party::Consumer(name) => field::client_name(place, name),
            // A client from outside chooses its own name; this is what can be looked for.
            Party::Client(name) => {
                let most = limit::GROUP_ID_CHARS_MAX;
                field::at_most(place, name.chars().count(), most, "characters")
            }
            Party::Admin | Party::Brokers | Party::Clients | Party::Everyone => Ok(()),
        }
    }
}
