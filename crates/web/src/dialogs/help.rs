//! Keyboard shortcuts.

use super::modal::Modal;
use crate::context::Ctx;
use crate::i18n::dialogs as t;
use crate::state::{Dialog, Then};
use yew::prelude::*;

#[component]
pub fn Help() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let keys = [
        ("space", t::KEY_SPACE),
        (".", t::KEY_STEP),
        ("1 2 3 4", t::KEY_SPEED),
        ("?", t::KEY_HELP),
        ("Esc", t::KEY_ESCAPE),
    ];
    let reset = ctx.on_confirm(
        ctx.t(t::RESET_ALL).to_owned(),
        ctx.t(t::RESET_ALL_BODY).to_owned(),
        t::DELETE,
        Then::Reset,
    );
    html! {
        <Modal title={ctx.t(t::HELP_TITLE)}>
            <dl class="keys">
                { for keys.iter().map(|(key, word)| html! { <><dt><kbd>{ *key }</kbd></dt><dd>{ ctx.t(*word) }</dd></> }) }
            </dl>
            <p class="modal-text">{ ctx.t(t::HELP_MORE) }</p>
            <footer class="modal-foot">
                <button type="button" class="btn" onclick={ctx.on_dialog(Dialog::About)}>{ ctx.t(crate::i18n::about::TITLE) }</button>
                <button type="button" class="btn danger" onclick={reset}>{ ctx.t(t::RESET_ALL) }</button>
            </footer>
        </Modal>
    }
}
