//! The canvas over the stage: keeps its geometry up to date, draws nothing itself.

use super::geometry::elements;
use crate::context::Ctx;
use crate::stage::Painter;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlCanvasElement, HtmlElement, ResizeObserver};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// The scrolling box and the content in it that carries the anchors.
    pub scroller: NodeRef,
    pub content: NodeRef,
    /// Changes when something on the stage appears, goes, moves or grows.
    pub layout: String,
}

#[component]
pub fn StageCanvas(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let canvas = use_node_ref();

    // Mount: a painter, and observers that measure anew.
    {
        let (canvas, live) = (canvas.clone(), ctx.live.clone());
        let (scroller, content) = (props.scroller.clone(), props.content.clone());
        use_effect_with((), move |()| {
            live.borrow_mut().painter = canvas.cast::<HtmlCanvasElement>().and_then(Painter::new);
            let observed =
                Observed::start(&measurer(&live, &scroller, &content), &scroller, &content);
            move || {
                drop(observed);
                live.borrow_mut().painter = None;
            }
        });
    }
    // Another layout or theme: measure anew.
    {
        let measure = measurer(&ctx.live, &props.scroller, &props.content);
        let key = (
            props.layout.clone(),
            ctx.state.ui.theme,
            ctx.state.ui.lang,
            ctx.state.ui.pane,
        );
        use_effect_with(key, move |_| measure.emit(true));
    }
    html! { <canvas ref={canvas} class="stage-canvas" aria-hidden="true"></canvas> }
}

/// Measures everything (true) or only how far the stage is scrolled (false).
fn measurer(
    live: &std::rc::Rc<std::cell::RefCell<crate::frame_loop::Live>>,
    scroller: &NodeRef,
    content: &NodeRef,
) -> Callback<bool> {
    let (live, scroller, content) = (live.clone(), scroller.clone(), content.clone());
    Callback::from(move |all: bool| {
        let mut live = live.borrow_mut();
        let (Some(painter), Some(scroller), Some(content)) = (
            live.painter.as_mut(),
            scroller.cast::<HtmlElement>(),
            content.cast::<HtmlElement>(),
        ) else {
            return;
        };
        if all {
            painter.measure(&content, &scroller);
        } else {
            painter.scrolled(&scroller);
        }
    })
}

/// Observers that live as long as the canvas.
struct Observed {
    resize: Option<ResizeObserver>,
    scroller: Option<HtmlElement>,
    on_scroll: Closure<dyn FnMut()>,
    scheme: Option<web_sys::MediaQueryList>,
    on_scheme: Closure<dyn FnMut()>,
    _on_resize: Closure<dyn FnMut()>,
}

impl Observed {
    fn start(measure: &Callback<bool>, scroller: &NodeRef, content: &NodeRef) -> Observed {
        let all = measure.clone();
        let on_resize = Closure::<dyn FnMut()>::new(move || all.emit(true));
        let resize = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        let (scroller, content) = (
            scroller.cast::<HtmlElement>(),
            content.cast::<HtmlElement>(),
        );
        if let Some(resize) = &resize {
            for element in scroller.iter().chain(&content) {
                resize.observe(element);
            }
            // The content is as high as the window; its columns are as high as what is in them.
            let columns = content.as_ref().map(|content| elements(content, ".col"));
            for column in columns.into_iter().flatten() {
                resize.observe(&column);
            }
        }
        let scrolled = measure.clone();
        let on_scroll = Closure::<dyn FnMut()>::new(move || scrolled.emit(false));
        if let Some(scroller) = &scroller {
            let _ = scroller
                .add_event_listener_with_callback("scroll", on_scroll.as_ref().unchecked_ref());
        }
        let themed = measure.clone();
        let on_scheme = Closure::<dyn FnMut()>::new(move || themed.emit(true));
        let scheme = web_sys::window()
            .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok())
            .flatten();
        if let Some(scheme) = &scheme {
            let _ = scheme
                .add_event_listener_with_callback("change", on_scheme.as_ref().unchecked_ref());
        }
        Observed {
            resize,
            scroller,
            on_scroll,
            scheme,
            on_scheme,
            _on_resize: on_resize,
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if let Some(resize) = &self.resize {
            resize.disconnect();
        }
        if let Some(scroller) = &self.scroller {
            let listener = self.on_scroll.as_ref().unchecked_ref();
            let _ = scroller.remove_event_listener_with_callback("scroll", listener);
        }
        if let Some(scheme) = &self.scheme {
            let listener = self.on_scheme.as_ref().unchecked_ref();
            let _ = scheme.remove_event_listener_with_callback("change", listener);
        }
    }
}
