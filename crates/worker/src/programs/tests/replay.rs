//! What readers did is noted, and repeated it makes the same run.

use super::*;
use konbini_scenario::code::{Change, Signal, Step, TimedStep};
use konbini_scenario::limit;

const END_MS: i64 = BEGIN_MS + 5_000;

/// What a world has seen of its programs, and the run's hash.
type Outcome = (Vec<Vec<(u32, i64, usize)>>, u64);

fn outcome(world: &World) -> Outcome {
    (world.seen.clone(), world.host.cluster.trace_hash())
}

/// Two programs of which one hears a signal and the other is killed; then a third.
fn original() -> (World, Vec<TimedStep>) {
    let mut world = World::new(2);
    world.run(BEGIN_MS + 700, false, 0.0);
    let signal = Signal::Interrupt;
    world.programs.signal(0, signal, &world.host.cluster);
    world.run(BEGIN_MS + 900, false, 0.0);
    world.programs.kill(1, false, &world.host.cluster);
    world.run(BEGIN_MS + 1_200, false, 0.0);
    assert_eq!(world.begin(false), Ok(2));
    world.run(END_MS, false, 0.0);
    let done = world.programs.done().to_vec();
    (world, done)
}

/// A world that is at the beginning, and has that repeated.
fn repeating(steps: Vec<TimedStep>) -> World {
    let mut world = World::new(0);
    world.programs.repeat(steps, PageId::OWN);
    world
}

#[test]
fn what_readers_did_is_noted_at_the_moment_of_the_program() {
    let (_, done) = original();
    let told: Vec<(i64, &str, u32)> = done
        .iter()
        .map(|TimedStep { at, step }| match step {
            Step::Begin { files, .. } => (*at, "begin", files.len() as u32),
            Step::Signal { program, .. } => (*at, "signal", *program),
            Step::Kill { program } => (*at, "kill", *program),
        })
        .collect();
    let expected = [
        (BEGIN_MS + 1, "begin", 1),
        // The files have not changed since.
        (BEGIN_MS + 1, "begin", 0),
        (BEGIN_MS + 701, "signal", 0),
        (BEGIN_MS + 901, "kill", 1),
        (BEGIN_MS + 1_201, "begin", 0),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_repeated_recording_is_the_same_run() {
    let (world, done) = original();
    let mut again = repeating(done.clone());
    again.run(END_MS, true, 1.0);
    assert_eq!(outcome(&again), outcome(&world));
    assert_eq!(again.programs.done(), done);
    let signal = Signal::Interrupt;
    let begun = |order: &Order| matches!(order, Order::Begin { .. });
    again.orders.retain(|order| !begun(order));
    let expected = [
        Order::Signal { program: 0, signal },
        Order::Kill { program: 1 },
    ];
    assert_eq!(again.orders, expected);
}

#[test]
fn another_signal_is_another_run() {
    let (world, mut done) = original();
    done.remove(2);
    let mut again = repeating(done);
    again.run(END_MS, false, 0.0);
    assert_ne!(outcome(&again).1, outcome(&world).1);
}

#[test]
fn a_program_that_does_not_come_is_given_up_and_the_rest_with_it() {
    let (_, done) = original();
    let mut world = repeating(done);
    world.host.run_until(BEGIN_MS + 1, STEPS).unwrap();
    world.programs.take_steps(0.0, &mut world.host.cluster);
    assert!(world.programs.turns(BEGIN_MS + 1, 0.0).is_empty());
    assert!(!world.programs.is_quiet(BEGIN_MS + 1), "it waits");
    let cluster = &mut world.host.cluster;
    assert_eq!(world.programs.wait(START_MS - 1.0, cluster), Some(1.0));
    assert_eq!(world.programs.wait(START_MS, cluster), None);
    let (_, orders) = world.programs.take_orders().unwrap();
    assert!(matches!(orders[..], [Order::Begin { .. }, Order::GaveUp]));
    assert!(world.programs.is_empty());
    assert_eq!(world.begin(true).unwrap_err().code, "not-ordered");
}

#[test]
fn after_a_reload_all_programs_have_ended() {
    let (_, done) = original();
    let programs = Programs::resuming(done.clone(), END_MS);
    let ended = |program| TimedStep {
        at: END_MS,
        step: Step::Kill { program },
    };
    assert_eq!(programs.done()[..done.len()], done);
    assert_eq!(programs.done()[done.len()..], [ended(0), ended(2)]);
    // The next one gets the next number.
    let mut world = World::new(0);
    world.programs = programs;
    assert_eq!(world.begin(false), Ok(3));
}

#[test]
fn a_worker_is_needed_until_it_has_reported() {
    let mut world = World::new(1);
    world.host.run_until(BEGIN_MS + 1, STEPS).unwrap();
    let turn = world.turns(BEGIN_MS + 1).pop().unwrap();
    world.programs.send(0, turn.message, 0.0);
    world.programs.kill(0, false, &world.host.cluster);
    assert!(!world.programs.is_dispensable(0, BEGIN_MS + 1));
    let cluster = &mut world.host.cluster;
    world.programs.report(0, report(1, BEGIN_MS + 1), cluster);
    assert!(world.programs.is_dispensable(0, BEGIN_MS + 1));
    // One that computes for ever is given up.
    let mut world = World::new(1);
    world.host.run_until(BEGIN_MS + 1, STEPS).unwrap();
    let turn = world.turns(BEGIN_MS + 1).pop().unwrap();
    world.programs.send(0, turn.message, 0.0);
    world.programs.kill(0, true, &world.host.cluster);
    assert!(world.programs.is_dispensable(0, BEGIN_MS + 1));
    assert!(world.programs.is_quiet(BEGIN_MS + 1));
}

#[test]
fn files_that_are_not_allowed_are_refused_with_a_sentence() {
    let mut world = World::new(0);
    let end = || PortEnd::new(PortId(0), |_| {});
    let mut begin = |file: &str, name: &str| {
        let files = vec![File {
            name: name.to_owned(),
            text: String::new(),
        }];
        let what = (file.to_owned(), files, false);
        let cluster = &world.host.cluster;
        world.programs.begin(end(), PageId::OWN, what, cluster)
    };
    assert_eq!(begin("a.js", "../a.js").unwrap_err().code, "file-name");
    assert_eq!(begin("b.js", "a.js").unwrap_err().code, "unknown-file");
    assert_eq!(begin("a.js", "a.js"), Ok(0));
}

#[test]
fn a_run_has_room_for_what_is_done_to_programs_that_run() {
    let file = || Change {
        name: "a.js".to_owned(),
        text: Some(String::new()),
    };
    let step = |n: usize| Step::Begin {
        file: "a.js".to_owned(),
        files: (n == 0).then(file).into_iter().collect(),
    };
    let most = limit::PROGRAM_STEPS_MAX / 2 - 2 * PROGRAMS_MAX + 1;
    let begun = (0..most).map(|n| TimedStep {
        at: 0,
        step: step(n),
    });
    // Each of them is noted as ended by the reload.
    let mut world = World::new(0);
    world.programs = Programs::resuming(begun.collect(), BEGIN_MS);
    assert_eq!(world.programs.done().len(), 2 * most);
    let refused = world.begin(false).unwrap_err();
    assert!(refused.message.contains("start the run over"), "{refused}");
}
