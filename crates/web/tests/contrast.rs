//! WCAG 2.2 contrast of the page's colours, in both themes: 4.5 for text, 3 for marks and edges
//! that carry meaning. The pairs are those that the style sheets put over each other.

use std::collections::BTreeMap;
use std::path::Path;

type Theme = BTreeMap<String, [f64; 3]>;

/// Backgrounds on which text of the main colours stands.
const GROUNDS: &[&str] = &[
    "paper",
    "panel",
    "raise",
    "shelf",
    "lead",
    "brand-soft",
    "line2",
];

/// Text and the backgrounds it stands on.
const TEXT: &[(&str, &[&str])] = &[
    ("ink", GROUNDS),
    ("text", GROUNDS),
    ("soft", GROUNDS),
    ("soft", &["chip"]),
    ("faint", &["paper", "panel", "shelf", "raise"]),
    ("brand-ink", &["paper", "panel", "lead", "brand-soft"]),
    ("on-brand", &["brand"]),
    ("ink", &["gold-soft", "bad-soft", "good-soft"]),
    ("bad", &["panel", "bad-soft", "raise", "paper", "shelf"]),
    ("good-ink", &["panel", "good-soft"]),
    ("gold-ink", &["panel", "gold-soft"]),
    ("soft", &["gold-soft", "bad-soft"]),
    ("blue", &["paper"]),
    ("violet", &["paper"]),
    ("hot-ink", &["paper"]),
    ("group-0", &["panel"]),
    ("group-1", &["panel"]),
    ("group-2", &["panel"]),
    ("group-3", &["panel"]),
    ("group-4", &["panel"]),
    ("group-5", &["panel"]),
];

/// Marks, edges of inputs and dots, and what they are drawn on.
const MARKS: &[(&str, &[&str])] = &[
    ("edge", &["paper", "panel"]),
    ("brand", &["paper", "panel", "brand-soft"]),
    ("ok", &["panel", "good-soft"]),
    ("gold", &["panel"]),
    ("bad", &["panel"]),
    ("hot", &["panel"]),
    ("violet", &["panel"]),
    ("faint", &["panel"]),
    ("key-0", &["shelf", "lead", "paper"]),
    ("key-1", &["shelf", "lead", "paper"]),
    ("key-2", &["shelf", "lead", "paper"]),
    ("key-3", &["shelf", "lead", "paper"]),
    ("key-4", &["shelf", "lead", "paper"]),
    ("key-5", &["shelf", "lead", "paper"]),
    ("panel", &["ok"]),
];

const TEXT_RATIO: f64 = 4.5;
const MARK_RATIO: f64 = 3.0;

/// The style sheet's themes: each block of variables, in the order of the file.
fn themes() -> Vec<Theme> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/css/base.css");
    let css = std::fs::read_to_string(root).expect("base.css");
    let blocks = css.split(":root").skip(1);
    let themes = blocks.map(|block| {
        let inside = block
            .split_once('{')
            .map_or("", |(_, rest)| rest.split('}').next().unwrap_or(""));
        let declared = inside.split(';').filter_map(|line| line.split_once(':'));
        declared
            .filter_map(|(name, value)| {
                let name = name.trim().strip_prefix("--")?;
                Some((name.to_owned(), colour(value.trim())?))
            })
            .collect::<Theme>()
    });
    themes.filter(|theme| !theme.is_empty()).collect()
}

fn colour(value: &str) -> Option<[f64; 3]> {
    let digits = value.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?].map(|byte| f64::from(byte) / 255.0))
}

/// Relative luminance as WCAG defines it.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| {
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn ratio(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn failures(theme: &Theme, pairs: &[(&str, &[&str])], least: f64) -> Vec<String> {
    let mut out = Vec::new();
    for (front, grounds) in pairs {
        for ground in *grounds {
            let of = |name: &str| *theme.get(name).unwrap_or_else(|| panic!("no --{name}"));
            let found = ratio(of(front), of(ground));
            if found < least {
                out.push(format!("{front} on {ground}: {found:.2}"));
            }
        }
    }
    out
}

#[test]
fn ratios_are_wcags() {
    let (black, white) = ([0.0; 3], [1.0; 3]);
    assert!((ratio(black, white) - 21.0).abs() < 1e-9);
    let grey = colour("#767676").expect("a colour");
    assert!((ratio(grey, white) - 4.54).abs() < 0.01);
}

#[test]
fn both_dark_blocks_are_the_same() {
    let themes = themes();
    assert_eq!(themes.len(), 3, "light, dark, dark by the system");
    assert_eq!(themes[1], themes[2]);
}

/// The share of a group's colour in a member's card and in a bowl on it (`stage.css`).
const MEMBER_SHARE: f64 = 0.03;
const BOWL_SHARE: f64 = 0.10;

fn mix(front: [f64; 3], back: [f64; 3], share: f64) -> [f64; 3] {
    std::array::from_fn(|i| front[i] * share + back[i] * (1.0 - share))
}

#[test]
fn partitions_can_be_read_in_their_bowls() {
    for theme in themes() {
        for group in 0..6 {
            let colour = theme[&format!("group-{group}")];
            let bowl = mix(
                colour,
                mix(colour, theme["panel"], MEMBER_SHARE),
                BOWL_SHARE,
            );
            let found = ratio(colour, bowl);
            assert!(found >= TEXT_RATIO, "group {group}: {found:.2}");
        }
    }
}

#[test]
fn text_and_marks_stand_out_in_both_themes() {
    let mut all = Vec::new();
    for (name, theme) in ["light", "dark"].iter().zip(themes()) {
        let text = failures(&theme, TEXT, TEXT_RATIO);
        let marks = failures(&theme, MARKS, MARK_RATIO);
        all.extend(text.into_iter().map(|pair| format!("{name} text {pair}")));
        all.extend(marks.into_iter().map(|pair| format!("{name} mark {pair}")));
    }
    assert!(all.is_empty(), "{all:#?}");
}
