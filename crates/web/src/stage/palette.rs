//! Colours of the canvas, read from the page's CSS variables when the theme changes.

use super::parcels::COLOURS;

/// Colours of groups, in the order of groups; they repeat.
pub const GROUP_COLOURS: usize = 6;

#[derive(Clone, Debug, Default)]
pub struct Palette {
    pub keys: [String; COLOURS],
    pub groups: [String; GROUP_COLOURS],
    pub ink: String,
    pub soft: String,
    pub panel: String,
    pub bad: String,
}

impl Palette {
    pub fn read() -> Palette {
        let style = web_sys::window().and_then(|window| {
            let root = window.document()?.document_element()?;
            window.get_computed_style(&root).ok()?
        });
        let value = |name: &str| {
            let found = style.as_ref().and_then(|s| s.get_property_value(name).ok());
            found.unwrap_or_default().trim().to_owned()
        };
        Palette {
            keys: std::array::from_fn(|i| value(&format!("--key-{i}"))),
            groups: std::array::from_fn(|i| value(&format!("--group-{i}"))),
            ink: value("--ink"),
            soft: value("--soft"),
            panel: value("--panel"),
            bad: value("--bad"),
        }
    }
}
