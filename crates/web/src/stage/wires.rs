//! Who is connected to whom: the curves on which records would travel.

use super::geometry::{Curve, Geometry, shelf_name};
use crate::faults::is_cut;
use crate::scenario::Snapshot;
use crate::scenario::snapshot::{
    ConsumerState, ConsumerView, PartitionView, ReplicaRole, ReplicaView,
};
use crate::scenario::spec::PartitionChoice;
use crate::state::{group_colour, leader_of, replica_of, topic_of};
use konbini_bridge::Frame;
use std::rc::Rc;

/// Curves drawn at the most.
pub const WIRES: usize = 240;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WireColour {
    Key(usize),
    Group(usize),
    Plain,
    /// From a leader to a follower: dashed.
    Copy,
    /// The same where a rule cuts the line between the two.
    Severed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    pub from: String,
    pub to: String,
    pub colour: WireColour,
}

/// The leader's shelf.
fn shelf_of(topic: &str, partition: &PartitionView) -> String {
    let name = shelf_name(partition.leader, topic, partition.partition);
    format!("shelf:{name}")
}

/// From every running producer to the shelves that it sends to.
fn sent(snapshot: &Snapshot) -> impl Iterator<Item = Wire> {
    let running = snapshot.producers.iter().enumerate();
    let running = running.filter(|(_, producer)| producer.spec.running);
    running.flat_map(|(place, producer)| {
        let topic = topic_of(snapshot, &producer.spec.topic);
        let chosen = move |partition: &&PartitionView| match producer.spec.partition {
            PartitionChoice::Fixed(only) => only == partition.partition,
            _ => true,
        };
        let led = topic.into_iter().flat_map(|topic| &topic.partitions);
        led.filter(chosen)
            .filter(|partition| partition.leader >= 0)
            .map(move |partition| Wire {
                from: format!("producer:{}", producer.spec.name),
                to: shelf_of(&producer.spec.topic, partition),
                colour: WireColour::Key(place),
            })
    })
}

/// From the shelves that every running consumer owns.
fn read(snapshot: &Snapshot) -> impl Iterator<Item = Wire> {
    let running = |consumer: &&ConsumerView| consumer.state == ConsumerState::Running;
    snapshot
        .consumers
        .iter()
        .filter(running)
        .flat_map(move |consumer| {
            let colour = match &consumer.spec.group {
                Some(group) => WireColour::Group(group_colour(snapshot, group)),
                None => WireColour::Plain,
            };
            consumer.owned.iter().filter_map(move |owned| {
                let partition = leader_of(snapshot, &owned.topic, owned.partition)?;
                Some(Wire {
                    from: shelf_of(&owned.topic, partition),
                    to: format!("consumer:{}", consumer.spec.name),
                    colour,
                })
            })
        })
}

/// From every leader to each replica that follows it.
fn copied(snapshot: &Snapshot) -> impl Iterator<Item = Wire> {
    let topics = snapshot.topics.iter().filter(|topic| !topic.internal);
    let led = topics.flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    let known = led.filter(|(_, partition)| replica_of(partition, partition.leader).is_some());
    known.flat_map(move |(topic, partition)| {
        let follows = |log: &&ReplicaView| log.role == ReplicaRole::Follower;
        partition.logs.iter().filter(follows).map(move |log| {
            let name = shelf_name(log.broker, &topic.name, partition.partition);
            Wire {
                from: shelf_of(&topic.name, partition),
                to: format!("shelf:{name}"),
                colour: if is_cut(snapshot, partition.leader, log.broker) {
                    WireColour::Severed
                } else {
                    WireColour::Copy
                },
            }
        })
    })
}

/// All curves, sorted by colour.
pub fn wires(snapshot: &Snapshot) -> Vec<Wire> {
    let all = sent(snapshot).chain(read(snapshot)).chain(copied(snapshot));
    let mut wires: Vec<Wire> = all.take(WIRES).collect();
    wires.sort_by_key(|wire| wire.colour);
    wires
}

