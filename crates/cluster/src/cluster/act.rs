//! Actions: checked at once, done at their time, written down.
//!
//! An action of some millisecond comes after everything that arrives or fires in it. So it is the
//! same run whether a person acted or a recording did.

use super::Cluster;
use crate::actor::Client;
use crate::actor::consumer::ConsumerActor;
use crate::actor::producer::{HandMade, ProducerActor};
use crate::network::Endpoint;
use konbini_scenario::snapshot::Who;
use konbini_scenario::spec::{ConsumerSpec, ProducerSpec};
use konbini_scenario::{Action, Invalid, TimedAction, limit};
use konbini_trace::Event;

impl Cluster {
    /// Takes an action now, and records it.
    ///
    /// In the middle of a millisecond it waits until the rest of that has happened.
    ///
    /// # Errors
    /// The action is not valid, or speaks to somebody who is not there.
    pub fn apply(&mut self, action: Action) -> Result<(), Invalid> {
        action.validate()?;
        let waiting = |timed: &&TimedAction| timed.at <= self.now + 1;
        let mut cast = self.cast.clone();
        for timed in self.upcoming.iter().take_while(waiting) {
            cast.fold(&timed.action)?;
        }
        cast.check(&action)?;
        // What waits may change what a broker is doing, and so does the power when it comes back.
        let next = self.upcoming.front();
        if !self.dark
            && next.as_ref().is_none_or(|timed| !waiting(timed))
            && let Some(invalid) = self.refuses(&action)
        {
            return Err(invalid);
        }
        if self.done.len() + self.upcoming.len() >= limit::ACTIONS_MAX {
            return Err(Invalid::new(
                "too-many-actions",
                "action",
                &format!("would be number {}", limit::ACTIONS_MAX + 1),
                &format!("at most {} are recorded in a run", limit::ACTIONS_MAX),
            ));
        }
        // Two actions of one millisecond have nothing between them.
        let last = self.done.last().map_or(-1, |timed| timed.at);
        let between = last == self.now && self.steps != self.steps_at_action;
        // In a replay programs act after the actions of their millisecond.
        let between = between || self.outside.was_active(self.now);
        let at = self.now + i64::from(between);
        let place = self.upcoming.partition_point(|timed| timed.at <= at);
        self.upcoming.insert(place, TimedAction { at, action });
        while self
            .upcoming
            .front()
            .is_some_and(|timed| timed.at <= self.now)
            && self.next_event_at().is_none_or(|next| next > self.now)
            && self.wanted.is_empty()
            && !self.dark
        {
            self.step();
        }
        Ok(())
    }

    /// When the next thing happens that is no action.
    fn next_event_at(&self) -> Option<i64> {
        let arrival = self.arrivals.next_at();
        arrival.into_iter().chain(self.wakes.next_at()).min()
    }

    pub(super) fn perform(&mut self, mut timed: TimedAction) {
        timed.at = timed.at.max(self.now);
        // A recording was checked as a whole, but live actions may have come in between.
        let refused = match self.refuses(&timed.action) {
            Some(invalid) => Err(invalid),
            None => self.cast.fold(&timed.action),
        };
        if let Err(invalid) = refused {
            let event = Event::warn("action-refused").with("why", invalid.message);
            self.tell_event(Who::Cluster, event);
            return;
        }
        self.stage.fold(&timed.action);
        self.fold_into_hash(&timed);
        self.act(&timed.action);
        self.done.push(timed);
        self.steps_at_action = self.steps;
    }

