//! A panic of the page itself: said on the page and in the console, never a frozen picture.

/// Shows panics in the banner that index.html keeps for them.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let said = info.to_string();
        web_sys::console::error_1(&said.clone().into());
        let banner = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.get_element_by_id("crash"));
        if let Some(banner) = banner {
            let _ = banner.remove_attribute("hidden");
            if let Ok(Some(place)) = banner.query_selector("code") {
                place.set_text_content(Some(&said));
            }
        }
    }));
}