/// The curves of one frame on one layout, kept for as long as both are drawn.
#[derive(Default)]
pub struct Curves {
    frame: Option<Rc<Frame>>,
    version: u32,
    curves: Vec<(WireColour, Curve)>,
}

impl Curves {
    /// The curves of this frame, sorted by colour.
    pub fn of(&mut self, frame: &Rc<Frame>, geometry: &Geometry) -> &[(WireColour, Curve)] {
        let same = (self.frame.as_ref()).is_some_and(|drawn| Rc::ptr_eq(drawn, frame));
        if !same || self.version != geometry.version {
            let wires = wires(&frame.snapshot);
            let routed = wires.iter().filter_map(|wire| {
                let curve = geometry.route(&wire.from, &wire.to)?;
                Some((wire.colour, curve))
            });
            self.curves.clear();
            self.curves.extend(routed);
            self.frame = Some(frame.clone());
            self.version = geometry.version;
        }
        &self.curves
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Rect;
    use super::*;
    use crate::scenario::snapshot::{ProducerView, TopicView};
    use crate::scenario::spec::ProducerSpec;

    /// One producer and a topic of so many partitions, each with a follower.
    fn frame(partitions: i32) -> Rc<Frame> {
        let log = |broker, role| {
            serde_json::json!({"broker": broker, "role": role, "epoch": 0, "logStart": 0,
                "logEnd": 0, "highWatermark": 0, "tail": []})
        };
        let partition = |partition| {
            serde_json::json!({"partition": partition, "leader": 1, "leaderEpoch": 0,
                "replicas": [1, 2], "isr": [1, 2], "logStart": 0, "highWatermark": 0, "logEnd": 0,
                "bytes": 0, "segments": 1, "tail": [],
                "logs": [log(1, "leader"), log(2, "follower")]})
        };
        let topic = serde_json::json!({"name": "t", "id": "", "internal": false, "configs": {},
            "partitions": (0..partitions).map(partition).collect::<Vec<_>>()});
        let producer = ProducerView {
            spec: ProducerSpec::new("orders", "t"),
            sent: 0,
            acked: 0,
            failed: 0,
            waiting: 0,
            requests: 0,
            bytes: 0,
            retries: 0,
            per_second: 0,
            last_error: None,
            last_acks: Vec::new(),
        };
        let snapshot = Snapshot {
            topics: vec![serde_json::from_value::<TopicView>(topic).expect("a topic")],
            producers: vec![producer],
            ..Snapshot::default()
        };
        Rc::new(Frame {
            snapshot,
            ..Frame::default()
        })
    }

    #[test]
    fn a_producer_and_a_follower_are_joined_to_the_leader() {
        let wires = wires(&frame(1).snapshot);
        let ends: Vec<(&str, &str, WireColour)> = wires
            .iter()
            .map(|wire| (wire.from.as_str(), wire.to.as_str(), wire.colour))
            .collect();
        let expected = [
            ("producer:orders", "shelf:1:t/0", WireColour::Key(0)),
            ("shelf:1:t/0", "shelf:2:t/0", WireColour::Copy),
        ];
        assert_eq!(ends, expected);
    }

    #[test]
    fn no_more_than_can_be_told_apart() {
        assert_eq!(wires(&frame(500).snapshot).len(), WIRES);
    }

    #[test]
    fn curves_are_kept_until_the_frame_or_the_layout_is_another() {
        let (mut curves, mut geometry) = (Curves::default(), Geometry::default());
        let first = frame(1);
        assert!(curves.of(&first, &geometry).is_empty(), "nothing measured");
        for (name, x) in [("producer:orders", 0.0), ("shelf:1:t/0", 50.0)] {
            let rect = Rect {
                x,
                ..Rect::default()
            };
            geometry.anchors.insert(name.to_owned(), rect);
        }
        assert!(curves.of(&first, &geometry).is_empty(), "the same layout");
        geometry.version += 1;
        assert_eq!(curves.of(&first, &geometry).len(), 1);
        assert!(curves.of(&frame(0), &geometry).is_empty(), "another frame");
    }
}
