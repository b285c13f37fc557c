//! The end of a form: its buttons, and what the cluster said against it.

use crate::context::Ctx;
use crate::i18n::{dialogs as t, notices};
use crate::scenario::Action;
use crate::state::Msg;
use konbini_bridge::Refusal;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Applies an action when the form is sent; closes the dialog when the cluster took it.
pub fn on_submit(
    ctx: &Ctx,
    refused: &UseStateHandle<Option<Refusal>>,
    action: impl Fn() -> Action + 'static,
) -> Callback<SubmitEvent> {
    let (ctx, refused) = (ctx.clone(), refused.clone());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let (ctx, refused, action) = (ctx.clone(), refused.clone(), action());
        spawn_local(async move {
            match ctx.try_act(action).await {
                Ok(()) => ctx.send(Msg::CloseDialog),
                Err(refusal) => refused.set(Some(refusal)),
            }
        });
    })
}

pub fn form_end(ctx: &Ctx, refused: Option<&Refusal>, word: &str) -> Html {
    html! {
        <>
            if let Some(refusal) = refused { { refusal_box(ctx, refusal) } }
            <footer class="modal-foot">
                <button type="button" class="btn" onclick={ctx.on(Msg::CloseDialog)}>{ ctx.t(t::CANCEL) }</button>
                <button type="submit" class="btn primary">{ word }</button>
            </footer>
        </>
    }
}

pub fn refusal_box(ctx: &Ctx, refusal: &Refusal) -> Html {
    let (words, detail) = notices::refusal_words(ctx.lang(), refusal);
    html! {
        <div class="refused" role="alert">
            <b>{ words }</b>
            if let Some(detail) = detail { <code lang="en">{ detail }</code> }
        </div>
    }
}
