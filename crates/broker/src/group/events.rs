//! What the page tells about groups. Codes and reasons are stable names; the page has the sentences.

use super::classic::{ClassicGroup, Member, Why};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::JoinGroupRequest;
use konbini_trace::Event;

fn member_event(event: Event, group: &str, member: &str) -> Event {
    event.with("group", group).with("member", member)
}

pub fn member_joined(group: &str, member: &Member, request: &JoinGroupRequest) -> Event {
    let mut event = member_event(Event::info("group-member-joined"), group, &member.id)
        .with("client", member.client_id.as_str())
        .with("session_timeout_ms", member.session_timeout_ms)
        .with("rebalance_timeout_ms", member.rebalance_timeout_ms);
    if let Some(instance_id) = &member.instance_id {
        event = event
            .with("instance", instance_id.as_str())
            .because_of("group.instance.id");
    }
    with_client_reason(event, request.reason.as_ref().map(|reason| reason.as_str()))
}

pub fn static_member_replaced(group: &str, instance: Option<&str>, old: &str, new: &str) -> Event {
    member_event(Event::info("group-static-member-replaced"), group, new)
        .with("old_member", old)
        .with("instance", instance.unwrap_or_default())
        .because_of("group.instance.id")
}

/// A member left on its own account. A Java consumer says in its reason when it leaves because its
/// application did not poll in time.
pub fn member_left(group: &str, member: &str, reason: Option<&str>) -> Event {
    let event = member_event(Event::info("group-member-left"), group, member);
    let event = with_client_reason(event, reason);
    match reason {
        Some(reason) if reason.contains("poll timeout") => event.because_of("max.poll.interval.ms"),
        _ => event,
    }
}

/// No heartbeat for the length of the session.
pub fn expired_session(group: &str, member: &Member) -> Event {
    member_event(Event::warn("group-member-expired"), group, &member.id)
        .with("reason", "no-heartbeat")
        .with("timeout_ms", member.session_timeout_ms)
        .because_of("session.timeout.ms")
}

/// Not back in the join phase of a rebalance. Consumers send `max.poll.interval.ms` as their
/// rebalance timeout.
pub fn expired_joining(group: &str, member: &str, timeout_ms: i64) -> Event {
    member_event(Event::warn("group-member-expired"), group, member)
        .with("reason", "did-not-rejoin")
        .with("timeout_ms", timeout_ms)
        .because_of("max.poll.interval.ms")
}

/// Joined, but never asked for its assignment.
pub fn expired_syncing(group: &str, member: &str, timeout_ms: i64) -> Event {
    member_event(Event::warn("group-member-expired"), group, member)
        .with("reason", "did-not-sync")
        .with("timeout_ms", timeout_ms)
        .because_of("max.poll.interval.ms")
}

/// Was given a member id and never came back with it.
pub fn pending_expired(group: &str, member: &str) -> Event {
    member_event(Event::detail("group-pending-member-expired"), group, member)
        .because_of("session.timeout.ms")
}

pub fn fenced(group: &str, member: &str, instance: Option<&str>) -> Event {
    member_event(Event::warn("group-member-fenced"), group, member)
        .with("instance", instance.unwrap_or_default())
        .because_of("group.instance.id")
}

pub fn refused(
    group: &str,
    client: &str,
    member: &str,
    error: ResponseError,
    setting: Option<&'static str>,
) -> Event {
    let event = member_event(Event::warn("group-join-refused"), group, member)
        .with("client", client)
        .with("error", i64::from(error.code()));
    match setting {
        Some(setting) => event.because_of(setting),
        None => event,
    }
}

pub fn rebalance_started(group: &ClassicGroup, why: &Why, initial: bool) -> Event {
    let mut event = Event::info("group-rebalance-started")
        .with("group", group.id.as_str())
        .with("reason", why.code)
        .with("generation", group.generation)
        .with("members", group.members.len() as i64);
    if let Some(member) = &why.member {
        event = event.with("member", member.as_str());
    }
    event = with_client_reason(event, why.client_reason.as_deref());
    match initial {
        true => event.because_of("group.initial.rebalance.delay.ms"),
        false => event,
    }
}

/// The join phase is over and a new generation runs; its leader now assigns.
pub fn generation_started(group: &ClassicGroup, after_ms: i64) -> Event {
    Event::info("group-generation-started")
        .with("group", group.id.as_str())
        .with("generation", group.generation)
        .with("protocol", group.protocol.as_deref().unwrap_or_default())
        .with("leader", group.leader.as_deref().unwrap_or_default())
        .with("members", group.members.len() as i64)
        .with("after_ms", after_ms)
        .because_of("partition.assignment.strategy")
}

pub fn assignment_done(group: &ClassicGroup, after_ms: i64) -> Event {
    let idle = group
        .members
        .values()
        .filter(|member| member.is_idle())
        .count();
    Event::info("group-assignment-done")
        .with("group", group.id.as_str())
        .with("generation", group.generation)
        .with("members", group.members.len() as i64)
        .with("idle", idle as i64)
        .with("after_ms", after_ms)
}

pub fn group_empty(group: &ClassicGroup) -> Event {
    Event::info("group-empty")
        .with("group", group.id.as_str())
        .with("generation", group.generation)
}

/// One event a topic; offsets as `partition=offset`, comma between.
pub fn offsets_committed(group: &str, member: &str, topic: &str, offsets: &str) -> Event {
    member_event(Event::detail("group-offsets-committed"), group, member)
        .with("topic", topic)
        .with("offsets", offsets)
}

pub fn offsets_refused(group: &str, member: &str, error: ResponseError) -> Event {
    member_event(Event::warn("group-offsets-refused"), group, member)
        .with("error", i64::from(error.code()))
}

pub fn offsets_expired(group: &str, count: usize) -> Event {
    Event::info("group-offsets-expired")
        .with("group", group)
        .with("count", count as i64)
        .because_of("offsets.retention.minutes")
}

pub fn group_deleted(group: &str) -> Event {
    Event::info("group-deleted").with("group", group)
}

pub fn shard_loaded(partition: i32, groups: usize) -> Event {
    Event::detail("group-coordinator-loaded")
        .with("partition", partition)
        .with("groups", groups as i64)
}

pub fn shard_unloaded(partition: i32, groups: usize) -> Event {
    Event::detail("group-coordinator-unloaded")
        .with("partition", partition)
        .with("groups", groups as i64)
}

fn with_client_reason(event: Event, reason: Option<&str>) -> Event {
    match reason {
        Some(reason) => event.with("client_reason", reason),
        None => event,
    }
}
