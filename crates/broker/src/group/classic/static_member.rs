use super::super::events;
use super::join::Join;
use super::{ClassicGroup, State, Turn, responses};
use kafka_protocol::ResponseError;

impl ClassicGroup {
    /// A static member came back without a member id: it takes over the place, and in a stable group
    /// whose protocol stays the same nobody else notices (KIP-345).
    pub(super) fn replace_static_member(
        &mut self,
        turn: &mut Turn<'_>,
        join: Join<'_>,
        old_id: &str,
        new_id: &str,
    ) {
        let old_leader = self.leader.clone();
        let old_protocol = self.protocol.clone();
        self.rename_static_member(turn, old_id, new_id);
        turn.event(events::static_member_replaced(
            &self.id,
            join.instance_id(),
            old_id,
            new_id,
        ));
        self.update_member(turn, join, new_id);
        self.touch(turn, new_id);
        match self.state {
            State::Stable if self.select_protocol() == old_protocol => {
                self.subscribed_topics = self.compute_subscribed_topics();
                self.answer_replaced_member(turn, new_id, old_leader.as_deref());
                turn.out.records.push(self.to_record());
            }
            State::Stable => {
                self.prepare_or_complete(turn, &join.why("static-member-protocol-changed", new_id));
            }
            // The leader may already be assigning to the old id, so everybody joins again.
            State::CompletingRebalance => {
                self.prepare_rebalance(turn, &join.why("static-member-replaced", new_id));
            }
            State::PreparingRebalance => self.maybe_complete_join(turn),
            // An empty group has no members to replace.
            State::Empty => {}
        }
    }

    /// Keeps the member's place in the order of joining, its assignment and its leadership.
    fn rename_static_member(&mut self, turn: &mut Turn<'_>, old_id: &str, new_id: &str) {
        let Some((index, _, mut member)) = self.members.shift_remove_full(old_id) else {
            return;
        };
        turn.timers.cancel(&self.heartbeat_timer(old_id));
        member.refuse(turn, old_id, ResponseError::FencedInstanceId);
        member.id = new_id.to_owned();
        member.is_new = false;
        if let Some(instance_id) = &member.instance_id {
            self.static_members
                .insert(instance_id.clone(), new_id.to_owned());
        }
        if self.is_leader(old_id) {
            self.leader = Some(new_id.to_owned());
        }
        if self.pending_sync.remove(old_id) {
            self.pending_sync.insert(new_id.to_owned());
        }
        self.members.shift_insert(index, new_id.to_owned(), member);
    }

    /// A client that cannot be told to skip the assignment is told that its old self leads, so that
    /// it does not assign over the running generation.
    fn answer_replaced_member(&mut self, turn: &mut Turn<'_>, id: &str, old_leader: Option<&str>) {
        let Some(parked) = self
            .members
            .get_mut(id)
            .and_then(|member| member.awaiting_join.take())
        else {
            return;
        };
        let mut response = self.join_response(parked.api_version, id);
        if parked.api_version >= responses::SKIP_ASSIGNMENT {
            response.skip_assignment = self.is_leader(id);
        } else {
            response.members = Vec::new();
            response.leader = responses::text(old_leader.unwrap_or_default());
        }
        turn.reply(parked.waiter, response.into());
    }
}
