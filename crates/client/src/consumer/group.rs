//! A consumer's membership in its group, as data: coordinator, member id, generation, phase.

use std::collections::BTreeMap;

use super::assignor::Member;
use crate::TopicPartition;

/// Where a member stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// No member, or about to join again.
    Unjoined,
    /// JoinGroup is under way.
    Joining,
    /// Elected leader; the partition counts of these members' topics are being looked up.
    Leading {
        members: Vec<Member>,
        protocol: String,
    },
    /// SyncGroup is under way.
    Syncing,
    Stable,
}

/// Why a group is joined anew, and the setting that decided it where one did.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    pub(super) text: String,
    pub(super) setting: Option<&'static str>,
}

impl Reason {
    pub(super) fn new(text: impl Into<String>) -> Reason {
        Reason {
            text: text.into(),
            setting: None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: String,
    /// Node id of the connection to the coordinator.
    pub(super) coordinator: Option<i32>,
    pub(super) finding: bool,
    pub(super) find_attempts: u32,
    pub(super) find_not_before: i64,
    pub(super) member_id: String,
    pub(super) generation: i32,
    pub(super) protocol: Option<String>,
    pub(super) phase: Phase,
    /// Set when the group has to be joined (again).
    pub(super) rejoin: Option<Reason>,
    /// Partitions are given up or kept, offsets committed: JoinGroup may go out.
    pub(super) prepared: bool,
    /// The commit before a rebalance is under way, since this time.
    pub(super) preparing_since: Option<i64>,
    pub(super) join_attempts: u32,
    pub(super) join_not_before: i64,
    pub(super) heartbeat_under_way: bool,
    pub(super) heartbeat_at: i64,
    /// The session is over at this time unless a heartbeat is answered.
    pub(super) session_until: i64,
    /// What the leader assigned from: when it changes, the group has to rebalance.
    pub(super) assigned_from: Option<BTreeMap<String, i32>>,
    /// The last assignment and its generation, for the sticky assignor.
    pub(super) last_assignment: (Vec<TopicPartition>, i32),
    pub(super) is_leader: bool,
    /// The reason is told only once for a rebalance with several tries.
    pub(super) announced: bool,
}

impl Group {
    pub(super) fn new(id: String) -> Group {
        Group {
            id,
            coordinator: None,
            finding: false,
            find_attempts: 0,
            find_not_before: i64::MIN,
            member_id: String::new(),
            generation: -1,
            protocol: None,
            phase: Phase::Unjoined,
            rejoin: None,
            prepared: false,
            preparing_since: None,
            join_attempts: 0,
            join_not_before: i64::MIN,
            heartbeat_under_way: false,
            heartbeat_at: i64::MAX,
            session_until: i64::MAX,
            assigned_from: None,
            last_assignment: (Vec::new(), -1),
            is_leader: false,
            announced: false,
        }
    }

    /// Whether heartbeats are due in this phase: not while JoinGroup waits at the coordinator.
    pub(super) fn beats(&self) -> bool {
        matches!(
            self.phase,
            Phase::Stable | Phase::Syncing | Phase::Leading { .. }
        ) && !self.member_id.is_empty()
    }

    /// Whether offsets can be committed as a member.
    pub(super) fn is_member(&self) -> bool {
        self.generation >= 0 && !self.member_id.is_empty()
    }

    /// Asks for a rebalance; the first reason stands.
    pub(super) fn request_rejoin(&mut self, reason: Reason) {
        if self.rejoin.is_none() {
            self.rejoin = Some(reason);
            self.prepared = false;
            self.preparing_since = None;
            self.announced = false;
        }
    }

    /// The coordinator no longer knows this member, or this generation.
    pub(super) fn reset(&mut self, forget_member_id: bool) {
        self.generation = -1;
        if forget_member_id {
            self.member_id.clear();
        }
        self.protocol = None;
        self.phase = Phase::Unjoined;
        self.is_leader = false;
        self.assigned_from = None;
    }
}
