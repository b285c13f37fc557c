//! Questions about replicas and brokers that the lessons on replication ask the snapshot, and the
//! actions that they share. All are about partition 0 of `topic-test`.

use super::checks::{TOPIC, acked, log_end};
use crate::scenario::fault::{Effect, NetworkRule, Party};
use crate::scenario::snapshot::{BrokerState, ReplicaView, TopicView};
use crate::scenario::{Action, Snapshot};
use crate::state::{leader_of, replica_of, topic_of};

/// Node id of the leader, or -1.
pub fn leader(snapshot: &Snapshot) -> i32 {
    leader_of(snapshot, TOPIC, 0).map_or(-1, |partition| partition.leader)
}

pub fn epoch(snapshot: &Snapshot) -> i32 {
    leader_of(snapshot, TOPIC, 0).map_or(-1, |partition| partition.leader_epoch)
}

pub fn isr(snapshot: &Snapshot) -> &[i32] {
    leader_of(snapshot, TOPIC, 0).map_or(&[], |partition| &partition.isr)
}

pub fn replicas(snapshot: &Snapshot) -> &[i32] {
    leader_of(snapshot, TOPIC, 0).map_or(&[], |partition| &partition.replicas)
}

/// The first replica of the list, or -1.
pub fn preferred(snapshot: &Snapshot) -> i32 {
    replicas(snapshot).first().copied().unwrap_or(-1)
}

/// A broker's own log; none while it is down.
pub fn replica(snapshot: &Snapshot, broker: i32) -> Option<&ReplicaView> {
    replica_of(leader_of(snapshot, TOPIC, 0)?, broker)
}

/// Records that were acknowledged and that the leader does not have.
pub fn lost(snapshot: &Snapshot) -> i64 {
    i64::try_from(acked(snapshot)).unwrap_or(i64::MAX) - log_end(snapshot)
}

/// Node id of the active controller, or -1.
pub fn controller(snapshot: &Snapshot) -> i32 {
    let mut brokers = snapshot.brokers.iter();
    brokers
        .find(|broker| broker.controller)
        .map_or(-1, |broker| broker.id)
}

pub fn broker_state(snapshot: &Snapshot, id: i32) -> Option<BrokerState> {
    let mut brokers = snapshot.brokers.iter();
    brokers
        .find(|broker| broker.id == id)
        .map(|broker| broker.state)
}

/// The first broker in this state.
pub fn first_in(snapshot: &Snapshot, state: BrokerState) -> Option<i32> {
    let mut brokers = snapshot.brokers.iter();
    brokers
        .find(|broker| broker.state == state)
        .map(|broker| broker.id)
}

/// A follower to do without: not the controller, if there is another.
pub fn spare(snapshot: &Snapshot) -> i32 {
    let followers = replicas(snapshot).iter().copied();
    let followers = followers.filter(|id| *id != leader(snapshot));
    followers
        .min_by_key(|id| *id == controller(snapshot))
        .unwrap_or(-1)
}

/// Starts the broker that is down.
pub fn start_again(snapshot: &Snapshot) -> Vec<Action> {
    let down = first_in(snapshot, BrokerState::Down);
    down.map(|broker| Action::StartBroker { broker })
        .into_iter()
        .collect()
}

/// The preferred leader leads again.
pub fn elect_preferred() -> Action {
    Action::ElectLeaders {
        topic: TOPIC.to_owned(),
        partition: 0,
        unclean: false,
    }
}

/// Cuts every line between a broker and these, both ways.
pub fn cut(broker: i32, others: &[i32]) -> Action {
    Action::CutNetwork(NetworkRule {
        name: "lesson".to_owned(),
        from: vec![Party::Broker(broker)],
        to: others.iter().copied().map(Party::Broker).collect(),
        both_ways: true,
        effect: Effect::Cut,
    })
}

/// Cuts a broker off from all the others; clients still reach it.
pub fn cut_off(snapshot: &Snapshot, broker: i32) -> Action {
    let others = snapshot.brokers.iter().map(|other| other.id);
    let others: Vec<i32> = others.filter(|id| *id != broker).collect();
    cut(broker, &others)
}

/// An active controller other than this broker, or -1. While the network is cut, a controller that
/// has not noticed yet may be active beside its successor.
pub fn controller_besides(snapshot: &Snapshot, broker: i32) -> i32 {
    let mut others = snapshot.brokers.iter().filter(|other| other.id != broker);
    others
        .find(|other| other.controller)
        .map_or(-1, |other| other.id)
}

/// Whether every partition of a topic has a leader.
pub fn has_leader(snapshot: &Snapshot, topic: &str) -> bool {
    let led = |topic: &TopicView| topic.partitions.iter().all(|p| p.leader > 0);
    topic_of(snapshot, topic).is_some_and(led)
}
