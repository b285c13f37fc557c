//! ConsumerGroupHeartbeat: a member joins, stays, says what it has, and is told what it is to have.

use super::super::RequestContext;
use super::super::classic::text;
use super::record::{ConsumerRecord, by_topic};
use super::scope::{Refusal, Scope};
use super::{
    ConsumerGroup, GroupState, JOINING, LEAVING_FOR_A_WHILE, Member, MemberMetadata, Partitions,
    events, regex,
};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

/// A heartbeat and who sent it.
#[derive(Clone, Copy)]
pub struct Heartbeat<'a> {
    pub context: &'a RequestContext<'a>,
    pub request: &'a ConsumerGroupHeartbeatRequest,
    /// The id that the request brought, or the one that was made for it.
    pub member: &'a str,
}

/// What is known of who sent a heartbeat.
pub enum Sender {
    New,
    Known,
    /// It takes over the place of this member, which has its group instance id.
    Successor(String),
}

impl Heartbeat<'_> {
    pub(super) fn instance_id(&self) -> Option<&str> {
        self.request.instance_id.as_ref().map(|id| id.as_str())
    }

    fn is_joining(&self) -> bool {
        self.request.member_epoch == JOINING
    }

    /// The partitions that the member says it has.
    fn owned(&self) -> Option<Partitions> {
        let topics = self.request.topic_partitions.as_ref()?;
        let each = topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|partition| (topic.topic_id, *partition))
        });
        Some(each.collect())
    }

    /// Whether everything that can be said is said, as at joining and after an error.
    fn is_full(&self) -> bool {
        let request = self.request;
        self.is_joining()
            || (request.rebalance_timeout_ms != -1
                && request.subscribed_topic_names.is_some()
                && request.topic_partitions.is_some())
    }

    /// What the member says about itself: what is left out stays as it was.
    fn metadata(&self, before: &MemberMetadata) -> MemberMetadata {
        let request = self.request;
        let said = |value: &Option<kafka_protocol::protocol::StrBytes>, before: &Option<String>| {
            value
                .as_ref()
                .map(|text| text.to_string())
                .or(before.clone())
        };
        MemberMetadata {
            instance_id: said(&request.instance_id, &before.instance_id),
            rack_id: said(&request.rack_id, &before.rack_id),
            client_id: self.context.client_id.to_owned(),
            client_host: self.context.client_host.to_owned(),
            topics: match &request.subscribed_topic_names {
                Some(names) => names.iter().map(|name| name.to_string()).collect(),
                None => before.topics.clone(),
            },
            regex: said(&request.subscribed_topic_regex, &before.regex)
                .filter(|regex| !regex.is_empty()),
            rebalance_timeout_ms: match request.rebalance_timeout_ms {
                -1 => before.rebalance_timeout_ms,
                timeout => timeout,
            },
            assignor: said(&request.server_assignor, &before.assignor),
            classic: None,
        }
    }
}

impl Scope<'_> {
    /// Whether a heartbeat that is no leave may go on. Nothing is written.
    pub fn check(&mut self, beat: &Heartbeat<'_>) -> Result<Sender, Refusal> {
        let sender = self.identify(beat)?;
        match beat.request.subscribed_topic_regex.as_deref() {
            Some(pattern) => regex::check(pattern).map(|()| sender),
            None => Ok(sender),
        }
    }

    /// Carries out a heartbeat that was checked.
    pub fn heartbeat(
        &mut self,
        beat: Heartbeat<'_>,
        sender: &Sender,
    ) -> ConsumerGroupHeartbeatResponse {
        let id = beat.member;
        let state = self.find().map_or(GroupState::Empty, ConsumerGroup::state);
        self.note_start(state);
        if let Sender::Successor(old) = sender {
            self.replace(old, id);
        }
        let before = self.member(id).cloned().unwrap_or_default();
        let is_new = matches!(sender, Sender::New);
        let why = self.update_member(&beat, &before.metadata, is_new);
        let topics_changed = self.refresh_topics();
        let why = why.or(topics_changed.then_some("topics-changed"));
        if let Some(why) = why {
            self.bump_epoch(why, Some(id));
        }
        self.assign();
        self.reconcile(id, beat.owned().as_ref());
        self.touch(id);
        self.tell_rest(state);
        self.response(&beat, &before)
    }

    fn response(&self, beat: &Heartbeat<'_>, before: &Member) -> ConsumerGroupHeartbeatResponse {
        let member = self.member(beat.member).expect("it has just been written");
        let assigned = &member.current.assigned;
        let response = ConsumerGroupHeartbeatResponse::default()
            .with_member_id(Some(text(beat.member)))
            .with_member_epoch(member.current.epoch)
            .with_heartbeat_interval_ms(self.turn.config.consumer_heartbeat_interval_ms);
        match beat.is_full() || *assigned != before.current.assigned {
            true => response.with_assignment(Some(assignment(assigned))),
            false => response,
        }
    }

    /// Who sent this, if it may go on.
    fn identify(&mut self, beat: &Heartbeat<'_>) -> Result<Sender, Refusal> {
        let nobody = ConsumerGroup::default();
        let group = self.find().unwrap_or(&nobody);
        let max = self.turn.config.consumer_max_size;
        if group.len() >= max && group.member(beat.member).is_none() {
            let message = format!("The consumer group already has {max} members.");
            let error = ResponseError::GroupMaxSizeReached;
            let setting = Some("group.consumer.max.size");
            let client = beat.context.client_id;
            let event = super::super::events::refused(self.id, client, beat.member, error, setting);
            self.turn.event(event);
            return Err(Refusal::new(error, message));
        }
        let result = match beat.instance_id() {
            None => identify_dynamic(group, beat),
            Some(instance_id) => identify_static(group, beat, instance_id),
        };
        if let Err(refusal) = &result {
            let event = events::not_admitted(self.id, beat, refusal.error);
            self.turn.out.events.extend(event);
        }
        result
    }

    /// A static member is back under another id: the new one gets the old one's place and partitions,
    /// but has to prove itself from the first epoch on.
    pub(super) fn replace(&mut self, old: &str, new: &str) {
        let group = self.group();
        let member = group.member(old).cloned().unwrap_or_default();
        let target = group.target(old).cloned().unwrap_or_default();
        let instance = member.metadata.instance_id.clone();
        self.remove(old);
        self.write(ConsumerRecord::Member {
            member: new.to_owned(),
            value: Some(member.metadata),
        });
        self.write(ConsumerRecord::Target {
            member: new.to_owned(),
            value: Some(target),
        });
        let mut current = member.current;
        (current.epoch, current.previous_epoch) = (JOINING, JOINING);
        self.write_current(new, current);
        let instance = instance.as_deref();
        let event = super::super::events::static_member_replaced(self.id, instance, old, new);
        self.turn.event(event);
    }

    /// Takes in what the member says. Why the group epoch has to grow, if it has to.
    fn update_member(
        &mut self,
        beat: &Heartbeat<'_>,
        before: &MemberMetadata,
        is_new: bool,
    ) -> Option<&'static str> {
        let metadata = beat.metadata(before);
        let subscribes_anew = metadata.topics != before.topics || metadata.regex != before.regex;
        if is_new {
            let timeout = self.turn.config.consumer_session_timeout_ms;
            self.turn
                .event(events::joined(self.id, beat.member, &metadata, timeout));
        }
        if is_new || metadata != *before {
            self.write(ConsumerRecord::Member {
                member: beat.member.to_owned(),
                value: Some(metadata),
            });
        }
        let looked_up_anew = self.look_up_regexes();
        // A group that has just begun leaves epoch 0, whatever its first member subscribes to.
        if is_new && (subscribes_anew || self.group().epoch == 0) {
            Some("member-joined")
        } else if subscribes_anew {
            Some("subscription-changed")
        } else {
            looked_up_anew.then_some("topics-changed")
        }
    }
}

