//! Lanes: ticks of records, and a dot with its sentence for each event worth a mark.

use super::list::{lane_of, sentence};
use super::spark::spark;
use super::width::use_width;
use crate::context::Ctx;
use crate::format::{clock, cut};
use crate::i18n::{Text, timeline as t};
use crate::scenario::TraceEvent;
use crate::state::{Selection, Tick};
use crate::trace::Level;
use std::fmt::Write;
use std::rc::Rc;
use yew::prelude::*;

/// Virtual ms that the lanes span at 1×; faster runs span proportionally more.
const SPAN_MS: i64 = 60_000;
/// Width of a lane before it is measured, in CSS pixels.
const WIDTH: i32 = 760;
/// Where "now" stands, in thousandths of the width.
const NOW_AT: i64 = 940;
/// Dots of one lane at the most; the newest are kept.
const DOTS: usize = 40;
/// Characters of a label beside a dot.
const LABEL: usize = 44;
/// Width of a label's character and of a dot, in CSS pixels, for keeping labels apart.
const CHARACTER: f64 = 6.1;
const WIDE: f64 = 11.4;
const DOT: f64 = 20.0;
/// Dots nearer than this, in CSS pixels, count as one place.
const CLOSE: f64 = 10.0;

/// Which events a lane holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    Group,
    Cluster,
    Clients,
}

/// Virtual time on the width of the lanes.
#[derive(Clone, Copy)]
pub struct Window {
    pub now: i64,
    pub span: i64,
}

impl Window {
    fn of(ctx: &Ctx) -> Window {
        let speed = i64::from(ctx.state.frame.speed.max(1_000));
        Window {
            now: ctx.state.snapshot().now,
            span: SPAN_MS * speed / 1_000,
        }
    }

    /// Thousandths of the width, or none when it is out of sight.
    pub fn place(self, at: i64) -> Option<i64> {
        let place = NOW_AT - (self.now - at) * NOW_AT / self.span.max(1);
        (0..=1000).contains(&place).then_some(place)
    }
}

#[component]
pub fn Lanes() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let lane_box = use_node_ref();
    let width = use_width(&lane_box, WIDTH);
    let window = Window::of(&ctx);
    let row = |word: Text, inside: Html| {
        html! { <div class="lane"><span class="lane-name">{ ctx.t(word) }</span><div class="lane-line">{ inside }</div></div> }
    };
    let dots_of = |lane: Lane| dots(&ctx, window, lane, f64::from(width));
    html! {
        <div class="lanes">
            <div class="lane-rows">
                { row(t::PRODUCE, ticks(&ctx, window, true)) }
                { row(t::FETCH, ticks(&ctx, window, false)) }
                { row(t::GROUP, html! { <div class="dots" ref={lane_box}>{ for dots_of(Lane::Group) }</div> }) }
                { row(t::CLUSTER, html! { <div class="dots">{ for dots_of(Lane::Cluster) }</div> }) }
                { row(t::CLIENTS, html! { <div class="dots">{ for dots_of(Lane::Clients) }</div> }) }
                { row(t::RATE, spark(&ctx, window)) }
                <div class="now-line" style={format!("--at:{}%", NOW_AT as f64 / 10.0)} aria-hidden="true"></div>
            </div>
        </div>
    }
}

/// One path a colour.
fn ticks(ctx: &Ctx, window: Window, produce: bool) -> Html {
    let mut paths: [String; 6] = Default::default();
    let wanted = |tick: &&Tick| tick.produce == produce;
    for tick in ctx.state.history.ticks.iter().filter(wanted) {
        if let Some(x) = window.place(tick.at) {
            let _ = write!(paths[usize::from(tick.colour) % 6], "M{x} 3v10");
        }
    }
    html! {
        <svg class={classes!("ticks", (!produce).then_some("quiet"))} viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">
            { for paths.into_iter().enumerate().filter(|(_, d)| !d.is_empty()).map(|(i, d)| html! {
                <path d={d} style={format!("stroke:var(--key-{i})")} />
            }) }
        </svg>
    }
}

