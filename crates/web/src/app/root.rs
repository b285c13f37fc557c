//! The root component: state, worker, frame loop, and the page's areas.

use super::keys::use_keys;
use super::notices::{Announcer, Notices};
use super::opening::use_opening;
use crate::code::CodeView;
use crate::context::Ctx;
use crate::dialogs::Dialogs;
use crate::frame_loop::Live;
use crate::guide::Guide;
use crate::header::Header;
use crate::i18n::{Lang, header as t};
use crate::inspector::Inspector;
use crate::lessons::Progress;
use crate::stage::Stage;
use crate::state::{AppState, Engine, Msg, Pane, Theme, Ui, View};
use crate::store::{recall, remember};
use crate::timeline::Timeline;
use crate::worker_link::WorkerLink;
use konbini_bridge::{Notice, Update};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

#[component]
pub fn App() -> Html {
    let state = use_reducer(first_state);
    let live = use_mut_ref(Live::default);
    let link = {
        let (dispatcher, live) = (state.dispatcher(), live.clone());
        use_memo((), move |()| start_worker(dispatcher, live))
    };
    match link.as_ref() {
        Ok(link) => {
            let ctx = Ctx {
                version: state.version,
                state,
                link: link.clone(),
                live,
            };
            html! { <ContextProvider<Ctx> context={ctx}><Page /></ContextProvider<Ctx>> }
        }
        Err(error) => html! { <p class="dead" role="alert">{ error.clone() }</p> },
    }
}

#[component]
fn Page() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    use_opening(&ctx);
    use_frames(&ctx);
    use_keys(&ctx);
    use_appearance(&ctx);
    let pane = match ctx.state.ui.pane {
        Pane::Guide => "guide",
        Pane::Stage => "stage",
        Pane::Inspector => "inspector",
        Pane::Timeline => "timeline",
    };
    let view = match ctx.state.ui.view {
        View::Stage => "stage",
        View::Code => "code",
    };
    html! {
        <div class="page" data-shown={pane} data-view={view}>
            <Header />
            <Notices />
            { match ctx.state.ui.view {
                View::Stage => html! { <><Guide /><Stage /><Inspector /><Timeline />{ pane_bar(&ctx) }</> },
                View::Code => html! { <><CodeView /><Stage /></> },
            } }
            <Dialogs />
            <Announcer />
        </div>
    }
}

/// On phones: which part of the page is shown.
fn pane_bar(ctx: &Ctx) -> Html {
    let panes = [
        (Pane::Guide, t::PANE_GUIDE),
        (Pane::Stage, t::PANE_STAGE),
        (Pane::Inspector, t::PANE_INSPECT),
        (Pane::Timeline, t::PANE_TIME),
    ];
    html! {
        <nav class="panes" aria-label={ctx.t(t::PANES)}>
            { for panes.into_iter().map(|(pane, word)| {
                let on = ctx.state.ui.pane == pane;
                html! {
                    <button class={classes!(on.then_some("on"))} aria-current={on.then_some("true")} onclick={ctx.on(Msg::Pane(pane))}>{ ctx.t(word) }</button>
                }
            }) }
        </nav>
    }
}

fn first_state() -> AppState {
    let navigator = web_sys::window().and_then(|window| window.navigator().language());
    let tag = recall("language").or(navigator).unwrap_or_default();
    let theme = recall("theme").map_or(Theme::System, |name| Theme::from_name(&name));
    let ui = Ui {
        lang: Lang::from_tag(&tag),
        theme,
        ..Ui::default()
    };
    let finished = recall("finished").unwrap_or_default();
    let place = recall("place").unwrap_or_default();
    AppState::new(ui, Progress::recalled(&finished).left_at(&place))
}

fn start_worker(
    dispatcher: UseReducerDispatcher<AppState>,
    live: Rc<RefCell<Live>>,
) -> Result<Rc<WorkerLink>, String> {
    let failed = dispatcher.clone();
    let on_update = move |update: Update| match update {
        Update::Frame(frame) => live.borrow_mut().take(*frame, real_now()),
        Update::Notice(notice) => dispatcher.dispatch(Msg::Notice(notice)),
        Update::Order(order) => {
            let dispatcher = dispatcher.clone();
            wasm_bindgen_futures::spawn_local(async move {
                if let Err(refusal) = crate::code::obey(order).await {
                    dispatcher.dispatch(Msg::Refused(refusal));
                }
            });
        }
        Update::Reply { .. } | Update::Ready => {}
    };
    let on_failure = move |detail: String| failed.dispatch(Msg::Notice(Notice::Crashed { detail }));
    WorkerLink::start(on_update, on_failure)
        .map(Rc::new)
        .map_err(|error| format!("The worker could not be started: {error:?}"))
}

/// Real ms since the page was opened.
pub fn real_now() -> f64 {
    let clock = web_sys::window().and_then(|window| window.performance());
    clock.map_or(0.0, |clock| clock.now())
}

/// What runs at the next animation frame.
type Step = Rc<RefCell<Option<Closure<dyn FnMut(f64)>>>>;

/// Asks for frames, draws, and tells the views; stops by itself while the page is hidden, because
/// then there are no animation frames.
#[hook]
fn use_frames(ctx: &Ctx) {
    let (link, live, dispatcher) = (ctx.link.clone(), ctx.live.clone(), ctx.state.dispatcher());
    use_effect_with((), move |()| {
        let running = Rc::new(RefCell::new(true));
        let step: Step = Rc::default();
        let (again, on) = (step.clone(), running.clone());
        *step.borrow_mut() = Some(Closure::new(move |real: f64| {
            if !*on.borrow() {
                return;
            }
            link.ask_frame(real);
            live.borrow_mut().draw(real);
            let told = live.borrow_mut().tell(real);
            if let Some(msg) = told {
                dispatcher.dispatch(msg);
            }
            request_frame(&again);
        }));
        request_frame(&step);
        move || {
            *running.borrow_mut() = false;
            step.borrow_mut().take();
        }
    });
}

fn request_frame(step: &Step) {
    if let (Some(window), Some(step)) = (web_sys::window(), step.borrow().as_ref()) {
        let _ = window.request_animation_frame(step.as_ref().unchecked_ref());
    }
}

/// Language and theme on the document, and remembered; so are finished lessons.
#[hook]
fn use_appearance(ctx: &Ctx) {
    let ui = &ctx.state.ui;
    let finished = ctx.state.lesson.finished_words();
    let place = ctx.state.lesson.place_words();
    let starting = ctx.state.engine == Engine::Starting;
    use_effect_with((place, starting), |(place, starting)| {
        if !starting {
            remember("place", place);
        }
    });
    use_effect_with((ui.lang, ui.theme, finished), |(lang, theme, finished)| {
        let root = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.document_element());
        if let Some(root) = root {
            let _ = root.set_attribute("lang", lang.tag());
            let _ = root.set_attribute("data-theme", theme.name());
        }
        remember("language", lang.tag());
        remember("theme", theme.name());
        remember("finished", finished);
    });
}
