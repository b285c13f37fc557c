//! `cargo xtask diff`: the same requests to Apache Kafka and to Konbini, in `tests/differential`.

use crate::kafka::Kafka;
use crate::server::Server;
use crate::{java, process, project, setup};
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {}

/// Starts both on free ports and compares their answers.
pub fn run(_: &Args) -> Result<()> {
    if let Err(error) = setup::provide(&java::needs()) {
        println!("\ndiff skipped: {error:#}");
        return Ok(());
    }
    let place = project::target().join("diff");
    let kafka = Kafka::fresh(&place)?;
    let data = place.join("konbini");
    let konbini = Server::start(1, Some(&data))?;
    let mut compare = process::command("cargo");
    compare
        .args(["run", "--quiet", "-p", "konbini-differential", "--"])
        .arg(&kafka.address)
        .arg(&kafka.data)
        .arg(&konbini.address)
        .arg(data.join("broker-1"));
    process::run(&mut compare)
}
