//! What a shard does for groups of the consumer protocol.

use super::super::RequestContext;
use super::super::classic::{Turn, text};
use super::super::config::MAX_GROUPS;
use super::super::consumer::{Heartbeat, JOINING, LEAVING, LEAVING_FOR_A_WHILE, Refusal, Scope};
use super::super::coordinator::Topics;
use super::super::record::Record;
use super::super::timers::Timer;
use super::{Call, Shard};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

impl Shard {
    pub(super) fn scope<'a>(
        &'a mut self,
        call: &'a mut Call<'_>,
        topics: &'a dyn Topics,
        id: &'a str,
    ) -> Scope<'a> {
        call.out.commit(&mut self.image);
        Scope {
            id,
            turn: Turn {
                now: call.now,
                config: call.config,
                timers: &mut self.timers,
                ids: call.ids,
                out: &mut call.out,
            },
            image: &mut self.image,
            soft: &mut self.soft,
            topics,
        }
    }

    pub fn consumer_heartbeat(
        &mut self,
        call: &mut Call<'_>,
        context: &RequestContext<'_>,
        request: &ConsumerGroupHeartbeatRequest,
        topics: &dyn Topics,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let id = request.group_id.as_str();
        let epoch = request.member_epoch;
        if matches!(epoch, LEAVING | LEAVING_FOR_A_WHILE) {
            return self.consumer_leave(call, request, topics);
        }
        self.admit(call, id, epoch == JOINING)?;
        let new_id = match request.member_id.is_empty() {
            true => call.ids.member_id(context.client_id),
            false => request.member_id.to_string(),
        };
        let beat = Heartbeat {
            context,
            request,
            member: &new_id,
        };
        if self.groups.get(id).is_some_and(|group| !group.is_empty()) {
            self.upgrade(call, id, topics)?;
        }
        let sender = self.scope(call, topics, id).check(&beat)?;
        if self.groups.contains_key(id) {
            self.succeed_classic(call, id);
        }
        Ok(self.scope(call, topics, id).heartbeat(beat, &sender))
    }

    fn consumer_leave(
        &mut self,
        call: &mut Call<'_>,
        request: &ConsumerGroupHeartbeatRequest,
        topics: &dyn Topics,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let id = request.group_id.as_str();
        self.admit(call, id, false)?;
        let (member, epoch) = (request.member_id.as_str(), request.member_epoch);
        let mut scope = self.scope(call, topics, id);
        scope.leave(member, request.instance_id.as_deref(), epoch)?;
        self.maybe_downgrade(call, id, topics, true);
        Ok(ConsumerGroupHeartbeatResponse::default()
            .with_member_id(Some(text(member)))
            .with_member_epoch(epoch))
    }

    /// Whether a member may come to a group: there must be one, or it joins and may begin one. An empty
    /// classic group gives way to it; its offsets stay.
    fn admit(&self, call: &Call<'_>, id: &str, is_joining: bool) -> Result<(), Refusal> {
        let not_found =
            |message: String| Err(Refusal::new(ResponseError::GroupIdNotFound, message));
        if self.image.consumer_group(id).is_some() {
            return Ok(());
        }
        match self.groups.get(id) {
            None if !is_joining => not_found(format!("Group {id} not found.")),
            None if self.group_count() >= MAX_GROUPS => {
                Err(ResponseError::CoordinatorNotAvailable.into())
            }
            None => Ok(()),
            Some(group) if is_joining && group.is_empty() && group.pending_members.is_empty() => {
                Ok(())
            }
            Some(group) if is_joining => self.may_upgrade(call, group),
            Some(_) => not_found(format!("Group {id} is not a consumer group.")),
        }
    }

    /// A consumer group takes the place of an empty classic one.
    fn succeed_classic(&mut self, call: &mut Call<'_>, id: &str) {
        self.groups.remove(id);
        call.out.write(
            &mut self.image,
            Record::Group {
                group: id.to_owned(),
                value: None,
            },
        );
    }

    pub(super) fn resume_consumer_groups(&mut self, call: &mut Call<'_>, topics: &dyn Topics) {
        let groups = self.image.consumer_groups();
        let ids: Vec<String> = groups.map(|(id, _)| id.to_owned()).collect();
        for id in &ids {
            self.scope(call, topics, id).resume();
        }
    }

    /// A timer of a consumer group fell due.
    pub(super) fn on_consumer_timer(
        &mut self,
        call: &mut Call<'_>,
        topics: &dyn Topics,
        timer: &Timer,
    ) {
        match timer {
            Timer::Heartbeat(id, member) => {
                self.scope(call, topics, id).on_session_timer(member);
                self.maybe_downgrade(call, id, topics, true);
            }
            Timer::Rebalance(id, member) => {
                self.scope(call, topics, id).on_rebalance_timer(member);
                self.maybe_downgrade(call, id, topics, true);
            }
            Timer::Join(_) | Timer::Sync(_) | Timer::Expiry => {}
        }
    }
}
