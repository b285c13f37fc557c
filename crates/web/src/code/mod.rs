//! The code view: the reader's files and editor beside the stage, terminals below.
//!
//! What runs programs is JavaScript and comes with the first visit; here are its frame and words.

mod desk;
mod host;
mod linked;
mod pane;

pub use desk::{Desk, refusal};
pub use linked::{add_files, files_only, obey, programs_of, receive};

use crate::context::Ctx;
use crate::i18n::{code as t, fill};
use crate::state::Msg;
use desk::DeskView;
use pane::TerminalPane;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// What there is of the desk.
#[derive(Clone, PartialEq)]
enum Loaded {
    NotYet,
    Desk(Desk),
    /// Why there is none.
    Failed(String),
}

#[component]
pub fn CodeView() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let loaded = use_state(|| Loaded::NotYet);
    let view = use_state(DeskView::default);
    {
        let (ctx, loaded) = (ctx.clone(), loaded.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                loaded.set(match Desk::load(&ctx).await {
                    Ok(desk) => Loaded::Desk(desk),
                    Err(error) => Loaded::Failed(refusal(&error).message),
                });
            });
        });
    }
    {
        let view = view.clone();
        use_effect_with((*loaded).clone(), move |loaded| listen(loaded, view));
    }
    match &*loaded {
        Loaded::NotYet => html! {
            <section class="code" aria-label={ctx.t(t::CODE)}><p class="hint pad" role="status">{ ctx.t(t::LOADING) }</p></section>
        },
        Loaded::Failed(why) => html! {
            <section class="code" aria-label={ctx.t(t::CODE)}>
                <p class="pad" role="alert">{ ctx.t(t::NOT_LOADED) }{ " " }<code>{ why.clone() }</code></p>
            </section>
        },
        Loaded::Desk(desk) => html! {
            <>
                <section class="code" aria-label={ctx.t(t::CODE)}>
                    { bar(&ctx, desk, &view) }
                    { linked::banner(&ctx, desk, &view) }
                    <Editor desk={desk.clone()} label={ctx.t(t::EDITOR)} />
                </section>
                <section class="terms" aria-label={ctx.t(t::TERMINALS)}>
                    if view.terminals.is_empty() { <p class="hint pad">{ ctx.t(t::NO_TERMINALS) }</p> }
                    { for view.terminals.iter().map(|terminal| html! {
                        <TerminalPane key={terminal.id} desk={desk.clone()} terminal={terminal.clone()} />
                    }) }
                </section>
            </>
        },
    }
}

/// Follows what the desk shows for as long as the view is there.
fn listen(loaded: &Loaded, view: UseStateHandle<DeskView>) -> Box<dyn FnOnce()> {
    let Loaded::Desk(desk) = loaded else {
        return Box::new(|| ());
    };
    view.set(desk.view());
    let changed = {
        let desk = desk.clone();
        Closure::<dyn Fn()>::new(move || view.set(desk.view()))
    };
    let unlisten = desk.call_now("listen", &[changed.as_ref().clone()]).ok();
    Box::new(move || {
        if let Some(unlisten) = unlisten.and_then(|one| one.dyn_into::<js_sys::Function>().ok()) {
            let _ = unlisten.call0(&JsValue::UNDEFINED);
        }
        drop(changed);
    })
}

#[derive(PartialEq, Properties)]
struct EditorProps {
    desk: Desk,
    label: AttrValue,
}

/// The desk fills it in.
#[component]
fn Editor(props: &EditorProps) -> Html {
    let place = use_node_ref();
    {
        let (desk, place) = (props.desk.clone(), place.clone());
        use_effect_with(props.label.clone(), move |label| {
            if let Some(element) = place.cast::<HtmlElement>() {
                let _ = element.set_attribute("data-label", label);
                spawn_local(async move {
                    // The plain editor stays where the rich one cannot come.
                    let _ = desk.call("edit", &[element.into()]).await;
                });
            }
        });
    }
    html! { <div class="editor" ref={place}></div> }
}

fn bar(ctx: &Ctx, desk: &Desk, view: &DeskView) -> Html {
    let run = {
        let (ctx, desk, name) = (ctx.clone(), desk.clone(), view.current.clone());
        Callback::from(move |_: MouseEvent| {
            desk.act(&ctx, "run", vec![name.as_str().into()]);
        })
    };
    html! {
        <div class="code-bar">
            <div class="file-tabs" role="tablist" aria-label={ctx.t(t::FILES)}>
                { for view.files.iter().map(|name| file_tab(ctx, desk, name, *name == view.current)) }
            </div>
            { new_file(ctx, desk) }
            { delete_file(ctx, desk, view) }
            <span class="grow"></span>
            { examples(ctx, desk, view) }
            { format_file(ctx, desk) }
            { export(ctx, desk) }
            <button class="btn primary small" onclick={run}>
                <span aria-hidden="true">{ "▶ " }</span>{ format!("node {}", view.current) }
            </button>
        </div>
    }
}