fn identify_dynamic(group: &ConsumerGroup, beat: &Heartbeat<'_>) -> Result<Sender, Refusal> {
    match group.member(beat.member) {
        Some(member) => {
            check_epoch(member, beat)?;
            Ok(Sender::Known)
        }
        None if beat.is_joining() => Ok(Sender::New),
        None => Err(unknown_member(beat.member)),
    }
}

fn identify_static(
    group: &ConsumerGroup,
    beat: &Heartbeat<'_>,
    instance_id: &str,
) -> Result<Sender, Refusal> {
    let owner = group
        .static_member(instance_id)
        .and_then(|id| Some((id, group.member(id)?)));
    match owner {
        None if beat.is_joining() => Ok(Sender::New),
        None => Err(unknown_instance(instance_id)),
        Some((id, member)) if beat.is_joining() => {
            if !member.is_classic() && member.current.epoch != LEAVING_FOR_A_WHILE {
                let message = format!("Member {id} still has the instance id {instance_id}.");
                return Err(Refusal::new(ResponseError::UnreleasedInstanceId, message));
            }
            Ok(Sender::Successor(id.to_owned()))
        }
        Some((id, member)) => {
            if id != beat.member {
                return Err(fenced_instance(id, instance_id));
            }
            check_epoch(member, beat)?;
            Ok(Sender::Known)
        }
    }
}

pub(super) fn unknown_member(id: &str) -> Refusal {
    let message = format!("The group has no member {id}.");
    Refusal::new(ResponseError::UnknownMemberId, message)
}

pub(super) fn unknown_instance(instance_id: &str) -> Refusal {
    let message = format!("The group has no member with the instance id {instance_id}.");
    Refusal::new(ResponseError::UnknownMemberId, message)
}

pub(super) fn fenced_instance(owner: &str, instance_id: &str) -> Refusal {
    let message = format!("Member {owner} has taken over the instance id {instance_id}.");
    Refusal::new(ResponseError::FencedInstanceId, message)
}

/// A member must be in the epoch it was told. The epoch before is good too, as long as the member has
/// nothing that it should not have: the answer that told it of the new one may be lost.
fn check_epoch(member: &Member, beat: &Heartbeat<'_>) -> Result<(), Refusal> {
    let (said, current) = (beat.request.member_epoch, &member.current);
    let lost_answer = said == current.previous_epoch
        && beat
            .owned()
            .is_some_and(|owned| owned.is_subset(&current.assigned));
    if said == current.epoch || (said < current.epoch && lost_answer) {
        return Ok(());
    }
    let epoch = current.epoch;
    let message = format!(
        "The member is in epoch {epoch}, not {said}. It has to give up its partitions and join again."
    );
    Err(Refusal::new(ResponseError::FencedMemberEpoch, message))
}

fn assignment(partitions: &Partitions) -> Assignment {
    let topics = by_topic(partitions).into_iter().map(|(id, partitions)| {
        TopicPartitions::default()
            .with_topic_id(id)
            .with_partitions(partitions)
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
