//! The browser host: the cluster in a dedicated Web Worker, its disks in IndexedDB.
//!
//! It gives the cluster time (the real clock at a chosen speed), a disk and connections, and gives
//! the page what it asks for; it decides nothing about Kafka. What leaves it, to the page or through
//! a port, has reached the disk first (output commit). wasm32 in a browser's worker only; the pure
//! parts are tested natively.

pub mod clock;
pub mod crash;
pub mod disk;
pub mod feed;
pub mod host;
pub mod inbox;
pub mod locks;
pub mod pace;
pub mod page;
pub mod playground;
pub mod ports;
pub mod programs;
pub mod recording;
pub mod relay;
pub mod signal;
pub mod store;
