use super::super::config::{MAX_MEMBERS, NEW_MEMBER_JOIN_TIMEOUT_MS};
use super::super::{RequestContext, events};
use super::{ClassicGroup, Member, Parked, State, Turn, Why, responses};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::JoinGroupRequest;

/// From this JoinGroup version on, a dynamic member must bring the id it was given (KIP-394).
const REQUIRES_KNOWN_MEMBER_ID: i16 = 4;

/// A JoinGroup request and who sent it.
#[derive(Clone, Copy)]
pub struct Join<'a> {
    pub context: &'a RequestContext<'a>,
    pub request: &'a JoinGroupRequest,
    pub parked: Parked,
}

impl<'a> Join<'a> {
    pub(super) fn member_id(&self) -> &'a str {
        self.request.member_id.as_str()
    }

    pub(super) fn instance_id(&self) -> Option<&'a str> {
        self.request
            .group_instance_id
            .as_ref()
            .map(|id| id.as_str())
    }

    pub fn refuse(&self, turn: &mut Turn<'_>, member_id: &str, error: ResponseError) {
        let response = responses::join_error(self.parked.api_version, member_id, error);
        turn.reply(self.parked.waiter, response);
    }

    /// Why the client says it joins (KIP-800).
    pub(super) fn why(&self, code: &'static str, member: &str) -> Why {
        let client_reason = self
            .request
            .reason
            .as_ref()
            .map(|reason| reason.to_string());
        Why {
            code,
            member: Some(member.to_owned()),
            client_reason,
        }
    }
}

impl ClassicGroup {
    /// Handles JoinGroup. The answer comes now, or when the join phase ends.
    pub fn join(&mut self, turn: &mut Turn<'_>, join: Join<'_>) {
        let id = join.member_id();
        if !self.has_room_for(turn, id) {
            self.remove(turn, id);
            turn.event(events::refused(
                &self.id,
                join.context.client_id,
                id,
                ResponseError::GroupMaxSizeReached,
                Some("group.max.size"),
            ));
            join.refuse(turn, "", ResponseError::GroupMaxSizeReached);
            self.maybe_complete_join(turn);
        } else if !self.supports_protocols(join.request) {
            let error = ResponseError::InconsistentGroupProtocol;
            let setting = Some("partition.assignment.strategy");
            turn.event(events::refused(
                &self.id,
                join.context.client_id,
                id,
                error,
                setting,
            ));
            join.refuse(turn, id, error);
        } else if !id.is_empty() {
            self.join_known(turn, join);
        } else if let Some(instance_id) = join.instance_id() {
            let new_id = turn.ids.member_id(instance_id);
            match self.static_members.get(instance_id).cloned() {
                Some(old_id) => self.replace_static_member(turn, join, &old_id, &new_id),
                None => self.add_member(turn, join, new_id),
            }
        } else {
            let new_id = turn.ids.member_id(join.context.client_id);
            match join.parked.api_version >= REQUIRES_KNOWN_MEMBER_ID {
                true => self.add_pending_member(turn, join, new_id),
                false => self.add_member(turn, join, new_id),
            }
        }
    }

    /// In the join phase those who wait are counted, so that a group that is too large sheds the
    /// members that come back last.
    fn has_room_for(&self, turn: &Turn<'_>, id: &str) -> bool {
        let max = (turn.config.max_size as usize).min(MAX_MEMBERS);
        let (known, size) = match self.state {
            State::Empty => (false, 0),
            State::PreparingRebalance => (
                self.members.get(id).is_some_and(Member::is_awaiting_join),
                self.members
                    .values()
                    .filter(|member| member.is_awaiting_join())
                    .count(),
            ),
            State::CompletingRebalance | State::Stable => {
                (self.members.contains_key(id), self.members.len())
            }
        };
        let may_wait =
            self.pending_members.contains(id) || self.pending_members.len() < MAX_MEMBERS;
        known || (size < max && may_wait)
    }

    fn supports_protocols(&self, request: &JoinGroupRequest) -> bool {
        if self.state == State::Empty {
            return !request.protocol_type.is_empty() && !request.protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(request.protocol_type.as_str())
            && request
                .protocols
                .iter()
                .any(|protocol| self.all_support(protocol.name.as_str()))
    }

    pub(super) fn all_support(&self, protocol: &str) -> bool {
        self.members
            .values()
            .all(|member| member.supports(protocol))
    }

    fn add_pending_member(&mut self, turn: &mut Turn<'_>, join: Join<'_>, id: String) {
        let deadline = turn.now + i64::from(join.request.session_timeout_ms);
        turn.timers.set(self.heartbeat_timer(&id), deadline);
        join.refuse(turn, &id, ResponseError::MemberIdRequired);
        self.pending_members.insert(id);
    }

    pub(super) fn add_member(&mut self, turn: &mut Turn<'_>, join: Join<'_>, id: String) {
        let mut member = Member::new(id.clone(), join.context, join.request);
        member.park_join(turn, join.parked);
        if self.members.is_empty() {
            self.protocol_type = Some(join.request.protocol_type.to_string());
        }
        if self.state == State::PreparingRebalance && self.previous == State::Empty {
            self.new_member_added = true;
        }
        turn.timers.set(
            self.heartbeat_timer(&id),
            turn.now + NEW_MEMBER_JOIN_TIMEOUT_MS,
        );
        turn.event(events::member_joined(&self.id, &member, join.request));
        self.insert(member);
        self.prepare_or_complete(turn, &join.why("member-joined", &id));
    }

    fn join_known(&mut self, turn: &mut Turn<'_>, join: Join<'_>) {
        let id = join.member_id();
        if self.pending_members.contains(id) {
            return match join.instance_id() {
                None => self.add_member(turn, join, id.to_owned()),
                // Pending ids are given to dynamic members only.
                Some(_) => join.refuse(turn, id, ResponseError::UnknownServerError),
            };
        }
        if let Err(error) = self.validate(id, join.instance_id()) {
            if error == ResponseError::FencedInstanceId {
                turn.event(events::fenced(&self.id, id, join.instance_id()));
            }
            return join.refuse(turn, id, error);
        }
        let changed = !self.members[id].matches(join.request);
        let why = match self.state {
            State::Empty => return join.refuse(turn, id, ResponseError::UnknownMemberId),
            State::PreparingRebalance => "member-rejoined",
            State::Stable if self.is_leader(id) => "leader-rejoined",
            State::CompletingRebalance | State::Stable if changed => "subscription-changed",
            // Nothing new: the member missed its answer. It gets the generation that is running.
            State::CompletingRebalance | State::Stable => {
                let mut response = self.join_response(join.parked.api_version, id);
                if self.state == State::Stable {
                    response.members.clear();
                }
                return turn.reply(join.parked.waiter, response.into());
            }
        };
        self.update_member(turn, join, id);
        self.prepare_or_complete(turn, &join.why(why, id));
    }

    pub(super) fn update_member(&mut self, turn: &mut Turn<'_>, join: Join<'_>, id: &str) {
        if let Some(member) = self.members.get_mut(id) {
            member.update(join.request);
            member.park_join(turn, join.parked);
        }
    }
}
