//! A group of the consumer protocol (KIP-848): the coordinator assigns, and each member is led from
//! its assignment to the target one on its own, heartbeat by heartbeat.
//!
//! ```text
//! members, subscriptions, topics ──change──► group epoch + 1
//! group epoch > target epoch     ──assignor──► target assignment, target epoch = group epoch
//! member epoch < target epoch    ──reconcile──► revoke, then advance, then take what is free
//! ```
//! Almost everything is hard state here: a member's epoch and partitions are records, so that a new
//! coordinator goes on where the old one was. Only sessions and revocation timeouts are soft.
//!
//! A partition has one owner at any time: a member that is to give one up stays in its epoch until it
//! says that it no longer has it, and only then may another member be told to take it.

mod assignor;
mod classic_beat;
mod classic_join;
mod commit;
pub mod describe;
pub mod events;
mod heartbeat;
mod leave;
mod member;
mod migrate;
mod reconcile;
pub mod record;
mod regex;
mod request;
mod scope;

pub use assignor::Assignor;
pub use commit::{validate_commit, validate_commit_in_transaction, validate_fetch};
pub use heartbeat::{Heartbeat, Sender};
pub use member::{ClassicMember, CurrentAssignment, Member, MemberMetadata, MemberState};

pub use request::check as check_request;
pub use scope::{Refusal, Scope, Soft};

use record::ConsumerRecord;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Partitions by topic id and index.
pub type Partitions = BTreeSet<(Uuid, i32)>;

/// The epoch of a member that joins, in requests and of a member that has none yet.
pub const JOINING: i32 = 0;
/// The epoch with which a member leaves.
pub const LEAVING: i32 = -1;
/// The epoch with which a static member leaves for a while: its place is kept.
pub const LEAVING_FOR_A_WHILE: i32 = -2;

/// The state of a consumer group, by Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    Empty,
    Assigning,
    Reconciling,
    Stable,
}

impl GroupState {
    /// The name that ConsumerGroupDescribe and ListGroups give it.
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::Assigning => "Assigning",
            GroupState::Reconciling => "Reconciling",
            GroupState::Stable => "Stable",
        }
    }
}

/// A subscribed topic as the group last saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    pub id: Uuid,
    pub partitions: i32,
}

/// What a regular expression stood for when it was last looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedRegex {
    pub topics: BTreeSet<String>,
    /// A number of the metadata that it was looked up in.
    pub version: i64,
    /// Milliseconds.
    pub timestamp: i64,
}

/// The hard state of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerGroup {
    /// Grows with every change of members, subscriptions or topics.
    pub epoch: i32,
    /// The group epoch that the target assignment was made for.
    pub target_epoch: i32,
    /// Subscribed topics that exist, by name.
    pub topics: BTreeMap<String, TopicMetadata>,
    pub regexes: BTreeMap<String, ResolvedRegex>,
    members: BTreeMap<String, Member>,
    targets: BTreeMap<String, Partitions>,
    /// Who has a partition, until it is revoked.
    owners: BTreeMap<(Uuid, i32), String>,
    /// Group instance id to member id.
    static_members: BTreeMap<String, String>,
    /// How many members subscribe to a topic by its name.
    subscribed_names: BTreeMap<String, usize>,
    /// How many members subscribe by a regular expression.
    subscribed_regexes: BTreeMap<String, usize>,
}

impl ConsumerGroup {
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    /// By member id.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members
            .iter()
            .map(|(id, member)| (id.as_str(), member))
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn static_member(&self, instance_id: &str) -> Option<&str> {
        self.static_members.get(instance_id).map(String::as_str)
    }

    /// What a member is to have in the end.
    pub fn target(&self, member: &str) -> Option<&Partitions> {
        self.targets.get(member)
    }

    /// The member that has a partition, or has not given it up yet.
    pub fn owner(&self, partition: (Uuid, i32)) -> Option<&str> {
        self.owners.get(&partition).map(String::as_str)
    }

    pub fn state(&self) -> GroupState {
        let settled = |member: &Member| member.is_reconciled_to(self.target_epoch);
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(settled) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// Whether any member subscribes to a topic, by name or by expression.
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed_names.contains_key(topic)
            || self
                .regexes
                .values()
                .any(|regex| regex.topics.contains(topic))
    }

    /// Names of all topics that members subscribe to, whether they exist or not.
    pub fn subscribed_topics(&self) -> BTreeSet<&str> {
        let by_name = self.subscribed_names.keys();
        let by_regex = self.regexes.values().flat_map(|regex| &regex.topics);
        by_name.chain(by_regex).map(String::as_str).collect()
    }

