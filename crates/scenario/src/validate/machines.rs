//! Which brokers there are, which of them may run, and which rules hold, as far as the actions
//! alone tell. What else stops or keeps a broker is known to the cluster, which refuses then.

use super::Invalid;
use super::field::{Checked, within};
use crate::action::Action;
use crate::fault::{NetworkRule, Party};
use crate::limit;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machines {
    brokers: BTreeMap<i32, Machine>,
    /// Names of the rules in force, in order.
    rules: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Machine {
    runs: Runs,
    full: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Runs {
    #[default]
    Yes,
    /// It was asked to stop, or its disk does not take what it must write.
    Perhaps,
    No,
}

impl Machines {
    pub(super) fn of(brokers: u32) -> Machines {
        let ids = 1..=i32::try_from(brokers).unwrap_or(0);
        Machines {
            brokers: ids.map(|id| (id, Machine::default())).collect(),
            rules: Vec::new(),
        }
    }

    /// Follows an action about brokers or rules; others change nothing.
    pub(super) fn fold(&mut self, action: &Action) -> Checked {
        match action {
            Action::StopBroker { broker } => self.running(*broker)?.runs = Runs::Perhaps,
            Action::KillBroker { broker } | Action::CutBrokerPower { broker } => {
                self.running(*broker)?.runs = Runs::No;
            }
            Action::StartBroker { broker } => {
                let machine = self.down(*broker, "broker-runs", "is started already")?;
                // On a full disk it may not come far.
                machine.runs = if machine.full {
                    Runs::Perhaps
                } else {
                    Runs::Yes
                };
            }
            // One that halted by itself runs again when all the power comes back: it stays `Perhaps`.
            Action::WipeDisk { broker } => {
                self.down(*broker, "disk-in-use", "runs on its disk")?;
            }
            Action::FillDisk { broker } => self.fill(*broker)?,
            Action::FreeDisk { broker } => self.free(*broker)?,
            Action::FailDisk { broker, .. } => drop(self.running(*broker)?),
            Action::SlowBroker { broker, .. } | Action::SkewClock { broker, .. } => {
                self.known("action.broker", *broker)?;
            }
            Action::Reassign { replicas, .. } => {
                for (n, broker) in replicas.iter().enumerate() {
                    self.known(&format!("action.replicas[{n}]"), *broker)?;
                }
            }
            Action::CutNetwork(rule) => self.add_rule(rule)?,
            Action::RemoveRule { name } => self.remove_rule(name)?,
            Action::Heal => self.rules.clear(),
            _ => {}
        }
        Ok(())
    }

    fn known(&mut self, field: &str, id: i32) -> Result<&mut Machine, Invalid> {
        let most = i32::try_from(self.brokers.len()).unwrap_or(i32::MAX);
        within(field, id, &(1..=most))?;
        Ok(self.brokers.entry(id).or_default())
    }

    fn running(&mut self, id: i32) -> Result<&mut Machine, Invalid> {
        let machine = self.known("action.broker", id)?;
        if machine.runs == Runs::No {
            return Err(Invalid::new(
                "broker-down",
                "action.broker",
                &format!("is {id}, which is down"),
                "start it first",
            ));
        }
        Ok(machine)
    }

    fn down(&mut self, id: i32, code: &'static str, was: &str) -> Result<&mut Machine, Invalid> {
        let machine = self.known("action.broker", id)?;
        if machine.runs == Runs::Yes {
            return Err(Invalid::new(
                code,
                "action.broker",
                &format!("is {id}, which {was}"),
                "stop it, kill it or cut its power first",
            ));
        }
        Ok(machine)
    }

    fn fill(&mut self, id: i32) -> Checked {
        let machine = self.known("action.broker", id)?;
        if machine.full {
            let was = format!("is {id}, whose disk is full already");
            let allowed = "free it before it is filled again";
            return Err(Invalid::new("disk-full", "action.broker", &was, allowed));
        }
        machine.full = true;
        if machine.runs == Runs::Yes {
            machine.runs = Runs::Perhaps;
        }
        Ok(())
    }

    fn free(&mut self, id: i32) -> Checked {
        let machine = self.known("action.broker", id)?;
        if !machine.full {
            let was = format!("is {id}, whose disk is not full");
            let allowed = "only a disk that was filled can be freed";
            return Err(Invalid::new(
                "disk-not-full",
                "action.broker",
                &was,
                allowed,
            ));
        }
        machine.full = false;
        Ok(())
    }

    fn add_rule(&mut self, rule: &NetworkRule) -> Checked {
        for (side, parties) in [("from", &rule.from), ("to", &rule.to)] {
            for (n, party) in parties.iter().enumerate() {
                if let Party::Broker(id) = party {
                    self.known(&format!("action.{side}[{n}]"), *id)?;
                }
            }
        }
        if self.rules.contains(&rule.name) {
            return Err(Invalid::new(
                "rule-taken",
                "action.name",
                &format!("is {:?}, which names a rule in force", rule.name),
                "each rule needs a name of its own",
            ));
        }
        if self.rules.len() >= limit::RULES_MAX {
            let most = limit::RULES_MAX;
            return Err(Invalid::new(
                "too-many-rules",
                "action.name",
                &format!("would be rule number {}", most + 1),
                &format!("at most {most} are in force at one time"),
            ));
        }
        self.rules.push(rule.name.clone());
        Ok(())
    }

    fn remove_rule(&mut self, name: &str) -> Checked {
        let Some(place) = self.rules.iter().position(|rule| rule == name) else {
            let there = match self.rules.as_slice() {
                [] => "no rule is in force".to_owned(),
                rules => format!("in force: {}", rules.join(", ")),
            };
            let was = format!("is {name:?}, no such rule");
            return Err(Invalid::new("unknown-rule", "action.name", &was, &there));
        };
        self.rules.remove(place);
        Ok(())
    }
}
