//! What an observer sees, with logs that are in memory and with logs that are not.

use konbini_cluster::{Inspected, MemoryHost};
use konbini_protocol::record::batches;
use konbini_scenario::fault::{Effect, NetworkRule, Party};
use konbini_scenario::inspect::{Committed, Inspect, Inspection};
use konbini_scenario::snapshot::{PartitionView, Who};
use konbini_scenario::{Action, Recording, catalogue};

const STEPS: u64 = 1_000_000;
const TOPIC: &str = "topic-test";

fn run(until: i64, limit_bytes: Option<usize>) -> MemoryHost {
    let recording = Recording::of(catalogue::two_partitions());
    let mut host = MemoryHost::start(&recording, limit_bytes).unwrap();
    host.run_until(until, STEPS).unwrap();
    host
}

fn look(host: &mut MemoryHost, what: &Inspect) -> Inspection {
    match host.inspect(what) {
        Inspected::Answer(answer) => answer,
        wanted => panic!("{wanted:?}"),
    }
}

fn leader(host: &mut MemoryHost, partition: usize) -> i32 {
    let snapshot = host.cluster.snapshot();
    let topic = snapshot.topics.iter().find(|topic| topic.name == TOPIC);
    topic.unwrap().partitions[partition].leader
}

/// What may be read of a partition from an offset on.
fn committed(host: &mut MemoryHost, from: i64) -> Committed {
    let ask = Inspect::Committed {
        topic: TOPIC.to_owned(),
        partition: 1,
        from,
    };
    match look(host, &ask) {
        Inspection::Committed(found) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn committed_records_as_they_are() {
    for limit_bytes in [None, Some(1)] {
        let mut host = run(30_000, limit_bytes);
        let hash = host.cluster.trace_hash();
        let all = committed(&mut host, 0);
        let snapshot = host.cluster.snapshot();
        let topic = snapshot.topics.iter().find(|topic| topic.name == TOPIC);
        let partition = &topic.unwrap().partitions[1];
        assert_eq!(all.end, partition.high_watermark);
        assert_eq!(all.next, all.end);
        let offsets: Vec<i64> = all.records.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, (0..all.end).collect::<Vec<i64>>());
        let value = all.records[0].value.as_ref().unwrap();
        // "value-" and what follows it.
        assert!(value.starts_with("dmFsdWUt"), "{value}");
        let tail = committed(&mut host, all.end - 3);
        assert_eq!(tail.records, all.records[all.records.len() - 3..]);
        assert_eq!(committed(&mut host, all.end).records, []);
        assert_eq!(host.cluster.trace_hash(), hash);
    }
}

#[test]
fn records_and_batches() {
    for limit_bytes in [None, Some(1)] {
        let mut host = run(30_000, limit_bytes);
        let hash = host.cluster.trace_hash();
        let ask = Inspect::Records {
            topic: TOPIC.to_owned(),
            partition: 1,
            from: 2,
            count: 3,
        };
        let Inspection::Records {
            records, log_end, ..
        } = look(&mut host, &ask)
        else {
            panic!("records were asked for");
        };
        let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [2, 3, 4]);
        assert!(log_end >= 10);
        assert!(records[0].key.as_ref().unwrap().starts_with("key-"));
        assert!(records[0].value.as_ref().unwrap().starts_with("value-"));
        let broker = leader(&mut host, 1);
        let ask = Inspect::Log {
            topic: TOPIC.to_owned(),
            partition: 1,
            broker,
            from: 2,
            batches: 2,
        };
        let Inspection::Log { segments, batches } = look(&mut host, &ask) else {
            panic!("a log was asked for");
        };
        assert_eq!((segments.len(), batches.len()), (1, 2));
        assert_eq!(segments[0].next_offset, log_end);
        assert_eq!(batches[0].base_offset, 2);
        assert!(batches[0].position > 0);
        assert_eq!(batches[0].position + batches[0].size, batches[1].position);
        assert!(batches[0].crc_ok);
        assert_eq!(batches[0].compression, "gzip");
        assert_eq!(batches[0].head.len(), 96);
        assert_eq!(host.cluster.trace_hash(), hash, "looking changes nothing");
    }
}

