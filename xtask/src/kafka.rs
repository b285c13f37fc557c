//! Apache Kafka in KRaft's combined mode, one broker, from Maven Central's jars.

use crate::{java, process};
use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long Kafka may take until it listens.
const START_WITHIN: Duration = Duration::from_secs(120);
/// Any will do.
const CLUSTER_ID: &str = "AAAAAAAAQACAAAAAAAAAAA";

/// A directory that is ready for a broker's first start.
pub struct Formatted {
    place: PathBuf,
    address: String,
    data: PathBuf,
}

impl Formatted {
    /// Formats a directory under `place` for a broker on free ports.
    pub fn new(place: &Path) -> Result<Formatted> {
        let formatted = Formatted::of(place, &place.join("kafka"))?;
        let mut format = java::java()?;
        format
            .args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"])
            .arg(formatted.properties())
            .stderr(Stdio::null());
        process::run(&mut format)?;
        Ok(formatted)
    }

    /// A directory that was formatted before, with settings for free ports.
    fn of(place: &Path, data: &Path) -> Result<Formatted> {
        let (port, controller) = (free_port()?, free_port()?);
        let address = format!("127.0.0.1:{port}");
        let formatted = Formatted {
            place: place.to_owned(),
            address,
            data: data.to_owned(),
        };
        let text = settings(&formatted.address, controller, &formatted.data);
        std::fs::write(formatted.properties(), text)?;
        Ok(formatted)
    }

    fn properties(&self) -> PathBuf {
        self.place.join("server.properties")
    }

    fn listen(self) -> Result<Kafka> {
        let mut kafka = self.start(&["-Xmx512m"])?;
        kafka.wait()?;
        Ok(kafka)
    }

    /// Starts the process, with these options of its virtual machine; it does not listen yet.
    pub fn start(self, machine: &[&str]) -> Result<Kafka> {
        let log = std::fs::File::create(self.place.join("kafka.log"))?;
        let child = java::java()?
            .args(machine)
            .arg("kafka.Kafka")
            .arg(self.properties())
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("Kafka cannot be started")?;
        Ok(Kafka {
            child,
            address: self.address,
            data: self.data,
        })
    }
}

/// The process; it ends with the value.
pub struct Kafka {
    child: Child,
    pub address: String,
    pub data: PathBuf,
}

impl Kafka {
    /// One that listens; its files and its log are in `place`, which is emptied first.
    pub fn fresh(place: &Path) -> Result<Kafka> {
        std::fs::remove_dir_all(place).ok();
        std::fs::create_dir_all(place)?;
        Formatted::new(place)?.listen()
    }

    /// One with the files that are in `data`; its log is in `place`. It compacts as soon as there is
    /// something to compact.
    pub fn resume(place: &Path, data: &Path) -> Result<Kafka> {
        let formatted = Formatted::of(place, data)?;
        let mut settings = OpenOptions::new()
            .append(true)
            .open(formatted.properties())?;
        settings.write_all(b"log.cleaner.backoff.ms=100\n")?;
        formatted.listen()
    }

    /// Lets it stop in order.
    pub fn stop(mut self) -> Result<()> {
        // Its virtual machine names the signal.
        process::stop(&mut self.child).map(drop)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens.
    pub fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("Kafka ended with {status}; its log is kafka.log under target");
            }
            if begun.elapsed() > START_WITHIN {
                bail!("Kafka does not listen; its log is kafka.log under target");
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
