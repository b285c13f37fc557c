//! Kafka's wire, without state: frames, request and response encoding. Record batches, checksums
//! and codecs are `konbini-record`'s, which is compiled for speed; this is compiled for size.
//!
//! Messages themselves come from the kafka-protocol crate; its decoder is wrapped here so that no
//! input can make it panic or allocate what a length field claims. This crate does no I/O, reads no
//! clock, and keeps nothing between calls but the bytes of an unfinished frame.

pub mod api;
mod connection;
pub mod error;
pub mod frame;
mod guard;
pub mod murmur2;
pub mod request;
pub mod response;

pub use connection::ConnId;
pub use guard::decode as decode_message;
pub use kafka_protocol::ResponseError;
pub use kafka_protocol::protocol::StrBytes;
pub use konbini_record as record;
pub use konbini_record::{compression, crc32c, schema};

/// Messages come from the kafka-protocol crate; the kinds are those of the APIs spoken here.
pub mod messages {
    pub use crate::api::{RequestKind, ResponseKind};
    pub use kafka_protocol::messages::*;
}
