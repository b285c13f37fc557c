//! The scissors on a broker: dragged to another broker they cut the line between the two. The
//! menu offers the same to those who do not drag.

use super::cut_link;
use crate::context::Ctx;
use crate::i18n::{faults as t, fill};
use web_sys::Element;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub broker: i32,
}

/// Where a drag began and where it is, in CSS pixels of the window, and the broker under it.
#[derive(Clone, Copy, PartialEq)]
struct Drag {
    from: (i32, i32),
    to: (i32, i32),
    over: Option<i32>,
}

#[component]
pub fn CutHandle(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let drag = use_state(|| None::<Drag>);
    let broker = props.broker;
    let begin = {
        let drag = drag.clone();
        Callback::from(move |event: PointerEvent| {
            event.prevent_default();
            if let Some(handle) = event.target_dyn_into::<Element>() {
                let _ = handle.set_pointer_capture(event.pointer_id());
            }
            let at = (event.client_x(), event.client_y());
            drag.set(Some(Drag {
                from: at,
                to: at,
                over: None,
            }));
        })
    };
    let go_on = {
        let drag = drag.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(now) = *drag {
                let to = (event.client_x(), event.client_y());
                let over = broker_at(to).filter(|other| *other != broker);
                drag.set(Some(Drag { to, over, ..now }));
            }
        })
    };
    let end = {
        let (drag, ctx) = (drag.clone(), ctx.clone());
        Callback::from(move |event: PointerEvent| {
            if drag.is_none() {
                return;
            }
            drag.set(None);
            let other = broker_at((event.client_x(), event.client_y()));
            if let Some(other) = other.filter(|other| *other != broker) {
                ctx.act(vec![cut_link(broker, other)]);
            }
        })
    };
    let give_up = {
        let drag = drag.clone();
        Callback::from(move |_: PointerEvent| drag.set(None))
    };
    html! {
        <>
            <span class="cut-handle" title={ctx.t(t::DRAG)} aria-hidden="true"
                onpointerdown={begin} onpointermove={go_on} onpointerup={end} onpointercancel={give_up}>{ "✂" }</span>
            if let Some(drag) = *drag { { line(&ctx, broker, drag) } }
        </>
    }
}

/// The broker whose card is at a point of the window.
fn broker_at((x, y): (i32, i32)) -> Option<i32> {
    let document = web_sys::window()?.document()?;
    let element = document.element_from_point(x as f32, y as f32)?;
    let card = element.closest("[data-broker]").ok()??;
    card.get_attribute("data-broker")?.parse().ok()
}

/// The line that is drawn, over the whole page.
fn line(ctx: &Ctx, broker: i32, drag: Drag) -> Html {
    let body = web_sys::window().and_then(|window| window.document()?.body());
    let Some(body) = body else {
        return html! {};
    };
    let ((x1, y1), (x2, y2)) = (drag.from, drag.to);
    let word = match drag.over {
        Some(other) => fill(ctx.t(t::CUT_HERE), &[("a", &broker), ("b", &other)]),
        None => ctx.t(t::DRAG).to_owned(),
    };
    let drawing = html! {
        <div class={classes!("cut-line", drag.over.is_some().then_some("over"))}>
            <svg aria-hidden="true"><line x1={x1.to_string()} y1={y1.to_string()} x2={x2.to_string()} y2={y2.to_string()} /></svg>
            <span style={format!("left:{}px;top:{}px", x2 + 14, y2 + 10)}>{ word }</span>
        </div>
    };
    create_portal(drawing, body.into())
}
