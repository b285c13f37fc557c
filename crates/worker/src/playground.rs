//! A tab's part in a playground: the tab that holds its lock hosts it, the others attach to that one.
//!
//! Where the browser grants no locks nobody can tell who may write, so every tab has a playground of
//! its own, in memory.

use crate::host::Host;
use crate::inbox::{Inbox, PageId};
use crate::locks::{self, Holder};
use crate::relay;
use konbini_bridge::Update;
use wasm_bindgen::JsValue;

/// Serves this tab's page for as long as the worker lives. `name` is that of the database, of the
/// lock that its owner holds, and of the tabs' channel. The page gets its updates as text.
///
/// # Errors
/// The browser lacks a MessageChannel or a BroadcastChannel.
pub async fn serve(
    name: &str,
    inbox: Inbox,
    to_page: impl Fn(&str) + Clone + 'static,
) -> Result<(), JsValue> {
    match locks::try_hold(name).await {
        Holder::This => {}
        Holder::Another => relay::attached(name, &inbox, to_page.clone()).await?,
        Holder::Unknown(why) => {
            let outlet = move |_, update: Update| to_page(&update.to_text());
            let host = Host::new(inbox, name, Box::new(outlet))?;
            host.unguarded(why).serve().await;
            return Ok(());
        }
    }
    let tabs = relay::Owner::start(name, &inbox)?;
    let outlet = move |page: PageId, update: Update| {
        if page == PageId::OWN {
            to_page(&update.to_text());
        } else {
            tabs.update(page, &update);
        }
    };
    Host::new(inbox, name, Box::new(outlet))?.serve().await;
    Ok(())
}
