//! A client from outside: not of this page's making, only its records are seen here.

use crate::context::Ctx;
use crate::format::clock;
use crate::i18n::{fill, stage as t};
use crate::state::Guest;
use yew::prelude::*;

pub fn client_card(ctx: &Ctx, name: &str, guest: &Guest) -> Html {
    let (time, _) = clock(guest.seen);
    html! {
        <article key={format!("x-{name}")} class="card guest" data-at={format!("client:{name}")}>
            <b>{ fill(ctx.t(t::CLIENT), &[("name", &name)]) }</b>
            <span>{ ctx.t(t::OVER_CONNECTION) }</span>
            <span class="num">{ fill(ctx.t(t::LAST_RECORD), &[("time", &time)]) }</span>
        </article>
    }
}
