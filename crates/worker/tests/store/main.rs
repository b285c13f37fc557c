//! The store contract: scripts of operations, run against a model and the real thing.
//!
//! Natively the real thing is the planner over plain tables; in a browser it is IndexedDB
//! (`cargo test --target wasm32-unknown-unknown` with wasm-bindgen-test-runner).

#[cfg(target_family = "wasm")]
mod browser;
mod model;
#[cfg(not(target_family = "wasm"))]
mod native;
mod script;
