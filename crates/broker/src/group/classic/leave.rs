use super::super::events;
use super::{ClassicGroup, State, Turn, Why};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;

impl ClassicGroup {
    /// Handles LeaveGroup for a batch of members (KIP-345); one answer a member, in their order.
    pub fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        leaving: &[MemberIdentity],
    ) -> Vec<MemberResponse> {
        let mut responses = Vec::with_capacity(leaving.len());
        let mut first = None;
        for identity in leaving {
            let result = self.leave_one(turn, identity);
            if let Ok(id) = &result {
                first.get_or_insert_with(|| id.clone());
            }
            responses.push(
                MemberResponse::default()
                    .with_member_id(identity.member_id.clone())
                    .with_group_instance_id(identity.group_instance_id.clone())
                    .with_error_code(result.err().map_or(0, |error| error.code())),
            );
        }
        if let Some(id) = first {
            match self.state {
                State::Stable | State::CompletingRebalance => {
                    self.prepare_rebalance(turn, &Why::by("member-left", &id));
                }
                State::PreparingRebalance => self.maybe_complete_join(turn),
                State::Empty => {}
            }
        }
        responses
    }

    /// Takes out one member and returns its id. An administrator names a static member by its group
    /// instance id alone.
    fn leave_one(
        &mut self,
        turn: &mut Turn<'_>,
        identity: &MemberIdentity,
    ) -> Result<String, ResponseError> {
        let instance_id = identity.group_instance_id.as_ref().map(|id| id.as_str());
        let reason = identity.reason.as_ref().map(|reason| reason.as_str());
        let id = match (identity.member_id.as_str(), instance_id) {
            ("", None) => return Err(ResponseError::UnknownMemberId),
            ("", Some(instance_id)) => {
                let owner = self.static_members.get(instance_id);
                owner.cloned().ok_or(ResponseError::UnknownMemberId)?
            }
            (id, _) if self.pending_members.contains(id) => id.to_owned(),
            (id, instance_id) => {
                self.validate(id, instance_id)?;
                id.to_owned()
            }
        };
        turn.event(events::member_left(&self.id, &id, reason));
        self.remove(turn, &id);
        Ok(id)
    }
}
