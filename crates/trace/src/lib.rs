//! What happened in a run, as data: events with their arguments, and the running hash that
//! makes two runs comparable.
//!
//! Nodes and clients say *what* happened and which setting decided it. They hold no sentence:
//! the page turns a code and its arguments into words in the reader's language.

mod event;
mod hash;

pub use event::{Arg, Event, Level};
pub use hash::TraceHash;
