//! Whether a scenario, an action or a recording is within the limits of [`crate::limit`].
//!
//! What a setting of Kafka may be, and whether a topic exists, is the brokers' business: they
//! answer with Kafka's errors. Here is only what no broker sees.

mod action;
mod cast;
mod code;
mod fault;
mod field;
mod machines;
mod recording;
mod scenario;
#[cfg(test)]
mod tests;

pub use cast::Cast;
pub use code::History;

/// What was wrong and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// The place in the document, such as `producers[0].pace`; may be empty.
    pub field: String,
    /// English, complete: the place, what was there, what is allowed.
    pub message: String,
}

impl Invalid {
    /// `allowed` completes the sentence: "producers[0].name is empty; <allowed>".
    pub fn new(code: &'static str, field: &str, was: &str, allowed: &str) -> Invalid {
        Invalid {
            code,
            field: field.to_owned(),
            message: format!("{field} {was}; {allowed}"),
        }
    }
}
