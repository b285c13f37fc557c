//! Kafka clients written in Rust: rskafka, which is small, and krafka, which has groups and
//! transactions too. Usage: konbini-conformance HOST:PORT. Prints a line for each case.

mod cases;
mod failover;
mod full;
mod groups;
mod small;
mod transactions;

use anyhow::{Context, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("no HOST:PORT")?;
    small::run(&address).await;
    full::run(&address).await;
    groups::run(&address).await;
    transactions::run(&address).await;
    failover::run(&address).await;
    Ok(())
}
