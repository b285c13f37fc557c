use super::super::classic::Turn;
use super::super::coordinator::Topics;
use super::super::image::Image;
use super::super::record::Record;
use super::super::timers::Timer;
use super::assignor::{Problem, Subscriber};
use super::reconcile::{Goal, reconcile};
use super::record::ConsumerRecord;
use super::{
    Assignor, ConsumerGroup, CurrentAssignment, GroupState, Member, MemberState, Partitions,
    TopicMetadata, events,
};
use kafka_protocol::ResponseError;
use std::collections::BTreeMap;

/// Why a request is refused: the error, and what the client can show.
#[derive(Debug)]
pub struct Refusal {
    pub error: ResponseError,
    pub message: String,
}

impl Refusal {
    pub fn new(error: ResponseError, message: impl Into<String>) -> Refusal {
        let message = message.into();
        Refusal { error, message }
    }
}

impl From<ResponseError> for Refusal {
    fn from(error: ResponseError) -> Refusal {
        Refusal::new(error, error.to_string())
    }
}

/// What of a group is not in its records, and is gone after a fail-over.
#[derive(Debug, Default)]
pub struct Soft {
    /// When the group last became other than stable, milliseconds.
    pub rebalance_started: i64,
    /// When its regular expressions were last looked up, milliseconds.
    pub regexes_looked_up: Option<i64>,
}

/// One consumer group for the length of one call. Records take effect as they are written.
pub struct Scope<'a> {
    pub id: &'a str,
    pub turn: Turn<'a>,
    pub image: &'a mut Image,
    pub soft: &'a mut BTreeMap<String, Soft>,
    pub topics: &'a dyn Topics,
}