    /// The regular expressions that members subscribe by, with how many do.
    pub fn subscribed_regexes(&self) -> &BTreeMap<String, usize> {
        &self.subscribed_regexes
    }

    /// Ids of the existing topics that a member subscribes to.
    pub fn topics_of(&self, member: &MemberMetadata) -> BTreeSet<Uuid> {
        let regex = member
            .regex
            .as_ref()
            .and_then(|regex| self.regexes.get(regex));
        let by_regex = regex.into_iter().flat_map(|regex| &regex.topics);
        let names = member.topics.iter().chain(by_regex);
        names
            .filter_map(|name| self.topics.get(name).map(|topic| topic.id))
            .collect()
    }

    /// The name of a subscribed topic.
    pub fn topic_name(&self, id: Uuid) -> Option<&str> {
        let found = self.topics.iter().find(|(_, topic)| topic.id == id);
        found.map(|(name, _)| name.as_str())
    }

    /// The assignor that most members ask for; the configured one when nobody asks.
    pub fn assignor(&self, default: Assignor) -> Assignor {
        let mut votes: BTreeMap<Assignor, usize> = BTreeMap::new();
        let asked = self.members.values();
        for name in asked.filter_map(|member| member.metadata.assignor.as_deref()) {
            if let Some(assignor) = Assignor::by_name(name) {
                *votes.entry(assignor).or_default() += 1;
            }
        }
        let most = votes.into_iter().max_by_key(|(assignor, count)| {
            // Of equals, the first by name.
            (*count, std::cmp::Reverse(*assignor))
        });
        most.map_or(default, |(assignor, _)| assignor)
    }

    /// Whether there are members, and all of them speak the classic protocol.
    pub fn is_all_classic(&self) -> bool {
        !self.members.is_empty() && self.members.values().all(Member::is_classic)
    }

    /// Applies one record; [`super::Image::replay`] is the only caller.
    pub fn replay(&mut self, record: ConsumerRecord) {
        match record {
            ConsumerRecord::Group(epoch) => self.epoch = epoch.unwrap_or(0),
            ConsumerRecord::Topics(topics) => self.topics = topics.unwrap_or_default(),
            ConsumerRecord::TargetEpoch(epoch) => self.target_epoch = epoch.unwrap_or(0),
            ConsumerRecord::Target { member, value } => {
                match value {
                    Some(partitions) => self.targets.insert(member, partitions),
                    None => self.targets.remove(&member),
                };
            }
            ConsumerRecord::Member { member, value } => self.replay_member(member, value),
            ConsumerRecord::Current { member, value } => self.replay_current(member, value),
            ConsumerRecord::Regex { regex, value } => {
                match value {
                    Some(resolved) => self.regexes.insert(regex, resolved),
                    None => self.regexes.remove(&regex),
                };
            }
        }
    }

    fn replay_member(&mut self, id: String, value: Option<MemberMetadata>) {
        let old = self.members.get(&id).map(|member| member.metadata.clone());
        if let Some(old) = old {
            self.forget_subscription(&id, &old);
        }
        match value {
            Some(metadata) => {
                if let Some(instance) = &metadata.instance_id {
                    self.static_members.insert(instance.clone(), id.clone());
                }
                for name in &metadata.topics {
                    *self.subscribed_names.entry(name.clone()).or_default() += 1;
                }
                if let Some(regex) = &metadata.regex {
                    *self.subscribed_regexes.entry(regex.clone()).or_default() += 1;
                }
                self.members.entry(id).or_default().metadata = metadata;
            }
            None => {
                self.replay_current(id.clone(), None);
                self.members.remove(&id);
            }
        }
    }

    fn forget_subscription(&mut self, id: &str, old: &MemberMetadata) {
        if let Some(instance) = &old.instance_id
            && self.static_member(instance) == Some(id)
        {
            self.static_members.remove(instance);
        }
        for name in &old.topics {
            take_one(&mut self.subscribed_names, name);
        }
        if let Some(regex) = &old.regex {
            take_one(&mut self.subscribed_regexes, regex);
        }
    }

    fn replay_current(&mut self, id: String, value: Option<CurrentAssignment>) {
        if value.is_none() && !self.members.contains_key(&id) {
            return;
        }
        // In a compacted log the assignment may come before the member.
        let member = self.members.entry(id.clone()).or_default();
        let new = value.unwrap_or_default();
        let old = std::mem::replace(&mut member.current, new.clone());
        for partition in old.held() {
            if self.owners.get(partition) == Some(&id) {
                self.owners.remove(partition);
            }
        }
        for partition in new.held() {
            self.owners.insert(*partition, id.clone());
        }
    }
}

fn take_one(counts: &mut BTreeMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}