fn dots(ctx: &Ctx, window: Window, lane: Lane, width: f64) -> Vec<Html> {
    let marked =
        |event: &&Rc<TraceEvent>| event.event.level > Level::Detail && lane_of(event) == lane;
    let newest = ctx.state.events.iter().rev().filter(marked).take(DOTS);
    let seen = newest.filter_map(|event| window.place(event.at).map(|place| (event, place)));
    let mut seen: Vec<(&Rc<TraceEvent>, i64)> = seen.collect();
    seen.reverse();
    let x_of = |place: i64| place as f64 / 1000.0 * width;
    let mut room = Room::default();
    let mut out = Vec::with_capacity(seen.len());
    for (i, (event, place)) in seen.iter().enumerate() {
        let next = seen
            .get(i + 1)
            .map_or(width, |(_, place)| x_of(*place) - 8.0);
        let whole = sentence(ctx, event);
        let label = cut(&whole, LABEL);
        let wide = DOT + label.chars().map(character_width).sum::<f64>();
        let side = room.take(x_of(*place), wide, next);
        let label = side.map(|side| (label, side == Side::Left));
        out.push(dot(ctx, event, *place, &whole, label));
    }
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The room that labels have left on a lane, in CSS pixels from its start.
#[derive(Default)]
struct Room {
    taken_until: f64,
    /// The first of some dots without labels, and what was taken before it.
    bare: Option<(f64, f64)>,
}

impl Room {
    /// A label stands right of its dot where there is room before the next one, else left of it.
    /// Of dots close together the last may have its label over the bare ones.
    fn take(&mut self, x: f64, wide: f64, next: f64) -> Option<Side> {
        let close = self.bare.filter(|(first, _)| x - first < CLOSE);
        let free_from = close.map_or(self.taken_until, |(_, before)| before);
        let side = if wide <= next - x {
            Some(Side::Right)
        } else if wide <= x - free_from && next - x >= DOT / 2.0 {
            Some(Side::Left)
        } else {
            None
        };
        self.taken_until = match side {
            Some(Side::Right) => x + wide,
            _ => x + 8.0,
        };
        self.bare = match side {
            None => Some(close.unwrap_or((x, free_from))),
            Some(_) => None,
        };
        side
    }
}

fn character_width(character: char) -> f64 {
    if character.is_ascii() {
        CHARACTER
    } else {
        WIDE
    }
}

fn dot(
    ctx: &Ctx,
    event: &TraceEvent,
    place: i64,
    whole: &str,
    label: Option<(String, bool)>,
) -> Html {
    let (time, thousandths) = clock(event.at);
    let spoken = format!("{time}{thousandths} {whole}");
    let selection = Selection::Event(event.seq);
    let selected = ctx.state.ui.selection.as_ref() == Some(&selection);
    let level = match event.event.level {
        Level::Warn => "warn",
        Level::Error => "error",
        _ => "info",
    };
    let left = label.as_ref().is_some_and(|(_, left)| *left);
    html! {
        <button key={event.seq} class={classes!("event-dot", level, left.then_some("left"), selected.then_some("selected"))} style={format!("left:{}%", place as f64 / 10.0)}
            title={spoken.clone()} aria-label={spoken} onclick={ctx.on_select(selection)}>
            <i aria-hidden="true"></i>
            if let Some((label, _)) = label { <span aria-hidden="true">{ label }</span> }
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places of dots and the sides of their labels, all 100 wide on a lane of 400.
    fn check(dots: &[f64], expected: &[Option<Side>]) {
        let mut room = Room::default();
        let next = |i: usize| dots.get(i + 1).map_or(400.0, |x| x - 8.0);
        let taken = dots.iter().enumerate();
        let taken: Vec<Option<Side>> = taken.map(|(i, x)| room.take(*x, 100.0, next(i))).collect();
        assert_eq!(taken, expected, "{dots:?}");
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        check(&[10.0, 200.0], &[Some(Side::Right), Some(Side::Right)]);
        check(&[10.0, 390.0], &[Some(Side::Right), Some(Side::Left)]);
        check(
            &[150.0, 200.0, 395.0],
            &[Some(Side::Left), Some(Side::Right), None],
        );
    }

    #[test]
    fn of_dots_close_together_the_last_has_a_label() {
        check(&[380.0, 381.0, 382.0], &[None, None, Some(Side::Left)]);
    }
}
