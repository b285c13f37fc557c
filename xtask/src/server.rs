//! A `konbini` server of this clone, for clients to be tried on.

use crate::process;
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

/// The server's process; it ends with the value.
pub struct Server {
    child: Child,
    /// Where broker 1 listens.
    pub address: String,
}

impl Server {
    /// Builds it and starts it on free ports, in memory or in a directory that is emptied first.
    pub fn start(brokers: u32, data: Option<&Path>) -> Result<Server> {
        let mut server = process::command(process::built("konbini")?);
        server
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--config", "group.initial.rebalance.delay.ms=0"])
            .args(["--brokers", &brokers.to_string()]);
        match data {
            Some(data) => {
                std::fs::remove_dir_all(data).ok();
                server.arg("--data").arg(data)
            }
            None => server.arg("--memory"),
        };
        let mut child = server
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("the server cannot be started")?;
        let log = child.stderr.take().context("the server has no log")?;
        let mut lines = BufReader::new(log).lines();
        let address = loop {
            let line = lines.next().context("the server ended at once")??;
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if line["fields"]["message"] == "listening" {
                let address = line["fields"]["address"].as_str();
                break address.context("no address in the log")?.to_owned();
            }
        };
        // It would wait for its log to be read.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Server { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
