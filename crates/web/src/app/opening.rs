//! What is opened when the page opens: the stored run, a link, or the first lesson.

use crate::context::Ctx;
use crate::dialogs::{ask_over, opened};
use crate::lessons::{LESSONS, empty_playground};
use crate::share;
use crate::state::{Confirm, Dialog, Msg, Then};
use crate::store::{recall_here, remember_here};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The link of the address bar that was opened or answered in this tab: a reload asks no more.
const ANSWERED: &str = "link";

/// Opens once, and again when another link is put into the address bar.
#[hook]
pub fn use_opening(ctx: &Ctx) {
    let asking = matches!(
        &ctx.state.ui.dialog,
        Some(Dialog::Confirm(Confirm {
            then: Then::OpenOver(_),
            ..
        }))
    );
    use_effect_with(asking, |asking| {
        let asked = *asking;
        move || {
            if asked {
                remember_answer();
            }
        }
    });
    let ctx = ctx.clone();
    use_effect_with((), move |()| {
        crate::script_api::install(&ctx);
        {
            let ctx = ctx.clone();
            spawn_local(async move {
                open_first(&ctx).await;
                crate::script_api::opened();
            });
        }
        let on_hash = Closure::<dyn FnMut()>::new(move || {
            if let Some(text) = share::hash() {
                offer(&ctx, &text);
            }
        });
        let window = web_sys::window();
        if let Some(window) = &window {
            let _ = window
                .add_event_listener_with_callback("hashchange", on_hash.as_ref().unchecked_ref());
        }
        move || {
            if let Some(window) = window {
                let listener = on_hash.as_ref().unchecked_ref();
                let _ = window.remove_event_listener_with_callback("hashchange", listener);
            }
        }
    });
}

async fn open_first(ctx: &Ctx) {
    let Some(text) = share::hash() else {
        ctx.open(share::fresh((LESSONS[0].scenario)()), false).await;
        return;
    };
    match share::read_link(&text) {
        Ok(recording) => {
            // A stored run is continued first; the reader is asked before it is replaced.
            match ctx.open(recording.clone(), false).await {
                Some(true) if recall_here(ANSWERED).as_deref() == Some(&text) => {
                    // After a reload its code is still the link's, unless another run was kept.
                    let same = ctx.state.scenario.as_ref().as_ref() == Some(&recording.scenario);
                    if same && !recording.code.is_empty() {
                        crate::code::receive(ctx, recording).await;
                    }
                }
                Some(true) => ctx.send(Msg::Dialog(ask_over(ctx, recording))),
                Some(false) => {
                    remember_answer();
                    opened(ctx, recording).await;
                }
                None => {}
            }
        }
        Err(refusal) => {
            ctx.send(Msg::Refused(refusal));
            // A stored run goes on untouched; the notice offers the empty playground then.
            ctx.open(share::fresh(empty_playground()), false).await;
        }
    }
}

fn remember_answer() {
    if let Some(text) = share::hash() {
        remember_here(ANSWERED, &text);
    }
}

fn offer(ctx: &Ctx, text: &str) {
    match share::read_link(text) {
        Ok(recording) => ctx.send(Msg::Dialog(ask_over(ctx, recording))),
        Err(refusal) => ctx.send(Msg::Refused(refusal)),
    }
}
