//! The listening sockets, one a broker, on neighbouring ports. While a broker is down its port refuses
//! connections, as when its process has ended: clients take that for a broker that is gone, and a
//! connection that is closed at once for one to try again.

use crate::connection;
use crate::engine::{Key, Message};
use crate::options::Options;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tracing::warn;

/// How long no connection is accepted after that failed: there are too many open files, say.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections that may wait to be accepted: a client whose attempt finds no room tries again only
/// after a second.
const BACKLOG: u32 = 4_096;

/// The next connection's key.
static KEYS: AtomicU64 = AtomicU64::new(0);

/// Binds the sockets of all brokers.
///
/// # Errors
/// A port is taken or there is none of that number; the address is named.
pub fn bind(options: &Options) -> Result<Vec<(i32, TcpListener)>> {
    let mut listeners = Vec::new();
    for place in 0..options.brokers {
        let above = u16::try_from(place).unwrap_or(u16::MAX);
        let port = match options.port {
            0 => 0,
            first => first
                .checked_add(above)
                .with_context(|| format!("broker {} has no port above {first}", place + 1))?,
        };
        let address = SocketAddr::new(options.listen, port);
        let listener = listen(address);
        let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
        listeners.push((i32::try_from(place)? + 1, listener));
    }
    Ok(listeners)
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    take(address)?.listen(BACKLOG)
}

/// A port that refuses connections, and that nobody else can have.
fn take(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As a listener does by itself: a port can be taken again at once after a stop.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Accepts connections to a broker whenever it runs, for as long as the engine tells who does.
///
/// # Errors
/// The listener has no address.
pub async fn serve(
    broker: i32,
    mut listener: TcpListener,
    mut running: watch::Receiver<BTreeSet<i32>>,
    engine: Sender<Message>,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    loop {
        tokio::select! {
            () = accept(broker, &listener, &engine) => {}
            down = running.wait_for(|running| !running.contains(&broker)) => {
                if down.is_err() {
                    return Ok(());
                }
            }
        }
        drop(listener);
        listener = loop {
            let socket = take(address);
            let up = running.wait_for(|running| running.contains(&broker));
            if up.await.is_err() {
                return Ok(());
            }
            match socket.and_then(|socket| socket.listen(BACKLOG)) {
                Ok(listener) => break listener,
                Err(error) => {
                    warn!(broker, %address, %error, "the port cannot be listened on again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
    }
}

/// Accepts connections to a broker for ever.
async fn accept(broker: i32, listener: &TcpListener, engine: &Sender<Message>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let key = Key(KEYS.fetch_add(1, Ordering::Relaxed));
                tokio::spawn(connection::serve(broker, key, stream, engine.clone()));
            }
            Err(error) => {
                warn!(broker, %error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
