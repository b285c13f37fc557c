//! How wide an element is, without asking the layout at every frame.

use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, ResizeObserver};
use yew::prelude::*;

/// The element's width in CSS pixels; `until` it has been measured.
#[hook]
pub fn use_width(element: &NodeRef, until: i32) -> i32 {
    let width = use_state_eq(|| until);
    let (element, measured) = (element.clone(), width.setter());
    use_effect_with((), move |()| {
        let observed = element.cast::<HtmlElement>();
        let on_resize = Closure::<dyn FnMut()>::new(move || {
            if let Some(element) = element.cast::<HtmlElement>() {
                measured.set(element.client_width());
            }
        });
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &observed) {
            // It also tells of the size that it begins with.
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(on_resize);
        }
    });
    *width
}
