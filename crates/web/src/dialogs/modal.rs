//! A native modal dialog with a title and a close button.

use crate::context::Ctx;
use crate::i18n::dialogs as t;
use crate::state::Msg;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub title: AttrValue,
    #[prop_or_default]
    pub wide: bool,
    pub children: Html,
}

#[component]
pub fn Modal(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            let dialog = dialog.cast::<HtmlDialogElement>();
            if let Some(dialog) = &dialog {
                let _ = dialog.show_modal();
            }
            // Closing gives the focus back to where it was.
            move || {
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        });
    }
    let cancel = {
        let ctx = ctx.clone();
        Callback::from(move |event: Event| {
            event.prevent_default();
            ctx.send(Msg::CloseDialog);
        })
    };
    html! {
        <dialog ref={dialog} class={classes!("modal", props.wide.then_some("wide"))} oncancel={cancel} aria-labelledby="modal-title">
            <header class="modal-head">
                <h2 id="modal-title">{ &props.title }</h2>
                <button type="button" class="btn icon" aria-label={ctx.t(t::CLOSE)} onclick={ctx.on(Msg::CloseDialog)}>{ "✕" }</button>
            </header>
            { props.children.clone() }
        </dialog>
    }
}
