//! Short reading cards. Each says plainly what this page can show of its subject.

use crate::context::Ctx;
use crate::i18n::reading::{CARDS, SEEN_HERE};
use yew::prelude::*;

pub fn reading(ctx: &Ctx) -> Html {
    html! {
        <div class="reading">
            { for CARDS.iter().map(|card| html! {
                <details>
                    <summary>{ ctx.t(card.title) }</summary>
                    { for card.text.iter().map(|text| html! { <p>{ ctx.t(*text) }</p> }) }
                    <p class="seen"><b>{ ctx.t(SEEN_HERE) }{ " " }</b>{ ctx.t(card.seen_here) }</p>
                </details>
            }) }
        </div>
    }
}
