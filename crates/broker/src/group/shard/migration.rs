//! Groups that change their protocol while they run (KIP-848, `group.consumer.migration.policy`).

use super::super::classic::{ClassicGroup, Join, Why};
use super::super::consumer::{ClassicMember, MemberMetadata, Partitions, Refusal, events};
use super::super::consumer_protocol;
use super::super::coordinator::Topics;
use super::super::record::Record;
use super::super::timers::Timer;
use super::{Call, Shard};
use kafka_protocol::ResponseError;

impl Shard {
    /// Whether a classic group may become a consumer group.
    pub(super) fn may_upgrade(&self, call: &Call<'_>, group: &ClassicGroup) -> Result<(), Refusal> {
        let max = call.config.consumer_max_size;
        if !call.config.migration_policy.allows_upgrade()
            || !group.uses_consumer_protocol()
            || group.members.is_empty()
        {
            let message = format!("Group {} is not a consumer group.", group.id);
            return Err(Refusal::new(ResponseError::GroupIdNotFound, message));
        }
        // There has to be room for the member that comes.
        match group.members.len() >= max {
            true => Err(ResponseError::GroupMaxSizeReached.into()),
            false => Ok(()),
        }
    }

    /// Makes a classic group with members a consumer group: the same members with what they have.
    /// Whoever waits for a join or an assignment is told to join again.
    pub(super) fn upgrade(
        &mut self,
        call: &mut Call<'_>,
        id: &str,
        topics: &dyn Topics,
    ) -> Result<(), Refusal> {
        let members = self
            .groups
            .get(id)
            .and_then(|group| members_of(group, topics));
        let (groups, mut turn) = self.split(call);
        let (Some(members), Some(mut group)) = (members, groups.remove(id)) else {
            let message = format!("What the members of {id} said in JoinGroup cannot be read.");
            return Err(Refusal::new(ResponseError::GroupIdNotFound, message));
        };
        for timer in [Timer::Join(id.to_owned()), Timer::Sync(id.to_owned())] {
            turn.timers.cancel(&timer);
        }
        for pending in &group.pending_members {
            let timer = Timer::Heartbeat(id.to_owned(), pending.clone());
            turn.timers.cancel(&timer);
        }
        for member in group.members.values_mut() {
            let member_id = member.id.clone();
            member.refuse(&mut turn, &member_id, ResponseError::RebalanceInProgress);
        }
        let generation = group.generation;
        turn.out.records.push(Record::Group {
            group: id.to_owned(),
            value: None,
        });
        let mut scope = self.scope(call, topics, id);
        let event = events::upgraded(id, members.len(), generation);
        scope.found(generation, members);
        scope.turn.event(event);
        Ok(())
    }

    /// Makes a consumer group whose members all speak the classic protocol a classic group, if that is
    /// allowed. When a member has gone for it they are told to join again.
    pub(super) fn maybe_downgrade(
        &mut self,
        call: &mut Call<'_>,
        id: &str,
        topics: &dyn Topics,
        has_gone: bool,
    ) {
        let mut scope = self.scope(call, topics, id);
        if !scope.is_to_downgrade() {
            return;
        }
        let (epoch, members) = scope.classic_members();
        scope.delete();
        let group = ClassicGroup::downgraded(id, call.now, epoch, members);
        let event = events::downgraded(id, group.members.len(), epoch);
        call.out.records.push(group.to_record());
        call.out.events.push(event);
        self.groups.insert(id.to_owned(), group);
        let (groups, mut turn) = self.split(call);
        if let Some(group) = groups.get_mut(id) {
            group.resume(&mut turn);
            if has_gone {
                group.prepare_rebalance(&mut turn, &Why::of("consumer-protocol-left"));
            }
        }
        self.commit(call);
    }

    /// A member of the classic protocol comes to a group that is, or was, one of the other. True when
    /// it was dealt with here.
    pub(super) fn join_consumer_group(
        &mut self,
        call: &mut Call<'_>,
        join: Join<'_>,
        topics: &dyn Topics,
    ) -> bool {
        let id = join.request.group_id.as_str();
        match self.image.consumer_group(id) {
            None => false,
            // An empty group gives way to a new member; its offsets stay.
            Some(group) if group.is_empty() => {
                if join.request.member_id.is_empty() {
                    self.scope(call, topics, id).delete();
                }
                false
            }
            Some(_) => {
                self.scope(call, topics, id).classic_join(join);
                self.maybe_downgrade(call, id, topics, false);
                true
            }
        }
    }
}

/// The members of a classic group as those of a consumer group. `None` when their metadata is not that
/// of consumers.
fn members_of(
    group: &ClassicGroup,
    topics: &dyn Topics,
) -> Option<Vec<(String, MemberMetadata, Partitions)>> {
    let mut taken = Partitions::new();
    let mut members = Vec::new();
    for member in group.members.values() {
        let (_, metadata) = member.protocols.first()?;
        let subscription = consumer_protocol::subscription(metadata)?;
        let assigned = consumer_protocol::assigned_partitions(&member.assignment)?;
        let assigned = assigned
            .into_iter()
            .filter_map(|(topic, partition)| Some((topics.id(&topic)?, partition)));
        // A leader that gave a partition to two was wrong; here only one can have it.
        let assigned: Partitions = assigned
            .filter(|partition| taken.insert(*partition))
            .collect();
        let metadata = MemberMetadata {
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            topics: subscription.topics.into_iter().collect(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            classic: Some(ClassicMember {
                session_timeout_ms: member.session_timeout_ms,
                protocols: member.protocols.clone(),
            }),
            ..MemberMetadata::default()
        };
        members.push((member.id.clone(), metadata, assigned));
    }
    Some(members)
}
