//! `cargo xtask diff`: the same requests to Apache Kafka and to Konbini, in `tests/differential`.

use crate::server::Server;
use crate::{java, process, project, setup};
use anyhow::{Context, Result, bail};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long Kafka may take until it listens.
const START_WITHIN: Duration = Duration::from_secs(120);
/// Any will do.
const CLUSTER_ID: &str = "AAAAAAAAQACAAAAAAAAAAA";

#[derive(clap::Args)]
pub struct Args {}

/// Starts both on free ports and compares their answers.
pub fn run(_: &Args) -> Result<()> {
    if let Err(error) = setup::provide(&java::needs()) {
        println!("\ndiff skipped: {error:#}");
        return Ok(());
    }
    let place = project::target().join("diff");
    let kafka = Kafka::start(&place)?;
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

/// Apache Kafka in KRaft's combined mode; it ends with the value.
pub struct Kafka {
    child: Child,
    /// Where its one broker listens.
    pub address: String,
    data: PathBuf,
}

impl Kafka {
    /// Starts it on free ports; its files and its log are in `place`, which is emptied first.
    pub fn start(place: &Path) -> Result<Kafka> {
        std::fs::remove_dir_all(place).ok();
        std::fs::create_dir_all(place)?;
        let data = place.join("kafka");
        let (port, controller) = (free_port()?, free_port()?);
        let address = format!("127.0.0.1:{port}");
        let properties = place.join("server.properties");
        std::fs::write(&properties, settings(&address, controller, &data))?;
        let mut format = java::java()?;
        format
            .args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"])
            .arg(&properties)
            .stderr(Stdio::null());
        process::run(&mut format)?;
        let log = std::fs::File::create(place.join("kafka.log"))?;
        let child = java::java()?
            .args(["-Xmx512m", "kafka.Kafka"])
            .arg(&properties)
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("Kafka cannot be started")?;
        let mut kafka = Kafka {
            child,
            address,
            data,
        };
        kafka
            .wait()
            .with_context(|| format!("see kafka.log in {}", place.display()))?;
        Ok(kafka)
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("Kafka ended with {status}");
            }
            if begun.elapsed() > START_WITHIN {
                bail!("Kafka does not listen");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What one broker alone needs; everything else is as Kafka has it.
fn settings(address: &str, controller: u16, data: &Path) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://{address},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://{address}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n",
        data.display()
    )
}

/// A port that nobody listens on now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
