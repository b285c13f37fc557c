//! A simulator that hunts for lost records: random clusters with random faults, checked after every
//! step. The cluster is deterministic, so a seed is a whole run, and a run that fails fails again.
//!
//! ```text
//! plan        seed → cluster, clients, timed faults, healing
//! run         plan → verdict
//! invariant/  what must hold, one a file
//! pool        seeds on all cores
//! twice       the same plan with little memory
//! shrink      a failing plan → one with fewer actions
//! ```

mod batches;
pub mod dice;
mod invariant;
pub mod plan;
pub mod planted;
pub mod pool;
pub mod run;
pub mod sample;
pub mod shrink;
pub mod twice;
pub mod violation;
