//! A link to this run, or a file when the link would be too long.

use super::modal::Modal;
use super::submit::refusal_box;
use crate::code::{files_only, programs_of};
use crate::context::Ctx;
use crate::format::count;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::{Code, Recording};
use crate::share::{self, SAFE_CHARS};
use crate::state::{Confirm, Dialog, Msg, Then};
use konbini_bridge::{Command, Refusal, Reply};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

#[component]
pub fn ShareDialog() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let recording = use_state(|| None::<Recording>);
    let with_actions = use_state(|| true);
    let with_code = use_state(|| true);
    let copied = use_state(|| None::<bool>);
    let refused = use_state(|| None::<Refusal>);
    {
        let (ctx, recording, refused) = (ctx.clone(), recording.clone(), refused.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                match ctx.link.request(Command::Record { actions: true }).await {
                    Ok(Reply::Recording(mut found)) => {
                        let added = crate::code::add_files(&ctx, &mut found).await;
                        refused.set(added.err());
                        recording.set(Some(*found));
                    }
                    Ok(_) => {}
                    Err(refusal) => refused.set(Some(refusal)),
                }
            });
        });
    }
    let actions = recording.as_ref().map_or(0, |r| r.actions.len());
    let chosen = recording
        .as_ref()
        .map(|found| chosen(found, *with_actions, *with_code));
    html! {
        <Modal title={ctx.t(t::SHARE_TITLE)}>
            <p class="modal-text">{ ctx.t(t::SHARE_INTRO) }</p>
            <div class="fields">
                <label class="check">
                    <input type="checkbox" checked={*with_actions} onchange={toggle(&with_actions, &copied)} />
                    { fill(ctx.t(t::SHARE_ACTIONS), &[("n", &actions)]) }
                </label>
                if let Some(recording) = recording.as_ref().filter(|found| !found.code.is_empty()) {
                    <label class="check">
                        <input type="checkbox" checked={*with_code} onchange={toggle(&with_code, &copied)} />
                        { code_words(&ctx, recording) }
                    </label>
                    if *with_code { <p class="hint">{ ctx.t(t::SHARE_CODE_HINT) }</p> }
                }
                { match &chosen {
                    None if refused.is_none() => html! { <p class="hint">{ ctx.t(t::WORKING) }</p> },
                    None => html! {},
                    Some(recording) => link_view(&ctx, recording, &copied),
                } }
                if let Some(refusal) = refused.as_ref() { { refusal_box(&ctx, refusal) } }
            </div>
            <footer class="modal-foot">
                { open_file(&ctx, &refused) }
            </footer>
        </Modal>
    }
}

fn toggle(what: &UseStateHandle<bool>, copied: &UseStateHandle<Option<bool>>) -> Callback<Event> {
    let (what, copied) = (what.clone(), copied.clone());
    Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        what.set(input.checked());
        copied.set(None);
    })
}

/// What the reader wants to hand on. Programs without the actions around them would be another run:
/// then only their files stay.
fn chosen(found: &Recording, with_actions: bool, with_code: bool) -> Recording {
    let mut chosen = found.clone();
    if !with_actions {
        chosen = share::fresh(found.scenario.clone());
        chosen.code = files_only(&found.code);
    }
    if !with_code {
        chosen.code = Code::default();
    }
    chosen
}

/// How much code there is.
fn code_words(ctx: &Ctx, recording: &Recording) -> String {
    let files = recording.code.all_files();
    let chars: usize = files.iter().map(|file| file.text.chars().count()).sum();
    let words = [
        ("files", count(files.len() as u64)),
        ("chars", count(chars as u64)),
        ("programs", count(programs_of(recording).into())),
    ];
    let words = words
        .each_ref()
        .map(|(name, number)| (*name, number as &dyn std::fmt::Display));
    fill(ctx.t(t::SHARE_CODE), &words)
}

fn link_view(ctx: &Ctx, recording: &Recording, copied: &UseStateHandle<Option<bool>>) -> Html {
    let link = share::write_link(recording);
    let save = {
        let recording = recording.clone();
        Callback::from(move |_: MouseEvent| {
            if let Ok(json) = share::write_file(&recording) {
                crate::save::download("konbini-run.json", json.as_bytes(), "application/json");
            }
        })
    };
    let file =
        html! { <button type="button" class="btn" onclick={save}>{ ctx.t(t::DOWNLOAD) }</button> };
    match link {
        Err(refusal) => {
            html! { <>{ refusal_box(ctx, &refusal) }<div class="row">{ file }</div></> }
        }
        Ok(link) => {
            let chars = link.chars().count();
            let said = match **copied {
                None => String::new(),
                Some(true) => ctx.t(t::COPIED).to_owned(),
                Some(false) => ctx.t(t::COPY_FAILED).to_owned(),
            };
            html! {
                <>
                    <label class="field">
                        <span class="field-name">{ ctx.t(t::SHARE_LINK) }</span>
                        <textarea rows="4" readonly=true class="link" value={link.clone()}/>
                        <small>{ fill(ctx.t(t::SHARE_SIZE), &[("n", &count(chars as u64))]) }</small>
                    </label>
                    if chars > SAFE_CHARS { <p class="warn-text">{ ctx.t(t::SHARE_LONG) }</p> }
                    <div class="row">
                        <button type="button" class="btn primary" onclick={copy(link, copied)}>{ ctx.t(t::COPY) }</button>
                        { file }
                        <span role="status">{ said }</span>
                    </div>
                </>
            }
        }
    }
}

fn copy(link: String, copied: &UseStateHandle<Option<bool>>) -> Callback<MouseEvent> {
    let copied = copied.clone();
    Callback::from(move |_| {
        let (link, copied) = (link.clone(), copied.clone());
        spawn_local(async move { copied.set(Some(crate::save::copy(&link).await)) });
    })
}

fn open_file(ctx: &Ctx, refused: &UseStateHandle<Option<Refusal>>) -> Html {
    let (ctx_, refused) = (ctx.clone(), refused.clone());
    let chosen = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let Some(file) = input.files().and_then(|files| files.get(0)) else {
            return;
        };
        let (ctx, refused) = (ctx_.clone(), refused.clone());
        spawn_local(async move {
            match read(&file).await {
                Ok(recording) => ctx.send(Msg::Dialog(ask_over(&ctx, recording))),
                Err(refusal) => refused.set(Some(refusal)),
            }
        });
    });
    html! {
        <label class="btn file">
            { ctx.t(t::OPEN_FILE) }
            <input type="file" accept=".json,application/json" onchange={chosen} />
        </label>
    }
}

async fn read(file: &File) -> Result<Recording, Refusal> {
    let unreadable = || Refusal {
        code: "link-misshapen".to_owned(),
        message: "the file could not be read".to_owned(),
    };
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|_| unreadable())?;
    share::read_file(&js_sys::Uint8Array::new(&buffer).to_vec())
}

/// The question before a recording replaces the run of this browser.
pub fn ask_over(ctx: &Ctx, recording: Recording) -> Dialog {
    let name = crate::lessons::title_of(&recording.scenario, ctx.lang());
    let mut body = fill(ctx.t(t::OPEN_OVER_BODY), &[("name", &name)]);
    if !recording.code.is_empty() {
        body = format!("{body} {}", ctx.t(t::OPEN_OVER_CODE));
    }
    Dialog::Confirm(Confirm {
        title: ctx.t(t::OPEN_OVER_TITLE).to_owned(),
        body,
        yes: ctx.t(t::OPEN_OVER_YES).to_owned(),
        then: Then::OpenOver(Box::new(recording)),
    })
}
