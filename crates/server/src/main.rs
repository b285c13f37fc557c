//! `konbini`: a Kafka cluster in one process, for development and tests.
//!
//! ```text
//! sockets (tokio) ── bytes ──► engine (one thread): cluster, wall clock ── store operations ──► files
//!         ◄───────── bytes ───┘        answers leave once their operations are written
//! ```
//! The brokers are the same state machines as in the browser; this crate only carries bytes.

mod connection;
mod control;
mod data;
mod disk;
mod engine;
mod events;
mod heap;
mod http;
mod listen;
mod metrics;
mod options;
mod properties;

use anyhow::{Context, Result};
use clap::Parser;
use engine::{Engine, Message};
use options::{Arguments, LogFormat, Options};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::mpsc;
use tracing::{error, info, warn};

fn main() -> ExitCode {
    let options = match Arguments::parse().into_options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("konbini: {error:#}");
            return ExitCode::from(2);
        }
    };
    start_log(&options);
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start_log(options: &Options) {
    let log = tracing_subscriber::fmt()
        .with_max_level(options.log_level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    match options.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// A connection is an open file, and so is a segment that is written to: as many as are wanted, if the
/// system lets this process have them.
fn raise_file_limit(options: &Options) {
    let segments = options.brokers as usize * disk::OPEN_FILES_MAX;
    let wanted = (options.max_connections + segments) as u64;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit >= wanted => {}
        Ok(limit) => warn!(
            limit,
            wanted, "fewer open files than connections may need (ulimit -Hn)"
        ),
        Err(error) => warn!(%error, wanted, "the limit of open files is unknown"),
    }
}

fn run(options: &Options) -> Result<()> {
    raise_file_limit(options);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no I/O runtime")?;
    runtime.block_on(serve(options))
}

/// Opens the sockets, starts the engine beside them, and waits for a signal or the engine's end.
async fn serve(options: &Options) -> Result<()> {
    let listeners = listen::bind(options)?;
    let advertised = options.advertised(&listeners)?;
    let (to_engine, from_sockets) = mpsc::channel();
    let (ended, mut has_ended) = tokio::sync::oneshot::channel();
    let (started, has_started) = tokio::sync::oneshot::channel();
    // A cluster never changes its thread, so it is made on the one that drives it.
    let (own_options, addresses) = (options.clone(), advertised.clone());
    let thread = std::thread::Builder::new()
        .name("cluster".to_owned())
        .spawn(move || {
            let engine = Engine::start(&own_options, addresses);
            let result = engine.and_then(|engine| {
                started.send(engine.running()).ok();
                engine.run(&from_sockets)
            });
            ended.send(result).ok();
        })
        .context("no thread for the cluster")?;
    let Ok(running) = has_started.await else {
        return has_ended
            .await
            .context("the cluster's thread ended by a panic")?;
    };
    for (broker, listener) in listeners {
        let bound = listener.local_addr()?;
        info!(broker, address = %bound, advertised = %advertised[&broker], "listening");
        tokio::spawn(listen::serve(
            broker,
            listener,
            running.clone(),
            to_engine.clone(),
        ));
    }
    if let Some(address) = options.metrics {
        metrics::serve(address, to_engine.clone()).await?;
    }
    if let Some(address) = options.control {
        control::serve(address, to_engine.clone()).await?;
    }
    let result = tokio::select! {
        result = &mut has_ended => result,
        signal = stop_signal() => {
            info!(signal = signal?, "stopping: each broker hands over what it leads");
            to_engine.send(Message::Stop).ok();
            tokio::select! {
                result = &mut has_ended => result,
                _ = stop_signal() => {
                    warn!("a second signal: not waiting any longer");
                    return Ok(());
                }
            }
        }
    };
    thread.join().ok();
    result.context("the cluster's thread ended by a panic")?
}

/// Waits for SIGTERM or SIGINT and names it.
#[cfg(unix)]
async fn stop_signal() -> Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = term.recv() => "SIGTERM",
        _ = int.recv() => "SIGINT",
    })
}

#[cfg(not(unix))]
async fn stop_signal() -> Result<&'static str> {
    tokio::signal::ctrl_c().await?;
    Ok("Ctrl+C")
}
