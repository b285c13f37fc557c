//! The worker's entry: listens to the page and serves until the tab goes.

use konbini_bridge::{Notice, Update};
use konbini_worker::inbox::Inbox;
use konbini_worker::{crash, page, playground};

/// One playground an origin.
const PLAYGROUND: &str = "konbini";

fn main() {
    crash::install(|detail| {
        page::post(&Update::Notice(Notice::Crashed { detail }));
        // Gives up the lock, so that another tab can go on.
        page::scope().close();
    });
    let inbox = Inbox::default();
    page::listen(inbox.clone());
    wasm_bindgen_futures::spawn_local(async {
        if let Err(error) = playground::serve(PLAYGROUND, inbox, page::pass).await {
            let detail = format!("the worker could not start: {error:?}");
            page::post(&Update::Notice(Notice::Crashed { detail }));
        }
    });
}
