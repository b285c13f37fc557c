//! `cargo xtask serve`: the page on this machine, rebuilt on change.

use crate::{node, process, setup, tools, wasm};
use anyhow::{Result, bail};
use std::net::TcpListener;
use std::ops::RangeInclusive;

/// Ports tried, in order, when none is asked for.
const PORTS: RangeInclusive<u16> = 8080..=8099;

#[derive(clap::Args)]
pub struct Args {
    /// Port to serve on [default: the first free one from 8080]
    #[arg(long)]
    port: Option<u16>,
    /// Build as for publishing: slower to build, faster to run
    #[arg(long)]
    release: bool,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

pub fn run(args: &Args) -> Result<()> {
    // Before minutes of building, not after.
    let port = port(args.port)?;
    setup::provide(&[
        wasm::need(),
        tools::trunk(),
        tools::wasm_bindgen()?,
        node::node(),
        node::packages(),
    ])?;
    println!("Trunk alone works too: .tools/bin/trunk serve");
    println!("Building and serving http://127.0.0.1:{port}/ (Ctrl-C ends it)");
    let mut trunk = wasm::command("trunk")?;
    // Its own folder: a `cargo xtask build` beside a running server must not mix with it.
    trunk.args([
        "serve",
        "--dist",
        "target/serve",
        "--port",
        &port.to_string(),
    ]);
    trunk.env_remove("NO_COLOR");
    if args.release {
        trunk.arg("--release");
    }
    if args.open {
        trunk.arg("--open");
    }
    process::run(&mut trunk)
}

fn port(asked: Option<u16>) -> Result<u16> {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    match asked {
        Some(port) if free(&port) => Ok(port),
        Some(port) => bail!("port {port} is in use; choose another with --port"),
        None => match PORTS.clone().find(free) {
            Some(port) => Ok(port),
            None => bail!(
                "ports {} to {} are in use; choose one with --port",
                PORTS.start(),
                PORTS.end()
            ),
        },
    }
}
