//! What the page tells about groups of the consumer protocol. Codes and reasons are stable names.

use super::super::events as classic_events;
use super::{
    Assignor, ConsumerGroup, CurrentAssignment, Heartbeat, MemberMetadata, MemberState, Partitions,
};
use kafka_protocol::ResponseError;
use konbini_trace::Event;

const SESSION: &str = "group.consumer.session.timeout.ms";

fn member_event(event: Event, group: &str, member: &str) -> Event {
    event.with("group", group).with("member", member)
}

pub fn joined(group: &str, member: &str, metadata: &MemberMetadata, session_ms: i32) -> Event {
    let event = member_event(Event::info("group-member-joined"), group, member)
        .with("client", metadata.client_id.as_str())
        .with("session_timeout_ms", session_ms)
        .with("rebalance_timeout_ms", metadata.rebalance_timeout_ms);
    match &metadata.instance_id {
        Some(instance) => event
            .with("instance", instance.as_str())
            .because_of("group.instance.id"),
        None => event,
    }
}

pub fn epoch_bumped(
    id: &str,
    group: &ConsumerGroup,
    why: &'static str,
    member: Option<&str>,
) -> Event {
    let event = Event::info("group-epoch-bumped")
        .with("group", id)
        .with("reason", why)
        .with("epoch", group.epoch)
        .with("members", group.len() as i64);
    match member {
        Some(member) => event.with("member", member),
        None => event,
    }
}

/// `moved` is how many members get another target than before.
pub fn target_assigned(id: &str, group: &ConsumerGroup, assignor: Assignor, moved: usize) -> Event {
    Event::info("group-target-assigned")
        .with("group", id)
        .with("epoch", group.target_epoch)
        .with("assignor", assignor.name())
        .with("members", group.len() as i64)
        .with("moved", moved as i64)
        .because_of("group.consumer.assignors")
}

/// A member took a step: it gives up, waits, or has what it is to have. `None` when it stays where it
/// was and only its epoch is confirmed.
pub fn member_moved(
    id: &str,
    member: &str,
    group: &ConsumerGroup,
    old: &CurrentAssignment,
    new: &CurrentAssignment,
) -> Option<Event> {
    if (old.epoch, old.state, &old.assigned) == (new.epoch, new.state, &new.assigned) {
        return None;
    }
    let code = match new.state {
        MemberState::UnrevokedPartitions => "group-member-revokes",
        MemberState::UnreleasedPartitions => "group-member-waits",
        MemberState::Stable if new.assigned.is_empty() => "group-member-idle",
        MemberState::Stable => "group-member-settled",
    };
    let partitions = match new.state {
        MemberState::UnrevokedPartitions => names(group, &new.revoking),
        MemberState::UnreleasedPartitions => {
            let target = group.target(member).cloned().unwrap_or_default();
            names(group, &target.difference(&new.assigned).copied().collect())
        }
        MemberState::Stable => names(group, &new.assigned),
    };
    let revokes = new.state == MemberState::UnrevokedPartitions;
    if revokes && partitions.is_empty() {
        // What it gives up is of a topic that is gone.
        return None;
    }
    // Nothing moved but the epoch: no news.
    let event = match new.state {
        MemberState::Stable if old.assigned == new.assigned => Event::detail(code),
        _ => Event::info(code),
    };
    let event = member_event(event, id, member)
        .with("epoch", new.epoch)
        .with("partitions", partitions);
    Some(match revokes {
        true => event.because_of("max.poll.interval.ms"),
        false => event,
    })
}

/// `orders-0,orders-2`; partitions of a topic that is gone have no name and are left out.
fn names(group: &ConsumerGroup, partitions: &Partitions) -> String {
    let names = partitions.iter().filter_map(|(topic, index)| {
        let name = group.topic_name(*topic)?;
        Some(format!("{name}-{index}"))
    });
    names.collect::<Vec<_>>().join(",")
}

/// Every member has what it is to have.
pub fn stable(id: &str, group: &ConsumerGroup, after_ms: i64) -> Event {
    let idle = group
        .members()
        .filter(|(_, member)| member.current.assigned.is_empty());
    Event::info("group-assignment-done")
        .with("group", id)
        .with("generation", group.epoch)
        .with("members", group.len() as i64)
        .with("idle", idle.count() as i64)
        .with("after_ms", after_ms)
}

/// A classic group goes on as a consumer group.
pub fn upgraded(id: &str, members: usize, epoch: i32) -> Event {
    Event::info("group-upgraded")
        .with("group", id)
        .with("members", members as i64)
        .with("epoch", epoch)
        .because_of("group.consumer.migration.policy")
}

/// A consumer group goes on as a classic group.
pub fn downgraded(id: &str, members: usize, generation: i32) -> Event {
    Event::info("group-downgraded")
        .with("group", id)
        .with("members", members as i64)
        .with("generation", generation)
        .because_of("group.consumer.migration.policy")
}

pub fn empty(id: &str, group: &ConsumerGroup) -> Event {
    Event::info("group-empty")
        .with("group", id)
        .with("generation", group.epoch)
}

/// No heartbeat for the length of the session.
pub fn expired_session(group: &str, member: &str, timeout_ms: i64, is_classic: bool) -> Event {
    let setting = match is_classic {
        true => "session.timeout.ms",
        false => SESSION,
    };
    member_event(Event::warn("group-member-expired"), group, member)
        .with("reason", "no-heartbeat")
        .with("timeout_ms", timeout_ms)
        .because_of(setting)
}

/// Did not do its part of a rebalance. Consumers send `max.poll.interval.ms` as their rebalance timeout.
pub fn expired_rebalancing(
    group: &str,
    member: &str,
    reason: &'static str,
    timeout_ms: i32,
) -> Event {
    member_event(Event::warn("group-member-expired"), group, member)
        .with("reason", reason)
        .with("timeout_ms", timeout_ms)
        .because_of("max.poll.interval.ms")
}

/// A member must not go on as it is; no event for other refusals.
pub fn not_admitted(group: &str, beat: &Heartbeat<'_>, error: ResponseError) -> Option<Event> {
    let member = beat.member;
    match error {
        ResponseError::FencedInstanceId => {
            Some(classic_events::fenced(group, member, beat.instance_id()))
        }
        ResponseError::UnreleasedInstanceId => {
            let client = beat.context.client_id;
            let setting = Some("group.instance.id");
            Some(classic_events::refused(
                group, client, member, error, setting,
            ))
        }
        ResponseError::FencedMemberEpoch => Some(
            member_event(Event::warn("group-member-epoch-fenced"), group, member)
                .with("epoch", beat.request.member_epoch),
        ),
        _ => None,
    }
}
