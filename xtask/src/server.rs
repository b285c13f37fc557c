//! A `konbini` server of this clone, for clients to be tried on.

use crate::{process, project};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// The server's process; it ends with the value.
pub struct Server {
    child: Child,
    /// Where broker 1 listens.
    pub address: String,
    /// Where single brokers are stopped, killed and started.
    pub control: String,
}

impl Server {
    /// Builds it and starts it on free ports, in memory or in a directory that is emptied first.
    pub fn start(brokers: u32, data: Option<&Path>) -> Result<Server> {
        Server::start_program(&process::built("konbini")?, brokers, data)
    }

    /// The same with a program that is built.
    pub fn start_program(program: &Path, brokers: u32, data: Option<&Path>) -> Result<Server> {
        if let Some(data) = data {
            std::fs::remove_dir_all(data).ok();
        }
        Server::resume(program, brokers, data)
    }

    /// The same with what is in the directory.
    pub fn resume(program: &Path, brokers: u32, data: Option<&Path>) -> Result<Server> {
        let mut server = process::command(program);
        server
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--control", "127.0.0.1:0"])
            .args(["--config", "group.initial.rebalance.delay.ms=0"])
            .args(["--brokers", &brokers.to_string()]);
        match data {
            Some(data) => server.arg("--data").arg(data),
            None => server.arg("--memory"),
        };
        let mut child = server
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("the server cannot be started")?;
        let log = child.stderr.take().context("the server has no log")?;
        let mut lines = BufReader::new(log).lines();
        // Broker 1 is the first to be told of, the control the last.
        let mut first = None;
        let control = loop {
            let line = lines.next().context("the server ended at once")??;
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let fields = &line["fields"];
            let address = || fields["address"].as_str().context("no address in the log");
            match fields["message"].as_str() {
                Some("listening") if first.is_none() => first = Some(address()?.to_owned()),
                Some("control") => break address()?.to_owned(),
                _ => {}
            }
        };
        let address = first.context("no broker listens")?;
        // It would wait for its log to be read.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Server {
            child,
            address,
            control,
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets it stop in order.
    pub fn stop(mut self) -> Result<()> {
        let status = process::stop(&mut self.child)?;
        ensure!(
            status.success() || !cfg!(unix),
            "the server ended with {status}"
        );
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The program as people run it.
pub fn release() -> Result<PathBuf> {
    let mut cargo = process::command("cargo");
    process::run(cargo.args(["build", "--release", "--quiet", "-p", "konbini-server"]))?;
    let name = format!("konbini{}", std::env::consts::EXE_SUFFIX);
    Ok(project::target().join("release").join(name))
}
