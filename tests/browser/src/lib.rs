//! What must come out the same natively, in Node and in Chrome.
//!
//! `tests/cases` asks these functions the same questions in each of the three.

mod codecs;
mod hash;
mod scenarios;

pub use codecs::codec_sums;
pub use hash::trace_hash;
pub use scenarios::{SCENARIOS, Scenario};
