//! How fast virtual time runs.

use crate::context::Ctx;
use crate::i18n::header as t;
use konbini_bridge::Command;
use yew::prelude::*;

/// In thousandths, with the word on the button.
pub const SPEEDS: [(u32, &str); 4] = [
    (100, "0.1×"),
    (1_000, "1×"),
    (10_000, "10×"),
    (100_000, "100×"),
];

pub fn speed(ctx: &Ctx) -> Html {
    let now = ctx.state.frame.speed;
    let button = |(speed, word): (u32, &'static str)| {
        let on = speed == now;
        let ctx = ctx.clone();
        let set = Callback::from(move |_: MouseEvent| ctx.command(Command::Speed(speed)));
        html! { <button class={classes!(on.then_some("on"))} aria-pressed={on.to_string()} onclick={set}>{ word }</button> }
    };
    html! {
        <div class="seg" role="group" aria-label={ctx.t(t::SPEED)}>{ for SPEEDS.map(button) }</div>
    }
}
