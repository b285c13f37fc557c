use super::Invalid;
use super::field::Checked;
use super::machines::Machines;
use crate::action::Action;
use crate::fault::Party;
use crate::limit;
use crate::spec::Scenario;
use std::collections::BTreeSet;

/// Who is on the stage: an action may only speak to those.
///
/// A recording is checked with this before it runs; the cluster checks each action with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    producers: BTreeSet<String>,
    consumers: BTreeSet<String>,
    machines: Machines,
}

impl Cast {
    pub fn of(scenario: &Scenario) -> Result<Cast, Invalid> {
        let mut cast = Cast {
            machines: Machines::of(scenario.brokers),
            ..Cast::default()
        };
        for (n, producer) in scenario.producers.iter().enumerate() {
            let place = format!("producers[{n}].name");
            enter(
                &mut cast.producers,
                &producer.name,
                limit::PRODUCERS_MAX,
                &place,
            )?;
        }
        for (n, consumer) in scenario.consumers.iter().enumerate() {
            let place = format!("consumers[{n}].name");
            enter(
                &mut cast.consumers,
                &consumer.name,
                limit::CONSUMERS_MAX,
                &place,
            )?;
        }
        Ok(cast)
    }

    /// Whether everyone that the action speaks to is on the stage, and new names are free.
    pub fn check(&self, action: &Action) -> Checked {
        self.clone().fold(action)
    }

    /// Checks like [`Cast::check`], then lets actors enter and leave.
    pub fn fold(&mut self, action: &Action) -> Checked {
        match action {
            Action::AddProducer(spec) => enter(
                &mut self.producers,
                &spec.name,
                limit::PRODUCERS_MAX,
                "action.name",
            ),
            Action::AddConsumer(spec) => enter(
                &mut self.consumers,
                &spec.name,
                limit::CONSUMERS_MAX,
                "action.name",
            ),
            Action::RemoveProducer { name } => {
                known(&self.producers, name, "producer")?;
                self.producers.remove(name);
                Ok(())
            }
            Action::RemoveConsumer { name } => {
                known(&self.consumers, name, "consumer")?;
                self.consumers.remove(name);
                Ok(())
            }
            Action::ChangeProducer(spec) => known(&self.producers, &spec.name, "producer"),
            Action::ChangeConsumer(spec) => known(&self.consumers, &spec.name, "consumer"),
            Action::Send { producer: name, .. }
            | Action::StartProducer { name }
            | Action::StopProducer { name } => known(&self.producers, name, "producer"),
            Action::StartConsumer { name }
            | Action::StopConsumer { name }
            | Action::CrashConsumer { name }
            | Action::PauseConsumer { name }
            | Action::ResumeConsumer { name }
            | Action::Seek { name, .. } => known(&self.consumers, name, "consumer"),
            Action::CreateTopic(_)
            | Action::DeleteTopic { .. }
            | Action::CreatePartitions { .. }
            | Action::AlterTopicConfig { .. }
            | Action::DeleteRecords { .. }
            | Action::ResetOffsets { .. }
            | Action::DeleteGroup { .. }
            | Action::ElectLeaders { .. }
            | Action::PowerCut => Ok(()),
            Action::CutNetwork(rule) => {
                self.all_known(&rule.from)?;
                self.all_known(&rule.to)?;
                self.machines.fold(action)
            }
            Action::StopBroker { .. }
            | Action::KillBroker { .. }
            | Action::CutBrokerPower { .. }
            | Action::StartBroker { .. }
            | Action::WipeDisk { .. }
            | Action::FillDisk { .. }
            | Action::FreeDisk { .. }
            | Action::FailDisk { .. }
            | Action::SlowBroker { .. }
            | Action::SkewClock { .. }
            | Action::RemoveRule { .. }
            | Action::Heal
            | Action::Reassign { .. } => self.machines.fold(action),
        }
    }

    /// Whether the producers and consumers that a rule names are on the stage.
    fn all_known(&self, parties: &[Party]) -> Checked {
        for party in parties {
            match party {
                Party::Producer(name) => known(&self.producers, name, "producer")?,
                Party::Consumer(name) => known(&self.consumers, name, "consumer")?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn enter(names: &mut BTreeSet<String>, name: &str, most: usize, place: &str) -> Checked {
    if names.contains(name) {
        return Err(Invalid::new(
            "name-taken",
            place,
            &format!("is {name:?}, which is on the stage already"),
            "producers have names of their own, and so have consumers",
        ));
    }
    if names.len() >= most {
        return Err(Invalid::new(
            "stage-full",
            place,
            &format!("would be number {}", names.len() + 1),
            &format!("at most {most} are allowed"),
        ));
    }
    names.insert(name.to_owned());
    Ok(())
}

fn known(names: &BTreeSet<String>, name: &str, what: &str) -> Checked {
    if names.contains(name) {
        return Ok(());
    }
    let there = if names.is_empty() {
        format!("there is no {what} on the stage")
    } else {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("on the stage: {}", names.join(", "))
    };
    let (code, was) = match what {
        "producer" => ("unknown-producer", format!("is {name:?}, no such producer")),
        _ => ("unknown-consumer", format!("is {name:?}, no such consumer")),
    };
    Err(Invalid::new(code, "action.name", &was, &there))
}