#[test]
fn a_segment_is_the_file_that_kafka_writes() {
    let mut host = run(30_000, Some(1));
    let ask = Inspect::Segment {
        topic: TOPIC.to_owned(),
        partition: 0,
        broker: leader(&mut host, 0),
        base_offset: 0,
    };
    let Inspection::Segment { bytes } = look(&mut host, &ask) else {
        panic!("a segment was asked for");
    };
    let size = bytes.len();
    let found: Vec<_> = batches(bytes.into()).map(Result::unwrap).collect();
    assert!(found.len() >= 10);
    assert!(found.iter().all(|batch| batch.validate_crc().is_ok()));
    assert_eq!(
        found.iter().map(|batch| batch.bytes.len()).sum::<usize>(),
        size
    );
    assert!(
        found
            .iter()
            .zip(0..)
            .all(|(batch, n)| batch.header.base_offset == n)
    );
}

#[test]
fn settings_have_sources() {
    let mut host = run(8_000, None);
    let entry = |inspection: Inspection, name: &str| {
        let Inspection::Configs { entries } = inspection else {
            panic!("settings were asked for");
        };
        let entry = entries.into_iter().find(|entry| entry.name == name);
        entry.map(|entry| (entry.value, entry.source))
    };
    let topic = look(
        &mut host,
        &Inspect::TopicConfigs {
            topic: TOPIC.to_owned(),
        },
    );
    let expect = (Some("604800000".to_owned()), "DEFAULT_CONFIG".to_owned());
    assert_eq!(entry(topic, "retention.ms"), Some(expect));
    let broker = look(&mut host, &Inspect::BrokerConfigs { broker: 2 });
    let expect = (Some("4".to_owned()), "STATIC_BROKER_CONFIG".to_owned());
    assert_eq!(entry(broker, "offsets.topic.num.partitions"), Some(expect));
}

#[test]
fn what_is_not_there() {
    let mut host = run(3_000, None);
    let nothing = |why: &str| Inspection::Nothing {
        why: why.to_owned(),
    };
    let ask = Inspect::TopicConfigs {
        topic: "none".to_owned(),
    };
    assert_eq!(look(&mut host, &ask), nothing("no-such-topic"));
    let ask = Inspect::BrokerConfigs { broker: 9 };
    assert_eq!(look(&mut host, &ask), nothing("no-such-broker"));
    let ask = Inspect::Segment {
        topic: TOPIC.to_owned(),
        partition: 7,
        broker: 1,
        base_offset: 0,
    };
    assert_eq!(look(&mut host, &ask), nothing("no-such-segment"));
}

#[test]
fn both_sides_of_a_conversation() {
    let mut host = run(30_000, None);
    let apis = |host: &mut MemoryHost, who: Who| -> Vec<String> {
        let Inspection::Wire { exchanges } = look(host, &Inspect::Wire { who, count: 100 }) else {
            panic!("a conversation was asked for");
        };
        assert!(exchanges.is_sorted_by(|a, b| a.sent >= b.sent));
        assert!(
            exchanges
                .iter()
                .all(|exchange| exchange.request.contains("Request"))
        );
        exchanges.into_iter().map(|exchange| exchange.api).collect()
    };
    let producer = apis(&mut host, Who::Producer("producer-1".to_owned()));
    assert!(producer.contains(&"Produce".to_owned()), "{producer:?}");
    let consumer = apis(&mut host, Who::Consumer("consumer-1".to_owned()));
    assert!(consumer.contains(&"Heartbeat".to_owned()), "{consumer:?}");
    let broker = leader(&mut host, 0);
    let broker = apis(&mut host, Who::Broker(broker));
    assert!(broker.contains(&"Produce".to_owned()), "{broker:?}");
}

