//! The stage: producers, the cluster's shelves, consumer groups. Cards are plain DOM, so that
//! everything is a button with a name; one canvas over them draws all that moves.

mod broker_card;
mod canvas;
mod client_card;
mod geometry;
mod group_card;
mod paint;
mod palette;
mod parcels;
mod producer_card;
mod shelf;
mod view;
mod wires;

pub use geometry::{Curve, Geometry, Rect};
pub use paint::Painter;
pub use parcels::{Drawn, Parcels};
pub use shelf::{member_words, role_words};
pub use view::Stage;
pub use wires::{Wire, WireColour, wires};

use crate::scenario::spec::{Acks, Codec, Commit, Pace};

/// `every 2 s` or `40 rec/s`.
pub fn pace_words(pace: Pace, lang: crate::i18n::Lang) -> String {
    use crate::i18n::{fill, stage};
    match pace {
        Pace::EveryMs(ms) => {
            let span = crate::format::span(i64::from(ms));
            fill(lang.of(stage::EVERY), &[("span", &span)])
        }
        Pace::PerSecond(n) => format!("{} rec/s", crate::format::count(u64::from(n))),
    }
}

pub fn acks_word(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

pub fn codec_word(codec: Codec) -> &'static str {
    match codec {
        Codec::None => "none",
        Codec::Gzip => "gzip",
        Codec::Snappy => "snappy",
        Codec::Lz4 => "lz4",
        Codec::Zstd => "zstd",
    }
}

pub fn commit_words(commit: Commit, lang: crate::i18n::Lang) -> String {
    use crate::i18n::{fill, stage};
    match commit {
        Commit::AutoMs(ms) => {
            let span = crate::format::span(i64::from(ms));
            fill(lang.of(stage::COMMIT_AUTO), &[("span", &span)])
        }
        Commit::EachRecord => lang.of(stage::COMMIT_RECORD).to_owned(),
        Commit::EachPoll => lang.of(stage::COMMIT_POLL).to_owned(),
        Commit::Never => lang.of(stage::COMMIT_NEVER).to_owned(),
    }
}
