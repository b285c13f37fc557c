//! Who is on the stage: the scenario with the actions so far folded in.
//!
//! What the actors do and know is theirs; here is only what a restart needs to put them back.

mod machines;
mod weather;

use indexmap::IndexMap;
use konbini_scenario::spec::{ConsumerSpec, ProducerSpec, TopicSpec};
use konbini_scenario::{Action, Scenario};
use machines::Machines;
pub(crate) use weather::Weather;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// Topics of the scenario that no action deleted.
    pub(crate) topics: Vec<TopicSpec>,
    /// In the order of entry. `running` in the spec is kept up to date.
    pub(crate) producers: IndexMap<String, ProducerSpec>,
    pub(crate) consumers: IndexMap<String, ConsumerOnStage>,
    pub(crate) machines: Machines,
    pub(crate) weather: Weather,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsumerOnStage {
    pub(crate) spec: ConsumerSpec,
    /// It is not running because it crashed.
    pub(crate) crashed: bool,
    pub(crate) paused: bool,
}

impl Stage {
    pub(crate) fn of(scenario: &Scenario) -> Stage {
        let mut stage = Stage {
            topics: scenario.topics.clone(),
            producers: IndexMap::new(),
            consumers: IndexMap::new(),
            machines: Machines::default(),
            weather: Weather::default(),
        };
        for spec in &scenario.producers {
            stage.producers.insert(spec.name.clone(), spec.clone());
        }
        for spec in &scenario.consumers {
            stage.enter(spec);
        }
        stage
    }

    /// Follows one action, which was checked before: an unknown name changes nothing.
    pub(crate) fn fold(&mut self, action: &Action) {
        match action {
            Action::AddProducer(spec) | Action::ChangeProducer(spec) => {
                self.producers.insert(spec.name.clone(), spec.clone());
            }
            Action::StartProducer { name } => self.run_producer(name, true),
            Action::StopProducer { name } => self.run_producer(name, false),
            Action::RemoveProducer { name } => {
                self.producers.shift_remove(name);
            }
            Action::AddConsumer(spec) | Action::ChangeConsumer(spec) => self.enter(spec),
            Action::StartConsumer { name } => self.run_consumer(name, true, false),
            Action::StopConsumer { name } => self.run_consumer(name, false, false),
            Action::CrashConsumer { name } => self.run_consumer(name, false, true),
            Action::RemoveConsumer { name } => {
                self.consumers.shift_remove(name);
            }
            Action::PauseConsumer { name } => self.pause(name, true),
            Action::ResumeConsumer { name } => self.pause(name, false),
            Action::PowerCut => self.power_cut(),
            Action::DeleteTopic { name } => self.topics.retain(|topic| topic.name != *name),
            Action::CreateTopic(_)
            | Action::CreatePartitions { .. }
            | Action::AlterTopicConfig { .. }
            | Action::DeleteRecords { .. }
            | Action::Send { .. }
            | Action::Seek { .. }
            | Action::ResetOffsets { .. }
            | Action::DeleteGroup { .. }
            | Action::ElectLeaders { .. }
            | Action::Reassign { .. }
            | Action::WipeDisk { .. }
            | Action::FailDisk { .. } => {}
            Action::StopBroker { .. }
            | Action::KillBroker { .. }
            | Action::CutBrokerPower { .. }
            | Action::StartBroker { .. }
            | Action::FillDisk { .. }
            | Action::FreeDisk { .. }
            | Action::SkewClock { .. } => self.machines.fold(action),
            Action::SlowBroker { .. }
            | Action::CutNetwork(_)
            | Action::RemoveRule { .. }
            | Action::Heal => self.weather.fold(action),
        }
    }

    /// A pause lives in a client's memory, so it ends with the client.
    fn power_cut(&mut self) {
        self.weather.power_cut();
        for consumer in self.consumers.values_mut() {
            consumer.paused = false;
        }
    }

    fn enter(&mut self, spec: &ConsumerSpec) {
        let consumer = ConsumerOnStage {
            spec: spec.clone(),
            crashed: false,
            paused: false,
        };
        self.consumers.insert(spec.name.clone(), consumer);
    }

    fn run_producer(&mut self, name: &str, running: bool) {
        if let Some(spec) = self.producers.get_mut(name) {
            spec.running = running;
        }
    }

    fn run_consumer(&mut self, name: &str, running: bool, crashed: bool) {
        if let Some(consumer) = self.consumers.get_mut(name) {
            consumer.spec.running = running;
            consumer.crashed = crashed;
            consumer.paused = false;
        }
    }

    fn pause(&mut self, name: &str, paused: bool) {
        if let Some(consumer) = self.consumers.get_mut(name) {
            consumer.paused = paused && consumer.spec.running;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_scenario::catalogue;

    /// Actions as JSON without their outer brackets; who is on the stage afterwards.
    fn check(actions: &str, expect: &str) {
        let actions: Vec<Action> = serde_json::from_str(&format!("[{actions}]")).unwrap();
        let mut stage = Stage::of(&catalogue::replay());
        actions.iter().for_each(|action| stage.fold(action));
        let producers = stage.producers.values().map(|spec| match spec.running {
            true => spec.name.clone(),
            false => format!("({})", spec.name),
        });
        let consumers = stage.consumers.values().map(|on| {
            let name = &on.spec.name;
            match (on.spec.running, on.crashed, on.paused) {
                (true, false, false) => name.clone(),
                (true, false, true) => format!("{name} paused"),
                (false, true, false) => format!("{name} crashed"),
                (false, false, false) => format!("({name})"),
                odd => format!("{name} {odd:?}"),
            }
        });
        let all: Vec<String> = producers.chain(consumers).collect();
        assert_eq!(all.join(", "), expect);
    }

    #[test]
    fn actions_are_folded() {
        check("", "producer-1, consumer-1, (consumer-2)");
        check(
            r#"{"do":"stop-producer","name":"producer-1"}, {"do":"start-consumer","name":"consumer-2"}"#,
            "(producer-1), consumer-1, consumer-2",
        );
        check(
            r#"{"do":"crash-consumer","name":"consumer-1"}"#,
            "producer-1, consumer-1 crashed, (consumer-2)",
        );
        check(
            r#"{"do":"pause-consumer","name":"consumer-1"}, {"do":"pause-consumer","name":"consumer-2"}"#,
            "producer-1, consumer-1 paused, (consumer-2)",
        );
        check(
            r#"{"do":"pause-consumer","name":"consumer-1"}, {"do":"power-cut"}"#,
            "producer-1, consumer-1, (consumer-2)",
        );
        check(
            r#"{"do":"remove-consumer","name":"consumer-1"}, {"do":"add-producer","name":"p","topic":"t","pace":{"every-ms":5}}, {"do":"stop-producer","name":"nobody"}"#,
            "producer-1, p, (consumer-2)",
        );
    }
}
