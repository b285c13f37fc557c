//! Keyboard shortcuts: none fires while something is typed.

use crate::context::Ctx;
use crate::header::{SPEEDS, toggle_pause};
use crate::state::{Dialog, Msg};
use konbini_bridge::Command;
use wasm_bindgen::prelude::*;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

#[hook]
pub fn use_keys(ctx: &Ctx) {
    let ctx = ctx.clone();
    use_effect_with((), move |()| {
        let on_key = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            if !is_typing(&event) && press(&ctx, &event.key()) {
                event.prevent_default();
            }
        });
        let window = web_sys::window();
        if let Some(window) = &window {
            let _ =
                window.add_event_listener_with_callback("keydown", on_key.as_ref().unchecked_ref());
        }
        move || {
            if let Some(window) = window {
                let listener = on_key.as_ref().unchecked_ref();
                let _ = window.remove_event_listener_with_callback("keydown", listener);
            }
        }
    });
}

fn is_typing(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() {
        return true;
    }
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else { return false };
    let typed_in = "input, textarea, select, [contenteditable], dialog";
    if target.closest(typed_in).is_ok_and(|found| found.is_some()) {
        return true;
    }
    // Space and Enter on a control are for that control.
    let pressed = matches!(event.key().as_str(), " " | "Enter");
    pressed
        && target
            .closest("button, a, summary, label")
            .is_ok_and(|found| found.is_some())
}

/// Whether the key meant something.
fn press(ctx: &Ctx, key: &str) -> bool {
    match key {
        " " => toggle_pause(ctx),
        "." => ctx.command(Command::Step),
        "?" => ctx.send(Msg::Dialog(Dialog::Help)),
        "Escape" => ctx.send(Msg::Unselect),
        _ => {
            let place = key.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let Some((speed, _)) = place.and_then(|place| SPEEDS.get(place)) else {
                return false;
            };
            ctx.command(Command::Speed(*speed));
        }
    }
    true
}
