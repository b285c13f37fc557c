//! The app: starts the worker, runs the frame loop, lays out the page.

mod keys;
mod notices;
mod opening;
mod root;

pub use root::App;

/// Puts the page where its skeleton stands.
pub fn mount() {
    let document = web_sys::window().and_then(|window| window.document());
    let place = document.and_then(|document| document.get_element_by_id("app"));
    match place {
        Some(place) => yew::Renderer::<App>::with_root(place).render(),
        None => yew::Renderer::<App>::new().render(),
    };
}
