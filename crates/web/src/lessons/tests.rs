//! Lessons over snapshots made by hand: steps wait for their button, predictions, and the engine.

use super::*;
use crate::scenario::snapshot::{ConsumerState, ConsumerView, PartitionPosition, SeenRecord};
use crate::scenario::spec::ConsumerSpec;
use crate::scenario::validate::Cast;

fn consumer(name: &str, state: ConsumerState, consumed: u64) -> ConsumerView {
    ConsumerView {
        spec: ConsumerSpec::new(name, checks::GROUP, checks::TOPIC),
        state,
        member_id: format!("{name}-id"),
        generation: 1,
        owned: vec![PartitionPosition {
            topic: checks::TOPIC.to_owned(),
            partition: 0,
            position: consumed as i64,
        }],
        paused: false,
        consumed,
        bytes: 0,
        per_second: 0,
        last_records: Vec::<SeenRecord>::new(),
        last_error: None,
    }
}

/// Three brokers; the second leads the only partition.
fn stage() -> Snapshot {
    let broker = |id| {
        serde_json::json!({"id": id, "host": "b", "port": 9092, "state": "up", "controller": id == 1, "leads": 0,
            "logBytes": 0, "residentBytes": 0, "connections": 0, "offline": []})
    };
    let partition = serde_json::json!({"partition": 0, "leader": 2, "leaderEpoch": 0, "replicas": [2, 3, 1],
        "isr": [2, 3, 1], "logStart": 0, "highWatermark": 0, "logEnd": 0, "bytes": 0, "segments": 1,
        "logs": []});
    let topic = serde_json::json!({"name": checks::TOPIC, "id": "", "internal": false, "configs": {},
        "partitions": [partition]});
    Snapshot {
        brokers: [1, 2, 3]
            .map(|id| serde_json::from_value(broker(id)).expect("a broker"))
            .into(),
        topics: vec![serde_json::from_value(topic).expect("a topic")],
        ..Snapshot::default()
    }
}

#[test]
fn scenarios_are_within_the_limits_and_have_names_of_their_own() {
    let mut names = std::collections::BTreeSet::new();
    for lesson in LESSONS {
        let scenario = (lesson.scenario)();
        assert!(scenario.validate().is_ok(), "{}", scenario.name);
        assert!(names.insert(scenario.name.clone()));
        assert_eq!(
            lesson_of(&scenario).map(|i| LESSONS[i].title),
            Some(lesson.title)
        );
    }
}

#[test]
fn questions_point_at_a_step_with_a_button_and_at_an_option() {
    for lesson in LESSONS {
        let step = &lesson.steps[lesson.question.before];
        assert!(step.button.is_some(), "{}", lesson.title[0]);
        assert!(lesson.question.right < lesson.question.options.len());
    }
}

#[test]
fn actions_of_every_step_are_within_the_limits() {
    for lesson in LESSONS {
        let snapshot = stage();
        let mut cast = Cast::of(&(lesson.scenario)()).expect("a valid scenario");
        for step in lesson.steps {
            for action in (step.actions)(&snapshot) {
                let judged = action.validate().and_then(|()| cast.fold(&action));
                assert!(judged.is_ok(), "{}: {judged:?}", step.title[0]);
            }
        }
    }
}

#[test]
fn a_step_waits_for_its_button_and_for_the_engine() {
    let mut progress = Progress::default();
    progress.opened(&(LESSONS[0].scenario)(), false);
    let mut snapshot = Snapshot::default();
    progress.observe(&snapshot);
    assert_eq!(progress.done, 0, "nothing has happened yet");

    snapshot.consumers = vec![consumer("consumer-1", ConsumerState::Running, 5)];
    progress.observe(&snapshot);
    assert_eq!(progress.done, 0, "nothing was acknowledged yet");

    progress.done = 1;
    snapshot.consumers = vec![consumer("consumer-1", ConsumerState::Stopped, 5)];
    progress.observe(&snapshot);
    assert_eq!(progress.done, 1, "the button was not pressed");
}

#[test]
fn a_prediction_stands_once_the_step_was_taken() {
    let mut progress = Progress::default();
    progress.opened(&(LESSONS[0].scenario)(), false);
    progress.done = LESSONS[0].question.before;
    assert!(progress.wants_prediction());
    progress.predict(0);
    progress.predict(1);
    assert_eq!(
        progress.prediction,
        Some(1),
        "free to change before the run"
    );
    progress.take(progress.done, &Snapshot::default());
    progress.predict(0);
    assert_eq!(progress.prediction, Some(1), "it stands now");
    progress.predict(99);
    assert_eq!(progress.prediction, Some(1));
}

#[test]
fn finished_lessons_are_remembered() {
    let progress = Progress::recalled("0,2,77,x");
    assert_eq!(progress.finished, [0, 2]);
    assert_eq!(progress.finished_words(), "0,2");
}

#[test]
fn a_stored_run_goes_on_where_the_last_visit_left_it() {
    let scenario = (LESSONS[1].scenario)();
    let mut before = Progress::default();
    before.opened(&scenario, false);
    before.done = 2;
    before.prediction = Some(2);
    before.take(2, &stage());
    let place = before.place_words();

    let mut after = Progress::recalled("").left_at(&place);
    after.opened(&scenario, true);
    assert_eq!(
        (after.lesson, after.done, after.prediction),
        (1, 2, Some(2))
    );
    assert!(after.taken, "its button need not be pressed again");
    assert_eq!(after.marks, before.marks.after_reload());

    let mut fresh = Progress::recalled("").left_at(&place);
    fresh.opened(&scenario, false);
    assert_eq!(
        (fresh.lesson, fresh.done),
        (1, 0),
        "a new run begins the lesson"
    );

    for damaged in [
        "",
        "7 x",
        &place[..20],
        &place.replace("\"done\":2", "\"done\":99"),
    ] {
        let mut broken = Progress::recalled("").left_at(damaged);
        broken.opened(&scenario, true);
        assert_eq!((broken.done, broken.taken), (0, false), "{damaged}");
    }
}

#[test]
fn beginning_anew_is_offered_where_a_lesson_may_be_stranded() {
    let scenario = (LESSONS[4].scenario)();
    let well = stage();
    let mut dead = stage();
    dead.brokers[1].down = Some(crate::scenario::fault::DownWhy::Killed);

    let mut fresh = Progress::default();
    fresh.opened(&scenario, false);
    assert!(!fresh.may_be_stranded(&well));
    assert!(!fresh.may_be_stranded(&dead), "its own steps kill brokers");
    fresh.take(0, &well);
    fresh.untake(0);
    assert!(fresh.may_be_stranded(&well), "a step was refused");

    let mut from_its_start = Progress::default();
    from_its_start.opened(&scenario, true);
    assert!(!from_its_start.may_be_stranded(&well));
    assert!(from_its_start.may_be_stranded(&dead));

    let mut left = Progress::default();
    left.opened(&scenario, false);
    left.done = 2;
    let mut reloaded = Progress::recalled("").left_at(&left.place_words());
    reloaded.opened(&scenario, true);
    assert!(reloaded.may_be_stranded(&well));
    reloaded.done = LESSONS[4].steps.len();
    assert!(!reloaded.may_be_stranded(&dead), "nothing is left to do");
}
