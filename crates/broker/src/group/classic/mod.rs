//! A group of the classic protocol (JoinGroup, SyncGroup, Heartbeat, LeaveGroup): the soft state of
//! one group and its state machine.
//!
//! ```text
//!            join                 all joined, or timeout          leader's SyncGroup
//!  Empty ───────────► Preparing ─────────────────────► Completing ─────────────────► Stable
//!    ▲                 Rebalance ◄───────────────────── Rebalance                       │
//!    └─ nobody left ──────┘ ▲    join, leave, expiry                                    │
//!                           └───────────────────────────────────────────────────────────┘
//! ```
//! Kafka's fifth state, Dead, is the absence of the group here: a deleted group leaves the shard, and
//! an unloaded one takes its waiting requests with it.

mod join;
mod leave;
mod member;
mod rebalance;
mod responses;
mod static_member;
mod sync;

pub use join::Join;
pub use member::{Member, Parked, protocols, rebalance_timeout_ms};
pub use rebalance::Why;
pub use responses::{join_error, sync_error, text};

use super::config::GroupConfig;
use super::consumer_protocol;
use super::ids::Ids;
use super::image::{GroupMetadata, Image, MemberMetadata};
use super::record::Record;
use super::timers::{Timer, Timers};
use super::{Waiter, events};
use bytes::Bytes;
use indexmap::IndexMap;
use kafka_protocol::ResponseError;
use konbini_protocol::messages::ResponseKind;
use std::collections::{BTreeMap, BTreeSet};

/// The state of a classic group, by Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl State {
    /// The name that DescribeGroups and ListGroups give it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// What one call produced in a shard.
#[derive(Debug, Default)]
pub struct Outcome {
    pub records: Vec<Record>,
    /// How many of the records are hard state already.
    replayed: usize,
    pub replies: Vec<(Waiter, ResponseKind)>,
    pub events: Vec<konbini_trace::Event>,
}

impl Outcome {
    /// Makes the records hard state that are not yet.
    pub fn commit(&mut self, image: &mut Image) {
        self.commit_by(|record| image.replay(record));
    }

    /// The same, in a way of the caller's own.
    pub fn commit_by(&mut self, replay: impl FnMut(Record)) {
        let new = self.records[self.replayed..].iter();
        new.cloned().for_each(replay);
        self.replayed = self.records.len();
    }

    /// Adds a record that is hard state at once.
    pub fn write(&mut self, image: &mut Image, record: Record) {
        self.records.push(record);
        self.commit(image);
    }
}

/// What a group needs from its shard while it handles one call.
pub struct Turn<'a> {
    /// Virtual Unix time, milliseconds.
    pub now: i64,
    pub config: &'a GroupConfig,
    pub timers: &'a mut Timers,
    pub ids: &'a mut Ids,
    pub out: &'a mut Outcome,
}

impl Turn<'_> {
    pub fn reply(&mut self, waiter: Waiter, response: ResponseKind) {
        self.out.replies.push((waiter, response));
    }

    pub fn event(&mut self, event: konbini_trace::Event) {
        self.out.events.push(event);
    }
}

#[derive(Debug)]
pub struct ClassicGroup {
    pub(super) id: String,
    pub(super) state: State,
    /// The state before this one: a rebalance that began in Empty waits out the initial delay.
    previous: State,
    /// When `state` began, milliseconds; `None` for a group that was never in another state.
    state_since: Option<i64>,
    pub(super) generation: i32,
    /// Set by the first member; kept when the group becomes empty.
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<String>,
    /// In the order in which they joined.
    pub(super) members: IndexMap<String, Member>,
    /// Group instance id to member id.
    static_members: BTreeMap<String, String>,
    /// Ids given out with MEMBER_ID_REQUIRED that have not come back (KIP-394).
    pub(super) pending_members: BTreeSet<String>,
    /// Members of this generation that have not sent SyncGroup.
    pending_sync: BTreeSet<String>,
    /// Whether somebody joined since the initial delay was last prolonged.
    new_member_added: bool,
    /// The running initial delay and what is left of it afterwards, milliseconds.
    initial_delay: Option<(i64, i64)>,
    /// When the current rebalance began, milliseconds.
    rebalance_started: i64,
    /// Topics that members subscribe to; `None` when the group is not one of consumers, or their
    /// metadata cannot be read.
    subscribed_topics: Option<BTreeSet<String>>,
}

impl ClassicGroup {
    pub fn new(id: &str) -> ClassicGroup {
        ClassicGroup {
            id: id.to_owned(),
            state: State::Empty,
            previous: State::Empty,
            state_since: None,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: IndexMap::new(),
            static_members: BTreeMap::new(),
            pending_members: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            new_member_added: false,
            initial_delay: None,
            rebalance_started: 0,
            subscribed_topics: None,
        }
    }

    /// A group as its record describes it: with members it is stable, without any it is empty.
    pub fn load(id: &str, metadata: &GroupMetadata) -> ClassicGroup {
        let mut group = ClassicGroup::new(id);
        group.generation = metadata.generation;
        group.protocol_type = Some(metadata.protocol_type.clone()).filter(|kind| !kind.is_empty());
        group.protocol = metadata.protocol.clone();
        group.leader = metadata.leader.clone();
        group.state_since =
            Some(metadata.current_state_timestamp).filter(|timestamp| *timestamp >= 0);
        for member in &metadata.members {
            let protocol = metadata.protocol.clone().unwrap_or_default();
            group.insert(Member::load(member, protocol));
        }
        if !group.members.is_empty() {
            group.state = State::Stable;
            group.previous = State::Stable;
        }
        group.subscribed_topics = group.compute_subscribed_topics();
        group
    }

