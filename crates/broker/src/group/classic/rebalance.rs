use super::super::events;
use super::{ClassicGroup, State, Turn};
use kafka_protocol::ResponseError;
use konbini_protocol::messages::ResponseKind;

/// Why a rebalance starts.
#[derive(Clone, Debug)]
pub struct Why {
    /// A stable kebab-case name; the page has a sentence for each.
    pub code: &'static str,
    /// The member that caused it.
    pub member: Option<String>,
    /// What the client said, in its own words (KIP-800).
    pub client_reason: Option<String>,
}

impl Why {
    pub fn of(code: &'static str) -> Why {
        Why {
            code,
            member: None,
            client_reason: None,
        }
    }

    pub fn by(code: &'static str, member: &str) -> Why {
        Why {
            member: Some(member.to_owned()),
            ..Why::of(code)
        }
    }
}

impl ClassicGroup {
    /// Starts a rebalance, or, if one is being prepared already, ends its join phase if it can.
    pub(super) fn prepare_or_complete(&mut self, turn: &mut Turn<'_>, why: &Why) {
        match self.state {
            State::PreparingRebalance => self.maybe_complete_join(turn),
            State::Empty | State::CompletingRebalance | State::Stable => {
                self.prepare_rebalance(turn, why);
            }
        }
    }

    pub fn prepare_rebalance(&mut self, turn: &mut Turn<'_>, why: &Why) {
        if self.state == State::CompletingRebalance {
            self.empty_assignments();
            self.answer_syncs(turn, Some(ResponseError::RebalanceInProgress));
        }
        self.end_sync_wait(turn);
        let initial = self.state == State::Empty;
        let delay = i64::from(turn.config.initial_rebalance_delay_ms);
        let timeout = self.rebalance_timeout_ms();
        self.rebalance_started = turn.now;
        self.enter(turn.now, State::PreparingRebalance);
        turn.event(events::rebalance_started(self, why, initial));
        if initial {
            // More members of a new group are likely to follow.
            self.new_member_added = false;
            self.initial_delay = Some((delay, (timeout - delay).max(0)));
            turn.timers.set(self.join_timer(), turn.now + delay);
        } else if self.has_all_joined() {
            self.complete_join(turn);
        } else {
            self.initial_delay = None;
            turn.timers.set(self.join_timer(), turn.now + timeout);
        }
    }

    /// Ends the join phase when everybody is here, except that an initial rebalance waits its delay.
    pub(super) fn maybe_complete_join(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::PreparingRebalance
            && self.previous != State::Empty
            && self.has_all_joined()
        {
            self.complete_join(turn);
        }
    }

    /// The join timer fell due.
    pub fn on_join_timer(&mut self, turn: &mut Turn<'_>) {
        if self.state != State::PreparingRebalance {
            return;
        }
        match self.initial_delay.take() {
            Some((delay, remaining)) if self.new_member_added && remaining > 0 => {
                self.new_member_added = false;
                let next = i64::from(turn.config.initial_rebalance_delay_ms).min(remaining);
                self.initial_delay = Some((next, (remaining - delay).max(0)));
                turn.timers.set(self.join_timer(), turn.now + next);
            }
            _ => self.complete_join(turn),
        }
    }

    /// Ends the join phase: who has not come back is out, and the next generation begins.
    pub(super) fn complete_join(&mut self, turn: &mut Turn<'_>) {
        turn.timers.cancel(&self.join_timer());
        self.initial_delay = None;
        let missing = self
            .members
            .values()
            .filter(|member| member.instance_id.is_none() && !member.is_awaiting_join());
        let missing: Vec<String> = missing.map(|member| member.id.clone()).collect();
        for id in &missing {
            let timeout = self.rebalance_timeout_ms();
            turn.event(events::expired_joining(&self.id, id, timeout));
            self.remove(turn, id);
        }
        if !self.members.is_empty() && !self.elect_joined_leader() {
            // Only static members are left and none came back: wait for them once more.
            turn.timers
                .set(self.join_timer(), turn.now + self.rebalance_timeout_ms());
            return;
        }
        self.next_generation(turn);
    }

    /// The leader stays if it joined; else the oldest member that did takes over.
    fn elect_joined_leader(&mut self) -> bool {
        let leader = self.leader.as_deref().and_then(|id| self.members.get(id));
        if leader.is_some_and(|member| member.is_awaiting_join()) {
            return true;
        }
        match self
            .members
            .values()
            .find(|member| member.is_awaiting_join())
        {
            Some(member) => {
                self.leader = Some(member.id.clone());
                true
            }
            None => false,
        }
    }

