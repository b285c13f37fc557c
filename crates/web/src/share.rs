//! Runs in links and files: reading the address bar, writing links.

use crate::scenario::link::{self, Unreadable};
use crate::scenario::{Recording, Scenario};
use konbini_bridge::Refusal;

/// Characters above which a link may be cut by a chat program.
pub const SAFE_CHARS: usize = 2_000;

/// What the address bar holds after `#`, without a leading `#`; none when it is empty.
pub fn hash() -> Option<String> {
    let hash = web_sys::window()?.location().hash().ok()?;
    let text = hash.strip_prefix('#').unwrap_or(&hash).to_owned();
    (!text.is_empty()).then_some(text)
}

/// The recording of a link's text.
pub fn read_link(text: &str) -> Result<Recording, Refusal> {
    link::decode(text).map_err(|error| refusal(&error))
}

/// The recording in a file.
pub fn read_file(bytes: &[u8]) -> Result<Recording, Refusal> {
    link::from_json(bytes).map_err(|error| refusal(&error))
}

/// The full link to a recording, for the page as it is served now.
pub fn write_link(recording: &Recording) -> Result<String, Refusal> {
    let text = link::encode(recording).map_err(|error| refusal(&error))?;
    let location = web_sys::window().map(|window| window.location());
    let href = location
        .and_then(|location| location.href().ok())
        .unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default().to_owned();
    Ok(format!("{page}#{text}"))
}

pub fn write_file(recording: &Recording) -> Result<String, Refusal> {
    link::to_json(recording).map_err(|error| refusal(&error))
}

/// A recording of a scenario to which nothing has been done.
pub fn fresh(scenario: Scenario) -> Recording {
    Recording::of(scenario)
}

fn refusal(error: &Unreadable) -> Refusal {
    Refusal {
        code: error.code().to_owned(),
        message: error.to_string(),
    }
}
