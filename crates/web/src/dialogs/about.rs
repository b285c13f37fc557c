//! The honesty page: what is real here, what is simulated, what is missing.

use super::modal::Modal;
use crate::context::Ctx;
use crate::i18n::about as t;
use yew::prelude::*;

#[component]
pub fn About() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let list = |class: &'static str, title, items: &[crate::i18n::Text]| {
        html! {
            <section class={classes!("about-list", class)}>
                <h3>{ ctx.t(title) }</h3>
                <ul>{ for items.iter().map(|item| html! { <li>{ ctx.t(*item) }</li> }) }</ul>
            </section>
        }
    };
    html! {
        <Modal title={ctx.t(t::TITLE)} wide=true>
            <div class="about">
                <p>{ ctx.t(t::INTRO) }</p>
                { list("real", t::REAL_TITLE, t::REAL) }
                { list("simulated", t::SIMULATED_TITLE, t::SIMULATED) }
                { list("missing", t::MISSING_TITLE, t::MISSING) }
                <p class="fine">{ ctx.t(t::PICTURE) }</p>
            </div>
        </Modal>
    }
}
