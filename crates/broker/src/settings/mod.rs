//! Kafka's settings: which exist, what they may be, and which value holds.
//!
//! Topics' settings are described by the log crate ([`konbini_log::config`]), brokers' here.

pub mod broker;
mod lookup;

pub use lookup::{Source, Synonym, Value, broker_value, log_config, topic_value};

/// Longest value of a setting, in bytes: what a metadata record's string may hold.
pub const MAX_VALUE_BYTES: usize = 32_767;

/// The parts of a list setting.
pub fn list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}