impl Scope<'_> {
    pub(super) fn find(&self) -> Option<&ConsumerGroup> {
        self.image.consumer_group(self.id)
    }

    pub(super) fn group(&self) -> &ConsumerGroup {
        self.find().expect("a group that is asked for is here")
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.find()?.member(id)
    }

    pub(super) fn soft(&mut self) -> &mut Soft {
        self.soft.entry(self.id.to_owned()).or_default()
    }

    pub(super) fn write(&mut self, record: ConsumerRecord) {
        self.write_raw(Record::Consumer {
            group: self.id.to_owned(),
            record,
        });
    }

    pub(super) fn write_raw(&mut self, record: Record) {
        self.turn.out.write(self.image, record);
    }

    pub(super) fn session_timer(&self, member: &str) -> Timer {
        Timer::Heartbeat(self.id.to_owned(), member.to_owned())
    }

    pub(super) fn rebalance_timer(&self, member: &str) -> Timer {
        Timer::Rebalance(self.id.to_owned(), member.to_owned())
    }

    /// The session of a member, milliseconds. A member of the classic protocol brings its own.
    pub(super) fn session_timeout_ms(&self, member: &Member) -> i64 {
        let own = member.metadata.classic.as_ref();
        let own = own.map(|classic| classic.session_timeout_ms);
        i64::from(own.unwrap_or(self.turn.config.consumer_session_timeout_ms))
    }

    /// A sign of life: the session runs anew.
    pub(super) fn touch(&mut self, id: &str) {
        if let Some(member) = self.member(id) {
            let deadline = self.turn.now + self.session_timeout_ms(member);
            self.turn.timers.set(self.session_timer(id), deadline);
        }
    }

    /// Starts the timers of a group that was just read from the log.
    pub fn resume(&mut self) {
        let members: Vec<String> = self
            .group()
            .members()
            .map(|(id, _)| id.to_owned())
            .collect();
        for id in &members {
            self.touch(id);
            self.watch_revocation(id);
        }
        let now = self.turn.now;
        self.soft().rebalance_started = now;
    }

    /// A member that has to give partitions up may take its rebalance timeout for it, no longer.
    pub(super) fn watch_revocation(&mut self, id: &str) {
        let timer = self.rebalance_timer(id);
        let Some(member) = self.member(id) else {
            return self.turn.timers.cancel(&timer);
        };
        let timeout = i64::from(member.metadata.rebalance_timeout_ms.max(0));
        match member.current.state {
            // Joins and syncs of a member of the classic protocol are watched instead.
            _ if member.is_classic() => {}
            MemberState::UnrevokedPartitions => {
                self.turn.timers.set(timer, self.turn.now + timeout);
            }
            _ => self.turn.timers.cancel(&timer),
        }
    }

    /// Looks at the topics that members subscribe to. True when they are not what the group knew.
    pub(super) fn refresh_topics(&mut self) -> bool {
        let subscribed = self.group().subscribed_topics();
        let known = subscribed.into_iter().filter_map(|name| {
            let id = self.topics.id(name)?;
            let partitions = self.topics.partition_count(name)?;
            Some((name.to_owned(), TopicMetadata { id, partitions }))
        });
        let known: BTreeMap<String, TopicMetadata> = known.collect();
        let changed = known != self.group().topics;
        if changed {
            self.write(ConsumerRecord::Topics(Some(known)));
        }
        changed
    }

    /// Notes from when on a group is not at rest, given how it was before.
    pub(super) fn note_start(&mut self, before: GroupState) {
        if matches!(before, GroupState::Stable | GroupState::Empty) {
            let now = self.turn.now;
            self.soft().rebalance_started = now;
        }
    }

    /// Something changed that the assignment depends on.
    pub(super) fn bump_epoch(&mut self, why: &'static str, member: Option<&str>) {
        let epoch = self.group().epoch + 1;
        self.write(ConsumerRecord::Group(Some(epoch)));
        let event = events::epoch_bumped(self.id, self.group(), why, member);
        self.turn.event(event);
    }

    /// Makes the target assignment of the group's epoch, if it has none yet.
    pub(super) fn assign(&mut self) {
        let group = self.group();
        if group.epoch <= group.target_epoch {
            return;
        }
        let epoch = group.epoch;
        let assignor = group.assignor(self.default_assignor());
        let targets = assignor.assign(&problem(group));
        let changed: Vec<(String, Partitions)> = targets
            .into_iter()
            .filter(|(id, target)| self.group().target(id) != Some(target))
            .collect();
        let moved = changed.len();
        for (member, target) in changed {
            let value = Some(target);
            self.write(ConsumerRecord::Target { member, value });
        }
        self.write(ConsumerRecord::TargetEpoch(Some(epoch)));
        let event = events::target_assigned(self.id, self.group(), assignor, moved);
        self.turn.event(event);
    }

    pub(super) fn default_assignor(&self) -> Assignor {
        self.turn.config.default_assignor()
    }

    /// Takes a member one step towards its target. `owned` is what it says it has.
    pub(super) fn reconcile(&mut self, id: &str, owned: Option<&Partitions>) {
        let group = self.group();
        let Some(member) = group.member(id) else {
            return;
        };
        let nothing = Partitions::new();
        let goal = Goal {
            epoch: group.target_epoch,
            target: group.target(id).unwrap_or(&nothing),
            owned,
        };
        let others = |partition| group.owner(partition).is_some_and(|owner| owner != id);
        let next = reconcile(&member.current, &goal, others);
        if next != member.current {
            let event = events::member_moved(self.id, id, group, &member.current, &next);
            self.write_current(id, next);
            self.turn.out.events.extend(event);
            self.watch_revocation(id);
        }
    }

    pub(super) fn write_current(&mut self, id: &str, current: CurrentAssignment) {
        self.write(ConsumerRecord::Current {
            member: id.to_owned(),
            value: Some(current),
        });
    }

    /// Tells when a group has come to rest, given how it was before.
    pub(super) fn tell_rest(&mut self, before: GroupState) {
        let now = self.turn.now;
        let (state, started) = (self.group().state(), self.soft().rebalance_started);
        if state == GroupState::Stable && before != GroupState::Stable {
            let event = events::stable(self.id, self.group(), now - started);
            self.turn.event(event);
        }
    }

    /// Removes a member with everything that is known of it.
    pub(super) fn remove(&mut self, id: &str) {
        let member = || id.to_owned();
        self.write(ConsumerRecord::Current {
            member: member(),
            value: None,
        });
        self.write(ConsumerRecord::Target {
            member: member(),
            value: None,
        });
        self.write(ConsumerRecord::Member {
            member: member(),
            value: None,
        });
        for timer in [self.session_timer(id), self.rebalance_timer(id)] {
            self.turn.timers.cancel(&timer);
        }
    }

    /// A member is gone, for good: what it had is free, and the others are to get it.
    pub(super) fn part_with(&mut self, id: &str, why: &'static str) {
        self.note_start(self.group().state());
        self.remove(id);
        if self.is_to_downgrade() {
            // Another group takes over; whoever called sees to it.
            return;
        }
        self.forget_regexes();
        self.refresh_topics();
        self.bump_epoch(why, Some(id));
        if self.group().is_empty() {
            let event = events::empty(self.id, self.group());
            self.turn.event(event);
        }
    }

    /// A member's session ran out.
    pub fn on_session_timer(&mut self, id: &str) {
        let Some(member) = self.member(id) else {
            return;
        };
        let timeout = self.session_timeout_ms(member);
        let event = events::expired_session(self.id, id, timeout, member.is_classic());
        self.turn.event(event);
        self.part_with(id, "member-expired");
    }

    /// A member did not give up in time what it was to, or did not join again or sync.
    pub fn on_rebalance_timer(&mut self, id: &str) {
        let Some(member) = self.member(id) else {
            return;
        };
        if member.current.state != MemberState::UnrevokedPartitions && !member.is_classic() {
            return;
        }
        let timeout = member.metadata.rebalance_timeout_ms;
        let reason = match member.is_classic() {
            false => "did-not-revoke",
            true if member.current.epoch < self.group().epoch => "did-not-rejoin",
            true => "did-not-sync",
        };
        let event = events::expired_rebalancing(self.id, id, reason, timeout);
        self.turn.event(event);
        self.part_with(id, "member-expired");
    }

    /// Writes the end of the group. Whoever calls has made sure that it may end.
    pub fn delete(&mut self) {
        let members: Vec<String> = self
            .group()
            .members()
            .map(|(id, _)| id.to_owned())
            .collect();
        for id in &members {
            self.remove(id);
        }
        let regexes: Vec<String> = self.group().regexes.keys().cloned().collect();
        for regex in regexes {
            self.write(ConsumerRecord::Regex { regex, value: None });
        }
        self.write(ConsumerRecord::TargetEpoch(None));
        self.write(ConsumerRecord::Topics(None));
        self.write(ConsumerRecord::Group(None));
        self.soft.remove(self.id);
    }
}

fn problem(group: &ConsumerGroup) -> Problem<'_> {
    let members = group.members().map(|(id, member)| {
        let subscriber = Subscriber {
            instance_id: member.metadata.instance_id.as_deref(),
            topics: group.topics_of(&member.metadata),
            current: group.target(id),
        };
        (id, subscriber)
    });
    let topics = group.topics.values();
    Problem {
        members: members.collect(),
        topics: topics.map(|topic| (topic.id, topic.partitions)).collect(),
    }
}
