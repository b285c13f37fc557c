//! Throughput and lag as lines.

use super::lanes::Window;
use crate::context::Ctx;
use crate::state::Sample;
use std::fmt::Write;
use yew::prelude::*;

/// Height of the drawing, in its own units.
const HEIGHT: f64 = 34.0;

pub fn spark(ctx: &Ctx, window: Window) -> Html {
    let samples = || ctx.state.history.samples.iter();
    let most_rate = samples()
        .map(|s| s.produced.max(s.consumed))
        .max()
        .unwrap_or(0)
        .max(1);
    let most_lag = samples().map(|s| s.lag).max().unwrap_or(0).max(1);
    let line = |value: &dyn Fn(&Sample) -> f64, most: f64| {
        let mut path = String::new();
        for sample in samples() {
            if let Some(x) = window.place(sample.at) {
                let y = HEIGHT - 2.0 - value(sample) / most * (HEIGHT - 5.0);
                let command = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{command}{x} {y:.1}");
            }
        }
        path
    };
    let rate = f64::from(most_rate);
    html! {
        <svg class="spark" viewBox="0 0 1000 34" preserveAspectRatio="none" aria-hidden="true">
            <path class="lag" d={line(&|s| s.lag as f64, most_lag as f64)} />
            <path class="out" d={line(&|s| f64::from(s.consumed), rate)} />
            <path class="in" d={line(&|s| f64::from(s.produced), rate)} />
        </svg>
    }
}
