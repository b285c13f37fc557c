//! Every lesson walked over the real cluster: each step is ticked off by the engine alone, within
//! the virtual time that a reader would wait.

#![cfg(not(target_arch = "wasm32"))]

use konbini_cluster::MemoryHost;
use konbini_web::lessons::{LESSONS, Marks, Progress};
use konbini_web::scenario::{Recording, Snapshot};

/// Virtual ms that a step may take.
const PATIENCE_MS: i64 = 60_000;
/// Steps of the cluster between two looks at the most.
const STEPS: u64 = 2_000_000;

/// How somebody goes through a lesson, in virtual ms.
struct Reader {
    /// From the tick of a step to the button of the next.
    thinks: i64,
    /// Between two looks at the cluster.
    looks: i64,
}

/// Ten looks a second at 1×.
const PROMPT: Reader = Reader {
    thinks: 2_000,
    looks: 100,
};
/// Ten looks a second at 100×.
const FAST: Reader = Reader {
    thinks: 20_000,
    looks: 10_000,
};
/// Goes away after each button. Kafka does much by itself meanwhile: leaders are rebalanced each
/// 5 minutes, deliveries time out, sessions end.
const SLOW: Reader = Reader {
    thinks: 0,
    looks: 320_000,
};

fn walk(number: usize, reader: &Reader) {
    let lesson = &LESSONS[number];
    let recording = Recording::of((lesson.scenario)());
    let mut host = MemoryHost::start(&recording, None).expect("a valid scenario");
    let mut progress = Progress::default();
    progress.opened(&recording.scenario, false);
    let mut now = 0;
    let mut look = |host: &mut MemoryHost, progress: &mut Progress, wait: i64| {
        now += wait;
        host.run_until(now, STEPS).expect("it runs");
        assert_eq!(host.cluster.now(), now, "more steps are needed");
        progress.observe(&host.cluster.snapshot());
        now
    };
    for (place, step) in lesson.steps.iter().enumerate() {
        let title = step.title[0];
        if place == lesson.question.before {
            assert!(progress.wants_prediction());
            progress.predict(lesson.question.right);
        }
        if step.button.is_some() {
            // Nothing may tick itself off meanwhile.
            look(&mut host, &mut progress, reader.thinks);
            assert_eq!(progress.done, place, "{title} waits for its button");
            let snapshot = host.cluster.snapshot();
            let actions = (step.actions)(&snapshot);
            progress.take(place, &snapshot);
            for action in actions {
                host.cluster.apply(action).expect("an allowed action");
            }
        }
        let mut waited = 0;
        while progress.done == place {
            assert!(
                waited < PATIENCE_MS.max(reader.looks),
                "lesson {}: “{title}” never came true: {:#?}",
                number + 1,
                host.cluster.snapshot()
            );
            waited += reader.looks;
            look(&mut host, &mut progress, reader.looks);
        }
    }
    assert_eq!(progress.finished, [number]);
}

fn walked_by_everybody(number: usize) {
    for reader in [PROMPT, FAST, SLOW] {
        walk(number, &reader);
    }
}

#[test]
fn the_leader_dies() {
    walked_by_everybody(4);
}

#[test]
fn acks_one_against_acks_all() {
    walked_by_everybody(5);
}

#[test]
fn too_few_replicas_in_sync() {
    walked_by_everybody(6);
}

#[test]
fn an_unclean_election() {
    walked_by_everybody(7);
}

#[test]
fn the_high_watermark() {
    walked_by_everybody(8);
}

#[test]
fn the_controller_dies() {
    walked_by_everybody(9);
}

#[test]
fn a_minority_is_cut_off() {
    walked_by_everybody(10);
}

#[test]
fn one_producer_one_consumer() {
    walked_by_everybody(0);
}

#[test]
fn persistence() {
    walked_by_everybody(1);
}

#[test]
fn one_partition_two_consumers() {
    walked_by_everybody(2);
}

#[test]
fn two_partitions_two_consumers_then_three_then_one_leaves() {
    walked_by_everybody(3);
}

/// What the question of the lesson on the controller tells: the leader takes records meanwhile.
#[test]
fn records_are_taken_while_there_is_no_controller() {
    let lesson = &LESSONS[9];
    let recording = Recording::of((lesson.scenario)());
    let mut host = MemoryHost::start(&recording, None).expect("a valid scenario");
    let mut now = 10_000;
    host.run_until(now, STEPS).expect("it runs");
    let before = host.cluster.snapshot();
    assert!((lesson.steps[0].check)(&before, &Marks::default()));
    let controller = before.brokers.iter().find(|broker| broker.controller);
    let controller = controller.expect("a controller").id;
    let topic = |s: &Snapshot| s.topics.iter().find(|t| !t.internal).cloned();
    let leader = topic(&before).expect("the topic").partitions[0].leader;
    assert_ne!(leader, controller, "its leader would die with it");
    for action in (lesson.steps[1].actions)(&before) {
        host.cluster.apply(action).expect("an allowed action");
    }
    let acked = |s: &Snapshot| s.producers[0].acked;
    let mut taken = 0;
    loop {
        now += 100;
        host.run_until(now, STEPS).expect("it runs");
        let snapshot = host.cluster.snapshot();
        if snapshot.brokers.iter().any(|broker| broker.controller) {
            break;
        }
        taken = acked(&snapshot) - acked(&before);
    }
    assert!(taken >= 2, "{taken} records in {} ms", now - 10_000);
}