    /// A group that was one of the consumer protocol: stable, with the members' best common protocol.
    pub fn downgraded(id: &str, now: i64, generation: i32, members: Vec<Member>) -> ClassicGroup {
        let mut group = ClassicGroup::new(id);
        group.generation = generation;
        group.protocol_type = Some(consumer_protocol::PROTOCOL_TYPE.to_owned());
        for member in members {
            group.insert(member);
        }
        group.protocol = group.select_protocol();
        group.enter(now, State::Stable);
        group.subscribed_topics = group.compute_subscribed_topics();
        group
    }

    /// What goes into the group's record.
    pub fn to_metadata(&self) -> GroupMetadata {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| MemberMetadata {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(protocol),
            assignment: member.assignment.clone(),
        });
        GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.state_since.unwrap_or(-1),
            members: members.collect(),
        }
    }

    pub fn to_record(&self) -> Record {
        Record::Group {
            group: self.id.clone(),
            value: Some(self.to_metadata()),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    pub fn state_since(&self) -> Option<i64> {
        self.state_since
    }

    pub fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    pub fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(consumer_protocol::PROTOCOL_TYPE)
    }

    /// Whether a topic's offsets are in use. A group of consumers whose metadata cannot be read is
    /// taken to use every topic.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    /// Whether stable members' topics are known, so that offsets of others may expire.
    pub fn knows_subscriptions(&self) -> bool {
        self.subscribed_topics.is_some()
    }

    fn compute_subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol.as_deref()?;
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(consumer_protocol::subscribed_topics(
                &member.metadata(protocol),
            )?);
        }
        Some(topics)
    }

    fn enter(&mut self, now: i64, state: State) {
        self.previous = self.state;
        self.state = state;
        self.state_since = Some(now);
    }

    fn insert(&mut self, member: Member) {
        if let Some(instance) = &member.instance_id {
            self.static_members
                .insert(instance.clone(), member.id.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        self.pending_members.remove(&member.id);
        self.members.insert(member.id.clone(), member);
    }

    /// Takes a member or a pending member out; whatever it was waiting for is answered with an error.
    fn remove(&mut self, turn: &mut Turn<'_>, id: &str) {
        turn.timers
            .cancel(&Timer::Heartbeat(self.id.clone(), id.to_owned()));
        self.pending_members.remove(id);
        self.pending_sync.remove(id);
        if let Some(mut member) = self.members.shift_remove(id) {
            member.refuse(turn, "", ResponseError::UnknownMemberId);
            if let Some(instance) = &member.instance_id {
                self.static_members.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    fn has_all_joined(&self) -> bool {
        self.pending_members.is_empty() && self.members.values().all(Member::is_awaiting_join)
    }

    /// The longest rebalance timeout of the members, milliseconds.
    fn rebalance_timeout_ms(&self) -> i64 {
        let longest = self
            .members
            .values()
            .map(|member| member.rebalance_timeout_ms)
            .max();
        i64::from(longest.unwrap_or(0).max(0))
    }

    /// A request's member must be here, and be the one that its group instance id belongs to (KIP-345).
    pub fn validate(&self, id: &str, instance_id: Option<&str>) -> Result<(), ResponseError> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(owner) if owner != id => return Err(ResponseError::FencedInstanceId),
                Some(_) => {}
            }
        }
        match self.members.contains_key(id) {
            true => Ok(()),
            false => Err(ResponseError::UnknownMemberId),
        }
    }

    /// A sign of life: the session runs anew.
    pub fn touch(&self, turn: &mut Turn<'_>, id: &str) {
        if let Some(member) = self.members.get(id) {
            let deadline = turn.now + i64::from(member.session_timeout_ms);
            turn.timers.set(self.heartbeat_timer(id), deadline);
        }
    }

    fn heartbeat_timer(&self, member: &str) -> Timer {
        Timer::Heartbeat(self.id.clone(), member.to_owned())
    }

    fn join_timer(&self) -> Timer {
        Timer::Join(self.id.clone())
    }

    fn sync_timer(&self) -> Timer {
        Timer::Sync(self.id.clone())
    }

    /// Heartbeat (KIP-345 for the instance id). `Ok` carries the answer to a member in good standing.
    pub fn heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        let valid = self.validate(id, instance_id);
        if valid == Err(ResponseError::FencedInstanceId) {
            turn.event(events::fenced(&self.id, id, instance_id));
        }
        valid?;
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        match self.state {
            State::Empty => Err(ResponseError::UnknownMemberId),
            State::PreparingRebalance => {
                self.touch(turn, id);
                Err(ResponseError::RebalanceInProgress)
            }
            // A member may heartbeat as soon as it has its join response, before it is given work.
            State::CompletingRebalance | State::Stable => {
                self.touch(turn, id);
                Ok(())
            }
        }
    }

    /// Starts the sessions of a group that was just read from the log.
    pub fn resume(&mut self, turn: &mut Turn<'_>) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in &ids {
            self.touch(turn, id);
        }
        if self.members.len() > turn.config.max_size as usize {
            self.prepare_rebalance(turn, &Why::of("group-too-large"));
        }
    }

    /// The shard goes away: everybody who waits is sent to look for the new coordinator.
    pub fn unload(&mut self, turn: &mut Turn<'_>) {
        for (_, mut member) in self.members.drain(..) {
            let id = member.id.clone();
            member.refuse(turn, &id, ResponseError::NotCoordinator);
        }
    }

    fn empty_assignments(&mut self) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
    }
}
