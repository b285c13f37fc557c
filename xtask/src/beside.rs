//! Apache Kafka and the server side by side: one broker each, one client, in turns.
//!
//! The client is Apache Kafka's own, `dev.konbini.bench` among the programs of the conformance suite
//! in Java. What a client cannot see is measured here: how soon a process answers, its memory, its files.

use crate::kafka::{Formatted, Kafka};
use crate::project;
use crate::server::{self, Server};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The first start of a machine's run reads the disk; the median does not.
const STARTS: usize = 3;
/// How long a process may take until it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// What a process has when nothing was asked of it for so long is its memory when idle, or after a load.
const IDLE: Duration = Duration::from_secs(5);
/// What Apache Kafka's own start scripts give its virtual machine.
const MACHINE: [&str; 6] = [
    "-Xmx1G",
    "-Xms1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
];
/// A Metadata request of version 1 for all topics, with its size before it.
const METADATA: [u8; 18] = [
    0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 7, 255, 255, 255, 255, 255, 255,
];

/// Both, and what was seen of them so far.
pub struct Beside {
    kafka: Kafka,
    konbini: Server,
    data: PathBuf,
    rows: Vec<Value>,
}

impl Beside {
    /// Starts both, more than once.
    pub fn start() -> Result<Beside> {
        let place = project::target().join("beside");
        let program = server::release()?;
        let data = place.join("konbini");
        let mut took = (Vec::new(), Vec::new());
        let mut last: Option<(Kafka, Server)> = None;
        for _ in 0..STARTS {
            // They end before their files go.
            drop(last.take());
            std::fs::remove_dir_all(&place).ok();
            std::fs::create_dir_all(&place)?;
            let formatted = Formatted::new(&place)?;
            let begun = Instant::now();
            let kafka = formatted.start(&MACHINE)?;
            answered(&kafka.address)?;
            took.1.push(begun.elapsed());
            let begun = Instant::now();
            let konbini = Server::start_program(&program, 1, Some(&data))?;
            answered(&konbini.address)?;
            took.0.push(begun.elapsed());
            last = Some((kafka, konbini));
        }
        let (kafka, konbini) = last.context("nothing was started")?;
        let (ours, theirs) = (median(took.0), median(took.1));
        let row = json!({
            "name": "start to the first Metadata answer",
            "ratio": theirs / ours,
            "aim": 50,
            "better": "more",
            "detail": format!("{:.0} ms / {:.0}", ours * 1e3, theirs * 1e3),
        });
        let mut beside = Beside {
            kafka,
            konbini,
            data,
            rows: vec![row],
        };
        std::thread::sleep(IDLE);
        beside.memory("memory, idle")?;
        Ok(beside)
    }

    /// The client's program, which prints rows.
    pub fn client(&self) -> Result<Command> {
        let mut program = crate::java::java()?;
        program
            .arg("dev.konbini.bench.Beside")
            .args([&self.konbini.address, &self.kafka.address]);
        Ok(program)
    }

    /// What is left after the load; all rows of this side.
    pub fn end(mut self) -> Result<Vec<Value>> {
        std::thread::sleep(IDLE);
        self.memory("memory after the load")?;
        let (ours, theirs) = (occupied(&self.data)?, occupied(&self.kafka.data)?);
        self.rows.push(json!({
            "name": "files after the load",
            "ratio": ours as f64 / theirs as f64,
            "aim": 1,
            "better": "less",
            "detail": format!("{:.1} MB / {:.1}", ours as f64 / 1e6, theirs as f64 / 1e6),
        }));
        Ok(self.rows)
    }

    fn memory(&mut self, name: &str) -> Result<()> {
        let (ours, theirs) = (resident(self.konbini.id())?, resident(self.kafka.id())?);
        self.rows.push(json!({
            "name": name,
            "ratio": theirs / ours,
            "aim": 20,
            "better": "more",
            "detail": format!("{ours:.1} MB / {theirs:.1}"),
        }));
        Ok(())
    }
}

/// Asks until an answer names a broker.
fn answered(address: &str) -> Result<()> {
    let begun = Instant::now();
    while !ask(address).is_ok_and(|brokers| brokers > 0) {
        if begun.elapsed() > ANSWER_WITHIN {
            bail!("no answer from {address}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// How many brokers a Metadata answer names.
fn ask(address: &str) -> std::io::Result<i32> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(&METADATA)?;
    // Size, correlation id, number of brokers.
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let [.., a, b, c, d] = head;
    Ok(i32::from_be_bytes([a, b, c, d]))
}

fn median(mut took: Vec<Duration>) -> f64 {
    took.sort();
    took[took.len() / 2].as_secs_f64()
}

/// Resident memory of a process, in MB.
fn resident(id: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))
        .context("memory is read from /proc, which only Linux has")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    let kib: f64 = kib.context("no VmRSS")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// Bytes of a directory's files as the disk has them: files with holes are larger than that.
fn occupied(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        total += match about.is_dir() {
            true => occupied(&entry.path())?,
            false => blocks(&about),
        };
    }
    Ok(total)
}

#[cfg(unix)]
fn blocks(about: &std::fs::Metadata) -> u64 {
    // In units of 512 bytes, whatever the file system's own are.
    std::os::unix::fs::MetadataExt::blocks(about) * 512
}

#[cfg(not(unix))]
fn blocks(about: &std::fs::Metadata) -> u64 {
    about.len()
}
