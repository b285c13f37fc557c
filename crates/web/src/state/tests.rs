//! The reducer, over frames made by hand.

use super::*;
use crate::scenario::Flight;
use crate::scenario::fault::DiskState;
use crate::scenario::snapshot::{BrokerState, BrokerView, Who};
use crate::trace::Event;
use konbini_bridge::{Frame, Notice, Refusal};

fn frame_at(now: i64) -> Rc<Frame> {
    let mut frame = Frame::default();
    frame.snapshot.now = now;
    frame.snapshot.brokers.push(BrokerView {
        id: 1,
        host: "broker-1".into(),
        port: 9092,
        state: BrokerState::Up,
        controller: true,
        quorum: None,
        leads: 0,
        log_bytes: 0,
        resident_bytes: 0,
        connections: 0,
        offline: Vec::new(),
        down: None,
        stopping: false,
        disk: DiskState::Ok,
        unflushed_bytes: 0,
        skew_ms: 0,
        slow_ms: 0,
    });
    Rc::new(frame)
}

fn event(seq: u64) -> TraceEvent {
    TraceEvent {
        at: seq as i64,
        seq,
        who: Who::Cluster,
        event: Event::info("topic-created"),
    }
}

fn frame_msg(now: i64, events: Vec<TraceEvent>) -> Msg {
    Msg::Frame {
        frame: frame_at(now),
        flights: Vec::new(),
        events,
    }
}

#[test]
fn events_are_kept_up_to_a_limit_and_forgotten_by_a_restart() {
    let many: Vec<TraceEvent> = (0..EVENTS_KEPT as u64 + 10).map(event).collect();
    let state = AppState::default().after(frame_msg(5_000, many));
    assert_eq!(state.events.len(), EVENTS_KEPT);
    assert_eq!(state.events[0].seq, 10);
    let state = state.after(frame_msg(10, vec![event(0)]));
    assert_eq!(state.events.len(), 1);
}

#[test]
fn a_selection_goes_with_what_it_selects() {
    let state = AppState::default().after(frame_msg(1, Vec::new()));
    let state = state.after(Msg::Select(Selection::Broker(1)));
    assert_eq!(
        state.after(frame_msg(2, Vec::new())).ui.selection,
        Some(Selection::Broker(1))
    );
    let gone = Msg::Frame {
        frame: Rc::new(Frame::default()),
        flights: Vec::new(),
        events: Vec::new(),
    };
    assert_eq!(state.after(gone).ui.selection, None);
}

#[test]
fn a_crash_is_final_and_a_new_owner_ends_the_other_tabs_notice() {
    let state = AppState::default().after(Msg::Notice(Notice::OwnedByOtherTab));
    let state = state.after(Msg::Notice(Notice::BecameOwner));
    assert_eq!(state.notices, [Notice::BecameOwner]);
    let detail = "step 7".to_owned();
    let state = state.after(Msg::Notice(Notice::Crashed { detail }));
    assert_eq!(state.engine, Engine::Dead);
}

#[test]
fn refusals_are_few_and_never_twice() {
    let refused = |code: &str| {
        Msg::Refused(Refusal {
            code: code.to_owned(),
            message: String::new(),
        })
    };
    let mut state = AppState::default();
    for code in ["a", "b", "a", "c", "d"] {
        state = state.after(refused(code));
    }
    let codes: Vec<&str> = state.refusals.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, ["a", "c", "d"]);
    assert_eq!(state.after(Msg::DismissRefusal(0)).refusals.len(), 2);
    assert_eq!(state.after(Msg::DismissRefusal(9)).refusals.len(), 3);
}

#[test]
fn history_samples_by_virtual_time() {
    let mut state = AppState::default();
    for now in [0, 100, 200, 300, 1_000, 1_010] {
        state = state.after(frame_msg(now, Vec::new()));
    }
    let times: Vec<i64> = state.history.samples.iter().map(|s| s.at).collect();
    assert_eq!(times, [0, 300, 1_000]);
}

#[test]
fn ticks_tell_produce_from_fetch() {
    let flight = |from: Who, to: Who| Flight {
        depart: 10,
        arrive: 20,
        from,
        to,
        topic: "t".into(),
        partition: 0,
        offset: -1,
        records: 1,
        bytes: 1,
        colours: vec![4],
    };
    let mut history = History::default();
    history.mark(&[
        flight(Who::Producer("p".into()), Who::Broker(1)),
        flight(Who::Broker(1), Who::Broker(2)),
        flight(Who::Broker(1), Who::Consumer("c".into())),
    ]);
    let found: Vec<(i64, bool)> = history.ticks.iter().map(|t| (t.at, t.produce)).collect();
    assert_eq!(found, [(10, true), (20, false)]);
}
