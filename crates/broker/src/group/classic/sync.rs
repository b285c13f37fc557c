use super::super::config::MAX_GROUP_RECORD_BYTES;
use super::super::events;
use super::{ClassicGroup, Parked, State, Turn, Why, responses};
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::SyncGroupRequest;
use kafka_protocol::protocol::StrBytes;

impl ClassicGroup {
    /// Handles SyncGroup. The answer comes now, or when the leader has sent the assignment.
    pub fn sync(&mut self, turn: &mut Turn<'_>, request: &SyncGroupRequest, parked: Parked) {
        let id = request.member_id.as_str();
        if let Err(error) = self.validate_sync(turn, request) {
            return turn.reply(parked.waiter, responses::sync_error(error));
        }
        match self.state {
            State::Empty => {
                turn.reply(
                    parked.waiter,
                    responses::sync_error(ResponseError::UnknownMemberId),
                );
            }
            State::PreparingRebalance => {
                let error = ResponseError::RebalanceInProgress;
                turn.reply(parked.waiter, responses::sync_error(error));
            }
            State::CompletingRebalance => {
                self.synced(turn, id);
                if let Some(member) = self.members.get_mut(id) {
                    member.park_sync(turn, parked);
                }
                if self.is_leader(id) {
                    self.assign(turn, request);
                }
            }
            State::Stable => {
                self.synced(turn, id);
                let response = self.sync_response(self.members[id].assignment.clone());
                turn.reply(parked.waiter, response);
            }
        }
    }

    fn validate_sync(
        &self,
        turn: &mut Turn<'_>,
        request: &SyncGroupRequest,
    ) -> Result<(), ResponseError> {
        let instance_id = request.group_instance_id.as_ref().map(|id| id.as_str());
        let valid = self.validate(request.member_id.as_str(), instance_id);
        if valid == Err(ResponseError::FencedInstanceId) {
            turn.event(events::fenced(
                &self.id,
                request.member_id.as_str(),
                instance_id,
            ));
        }
        valid?;
        if request.generation_id != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol)
        {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn synced(&mut self, turn: &mut Turn<'_>, id: &str) {
        self.pending_sync.remove(id);
        if self.pending_sync.is_empty() {
            turn.timers.cancel(&self.sync_timer());
        }
    }

    /// Takes the leader's assignment. Members it leaves out get an empty one, not a wait.
    fn assign(&mut self, turn: &mut Turn<'_>, request: &SyncGroupRequest) {
        self.empty_assignments();
        for assignment in &request.assignments {
            if let Some(member) = self.members.get_mut(assignment.member_id.as_str()) {
                member.assignment = Bytes::copy_from_slice(&assignment.assignment);
            }
        }
        if self.record_bytes() > MAX_GROUP_RECORD_BYTES {
            self.empty_assignments();
            self.answer_syncs(turn, Some(ResponseError::UnknownServerError));
            return self.prepare_rebalance(turn, &Why::of("group-record-too-large"));
        }
        self.enter(turn.now, State::Stable);
        turn.out.records.push(self.to_record());
        turn.event(events::assignment_done(
            self,
            turn.now - self.rebalance_started,
        ));
        self.answer_syncs(turn, None);
    }

    /// About the size of the group's record: the parts that a client can make large.
    fn record_bytes(&self) -> usize {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|member| {
            64 + member.id.len()
                + member.client_id.len()
                + member.client_host.len()
                + member.instance_id.as_ref().map_or(0, String::len)
                + member.metadata(protocol).len()
                + member.assignment.len()
        });
        members.sum()
    }
}

/// Whether a request names something other than what the group has (both known).
fn differs(requested: &Option<StrBytes>, actual: &Option<String>) -> bool {
    match (requested, actual) {
        (Some(requested), Some(actual)) => requested.as_str() != actual,
        _ => false,
    }
}