fn file_tab(ctx: &Ctx, desk: &Desk, name: &str, on: bool) -> Html {
    let open = {
        let (ctx, desk, name) = (ctx.clone(), desk.clone(), name.to_owned());
        Callback::from(move |_: MouseEvent| desk.act(&ctx, "open", vec![name.as_str().into()]))
    };
    html! {
        <button role="tab" key={name.to_owned()} aria-selected={on.to_string()} class={classes!(on.then_some("on"))} onclick={open}>
            { name.to_owned() }
        </button>
    }
}

fn new_file(ctx: &Ctx, desk: &Desk) -> Html {
    let create = {
        let (ctx, desk) = (ctx.clone(), desk.clone());
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let name = input.value();
            input.set_value("");
            if !name.trim().is_empty() {
                desk.act(&ctx, "create", vec![name.trim().into()]);
            }
        })
    };
    html! {
        <input class="new-file" size="10" placeholder={ctx.t(t::NEW_FILE)} aria-label={ctx.t(t::NEW_FILE_LABEL)} onchange={create} />
    }
}

fn delete_file(ctx: &Ctx, desk: &Desk, view: &DeskView) -> Html {
    let label = fill(ctx.t(t::DELETE_FILE), &[("name", &view.current)]);
    let delete = {
        let (ctx, desk, name) = (ctx.clone(), desk.clone(), view.current.clone());
        let ask = fill(ctx.t(t::DELETE_ASK), &[("name", &name)]);
        Callback::from(move |_: MouseEvent| {
            let window = web_sys::window();
            let sure = window.is_some_and(|w| w.confirm_with_message(&ask).unwrap_or(false));
            if sure {
                desk.act(&ctx, "remove", vec![name.as_str().into()]);
            }
        })
    };
    html! { <button class="mini" onclick={delete} title={label.clone()} aria-label={label}>{ ctx.t(t::DELETE) }</button> }
}

fn format_file(ctx: &Ctx, desk: &Desk) -> Html {
    let format = {
        let (ctx, desk) = (ctx.clone(), desk.clone());
        Callback::from(move |_: MouseEvent| desk.act(&ctx, "format", vec![]))
    };
    html! {
        <button class="mini" onclick={format} title={ctx.t(t::FORMAT_KEY)} aria-keyshortcuts="Shift+Alt+F">
            { ctx.t(t::FORMAT) }
        </button>
    }
}

fn export(ctx: &Ctx, desk: &Desk) -> Html {
    let press = {
        let (ctx, desk) = (ctx.clone(), desk.clone());
        Callback::from(move |_: MouseEvent| {
            let (ctx, desk) = (ctx.clone(), desk.clone());
            spawn_local(async move {
                match desk.call("export", &[]).await {
                    Ok(zip) => {
                        let bytes = js_sys::Uint8Array::new(&zip).to_vec();
                        crate::save::download("konbini-export.zip", &bytes, "application/zip");
                    }
                    Err(error) => ctx.send(Msg::Refused(refusal(&error))),
                }
            });
        })
    };
    html! { <button class="mini" onclick={press} title={ctx.t(t::EXPORT_LABEL)}>{ ctx.t(t::EXPORT) }</button> }
}

fn examples(ctx: &Ctx, desk: &Desk, view: &DeskView) -> Html {
    let choose = {
        let (ctx, desk) = (ctx.clone(), desk.clone());
        let ask = ctx.t(t::EXAMPLE_ASK);
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let name = select.value();
            select.set_value("");
            let window = web_sys::window();
            if !name.is_empty()
                && window.is_some_and(|w| w.confirm_with_message(ask).unwrap_or(false))
            {
                desk.act(&ctx, "example", vec![name.as_str().into()]);
            }
        })
    };
    html! {
        <select class="examples" onchange={choose} aria-label={ctx.t(t::EXAMPLES)}>
            <option value="" selected=true>{ ctx.t(t::EXAMPLES) }</option>
            { for view.examples.iter().map(|name| html! {
                <option value={name.clone()}>{ t::example(ctx.lang(), name) }</option>
            }) }
        </select>
    }
}
