//! The language of a run, as plain data: what goes in (a [`Scenario`] and timed [`Action`]s) and
//! what can be seen (a [`Snapshot`], [`Flight`]s and events). Share links, the scripting API, the
//! page and the tests all speak it.
//!
//! Nothing here runs anything, and nothing here knows a broker.

pub mod action;
pub mod catalogue;
pub mod code;
pub mod fault;
pub mod inspect;
pub mod limit;
pub mod link;
pub mod snapshot;
pub mod spec;
pub mod validate;

pub use action::{Action, Recording, TimedAction};
pub use code::Code;
pub use snapshot::{Flight, Snapshot, TraceEvent};
pub use spec::Scenario;
pub use validate::{Cast, Invalid};
