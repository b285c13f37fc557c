//! The suite `turns`: one broker's directory, which the server and Apache Kafka have in turns. Each finds
//! what the other wrote, whether that one stopped in order or was killed.

use crate::kafka::Kafka;
use crate::server::Server;
use crate::stages::Count;
use crate::{java, process, project};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

#[derive(Clone, Copy)]
enum Host {
    Konbini,
    Kafka,
}

/// How the turn ends.
#[derive(Clone, Copy)]
enum End {
    Stopped,
    Killed,
}

const TURNS: [(Host, End); 6] = [
    (Host::Konbini, End::Stopped),
    (Host::Kafka, End::Stopped),
    (Host::Konbini, End::Killed),
    (Host::Kafka, End::Killed),
    (Host::Konbini, End::Stopped),
    (Host::Kafka, End::Stopped),
];

/// Who has the turn.
enum Running {
    Konbini(Server),
    Kafka(Kafka),
}

impl Running {
    fn start(host: Host, konbini: &Path, place: &Path) -> Result<Running> {
        let data = place.join("data");
        match host {
            Host::Konbini => Server::resume(konbini, 1, Some(&data)).map(Running::Konbini),
            // The server keeps its brokers' log directories side by side.
            Host::Kafka => Kafka::resume(place, &data.join("broker-1")).map(Running::Kafka),
        }
    }

    /// What reports call it, and where it listens.
    fn name(&self) -> (&'static str, &str) {
        match self {
            Running::Konbini(server) => ("konbini", &server.address),
            Running::Kafka(kafka) => ("Apache Kafka", &kafka.address),
        }
    }

    fn end(self, end: End) -> Result<()> {
        match (self, end) {
            (Running::Konbini(server), End::Stopped) => server.stop(),
            (Running::Kafka(kafka), End::Stopped) => kafka.stop(),
            (_, End::Killed) => Ok(()),
        }
    }
}

/// Gives everybody their turn; `count` runs the program of one.
pub fn run(count: impl Fn(&mut Command) -> Result<Count>) -> Result<Count> {
    java::compile()?;
    let place = project::target().join("turns");
    std::fs::remove_dir_all(&place).ok();
    std::fs::create_dir_all(&place)?;
    let konbini = process::built("konbini")?;
    let mut all = Count::default();
    for (turn, (host, end)) in (1..).zip(TURNS) {
        let running = Running::start(host, &konbini, &place)?;
        let (name, address) = running.name();
        let mut program = java::java()?;
        program.arg("dev.konbini.conformance.Turn");
        program.args([address, &turn.to_string(), name]);
        all.add(count(&mut program)?);
        running.end(end)?;
    }
    Ok(all)
}
