//! Words in English and 繁體中文, side by side so that neither can be missing.
//! Files follow the views; `events` holds one sentence for each event code.

pub mod about;
pub mod code;
pub mod configs;
pub mod dialogs;
pub mod events;
pub mod faults;
pub mod header;
pub mod inspector;
pub mod notices;
pub mod reading;
pub mod stage;
pub mod timeline;

use std::fmt::Display;

/// One text in each language: English, 繁體中文.
pub type Text = [&'static str; 2];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    En,
    ZhTw,
}

impl Lang {
    pub fn of(self, text: Text) -> &'static str {
        text[self as usize]
    }

    /// The BCP 47 tag, for the `lang` attribute and for remembering.
    pub fn tag(self) -> &'static str {
        ["en", "zh-Hant-TW"][self as usize]
    }

    /// From a tag such as a browser's `navigator.language`; any Chinese reads Traditional.
    pub fn from_tag(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("zh") {
            Lang::ZhTw
        } else {
            Lang::En
        }
    }

    pub fn other(self) -> Lang {
        match self {
            Lang::En => Lang::ZhTw,
            Lang::ZhTw => Lang::En,
        }
    }
}

/// Puts arguments where `{name}` stands. A name without an argument stays as it is.
pub fn fill(template: &str, args: &[(&str, &dyn Display)]) -> String {
    let mut out = template.to_owned();
    for (name, value) in args {
        let place = format!("{{{name}}}");
        if out.contains(&place) {
            out = out.replace(&place, &value.to_string());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_by_tag() {
        let cases = [
            ("zh-TW", Lang::ZhTw),
            ("zh", Lang::ZhTw),
            ("en-GB", Lang::En),
            ("ja", Lang::En),
        ];
        for (tag, lang) in cases {
            assert_eq!(Lang::from_tag(tag), lang, "{tag}");
        }
        assert_eq!(Lang::from_tag(Lang::ZhTw.tag()), Lang::ZhTw);
    }

    #[test]
    fn filling() {
        assert_eq!(
            fill("{a} of {b}, {c}", &[("a", &1), ("b", &"two")]),
            "1 of two, {c}"
        );
    }
}
