//! A broker's menu: a button that opens it, arrow keys within, Escape and leaving close it.

use super::items::{Item, What, items};
use crate::context::Ctx;
use crate::i18n::{faults as t, fill};
use crate::state::{Dialog, Msg};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub broker: i32,
}

#[component]
pub fn BrokerMenu(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let open = use_state(|| false);
    let (whole, button, list) = (use_node_ref(), use_node_ref(), use_node_ref());
    {
        // Opened: the first entry has the focus.
        let list = list.clone();
        use_effect_with(*open, move |open| {
            if let (true, Some(list)) = (*open, list.cast::<HtmlElement>()) {
                focus_nth(&list, |_, _| 0);
            }
        });
    }
    let close = {
        let (open, button) = (open.clone(), button.clone());
        Callback::from(move |()| {
            open.set(false);
            if let Some(button) = button.cast::<HtmlElement>() {
                let _ = button.focus();
            }
        })
    };
    let toggle = {
        let (open, close) = (open.clone(), close.clone());
        Callback::from(move |_: MouseEvent| {
            if *open {
                close.emit(());
            } else {
                open.set(true);
            }
        })
    };
    let on_key = {
        let (close, list) = (close.clone(), list.clone());
        Callback::from(move |event: KeyboardEvent| press(&event, &list, &close))
    };
    let on_leave = {
        let (open, whole) = (open.clone(), whole.clone());
        Callback::from(move |event: FocusEvent| {
            // Not the event's current target: events are listened to at the root.
            let next = event.related_target();
            let next = next.and_then(|next| next.dyn_into::<Node>().ok());
            let within = whole.get().is_some_and(|menu| menu.contains(next.as_ref()));
            if next.is_none() || !within {
                open.set(false);
            }
        })
    };
    // A press of the mouse leaves the focus where it is: some browsers give it to no button, and
    // the menu would be gone before the click.
    let keep_focus = Callback::from(|event: MouseEvent| event.prevent_default());
    let label = fill(ctx.t(t::MENU), &[("id", &props.broker)]);
    html! {
        <div ref={whole} class="menu-box" onfocusout={on_leave} onmousedown={keep_focus}>
            <button ref={button} class="mini menu-button" aria-haspopup="menu" aria-expanded={open.to_string()} aria-label={label.clone()} title={label.clone()} onclick={toggle}>{ "⋯" }</button>
            if *open {
                <div ref={list} class="menu" role="menu" aria-label={label} onkeydown={on_key}>
                    { entries(&ctx, props.broker, &close) }
                </div>
            }
        </div>
    }
}

fn entries(ctx: &Ctx, broker: i32, close: &Callback<()>) -> Html {
    let snapshot = ctx.state.snapshot();
    let Some(view) = snapshot.brokers.iter().find(|view| view.id == broker) else {
        return html! {};
    };
    let names = [t::PROCESS, t::DISK, t::NETWORK];
    let groups = items(ctx.lang(), snapshot, view).into_iter().zip(names);
    html! {
        { for groups.map(|(items, name)| html! {
            <div role="group" aria-label={ctx.t(name)}>
                <span class="menu-name" aria-hidden="true">{ ctx.t(name) }</span>
                { for items.into_iter().map(|item| entry(ctx, item, close)) }
            </div>
        }) }
    }
}

fn entry(ctx: &Ctx, item: Item, close: &Callback<()>) -> Html {
    let words = item.words.clone();
    let choose = {
        let (ctx, close) = (ctx.clone(), close.clone());
        Callback::from(move |_: MouseEvent| {
            close.emit(());
            match &item.what {
                What::Do(actions) => ctx.act(actions.clone()),
                What::Ask(question) => ctx.send(Msg::Dialog(Dialog::Confirm(question.clone()))),
            }
        })
    };
    html! { <button role="menuitem" tabindex="-1" onclick={choose}>{ words }</button> }
}

fn press(event: &KeyboardEvent, list: &NodeRef, close: &Callback<()>) {
    let Some(list) = list.cast::<HtmlElement>() else {
        return;
    };
    match event.key().as_str() {
        "Escape" => close.emit(()),
        "Tab" => return close.emit(()),
        "ArrowDown" => focus_nth(&list, |now, of| (now + 1) % of),
        "ArrowUp" => focus_nth(&list, |now, of| (now + of - 1) % of),
        "Home" => focus_nth(&list, |_, _| 0),
        "End" => focus_nth(&list, |_, of| of - 1),
        _ => return,
    }
    // The page's own keys do not hear of it.
    event.prevent_default();
    event.stop_propagation();
}

/// Focuses another entry: `choose` is told which has the focus and how many there are.
fn focus_nth(list: &HtmlElement, choose: impl Fn(u32, u32) -> u32) {
    let Ok(entries) = list.query_selector_all("[role=menuitem]") else {
        return;
    };
    if entries.length() == 0 {
        return;
    }
    let focused = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    let is_focused = |n: &u32| {
        let node = entries.get(*n);
        node.is_some_and(|node| focused.as_deref() == Some(&node))
    };
    let now = (0..entries.length()).find(is_focused).unwrap_or(0);
    let next = entries.get(choose(now, entries.length()));
    if let Some(next) = next.and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        let _ = next.focus();
    }
}