#[test]
fn every_record_flies_twice() {
    let mut host = run(60_000, None);
    let stop = r#"{"do":"stop-producer","name":"producer-1"}"#;
    host.cluster
        .apply(serde_json::from_str(stop).unwrap())
        .unwrap();
    host.run_until(70_000, STEPS).unwrap();
    let (flights, undrawn) = host.cluster.take_flights();
    let snapshot = host.cluster.snapshot();
    let acked = snapshot.producers[0].acked;
    let flown = |from_producer: bool| -> u64 {
        let own = flights
            .iter()
            .filter(|f| matches!(f.from, Who::Producer(_)) == from_producer);
        own.map(|flight| u64::from(flight.records)).sum()
    };
    assert_eq!((flown(true), undrawn), (acked, 0));
    let consumed: u64 = snapshot.consumers.iter().map(|view| view.consumed).sum();
    assert_eq!(flown(false), consumed);
    assert!(
        flights
            .iter()
            .all(|flight| flight.arrive >= flight.depart + 20)
    );
}

#[test]
fn shelves_are_full_after_a_restart() {
    let mut host = run(30_000, None);
    let partitions = |host: &mut MemoryHost| {
        let snapshot = host.cluster.snapshot();
        let topic = snapshot
            .topics
            .into_iter()
            .find(|topic| topic.name == TOPIC);
        topic.expect("it is on the disks").partitions
    };
    let tails = |host: &mut MemoryHost| {
        partitions(host)
            .iter()
            .flat_map(|partition| &partition.logs)
            .map(|log| log.tail.clone())
            .collect::<Vec<_>>()
    };
    let before = tails(&mut host);
    assert!(before.iter().all(|tail| tail.len() >= 10));
    let before_restart = partitions(&mut host);
    host.restart().unwrap();
    host.run_until(30_100, STEPS).unwrap();
    // No broker knows who leads before the quorum says what is committed, but all that lies there.
    for (now, was) in partitions(&mut host).iter().zip(&before_restart) {
        assert_eq!((now.leader, now.leader_epoch), (-1, -1));
        let ends =
            |view: &PartitionView| view.logs.iter().map(|log| log.log_end).collect::<Vec<_>>();
        assert_eq!((ends(now), &now.replicas), (ends(was), &was.replicas));
    }
    // Looked at all the time, as a page does; the producer goes on once brokers are up again.
    for at in (30_200..40_000).step_by(200) {
        host.run_until(at, STEPS).unwrap();
        let after = tails(&mut host);
        if after.len() == before.len() && after.iter().all(|tail| !tail.is_empty()) {
            let pairs = after.iter().zip(&before);
            let goes_on =
                |(now, was): (&Vec<_>, &Vec<_>)| was.last().is_some_and(|x| now.contains(x));
            assert!(pairs.into_iter().all(goes_on));
            return;
        }
    }
    panic!("the shelves stay empty");
}

/// A coordinator that is cut off does not know that another took its groups over.
#[test]
fn a_group_is_there_once() {
    let mut scenario = catalogue::two_partitions();
    let factor = "offsets.topic.replication.factor".to_owned();
    scenario.broker_configs.insert(factor, "3".to_owned());
    let recording = Recording::of(scenario);
    let mut host = MemoryHost::start(&recording, None).unwrap();
    host.run_until(20_000, STEPS).unwrap();
    let before = host.cluster.snapshot().groups;
    let broker = before[0].coordinator;
    let off = Action::CutNetwork(NetworkRule {
        name: "off".to_owned(),
        from: vec![Party::Broker(broker)],
        to: vec![Party::Everyone],
        both_ways: true,
        effect: Effect::Cut,
    });
    host.cluster.apply(off).unwrap();
    let mut coordinators = vec![broker];
    for at in (20_500..60_000).step_by(500) {
        host.run_until(at, STEPS).unwrap();
        let groups = host.cluster.snapshot().groups;
        assert_eq!(groups.len(), before.len(), "at {at}: {groups:?}");
        coordinators.push(groups[0].coordinator);
    }
    coordinators.dedup();
    assert_eq!(coordinators.len(), 2, "{coordinators:?}");
}
