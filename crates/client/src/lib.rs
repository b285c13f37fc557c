//! Kafka clients as state machines: they speak frames to brokers like any other client.
//!
//! Names, defaults and behaviour are those of Apache Kafka's Java clients (4.x). Nothing here does
//! I/O, reads a clock or draws randomness of its own: time is virtual Unix time in ms handed in,
//! bytes come in as [`Input`] and go out as [`Output`], jitter comes from the seed.
//!
//! Every client has the same shape: a call or `handle(now, Input)` changes state, then `poll()` is
//! drained until it answers `None`, then `wake_at()` says when to come back with [`Input::Wake`].
//!
//! An idempotent producer is more careful than Java's in two places, where Java's can write a record
//! twice: the first batch of a partition goes alone, and no more than five of a partition are in
//! flight, whatever connections they went by.
//!
//! What is left out: transactions, the consumer group protocol of KIP-848, quotas (throttle times
//! are not waited for), authentication.

mod backoff;
mod config;
mod failure;
mod metadata;
mod network;
mod partition;
mod seed;

pub mod admin;
pub mod consumer;
pub mod producer;

pub use config::{ClientConfig, HostPort};
pub use failure::ClientError;
pub use network::{Input, Output, Wire};
pub use partition::TopicPartition;