    fn next_generation(&mut self, turn: &mut Turn<'_>) {
        self.generation = self.generation.wrapping_add(1).max(0);
        self.pending_sync.clear();
        self.protocol = self.select_protocol();
        self.subscribed_topics = self.compute_subscribed_topics();
        if self.members.is_empty() {
            self.leader = None;
            self.enter(turn.now, State::Empty);
            turn.event(events::group_empty(self));
            turn.out.records.push(self.to_record());
            return;
        }
        self.enter(turn.now, State::CompletingRebalance);
        turn.event(events::generation_started(
            self,
            turn.now - self.rebalance_started,
        ));
        for index in 0..self.members.len() {
            self.answer_join(turn, index);
        }
        turn.timers
            .set(self.sync_timer(), turn.now + self.rebalance_timeout_ms());
    }

    fn answer_join(&mut self, turn: &mut Turn<'_>, index: usize) {
        let (id, member) = self
            .members
            .get_index_mut(index)
            .expect("index is below len");
        let id = id.clone();
        member.is_new = false;
        let parked = member.awaiting_join.take();
        if let Some(parked) = parked {
            turn.reply(parked.waiter, self.join_reply(parked, &id));
        }
        self.touch(turn, &id);
        self.pending_sync.insert(id);
    }

    /// The protocol that all members support and most of them like best; of equals, the one that the
    /// longest-serving of its voters named.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let mut votes: Vec<(&str, usize)> = Vec::new();
        for member in self.members.values() {
            let choice = member
                .protocols
                .iter()
                .find(|(name, _)| self.all_support(name));
            let Some((choice, _)) = choice else { continue };
            match votes.iter_mut().find(|(name, _)| name == choice) {
                Some((_, count)) => *count += 1,
                None => votes.push((choice, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        let winner = votes.iter().find(|(_, count)| *count == most)?;
        Some(winner.0.to_owned())
    }

    /// Answers all who wait for an assignment, with an error or with what they were assigned.
    pub(super) fn answer_syncs(&mut self, turn: &mut Turn<'_>, error: Option<ResponseError>) {
        for index in 0..self.members.len() {
            let (id, member) = self
                .members
                .get_index_mut(index)
                .expect("index is below len");
            let Some(parked) = member.awaiting_sync.take() else {
                continue;
            };
            let (id, assignment) = (id.clone(), member.assignment.clone());
            let response: ResponseKind = match error {
                Some(error) => super::responses::sync_error(error),
                None => self.sync_response(assignment),
            };
            turn.reply(parked.waiter, response);
            // The session stood still while the member waited.
            self.touch(turn, &id);
        }
    }

    pub(super) fn end_sync_wait(&mut self, turn: &mut Turn<'_>) {
        self.pending_sync.clear();
        turn.timers.cancel(&self.sync_timer());
    }

    /// The sync timer fell due: members that never asked for their assignment are out.
    pub fn on_sync_timer(&mut self, turn: &mut Turn<'_>) {
        let waiting = matches!(self.state, State::CompletingRebalance | State::Stable);
        if !waiting || self.pending_sync.is_empty() {
            return;
        }
        let missing: Vec<String> = self.pending_sync.iter().cloned().collect();
        let timeout = self.rebalance_timeout_ms();
        for id in &missing {
            turn.event(events::expired_syncing(&self.id, id, timeout));
            self.remove(turn, id);
        }
        let why = Why {
            member: missing.into_iter().next(),
            ..Why::of("sync-timeout")
        };
        self.prepare_rebalance(turn, &why);
    }

    /// A member's session ran out.
    pub fn on_heartbeat_timer(&mut self, turn: &mut Turn<'_>, id: &str) {
        if self.pending_members.remove(id) {
            turn.event(events::pending_expired(&self.id, id));
            if self.state == State::PreparingRebalance && self.has_all_joined() {
                self.complete_join(turn);
            }
            return;
        }
        let Some(member) = self.members.get(id) else {
            return;
        };
        if member.is_excused() {
            return;
        }
        turn.event(events::expired_session(&self.id, member));
        self.remove(turn, id);
        match self.state {
            State::Stable | State::CompletingRebalance => {
                self.prepare_rebalance(turn, &Why::by("member-expired", id));
            }
            State::PreparingRebalance if self.has_all_joined() => self.complete_join(turn),
            State::PreparingRebalance | State::Empty => {}
        }
    }
}