    pub(super) fn fold_into_hash(&mut self, timed: &TimedAction) {
        // Plain data with text keys: this cannot fail.
        let text = serde_json::to_string(&timed.action).unwrap_or_default();
        self.trace.fold_action(timed.at, &text);
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::CreateTopic(_)
            | Action::DeleteTopic { .. }
            | Action::CreatePartitions { .. }
            | Action::AlterTopicConfig { .. }
            | Action::DeleteRecords { .. }
            | Action::ResetOffsets { .. }
            | Action::DeleteGroup { .. }
            | Action::ElectLeaders { .. }
            | Action::Reassign { .. } => self.administer(action),
            Action::Send {
                producer,
                key,
                value,
                partition,
                headers,
            } => {
                let record = HandMade {
                    key: key.as_deref(),
                    value: value.as_deref(),
                    partition: *partition,
                    headers,
                };
                self.with_producer(producer, |actor, now| actor.send(now, &record));
            }
            Action::AddProducer(spec) => self.enter_producer(&spec.clone()),
            Action::ChangeProducer(spec) => {
                self.dismiss_producer(&spec.name);
                self.enter_producer(&spec.clone());
            }
            Action::StartProducer { name } => {
                self.with_producer(name, |actor, now| actor.run(now, true));
            }
            Action::StopProducer { name } => {
                self.with_producer(name, |actor, now| actor.run(now, false));
            }
            Action::RemoveProducer { name } => self.dismiss_producer(name),
            Action::AddConsumer(spec) => self.enter_consumer(&spec.clone()),
            Action::ChangeConsumer(spec) => {
                self.dismiss_consumer(&spec.name);
                self.enter_consumer(&spec.clone());
            }
            Action::RemoveConsumer { name } => self.dismiss_consumer(name),
            Action::StartConsumer { name } => self.start_consumer(name),
            Action::StopConsumer { name } => {
                self.with_consumer(name, |actor, now| actor.stop(now));
            }
            Action::CrashConsumer { name } => self.crash(name),
            Action::PauseConsumer { name } => {
                self.with_consumer(name, |actor, now| actor.pause(now, true));
            }
            Action::ResumeConsumer { name } => {
                self.with_consumer(name, |actor, now| actor.pause(now, false));
            }
            Action::Seek {
                name,
                topic,
                partition,
                offset,
            } => self.with_consumer(name, |actor, now| {
                actor.seek(now, topic, *partition, *offset);
            }),
            Action::PowerCut => self.power_out(),
            _ => self.break_or_mend(action),
        }
    }

    fn administer(&mut self, action: &Action) {
        let now = self.unix(self.now);
        if let Some(Client::Admin(admin)) = self.clients.get_mut(&super::boot::ADMIN) {
            admin.administer(now, action);
            self.work(super::boot::ADMIN);
        }
    }

    /// Brings on the actors of the stage: the admin client has made the topics.
    pub(super) fn raise_curtain(&mut self) {
        let producers: Vec<ProducerSpec> = self.stage.producers.values().cloned().collect();
        let consumers: Vec<ConsumerSpec> = self
            .stage
            .consumers
            .values()
            .map(|on| on.spec.clone())
            .collect();
        for spec in &producers {
            self.enter_producer(spec);
        }
        for spec in &consumers {
            self.enter_consumer(spec);
        }
    }

    fn is_curtain_up(&self) -> bool {
        match self.clients.get(&super::boot::ADMIN) {
            Some(Client::Admin(admin)) => admin.is_ready(),
            _ => false,
        }
    }

    fn enter_producer(&mut self, spec: &ProducerSpec) {
        // Before the curtain goes up, the stage remembers.
        if !self.is_curtain_up() {
            return;
        }
        let salt = [u64::from(self.boot), u64::from(self.client_numbers)];
        let actor = ProducerActor::new(
            spec,
            self.bootstrap(),
            (self.scenario.seed, &salt),
            self.scenario.epoch_ms,
            self.unix(self.now),
        );
        let number = self.spawn(Client::Producer(actor));
        self.producers.insert(spec.name.clone(), number);
    }

    fn enter_consumer(&mut self, spec: &ConsumerSpec) {
        if !self.is_curtain_up() {
            return;
        }
        let seed = self.chance_of_client(self.client_numbers).next();
        let actor = ConsumerActor::new(
            spec,
            self.bootstrap(),
            seed,
            self.scenario.epoch_ms,
            self.unix(self.now),
        );
        let number = self.spawn(Client::Consumer(actor));
        self.consumers.insert(spec.name.clone(), number);
    }

    /// Takes a producer off the stage; what it holds is still delivered.
    fn dismiss_producer(&mut self, name: &str) {
        self.with_producer(name, |actor, now| actor.close(now));
        self.retiring.extend(self.producers.remove(name));
    }

    /// Takes a consumer off the stage; it leaves its group politely.
    fn dismiss_consumer(&mut self, name: &str) {
        self.with_consumer(name, |actor, now| actor.stop(now));
        self.retiring.extend(self.consumers.remove(name));
    }

    fn with_producer(&mut self, name: &str, change: impl FnOnce(&mut ProducerActor, i64)) {
        let now = self.unix(self.now);
        let Some(&number) = self.producers.get(name) else {
            return;
        };
        if let Some(Client::Producer(actor)) = self.clients.get_mut(&number) {
            change(actor, now);
        }
        self.work(number);
    }

    fn with_consumer(&mut self, name: &str, change: impl FnOnce(&mut ConsumerActor, i64)) {
        let now = self.unix(self.now);
        let Some(&number) = self.consumers.get(name) else {
            return;
        };
        if let Some(Client::Consumer(actor)) = self.clients.get_mut(&number) {
            change(actor, now);
        }
        self.work(number);
    }

    fn start_consumer(&mut self, name: &str) {
        let Some(&number) = self.consumers.get(name) else {
            return;
        };
        match self.clients.get(&number) {
            Some(Client::Consumer(actor)) if actor.is_running() => {}
            // A new client numbers its connections from the first again: the old ones must be gone.
            _ => self.drop_connections(number),
        }
        self.with_consumer(name, |actor, now| actor.start(now));
    }

    fn drop_connections(&mut self, number: u32) {
        let endpoint = Endpoint::Client(number);
        self.held.remove(&endpoint);
        for end in self.network.ends_of(endpoint) {
            self.hang_up(end);
        }
    }

    /// The process is gone: its system closes the sockets, nobody says goodbye.
    fn crash(&mut self, name: &str) {
        let Some(&number) = self.consumers.get(name) else {
            return;
        };
        self.with_consumer(name, |actor, _| actor.crash());
        self.drop_connections(number);
        let event = Event::warn("consumer-crashed").because_of("session.timeout.ms");
        self.tell_event(Who::Consumer(name.to_owned()), event);
    }

    /// Forgets clients that were dismissed and are done.
    pub(super) fn retire(&mut self) {
        if let Some(Client::Admin(admin)) = self.clients.get_mut(&super::boot::ADMIN)
            && admin.becomes_ready()
        {
            self.raise_curtain();
            // What the actors asked for at once goes out in the same step.
            self.settle();
            return;
        }
        if self.retiring.is_empty() {
            return;
        }
        for number in std::mem::take(&mut self.retiring) {
            if self
                .clients
                .get(&number)
                .is_some_and(|client| !client.is_done())
            {
                self.retiring.push(number);
                continue;
            }
            self.clients.remove(&number);
            self.wakes.set(Endpoint::Client(number), None);
        }
    }
}
