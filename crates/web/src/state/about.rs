//! What an event is about: the way from the timeline to shelves and stores, and back.

use super::Selection;
use crate::scenario::TraceEvent;
use crate::scenario::snapshot::Who;
use crate::trace::Arg;

/// Arguments that hold a node id, and those that hold several.
const BROKER: &[&str] = &["broker", "node", "leader", "previous", "candidate"];
const BROKERS: &[&str] = &["out", "in", "isr", "replicas"];

/// Whether an event is about this partition.
pub fn is_about_partition(event: &TraceEvent, topic: &str, partition: i32) -> bool {
    let of_topic = matches!(event.event.arg("topic"), Some(Arg::Text(name)) if name == topic);
    of_topic && partition_of(event) == Some(partition)
}

/// Whether an event is about this broker, or told by it.
pub fn is_about_broker(event: &TraceEvent, broker: i32) -> bool {
    brokers_of(event).contains(&broker)
}

/// All that an event is about: its partition, then its brokers.
pub fn sides_of(event: &TraceEvent) -> Vec<Selection> {
    let mut out = Vec::new();
    if let (Some(Arg::Text(topic)), Some(partition)) =
        (event.event.arg("topic"), partition_of(event))
    {
        out.push(Selection::Partition(topic.clone(), partition));
    }
    out.extend(brokers_of(event).into_iter().map(Selection::Broker));
    out
}

fn partition_of(event: &TraceEvent) -> Option<i32> {
    match event.event.arg("partition")? {
        Arg::Int(partition) => i32::try_from(*partition).ok(),
        Arg::Text(_) => None,
    }
}

/// Each broker once, in the order in which they are named; the one that tells it comes last.
fn brokers_of(event: &TraceEvent) -> Vec<i32> {
    let moves = event.event.code.starts_with("reassignment");
    let mut out: Vec<i32> = Vec::new();
    for (name, value) in &event.event.args {
        match value {
            Arg::Int(id) if BROKER.contains(&name.as_ref()) => {
                out.extend(i32::try_from(*id));
            }
            Arg::Text(ids) if BROKERS.contains(&name.as_ref()) || (moves && name == "to") => {
                out.extend(ids.split(", ").filter_map(|id| id.parse::<i32>().ok()));
            }
            _ => {}
        }
    }
    if let Who::Broker(id) = event.who {
        out.push(id);
    }
    let mut seen = Vec::new();
    out.retain(|id| {
        let new = *id > 0 && !seen.contains(id);
        seen.push(*id);
        new
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Event;

    fn told(event: Event) -> TraceEvent {
        TraceEvent {
            at: 0,
            seq: 0,
            who: Who::Broker(1),
            event,
        }
    }

    #[test]
    fn both_sides_of_an_event() {
        let place = |event: Event| event.with("topic", "t").with("partition", 2);
        let partition = || Selection::Partition("t".into(), 2);
        let cases = [
            (
                place(Event::info("leader-elected"))
                    .with("leader", 3)
                    .with("previous", -1),
                vec![partition(), Selection::Broker(3), Selection::Broker(1)],
            ),
            (
                place(Event::warn("isr-shrunk"))
                    .with("out", "3")
                    .with("isr", "1, 2"),
                vec![
                    partition(),
                    Selection::Broker(3),
                    Selection::Broker(1),
                    Selection::Broker(2),
                ],
            ),
            (
                place(Event::warn("replica-truncated"))
                    .with("leader", 2)
                    .with("to", 3),
                vec![partition(), Selection::Broker(2), Selection::Broker(1)],
            ),
            (
                place(Event::info("reassignment-started")).with("to", "4, 5"),
                vec![
                    partition(),
                    Selection::Broker(4),
                    Selection::Broker(5),
                    Selection::Broker(1),
                ],
            ),
            (Event::info("broker-up"), vec![Selection::Broker(1)]),
        ];
        for (event, expected) in cases {
            let code = event.code.clone();
            assert_eq!(sides_of(&told(event)), expected, "{code}");
        }
    }

    #[test]
    fn an_event_is_found_from_its_partition_and_its_brokers() {
        let event = Event::info("leader-elected")
            .with("topic", "t")
            .with("partition", 2)
            .with("leader", 3);
        let event = told(event);
        assert!(is_about_partition(&event, "t", 2));
        assert!(!is_about_partition(&event, "t", 1));
        assert!(is_about_broker(&event, 3) && is_about_broker(&event, 1));
        assert!(!is_about_broker(&event, 2));
    }
}
